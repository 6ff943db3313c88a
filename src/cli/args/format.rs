//! `--format FORMAT[=FILE]`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};

/// One format, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<F> {
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
}

/// `telform validate`.
#[derive(Debug, Args, Clone)]
pub struct ValidateArgs {
    /// How to print it, repeatable: text, json, github or gitlab; with =FILE into a file. At most one goes to standard output
    /// [default: text]
    #[arg(long = "format", value_name = "FORMAT[=FILE]")]
    pub formats: Vec<Target<CheckFormat>>,
}

/// `html=plan.html`, or `html` alone. A dash is standard output too.
impl<F: ValueEnum> FromStr for Target<F> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((_, "")) => return Err("a file must stand behind the `=`".to_owned()),
            Some((name, "-")) => (name, None),
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let format = F::from_str(name, false).map_err(|_| {
            let known: Vec<String> = F::value_variants()
                .iter()
                .filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()))
                .collect();
            format!("the formats are {}", known.join(", "))
        })?;
        Ok(Self { format, file })
    }
}
