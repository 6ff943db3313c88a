//! The table of faults names a test for each fault, and the test exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Names of all test functions below a folder; those that a macro makes are words in its call.
fn tests(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder that can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            tests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a file that can be read");
            if let Some(list) = text.split("const TESTS: &[(&str, fn())] = &[").nth(1) {
                // A program with a `main` of its own lists its tests.
                let list = list.split("];").next().unwrap_or_default();
                found.extend(list.split('"').skip(1).step_by(2).map(str::to_owned));
            }
            let mut attribute = false;
            let mut call = false;
            for line in text.lines().map(str::trim) {
                if let Some(rest) = line.strip_prefix("fn ").or(line.strip_prefix("async fn ")).filter(|_| attribute) {
                    found.insert(rest.split('(').next().unwrap_or_default().to_owned());
                }
                attribute =
                    line.starts_with("#[test]") || line.starts_with("#[tokio::test") || (attribute && line.starts_with("#["));
                call = line == "kill! {" || (call && line != "}");
                if call {
                    found.extend(line.trim_end_matches(';').split(' ').map(str::to_owned));
                }
            }
        }
    }
}

#[test]
fn every_row_names_a_test_that_exists() {
    let mut there = BTreeSet::new();
    tests(&top().join("tests"), &mut there);
    let table = fs::read_to_string(top().join("tests/FAULTS.md")).expect("the table");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| fault") && !line.starts_with("| ---"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() > 40, "{} rows", rows.len());
    let mut faults = BTreeSet::new();
    for row in rows {
        let [fault, does, codes, test] = row.as_slice() else { panic!("four cells: {row:?}") };
        assert!(faults.insert(*fault), "twice: {fault}");
        assert!(!does.is_empty(), "{fault}");
        let known = ["0", "1", "2", "3", "4", "5", "6", "130"];
        let mut words = codes.split([' ', ',']).filter(|word| !word.is_empty() && !["or", "then"].contains(word));
        assert!(!codes.is_empty() && words.all(|code| known.contains(&code)), "{fault}: {codes}");
        assert!(there.contains(test.trim_matches('`')), "{fault}: no test is called {test}");
    }
}

#[test]
fn every_test_of_the_harder_faults_has_a_row() {
    let table = fs::read_to_string(top().join("tests/FAULTS.md")).expect("the table");
    for file in ["hard_faults.rs", "power_loss.rs"] {
        let text = fs::read_to_string(top().join("tests/stories").join(file)).expect("the tests");
        let mut lines = text.lines().peekable();
        let mut count = 0;
        while let Some(line) = lines.next() {
            if line != "#[test]" {
                continue;
            }
            let name = lines.peek().and_then(|next| next.strip_prefix("fn ")?.split('(').next());
            let name = name.expect("a function follows its attribute");
            assert!(table.contains(&format!("`{name}`")), "{file}: {name} is not in the table");
            count += 1;
        }
        assert!(count > 4, "{file}: {count}");
    }
}
