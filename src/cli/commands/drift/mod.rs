//! `telform drift`: compares the live state with what telform last saw, and shows the two ways to continue. Sends only
//! GET; `--accept` writes only YAML.

use std::path::{Path, PathBuf};

use clap::Args;
use similar::TextDiff;

use crate::analysis::drift::{DriftClass, NumberState, count_by_class};
use crate::cli::args::{DriftFormat, FormatArgs, OutArgs, parse_pattern};
use crate::cli::console::Console;
use crate::cli::formats::{DriftTexts, FormatSelection};
use crate::model::resource::{Address, AddressPattern};
use crate::output::view::findings::secrets_not_compared;
use crate::output::view::json;
use crate::output::view::metrics::drift_as_metrics;
use crate::output::{self, DriftReport};
use crate::run::drift::{DriftOutcome, FileTexts, NotAccepted, look_for_drift};
use crate::run::files::FileReaders;
use crate::run::output_file::{check_outputs, write_output};
use crate::run::{Exit, PlanSelection, RunError};

mod text;

use text::{CommandFormatter, DriftText, no_drift};

/// `telform drift`.
#[derive(Debug, Args, Clone)]
pub struct DriftArgs {
    /// Only this address, repeatable
    ///
    /// `*` matches anything, as in 'partners.west-*'.
    #[arg(long = "target", value_name = "ADDRESS", value_parser = parse_pattern)]
    pub targets: Vec<AddressPattern>,
    /// Only this account, repeatable
    ///
    /// `*` matches anything. Other accounts are not read and need no token.
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// Exit with 5 if only accounts could not be read
    ///
    /// Instead of 1.
    #[arg(long)]
    pub skip_unreadable: bool,
    /// Write the live values into the YAML
    ///
    /// Comments and the order of the file stay.
    #[arg(long)]
    pub accept: bool,
    /// Write metrics for Prometheus into this file
    ///
    /// For the textfile collector of its node exporter, which reads files called *.prom.
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,
    /// Use the embedded simulator, started from this file
    ///
    /// The services of the accounts are not called.
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
    /// How it is shown.
    #[command(flatten)]
    pub formats: FormatArgs<DriftFormat>,
    /// Where it goes.
    #[command(flatten)]
    pub to: OutArgs,
}

pub(crate) async fn run(out: &Console, args: &DriftArgs) -> Result<Exit, RunError> {
    let wanted = FormatSelection::new(out, &args.formats, args.to.out.as_deref(), DriftFormat::Text, DriftFormat::Json)?;
    check_outputs(args.metrics.as_deref())?;
    let choice = PlanSelection {
        targets: args.targets.clone(),
        accounts: args.accounts.clone(),
        skip_unreadable: args.skip_unreadable,
        sandbox: args.sandbox.clone(),
        ..PlanSelection::default()
    };
    let outcome = match look_for_drift(&out.context(), &choice, args.accept).await {
        Ok(outcome) => outcome,
        Err(failure) => {
            write_metrics(args.metrics.as_deref(), None)?;
            wanted.print_failure(out, "drift", &failure)?;
            return Err(failure);
        }
    };
    write_metrics(args.metrics.as_deref(), Some(&outcome))?;
    let with = |command: &str| out.repeated_options.complete_command(command);
    let stuck = describe_all_not_accepted(&outcome.not_accepted, &with);
    let mut page = DriftText { out, pieces: Vec::new() };
    page.push_number_states(&outcome.compared, NumberState::is_silent);
    if outcome.found.is_empty() && outcome.manages_nothing && outcome.compared.missed.is_empty() {
        page.push_nothing_managed(outcome.open_creates.is_empty(), &with);
    } else {
        page.push_drift(args.accept, &outcome, &stuck, &with);
    }
    page.push_number_states(&outcome.compared, |state| !state.is_silent());
    page.push_unseen_secrets(&outcome.compared);
    page.push_open_creates(&outcome.open_creates, &with);
    page.push(&out.not_checked_text(&outcome.compared.missed));
    let report = || DriftReport {
        drift: &outcome.found,
        counts: count_by_class(&outcome.found, &outcome.compared),
        drifted: outcome.has_drifted(),
        accepted: outcome.is_accepted,
        files: outcome.edits.keys().map(|path| path.display().to_string()).collect(),
        patch: unified_diff(&outcome.edits),
        not_accepted: stuck.clone(),
        unfinished: &outcome.unfinished,
        open_creates: &outcome.open_creates,
        looked_at: &outcome.compared,
    };
    let document = || json::to_pretty_json(&output::with_header(&report()));
    let verdict = short_verdict(args.accept, &outcome, &stuck);
    wanted.print_drift(out, &outcome, &DriftTexts { whole: &page.text(), verdict: &verdict, document: &document })?;
    match wanted.printed() {
        Some(DriftFormat::Json) => out.print_document(&report()),
        Some(DriftFormat::Text) if out.global.quiet => out.print(&verdict),
        Some(DriftFormat::Text) => page.print(),
        _ => {}
    }
    Ok(outcome.exit())
}

