//! The policy for what telform is built from: licences, where packages come from, and no second copy of what carries secrets.
//! Known holes in packages are looked up by people with network (`cargo audit`); this needs none.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Licences under which we take the work of others: permissive ones that ask for a notice at most.
const ALLOWED: [&str; 10] = [
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Zlib",
];

/// Packages of which there is one version, because secrets go through them or two of them do not work together.
const ONCE: [&str; 9] =
    ["hyper", "object_store", "reqwest", "rustls", "rustls-webpki", "secrecy", "serde_json", "tokio", "url"];

/// Packages that must not come in: a second TLS with its own roots and rules, and the YAML reader that nobody maintains.
const NEVER: [&str; 5] = ["native-tls", "openssl", "openssl-sys", "serde_yaml", "async-std"];

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Whether a licence expression (SPDX, and the older `A/B`) can be met with allowed licences.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words: Vec<&str> = spaced.split_whitespace().rev().collect();
    either(&mut words) == Some(true) && words.is_empty()
}

/// Nothing where it cannot be read.
fn either(words: &mut Vec<&str>) -> Option<bool> {
    let mut allowed = both(words)?;
    while words.last() == Some(&"OR") {
        words.pop();
        allowed |= both(words)?;
    }
    Some(allowed)
}

fn both(words: &mut Vec<&str>) -> Option<bool> {
    let mut allowed = one(words)?;
    while words.last() == Some(&"AND") {
        words.pop();
        allowed &= one(words)?;
    }
    Some(allowed)
}

fn one(words: &mut Vec<&str>) -> Option<bool> {
    let word = words.pop()?;
    if word == "(" {
        let allowed = either(words);
        return if words.pop() == Some(")") { allowed } else { None };
    }
    if words.last() == Some(&"WITH") {
        words.pop();
        let exception = words.pop()?;
        return Some(ALLOWED.contains(&format!("{word} WITH {exception}").as_str()));
    }
    Some(ALLOWED.contains(&word))
}

#[test]
fn expressions_are_read_as_they_are_meant() {
    for good in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-3.0 OR MIT",
        "(MIT OR GPL-3.0) AND ISC",
        "ISC AND (Apache-2.0 OR ISC) AND Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "MPL-2.0 AND ISC OR MIT",
    ] {
        assert!(is_allowed(good), "{good}");
    }
    for bad in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "MIT OR",
        "(MIT",
        "MIT)",
        "MIT GPL-3.0",
        "GPL-2.0 WITH LLVM-exception",
        "(MIT OR ISC) AND MPL-2.0",
        "ISC AND (GPL-3.0 OR AGPL-3.0)",
    ] {
        assert!(!is_allowed(bad), "{bad}");
    }
}

/// What stands in `Cargo.lock`, for every platform: name, version, source, and whether there is a checksum.
fn locked() -> Vec<(String, String, Option<String>, bool)> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap();
    let packages = text.split("[[package]]").skip(1).map(|package| {
        let value = |key: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
            line.map(|quoted| quoted.trim_matches('"').to_owned())
        };
        (value("name").unwrap(), value("version").unwrap(), value("source"), value("checksum").is_some())
    });
    packages.collect()
}

#[test]
fn everything_comes_from_the_one_registry_and_is_pinned() {
    let locked = locked();
    assert!(locked.len() > 100, "the lock file was read");
    for (name, version, source, checksum) in &locked {
        if name == "telform" {
            continue;
        }
        assert_eq!(source.as_deref(), Some(REGISTRY), "{name} {version}: no git, no path, no other registry");
        assert!(checksum, "{name} {version} has no checksum");
        assert!(!NEVER.contains(&name.as_str()), "{name} {version} must not come in");
    }
}

#[test]
fn what_carries_secrets_is_there_once() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, version, _, _) in locked() {
        versions.entry(name).or_default().insert(version);
    }
    for name in ONCE {
        let found = versions.get(name).unwrap_or_else(|| panic!("{name} is gone: take it off the list"));
        assert_eq!(found.len(), 1, "{name}: {found:?}");
    }
}

/// Of the packages for this platform; those of others are not on this machine.
#[test]
fn licences() {
    let version = Command::new("rustc").arg("-vV").output().expect("the compiler that built this");
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "{} packages", packages.len());
    let wrong: Vec<String> = packages
        .iter()
        .filter(|package| !is_allowed(package["license"].as_str().unwrap_or_default()))
        .map(|package| format!("{} {}: {}", package["name"], package["version"], package["license"]))
        .collect();
    assert!(wrong.is_empty(), "licences that nobody has allowed:\n{}", wrong.join("\n"));
}

/// The promises of `SECURITY.md` name their tests; a test that is renamed takes its line along.
#[test]
fn the_tests_that_the_threat_model_names_are_there() {
    let top = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(top.join("SECURITY.md")).unwrap();
    let quoted = text.split('`').skip(1).step_by(2);
    let named: Vec<(&str, &str)> = quoted
        .filter(|code| !code.starts_with("::") && !code.contains("telform::"))
        .filter_map(|code| code.split_once("::"))
        .collect();
    assert!(named.len() > 40, "{} tests", named.len());
    let mut files = vec![top.join("tests")];
    let mut sources: BTreeMap<String, String> = BTreeMap::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            sources.entry(name).or_default().push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
    let gone: Vec<_> = named
        .into_iter()
        .filter(|(file, test)| {
            !sources.get(*file).is_some_and(|source| source.contains(&format!("fn {test}(")))
        })
        .collect();
    assert!(gone.is_empty(), "SECURITY.md names tests that are not there: {gone:?}");
}
