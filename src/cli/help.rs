//! The help as people read it at a terminal: commands in groups, options under headings, and in the short help one line for each.

use clap::builder::{StyledStr, Styles};
use clap::{Args, Command, CommandFactory};

use super::args::{Cli, GlobalArgs};

/// Commands of one purpose.
struct CommandGroup {
    title: &'static str,
    names: &'static [&'static str],
}

/// Every command is in one of them. The first one is shown whole in the short help.
const GROUPS: [CommandGroup; 6] = [
    CommandGroup { title: "Everyday", names: &["init", "validate", "plan", "apply", "rehearse", "undo", "resume", "destroy"] },
    CommandGroup { title: "Look", names: &["get", "drift", "explain", "show", "diff", "graph", "doctor"] },
    CommandGroup { title: "Adopt and leave", names: &["adopt", "forget"] },
    CommandGroup { title: "Audit", names: &["approve", "verify", "journal"] },
    CommandGroup { title: "Ledger", names: &["ledger"] },
    CommandGroup { title: "Tools", names: &["fmt", "docs", "sandbox", "schema", "completions", "man"] },
];

/// The heading of each option, by its id, in all commands that have it.
const HEADINGS: [(&str, &[&str]); 6] = [
    (
        "What it covers",
        &[
            "targets",
            "excludes",
            "accounts",
            "limit",
            "destroy",
            "undo",
            "skip_unreadable",
            "sandbox",
            "all",
            "kind",
            "snapshot",
            "columns",
            "conditions",
            "sort",
            "rewrite_secrets",
            "resend",
        ],
    ),
    (
        "Limits of this run",
        &[
            "max_deletes",
            "max_delete_percent",
            "max_updates",
            "max_update_percent",
            "max_numbers_dark",
            "max_connections_muted",
            "max_unreadable_bridges",
            "allow_similar",
            "allow_unseen_products",
        ],
    ),
    (
        "Output",
        &[
            "plan",
            "formats",
            "out",
            "detailed_exitcode",
            "max_unshown",
            "page_url",
            "reports",
            "snapshot_out",
            "factor",
            "no_factor",
            "with_create_attributes",
            "accept",
            "check",
            "diff",
            "show",
        ],
    ),
    (
        "How it is carried out",
        &[
            "auto_approve",
            "expect",
            "then",
            "parallelism",
            "on_error",
            "reconnect_on_failure",
            "no_reconnect_on_failure",
            "lock_timeout",
            "settle_timeout",
            "faults",
        ],
    ),
    ("Policies", &["policies", "policy_env"]),
    ("Signatures", &["sign", "allowed_signers", "approvals", "valid_for", "identity"]),
];

/// Options of every command that the short help of each command repeats.
const SHOWN: [&str; 6] = ["files", "directory", "ledger", "verbose", "quiet", "json"];

/// The end of the short help of each command.
const MORE_OPTIONS: &str = "--help instead of -h: every option, and more about each";

/// The end of the short help.
const FIRST_RUN: &str = "First run, no account needed: telform init --quickstart";

/// The commands with their options under headings.
pub(crate) fn command_tree() -> Command {
    Cli::command().mut_subcommands(with_headings)
}

fn with_headings(command: Command) -> Command {
    let heading = |id: &str| HEADINGS.iter().find(|(_, ids)| ids.contains(&id)).map(|(heading, _)| *heading);
    let command = command.mut_args(|arg| match heading(arg.get_id().as_str()) {
        Some(heading) if !arg.is_positional() => arg.help_heading(heading),
        _ => arg,
    });
    command.mut_subcommands(with_headings)
}

/// The same with the help that is shown at a terminal: `-h` is short, `--help` says everything.
pub(crate) fn command_tree_with_help() -> Command {
    let program = command_tree();
    let (short, long) = (short_overview(&program), long_overview(&program));
    program
        .mut_args(|arg| {
            let hidden = !SHOWN.contains(&arg.get_id().as_str());
            arg.hide_short_help(hidden)
        })
        .mut_subcommands(|command| match command.get_after_help().map(|text| text.ansi().to_string()) {
            Some(after) => command.after_help(format!("{after}\n\n{MORE_OPTIONS}")).after_long_help(after),
            None => command.after_help(MORE_OPTIONS).after_long_help(""),
        })
        .help_template("{about-with-newline}\n{usage-heading} {usage}{after-help}")
        .after_help(short)
        .after_long_help(long)
}

