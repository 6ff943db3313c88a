//! Signed plans and journals: `ssh-keygen` and telform agree about each signature, whichever of them made it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use crate::bench::Story;
use crate::keys::{PASSPHRASE, allow, forged, key, partner, public, sign, signer, simple, ssh, verifies};
#[cfg(target_os = "linux")]
use crate::terminal::Terminal;
use crate::terminal::converse;

const PLAN: &str = "telform-plan";
const JOURNAL: &str = "telform-journal";

/// The sorts of keys: name, how `ssh-keygen` makes one, its passphrase.
const SORTS: [(&str, &[&str], &str); 5] = [
    ("ed", &["-t", "ed25519"], ""),
    ("ec", &["-t", "ecdsa", "-b", "256"], ""),
    ("rsa", &["-t", "rsa", "-b", "2048"], ""),
    ("locked", &["-t", "ed25519", "-a", "1"], PASSPHRASE),
    ("lockedrsa", &["-t", "rsa", "-b", "2048", "-a", "1"], PASSPHRASE),
];

#[test]
fn every_sort_of_key_signs_what_ssh_keygen_verifies() {
    let story = partner().secret("TELFORM_SIGN_PASSPHRASE", PASSPHRASE);
    for (name, sort, passphrase) in SORTS {
        key(&story, name, sort, passphrase);
    }
    allow(&story, &SORTS.map(|(name, ..)| name));
    for (name, ..) in SORTS {
        story.expect(0, &format!("plan --out plan.json --sign keys/{name}"));
        let plan = story.read("plan.json").into_bytes();
        assert!(verifies(&story, name, PLAN, "plan.json.sig", &plan), "{name}");
        assert!(!verifies(&story, name, JOURNAL, "plan.json.sig", &plan), "{name}: of another namespace");
        assert!(!verifies(&story, name, PLAN, "plan.json.sig", b"{}"), "{name}: of other bytes");
        let says = format!("Plan signed by {name}@example.com");
        story.expect(0, "verify plan.json --allowed-signers allowed_signers").says(&says).says("Verified");
        story.expect(0, "show plan.json --allowed-signers allowed_signers").says(&says);
        story.expect(0, "show plan.json").says("Not checked: ");
        let told = story.expect(0, "verify plan.json --json --allowed-signers allowed_signers").json();
        assert_eq!(told["signatures"][0]["by"], format!("{name}@example.com"));
        assert_eq!(story.expect(0, "verify plan.json --json").json()["signatures"][0]["verdict"], "not_checked");
    }
}

#[test]
fn a_compressed_plan_is_signed_reviewed_and_applied_as_the_same_plan() {
    let story = partner();
    key(&story, "ed", &["-t", "ed25519"], "");
    allow(&story, &["ed"]);
    story.expect(0, "plan --out plan.json --snapshot-out live.json");
    story.expect(0, "plan --out plan.json.gz --snapshot-out live.json.gz --sign keys/ed");
    let (plain, packed) = (story.read("plan.json"), fs::read(story.path("plan.json.gz")).unwrap());
    let unpacked = Command::new("gzip").args(["-dc"]).arg(story.path("plan.json.gz")).output().unwrap();
    assert_eq!(String::from_utf8(unpacked.stdout).unwrap(), plain, "gzip reads it");
    assert!(packed.len() * 2 < plain.len());
    story.expect(0, "plan --out plan.json.gz --snapshot live.json.gz --sign keys/ed");
    assert_eq!(fs::read(story.path("plan.json.gz")).unwrap(), packed, "the same bytes");

    assert!(verifies(&story, "ed", PLAN, "plan.json.gz.sig", &packed), "the signature is that of the file");
    assert_eq!(story.expect(0, "show plan.json.gz --format json").stdout, plain);
    story.expect(0, "verify plan.json.gz --allowed-signers allowed_signers").says("Plan signed by ed@").says("Verified");
    story.expect(0, "diff plan.json plan.json.gz");
    story.expect(0, "graph plan.json.gz");
    for at in [packed.len() / 2, packed.len() - 6] {
        let mut changed = packed.clone();
        changed[at] ^= 1;
        fs::write(story.path("changed.gz"), &changed).unwrap();
        fs::write(story.path("short.gz"), &packed[..at]).unwrap();
        for file in ["changed.gz", "short.gz"] {
            story.expect(1, &format!("apply {file} --auto-approve"));
            story.expect(1, &format!("verify {file}"));
        }
    }
    story.expect(0, "approve plan.json.gz --sign keys/ed");
    let ran = story.expect(0, "apply plan.json.gz --auto-approve --approvals 1 --allowed-signers allowed_signers");
    ran.says("Done: 1 write");
}

