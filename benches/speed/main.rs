//! What telform costs beside a program that only fetches, parses and compares. Run it with `cargo bench`; give sizes after
//! `--` to choose: `cargo bench --bench speed -- 1000 10000`. It prints ratios of medians; every run stands as a row in
//! `target/speed.csv`. No test asserts any of it: times are measured, not promised.

#![allow(clippy::expect_used, missing_docs)] // a bench that cannot go on stops

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::measure::{Cost, apart, median};
use self::server::Server;

mod floor;
mod growth;
mod measure;
mod numbers;
mod server;
mod stages;
mod world;

/// Counted runs of each program.
const RUNS: usize = 5;
/// Writes that the account allows at once.
const WRITES: usize = 2;
const SIZES: [usize; 4] = [100, 1000, 10_000, 100_000];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    match args.first().map(String::as_str) {
        Some("measure") => measure::here(&args[1..]),
        Some("floor") => {
            let (folder, url) = (Path::new(&args[2]), &args[3]);
            let number = |at: usize| args[at].parse().expect("a number");
            let done = runtime().block_on(async {
                match args[1].as_str() {
                    "plan" => floor::plan(folder, url).await,
                    "apply" => floor::apply(folder, url, number(4)).await,
                    "contract" => floor::contract(folder, url, number(4)).await,
                    "numbers" => floor::numbers(folder, url).await,
                    _ => floor::patches(url, number(5), number(4)).await,
                }
            });
            if let Err(error) = done {
                say(&format!("the floor failed: {error}"));
                std::process::exit(1);
            }
        }
        // A service to try things on: its size, ms per request, whether 1 % differs, and the folder for the YAML.
        Some("serve") => runtime().block_on(async {
            let number = |at: usize| args[at].parse::<usize>().expect("a number");
            let server = Server::start(number(1), Duration::from_millis(number(2) as u64), number(3) > 0).await;
            world::write_yaml(Path::new(&args[4]), &server.url(), number(1)).expect("files");
            say(&server.url());
            std::future::pending::<()>().await;
        }),
        // Plans of ten thousand numbers, or as many as are named, and of their move from one connection to another.
        Some("numbers") => {
            let count = args.get(1).and_then(|count| count.parse().ok()).unwrap_or(10_000);
            runtime().block_on(async {
                numbers::plans(count).await;
                numbers::moved(count).await;
            });
        }
        Some("growth") => runtime().block_on(growth::all()),
        Some("stages") => {
            let sizes: Vec<usize> = args[1..].iter().filter_map(|arg| arg.parse().ok()).collect();
            runtime().block_on(stages::all(&sizes));
        }
        _ => {
            let sizes: Vec<usize> = args.iter().filter_map(|arg| arg.parse().ok()).collect();
            runtime().block_on(all(if sizes.is_empty() { &SIZES } else { &sizes }));
        }
    }
}

fn say(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// One case: what is measured against what.
struct Case {
    name: String,
    telform: Vec<String>,
    floor: Vec<String>,
    /// Whether each run starts with the service as it was, and telform with the ledger as it was.
    fresh: Option<(PathBuf, PathBuf)>,
}

/// A service that counts what it is asked.
trait Measured {
    /// What was asked since the last look.
    fn take_asked(&self) -> server::Asked;
    /// Forgets what was written.
    fn reset(&self);
}

struct Rows {
    text: String,
}

impl Rows {
    fn new() -> Self {
        Self { text: "case,program,run,wall_ms,cpu_ms,peak_mb,requests,writing,code,bytes\n".to_owned() }
    }

    fn add(&mut self, case: &str, program: &str, run: usize, cost: Cost, asked: server::Asked) {
        let Cost { wall, cpu, peak, code, bytes } = cost;
        let (requests, writing) = (asked.requests, asked.writing);
        writeln!(self.text, "{case},{program},{run},{wall:.1},{cpu:.1},{peak:.1},{requests},{writing},{code},{bytes}")
            .expect("a text takes everything");
    }
}

async fn all(sizes: &[usize]) {
    let mut rows = Rows::new();
    say_head();
    for &size in sizes {
        for (delay, changed) in [(0, false), (0, true), (20, false), (20, true)] {
            plans(&mut rows, size, delay, changed).await;
        }
        if (1000..=10_000).contains(&size) {
            applies(&mut rows, size).await;
        }
    }
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    fs::write(Path::new(&target).join("speed.csv"), rows.text).expect("a file");
    if sizes.len() == SIZES.len() {
        say("");
        stages::all(sizes).await;
        say("");
        growth::all().await;
    }
}

/// What comes before the lines of [`compare`].
fn say_head() {
    say(&machine());
    say("");
    say("| case | wall | CPU | peak memory | telform wall, CPU, peak | floor wall, CPU, peak | requests |");
    say("| --- | --- | --- | --- | --- | --- | --- |");
}

fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = read("/proc/meminfo");
    let memory = memory.lines().next().unwrap_or_default().replace("MemTotal:", "").trim().to_owned();
    format!("{cores} cores of {}, {memory}; median of {RUNS} runs each, in turn", model.map_or("?", |(_, name)| name))
}

fn telform() -> String {
    env!("CARGO_BIN_EXE_telform").to_owned()
}

