//! What people and programs see. A view computes nothing: it draws values that other modules made.

mod accounts;
pub mod commands;
mod cut_numbers;
pub mod doctor;
pub mod explain;
pub mod findings;
pub mod formatting;
pub mod github;
pub mod gitlab;
pub mod graph;
mod groups;
pub mod html;
pub mod inventory;
pub mod journal;
pub mod json;
pub mod junit;
mod kind_words;
mod limits;
pub mod markdown;
pub mod metrics;
pub mod plan_comparison;
pub mod policy;
pub mod progress;
pub mod provenance;
mod ranking;
pub mod rehearsal;
pub mod report;
mod reviewer_notices;
pub mod run_report;
pub mod sarif;
pub mod set_values;
mod signed;
pub mod slack;
mod step_index;
pub mod table;
pub mod terraform;
pub mod text;
mod undo;
mod value;
mod wording;

pub(crate) use groups::fold;
pub(crate) use kind_words::{count_of_kind, kind_in_words, plural_kind};
pub(crate) use limits::{count_changes, describe_incomplete, describe_rest};
pub(crate) use value::nested_difference;

use anstyle::{AnsiColor, Style};

/// Colour alone never carries meaning: every colour accompanies a sign or a word.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Magenta and not yellow, which cannot be read on a light background. All colours are those of the terminal's own palette.
pub(crate) const CARE: Style = AnsiColor::Magenta.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const STRONG: Style = Style::new().bold();
pub(crate) const FAINT: Style = Style::new().dimmed();

/// A text in a style.
pub(crate) fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}
