//! Drift for people: what differs, class by class, and the ways to continue.

use crate::analysis::drift::{ComparedObjects, Drift, DriftClass, NumberState};
use crate::analysis::open_creates::OpenCreate;
use crate::cli::console::Console;
use crate::output::view::findings::secrets_not_compared;
use crate::output::view::text::wrap_text;
use crate::output::view::{count_of_kind, fold, nested_difference};
use crate::plan::{NotTakenRemedy, Plan, ShownValue};
use crate::run::drift::DriftOutcome;
use crate::text::{distinguish_pair, escape, escape_multiline, list_first_few};

/// What restores the state in the YAML.
const APPLY: &str = "telform apply";

/// Addresses of equal findings that are named before the rest is counted.
const NAMED: usize = 6;

/// A command with the options of this one.
pub(super) type CommandFormatter<'a> = dyn Fn(&str) -> String + 'a;

/// What people read, in pieces: most may be wrapped, and a patch may not.
pub(super) struct DriftText<'o> {
    pub(super) out: &'o Console,
    pub(super) pieces: Vec<(String, bool)>,
}

/// The verdict, with its subject.
pub(super) fn no_drift(looked: &ComparedObjects) -> String {
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
    let all: usize = looked.compared.values().flat_map(|kinds| kinds.values()).sum();
    let them = if all == 1 { "it" } else { "them" };
    escape_multiline(&format!("No drift: {} as telform last saw {them}.\n", parts.join(", ")))
}

