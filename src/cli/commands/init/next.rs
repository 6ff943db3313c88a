//! What to do after the files are written.

use super::check::AccountCheck;
use super::login::InitAccount;
use super::{ACCOUNTS, FILE, FOLDER};
use crate::cli::commands::init::InitArgs;
use crate::cli::console::Console;
use crate::model::resource::SecretSource;
use crate::output::Initialized;
use crate::output::view::text::wrap_text;
use crate::text::shell_quote;

/// Opens a file in the user's editor, in any shell.
pub(super) const EDIT: &str = "${EDITOR:-vi}";

/// One next step: the command, and what it does.
pub(super) type NextStep<'a> = (String, &'a str);

/// The next steps, in order.
pub(super) fn next_steps<'a>(
    args: &InitArgs,
    all: &[(InitAccount, AccountCheck)],
    folder: bool,
    adopted: bool,
) -> Vec<NextStep<'a>> {
    let world = args.sandbox.as_ref();
    let world = world.map_or_else(String::new, |world| format!(" --sandbox {}", shell_quote(&world.to_string_lossy())));
    let mut steps: Vec<NextStep<'a>> = Vec::new();
    for (login, checked) in all {
        if let (SecretSource::Env(name), AccountCheck::Not { .. }) = (&login.token, checked) {
            steps.push((format!("export {name}=..."), "the token, which was not checked yet"));
        }
    }
    let accepted = all.iter().all(|(_, checked)| matches!(checked, AccountCheck::Accepted(_)));
    if !accepted {
        steps.push((format!("telform doctor{world}"), "checks the tokens and everything else"));
    }
    if !adopted {
        let place = if folder { FOLDER } else { "adopted" };
        steps.push((format!("telform adopt --all --out {place}{world}"), "manages what exists already"));
    }
    let file = if folder { ACCOUNTS } else { FILE };
    steps.push((format!("{EDIT} {file}"), "the examples in it are comments"));
    steps.push((format!("telform plan{world}"), "shows what would change; sends only GET"));
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
    let column = steps.iter().map(|(command, _)| command.chars().count() + 4).filter(|it| *it <= 40).max();
    let column = column.unwrap_or(4);
    out.print("\nNext:\n");
    for (command, what) in steps {
        let long = command.chars().count() + 4 > column;
        let indent = if long { 6 } else { column };
        let lines = wrap_text(what, width - indent);
        let gap = format!("\n{:indent$}", "");
        let first = if long { format!("  {command}{gap}") } else { format!("  {command:<0$}", column - 2) };
        out.print(&format!("{first}{}\n", lines.join(&gap)));
    }
}
