//! What to do after the files are there.

use super::super::again::quoted;
use super::super::args::InitArgs;
use super::super::out::Out;
use super::check::Checked;
use super::login::Login;
use super::{ACCOUNTS, FILE, FOLDER};
use crate::output::Initialized;
use crate::resource::SecretSource;
use crate::view::text::wrap;

/// A line of what to do next: the command, and what it does.
pub(super) type Step<'a> = (String, &'a str);

/// What to do next, in the order in which it is done.
pub(super) fn steps<'a>(
    args: &InitArgs,
    all: &[(Login, Checked)],
    folder: bool,
    adopted: bool,
) -> Vec<Step<'a>> {
    let world = args.sandbox.as_ref();
    let world =
        world.map_or_else(String::new, |world| format!(" --sandbox {}", quoted(&world.to_string_lossy())));
    let mut steps: Vec<Step<'a>> = Vec::new();
    for (login, checked) in all {
        if let (SecretSource::Env(name), Checked::Not { .. }) = (&login.token, checked) {
            steps.push((format!("export {name}=..."), "the token, which was not checked yet"));
        }
    }
    let accepted = all.iter().all(|(_, checked)| matches!(checked, Checked::Accepted(_)));
    if !accepted {
        steps.push((format!("telform doctor{world}"), "checks the tokens, and everything else"));
    }
    if !adopted {
        let place = if folder { FOLDER } else { "adopted" };
        steps.push((
            format!("telform adopt --all --out {place}{world}"),
            "takes what exists already under management",
        ));
    }
    let file = if folder { ACCOUNTS } else { FILE };
    steps.push((format!("edit {file}"), "the examples in it are comments"));
    steps.push((format!("telform plan{world}"), "shows what would change; sends nothing but GET"));
    steps
}

/// The files that were written, for programs; for people, who were told of each, the steps in two columns, or below each other
/// where a command is too long for that.
pub(super) fn next(out: &Out, written: Vec<String>, steps: &[Step<'_>]) {
    if out.global.json {
        return out.document(&Initialized { files: written });
    }
    if out.global.quiet {
        return out.print(&format!("wrote {} files\n", written.len()));
    }
    let width = out.width().clamp(60, 100);
    let column = steps.iter().map(|(command, _)| command.chars().count() + 4).filter(|it| *it <= 40).max();
    let column = column.unwrap_or(4);
    out.print("\nNext:\n");
    for (command, what) in steps {
        let long = command.chars().count() + 4 > column;
        let indent = if long { 6 } else { column };
        let lines = wrap(what, width - indent);
        let gap = format!("\n{:indent$}", "");
        let first = if long { format!("  {command}{gap}") } else { format!("  {command:<0$}", column - 2) };
        out.print(&format!("{first}{}\n", lines.join(&gap)));
    }
}