#[test]
fn what_ssh_keygen_signs_is_accepted() {
    let story = partner();
    for (name, sort, passphrase) in &SORTS[..3] {
        key(&story, name, sort, passphrase);
    }
    allow(&story, &["ed", "ec", "rsa"]);
    story.expect(0, "plan --out plan.json");
    for name in ["ed", "ec", "rsa"] {
        sign(&story, name, PLAN, "plan.json");
        story.expect(0, "verify plan.json --allowed-signers allowed_signers").says(&format!("by {name}@"));
        sign(&story, name, JOURNAL, "plan.json");
        story
            .expect(1, "verify plan.json --allowed-signers allowed_signers")
            .says("telform::signature::namespace")
            .says("NOT verified");
    }
    sign(&story, "rsa", PLAN, "plan.json");
    let ran = story.expect(0, "apply plan.json --auto-approve --allowed-signers allowed_signers");
    ran.says("Plan signed by rsa@example.com").says("Done: 1 write");
    story.expect(0, "journal show").says("plan signed").says("by rsa@example.com");
}

/// An agent that ends with the test.
struct Agent(std::process::Child);

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn an_agent_signs_with_what_it_holds() {
    let story = partner();
    for (name, sort, passphrase) in &SORTS[..4] {
        key(&story, name, sort, passphrase);
    }
    simple(&story, "absent");
    allow(&story, &["ed", "ec", "rsa", "locked", "absent"]);
    let socket = story.path("agent");
    let agent = Command::new("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn();
    let _agent = Agent(agent.expect("openssh-client has it"));
    // The socket exists a moment before the agent listens to it.
    while UnixStream::connect(&socket).is_err() {
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
    let add = |name: &str| {
        let mut command = Command::new("ssh-add");
        command.args(["-q", &format!("keys/{name}")]).current_dir(story.dir.path());
        let added = command.env("SSH_AUTH_SOCK", &socket).stdin(Stdio::null()).status().unwrap();
        assert!(added.success(), "{name}");
    };
    ["ed", "ec", "rsa"].iter().for_each(|name| add(name));
    story.expect(1, "plan --out plan.json --sign keys/ed.pub").says("telform::sign::agent").says("SSH_AUTH_SOCK is not set");
    assert!(!story.path("plan.json").exists(), "nothing is written that could not be signed");
    // The passphrase opens a copy for the agent; the file stays encrypted.
    fs::copy(story.path("keys/locked"), story.path("keys/opened")).unwrap();
    let args = ["-q", "-p", "-P", PASSPHRASE, "-N", "", "-f", "keys/opened"];
    assert!(ssh(story.dir.path(), "ssh-keygen", &args, b"").0);
    add("opened");
    let story = story.setting("SSH_AUTH_SOCK", "agent");
    for file in ["ed.pub", "ec.pub", "rsa.pub", "locked"] {
        let name = file.trim_end_matches(".pub");
        story.expect(0, &format!("plan --out plan.json --sign keys/{file}"));
        let plan = story.read("plan.json").into_bytes();
        assert!(verifies(&story, name, PLAN, "plan.json.sig", &plan), "{file}");
        story.expect(0, "verify plan.json --allowed-signers allowed_signers").says(&format!("by {name}@"));
    }
    let ran = story.expect(1, "plan --out other.json --sign keys/absent.pub");
    ran.says("telform::sign::agent").says("does not hold the key");
    assert!(!story.path("other.json").exists());
    story.expect(0, "apply plan.json --auto-approve --allowed-signers allowed_signers --sign keys/ec.pub");
    story.expect(0, "journal verify --allowed-signers allowed_signers").says("signed by ec@example.com");
}

#[test]
fn a_key_that_is_not_safe_or_no_key_signs_nothing() {
    let story = partner();
    let open = simple(&story, "open");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("open", story.path("keys/link")).unwrap();
    assert!(Command::new("mkfifo").arg(story.path("keys/pipe")).status().unwrap().success());
    key(&story, "locked", &["-t", "ed25519", "-a", "1"], PASSPHRASE);
    key(&story, "old", &["-t", "rsa", "-b", "2048", "-m", "PEM"], "");
    key(&story, "short", &["-t", "rsa", "-b", "1024"], "");
    story.file("keys/text", "hello\n");
    let cases = [
        ("open", "telform::sign::open_key", "chmod 600 keys/open"),
        ("link", "telform::sign::file", "is a link"),
        ("pipe", "telform::sign::file", "not a regular file"),
        ("none", "telform::sign::file", "No such file"),
        ("", "telform::sign::file", "is a directory"),
        ("locked", "telform::sign::passphrase", "TELFORM_SIGN_PASSPHRASE"),
        ("old", "telform::sign::key", "ssh-keygen -p -f keys/old"),
        ("short", "telform::sign::key", "1024 bits"),
        ("text", "telform::sign::key", "neither a private nor a public SSH key"),
        ("open.pub", "telform::sign::agent", "no agent"),
    ];
    story.take_log();
    for (name, code, says) in cases {
        story.expect(1, &format!("plan --out plan.json --sign keys/{name}")).says(code).says(says);
        story.expect(1, &format!("apply --auto-approve --sign keys/{name}")).says(code);
    }
    let story = story.secret("TELFORM_SIGN_PASSPHRASE", "canary another passphrase");
    story.expect(1, "plan --out plan.json --sign keys/locked").says("telform::sign::passphrase").says("the passphrase is wrong");
    assert!(!story.path("plan.json").exists());
    assert_eq!(story.take_log(), [""; 0], "nobody is asked for what cannot be signed");
    story.expect(1, "plan --sign keys/locked").says("--out");
}

/// The passphrase is typed without echo: at most three times, and not at all without a terminal.
#[test]
fn a_passphrase_is_typed_at_a_terminal() {
    let story = partner();
    key(&story, "locked", &["-t", "ed25519", "-a", "1"], PASSPHRASE);
    allow(&story, &["locked"]);
    let command = "plan --out plan.json --sign keys/locked";
    let asks = "Passphrase of keys/locked: ";
    let right = format!("{PASSPHRASE}\n");
    story.take_log();
    let wrong = converse(&story, command, &[(asks, "wrong\n"), (asks, "\n"), (asks, "wrong again\n")]);
    assert_eq!(wrong.code, 1, "{}", wrong.whole());
    wrong.says("telform::sign::passphrase").says("none of the typed");
    assert_eq!(wrong.whole().matches("That passphrase does not open it.").count(), 3);
    wrong.is_silent_about("wrong again").is_silent_about(PASSPHRASE);
    // The end of the input is not a passphrase, either.
    let ended = converse(&story, command, &[(asks, "wrong\n"), (asks, "\u{4}")]);
    assert_eq!(ended.code, 1, "{}", ended.whole());
    assert!(!story.path("plan.json").exists());
    assert_eq!(story.take_log(), [""; 0], "nobody is asked for what cannot be signed");
    // Typing errors can be corrected.
    let corrected = format!("no\u{15}x\u{7f}{right}");
    let ran = converse(&story, command, &[(asks, "wrong\n"), (asks, &corrected)]);
    assert_eq!(ran.code, 0, "{}", ran.whole());
    ran.is_silent_about(PASSPHRASE);
    let plan = story.read("plan.json").into_bytes();
    assert!(verifies(&story, "locked", PLAN, "plan.json.sig", &plan));
    // No terminal.
    fs::remove_file(story.path("plan.json")).unwrap();
    story.expect(1, command).says("telform::sign::passphrase").says("telform cannot ask for it here");
    assert!(!story.path("plan.json").exists());
}

/// Ctrl-C at the question ends it: nothing is written, and the terminal shows again what is typed.
#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_at_the_passphrase_leaves_the_terminal_as_it_was() {
    let story = partner();
    key(&story, "locked", &["-t", "ed25519", "-a", "1"], PASSPHRASE);
    story.take_log();
    let mut terminal = Terminal::sized(80);
    assert!(terminal.echoes());
    let mut child = terminal.runs(&story, "plan --out plan.json --sign keys/locked");
    assert!(terminal.until(|text| text.ends_with("Passphrase of keys/locked: ")), "{}", terminal.text());
    while terminal.echoes() {
        std::thread::yield_now();
    }
    terminal.types("half a passphrase\u{3}");
    terminal.until(|_| false);
    let ended = child.wait().unwrap();
    assert_eq!(ended.code(), Some(130), "{}", terminal.text());
    assert!(terminal.echoes());
    assert!(!terminal.text().contains("half a passphrase"), "{}", terminal.text());
    assert!(!story.path("plan.json").exists());
    assert_eq!(story.take_log(), [""; 0]);
}

/// Both read the same files of allowed signers, and come to the same verdict.
#[test]
fn allowed_signers_mean_what_ssh_keygen_makes_of_them() {
    let story = partner();
    simple(&story, "ann");
    simple(&story, "other");
    story.expect(0, "plan --out plan.json --sign keys/ann");
    let plan = story.read("plan.json").into_bytes();
    let (ann, other) = (public(&story, "ann"), public(&story, "other"));
    let good = [
        format!("ann@example.com {ann}"),
        format!("# comment\n\n  ann@example.com\t{ann} a comment"),
        format!("*@example.com {ann}"),
        format!("x@example.com,ann@example.com {ann}"),
        format!("\"ann@example.com\" {ann}"),
        format!("ann@example.com namespaces=\"telform-plan\" {ann}"),
        format!("ann@example.com namespaces=\"git,telform-*\" {ann}"),
        format!("ann@example.com NameSpaces=\"telform-plan\",valid-after=\"20200101\" {ann}"),
        format!("ann@example.com valid-after=\"20200101Z\",valid-before=\"20991231235959Z\" {ann}"),
        format!("ann@example.com valid-before=\"209912312359\" {ann}"),
        format!("ann@example.com valid-before=\"20200101\" {ann}\nann@example.com {ann}"),
        format!("bob@example.com {other}\nann@example.com {ann}"),
    ];
    let bad = [
        (format!("ann@example.com {other}"), "telform::signature::unknown_signer"),
        (format!("ann@example.com namespaces=\"telform-approval\" {ann}"), "telform::signature::unknown_signer"),
        (format!("ann@example.com namespaces=\"!telform-plan,*\" {ann}"), "telform::signature::unknown_signer"),
        (format!("ann@example.com namespaces=\"TELFORM-PLAN\" {ann}"), "telform::signature::unknown_signer"),
        (format!("ann@example.com valid-after=\"20990101\" {ann}"), "telform::signature::key_expired"),
        (format!("ann@example.com valid-before=\"20200101\" {ann}"), "telform::signature::key_expired"),
        (format!("ann@example.com valid-before=\"20200101000000Z\" {ann}"), "telform::signature::key_expired"),
        (format!("ann@example.com cert-authority {ann}"), "cert-authority"),
        (format!("ann@example.com valid-before=\"soon\" {ann}"), "is not a time"),
        (format!("ann@example.com namespaces=telform-plan {ann}"), "double quotes"),
        (format!("ann@example.com novelty {ann}"), "the option `novelty` is not known here"),
        (
            format!("ann@example.com valid-after=\"20300101\",valid-before=\"20200101\" {ann}"),
            "valid-before is not after valid-after",
        ),
        ("ann@example.com ssh-ed25519 AAAA".to_owned(), "line 1"),
        (String::new(), "no line of the file names a signer"),
    ];
    for lines in good {
        story.file("allowed_signers", &format!("{lines}\n"));
        assert!(verifies(&story, "ann", PLAN, "plan.json.sig", &plan), "{lines}");
        story.expect(0, "verify plan.json --allowed-signers allowed_signers").says("Verified");
    }
    for (lines, says) in bad {
        story.file("allowed_signers", &format!("{lines}\n"));
        assert!(!verifies(&story, "ann", PLAN, "plan.json.sig", &plan), "{lines}");
        story.expect(1, "verify plan.json --allowed-signers allowed_signers").says(says);
        let ran = story.run("apply plan.json --auto-approve --allowed-signers allowed_signers");
        assert!(matches!(ran.code, 1 | 3), "{}", ran.whole());
        ran.says(says);
    }
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn only_a_plan_that_an_allowed_signer_signed_is_applied_where_that_is_demanded() {
    let story = partner();
    simple(&story, "ann");
    simple(&story, "mallory");
    allow(&story, &["ann"]);
    let apply = "apply plan.json --auto-approve --allowed-signers allowed_signers";
    story.expect(0, "plan --out plan.json");
    story.expect(3, apply).says("telform::signature::missing");
    story.expect(1, "verify plan.json --allowed-signers allowed_signers").says("telform::signature::missing");
    sign(&story, "mallory", PLAN, "plan.json");
    story.expect(3, apply).says("telform::signature::unknown_signer");
    story.expect(3, &format!("{apply} --json")).says("\"code\":\"telform::signature::unknown_signer\"");
    sign(&story, "ann", JOURNAL, "plan.json");
    story.expect(3, apply).says("telform::signature::namespace");
    story.file("plan.json.sig", "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n");
    story.expect(3, apply).says("telform::signature::damaged");
    sign(&story, "ann", PLAN, "plan.json");
    let signature = story.read("plan.json.sig");
    // A forger who makes the checksum anew.
    let plan = story.read("plan.json");
    let forged = forged(&plan);
    assert_ne!(forged, plan);
    story.file("plan.json", &forged);
    story.expect(3, apply).says("telform::signature::altered");
    story.expect(1, "show plan.json --allowed-signers nowhere").says("telform::signature::signers");
    story.file("plan.json", &plan);
    // A command that does not accept a saved plan does not run with this option, and neither does a fresh plan.
    story.expect(3, "apply --auto-approve --allowed-signers allowed_signers").says("telform::approval::no_plan");
    let story = story.setting("TELFORM_ALLOWED_SIGNERS", "allowed_signers");
    for command in ["apply --auto-approve", "resume --auto-approve", "undo last --auto-approve"] {
        story.expect(3, command).says("telform::approval::no_plan");
    }
    assert_eq!(story.writes(), [""; 0]);
    assert_eq!(story.read("plan.json.sig"), signature);
    story.expect(0, "apply plan.json --auto-approve").says("Plan signed by ann@example.com");
}

/// The journal, the line that holds the last signature, and the text before it.
fn last_signature(story: &Story) -> (String, Vec<u8>) {
    let journal = story.read(".telform/ledger.journal");
    let (before, last) = journal.trim_end().rsplit_once('\n').unwrap();
    let line: serde_json::Value = serde_json::from_str(last).unwrap();
    let signature = line["record"]["signature"].as_str().unwrap().to_owned();
    (signature, format!("{before}\n").into_bytes())
}

#[test]
fn each_receipt_signs_the_journal_so_far() {
    let story = partner();
    simple(&story, "ci");
    simple(&story, "ann");
    allow(&story, &["ci", "ann"]);
    story.expect(0, "apply --auto-approve --sign keys/ci").says("Done: 1 write");
    let (signature, bytes) = last_signature(&story);
    story.file("head.sig", &signature);
    assert!(verifies(&story, "ci", JOURNAL, "head.sig", &bytes));
    let verify = "journal verify --allowed-signers allowed_signers";
    let ran = story.expect(0, verify);
    ran.says("Lines 1 to 4 signed by ci@example.com").says("Verified");
    story.expect(0, "journal verify").says("Not checked: ");
    story.expect(0, "verify .telform/ledger.journal --allowed-signers allowed_signers").says("signed by ci@example.com");
    // An unsigned run comes after the last signature.
    story.carrierx(&crate::partners::west("    address1: New Street 3\n"));
    story.apply();
    story.expect(0, "journal verify");
    story.expect(1, verify).says("telform::signature::missing").says("after the last signature");
    story.expect(1, "verify .telform/ledger.journal --allowed-signers allowed_signers").says("NOT verified");
    // The next signature covers it.
    story.carrierx(&crate::partners::west("    address1: New Street 4\n"));
    story.expect(0, "apply --auto-approve --sign keys/ann");
    let told = story.expect(0, &format!("{verify} --json")).json();
    let who: Vec<_> = told["signatures"].as_array().unwrap().iter().map(|it| it["by"].clone()).collect();
    assert_eq!(who, ["ci@example.com", "ann@example.com"]);
    let (signature, bytes) = last_signature(&story);
    story.file("head.sig", &signature);
    assert!(verifies(&story, "ann", JOURNAL, "head.sig", &bytes));
    story.expect(0, "undo last --auto-approve --sign keys/ci");
    story.expect(0, verify);
    story.expect(0, "journal show").says("signed").says("with SHA256:");
    // A key that was removed from the file is no longer valid; an expired one was valid in its period.
    story.file("allowed_signers", &signer(&story, "ci", ""));
    story.expect(1, verify).says("telform::signature::unknown_signer");
    let over = signer(&story, "ann", "valid-before=\"20200101\"") + &signer(&story, "ci", "");
    story.file("allowed_signers", &over);
    story.expect(1, verify).says("telform::signature::key_expired");
}

/// Someone with write access to journal and ledger can recompute every hash, but no signature.
#[test]
fn a_journal_that_was_written_anew_has_no_signature_that_fits() {
    let story = partner();
    simple(&story, "ci");
    allow(&story, &["ci"]);
    story.expect(0, "apply --auto-approve --sign keys/ci");
    let journal = story.read(".telform/ledger.journal");
    let ledger = story.read(".telform/ledger.json");
    let lines: Vec<serde_json::Value> = journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // The forger here also has the fingerprint key.
    let key = telform::model::ledger::FingerprintKey::from_text(&story.read(".telform/ledger.key")).unwrap();
    let anew = |change: &dyn Fn(usize, &mut telform::state::journal::JournalRecord), keep: usize| {
        let mut head = telform::state::journal::JournalHead::default();
        let mut text = String::new();
        for (index, line) in lines.iter().take(keep).enumerate() {
            let mut record = serde_json::from_value(line["record"].clone()).unwrap();
            change(index, &mut record);
            let part = |name: &str| line[name].as_str().unwrap().to_owned();
            let saved = line.get("ledger").map(|it| serde_json::from_value(it.clone()).unwrap());
            let (at, run) = (part("at"), part("run"));
            let (written, next) = telform::state::journal::bound_line(&head, (&at, &run), &record, saved.as_ref(), Some(&key));
            text.push_str(&written);
            head = next;
        }
        let mut kept: serde_json::Value = serde_json::from_str(&ledger).unwrap();
        kept["journal"] = serde_json::to_value(head).unwrap();
        story.file(".telform/ledger.journal", &text);
        story.file(".telform/ledger.json", &serde_json::to_string(&kept).unwrap());
    };
    let verify = "journal verify --allowed-signers allowed_signers";
    anew(&|_, _| {}, lines.len());
    assert_eq!(story.read(".telform/ledger.journal"), journal, "the same, written anew");
    story.expect(0, verify);
    // Another actor did it.
    let other = |index: usize, record: &mut telform::state::journal::JournalRecord| {
        if let (0, telform::state::journal::JournalRecord::Started(started)) = (index, record) {
            started.actor.user = "somebody else".to_owned();
        }
    };
    anew(&other, lines.len());
    story.expect(1, "journal verify").says("telform::signature::altered");
    story.expect(1, verify).says("telform::signature::altered").says("NOT verified");
    // It is unsigned.
    anew(&other, lines.len() - 1);
    story.expect(0, "journal verify");
    story.expect(1, verify).says("telform::signature::missing").says("no signature is in it");
}

/// Wherever the key of a run lies, the YAML does not send it to a service.
#[test]
fn a_private_key_is_no_secret_of_a_service() {
    let mut story = partner();
    let key = simple(&story, "ci");
    let refused = |story: &Story, source: &str| {
        let yaml = story.read("telform.yaml").replace("{ env: WEST_PASSWORD }", source);
        story.file("other.yaml", &yaml);
        story
            .expect(1, "plan -f other.yaml --allow-commands --rewrite-secret partners.west")
            .says("telform::secret::unusable")
            .says("is a private key");
    };
    refused(&story, "{ file: keys/ci }");
    refused(&story, "{ command: [cat, keys/ci] }");
    // As CI systems hand it over; the bench looks that no line of it is anywhere.
    let text = fs::read_to_string(&key).unwrap();
    fs::remove_file(&key).unwrap();
    story.set("SIGN_KEY", &text);
    refused(&story, "{ env: SIGN_KEY }");
    assert_eq!(story.take_log(), [""; 0]);
}
