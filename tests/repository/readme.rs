//! The README is true: its plan is what the binary prints, its commands are the ones that CI runs.

use std::process::Command;

fn repository(path: &str) -> String {
    std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).expect("a file of the repository")
}

/// The example folders in a separate folder, so that the sandbox's state stays out of the repository.
fn copied(example: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let from = format!("{}/examples/{example}", env!("CARGO_MANIFEST_DIR"));
    let to = folder.path().join("examples").join(example);
    std::fs::create_dir_all(&to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the example").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.contains(".state.") && !name.contains(".ledger.") {
            std::fs::copy(entry.path(), to.join(&name)).expect("a copy");
        }
    }
    folder
}

fn telform(folder: &std::path::Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_telform"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .expect("the binary runs");
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stdout).expect("text"))
}

const FILES: [&str; 4] = ["-f", "examples/quickstart/telform.yaml", "--sandbox", "examples/quickstart/world.yaml"];

/// The commands in the first block of the README.
fn first_commands() -> Vec<String> {
    let readme = repository("README.md");
    let block = readme.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the two commands");
    block.lines().map(str::to_owned).collect()
}

/// The text between a line and the end of the plan, without the fence.
fn shown<'p>(page: &'p str, start: &str) -> &'p str {
    let (_, rest) = page.split_once(&format!("<!-- {start} -->\n```text\n")).expect("the start of the plan");
    rest.split_once("```\n<!-- end of the plan -->").expect("the end of the plan").0
}

#[test]
fn the_plan_in_the_book_is_the_plan_of_the_quickstart() {
    const PAGE: &str = "docs/reading-a-plan.md";
    let page = repository(PAGE);
    let shown = shown(&page, "plan of the quickstart");
    let folder = copied("quickstart");
    let (code, printed) = telform(folder.path(), &[&["plan"], &FILES[..]].concat());
    assert_eq!(code, 0);
    if std::env::var_os("TELFORM_BLESS").is_some() {
        let path = format!("{}/{PAGE}", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, page.replace(shown, &printed)).expect("the page is rewritten");
        return;
    }
    assert_eq!(printed, shown, "{PAGE} shows another plan than the binary prints");
}

#[test]
fn the_readme_is_short_and_shows_a_part_of_that_plan() {
    let readme = repository("README.md");
    let words = readme.split_whitespace().count();
    assert!(words <= 1200, "the README has {words} words; the rest belongs in the book");
    let excerpt = shown(&readme, "from the plan of the quickstart");
    assert!((10..=16).contains(&excerpt.lines().count()), "{excerpt}");
    assert!(shown(&repository("docs/reading-a-plan.md"), "plan of the quickstart").contains(excerpt), "{excerpt}");
}

#[test]
fn every_command_has_its_row() {
    let (code, help) = telform(std::path::Path::new("."), &["--help"]);
    assert_eq!(code, 0);
    let named = help.lines().take_while(|line| !line.starts_with("Options"));
    let named = named.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let commands: Vec<&str> = named.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.len() > 15, "{commands:?}");
    let page = repository("docs/commands.md");
    let missing: Vec<_> = commands
        .into_iter()
        .filter(|name| *name != "help" && *name != "man")
        .filter(|name| !page.contains(&format!("`telform {name}")))
        .collect();
    assert!(missing.is_empty(), "docs/commands.md has no row for {missing:?}");
}

#[test]
fn the_first_command_of_the_readme_works_and_ends_in_an_empty_plan() {
    let commands = first_commands();
    // Not silent: whoever waits sees what is compiled.
    let (build, arguments) = commands[0].split_once(" -- ").expect("cargo's options and telform's");
    assert_eq!(build, "cargo run --no-default-features");
    let folder = copied("quickstart");
    let (code, printed) = telform(folder.path(), &arguments.split(' ').collect::<Vec<_>>());
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("a fresh plan is empty"), "{printed}");
    let (code, printed) = telform(folder.path(), &[&["plan"], &FILES[..], &["--detailed-exitcode"]].concat());
    assert_eq!(code, 0, "the plan after the apply is not empty:\n{printed}");
}