/// Writes the metrics of a look, where they are asked for; `None`: it failed. The file is replaced whole.
fn write_metrics(file: Option<&Path>, outcome: Option<&DriftOutcome>) -> Result<(), RunError> {
    let Some(file) = file else { return Ok(()) };
    let looked = outcome.map(|outcome| (outcome.found.as_slice(), &outcome.compared));
    let text = drift_as_metrics(looked, jiff::Timestamp::now().as_second());
    write_output(file, &text, FileReaders::Anybody)
}

/// What there is, in a line or two.
fn short_verdict(accept: bool, outcome: &DriftOutcome, stuck: &[String]) -> String {
    let looked = &outcome.compared;
    let accepted = if outcome.is_accepted { ", accepted into the YAML" } else { "" };
    let left = if accept && !stuck.is_empty() { " but for what the YAML cannot say" } else { "" };
    let missed = match looked.missed.len() {
        0 => String::new(),
        missed => format!("Not checked: {missed} {}.\n", if missed == 1 { "thing" } else { "things" }),
    };
    let unseen = match looked.unseen_secrets().len() {
        0 => String::new(),
        count => format!("; {}", secrets_not_compared(count)),
    };
    let mut counts: Vec<(NumberState, usize)> = Vec::new();
    for (_, numbers, state) in looked.number_states().filter(|(.., state)| !state.is_drift()) {
        match counts.last_mut() {
            Some((last, count)) if *last == state => *count += numbers.len(),
            _ => counts.push((state, numbers.len())),
        }
    }
    let line = |(state, count): (NumberState, usize)| {
        format!("{} {count} number{}.\n", state.count_label(), if count == 1 { "" } else { "s" })
    };
    let numbers: String = counts.into_iter().map(line).collect();
    if outcome.has_drifted() {
        format!("Drift: {}{accepted}{left}.\n{numbers}{missed}", count_in_words(outcome))
    } else {
        format!("{}{unseen}.\n{numbers}{missed}", no_drift(looked).trim_end_matches(".\n"))
    }
}

/// How much has to be decided. What a run left dark comes first, by number.
fn count_in_words(outcome: &DriftOutcome) -> String {
    let dark = match outcome.dark_numbers() {
        0 => None,
        1 => Some("1 number is dark".to_owned()),
        dark => Some(format!("{dark} numbers are dark")),
    };
    let others = outcome.found.iter().filter(|drift| drift.class.is_drift() && drift.class != DriftClass::LeftDark).count();
    let other = if dark.is_some() { "other " } else { "" };
    let others = (others > 0).then(|| format!("{others} {other}thing{}", if others == 1 { "" } else { "s" }));
    dark.into_iter().chain(others).collect::<Vec<_>>().join(", ")
}

/// A sentence for each; values that have to be accepted by hand for the same reason are in one.
fn describe_all_not_accepted(all: &[NotAccepted], with: &CommandFormatter<'_>) -> Vec<String> {
    let mut sentences: Vec<(String, Option<&str>)> = Vec::new();
    for it in all {
        let why = match it {
            NotAccepted::ByHand { why, .. } => Some(why.as_str()),
            NotAccepted::NoEntry(_) | NotAccepted::Missing(_) => None,
        };
        let text = describe_not_accepted(it, with);
        match sentences.iter_mut().find(|(_, known)| why.is_some() && *known == why) {
            Some((names, _)) => names.push_str(&format!(", {text}")),
            None => sentences.push((text, why)),
        }
    }
    let by_hand = |why: &str| format!(" must be accepted by hand: {why}");
    sentences.into_iter().map(|(text, why)| format!("{text}{}", why.map(by_hand).unwrap_or_default())).collect()
}

fn describe_not_accepted(it: &NotAccepted, with: &CommandFormatter<'_>) -> String {
    let forget = |address: &Address| with(&format!("telform forget {address}"));
    match it {
        NotAccepted::NoEntry(address) => {
            format!("{address} has no entry in the YAML: add one, or release the object with `{}`", forget(address))
        }
        NotAccepted::Missing(address) => {
            format!(
                "{address} is missing at the service: to accept that, remove its entry from the YAML and run `{}`",
                forget(address)
            )
        }
        NotAccepted::ByHand { address, attribute, .. } => format!("{address} {attribute}"),
    }
}

/// The edits as a unified diff.
fn unified_diff(texts: &FileTexts) -> String {
    texts
        .iter()
        .map(|(path, (before, after))| {
            let name = path.display().to_string();
            TextDiff::from_lines(before.as_str(), after.as_str())
                .unified_diff()
                .context_radius(2)
                .header(&name, &name)
                .to_string()
        })
        .collect()
}
