//! Sources of secrets, missing ones, and that nothing shows them; and which files are read at all.

use std::fs;
use std::path::{Path, PathBuf};

use telform::config::desired::{self, LoadedConfig};
use telform::config::problem::{Problems, render_problems};
use telform::config::secrets::{self, ResolvedSecrets, SecretAllowances};
use telform::model::ledger::FingerprintKey;
use telform::model::resource::{Address, DesiredValue};
use telform::process::Environment;

const SECRET: &str = "hunter2-the-secret";

fn key() -> FingerprintKey {
    FingerprintKey::from_text("5f0c1e9a7b3d284c6a91e0f7d2b84c3e").unwrap()
}

fn allowing(commands: bool) -> SecretAllowances {
    SecretAllowances { commands: commands.then(|| Environment::from_process(&[])), ..SecretAllowances::default() }
}

/// A configuration with this token and this secret.
fn load(folder: &Path, token: &str, secret: &str) -> LoadedConfig {
    let text = format!(
        "version: 1\naccounts:\n  up:\n    api: unpod\n    org_handle: acme\n    token: {token}\nproviders:\n  a:\n    \
         provider: twilio\n    account_sid: AC\n    auth_token: {secret}\n"
    );
    desired::load_text("telform.yaml", folder, &text).unwrap()
}

fn env(name: &str) -> Option<String> {
    match name {
        "GOOD" | "FINE" => Some(SECRET.to_owned()),
        "SPACE" => Some(format!(" {SECRET}\n")),
        "EMPTY" => Some("  \n".to_owned()),
        "LINES" => Some(format!("{SECRET}\nX: y")),
        "NUL" => Some(format!("{SECRET}\0")),
        "BELL" => Some(format!("{SECRET}\u{7}x")),
        "ACCENT" => Some(format!("{SECRET}é")),
        "LONG" => Some(SECRET.repeat(10_000)),
        _ => None,
    }
}

fn resolve(folder: &Path, token: &str, secret: &str, commands: bool) -> (LoadedConfig, Result<ResolvedSecrets, Problems>) {
    let mut loaded = load(folder, token, secret);
    let resolved = secrets::resolve_secrets(&mut loaded.desired, &env, &allowing(commands), &key());
    let shown = match &resolved {
        Ok(resolved) => format!("{resolved:?}"),
        Err(problems) => format!(
            "{}{}{problems:?}",
            render_problems(problems, false, 80),
            serde_json::to_string(&problems.to_reports()).unwrap()
        ),
    };
    assert!(!shown.contains("hunter2") && !format!("{loaded:?}").contains("hunter2"), "{shown}");
    (loaded, resolved)
}

fn fingerprint_is_there(loaded: &LoadedConfig) -> bool {
    match &loaded.desired.objects[&Address::new("providers", "a")].attributes[&"auth_token"] {
        DesiredValue::Secret(secret) => secret.fingerprint.is_some(),
        DesiredValue::Value(_) => panic!("no secret"),
    }
}

#[test]
fn variables() {
    for name in ["GOOD", "SPACE"] {
        let source = format!("{{ env: {name} }}");
        let (loaded, resolved) = resolve(Path::new(""), &source, "{ env: FINE }", false);
        let resolved = resolved.unwrap();
        assert_eq!(resolved.tokens["up"].reveal(), SECRET);
        assert_eq!(resolved.object_secrets[&(Address::new("providers", "a"), "auth_token".to_owned())].reveal(), SECRET);
        assert!(resolved.missing.is_empty() && fingerprint_is_there(&loaded));
    }
}

#[test]
fn a_missing_secret_is_noted_and_a_missing_token_is_a_problem() {
    for name in ["EMPTY", "UNSET"] {
        let source = format!("{{ env: {name} }}");
        let (loaded, resolved) = resolve(Path::new(""), "{ env: GOOD }", &source, false);
        let missing = resolved.unwrap().missing;
        assert_eq!((missing.len(), missing[0].attribute.as_str()), (1, "auth_token"));
        assert_eq!(missing[0].location.to_string(), "telform.yaml:11:5");
        assert!(!fingerprint_is_there(&loaded));
        let problems = resolve(Path::new(""), &source, "{ env: GOOD }", false).1.unwrap_err();
        let text = problems.to_string();
        assert!(text.starts_with("telform.yaml:6:5: error[telform::secret::missing]: the token of"), "{text}");
        assert!(render_problems(&problems, false, 80).contains(&format!("set the environment variable {name}")));
    }
    let mut loaded = load(Path::new(""), "{ env: UNSET }", "{ env: GOOD }");
    let resolved = secrets::resolve_without_tokens(&mut loaded.desired, &env, &allowing(false), &key()).unwrap();
    assert!(resolved.tokens.is_empty() && resolved.object_secrets.len() == 1);
}

