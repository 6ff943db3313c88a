//! The tutorial and the guides are true: each page is read, its files are written, its edits are made, its commands are
//! run in order in a clean folder, and their output is compared with the page.
//!
//! The first line of a fence gives its type: `yaml FILE` and `csv FILE` write a file, `diff FILE` edits one, `console` runs the commands
//! after `$` and expects the lines below. Text that differs on every run is compared by its form only.
//! `TELFORM_BLESS=1` writes what was printed into the page.

#![cfg(unix)]

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::volatile::normal;

/// A page, its folder, and the page as it is read so far, with the outputs of today.
struct Walk {
    folder: tempfile::TempDir,
    page: String,
    read: String,
}

/// Runs one page from its beginning to its end.
fn walk(page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    let text = fs::read_to_string(&path).expect("the page");
    let mut walk = Walk { folder: tempfile::tempdir().expect("a folder"), page: page.to_owned(), read: String::new() };
    fs::create_dir(walk.folder.path().join("work")).expect("a folder");
    fs::create_dir(walk.folder.path().join("bin")).expect("a folder");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_telform"), walk.folder.path().join("bin/telform"))
        .expect("a link to the binary");
    let mut lines: VecDeque<&str> = text.lines().collect();
    let mut commands = 0;
    while let Some(line) = lines.pop_front() {
        walk.keep(line);
        let Some(fence) = line.strip_prefix("```") else { continue };
        let mut body = Vec::new();
        loop {
            match lines.pop_front() {
                Some("```") => break,
                Some(line) => body.push(line),
                None => panic!("{page}: a fence is not closed"),
            }
        }
        match fence.split_once(' ').unwrap_or((fence, "")) {
            ("console", "") => commands += walk.console(&body),
            ("diff", file) if !file.is_empty() => walk.edit(file, &body),
            ("yaml" | "csv", file) if !file.is_empty() => walk.write(file, &body),
            // Shown and not run; each page may only have those that need more than the sandbox.
            ("text" | "yaml" | "sh", "") => body.iter().for_each(|line| walk.keep(line)),
            _ => panic!("{page}: nobody knows what to do with a fence of `{fence}`"),
        }
        walk.keep("```");
    }
    assert!(commands > 0, "{page}: no command was run");
    if normal(&walk.read) == normal(&text) {
        return;
    }
    if std::env::var_os("TELFORM_BLESS").is_some() {
        fs::write(&path, &walk.read).expect("the page is rewritten");
        return;
    }
    let (shown, printed) = (normal(&text), normal(&walk.read));
    let diff = similar(&shown, &printed);
    panic!("docs/{page} shows other lines than telform prints (TELFORM_BLESS=1 rewrites them):\n{diff}");
}

/// The first places at which two texts part.
fn similar(shown: &str, printed: &str) -> String {
    let pairs = shown.lines().zip(printed.lines()).enumerate();
    let apart = pairs.filter(|(_, (shown, printed))| shown != printed).take(3);
    apart.map(|(at, (shown, printed))| format!("line {}:\n  page  {shown}\n  today {printed}\n", at + 1)).collect()
}

impl Walk {
    fn keep(&mut self, line: &str) {
        self.read.push_str(line);
        self.read.push('\n');
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("work").join(file)
    }

    fn write(&mut self, file: &str, body: &[&str]) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, body.join("\n") + "\n").expect("a file of the page");
        body.iter().for_each(|line| self.keep(line));
    }

    /// Replaces the lines with ` ` and `-` by those with ` ` and `+`; they must be in the file exactly once.
    fn edit(&mut self, file: &str, body: &[&str]) {
        let take = |signs: [char; 2]| -> String {
            let kept = body.iter().filter(|line| line.starts_with(signs));
            kept.map(|line| format!("{}\n", &line[1..])).collect()
        };
        let text = fs::read_to_string(self.path(file)).expect("the file that is edited");
        let (before, after) = (take([' ', '-']), take([' ', '+']));
        let places = format!("\n{text}").matches(&format!("\n{before}")).count();
        assert_eq!(places, 1, "{}: in {file} these lines stand {places} times:\n{before}\n{text}", self.page);
        fs::write(self.path(file), text.replacen(&before, &after, 1)).expect("the edited file");
        body.iter().for_each(|line| self.keep(line));
    }

    /// Runs the commands after `$`, and keeps their output.
    fn console(&mut self, body: &[&str]) -> usize {
        let mut count = 0;
        let mut lines = body.iter().copied().peekable();
        while let Some(line) = lines.next() {
            let Some(first) = line.strip_prefix("$ ") else {
                assert!(count > 0, "{}: output without a command: {line}", self.page);
                continue;
            };
            self.keep(line);
            let mut command = first.to_owned();
            while command.ends_with('\\') {
                let next = lines.next().expect("the command goes on");
                self.keep(next);
                command = format!("{}\n{next}", command);
            }
            let output = self.run(&command);
            for line in output.lines() {
                self.keep(line);
            }
            count += 1;
        }
        count
    }

    /// Standard output and errors as a terminal would have them; a code other than 0 is a line of its own.
    fn run(&self, command: &str) -> String {
        let output = Command::new("sh")
            .arg("-c")
            .arg(format!("exec 2>&1\n{command}"))
            .current_dir(self.folder.path().join("work"))
            .env_clear()
            .env("PATH", format!("{}/bin:/usr/bin:/bin", self.folder.path().display()))
            .env("HOME", self.folder.path())
            .env("USER", "ada")
            .stdin(Stdio::null())
            .output()
            .expect("a shell");
        let here = fs::canonicalize(self.path(".")).expect("the folder");
        let mut text = String::from_utf8(output.stdout).expect("text");
        text = text.replace(&*here.to_string_lossy(), "/home/ada/phones");
        match output.status.code() {
            Some(0) => {}
            code => text.push_str(&format!("(exit code {})\n", code.unwrap_or(-1))),
        }
        text
    }
}

#[test]
fn the_tutorial_runs_as_it_is_printed() {
    walk("tutorial.md");
}

#[test]
fn the_guides_run_as_they_are_printed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guides");
    let mut pages: Vec<String> = fs::read_dir(folder)
        .expect("the guides")
        .flatten()
        .map(|entry| format!("guides/{}", entry.file_name().to_string_lossy()))
        .collect();
    pages.sort();
    assert!(pages.len() >= 6, "a guide is missing: {pages:?}");
    pages.iter().for_each(|page| walk(page));
}

/// Every page is reached from the first one, and every link leads somewhere.
#[test]
fn the_index_leads_to_every_page() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let index = fs::read_to_string(docs.join("index.md")).expect("the index");
    let links: Vec<&str> = index.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    for link in &links {
        assert!(docs.join(link).is_file(), "docs/index.md leads to {link}, which is not there");
    }
    for guide in fs::read_dir(docs.join("guides")).expect("the guides").flatten() {
        let name = format!("guides/{}", guide.file_name().to_string_lossy());
        assert!(links.contains(&name.as_str()), "docs/index.md does not lead to {name}");
    }
    assert!(links.contains(&"tutorial.md"));
}
