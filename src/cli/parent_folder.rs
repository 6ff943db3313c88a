//! A run without a configuration in its folder, while a folder above has one.

use std::path::{Component, Path, PathBuf};

use super::help::command_tree;
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
    let below = std::env::current_dir().ok().and_then(|here| here.strip_prefix(&folder).ok().map(Path::to_owned));
    let command = command_in(&up, &below.unwrap_or_default(), command_line);
    let hint = format!("there is a configuration in the folder {}, above this one. Run\n`{command}`", folder.display());
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

/// The command line with `-C UP` before its command: after a `-C` that it already has. From there the paths in it begin with `below`, the
/// way down to this folder.
fn command_in(up: &Path, below: &Path, command_line: &[String]) -> String {
    let words = command_line.get(1..).unwrap_or_default();
    let last = words.iter().rposition(|word| word.starts_with("-C") || word.starts_with("--directory"));
    let at = last.map_or(0, |at| at + if matches!(words[at].as_str(), "-C" | "--directory") { 2 } else { 1 });
    let paths = path_options();
    let named = |option: &str| option.strip_prefix("--").is_some_and(|long| paths.iter().any(|known| known == long));
    let mut shown: Vec<String> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let after =
            index.checked_sub(1).filter(|_| index >= at).is_some_and(|before| named(&words[before]) || words[before] == "-f");
        // What is only there was meant from there.
        let below = |path: &str| {
            if !Path::new(path).exists() && up.join(path).exists() { path.to_owned() } else { path_below(below, path) }
        };
        let moved = match word.split_once('=').filter(|(option, _)| index >= at && named(option)) {
            Some((option, path)) => format!("{option}={}", below(path)),
            None if after || index >= at && !word.starts_with('-') && Path::new(word).is_file() => below(word),
            None => word.clone(),
        };
        shown.push(shell_quote(&moved));
    }
    shown.insert(at.min(shown.len()), format!("-C {}", shell_quote(&up.display().to_string())));
    format!("telform {}", shown.join(" "))
}

/// The long options whose value is a path, by the name of the value in the help.
fn path_options() -> Vec<String> {
    let is_path = |arg: &clap::Arg| {
        let name = arg.get_value_names().and_then(|names| names.first()).map(|name| name.as_str());
        matches!(name, Some("WORLD.yaml" | "DIR" | "FOLDER" | "FILE" | "PATH" | "KEY" | "PLACE")) && arg.get_id() != "directory"
    };
    let whole = command_tree();
    let all = std::iter::once(&whole).chain(whole.get_subcommands()).flat_map(|command| command.get_arguments());
    all.filter(|arg| is_path(arg)).filter_map(|arg| arg.get_long().map(str::to_owned)).collect()
}

/// A path of this folder as the folder above calls it; one that does not depend on the folder stays.
fn path_below(below: &Path, path: &str) -> String {
    if Path::new(path).is_absolute() || path.contains("://") || path == "-" {
        return path.to_owned();
    }
    let mut whole = PathBuf::new();
    for part in below.join(path).components() {
        match part {
            Component::ParentDir if matches!(whole.components().next_back(), Some(Component::Normal(_))) => drop(whole.pop()),
            Component::CurDir => {}
            part => whole.push(part),
        }
    }
    if whole.as_os_str().is_empty() { ".".to_owned() } else { whole.display().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_complete() {
        let on = |up: &str, line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            command_in(Path::new(up), Path::new("west/new"), &words)
        };
        assert_eq!(on("..", "telform plan"), "telform -C .. plan");
        assert_eq!(on("../..", "telform apply --target partners.*"), "telform -C ../.. apply --target 'partners.*'");
        assert_eq!(on("..", "telform -C west plan"), "telform -C west -C .. plan");
        assert_eq!(on("..", "telform plan -Cwest --json"), "telform plan -Cwest -C .. --json");
    }

    #[test]
    fn a_path_is_the_same_from_the_folder_above() {
        for (typed, shown) in [
            ("telform plan --sandbox ../../world.yaml", "telform -C ../.. plan --sandbox world.yaml"),
            ("telform plan --sandbox=w.yaml --out /tmp/p", "telform -C ../.. plan --sandbox=west/new/w.yaml --out /tmp/p"),
            ("telform adopt --all --out ../../../more", "telform -C ../.. adopt --all --out ../more"),
            ("telform plan --ledger s3://bucket/l.json", "telform -C ../.. plan --ledger s3://bucket/l.json"),
        ] {
            let words: Vec<String> = typed.split(' ').map(str::to_owned).collect();
            assert_eq!(command_in(Path::new("../.."), Path::new("west/new"), &words), shown);
        }
    }
}
