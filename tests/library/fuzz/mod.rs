//! Fuzzing on the stable compiler: every reader of foreign bytes gets its samples, and then mutants of them.
//!
//! The seed is fixed, so a run that fails fails again. `TELFORM_FUZZ_RUNS` says how many mutants each target gets,
//! `TELFORM_FUZZ_SEED` uses another seed. An input that fails is kept below the target folder; once it is understood it
//! belongs in `tests/fuzz-corpus/TARGET/`, whose files are all tried unchanged.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

mod mutate;
mod reading;
mod targets;

use mutate::Mutator;

/// Default number of mutants of each target.
const RUNS: u64 = 250;

/// Longest time for one input, in an unoptimised build on a busy machine. What grows faster than its input takes far longer.
const LONGEST: Duration = Duration::from_secs(10);

fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below some folders of the repository.
fn samples(folders: &[&str]) -> Vec<Vec<u8>> {
    fn walk(path: &Path, found: &mut Vec<PathBuf>) {
        if path.is_dir() {
            fs::read_dir(path).unwrap().for_each(|entry| walk(&entry.unwrap().path(), found));
        } else if path.extension().is_none_or(|ending| ending != "txt" && ending != "sh" && ending != "py") {
            found.push(path.to_owned());
        }
    }
    let mut found = Vec::new();
    folders.iter().for_each(|folder| walk(&top().join(folder), &mut found));
    found.sort();
    let samples: Vec<Vec<u8>> = found.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(!samples.is_empty(), "{folders:?} holds no sample");
    samples
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

/// Tries the samples, and then mutants of them. `finish` makes a mutant look intact again, so that not all of them end at
/// the checksum; every second one is tried without it.
fn fuzz(target: &str, samples: &[Vec<u8>], finish: impl Fn(Vec<u8>) -> Vec<u8>, mut check: impl FnMut(&[u8])) {
    let mut slowest = Duration::ZERO;
    let mut one = |input: &[u8]| {
        let begun = Instant::now();
        let ended = catch_unwind(AssertUnwindSafe(|| check(input)));
        let took = begun.elapsed();
        slowest = slowest.max(took);
        if ended.is_err() || took > LONGEST {
            let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{target}.input"));
            fs::write(&kept, input).unwrap();
            panic!("{target}: {} after {took:?}; the input is {}", ended.is_err(), kept.display());
        }
    };
    samples.iter().for_each(|sample| one(sample));
    let (runs, seed) = (number("TELFORM_FUZZ_RUNS").unwrap_or(RUNS), number("TELFORM_FUZZ_SEED").unwrap_or(5));
    let mut mutator = Mutator::new(seed);
    for run in 0..runs {
        let mutant = mutator.mutant(samples);
        one(&if run % 2 == 0 { finish(mutant) } else { mutant });
    }
    let shown = format!("{target}: {} samples, {runs} mutants, slowest {slowest:?}\n", samples.len());
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{target}.txt")), shown).unwrap();
}
