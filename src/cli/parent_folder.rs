//! A run without a configuration in its folder, while a folder above has one.

use std::path::{Path, PathBuf};

use crate::config::desired::has_default_config;
use crate::config::problem::Problems;
use crate::run::RunError;
use crate::text::shell_quote;

/// The code of a folder without a configuration.
const NONE: &str = "telform::file::none";

/// The same failure; where a folder above has a configuration, its help names that folder and the complete command.
pub(super) fn point_to_parent(failure: RunError, command_line: &[String]) -> RunError {
    let RunError::Problems(problems) = &failure else { return failure };
    let Some(found) = problems.iter().find(|it| it.code == NONE).and_then(|_| configuration_above()) else { return failure };
    let (up, folder) = found;
    let hint = format!("there is a configuration in the parent folder {}: `{}`", folder.display(), command_in(&up, command_line));
    let mut pointed = Problems::default();
    for problem in problems.iter().cloned() {
        let is_none = problem.code == NONE;
        let help = problem.help.clone().unwrap_or_default();
        pointed.push(if is_none { problem.help(format!("{hint}\n{help}")) } else { problem });
    }
    RunError::Problems(pointed)
}

/// The nearest folder above this one that has a configuration: the way to it, and its name.
fn configuration_above() -> Option<(PathBuf, PathBuf)> {
    let here = std::env::current_dir().ok()?;
    let (steps, folder) = here.ancestors().enumerate().skip(1).find(|(_, folder)| has_default_config(folder))?;
    Some((std::iter::repeat_n("..", steps).collect(), folder.to_owned()))
}

/// The command line with `-C UP` before its command: after a `-C` that it already has.
fn command_in(up: &Path, command_line: &[String]) -> String {
    let words = command_line.get(1..).unwrap_or_default();
    let last = words.iter().rposition(|word| word.starts_with("-C") || word.starts_with("--directory"));
    let at = last.map_or(0, |at| at + if matches!(words[at].as_str(), "-C" | "--directory") { 2 } else { 1 });
    let mut words: Vec<String> = words.iter().map(|word| shell_quote(word)).collect();
    words.insert(at.min(words.len()), format!("-C {}", shell_quote(&up.display().to_string())));
    format!("telform {}", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_complete() {
        let on = |up: &str, line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            command_in(Path::new(up), &words)
        };
        assert_eq!(on("..", "telform plan"), "telform -C .. plan");
        assert_eq!(on("../..", "telform apply --target partners.*"), "telform -C ../.. apply --target 'partners.*'");
        assert_eq!(on("..", "telform -C west plan"), "telform -C west -C .. plan");
        assert_eq!(on("..", "telform plan -Cwest --json"), "telform plan -Cwest -C .. --json");
    }
}
