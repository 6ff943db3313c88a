//! `telform drift`: compares the live state with what telform last saw, and shows the two ways to continue. Sends only
//! GET; `--accept` writes only YAML.

use std::path::{Path, PathBuf};

use clap::Args;
use similar::TextDiff;

use crate::analysis::drift::{ComparedObjects, Drift, DriftClass, NumberState, counts_by_class};
use crate::analysis::open_creates::OpenCreate;
use crate::cli::args::{DriftFormat, FormatArgs, OutArgs, parse_pattern};
use crate::cli::console::Console;
use crate::cli::formats::{DriftTexts, FormatSelection};
use crate::model::resource::{Address, AddressPattern};
use crate::output::view::json;
use crate::output::view::metrics::drift_as_metrics;
use crate::output::view::text::wrap_text;
use crate::output::view::{count_of_kind, fold, nested_difference};
use crate::output::{self, DriftReport};
use crate::plan::{NotTakenRemedy, ShownValue};
use crate::run::drift::{DriftOutcome, FileTexts, NotAccepted, look_for_drift};
use crate::run::files::FileReaders;
use crate::run::output_file::{check_outputs, write_output};
use crate::run::{Exit, PlanSelection, RunError};
use crate::text::{distinguish_pair, escape, escape_multiline, list_first_few};

/// Addresses of equal findings that are named before the rest is counted.
const NAMED: usize = 6;

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
    page.push_open_creates(&outcome.open_creates, &with);
    page.push(&out.not_checked_text(&outcome.compared.missed));
    let report = || DriftReport {
        drift: &outcome.found,
        counts: counts_by_class(&outcome.found),
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
    let count = outcome.found.iter().filter(|drift| drift.class.is_drift()).count();
    let accepted = if outcome.is_accepted { ", accepted into the YAML" } else { "" };
    let left = if accept && !stuck.is_empty() { " but for what the YAML cannot say" } else { "" };
    let things = if count == 1 { "thing" } else { "things" };
    let missed = match looked.missed.len() {
        0 => String::new(),
        missed => format!("Not checked: {missed} {}.\n", if missed == 1 { "thing" } else { "things" }),
    };
    let mut counts: Vec<(NumberState, usize)> = Vec::new();
    for (_, numbers, state) in looked.number_states() {
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
        format!("Drift: {count} {things}{accepted}{left}.\n{numbers}{missed}")
    } else {
        format!("{}{numbers}{missed}", no_drift(looked))
    }
}

/// What people read, in pieces: most may be wrapped, and a patch may not.
struct DriftText<'o> {
    out: &'o Console,
    pieces: Vec<(String, bool)>,
}

/// A command with the options of this one.
type CommandFormatter<'a> = dyn Fn(&str) -> String + 'a;

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

/// The verdict, with its subject.
fn no_drift(looked: &ComparedObjects) -> String {
    let mut parts = Vec::new();
    for (account, kinds) in &looked.compared {
        let kinds: Vec<String> = kinds.iter().map(|(kind, count)| count_of_kind(*count, kind)).collect();
        let kinds = match kinds.split_last() {
            Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
            _ => kinds.join(", "),
        };
        parts.push(format!("{kinds} in {account}"));
    }
    if parts.is_empty() {
        return "No managed object was compared.\n".to_owned();
    }
    escape_multiline(&format!("No drift: {} as telform last saw them.\n", parts.join(", ")))
}

