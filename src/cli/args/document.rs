//! Options of every command that writes a document, spelled alike everywhere: `--format` and `--out`.

use std::path::PathBuf;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, ValueEnum};

use super::format::{FormatTarget, PlanFormat, formats_help};
use crate::cli::complete;
use crate::output::view::provenance::parse_page_url;

/// `--format FORMAT[=FILE]`, also `-o`.
#[derive(Debug, Clone)]
pub struct FormatArgs<F>(pub Vec<FormatTarget<F>>);

impl<F: ValueEnum + Send + Sync + 'static> Args for FormatArgs<F> {
    fn augment_args(command: Command) -> Command {
        command.arg(
            Arg::new("formats")
                .short('o')
                .long("format")
                .alias("output")
                .value_name("FORMAT[=FILE]")
                .action(ArgAction::Append)
                .value_parser(ValueParser::new(|text: &str| text.parse::<FormatTarget<F>>()))
                .add(complete::formats::<F>())
                .help(formats_help::<F>()),
        )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<F: ValueEnum + Send + Sync + 'static> FromArgMatches for FormatArgs<F> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut given = Self(Vec::new());
        given.update_from_arg_matches(matches)?;
        Ok(given)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0 = matches.get_many::<FormatTarget<F>>("formats").into_iter().flatten().cloned().collect();
        Ok(())
    }
}

/// `--out FILE` of a command that prints one document.
#[derive(Debug, Args, Clone, Default)]
pub struct OutArgs {
    /// Write it to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// The document of a plan that may be applied later.
#[derive(Debug, Args, Clone)]
pub struct PlanOutputArgs {
    /// How it is shown.
    #[command(flatten)]
    pub formats: FormatArgs<PlanFormat>,
    /// Save the plan, for `telform apply FILE`
    ///
    /// Also for `telform show FILE` and `telform verify FILE`. It holds no secret. A name that ends with
    /// `.gz` compresses it.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Exit with 2 if there are changes
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Offer the digest in Markdown that leaves out this many
    ///
    /// Even if the comment does not show this many addresses and numbers [default: 0].
    #[arg(long, value_name = "N", value_parser = super::guards::parse_count, default_value_t = 0, hide_default_value = true)]
    pub max_unshown: u64,
    /// Link to the HTML page at this address in Markdown
    #[arg(long, value_name = "URL", value_parser = parse_page_url)]
    pub page_url: Option<String>,
}

/// The document of the plan of a command that also carries it out.
#[derive(Debug, Args, Clone)]
#[command(mut_arg("formats", |arg| arg.requires("plan")), mut_arg("out", |arg| arg.requires("plan")))]
#[command(mut_arg("detailed_exitcode", |arg| arg.requires("plan")), mut_arg("max_unshown", |arg| arg.requires("plan")))]
#[command(mut_arg("page_url", |arg| arg.requires("plan")))]
pub struct PlanOnlyArgs {
    /// Only show the plan; sends only GET
    ///
    /// As `telform plan` does, with its formats and exit codes.
    #[arg(long, conflicts_with_all = ["auto_approve", "parallelism", "on_error", "reconnect_on_failure", "no_reconnect_on_failure"])]
    pub plan: bool,
    /// Where it goes.
    #[command(flatten)]
    pub output: PlanOutputArgs,
}
