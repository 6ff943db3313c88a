//! `telform fmt`: only white space changes, and what cannot be laid out stays as it is.

use std::io::Write;
use std::process::Stdio;

use crate::bench::{Ran, Story};

const MESSY: &str = "
version: 1
accounts:
    unpod:   { api: unpod,org_handle: acme.example, token: { env: UNPOD_TOKEN } }   # the only one


    # about the second
    carrierx:
        api: carrierx
        token: { env: CARRIERX_TOKEN }
removed:
- address: providers.old
  account: unpod
  reason: |
       contract ended
         OPS-1432
";

const NEAT: &str = "\
version: 1
accounts:
  unpod: { api: unpod, org_handle: acme.example, token: { env: UNPOD_TOKEN } }   # the only one

  # about the second
  carrierx:
    api: carrierx
    token: { env: CARRIERX_TOKEN }
removed:
  - address: providers.old
    account: unpod
    reason: |
      contract ended
        OPS-1432
";

/// Runs with a text on standard input.
fn with_input(story: &Story, args: &str, input: &str) -> Ran {
    let mut command = story.command(args);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    story.ran(args, &child.wait_with_output().unwrap())
}

#[test]
fn it_formats_what_every_command_reads() {
    let story = Story::new("{}");
    story.file("telform.yaml", MESSY);
    shot!("fmt_check", story.expect(1, "fmt --check"));
    shot!("fmt_diff", story.expect(0, "fmt --diff"));
    story.expect(1, "fmt --check --diff");
    assert_eq!(story.read("telform.yaml"), MESSY, "nothing was written");
    shot!("fmt_write", story.expect(0, "fmt"));
    assert_eq!(story.read("telform.yaml"), NEAT);
    shot!("fmt_again", story.expect(0, "fmt"));
    story.expect(0, "fmt --check").says("The file is already formatted.");
    assert_eq!(story.expect(0, "fmt --diff").stdout, "");
    assert_eq!(story.take_log(), [""; 0], "it is offline");
}

#[test]
fn the_same_configuration_is_read_afterwards() {
    let story = Story::new("{}");
    story.file("telform.yaml", MESSY);
    let before = story.expect(0, "validate --json").stdout;
    story.expect(0, "fmt");
    assert_eq!(story.expect(0, "validate --json").stdout, before);
}

#[test]
fn folders_and_other_files() {
    let story = Story::new("{}");
    std::fs::create_dir_all(story.path("telform/more")).unwrap();
    story.file("telform/a.yaml", "version:   1\n");
    story.file("telform/more/b.yml", "providers:   {}\n");
    story.file("telform/compose.yaml", "services:   {}\n");
    story.file("telform/rows.csv", "a ,b\n");
    story.file("rows.json", "{ }\n");
    shot!("fmt_folder", story.expect(0, "fmt telform rows.json telform/rows.csv"));
    assert_eq!(story.read("telform/a.yaml"), "version: 1\n");
    assert_eq!(story.read("telform/more/b.yml"), "providers: {}\n");
    assert_eq!(story.read("telform/compose.yaml"), "services:   {}\n", "another program's file in a folder");
    assert_eq!((story.read("rows.json"), story.read("telform/rows.csv")), ("{ }\n".to_owned(), "a ,b\n".to_owned()));
    // Named, it is meant.
    story.expect(0, "fmt telform/compose.yaml").says("formatted telform/compose.yaml");
    story.expect(0, "fmt -f telform/a.yaml").says("The file is already formatted.");
    story.expect(1, "fmt nowhere.yaml").says("telform::file::missing");
    story.expect(0, "fmt").says("All 2 files are already formatted.");
}

#[test]
fn a_broken_file_stays_and_the_others_are_formatted() {
    let story = Story::new("{}");
    story.file("good.yaml", "version:   1\n");
    story.file("bad.yaml", "version: 1\naccounts: {\n  token: canary-literal-secret\n");
    story.file("tagged.yaml", "version: !int 1\n");
    shot!("fmt_broken", story.expect(1, "fmt good.yaml bad.yaml tagged.yaml"));
    assert_eq!(story.read("good.yaml"), "version: 1\n");
    assert_eq!(story.read("bad.yaml"), "version: 1\naccounts: {\n  token: canary-literal-secret\n");
    let told = story.expect(1, "fmt good.yaml bad.yaml --json").json();
    assert_eq!(told["unchanged"], serde_json::json!(["good.yaml"]));
    assert_eq!(told["problems"].as_array().map(Vec::len), Some(1), "{told}");
}