impl DriftText<'_> {
    fn push(&mut self, text: &str) {
        self.pieces.push((text.to_owned(), true));
    }

    /// As in a file: not wrapped.
    fn text(&self) -> String {
        anstream::adapter::strip_str(&self.pieces.iter().map(|(text, _)| text.as_str()).collect::<String>()).to_string()
    }

    fn print(&self) {
        for (text, wraps) in &self.pieces {
            if *wraps { self.out.print(text) } else { self.out.print_as_is(text) }
        }
    }

    /// Nothing was ever managed.
    fn push_nothing_managed(&mut self, may_apply: bool, with: &CommandFormatter<'_>) {
        self.push("Nothing is managed yet, so there is nothing to compare.\n");
        if may_apply {
            self.push(&format!("  {}\n      starts to manage what the YAML names\n", with("telform apply")));
        }
        let adopt = with("telform adopt --all --out adopted");
        self.push(&format!("  {adopt}\n      writes YAML for the live objects\n"));
    }

    /// Creates that have to be settled before the next apply.
    fn push_open_creates(&mut self, open: &[OpenCreate], with: &CommandFormatter<'_>) {
        for create in open {
            self.push(&format!("\n! {}\n", escape(&create.describe())));
            for (what, command) in create.commands() {
                self.push(&format!("    {what}:\n      {}\n", escape(&with(&command))));
            }
        }
    }

    /// Numbers about which "no drift" says less than it seems to.
    fn push_number_states(&mut self, looked: &ComparedObjects, is_shown: impl Fn(NumberState) -> bool) {
        for (account, numbers, state) in looked.number_states().filter(|(.., state)| is_shown(*state)) {
            let numbers = if self.out.global.verbose > 0 { numbers.join(", ") } else { list_first_few(numbers) };
            let text = format!("{numbers} in {account}: {}", state.describe());
            let lines = self.out.plan_detail().wrap(&escape(&text), 4).join("\n    ");
            let (before, sign, after) = if state.is_silent() { ("", 'x', "\n") } else { ("\n", 'i', "") };
            self.push(&format!("{before}  {sign} {lines}\n{after}"));
        }
    }

    fn push_drift(&mut self, accept: bool, outcome: &DriftOutcome, stuck: &[String], with: &CommandFormatter<'_>) {
        let DriftOutcome { found, compared: looked, plan, .. } = outcome;
        if found.is_empty() {
            return self.push(&no_drift(looked));
        }
        let mut classes: Vec<DriftClass> = found.iter().map(|drift| drift.class).collect();
        classes.sort();
        classes.dedup();
        for class in classes {
            let these: Vec<&Drift> = found.iter().filter(|drift| drift.class == class).collect();
            let sign = if class.is_drift() { '!' } else { 'i' };
            self.push(&format!("{sign} {} ({})\n", class.describe(), these.len()));
            let (apart, folded) = fold(&these, self.out.global.verbose > 0, |drift| {
                let about = (drift.address.kind.clone(), &drift.account, &drift.attribute, drift.place.is_some(), &drift.run);
                (about, shown(&drift.live), shown(&drift.wanted))
            });
            for drift in apart {
                self.push_finding(drift, &drift.address.to_string());
            }
            for group in folded {
                self.push_finding(group[0], &count_of_kind(group.len(), &group[0].address.kind));
                let names: Vec<String> = group.iter().take(NAMED).map(|drift| drift.address.to_string()).collect();
                let more = group.len().saturating_sub(NAMED);
                let more = if more > 0 { format!(", … and {more} more; `-v` lists them") } else { String::new() };
                for line in wrap_text(&escape(&format!("{}{more}", names.join(", "))), self.out.width().saturating_sub(6).max(30))
                {
                    self.push(&format!("      {line}\n"));
                }
            }
        }
        if !outcome.has_drifted() {
            return self.push(&format!("\n{}", no_drift(looked)));
        }
        for unfinished in &outcome.unfinished {
            if let Some(command) = &unfinished.command {
                self.push(&format!("\nTo continue run {}:\n  {}\n", escape(&unfinished.run), escape(&with(command))));
            }
        }
        let patch = unified_diff(&outcome.edits);
        if !patch.is_empty() {
            self.push(&if accept {
                "\nAccepted into the YAML:\n".to_owned()
            } else {
                format!("\nTo accept it, which changes the YAML as shown:\n  {}\n", with("telform drift --accept"))
            });
            // Only file headers begin lines here, never text from another source.
            self.pieces.push((escape_multiline(&patch), false));
        }
        for why in stuck {
            self.push(&format!("\n{}\n", escape(why)));
        }
        if !accept {
            if plan.has_changes() || plan.is_refused() {
                let apply = with("telform apply");
                self.push(&format!("\nTo restore what the YAML states ({}):\n  {apply}\n", plan.summary()));
            }
            let again = plan.not_taken.iter().filter(|untaken| untaken.way != NotTakenRemedy::Edit);
            let again: String = again.map(|untaken| format!(" --resend {}", untaken.resend_argument())).collect();
            if !again.is_empty() {
                let apply = with("telform apply");
                self.push(&format!("\nTo send again what the service did not take:\n  {apply}{}\n", escape(&again)));
            }
        }
    }

    /// One finding, or the first of equal ones.
    fn push_finding(&mut self, drift: &Drift, subject: &str) {
        let subject = format!("{subject} {}", drift.attribute.as_deref().unwrap_or_default());
        let at = drift.place.as_deref().map(|place| format!("  {}", escape(place))).unwrap_or_default();
        self.push(&format!("    {}{at}\n", escape(subject.trim_end())));
        if drift.class == DriftClass::Moves {
            let (from, to) = (shown(&drift.live), shown(&drift.wanted));
            return self.push(&format!("      moves from {} to {}\n", escape(&from), escape(&to)));
        }
        if drift.attribute.is_none() {
            return self.push_run(drift);
        }
        if drift.class.is_drift() {
            if let Some(lines) = drift.place.as_ref().and_then(|_| nested_difference(&drift.wanted, &drift.live)) {
                return self.push_nested(&lines, drift);
            }
            let wanted = if drift.place.is_none() { "(no entry)".to_owned() } else { shown(&drift.wanted) };
            let (is, wanted) = distinguish_pair(shown(&drift.live), wanted);
            self.push(&format!("      is       {}\n      YAML     {}\n", escape(&is), escape(&wanted)));
            self.push_run(drift);
        }
    }

    /// A value that spans lines, line by line as in a plan.
    fn push_nested(&mut self, lines: &[String], drift: &Drift) {
        self.push("      - YAML\n      + is\n");
        for line in lines {
            self.push(&format!("        {line}\n"));
        }
        self.push_run(drift);
    }

    fn push_run(&mut self, drift: &Drift) {
        if let Some(run) = &drift.run {
            let run = escape(run);
            self.push(&match drift.class {
                DriftClass::Unfinished => format!("      run      {run}\n"),
                _ => format!("      sent     in run {run}, not taken\n"),
            });
        }
    }
}

fn shown(shown: &ShownValue) -> String {
    match shown {
        ShownValue::Absent => "(nothing)".to_owned(),
        ShownValue::Secret(_) => "(secret)".to_owned(),
        ShownValue::Value(value) => value.to_string(),
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