/// A heading as clap draws it, on a new line. The line end is within the style: clap counts the columns of a line from one that
/// it finds inside a piece of equal style.
fn styled_heading(title: &str) -> String {
    let styles = Styles::default();
    let style = styles.get_header();
    format!("{style}\n{title}:{style:#}")
}

/// A command as clap draws it, with blanks up to a width.
fn styled_name(name: &str, width: usize) -> String {
    let styles = Styles::default();
    let style = styles.get_literal();
    format!("{style}{name}{style:#}{:1$}", "", width.saturating_sub(name.len()))
}

fn about_of(program: &Command, name: &str) -> String {
    program.find_subcommand(name).and_then(Command::get_about).map(ToString::to_string).unwrap_or_default()
}

/// One line for each command of a group.
fn group_lines(program: &Command, group: &CommandGroup) -> String {
    let width = GROUPS.iter().flat_map(|group| group.names).map(|name| name.len()).max().unwrap_or_default();
    let line = |name: &&str| format!("\n  {}  {}", styled_name(name, width), about_of(program, name));
    format!("{}{}", styled_heading(group.title), group.names.iter().map(line).collect::<String>())
}

/// What fits a small terminal: the everyday commands, and the names of the others.
fn short_overview(program: &Command) -> StyledStr {
    let [everyday, others @ ..] = &GROUPS;
    let mut text = group_lines(program, everyday);
    let width = others.iter().map(|group| group.title.len()).max().unwrap_or_default();
    for group in others {
        let gap = width.saturating_sub(group.title.len());
        text.push_str(&format!("{}{:gap$}  {}", styled_heading(group.title), "", group.names.join(", ")));
    }
    text.push_str(&format!("\n\n{FIRST_RUN}\nEvery command and option: telform --help; one command: telform plan --help"));
    // The first heading follows an empty line.
    text.replacen('\n', "", 1).into()
}

