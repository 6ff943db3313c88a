//! The watch over every run: no secret anywhere, nothing that steers a terminal or a CI runner, no panic.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::bench::{Ran, Story};
use crate::runners;

/// Appears in texts of stories wherever a text may begin a line.
pub(crate) const MARK: &str = "QQ7";

impl Story {
    /// Collects the current secrets: those in the environment, and those of the services.
    pub(crate) fn note_secrets(&self) {
        let mut secrets = self.secrets.lock().unwrap();
        secrets.extend(self.env.values().cloned());
        collect_secrets(&self.world(), &mut secrets);
        // A value of a few letters would be found everywhere.
        secrets.retain(|secret| secret.len() >= 6);
    }

    /// No run may show a secret, the key of the fingerprints, a character that steers a terminal, or a line that a CI runner
    /// carries out; and none may panic.
    pub(crate) fn look_over(&self, args: &str, ran: &Ran) {
        self.note_secrets();
        let mut files = Vec::new();
        text_files(self.dir.path(), &mut files);
        let mut keys = Vec::new();
        for path in files.iter().filter(|path| path.extension().is_some_and(|it| it == "key")) {
            keys.push(fs::read_to_string(path).unwrap().trim().to_owned());
        }
        let mut places =
            vec![("standard output".to_owned(), ran.stdout.clone()), ("standard error".to_owned(), ran.stderr.clone())];
        for path in files.iter().filter(|path| !holds_secrets(path)) {
            places.push((path.display().to_string(), String::from_utf8_lossy(&fs::read(path).unwrap()).into()));
        }
        for (place, text) in &places {
            for secret in self.secrets.lock().unwrap().iter() {
                assert!(!text.contains(secret.as_str()), "telform {args}: {secret} stands in {place}:\n{text}");
            }
            for key in keys.iter().filter(|_| !place.ends_with(".key")) {
                assert!(!text.contains(key.as_str()), "telform {args}: the key stands in {place}");
            }
        }
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains("panicked at"), "telform {args}: {text}");
            // The program's own report of a panic, where no story asked for one.
            let asked = self.settings.contains_key("TELFORM_DEBUG_PANIC");
            let reports = ["error[telform::bug]", "\"may_have_written\":"];
            let reported = reports.iter().any(|report| text.contains(report));
            assert!(asked || !reported, "telform {args}: {text}");
            // One format consists of commands; the test of that format checks that they are ours.
            let commands = runners::commands(text);
            assert!(args.contains("github") || commands.is_empty(), "telform {args}: {commands:#?}\n{text}");
            let begun = runners::begun(text, MARK);
            assert!(begun.is_empty(), "telform {args}: {begun:#?}\n{text}");
            let steers = |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
            // Colours were asked for where they are there.
            let shown = if args.contains("--color always") { runners::plain(text) } else { text.clone() };
            assert!(!shown.contains(steers), "telform {args}: {text:?}");
        }
        // A run that was killed prints no last line.
        if args.split_whitespace().any(|word| word == "--json") && ran.code >= 0 {
            crate::machine::look_over(args, ran);
        }
    }
}

/// Files that are there to hold secrets: what the user wrote, and the simulator's own state.
fn holds_secrets(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    name.starts_with("secret") || folder.starts_with("secret") || name.ends_with(".state.yaml") || name == "world.yaml"
}

fn text_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // The target of a link is checked at its own path, or does not belong to this story.
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            text_files(&path, found)
        } else if path.is_file() {
            // Pipes and devices hold nothing, and to read one may wait for ever.
            found.push(path)
        }
    }
}

fn collect_secrets(value: &Value, found: &mut BTreeSet<String>) {
    const KEYS: [&str; 6] = ["auth_token", "api_key", "api_secret", "password", "token", "tokens"];
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                match inner {
                    Value::String(text) if KEYS.contains(&key.as_str()) => drop(found.insert(text.clone())),
                    Value::Array(items) if KEYS.contains(&key.as_str()) => {
                        found.extend(items.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    other => collect_secrets(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_secrets(item, found)),
        _ => {}
    }
}
