//! The guarantees of `SECURITY.md`, and the tests that show them.

use std::collections::BTreeMap;

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
        .filter(|(file, test)| !sources.get(*file).is_some_and(|source| source.contains(&format!("fn {test}("))))
        .collect();
    assert!(gone.is_empty(), "SECURITY.md names tests that are not there: {gone:?}");
}

/// `.ci/run` asks about every platform, and the rules that must not be loosened by a typing mistake are in the file that it asks with.
#[test]
fn ci_asks_cargo_deny_about_every_package() {
    let read = |name: &str| std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/").to_owned() + name).unwrap();
    assert!(read(".ci/run").lines().any(|line| line == ".ci/deny"));
    assert!(read(".ci/deny").contains("check bans licenses sources"));
    let rules = read("deny.toml");
    for rule in ["unknown-registry = \"deny\"", "unknown-git = \"deny\"", "all-features = true", "\"openssl\"", "\"native-tls\""]
    {
        assert!(rules.lines().any(|line| line.trim().trim_end_matches(',') == rule), "{rule}");
    }
    // The targets of a release are the ones that are checked.
    let workflow = read(".github/workflows/release.yml");
    let targets: Vec<&str> = workflow.split("target: ").skip(1).filter_map(|rest| rest.split([' ', '}']).next()).collect();
    assert!(targets.len() > 2, "{targets:?}");
    for target in targets {
        assert!(rules.contains(&format!("\"{target}\"")), "{target}");
    }
}
