//! What a release promises: the tables of `docs/stability.md`, the oldest Rust, what is in an archive and in its SBOM, and a
//! workflow with only the permissions that it needs.

#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(top().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The quoted text in the first line with this prefix.
fn quoted(text: &str, start: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix(start)).expect(start);
    line.split('"').nth(1).unwrap().to_owned()
}

/// The cells of the rows under a heading.
fn rows(page: &str, heading: &str) -> Vec<Vec<String>> {
    let (_, rest) = page.split_once(&format!("\n{heading}\n")).expect(heading);
    let section = rest.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.skip(2).map(|row| row.split(" | ").map(str::to_owned).collect()).collect()
}

#[test]
fn the_exit_codes_are_those_of_the_program() {
    let source = read("src/run/exit.rs");
    let (_, rest) = source.split_once("pub enum Exit {").unwrap();
    let (body, _) = rest.split_once("\n}").unwrap();
    let program: Vec<&str> = body.lines().filter_map(|line| line.split_once(" = ")?.1.strip_suffix(',')).collect();
    assert!(program.len() >= 8, "{program:?}");
    let page = read("docs/stability.md");
    let shown: Vec<String> = rows(&page, "## Exit codes").into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(shown, program, "docs/stability.md has other exit codes than src/run/exit.rs");
    let readme = read("README.md");
    let (_, told) = readme.split_once("\nExit codes: ").expect("the README tells the exit codes");
    for code in program {
        assert!(told.starts_with(&format!("{code} ")) || told.contains(&format!(", {code} ")), "README: {code}");
    }
}

#[test]
fn the_formats_are_those_of_the_program() {
    let page = read("docs/stability.md");
    let shown: BTreeMap<String, String> =
        rows(&page, "## Files").into_iter().map(|row| (row[0].clone(), row[2].clone())).collect();
    let yaml = quoted(&read("src/config/desired/mod.rs"), "const VERSION: &str = ");
    let program = BTreeMap::from(
        [
            ("configuration", yaml),
            ("saved plan, `plan --json`", telform::document::FORMAT_VERSION.to_string()),
            ("snapshot", telform::state::snapshot::FORMAT_VERSION.to_string()),
            ("ledger", telform::model::ledger::FORMAT.to_string()),
            ("journal", telform::state::journal::FORMAT_VERSION.to_string()),
        ]
        .map(|(file, version)| (file.to_owned(), version)),
    );
    assert_eq!(shown, program);
    for (name, path) in [("telform-plan", "src/document/mod.rs"), ("telform-snapshot", "src/state/snapshot.rs")] {
        assert!(page.contains(&format!(" | `{name}` | ")), "docs/stability.md does not name {name}");
        assert!(read(path).contains(&format!("\"{name}\"")), "{path} writes no {name}");
    }
}

fn metadata(target: &str) -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", target])
        .current_dir(top())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn host() -> String {
    let version = Command::new("rustc").arg("-vV").output().expect("the compiler that built this");
    let version = String::from_utf8(version.stdout).unwrap();
    version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host").to_owned()
}

fn number(version: &str) -> (u64, u64) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap());
    (parts.next().unwrap(), parts.next().unwrap_or(0))
}

/// Of the packages for this platform; those of others are not on this machine.
#[test]
fn the_oldest_rust_is_the_same_everywhere_and_no_package_asks_for_more() {
    let stated = quoted(&read("Cargo.toml"), "rust-version = ");
    for (path, text) in [
        ("README.md", format!("Rust {stated} or newer")),
        ("docs/release.md", format!("Rust toolchain ({stated} or newer)")),
        ("docs/stability.md", format!("stated in `Cargo.toml`: {stated}.")),
        (".github/workflows/release.yml", format!("container: rust:{stated}-")),
    ] {
        assert!(read(path).contains(&text), "{path} does not say: {text}");
    }
    let metadata = metadata(&host());
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "{} packages", packages.len());
    let more: Vec<String> = packages
        .iter()
        .filter(|package| package["rust_version"].as_str().is_some_and(|version| number(version) > number(&stated)))
        .map(|package| format!("{} asks for {}", package["name"], package["rust_version"]))
        .collect();
    assert!(more.is_empty(), "Cargo.toml says {stated}: {more:#?}");
    assert!(read(".ci/run").lines().any(|line| line == "bash .ci/msrv"), ".ci/run does not check it");
}

