//! A checkout may contain links, and another person chose their targets: nothing that telform finds itself is read or
//! written through one. Anything but a regular file is an error that says what it is, without waiting.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::bench::Story;
use crate::closed_output::ends;

const WORLD: &str = "{}";

const BODY: &str = "
providers:
  one: { provider: plivo, account_sid: MA42, auth_token: { env: ONE } }
";

fn story() -> Story {
    let story = Story::new(WORLD).secret("ONE", "canary-one-link");
    story.unpod(BODY);
    story
}

/// A folder beside the story's, with a file that belongs to another user.
fn elsewhere() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("victim"), "precious\n").unwrap();
    folder
}

#[track_caller]
fn untouched(folder: &Path, what: &str) {
    let names: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(names, ["victim"], "{what}");
    assert_eq!(fs::read_to_string(folder.join("victim")).unwrap(), "precious\n", "{what}");
    assert_eq!(fs::metadata(folder.join("victim")).unwrap().permissions().mode() & 0o777, 0o644, "{what}");
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Every file that telform keeps, each as a link to a file, to none, and of the whole folder.
#[test]
fn no_file_of_telforms_own_is_a_link() {
    let outside = elsewhere();
    for name in ["ledger.json", "ledger.journal", "ledger.lock", "ledger.key", ".gitignore", ""] {
        for target in ["victim", "fresh"] {
            let story = story();
            // A key is made only on the first run, together with its folder's `.gitignore`.
            if matches!(name, "ledger.json" | "ledger.journal" | "ledger.lock") {
                story.apply();
            } else if !name.is_empty() {
                fs::create_dir(story.path(".telform")).unwrap();
            }
            let link = story.path(&format!(".telform/{name}"));
            let _ = fs::remove_file(&link);
            let target = if name.is_empty() { outside.path().to_owned() } else { outside.path().join(target) };
            symlink(&target, link.to_string_lossy().trim_end_matches('/')).unwrap();
            story.take_log();
            let what = format!("{name} -> {}", target.display());
            let ran = story.expect(1, "apply --auto-approve --rewrite-secret providers.one.auth_token");
            ran.says("is a link, and telform follows no link there");
            assert!(ran.stderr.contains("telform::ledger::not_own") || ran.stderr.contains("journal"), "{}", ran.whole());
            for args in [
                "plan",
                "doctor",
                "ledger list",
                "ledger rebuild --replace",
                "ledger rekey --lost-key",
                "journal",
                "resume",
                "drift",
                "undo last",
            ] {
                story.run(args);
                untouched(outside.path(), &format!("{what}: {args}"));
            }
            assert_eq!(story.writes(), [""; 0], "{what}");
        }
    }
}

/// The YAML may name a folder of its own for the ledger; a link on the way there is none of telform's.
#[test]
fn a_ledger_below_the_configuration_is_reached_by_no_link() {
    let (story, outside) = (story(), elsewhere());
    symlink(outside.path(), story.path("state")).unwrap();
    symlink(outside.path().join("victim"), story.path("west.json")).unwrap();
    for place in ["state/ledger.json", "./state/deep/ledger.json", "west.json"] {
        let yaml = format!("ledger: {place}\n{BODY}");
        story.unpod(&yaml);
        story.expect(1, "apply --auto-approve").says("telform::ledger::not_own").says("is a link");
        untouched(outside.path(), place);
    }
    // A path that the user names may contain links, up to telform's own folder.
    story.unpod(BODY);
    story.expect(0, "plan --ledger state/ledger.json");
    symlink(outside.path(), story.path(".telform")).unwrap();
    for place in [".telform/ledger.json", "./.telform/ledger.json"] {
        story.expect(1, &format!("apply --auto-approve --ledger {place}")).says("telform::ledger::not_own");
    }
    untouched(outside.path(), "--ledger");
    // So may a named world; the state kept beside it must not be a link.
    story.file("world.yaml", "{}\n");
    for beside in ["world.state.yaml", "world.ledger.json", "world.ledger.journal", "world.ledger.lock"] {
        symlink(outside.path().join("victim"), story.path(beside)).unwrap();
        story.expect(1, "apply --sandbox world.yaml --auto-approve").says("is a link");
        untouched(outside.path(), beside);
        fs::remove_file(story.path(beside)).unwrap();
        let _ = fs::remove_file(story.path("world.ledger.lock"));
    }
}

#[test]
fn a_file_with_a_second_name_or_of_another_user_is_not_ones_own() {
    let (story, outside) = (story(), elsewhere());
    story.apply();
    for name in ["ledger.json", "ledger.journal", "ledger.lock", "ledger.key"] {
        let (path, other) = (story.path(&format!(".telform/{name}")), story.path(&format!("other-{name}")));
        fs::hard_link(&path, &other).unwrap();
        let ran = story.expect(1, "apply --auto-approve --rewrite-secret providers.one.auth_token");
        ran.says("has 2 names (hard links)");
        fs::remove_file(&other).unwrap();
        // Only root may give a file away. Root itself may use files of the folder's owner.
        if std::os::unix::fs::chown(&path, Some(12_345), None).is_err() {
            continue;
        }
        story.expect(1, "apply --auto-approve").says("belongs to another user (uid 12345)");
        let owner = fs::metadata(story.dir.path()).unwrap().uid();
        std::os::unix::fs::chown(story.dir.path(), Some(12_345), None).unwrap();
        story.expect(0, "plan");
        std::os::unix::fs::chown(story.dir.path(), Some(owner), None).unwrap();
        std::os::unix::fs::chown(&path, Some(owner), None).unwrap();
    }
    story.apply();
    untouched(outside.path(), "another user");
}

/// Whatever mode a file was created with, telform's own files are only for their owner once telform has written them.
#[test]
fn the_umask_counts_for_whatever_is_written() {
    let modes = |story: &Story, umask: &str, lines: &[&str]| {
        for line in lines {
            let telform = story.command("");
            let mut command = Command::new("sh");
            command.args(["-c", &format!("umask {umask}; exec \"$0\" {line}")]).arg(telform.get_program());
            command.env_clear().current_dir(story.dir.path());
            command.envs(telform.get_envs().filter_map(|(name, value)| Some((name, value?))));
            let ran = story.ran(line, &command.output().unwrap());
            assert_eq!(ran.code, 0, "{line}: {}", ran.whole());
        }
    };
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
    let story = story();
    let lines = [
        "plan --out plan.json --snapshot-out snapshot --format json=j --format html=h --format markdown=m",
        "apply --auto-approve",
        "ledger rekey",
        "man --out pages",
        "apply --auto-approve --rewrite-secret providers.one.auth_token",
    ];
    modes(&story, "077", &lines);
    modes(&story, "077", &["ledger rebuild --replace"]);
    // A file that is replaced, or says the same already, is as private as one that is new.
    let outputs = ["plan.json", "snapshot", "j", "h", "m"];
    for (content, mode) in [("old", 0o644), ("old", 0o666), ("same", 0o644)] {
        for name in outputs {
            if content == "old" {
                story.file(name, content);
            }
            fs::set_permissions(story.path(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        let page = story.path("pages/telform-plan.1");
        fs::set_permissions(page, fs::Permissions::from_mode(mode)).unwrap();
        modes(&story, "077", &[lines[0], lines[3]]);
    }
    let own = fs::metadata(story.path("telform.yaml")).unwrap().ino();
    let mut seen = 0;
    let mut folders = vec![story.dir.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let (path, about) = (entry.path(), entry.metadata().unwrap());
            if about.is_dir() {
                folders.push(path);
            } else if about.ino() != own {
                assert_eq!(mode(&path), 0o600, "{}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 15, "{seen} files");
    // And whatever the umask, telform's own files are only for their owner.
    let story = self::story();
    modes(&story, "000", &["apply --auto-approve"]);
    for name in ["ledger.json", "ledger.journal", "ledger.key", "ledger.lock"] {
        assert_eq!(mode(&story.path(&format!(".telform/{name}"))), 0o600, "{name}");
    }
    assert_eq!(mode(&story.path(".telform")), 0o700);
    // A checkout may contain them readable for everyone.
    for name in ["ledger.json", "ledger.journal", "ledger.lock"] {
        let path = story.path(&format!(".telform/{name}"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    }
    modes(&story, "022", &["apply --auto-approve --rewrite-secret providers.one.auth_token"]);
    for name in ["ledger.json", "ledger.journal", "ledger.lock"] {
        assert_eq!(mode(&story.path(&format!(".telform/{name}"))), 0o600, "{name}");
    }
}

/// `-f` may name a link. A file that is found may not lead out of the folder that is read.
#[test]
fn configuration_that_was_found_is_not_read_out_of_its_folder() {
    let (story, outside) = (story(), elsewhere());
    let real = story.read("telform.yaml");
    fs::write(outside.path().join("telform.yaml"), &real).unwrap();
    fs::create_dir(outside.path().join("folder")).unwrap();
    fs::write(outside.path().join("folder/a.yaml"), &real).unwrap();
    fs::remove_file(story.path("telform.yaml")).unwrap();
    let refused = |link: &str, options: &str, target: &str| {
        let target = outside.path().join(target);
        symlink(&target, story.path(link)).unwrap();
        for command in ["validate", "plan", "apply --auto-approve"] {
            let ran = story.expect(1, &format!("{command}{options}"));
            ran.says("error[telform::file::link]").says("a link leads out of the folder that is read");
            ran.is_silent_about("precious");
            assert!(ran.stderr.starts_with(&format!("{link}: error[")), "{}", ran.whole());
        }
        let named = story.run(&format!("validate -f {link}"));
        fs::remove_file(story.path(link)).unwrap();
        named
    };
    assert_eq!(refused("telform.yaml", "", "telform.yaml").code, 0, "it was named");
    assert_eq!(refused("telform", "", "folder").code, 0, "it was named");
    assert_eq!(refused("telform.yaml", "", "victim").code, 1);
    fs::create_dir(story.path("envs")).unwrap();
    story.file("envs/main.yaml", &real);
    refused("envs/more.yaml", " -f envs", "telform.yaml");
    refused("envs/more", " -f envs", "folder");
    refused("envs/up", " -f envs", "..");
    // Within the folder a link is as good as a file, and is read once.
    symlink("main.yaml", story.path("envs/same.yaml")).unwrap();
    story.expect(0, "validate -f envs");
    symlink("envs", story.path("current")).unwrap();
    story.expect(0, "validate -f current");
    assert_eq!(story.writes(), [""; 0]);
}

/// What a reviewer reads as `secrets/token` is that file.
#[test]
fn a_secret_file_is_no_link_out_of_its_folder() {
    let (story, outside) = (story(), elsewhere());
    fs::write(outside.path().join("token"), "outside-token").unwrap();
    fs::create_dir(outside.path().join("folder")).unwrap();
    fs::write(outside.path().join("folder/token"), "outside-token").unwrap();
    fs::create_dir(story.path("secrets")).unwrap();
    story.file("secrets/real", "inside-token");
    let folder = outside.path().display().to_string();
    symlink(outside.path().join("token"), story.path("secrets/far")).unwrap();
    symlink("real", story.path("secrets/near")).unwrap();
    symlink(outside.path().join("folder"), story.path("linked")).unwrap();
    symlink("../token", outside.path().join("folder/up")).unwrap();
    for (file, good) in [
        ("secrets/real".to_owned(), true),
        ("secrets/near".to_owned(), true),
        ("secrets/far".to_owned(), false),
        ("linked/token".to_owned(), false),
        (format!("{folder}/token"), true),
        (format!("{folder}/folder/up"), false),
    ] {
        for token in [true, false] {
            let (token, one) = match token {
                true => (format!("{{ file: {file} }}"), "{ env: ONE }".to_owned()),
                false => ("{ env: UNPOD_TOKEN }".to_owned(), format!("{{ file: {file} }}")),
            };
            let yaml =
                "version: 1\naccounts: { unpod: { api: unpod, base_url: \"URL\", org_handle: acme.example, token: TOKEN } }\n";
            let yaml = yaml.replace("URL", &story.sandbox.unpod_url()).replace("TOKEN", &token);
            story.file("telform.yaml", &(yaml + &BODY.replace("{ env: ONE }", &one)));
            // The token is none of this service.
            let commands: &[&str] = if good && token.contains("file") { &["validate"] } else { &["validate", "plan"] };
            for command in commands {
                let ran = story.run(command);
                assert_eq!(ran.code == 0, good, "{file}: {}", ran.whole());
                if !good {
                    ran.says("error[telform::secret::refused]").says("a link leads out of its folder");
                }
            }
        }
    }
    // A folder that the user names, he may have linked.
    story.unpod(&BODY.replace("{ env: ONE }", "{ file: linked/token }"));
    story.expect(0, "plan --secret-env UNPOD_TOKEN --secret-dir linked");
}

/// A file that was read by mistake is not ours to show.
#[test]
fn nothing_is_quoted_of_a_file_that_is_no_map() {
    let story = story();
    for (name, text) in [
        ("shadow", "root:*:19000:0:99999:7:::\nprecious:$6$precious:19000:0:99999:7:::\n"),
        ("ini", "[default]\nkey = precious\n"),
        ("list", "- precious\n- other: precious\n"),
        ("pem", "-----BEGIN PRECIOUS KEY-----\nProc-Type: 4,precious\n\nprecious==\n"),
        ("text", "precious\n"),
        ("two", "version: 1\n---\nprecious: [\n---\n"),
        ("json", "\"precious\"\n"),
        ("tag", "!precious precious\n"),
        ("alias", "*precious\n"),
        ("anchor", "&precious precious\n"),
        ("tab", "\tprecious: x\n"),
    ] {
        story.file(name, text);
        for options in ["", " --json", " --format github", " --format gitlab"] {
            let ran = story.expect(1, &format!("validate -f {name}{options}"));
            if name != "two" {
                ran.is_silent_about("precious");
            }
        }
        story.expect(1, &format!("plan -f {name}"));
        for args in ["plan --sandbox", "sandbox", "show", "apply", "verify", "plan --snapshot", "rehearse --fault"] {
            let ran = story.run(&format!("{args} {name}"));
            if name != "two" {
                ran.is_silent_about("precious");
            }
            assert_ne!(ran.code, 0, "{args} {name}");
        }
    }
    // One of ours is quoted, wherever it breaks.
    story.file("ours", "version: 1\nproviders: [\n");
    story.expect(1, "validate -f ours").says("providers: [");
}

/// Every option and every file that names an input.
#[test]
fn no_input_is_waited_for() {
    let story = story();
    story.apply();
    story.file("world.yaml", "{}\n");
    pipe(&story.path("pipe"));
    let socket = std::os::unix::net::UnixListener::bind(story.path("socket")).unwrap();
    let run = |args: &str| {
        let mut command = story.command(args);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        ends(&story, command.spawn().unwrap(), args)
    };
    for args in [
        "validate -f pipe",
        "plan -f pipe",
        "plan -f socket",
        "plan --sandbox pipe",
        "sandbox pipe",
        "sandbox socket",
        "plan --snapshot pipe",
        "show pipe",
        "show socket",
        "apply pipe",
        "rehearse pipe",
        "rehearse --fault pipe",
        "verify pipe",
        "plan --ledger pipe",
        "ledger list --ledger pipe",
        "ledger rekey --new-key-file pipe",
        "explain providers.one --snapshot pipe",
    ] {
        let ran = run(args);
        assert_eq!(ran.code, 1, "{args}: {}", ran.whole());
        let what = if args.contains("socket") { "a socket" } else { "a named pipe" };
        ran.says(&format!("it is {what} and not a regular file"));
    }
    // Those that the user did not name.
    for name in [
        ".telform/ledger.json",
        ".telform/ledger.journal",
        ".telform/ledger.lock",
        ".telform/ledger.key",
        "world.state.yaml",
        "telform.yaml",
    ] {
        let (path, kept) = (story.path(name), story.path("kept"));
        let there = fs::rename(&path, &kept).is_ok();
        pipe(&path);
        let args = if name.starts_with("world") { "apply --auto-approve --sandbox world.yaml" } else { "apply --auto-approve" };
        let ran = run(args);
        assert_eq!(ran.code, 1, "{name}: {}", ran.whole());
        ran.says("it is a named pipe and not a regular file");
        fs::remove_file(&path).unwrap();
        if there {
            fs::rename(&kept, &path).unwrap();
        }
    }
    for (source, body) in [
        ("the secret", BODY.replace("{ env: ONE }", "{ file: pipe }")),
        ("a value in a map", BODY.replace("{ env: ONE }", "{ file: socket }")),
    ] {
        story.unpod(&body);
        let ran = run("plan");
        assert_eq!(ran.code, 1, "{source}: {}", ran.whole());
        ran.says("error[telform::secret::unusable]").says("and not a regular file");
    }
    story.unpod(BODY);
    let yaml = story.read("telform.yaml");
    story.file("telform.yaml", &yaml.replace("{ env: UNPOD_TOKEN }", "{ file: pipe }"));
    let ran = run("plan");
    assert_eq!(ran.code, 1, "{}", ran.whole());
    ran.says("the token of the account `unpod` cannot be read (file pipe): it is a named pipe");
    fs::create_dir(story.path("telform")).unwrap();
    fs::rename(story.path("pipe"), story.path("telform/a.yaml")).unwrap();
    let ran = run("validate -f telform");
    ran.says("telform/a.yaml: error[telform::file::unreadable]").says("a named pipe");
    drop(socket);
}

/// An output that is a link: nothing is written to its target, and the message says what to do.
#[test]
fn no_output_is_written_through_a_link() {
    let (story, outside) = (story(), elsewhere());
    let links = ["out.json", "out.md", "snapshot", "telform.1"];
    for target in ["victim", "fresh"] {
        for link in links {
            let _ = fs::remove_file(story.path(link));
            symlink(outside.path().join(target), story.path(link)).unwrap();
        }
        for args in ["plan --out out.json", "plan --format markdown=out.md", "plan --snapshot-out snapshot", "man --out ."] {
            let ran = story.expect(1, args);
            ran.says("error[telform::file::write]").says("is a link, and telform follows no link there");
            ran.says("remove the link, or name the file that it leads to");
            untouched(outside.path(), args);
        }
    }
    for link in links {
        assert!(fs::symlink_metadata(story.path(link)).unwrap().is_symlink(), "{link}");
    }
    // What `init` writes or adds to.
    for (link, target) in [
        (".gitignore", "victim"),
        (".gitattributes", "fresh"),
        (".telform", ""),
        ("telform.yaml", "fresh"),
        ("world.yaml", "fresh"),
    ] {
        let new = Story::new(WORLD);
        symlink(outside.path().join(target), new.path(link)).unwrap();
        let ran = new.expect(1, "init --quickstart");
        assert!(ran.stderr.contains("is a link") || ran.stderr.contains("exists already"), "{}", ran.whole());
        untouched(outside.path(), link);
    }
}
