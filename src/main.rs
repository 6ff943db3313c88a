//! The `telform` binary.
fn main() {}