#[test]
fn standard_input_goes_to_standard_output() {
    let story = Story::new("{}");
    assert_eq!(with_input(&story, "fmt -", MESSY).stdout, NEAT);
    assert_eq!(with_input(&story, "fmt -f -", NEAT).stdout, NEAT);
    let ran = with_input(&story, "fmt - --check", MESSY);
    assert_eq!((ran.code, ran.stdout.contains("1 of 1 file is not formatted")), (1, true), "{}", ran.whole());
    let ran = with_input(&story, "fmt --json -", MESSY);
    assert_eq!(ran.json()["text"], NEAT);
    let ran = with_input(&story, "fmt -", "a: {\n");
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.whole());
    story.file("telform.yaml", NEAT);
    story.expect(1, "fmt - telform.yaml").says("cannot be formatted together with files");
}

#[test]
fn a_diff_shows_no_secret() {
    let story = Story::new("{}");
    story.file(
        "telform.yaml",
        "version:   1\nproviders:\n    main:\n        auth_token: literal-in-the-yaml\n        # token: literal-in-the-yaml\n",
    );
    let shown = story.expect(0, "fmt --diff");
    shown.says("auth_token: ****").is_silent_about("literal-in");
    let told = story.expect(0, "fmt --diff --json");
    told.is_silent_about("literal-in");
    assert!(told.json()["patch"].as_str().is_some_and(|patch| patch.contains("+  main:")), "{}", told.stdout);
}

#[test]
fn a_diff_steers_no_terminal() {
    let story = Story::new("{}");
    story.file("telform.yaml", "version:   1\n# \u{202e}evil\n# ::error::x\n");
    story.expect(0, "fmt --diff").says("\\u{202e}evil");
    story.expect(0, "fmt");
    assert_eq!(story.read("telform.yaml"), "version: 1\n# \u{202e}evil\n# ::error::x\n");
}

#[cfg(unix)]
#[test]
fn links_and_modes() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let story = Story::new("{}");
    story.file("real.yaml", "version:   1\n");
    std::fs::set_permissions(story.path("real.yaml"), PermissionsExt::from_mode(0o600)).unwrap();
    symlink("real.yaml", story.path("link.yaml")).unwrap();
    shot!("fmt_link", story.expect(1, "fmt link.yaml"));
    assert_eq!(story.read("real.yaml"), "version:   1\n");
    std::fs::create_dir(story.path("telform")).unwrap();
    symlink("../real.yaml", story.path("telform/far.yaml")).unwrap();
    symlink("near.yaml", story.path("telform/also.yaml")).unwrap();
    story.file("telform/near.yaml", "version:   1\n");
    story.expect(1, "fmt telform").says("a link leads out of the folder").says("formatted telform/also.yaml");
    assert_eq!(story.read("telform/near.yaml"), "version: 1\n");
    assert_eq!(story.read("real.yaml"), "version:   1\n");
    assert!(std::fs::symlink_metadata(story.path("telform/also.yaml")).unwrap().is_symlink());
    story.expect(0, "fmt real.yaml");
    assert_eq!(story.read("real.yaml"), "version: 1\n");
    let mode = std::fs::metadata(story.path("real.yaml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let left = std::fs::read_dir(story.dir.path()).unwrap().flatten();
    assert!(left.into_iter().all(|it| !it.file_name().to_string_lossy().starts_with(".telform")), "no temporary file is left");
}

/// What telform writes itself needs no formatting.
#[test]
fn what_init_and_adopt_write_is_formatted() {
    let fresh = Story::new("{}");
    fresh.expect(0, "init");
    fresh.expect(0, "fmt --check");
    let quick = Story::new("{}");
    quick.expect(0, "init --quickstart");
    quick.expect(0, "fmt --check");
    quick.expect(0, "fmt --check world.yaml");
    let story = crate::machine::story();
    story.unpod("");
    story.expect(0, "adopt --all --out adopted");
    story.expect(0, "fmt --check adopted");
}

#[test]
fn the_examples_and_the_good_files_are_formatted_or_can_be() {
    let story = Story::new("{}");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in
        ["examples/quickstart", "examples/environments", "examples/generation-1", "examples/multi-account", "examples/policy"]
    {
        let folder = root.join(folder);
        story.expect(0, &format!("fmt --check {}", folder.display()));
        story.expect(0, &format!("fmt --check {}", folder.join("telform.yaml").display()));
    }
    for name in ["anchors.yaml", "defaults.yaml", "pinned.yaml", "spec.yaml"] {
        story.file(name, &std::fs::read_to_string(root.join("tests/good-yaml").join(name)).unwrap());
        let before = story.run(&format!("validate --json -f {name}")).stdout;
        story.expect(0, &format!("fmt {name}"));
        story.expect(0, &format!("fmt --check {name}"));
        let after = story.run(&format!("validate --json -f {name}")).stdout;
        let counts = |text: &str| serde_json::from_str::<serde_json::Value>(text).map(|it| it["objects"].clone()).unwrap();
        assert_eq!(counts(&after), counts(&before), "{name}");
    }
}
