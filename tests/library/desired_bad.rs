//! Every file of `bad-yaml/` brings the problems that the text beside it shows. `TELFORM_BLESS=1` rewrites the texts.
use std::fs;
use std::path::{Path, PathBuf};

use telform::config::desired;
use telform::config::problem::{Problems, render_problems};

/// Represents a secret in the samples; no rendering may hold it.
const CANARY: &str = "hunter2";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad-yaml")
}

/// Names of the samples: files, and folders of several files.
fn samples() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() || path.extension().is_some_and(|ext| ext == "yaml"))
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn problems(name: &str) -> Problems {
    match desired::load_in(&folder(), &[PathBuf::from(name)]) {
        Ok(loaded) => {
            let mut problems = loaded.warnings;
            problems.extend(loaded.conditional_problems);
            problems.sorted()
        }
        Err(problems) => problems,
    }
}

#[test]
fn each_sample_brings_its_problems() {
    let bless = std::env::var_os("TELFORM_BLESS").is_some();
    let mut stale = Vec::new();
    for name in samples() {
        let text = render_problems(&problems(&name), false, 80);
        let golden = folder().join(format!("{}.txt", name.trim_end_matches(".yaml")));
        assert!(!text.is_empty(), "{name} brings no problem");
        if bless {
            fs::write(&golden, &text).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != text {
            stale.push(format!("--- {name}\n{text}"));
        }
    }
    assert!(stale.is_empty(), "not as recorded:\n{}", stale.join("\n"));
}

#[test]
fn there_are_enough_samples() {
    assert!(samples().len() >= 60, "{}", samples().len());
}

#[test]
fn no_rendering_shows_a_secret() {
    for name in samples() {
        let problems = problems(&name);
        let shown = [
            render_problems(&problems, false, 80),
            render_problems(&problems, true, 200),
            serde_json::to_string(&problems.to_reports()).unwrap(),
            problems.to_string(),
            format!("{problems:?}"),
        ];
        for text in shown {
            assert!(!text.contains(CANARY), "{name} shows the secret:\n{text}");
        }
    }
}

#[test]
fn every_problem_has_its_line_in_every_rendering() {
    for name in samples() {
        let problems = problems(&name);
        let plain = render_problems(&problems, false, 80);
        for problem in &problems {
            assert!(plain.lines().any(|line| line == problem.to_string()), "{name}: {problem}");
            assert!(problem.location.line >= 1 && problem.location.column >= 1);
            let words: Vec<&str> = problem.code.split("::").collect();
            assert!(words.len() == 3 && words[0] == "telform", "{}", problem.code);
        }
    }
}

#[test]
fn excerpts_keep_to_the_width() {
    for name in samples() {
        for line in render_problems(&problems(&name), false, 80).lines() {
            let one_line_form = line.contains(": error[") || line.contains(": warning[");
            assert!(one_line_form || line.chars().count() <= 80, "{name}: {line}");
        }
    }
}
