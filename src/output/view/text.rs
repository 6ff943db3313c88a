//! A plan for a reviewer at a terminal: first refusals and affected numbers, then deletes, then the rest.

mod changes;
mod diagnostics;
mod fit;

pub(crate) use fit::fit_lines;

use super::groups::ChangeGroups;
use super::ranking::rank_changes;
use super::table::table_lines;
use super::wording::{self, StepIndex};
use super::{BAD, CARE, FAINT, GOOD, STRONG, paint};
use crate::plan::{NumberEffect, NumberImpact, Plan};
use crate::text::escape;

/// Numbers that are listed one by one before the rest is counted.
const MOST_NUMBERS: usize = 100;

/// Fewest columns into which a sentence is wrapped.
const NARROWEST: usize = 20;

/// Names in one list before the rest is counted.
const NAMED: usize = 6;

/// Columns of a label at the head of a plan.
const LABEL: usize = 10;

/// Where what is left out can be found.
const UNFOLD: &str = "`-v` lists them";

/// What the reader asked for.
#[derive(Debug, Clone, Copy)]
pub struct TextDetail {
    /// Each change by itself, the reason for each request, and every notice.
    pub verbose: bool,
    /// Most columns of a line; sentences are wrapped there.
    pub columns: usize,
}

impl TextDetail {
    /// Wraps a sentence that is indented by this many columns.
    pub(crate) fn wrap(self, text: &str, indent: usize) -> Vec<String> {
        wrap_text(text, self.columns.saturating_sub(indent).max(NARROWEST))
    }

    /// Wraps a sentence that begins a line.
    pub(crate) fn wrap_sentence(self, text: &str) -> String {
        wrap_sentence(text, self.columns)
    }
}

/// The whole plan as text, with colours that the stream strips where they are not wanted.
pub fn plan_as_text(plan: &Plan, detail: TextDetail) -> String {
    let mut out = String::new();
    if let Some(limits) = wording::describe_limits(plan) {
        push_hanging(&mut out, detail, "", &limits);
    }
    push_account_table(&mut out, plan, detail);
    let described_first = plan.accounts.len() <= wording::DESCRIBED_FIRST;
    if described_first {
        push_accounts(&mut out, plan, "Accounts", detail);
    }
    if let Some(ledger) = wording::describe_ledger(plan) {
        let ledger = escape(ledger.trim_start_matches("ledger "));
        for (index, text) in detail.wrap(&ledger, LABEL).into_iter().enumerate() {
            push_line(&mut out, &paint(FAINT, format!("{:LABEL$}{text}", if index == 0 { "Ledger" } else { "" })));
        }
    }
    diagnostics::push_refusals(&mut out, plan, detail);
    push_impact(&mut out, plan);
    let steps = StepIndex::from_plan(plan);
    let ranked = rank_changes(plan);
    let groups = ChangeGroups::from_ranked(&ranked, &steps);
    for titled in groups.actions() {
        changes::push_changes(&mut out, &groups, &steps, titled, detail);
    }
    diagnostics::push_not_taken(&mut out, plan, detail);
    push_order(&mut out, plan, detail);
    diagnostics::push_notices(&mut out, plan, detail);
    diagnostics::push_unmanaged(&mut out, plan, detail);
    diagnostics::push_not_undone(&mut out, plan, detail);
    if !described_first {
        push_heading(&mut out, "Accounts");
        push_accounts(&mut out, plan, "", detail);
    }
    push_line(&mut out, "");
    for (index, text) in detail.wrap(&groups.summary(plan), 6).into_iter().enumerate() {
        push_line(&mut out, &if index == 0 { format!("{} {text}", paint(STRONG, "Plan:")) } else { format!("      {text}") });
    }
    push_line(&mut out, &paint(FAINT, format!("Digest: {}", escape(&plan.digest))));
    // A plan without accounts begins with a heading.
    fit_lines(out.trim_start_matches('\n'), detail.columns)
}

fn push_line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

/// An item of a list; its continuation lines are indented slightly more.
fn push_hanging(out: &mut String, detail: TextDetail, lead: &str, text: &str) {
    for (index, part) in detail.wrap(&escape(text), lead.len() + 2).into_iter().enumerate() {
        push_line(out, &format!("{lead}{}{part}", if index == 0 { "" } else { "  " }));
    }
}

