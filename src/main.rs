//! The `telform` binary.

/// A plan is many small texts; this allocator gives and takes them in half the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::process::ExitCode;

fn main() -> ExitCode {
    telform::cli::main()
}