#[test]
fn bad_tokens() {
    for name in ["LINES", "NUL", "BELL", "ACCENT", "LONG"] {
        let problems = resolve(Path::new(""), &format!("{{ env: {name} }}"), "{ env: GOOD }", false).1.unwrap_err();
        let text = problems.to_string();
        assert!(text.contains("telform.yaml:6:5: error[telform::secret::unusable]"), "{text}");
        assert_eq!(problems.len(), 1);
    }
    // Other secrets may have several lines, but no NUL.
    assert!(resolve(Path::new(""), "{ env: GOOD }", "{ env: LINES }", false).1.is_ok());
    assert!(resolve(Path::new(""), "{ env: GOOD }", "{ env: NUL }", false).1.is_err());
}

#[test]
fn files() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good"), format!("{SECRET}\n")).unwrap();
    fs::write(folder.path().join("fine"), SECRET).unwrap();
    fs::write(folder.path().join("large"), SECRET.repeat(5000)).unwrap();
    fs::write(folder.path().join("binary"), [0xff, 0xfe, b'h']).unwrap();
    let (loaded, resolved) = resolve(folder.path(), "{ file: good }", "{ file: ./fine }", false);
    assert_eq!(resolved.unwrap().tokens["up"].reveal(), SECRET);
    assert!(fingerprint_is_there(&loaded));
    let (_, resolved) = resolve(folder.path(), "{ file: good }", "{ file: absent }", false);
    assert_eq!(resolved.unwrap().missing.len(), 1);
    for name in ["large", "binary", "."] {
        let source = format!("{{ file: {name} }}");
        assert!(resolve(folder.path(), &source, "{ env: GOOD }", false).1.is_err(), "{name}");
        assert!(resolve(folder.path(), "{ env: GOOD }", &source, false).1.is_err(), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn commands() {
    let echo = format!("{{ command: [printf, '%s\\nsecond line', {SECRET}] }}");
    let (_, refused) = resolve_quietly(&echo, false);
    let text = render_problems(&refused.unwrap_err(), false, 80);
    assert!(text.contains("--allow-commands"), "{text}");
    let (_, resolved) = resolve_quietly(&echo, true);
    assert_eq!(resolved.unwrap().tokens["up"].reveal(), SECRET);
    // No shell: the words are arguments.
    let (_, resolved) = resolve_quietly("{ command: [echo, '$HOME;', '`id`'] }", true);
    assert_eq!(resolved.unwrap().tokens["up"].reveal(), "$HOME; `id`");
    for source in [
        "{ command: ['false'] }",
        "{ command: [no-such-program-anywhere] }",
        "{ command: [sh, -c, 'echo hunter2 >&2; echo hunter2; exit 3'] }",
        "{ command: [sh, -c, 'yes hunter2'] }",
        "{ command: ['true'] }",
    ] {
        let problems = resolve_quietly(source, true).1.unwrap_err();
        assert!(problems.len() == 1 && !problems.to_string().contains("hunter2"), "{problems}");
    }
    // Standard input is closed: a program that asks gets no answer and does not hang.
    let problems = resolve(Path::new(""), "{ command: [cat] }", "{ env: GOOD }", true).1.unwrap_err();
    assert!(problems.to_string().contains("is empty"));
}

/// The argument of this test's command is its secret, and the arguments of a command are not hidden by `Debug`.
#[cfg(unix)]
fn resolve_quietly(token: &str, commands: bool) -> (LoadedConfig, Result<ResolvedSecrets, Problems>) {
    let mut loaded = load(Path::new(""), token, "{ env: GOOD }");
    let resolved = secrets::resolve_secrets(&mut loaded.desired, &env, &allowing(commands), &key());
    (loaded, resolved)
}

#[cfg(unix)]
#[test]
fn a_source_is_asked_once() {
    let folder = tempfile::tempdir().unwrap();
    let count = folder.path().join("count");
    let source = format!("{{ command: [sh, -c, 'echo x >> \"$0\"; echo s', {:?}] }}", count.to_str().unwrap());
    let text = format!(
        "version: 1\naccounts:\n  a: {{ api: carrierx, token: {source} }}\n  b: {{ api: carrierx, base_url: \"https://b.example\", token: {source} }}\n"
    );
    let mut loaded = desired::load_text("telform.yaml", folder.path(), &text).unwrap();
    assert!(secrets::resolve_secrets(&mut loaded.desired, &env, &allowing(true), &key()).is_ok());
    assert_eq!(fs::read_to_string(count).unwrap(), "x\n");
}

/// `Debug` of a source hides the arguments of its command: it must never be used to distinguish two sources.
#[cfg(unix)]
#[test]
fn two_commands_of_one_program_are_two_sources() {
    let token = "{ command: [printf, '%s', hunter2-token] }";
    let secret = "{ command: [printf, '%s', hunter2-secret] }";
    let mut loaded = load(Path::new(""), token, secret);
    let resolved = secrets::resolve_secrets(&mut loaded.desired, &env, &allowing(true), &key()).unwrap();
    let vault = &resolved.object_secrets[&(Address::new("providers", "a"), "auth_token".to_owned())];
    assert_eq!((resolved.tokens["up"].reveal(), vault.reveal()), ("hunter2-token", "hunter2-secret"));
}

fn codes(here: &Path, sources: &[&str]) -> Vec<String> {
    let sources: Vec<PathBuf> = sources.iter().map(PathBuf::from).collect();
    match desired::load_in(here, &sources) {
        Ok(loaded) => loaded.warnings.iter().map(|it| format!("{} {}", it.location.file, it.code)).collect(),
        Err(problems) => problems.iter().map(|it| format!("{} {}", it.location.file, it.code)).collect(),
    }
}

#[test]
fn which_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    assert_eq!(codes(here, &[]), [" telform::file::none"]);
    assert_eq!(codes(here, &["no.yaml", "nowhere/"]), ["no.yaml telform::file::missing", "nowhere/ telform::file::missing"]);
    fs::create_dir_all(here.join("telform/deep/er")).unwrap();
    assert_eq!(codes(here, &[]), ["telform telform::file::empty_folder"]);
    fs::write(here.join("telform/deep/er/b.yml"), "version: 1\n").unwrap();
    fs::write(here.join("telform/a.yaml"), "ledger: a.json\n").unwrap();
    fs::write(here.join("telform/notes.txt"), "not: [yaml\n").unwrap();
    assert_eq!(codes(here, &[]), Vec::<String>::new());
    // Once, however often it is named.
    assert_eq!(codes(here, &["telform", "telform/a.yaml", "./telform"]), Vec::<String>::new());
    fs::write(here.join("telform.yaml"), "version: 1\n").unwrap();
    assert_eq!(codes(here, &[]), ["telform.yaml telform::file::ambiguous"]);
    assert_eq!(codes(here, &["telform.yaml"]), Vec::<String>::new());
    fs::write(here.join("telform/deep/c.yaml"), "").unwrap();
    assert_eq!(codes(here, &["telform"]), ["telform/deep/c.yaml telform::file::empty"]);
    fs::write(here.join("telform/deep/c.yaml"), "colour: 1\n").unwrap();
    assert_eq!(
        codes(here, &["telform/", "no.yaml"]),
        ["no.yaml telform::file::missing", "telform/deep/c.yaml telform::yaml::unknown_key"]
    );
}

#[cfg(unix)]
#[test]
fn links_that_lead_upwards_end() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("telform")).unwrap();
    fs::write(here.join("telform/a.yaml"), "version: 1\n").unwrap();
    std::os::unix::fs::symlink("..", here.join("telform/up")).unwrap();
    std::os::unix::fs::symlink("nowhere", here.join("telform/broken.yaml")).unwrap();
    let codes = codes(here, &[]);
    assert!(codes.iter().any(|code| code == "telform/up telform::file::link"), "{codes:?}");
    assert!(codes.iter().any(|code| code.contains("broken.yaml telform::file::missing")), "{codes:?}");
    fs::remove_file(here.join("telform/up")).unwrap();
    std::os::unix::fs::symlink(".", here.join("telform/round")).unwrap();
    let codes = self::codes(here, &[]);
    assert!(codes.iter().any(|code| code.ends_with("telform::file::limit")), "{codes:?}");
}