/// Names in one list, and how many are left out.
fn push_names(out: &mut String, lead: &str, names: impl ExactSizeIterator<Item = String>, most: usize, detail: TextDetail) {
    let count = names.len();
    let most = if detail.verbose { count } else { most };
    let mut list = names.take(most).collect::<Vec<_>>().join(", ");
    if count > most {
        list.push_str(&format!(", … and {} more; {UNFOLD}", count - most));
    }
    push_hanging(out, detail, lead, &list);
}

fn push_heading(out: &mut String, text: &str) {
    push_line(out, "");
    push_line(out, &paint(STRONG, text));
}

/// Of many accounts, what happens in each.
fn push_account_table(out: &mut String, plan: &Plan, detail: TextDetail) {
    let Some(table) = wording::account_table(plan) else { return };
    let rows: Vec<[String; 8]> =
        [wording::ACCOUNT_HEADS.map(str::to_owned)].into_iter().chain(table.rows.iter().cloned()).collect();
    if !table.rows.is_empty() {
        table_lines(&rows, detail.columns).iter().for_each(|line| push_line(out, line));
    }
    if let Some(text) = table.unchanged_text() {
        push_hanging(out, detail, "", &text);
    }
    push_line(out, "");
}

/// Each account below the other, beside a label.
fn push_accounts(out: &mut String, plan: &Plan, label: &str, detail: TextDetail) {
    // A name in a plan that came from a file may be of any length; a width may not.
    let width = plan.accounts.iter().map(|account| account.name.chars().count()).max().unwrap_or(0).min(40);
    let lead = if label.is_empty() { 0 } else { LABEL };
    let mut label = label;
    for account in &plan.accounts {
        let mut name = escape(&account.name);
        for told in [wording::describe_account(account)].into_iter().chain(wording::token_lines(plan, account)) {
            for text in detail.wrap(&escape(&told), lead + width + 2) {
                push_line(out, &paint(FAINT, format!("{label:lead$}{name:width$}  {text}")));
                (label, name) = ("", String::new());
            }
        }
    }
}

fn push_impact(out: &mut String, plan: &Plan) {
    if plan.impact.is_empty() {
        return;
    }
    push_heading(out, wording::NUMBERS);
    for effect in wording::EFFECTS {
        let these = wording::with_effect(plan, effect);
        if these.is_empty() {
            continue;
        }
        let (style, sign) = match effect {
            NumberEffect::Dark => (BAD, "x"),
            NumberEffect::Moves => (CARE, ">"),
            NumberEffect::Connects | NumberEffect::Settles => (GOOD, "+"),
        };
        push_line(out, &paint(style, format!("  {sign} {}", wording::impact_sentence(effect, &these))));
        push_numbers(out, plan, &these);
    }
}

fn push_numbers(out: &mut String, plan: &Plan, numbers: &[NumberImpact]) {
    for number in numbers.iter().take(MOST_NUMBERS) {
        push_line(out, &format!("      {}  {}", escape(&number.number), escape(&wording::from_and_to(plan, number))));
    }
    if numbers.len() > MOST_NUMBERS {
        push_line(out, &format!("      … and {} more; see --format json", numbers.len() - MOST_NUMBERS));
    }
}

fn push_order(out: &mut String, plan: &Plan, detail: TextDetail) {
    if plan.steps.is_empty() {
        return;
    }
    push_heading(out, wording::ORDER);
    for text in detail.wrap(&escape(&wording::phase_ranges(plan).join(" > ")), 2) {
        push_line(out, &format!("  {text}"));
    }
}

/// A sentence that begins a line; its continuation lines are indented, so that none of its words begins a line.
pub(crate) fn wrap_sentence(text: &str, width: usize) -> String {
    const INDENT: usize = 2;
    wrap_text(text, width.saturating_sub(INDENT).max(NARROWEST)).join(&format!("\n{:INDENT$}", ""))
}

/// Wraps a text into lines of at most this many columns, at spaces; a longer word, or a command in backticks, is on its own line.
pub(crate) fn wrap_text(text: &str, width: usize) -> Vec<String> {
    use unicode_width::UnicodeWidthStr;
    let mut lines = vec![String::new()];
    // Kept beside the line: measuring it again at each word would be very slow for a long text.
    let mut columns = 0;
    for word in fit::keep_commands(text.split_whitespace(), width) {
        let more = word.width();
        let current = lines.last_mut().expect("there is always a line");
        if !current.is_empty() && columns + 1 + more > width {
            lines.push(word.into_owned());
            columns = more;
        } else {
            if !current.is_empty() {
                current.push(' ');
                columns += 1;
            }
            current.push_str(&word);
            columns += more;
        }
    }
    lines
}
