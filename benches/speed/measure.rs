//! One run of a program, with the operating system's own accounting of it. A process of its own for each run: the peak of
//! the memory is that of all children a process ever had.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};

/// What one run cost.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// From start to end, ms.
    pub(crate) wall: f64,
    /// User and system time, ms.
    pub(crate) cpu: f64,
    /// Peak of the memory, MB.
    pub(crate) peak: f64,
    /// Exit code.
    pub(crate) code: i32,
    /// Bytes that it wrote to its standard output.
    pub(crate) bytes: u64,
}

/// Runs a program; `ARGS` is the program and its arguments.
pub(crate) fn here(args: &[String]) {
    let start = Instant::now();
    let mut child =
        Command::new(&args[0]).args(&args[1..]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut output = child.stdout.take().expect("an output");
    let bytes = std::io::copy(&mut output, &mut std::io::sink()).expect("its output can be read");
    let status = child.wait().expect("it ends");
    let wall = start.elapsed().as_secs_f64() * 1e3;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("accounting");
    let ms = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 * 1e3 + time.tv_usec() as f64 / 1e3;
    let cost = Cost {
        wall,
        cpu: ms(usage.user_time()) + ms(usage.system_time()),
        peak: usage.max_rss() as f64 / 1024.0,
        code: status.code().unwrap_or(-1),
        bytes,
    };
    let text = serde_json::to_string(&cost).expect("numbers");
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Runs a program in a process that does nothing else.
pub(crate) async fn apart(args: &[String]) -> Cost {
    let this = std::env::current_exe().expect("a path");
    let (args, vars) =
        (args.to_vec(), [(crate::world::TOKEN, "token-of-the-bench"), (crate::world::PASSWORD, "password-of-the-bench")]);
    let output = tokio::task::spawn_blocking(move || {
        Command::new(this).arg("measure").args(&args).envs(vars).stderr(Stdio::inherit()).output()
    });
    let output = output.await.expect("nobody panicked").expect("it starts");
    serde_json::from_slice(&output.stdout).expect("the cost of a run")
}

/// The middle one of several.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}