fn this(args: &[&str]) -> Vec<String> {
    let this = std::env::current_exe().expect("a path").display().to_string();
    std::iter::once(this).chain(args.iter().map(|arg| (*arg).to_owned())).collect()
}

/// Makes telform know what it manages, as after a first apply.
pub(crate) async fn managed(yaml: &str, ledger: &str) {
    let args = [telform(), "apply".into(), "-f".into(), yaml.into(), "--ledger".into(), ledger.into(), "--auto-approve".into()];
    let cost = apart(&args).await;
    assert!(cost.code == 0, "the first apply ended with {}", cost.code);
}

async fn plans(rows: &mut Rows, size: usize, delay: u64, changed: bool) {
    let dir = tempfile::tempdir().expect("a folder");
    let server = Server::start(size, Duration::from_millis(delay), changed).await;
    let yaml = dir.path().join("yaml");
    world::write_yaml(&yaml, &server.url(), size).expect("files");
    let (yaml, url) = (yaml.display().to_string(), server.url());
    let what = if changed { "1 % changed" } else { "no change" };
    let floor = this(&["floor", "plan", &yaml, &url]);
    // Without a ledger everything is taken over, which a plan says; with one it is the plan of every day.
    let ledger = dir.path().join("ledger.json").display().to_string();
    let plan = |ledger: &str| {
        vec![telform(), "plan".to_owned(), "-f".to_owned(), yaml.clone(), "--ledger".to_owned(), ledger.to_owned()]
    };
    let case = Case {
        name: format!("plan, {size} partners, {delay} ms, {what}, first time"),
        telform: plan(&ledger),
        floor: floor.clone(),
        fresh: None,
    };
    compare(rows, &server, &case).await;
    managed(&yaml, &ledger).await;
    server.reset(); // What the first apply changed is as it was.
    let name = format!("plan, {size} partners, {delay} ms, {what}");
    compare(rows, &server, &Case { name, telform: plan(&ledger), floor, fresh: None }).await;
}

async fn applies(rows: &mut Rows, size: usize) {
    let dir = tempfile::tempdir().expect("a folder");
    let server = Server::start(size, Duration::from_millis(20), true).await;
    let yaml = dir.path().join("yaml");
    world::write_yaml(&yaml, &server.url(), size).expect("files");
    let (yaml, url) = (yaml.display().to_string(), server.url());
    let ledger = dir.path().join("ledger.json");
    managed(&yaml, &ledger.display().to_string()).await;
    let kept = dir.path().join("kept.json");
    fs::rename(&ledger, &kept).expect("a ledger");
    let telform: Vec<String> = [&telform(), "apply", "-f", &yaml, "--ledger", &ledger.display().to_string(), "--auto-approve"]
        .map(str::to_owned)
        .to_vec();
    let writes = WRITES.to_string();
    for (floor, what) in [
        ("contract", "fetch, compare, GET and PATCH, fetch, compare"),
        ("apply", "fetch, compare, PATCH"),
        ("patches", "PATCH only"),
    ] {
        let case = Case {
            name: format!("apply of 1 %, {size} partners, 20 ms, floor: {what}"),
            telform: telform.clone(),
            floor: this(&["floor", floor, &yaml, &url, &writes, &size.to_string()]),
            fresh: Some((kept.clone(), ledger.clone())),
        };
        compare(rows, &server, &case).await;
    }
}

/// Both programs in turn, each twice, and only the second time counts; prints one line. What ran before leaves its free memory in
/// large or in small pieces, and a program that asks for large ones pays for the small ones of the other.
async fn compare(rows: &mut Rows, server: &dyn Measured, case: &Case) {
    let (mut ours, mut floors) = (Vec::new(), Vec::new());
    let mut asked = [server::Asked::default(); 2];
    let programs = [("floor", &case.floor, &mut floors), ("telform", &case.telform, &mut ours)];
    let mut turns: Vec<_> = programs.into_iter().enumerate().collect();
    for run in 1..=RUNS {
        for (index, (program, args, costs)) in &mut turns {
            for counts in [false, true] {
                if let Some((kept, ledger)) = &case.fresh {
                    server.reset();
                    fs::copy(kept, ledger).expect("a ledger");
                    let _ = fs::remove_file(ledger.with_extension("journal.jsonl"));
                }
                server.take_asked();
                let cost = apart(args).await;
                asked[*index] = server.take_asked();
                assert!(cost.code == 0, "{program} ended with {} in {}", cost.code, case.name);
                if counts {
                    rows.add(&case.name, program, run, cost, asked[*index]);
                    costs.push(cost);
                }
            }
        }
    }
    let of = |costs: &[Cost], part: fn(&Cost) -> f64| median(costs.iter().map(part).collect());
    let parts: [fn(&Cost) -> f64; 3] = [|cost| cost.wall, |cost| cost.cpu, |cost| cost.peak];
    let ratios = parts.map(|part| format!("{:.2}", of(&ours, part) / of(&floors, part)));
    let figures = |costs: &[Cost]| {
        let [wall, cpu, peak] = parts.map(|part| of(costs, part));
        format!("{wall:.0} ms, {cpu:.0} ms, {peak:.0} MB")
    };
    say(&format!(
        "| {} | {} | {} | {} | {} |",
        case.name,
        ratios.join(" | "),
        figures(&ours),
        figures(&floors),
        format_args!("{} and {}", asked[1].requests, asked[0].requests),
    ));
}
