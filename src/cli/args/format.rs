//! `--format FORMAT[=FILE]`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};

use crate::cli::complete;
use crate::output::view::findings::FindingFormat;

/// One format, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatTarget<F> {
    /// Which.
    pub format: F,
    /// The file; none means standard output.
    pub file: Option<PathBuf>,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For people at a terminal.
    Text,
    /// For programs: telform's own document.
    Json,
    /// For the comment of a pull request.
    Markdown,
    /// For a review: one file that needs nothing else.
    Html,
    /// For tools that read Terraform's plans.
    TerraformJson,
    /// For GitHub Actions: annotations.
    Github,
    /// For GitLab: a code quality report.
    Gitlab,
    /// For code scanning services and editors: SARIF.
    Sarif,
    /// For CI servers: test results.
    Junit,
    /// For a message in Slack.
    Slack,
}

/// How the comparison of two plans is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ComparisonFormat {
    /// For people at a terminal.
    Text,
    /// For programs.
    Json,
    /// For the comment of a pull request.
    Markdown,
}

/// The language of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// For Graphviz.
    Dot,
    /// For forges and wikis: a flowchart.
    Mermaid,
    /// For programs.
    Json,
}

/// How the problems of the YAML are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people at a terminal.
    Text,
    /// For programs.
    Json,
    /// For GitHub Actions: annotations.
    Github,
    /// For GitLab: a code quality report.
    Gitlab,
    /// For code scanning services and editors: SARIF.
    Sarif,
    /// For CI servers: test results.
    Junit,
    /// For a message in Slack.
    Slack,
}

/// How drift is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DriftFormat {
    /// For people at a terminal.
    Text,
    /// For programs.
    Json,
    /// For a comment.
    Markdown,
    /// For a review: one file that needs nothing else.
    Html,
    /// For GitHub Actions: annotations.
    Github,
    /// For GitLab: a code quality report.
    Gitlab,
    /// For code scanning services and editors: SARIF.
    Sarif,
    /// For CI servers: test results.
    Junit,
    /// For a message in Slack.
    Slack,
}

/// How what is there is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InventoryFormat {
    /// For people at a terminal.
    Table,
    /// For spreadsheets, and for `for_each`.
    Csv,
    /// For programs.
    Json,
    /// Entries for the configuration.
    Yaml,
    /// For a page or a comment.
    Markdown,
}

/// How one run of the journal is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RunFormat {
    /// For people at a terminal.
    Text,
    /// For programs.
    Json,
    /// For a comment.
    Markdown,
    /// For a review: one file that needs nothing else.
    Html,
}

/// How a report of what a command did is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For a comment.
    Markdown,
    /// For a review: one file that needs nothing else.
    Html,
    /// For GitHub Actions: annotations.
    Github,
    /// For GitLab: a code quality report.
    Gitlab,
    /// For code scanning services and editors: SARIF.
    Sarif,
    /// For CI servers: test results.
    Junit,
    /// For a message in Slack.
    Slack,
}

/// Formats of which some list findings.
pub(crate) trait ListsFindings {
    /// The format of the list; none for a format that shows the whole.
    fn of_findings(self) -> Option<FindingFormat>;
}

macro_rules! lists_findings {
    ($($format:ty)*) => {$(
        impl ListsFindings for $format {
            fn of_findings(self) -> Option<FindingFormat> {
                match self {
                    Self::Github => Some(FindingFormat::Github),
                    Self::Gitlab => Some(FindingFormat::Gitlab),
                    Self::Sarif => Some(FindingFormat::Sarif),
                    Self::Junit => Some(FindingFormat::Junit),
                    Self::Slack => Some(FindingFormat::Slack),
                    _ => None,
                }
            }
        }
    )*};
}
lists_findings!(PlanFormat CheckFormat DriftFormat ReportFormat);

/// Where a command reports what it did.
#[derive(Debug, Args, Clone)]
pub struct ReportArgs {
    /// Report what was done into a file, repeatable
    ///
    /// markdown=FILE, html=FILE, github=FILE, gitlab=FILE, sarif=FILE, junit=FILE or slack=FILE.
    #[arg(long = "report", value_name = "FORMAT=FILE", add = complete::formats::<ReportFormat>())]
    pub reports: Vec<FormatTarget<ReportFormat>>,
}

/// The help of `--format`: the names come from the list itself, and the first one is the default.
pub(crate) fn formats_help<F: ValueEnum>() -> String {
    let mut names = format_names::<F>();
    let (default, last) = (names.first().cloned().unwrap_or_default(), names.pop().unwrap_or_default());
    let names = names.join(", ");
    format!("Format, or FORMAT=FILE, repeatable: {names} or {last} [default: {default}]")
}

pub(crate) fn format_names<F: ValueEnum>() -> Vec<String> {
    F::value_variants().iter().filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned())).collect()
}

/// `html=plan.html`, or `html` alone. A dash is standard output too.
impl<F: ValueEnum> FromStr for FormatTarget<F> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((_, "")) => return Err("a file must follow the `=`".to_owned()),
            Some((name, "-")) => (name, None),
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let format = F::from_str(name, false).map_err(|_| format!("the formats are {}", format_names::<F>().join(", ")))?;
        Ok(Self { format, file })
    }
}
