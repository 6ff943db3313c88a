//! Keys as people have them, and `ssh-keygen` as an independent verifier.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use telform::model::value::Secret;
use telform::signature::{SigningKeyError, StoredKey};

use crate::bench::Story;
use crate::partners::{west, world_with_west};

/// What opens the keys that have a passphrase.
pub(crate) const PASSPHRASE: &str = "canary passphrase of a key ";

/// A plan with one write.
pub(crate) fn partner() -> Story {
    let story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west("    address1: New Street 2\n"));
    story
}

/// Runs an OpenSSH tool in a folder; returns whether it succeeded, and its output.
pub(crate) fn ssh(folder: &Path, program: &str, args: &[&str], input: &[u8]) -> (bool, String) {
    use std::io::Write;
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).env_remove("SSH_AUTH_SOCK");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}; openssh-client has it"));
    // A tool that reads only part of it has already decided.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// Makes a key in the story's folder: `keys/NAME` and `keys/NAME.pub`.
pub(crate) fn key(story: &Story, name: &str, sort: &[&str], passphrase: &str) -> PathBuf {
    fs::create_dir_all(story.path("keys")).unwrap();
    let file = format!("keys/{name}");
    let comment = format!("{name}@desk");
    let args = [&["-q", "-N", passphrase, "-C", &comment, "-f", &file], sort].concat();
    loop {
        let (made, said) = ssh(story.dir.path(), "ssh-keygen", &args, b"");
        assert!(made, "{said}");
        // One ECDSA key in 256 cannot be read from its file; which one it is must not be left to chance.
        match StoredKey::read(&Secret::new(story.read(&file).as_str())) {
            Err(SigningKeyError::Unread) => ["", ".pub"].map(|end| fs::remove_file(story.path(&(file.clone() + end))).unwrap()),
            _ => return story.path(&file),
        };
    }
}

/// An Ed25519 key without a passphrase.
pub(crate) fn simple(story: &Story, name: &str) -> PathBuf {
    key(story, name, &["-t", "ed25519"], "")
}

/// The public half of a key.
pub(crate) fn public(story: &Story, name: &str) -> String {
    let text = story.read(&format!("keys/{name}.pub"));
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// A line of allowed signers: `NAME@example.com OPTIONS KEY`.
pub(crate) fn signer(story: &Story, name: &str, options: &str) -> String {
    let gap = if options.is_empty() { "" } else { " " };
    format!("{name}@example.com {options}{gap}{}\n", public(story, name))
}

/// `allowed_signers` with these, without options.
pub(crate) fn allow(story: &Story, names: &[&str]) {
    let lines: String = names.iter().map(|name| signer(story, name, "")).collect();
    story.file("allowed_signers", &lines);
}

/// What `ssh-keygen -Y verify` says about a signature of these bytes.
pub(crate) fn verifies(story: &Story, who: &str, namespace: &str, signature: &str, bytes: &[u8]) -> bool {
    let who = format!("{who}@example.com");
    let args = ["-Y", "verify", "-f", "allowed_signers", "-I", &who, "-n", namespace, "-s", signature];
    ssh(story.dir.path(), "ssh-keygen", &args, bytes).0
}

/// Signs a file with `ssh-keygen`: `FILE.sig`.
pub(crate) fn sign(story: &Story, name: &str, namespace: &str, file: &str) {
    let key = format!("keys/{name}");
    let _ = fs::remove_file(story.path(&format!("{file}.sig")));
    let (signed, said) = ssh(story.dir.path(), "ssh-keygen", &["-q", "-Y", "sign", "-f", &key, "-n", namespace, file], b"");
    assert!(signed, "{said}");
}

/// The name of the only approval of `plan.json`, or of the one that is not among these.
pub(crate) fn approval(story: &Story, besides: &[&str]) -> String {
    let entries = fs::read_dir(story.path("plan.json.approvals")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".json") && !besides.contains(&name.as_str())).collect();
    assert_eq!(names.len(), 1, "{names:?}");
    names.remove(0)
}

/// A plan as a forger writes it: changed text that no digest covers, with a matching checksum.
pub(crate) fn forged(plan: &str) -> String {
    let other = plan.replace("\"telform_version\": \"", "\"telform_version\": \"9");
    assert_ne!(other, plan);
    let mark = "\"checksum\": \"sha256:";
    let at = other.rfind(mark).unwrap() + mark.len();
    telform::document::seal_checksum(format!("{}{}{}", &other[..at], "0".repeat(64), &other[at + 64..]))
}