/// Whether the tools of the release scripts are here; they must be where CI runs.
#[allow(clippy::print_stderr, reason = "whoever looks why a test did nothing finds it here")]
fn has_tools() -> bool {
    let missing: Vec<&str> =
        ["python3", "readelf"].into_iter().filter(|tool| Command::new(tool).arg("--version").output().is_err()).collect();
    assert!(missing.is_empty() || std::env::var_os("CI").is_none(), "missing: {missing:?}");
    if !missing.is_empty() {
        eprintln!("SKIPPED: there is no {missing:?} here, so the release scripts were not tried");
    }
    missing.is_empty()
}

fn run(program: &Path, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .current_dir(top())
        .env("SOURCE_DATE_EPOCH", "1764000000")
        .env("CARGO_NET_OFFLINE", "true")
        .output()
        .expect("it runs")
}

fn done(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// An archive of the binary of the tests. A script that calls it replaces it, because a hundred megabytes of a debug build
/// take long to compress.
fn packed(out: &Path) -> String {
    let binary = out.join("telform");
    let script = out.join("telform.script");
    fs::write(&script, format!("#!/bin/sh\nexec {} \"$@\"\n", env!("CARGO_BIN_EXE_telform"))).unwrap();
    // Another process makes it: a file that this one had open for writing cannot be executed while a child starts.
    assert!(Command::new("install").args(["-m", "755"]).args([&script, &binary]).status().unwrap().success());
    fs::remove_file(script).unwrap();
    let (binary, out) = (binary.to_str().unwrap(), out.to_str().unwrap());
    let script = top().join(".ci/release/package");
    done(run(&script, &["--binary", binary, "--out", out, "--target", &host()]))
}

#[test]
fn an_archive_holds_what_it_shall_and_nothing_of_this_machine() {
    if !has_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let sums = packed(folder.path());
    assert_eq!(sums, fs::read_to_string(folder.path().join("SHA256SUMS")).unwrap());
    let name = format!("telform-{}-{}", env!("CARGO_PKG_VERSION"), host());
    for file in [format!("{name}.tar.gz"), format!("{name}.cdx.json")] {
        let sum = done(run(Path::new("sha256sum"), &[folder.path().join(&file).to_str().unwrap()]));
        assert!(sums.contains(&format!("{}  {file}\n", &sum[..64])), "{file}: {sums}");
    }
    let archive = folder.path().join(format!("{name}.tar.gz"));
    let listed = done(run(Path::new("tar"), &["-tvzf", archive.to_str().unwrap()]));
    for file in [
        "telform",
        "README.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "THIRD-PARTY.txt",
        "completions/telform.bash",
        "completions/_telform",
        "completions/telform.fish",
        "completions/_telform.ps1",
        "man/telform.1",
        "man/telform-plan.1",
        "schemas/telform.schema.json",
    ] {
        assert!(listed.lines().any(|line| line.ends_with(&format!(" {name}/{file}"))), "no {file}:\n{listed}");
    }
    for line in listed.lines() {
        assert!(line.split_whitespace().nth(1) == Some("0/0"), "it says whose it was: {line}");
        let mode = if line.ends_with(&format!("{name}/telform")) { "-rwxr-xr-x" } else { "-rw-r--r--" };
        assert!(line.starts_with(mode) || line.starts_with("drwxr-xr-x"), "{line}");
    }
    let notices = done(run(Path::new("tar"), &["-xzOf", archive.to_str().unwrap(), &format!("{name}/THIRD-PARTY.txt")]));
    assert!(!notices.contains(top().to_str().unwrap()));
    for package in ["rustls ", "aws-lc-sys ", "tokio ", "mimalloc "] {
        assert!(notices.contains(&format!("\n{package}")), "no notice of {package}");
    }
}

/// What `cargo binstall` would ask for and unpack is what `package` makes.
#[test]
fn binstall_finds_the_archive_and_the_binary_in_it() {
    let text = read("Cargo.toml");
    let (_, section) = text.split_once("[package.metadata.binstall]\n").unwrap();
    let filled = |key: &str| {
        let template = quoted(section, key);
        let version = template.replace("{ version }", env!("CARGO_PKG_VERSION"));
        version.replace("{ target }", &host()).replace("{ bin }", "telform").replace("{ repo }", "https://forge.example/o/r")
    };
    let name = format!("telform-{}-{}", env!("CARGO_PKG_VERSION"), host());
    let place = format!("https://forge.example/o/r/releases/download/v{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(filled("pkg-url = "), format!("{place}/{name}.tar.gz"));
    assert_eq!(filled("bin-dir = "), format!("{name}/telform"), "see `an_archive_holds_what_it_shall`");
    assert_eq!(quoted(section, "pkg-fmt = "), "tgz");
    // A release states where it is.
    assert!(read(".github/workflows/release.yml").contains("grep -qxF \"repository = "));
}

/// The formula of three archives is run with a stand-in for Homebrew, and installs the one for this machine.
#[test]
#[allow(clippy::print_stderr, reason = "whoever looks why a test did nothing finds it here")]
fn the_formula_installs_an_archive_with_its_checksum() {
    let has_ruby = Command::new("ruby").arg("--version").output().is_ok();
    assert!(has_ruby || std::env::var_os("CI").is_none(), "the formula needs ruby");
    if !has_tools() || !has_ruby {
        eprintln!("SKIPPED: there is no ruby here, so the Homebrew formula was not tried");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    packed(folder.path());
    let version = env!("CARGO_PKG_VERSION");
    let here = folder.path().join(format!("telform-{version}-{}.tar.gz", host()));
    let targets = ["aarch64-apple-darwin", "aarch64-unknown-linux-musl", "x86_64-unknown-linux-musl"];
    for target in targets {
        fs::copy(&here, folder.path().join(format!("telform-{version}-{target}.tar.gz"))).unwrap();
    }
    let (dist, script) = (folder.path().to_str().unwrap(), top().join(".ci/release/release.py"));
    let formula = done(run(Path::new("python3"), &[script.to_str().unwrap(), "formula", dist, "acme/telform"]));
    let place = format!("https://github.com/acme/telform/releases/download/v{version}/telform-{version}-");
    for target in targets {
        assert_eq!(formula.matches(&format!("url \"{place}{target}.tar.gz\"")).count(), 1, "{formula}");
    }
    fs::write(folder.path().join("telform.rb"), &formula).unwrap();
    let trial = top().join("tests/tools/formula.rb");
    let install = |cellar: &str| {
        let cellar = folder.path().join(cellar);
        run(Path::new("ruby"), &[trial.to_str().unwrap(), dist, cellar.to_str().unwrap()])
    };
    let said = done(install("cellar"));
    assert!(said.contains("3 archives have its checksums"), "{said}");
    // Another archive than the one that the formula knows is refused.
    fs::write(folder.path().join(format!("telform-{version}-aarch64-apple-darwin.tar.gz")), "altered").unwrap();
    let refused = install("other");
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("another checksum"), "{refused:?}");
}

/// The packages of npm are made of the archive alone, for a platform that the main package knows.
#[test]
#[allow(clippy::print_stderr, reason = "whoever looks why a test did nothing finds it here")]
fn the_npm_packages_hold_the_archive_and_fit_each_other() {
    let has_npm = Command::new("npm").arg("--version").output().is_ok();
    assert!(has_npm || std::env::var_os("CI").is_none(), "the npm packages need npm");
    if !has_tools() || !has_npm {
        eprintln!("SKIPPED: there is no npm here, so the npm packages were not made");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    packed(folder.path());
    let version = env!("CARGO_PKG_VERSION");
    let archive = folder.path().join(format!("telform-{version}-{}.tar.gz", host()));
    let script = top().join(".ci/release/npm");
    done(run(&script, &[folder.path().to_str().unwrap(), archive.to_str().unwrap()]));
    let opened = |name: &str, file: &str| {
        let package = folder.path().join(format!("{name}-{version}.tgz"));
        done(run(Path::new("tar"), &["-xzOf", package.to_str().unwrap(), &format!("package/{file}")]))
    };
    let main: Value = serde_json::from_str(&opened("telform", "package.json")).unwrap();
    assert_eq!((&main["version"], &main["bin"]), (&json!(version), &json!({ "telform": "telform.js" })));
    assert!(main["man"].as_array().unwrap().contains(&json!("./man/telform-plan.1")), "{main}");
    assert!(main.get("scripts").is_none() && main.get("dependencies").is_none(), "nothing runs while it is installed: {main}");
    let platforms = main["optionalDependencies"].as_object().unwrap();
    assert!(platforms.len() == 3 && platforms.values().all(|it| it == version), "{main}");
    let system = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    let processor = if cfg!(target_arch = "x86_64") { "x64" } else { "arm64" };
    let file = format!("telform-cli-{system}-{processor}");
    let own: Value = serde_json::from_str(&opened(&file, "package.json")).unwrap();
    assert!(platforms.contains_key(own["name"].as_str().unwrap()), "{own}");
    assert_eq!((&own["os"], &own["cpu"], &own["version"]), (&json!([system]), &json!([processor]), &json!(version)));
    assert_eq!(opened(&file, "telform"), fs::read_to_string(folder.path().join("telform")).unwrap());
    for (package, file) in [(&file[..], "THIRD-PARTY.txt"), (&file, "LICENSE-MIT"), ("telform", "LICENSE-APACHE")] {
        assert!(!opened(package, file).is_empty());
    }
    // An archive of a platform that npm has no package for.
    let odd = folder.path().join(format!("telform-{version}-x86_64-pc-windows-msvc.tar.gz"));
    fs::copy(&archive, &odd).unwrap();
    let refused = run(&script, &[folder.path().to_str().unwrap(), odd.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("there is no package for"), "{refused:?}");
}

/// A wheel is finished only with the binary that the archive holds, and is the same file whenever it is made.
#[test]
fn a_wheel_with_another_binary_than_the_archive_is_refused() {
    if !has_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    fs::create_dir_all(tree.join("man")).unwrap();
    fs::write(tree.join("telform"), "a binary").unwrap();
    fs::write(tree.join("man/telform.1"), "a page").unwrap();
    fs::write(folder.path().join("list.json"), "{}").unwrap();
    const MADE: &str = "import sys, zipfile\n\
        with zipfile.ZipFile(sys.argv[1], 'w') as wheel:\n\
        \x20   wheel.writestr('telform-1.2.3.data/scripts/telform', sys.argv[2])\n\
        \x20   wheel.writestr('telform-1.2.3.dist-info/RECORD', 'old')\n";
    let made = folder.path().join("telform-1.2.3-py3-none-any.whl");
    let script = top().join(".ci/release/release.py");
    let finish = |binary: &str, out: &str| {
        let out = folder.path().join(out);
        fs::create_dir_all(&out).unwrap();
        done(run(Path::new("python3"), &["-c", MADE, made.to_str().unwrap(), binary]));
        let parts = [&script, &PathBuf::from("wheel"), &made, &tree, &folder.path().join("list.json"), &out];
        let parts = parts.map(|part| part.to_str().unwrap());
        let output = run(Path::new("python3"), &parts);
        (output.status.success(), fs::read(out.join("telform-1.2.3-py3-none-any.whl")).unwrap_or_default())
    };
    let (good, wheel) = finish("a binary", "one");
    assert!(good && !wheel.is_empty());
    assert!(finish("a binary", "two") == (true, wheel), "two wheels of the same files differ");
    assert_eq!(finish("another", "three"), (false, Vec::new()));
}

/// A tree as `package` makes it, with another program in it.
fn tree(folder: &Path, name: &str, mode: u32) -> Vec<u8> {
    let inside = folder.join(name);
    fs::create_dir_all(inside.join("man")).unwrap();
    fs::copy("/bin/sh", inside.join("telform")).unwrap();
    fs::write(inside.join("man/telform.1"), "a page").unwrap();
    fs::set_permissions(inside.join("man/telform.1"), fs::Permissions::from_mode(mode)).unwrap();
    let then = std::time::UNIX_EPOCH + std::time::Duration::from_secs(u64::from(mode) * 1000);
    fs::File::options().append(true).open(inside.join("man/telform.1")).unwrap().set_modified(then).unwrap();
    // Where the tests may, the files belong to another user.
    let _ = std::os::unix::fs::chown(inside.join("telform"), Some(1234 + mode), None);
    let script = top().join(".ci/release/release.py");
    let output = run(Path::new("python3"), &[script.to_str().unwrap(), "pack", folder.to_str().unwrap(), name]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn the_same_files_are_the_same_archive_whoever_made_them() {
    if !has_tools() {
        return;
    }
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert!(tree(one.path(), "telform-1", 0o600) == tree(other.path(), "telform-1", 0o664));
}

/// An image has no library.
#[cfg(target_os = "linux")]
#[test]
fn an_image_is_not_made_of_what_needs_a_library() {
    if !has_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("telform-1-x86_64-unknown-linux-gnu.tar.gz");
    fs::write(&archive, tree(folder.path(), "telform-1", 0o644)).unwrap();
    let context = folder.path().join("context");
    // The certificates do not matter here, and need not be on this machine.
    let output = Command::new(top().join(".ci/release/context"))
        .args([&context, &archive])
        .env("SSL_CERT_FILE", top().join("LICENSE"))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("is not static"), "{said}");
    assert!(!context.join("amd64/telform").exists());
}

#[test]
fn the_sbom_names_every_package_with_its_checksum() {
    if !has_tools() {
        return;
    }
    let script = top().join(".ci/release/release.py");
    let once = done(run(Path::new("python3"), &[script.to_str().unwrap(), "sbom", &host()]));
    let again = done(run(Path::new("python3"), &[script.to_str().unwrap(), "sbom", &host()]));
    assert!(once == again, "two lists of one commit differ");
    let list: Value = serde_json::from_str(&once).unwrap();
    assert_eq!((&list["bomFormat"], &list["specVersion"]), (&json!("CycloneDX"), &json!("1.6")));
    assert_eq!(list["metadata"]["component"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(list["metadata"]["timestamp"], "2025-11-24T16:00:00Z");
    let components = list["components"].as_array().unwrap();
    let refs: BTreeSet<&str> = components.iter().map(|it| it["bom-ref"].as_str().unwrap()).collect();
    assert_eq!(refs.len(), components.len(), "a package stands twice");
    for component in components {
        let sum = component["hashes"][0]["content"].as_str().unwrap();
        assert!(sum.len() == 64 && read("Cargo.lock").contains(&format!("checksum = \"{sum}\"")), "{component}");
        assert!(component["licenses"][0]["expression"].as_str().is_some_and(|it| !it.contains('/')));
    }
    // What cargo reports as compiled into the program or for building it, without what only tests use.
    let tree = done(run(
        Path::new(env!("CARGO")),
        &["tree", "--locked", "--edges", "normal,build", "--prefix", "none", "--target", &host(), "--format", "{p}"],
    ));
    let expected: BTreeSet<String> = tree
        .lines()
        .filter(|line| !line.starts_with("telform ") && !line.trim().is_empty())
        .map(|line| {
            let mut words = line.split_whitespace();
            format!("pkg:cargo/{}@{}", words.next().unwrap(), words.next().unwrap().trim_start_matches('v'))
        })
        .collect();
    let missing: Vec<_> = expected.iter().filter(|it| !refs.contains(it.as_str())).collect();
    assert!(missing.is_empty(), "cargo builds what the list does not name: {missing:?}");
    let beyond: Vec<_> = refs.iter().filter(|it| !expected.contains(**it)).collect();
    assert!(beyond.is_empty(), "the list names what cargo does not build: {beyond:?}");
    for known in list["dependencies"].as_array().unwrap() {
        for needed in known["dependsOn"].as_array().unwrap() {
            assert!(refs.contains(needed.as_str().unwrap()), "{needed} is needed and not listed");
        }
    }
}

#[test]
fn a_tag_that_the_changelog_does_not_know_is_refused() {
    if !has_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join(".ci/release")).unwrap();
    let script = folder.path().join(".ci/release/release.py");
    fs::copy(top().join(".ci/release/release.py"), &script).unwrap();
    fs::write(folder.path().join("Cargo.toml"), "[package]\nversion = \"1.2.3\"\n").unwrap();
    let notes = |changelog: &str, tag: &str| {
        fs::write(folder.path().join("CHANGELOG.md"), changelog).unwrap();
        let output = run(Path::new("python3"), &[script.to_str().unwrap(), "notes", tag]);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let good = "# Changelog\n\n## Unreleased\n\n## 1.2.3 - 2026-12-01\n\n- new\n\n## 1.2.2 - 2026-11-01\n\n- old\n";
    assert_eq!(notes(good, "v1.2.3"), (Some(0), "- new\n".to_owned()));
    for (changelog, tag) in [
        (good, "v1.2.2"),
        (good, "1.2.3"),
        ("# Changelog\n\n## Unreleased\n\n- new\n", "v1.2.3"),
        ("# Changelog\n\n## 1.2.3 - 2026-12-01\n\n## 1.2.2 - 2026-11-01\n\n- old\n", "v1.2.3"),
    ] {
        assert_eq!(notes(changelog, tag), (Some(1), String::new()), "{tag}: {changelog}");
    }
}

#[test]
fn the_workflow_takes_no_more_rights_than_it_needs() {
    let text = read(".github/workflows/release.yml");
    let workflow: Value = yaml_serde::from_str(&text).unwrap();
    assert_eq!(workflow["on"], json!({ "push": { "tags": ["v[0-9]+.[0-9]+.[0-9]+*"] } }));
    assert_eq!(workflow["permissions"], json!({}));
    let jobs = workflow["jobs"].as_object().unwrap();
    for (name, job) in jobs {
        let rights = if name == "draft" {
            json!({ "contents": "write", "id-token": "write", "attestations": "write" })
        } else {
            json!({ "contents": "read" })
        };
        assert_eq!(job["permissions"], rights, "{name}");
        assert!(job["timeout-minutes"].is_u64(), "{name} may run for ever");
        for step in job["steps"].as_array().unwrap() {
            if let Some(uses) = step["uses"].as_str() {
                let (_, commit) = uses.split_once('@').unwrap();
                let whole = commit.len() == 40 && commit.bytes().all(|it| it.is_ascii_hexdigit());
                assert!(whole, "{uses} can be moved to other code");
                if uses.starts_with("actions/checkout@") {
                    assert_eq!(step["with"]["persist-credentials"], false, "{name}");
                }
            }
            // Text chosen by others is data in a variable, never a part of a script.
            assert!(!step["run"].as_str().unwrap_or_default().contains("${{"), "{name}: {step}");
        }
    }
    assert_eq!(jobs["draft"]["needs"], json!(["check", "build"]), "nothing is published that was not checked");
    let steps = |name: &str| jobs[name]["steps"].to_string();
    for script in [".ci/run", ".ci/msrv must", "release.py notes"] {
        assert!(steps("check").contains(script), "{script}");
    }
    assert!(steps("build").contains(".ci/release/package") && steps("draft").contains("--draft"));
    let page = read("docs/release.md");
    for built in jobs["build"]["strategy"]["matrix"]["include"].as_array().unwrap() {
        let target = built["target"].as_str().unwrap();
        assert!(page.contains(&format!("`{target}`")), "docs/release.md does not name {target}");
    }
}

#[test]
fn the_image_has_nobody_with_rights_and_only_what_its_folder_holds() {
    let file = read(".ci/release/Containerfile");
    let lines: Vec<&str> = file.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.iter().filter(|line| line.starts_with("FROM ")).collect::<Vec<_>>(), [&"FROM scratch"]);
    assert!(lines.contains(&"USER 65532:65532") && lines.contains(&"ENTRYPOINT [\"/telform\"]"));
    assert!(!lines.iter().any(|line| line.starts_with("RUN ") || line.starts_with("ADD ")));
    let context = read(".ci/release/context");
    for copied in lines.iter().filter_map(|line| line.strip_prefix("COPY ")) {
        let from = copied.split(' ').next().unwrap();
        let made = if from == "${TARGETARCH}/" { "$out/$arch/telform".to_owned() } else { format!("$out/{from}") };
        assert!(context.contains(&made), ".ci/release/context makes no {from}");
    }
}