impl DriftText<'_> {
    pub(super) fn push(&mut self, text: &str) {
        self.pieces.push((text.to_owned(), true));
    }

    /// As in a file: not wrapped.
    pub(super) fn text(&self) -> String {
        anstream::adapter::strip_str(&self.pieces.iter().map(|(text, _)| text.as_str()).collect::<String>()).to_string()
    }

    pub(super) fn print(&self) {
        for (text, wraps) in &self.pieces {
            if *wraps { self.out.print(text) } else { self.out.print_as_is(text) }
        }
    }

    /// Nothing was ever managed.
    pub(super) fn push_nothing_managed(&mut self, may_apply: bool, with: &CommandFormatter<'_>) {
        self.push("Nothing is managed yet, so there is nothing to compare.\n");
        if may_apply {
            self.push(&format!("  {}\n      starts to manage what the YAML names\n", with("telform apply")));
        }
        let adopt = with("telform adopt --all --out adopted");
        self.push(&format!("  {adopt}\n      writes YAML for the live objects\n"));
    }

    /// Creates that have to be settled before the next apply.
    pub(super) fn push_open_creates(&mut self, open: &[OpenCreate], with: &CommandFormatter<'_>) {
        for create in open {
            self.push(&format!("\n! {}\n", escape(&create.describe())));
            for (what, command) in create.commands() {
                self.push(&format!("    {what}:\n      {}\n", escape(&with(&command))));
            }
        }
    }

    /// Numbers about which "no drift" says less than it seems to.
    pub(super) fn push_number_states(&mut self, looked: &ComparedObjects, is_shown: impl Fn(NumberState) -> bool) {
        for (account, numbers, state) in looked.number_states().filter(|(.., state)| is_shown(*state)) {
            let numbers = if self.out.global.verbose > 0 { numbers.join(", ") } else { list_first_few(numbers) };
            let text = format!("{numbers} in {account}: {}", state.describe());
            let lines = self.out.plan_detail().wrap(&escape(&text), 4).join("\n    ");
            let (before, sign, after) = if state.is_silent() { ("", 'x', "\n") } else { ("\n", 'i', "") };
            self.push(&format!("{before}  {sign} {lines}\n{after}"));
        }
    }

    /// Secrets of which "no drift" says nothing.
    pub(super) fn push_unseen_secrets(&mut self, looked: &ComparedObjects) {
        let unseen = looked.unseen_secrets();
        if unseen.is_empty() {
            return;
        }
        let names = if self.out.global.verbose > 0 { unseen.join(", ") } else { list_first_few(&unseen) };
        let text = format!("{}: {names}", secrets_not_compared(unseen.len()));
        self.push(&format!("\n  i {}\n", self.out.plan_detail().wrap(&escape(&text), 4).join("\n    ")));
    }

    pub(super) fn push_drift(&mut self, accept: bool, outcome: &DriftOutcome, stuck: &[String], with: &CommandFormatter<'_>) {
        let DriftOutcome { found, compared: looked, plan, .. } = outcome;
        let mut classes: Vec<DriftClass> = found.iter().map(|drift| drift.class).collect();
        classes.sort();
        classes.dedup();
        for class in classes {
            let these: Vec<&Drift> = found.iter().filter(|drift| drift.class == class).collect();
            let sign = if class.is_drift() { '!' } else { 'i' };
            // Of dark numbers the numbers count.
            let count: usize = these.iter().map(|drift| drift.dark.len().max(1)).sum();
            self.push(&format!("{sign} {} ({count})\n", class.describe()));
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
            let after = if found.is_empty() { "" } else { "\n" };
            return self.push(&format!("{after}{}", no_drift(looked)));
        }
        let patch = super::unified_diff(&outcome.edits);
        let restores = self.push_ways_on(accept, outcome, with);
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
            self.push_restore(restores, plan, with);
        }
    }

    /// What continues the runs that left something, once for each command; and whether a plain apply is yet to be named.
    fn push_ways_on(&mut self, accept: bool, outcome: &DriftOutcome, with: &CommandFormatter<'_>) -> bool {
        let plan = &outcome.plan;
        if !accept && plan.is_refused() {
            let see = with("telform plan");
            self.push(&format!("\nTo see why an apply is refused ({}):\n  {see}\n", plan.summary()));
        }
        let mut commands: Vec<(&str, Vec<&str>)> = Vec::new();
        for (run, command) in outcome.unfinished.iter().filter_map(|it| Some((it.run.as_str(), it.command.as_deref()?))) {
            match commands.iter_mut().find(|(known, _)| *known == command) {
                Some((_, runs)) => runs.push(run),
                None => commands.push((command, vec![run])),
            }
        }
        let mut restores = !plan.is_refused() && plan.has_changes();
        for (command, runs) in commands {
            let once = if plan.is_refused() { ", once nothing refuses it" } else { "" };
            let also = match !accept && restores && command == APPLY {
                true => format!(", and restore what the YAML states ({})", plan.summary()),
                false => String::new(),
            };
            restores &= command != APPLY;
            let runs = escape(&runs.join(", "));
            self.push(&format!("\nTo continue run {runs}{also}{once}:\n  {}\n", escape(&with(command))));
        }
        restores
    }

    /// The commands that send what the YAML states.
    fn push_restore(&mut self, restores: bool, plan: &Plan, with: &CommandFormatter<'_>) {
        if restores {
            self.push(&format!("\nTo restore what the YAML states ({}):\n  {}\n", plan.summary(), with(APPLY)));
        }
        let again = plan.not_taken.iter().filter(|untaken| untaken.way != NotTakenRemedy::Edit);
        let again: String = again.map(|untaken| format!(" --resend {}", untaken.resend_argument())).collect();
        if !again.is_empty() {
            let apply = with(APPLY);
            self.push(&format!("\nTo send again what the service did not take:\n  {apply}{}\n", escape(&again)));
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
        if let Some(id) = drift.left_behind() {
            self.push(&format!(
                "      left     {}, which it replaced, is still there in {}\n",
                escape(id),
                escape(&drift.account)
            ));
        }
        if let Some(run) = &drift.run {
            let run = escape(run);
            self.push(&match drift.class {
                DriftClass::NotTaken => format!("      sent     in run {run}, not taken\n"),
                _ => format!("      run      {run}\n"),
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
