//! The `telform` binary.

/// A plan consists of many small strings; this allocator halves the time spent on them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::process::ExitCode;

fn main() -> ExitCode {
    telform::cli::main()
}
