//! The `telform` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    telform::cli::main()
}
