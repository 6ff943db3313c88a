//! What to do after the files are written.

use std::path::PathBuf;

use super::check::AccountCheck;
use super::login::InitAccount;
use super::{ACCOUNTS, ADOPTED, FILE, FOLDER};
use crate::cli::console::Console;
use crate::model::resource::SecretSource;
use crate::output::Initialized;
use crate::output::view::text::wrap_text;
use crate::text::shell_quote;

/// One next step: the command without the options of this one, and what it does.
pub(super) type NextStep<'a> = (String, &'a str);

/// Opens a file in the user's editor, in any shell. Like every file that is written, it is in the folder that `-C` names.
pub(super) fn edit_command(out: &Console, file: &str) -> String {
    let path = out.global.directory.iter().collect::<PathBuf>().join(file);
    format!("${{EDITOR:-vi}} {}", shell_quote(&path.to_string_lossy()))
}

/// The next steps, in order.
pub(super) fn next_steps<'a>(
    out: &Console,
    all: &[(InitAccount, AccountCheck)],
    folder: bool,
    adopted: bool,
) -> Vec<NextStep<'a>> {
    let mut steps: Vec<NextStep<'a>> = Vec::new();
    for (login, checked) in all {
        if let (SecretSource::Env(name), AccountCheck::Not { .. }) = (&login.token, checked) {
            steps.push((format!("export {name}=..."), "the token, which was not checked yet"));
        }
    }
    let accepted = all.iter().all(|(_, checked)| matches!(checked, AccountCheck::Accepted(_)));
    if !accepted {
        steps.push(("telform doctor".to_owned(), "checks the tokens and everything else"));
    }
    let edit = |file: &str| (edit_command(out, file), "the examples in it are comments");
    const PLAN: &str = "shows what would change; sends only GET";
    match (adopted, folder) {
        (true, _) => steps.extend([edit(ACCOUNTS), ("telform plan".to_owned(), PLAN)]),
        (false, true) => steps.extend([
            (format!("telform adopt --all --out {FOLDER}"), "manages what exists already"),
            edit(ACCOUNTS),
            ("telform plan".to_owned(), PLAN),
        ]),
        // Without the folder a plan would delete what was just adopted.
        (false, false) => steps.extend([
            edit(FILE),
            ("telform plan".to_owned(), PLAN),
            (format!("telform adopt --all --out {ADOPTED}"), "writes YAML for what exists already, and manages it"),
            (format!("telform plan -f {FILE} -f {ADOPTED}"), "from then on, so that both are read"),
        ]),
    }
    steps
}

/// The files that were written, for programs; for people, who already saw each file, the steps in two columns, or below each
/// other where a command is too long.
pub(super) fn print_next_steps(out: &Console, written: Vec<String>, steps: &[NextStep<'_>]) {
    if out.global.json {
        return out.print_document(&Initialized { files: written });
    }
    if out.global.quiet {
        return out.print(&format!("Wrote {} files.\n", written.len()));
    }
    let width = out.width().clamp(60, 100);
    let steps: Vec<NextStep<'_>> =
        steps.iter().map(|(step, what)| (out.repeated_options.complete_command(step), *what)).collect();
    let column = steps.iter().map(|(command, _)| command.chars().count() + 4).filter(|it| *it <= 40).max();
    let column = column.unwrap_or(4);
    out.print("\nNext:\n");
    for (command, what) in &steps {
        let long = command.chars().count() + 4 > column;
        let indent = if long { 6 } else { column };
        let lines = wrap_text(what, width - indent);
        let gap = format!("\n{:indent$}", "");
        let first = if long { format!("  {command}{gap}") } else { format!("  {command:<0$}", column - 2) };
        out.print(&format!("{first}{}\n", lines.join(&gap)));
    }
}