/// CI builds with the first command's options, runs what it runs, and runs the second as it is printed.
#[test]
fn ci_runs_the_commands_of_the_readme() {
    let commands = first_commands();
    assert_eq!(commands.len(), 2, "{commands:?}");
    let (build, arguments) = commands[0].split_once(" -- ").expect("cargo's options and telform's");
    let script = repository(".ci/run");
    let options = build.strip_prefix("cargo run ").expect("it runs");
    for line in [format!("cargo build --locked {options}"), format!("telform {arguments}"), commands[1].clone()] {
        assert!(script.lines().any(|it| it.trim() == line), ".ci/run does not run `{line}`");
    }
}

/// What a package with those options is made of, as the README states it.
#[test]
fn the_first_command_compiles_as_many_packages_as_the_readme_says() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--edges", "normal,build", "--prefix", "none", "--no-default-features"])
        .args(["--format", "{p}", "--target", "x86_64-unknown-linux-gnu"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).expect("text");
    let packages: std::collections::BTreeSet<&str> =
        listed.lines().map(|line| line.trim_end_matches(" (*)")).filter(|line| !line.is_empty()).collect();
    assert!(packages.len() < 250, "{} packages are too many for a first look", packages.len());
    let told = format!("The first compiles {} packages", packages.len());
    assert!(repository("README.md").contains(&told), "the README does not say: {told}");
}

/// The picture is there, is a picture, is small enough to be loaded with the page, and says how it was made.
#[test]
fn the_picture_of_the_plan_page_is_there() {
    const PICTURE: &str = "docs/pictures/plan.png";
    let bytes = std::fs::read(format!("{}/{PICTURE}", env!("CARGO_MANIFEST_DIR"))).expect("the picture");
    assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.ends_with(b"IEND\xaeB`\x82"), "not a whole PNG");
    let side = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    assert!((800..=1600).contains(&side(16)) && (400..=1600).contains(&side(20)), "{} x {}", side(16), side(20));
    assert!(bytes.len() < 200_000, "{} bytes", bytes.len());
    let readme = repository("README.md");
    assert_eq!(readme.matches("](docs/pictures/").count(), 1, "one picture");
    assert!(readme.contains(&format!("]({PICTURE})")));
    assert!(repository("docs/reading-a-plan.md").contains("](pictures/plan.png)"));
    assert!(repository("tests/tools/picture.sh").contains(PICTURE));
    assert!(repository("CONTRIBUTING.md").contains("`tests/tools/picture.sh target/debug/telform`"));
}

#[test]
#[allow(clippy::print_stderr, reason = "whoever looks why a test did nothing finds it here")]
fn every_example_applies_and_then_has_an_empty_plan() {
    for example in std::fs::read_dir(format!("{}/examples", env!("CARGO_MANIFEST_DIR"))).expect("examples").flatten() {
        let name = example.file_name().to_string_lossy().into_owned();
        if name == "policy" && Command::new("python3").arg("--version").output().is_err() {
            assert!(std::env::var_os("CI").is_none(), "examples/policy needs python3");
            eprintln!("SKIPPED: there is no python3 here, so examples/policy was not tried");
            continue;
        }
        let folder = copied(&name);
        let here = folder.path().join("examples").join(&name);
        let (code, printed) = telform(&here, &["validate"]);
        assert_eq!(code, 0, "{name}: {printed}");
        // The programs that an example names are ours, so they may run.
        for (arguments, expected) in [
            (vec!["plan", "--detailed-exitcode"], 2),
            (vec!["apply", "--auto-approve"], 0),
            (vec!["plan", "--detailed-exitcode"], 0),
        ] {
            let arguments = [&arguments[..], &["--sandbox", "world.yaml", "--allow-commands"]].concat();
            let (code, printed) = telform(&here, &arguments);
            assert_eq!(code, expected, "{name}: {arguments:?}: {printed}");
        }
    }
}