/// Every command, and the options of all of them.
fn long_overview(program: &Command) -> StyledStr {
    let mut text = String::new();
    for group in &GROUPS {
        text.push_str(&group_lines(program, group));
        text.push('\n');
    }
    let options = Command::new("telform").version(env!("CARGO_PKG_VERSION")).max_term_width(100);
    let mut options = GlobalArgs::augment_args(options).help_template("{all-args}");
    let options = options.render_help();
    text.push_str(&format!("\n{}", options.ansi().to_string().trim_end()));
    let after = program.get_after_help().map(|text| text.ansi().to_string()).unwrap_or_default();
    text.push_str(&format!("\n\n{after}"));
    // The first heading follows an empty line.
    text.replacen('\n', "", 1).into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn plain(text: &StyledStr) -> String {
        text.to_string()
    }

    #[test]
    fn each_command_is_in_exactly_one_group() {
        let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
        GROUPS.iter().flat_map(|group| group.names).for_each(|name| *groups.entry(*name).or_default() += 1);
        let twice: Vec<_> = groups.iter().filter(|(_, count)| **count != 1).collect();
        assert!(twice.is_empty(), "in several groups: {twice:?}");
        let program = command_tree();
        let visible: Vec<&str> = program.get_subcommands().filter(|it| !it.is_hide_set()).map(Command::get_name).collect();
        let missing: Vec<_> = visible.iter().filter(|name| !groups.contains_key(*name)).collect();
        assert!(missing.is_empty(), "in no group of src/cli/help.rs: {missing:?}");
        assert_eq!(groups.len(), visible.len(), "a group names a command that does not exist");
    }

    #[test]
    fn the_overview_fits_a_small_terminal() {
        let mut program = command_tree_with_help().term_width(80);
        let short = plain(&program.render_help());
        assert!(short.lines().count() <= 23, "{} lines\n{short}", short.lines().count());
        let long = plain(&program.render_long_help());
        for text in [&short, &long] {
            let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 80).collect();
            let wide: Vec<_> = wide.into_iter().filter(|line| !line.contains("Exit codes")).collect();
            assert!(wide.is_empty(), "{wide:#?}");
        }
        for name in GROUPS.iter().flat_map(|group| group.names) {
            assert!(short.contains(name) && long.contains(&format!("  {name} ")), "{name}");
        }
    }

    /// Commands that write a document, and the formats of each. A new one belongs here, with the same spellings.
    const DOCUMENTS: [(&str, &str); 15] = [
        ("validate", "text"),
        ("plan", "text"),
        ("undo", "text"),
        ("destroy", "text"),
        ("show", "text"),
        ("get", "table"),
        ("drift", "text"),
        ("diff", "text"),
        ("graph", "dot"),
        ("docs", "text"),
        ("journal export", "json"),
        ("journal show", "text"),
        ("schema", ""),
        ("completions", ""),
        ("man", ""),
    ];

    /// `--out` of these is not the place of the one document that they print.
    const OTHER_OUT: [(&str, &str, &str); 5] = [
        ("plan", "FILE", "Save the plan, for `telform apply FILE`"),
        ("undo", "FILE", "Save the plan, for `telform apply FILE`"),
        ("destroy", "FILE", "Save the plan, for `telform apply FILE`"),
        ("adopt", "DIR", "Folder for the files"),
        ("man", "DIR", "Folder for the pages of all commands"),
    ];

    #[test]
    fn documents_are_asked_for_alike() {
        fn walk(command: &Command, path: &str, seen: &mut Vec<String>) {
            for below in command.get_subcommands() {
                let path = format!("{path} {}", below.get_name()).trim_start().to_owned();
                let of = |id: &str| below.get_arguments().find(|arg| arg.get_id() == id);
                let long = |name: &str| below.get_arguments().find(|arg| arg.get_long() == Some(name));
                let document = DOCUMENTS.iter().find(|(name, _)| *name == path);
                assert_eq!(long("format").is_some(), document.is_some_and(|(_, default)| !default.is_empty()), "{path} --format");
                let other = OTHER_OUT.iter().find(|(name, ..)| *name == path);
                assert_eq!(long("out").is_some(), document.is_some() || other.is_some(), "{path} --out");
                if let (Some(format), Some((_, default))) = (long("format"), document) {
                    assert_eq!((format.get_short(), format.get_all_aliases()), (Some('o'), Some(vec!["output"])), "{path}");
                    assert_eq!(format.get_id(), "formats", "{path}");
                    assert_eq!(format.get_value_names().map(|names| names[0].as_str()), Some("FORMAT[=FILE]"), "{path}");
                    let help = format.get_help().map(ToString::to_string).unwrap_or_default();
                    assert!(help.starts_with("Format, or FORMAT=FILE, repeatable: "), "{path}: {help}");
                    assert!(help.ends_with(&format!("[default: {default}]")), "{path}: {help}");
                }
                if let Some(out) = of("out") {
                    let (_, name, help) =
                        other.copied().unwrap_or(("", "FILE", "Write it to this file instead of standard output"));
                    let said = out.get_help().map(ToString::to_string).unwrap_or_default();
                    assert!(said.starts_with(help), "{path}: {said}");
                    assert_eq!(out.get_value_names().map(|names| names[0].as_str()), Some(name), "{path}");
                    assert_eq!(out.get_short(), None, "{path}: -o is --format");
                }
                seen.push(path.clone());
                walk(below, &path, seen);
            }
        }
        let mut seen = Vec::new();
        walk(&command_tree(), "", &mut seen);
        let missing: Vec<_> = DOCUMENTS.iter().filter(|(name, _)| !seen.iter().any(|it| it == name)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn options_of_long_helps_have_headings() {
        fn walk(command: &Command) {
            let own = command.get_arguments().filter(|arg| !arg.is_positional() && !arg.is_global_set() && !arg.is_hide_set());
            let own: Vec<_> = own.collect();
            let without: Vec<_> = own.iter().filter(|arg| arg.get_help_heading().is_none()).map(|arg| arg.get_id()).collect();
            assert!(own.len() < 12 || without.is_empty(), "{} has options without a heading: {without:?}", command.get_name());
            command.get_subcommands().for_each(walk);
        }
        walk(&command_tree());
    }

    /// One line and a half of a terminal: more belongs in the second paragraph, which the manual page has.
    #[test]
    fn each_option_has_a_short_line() {
        fn walk(command: &Command, path: &str, long: &mut Vec<String>) {
            let path = format!("{path} {}", command.get_name());
            for arg in command.get_arguments().filter(|arg| arg.get_id() != "formats") {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                if help.chars().count() > 62 {
                    long.push(format!("{path} {}: {help}", arg.get_id()));
                }
            }
            command.get_subcommands().for_each(|below| walk(below, &path, long));
        }
        let mut long = Vec::new();
        walk(&command_tree(), "", &mut long);
        assert!(long.is_empty(), "{long:#?}");
    }
}
