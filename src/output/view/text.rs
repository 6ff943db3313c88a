//! A plan for a reviewer at a terminal: first refusals and affected numbers, then deletes, then the rest.

use super::value::attribute_lines;
use super::wording::{self, StepIndex, StepRange};
use super::{BAD, CARE, FAINT, GOOD, STRONG, paint};
use crate::plan::{Change, ChangeAction, NumberEffect, NumberImpact, Plan, PlanNotice, Step, StepPhase};
use crate::text::escape;

/// Numbers that are listed one by one before the rest is counted.
const MOST_NUMBERS: usize = 100;

/// What the reader asked for.
#[derive(Debug, Clone, Copy)]
pub struct TextDetail {
    /// The reason for each request, and every notice.
    pub verbose: bool,
    /// Most columns of a line; sentences are wrapped there.
    pub columns: usize,
}

impl TextDetail {
    /// Wraps a sentence that is indented by this many columns.
    pub(crate) fn wrap(self, text: &str, indent: usize) -> Vec<String> {
        wrap_text(text, self.columns.saturating_sub(indent).max(30))
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
    push_accounts(&mut out, plan);
    if let Some(ledger) = wording::describe_ledger(plan) {
        for (index, text) in detail.wrap(&escape(&ledger), 2).into_iter().enumerate() {
            push_line(&mut out, &paint(FAINT, format!("{}{text}", if index == 0 { "" } else { "  " })));
        }
    }
    push_refusals(&mut out, plan, detail);
    push_impact(&mut out, plan);
    let steps = StepIndex::from_plan(plan);
    for titled in wording::ACTIONS {
        push_changes(&mut out, plan, &steps, titled, detail);
    }
    push_not_taken(&mut out, plan, detail);
    push_order(&mut out, plan, detail);
    push_notices(&mut out, plan, detail);
    push_unmanaged(&mut out, plan, detail);
    push_not_undone(&mut out, plan, detail);
    push_line(&mut out, "");
    for (index, text) in detail.wrap(&plan.summary(), 6).into_iter().enumerate() {
        push_line(&mut out, &if index == 0 { format!("{} {text}", paint(STRONG, "Plan:")) } else { format!("      {text}") });
    }
    push_line(&mut out, &paint(FAINT, escape(&plan.digest)));
    out
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

fn push_heading(out: &mut String, text: &str) {
    push_line(out, "");
    push_line(out, &paint(STRONG, text));
}

fn push_accounts(out: &mut String, plan: &Plan) {
    // A name in a plan that came from a file may be of any length; a width may not.
    let width = plan.accounts.iter().map(|account| account.name.chars().count()).max().unwrap_or(0).min(40);
    for account in &plan.accounts {
        let text = format!("{:width$}  {}", account.name, wording::describe_account(account));
        push_line(out, &paint(FAINT, escape(&text)));
        for token in wording::token_lines(plan, account) {
            push_line(out, &paint(FAINT, format!("{:width$}  {}", "", escape(&token))));
        }
    }
}

fn push_refusals(out: &mut String, plan: &Plan, detail: TextDetail) {
    if plan.refusals.is_empty() {
        return;
    }
    push_line(out, "");
    push_line(out, &paint(BAD, wording::refusals_title(plan)));
    for refusal in &plan.refusals {
        let (what, code) = (escape(&wording::refusal_subject(refusal)), refusal.code.as_str());
        let fits = 4 + what.chars().count() + 2 + code.len() <= detail.columns;
        let gap = if fits { "  " } else { "\n      " };
        push_line(out, &format!("  {} {}{gap}{}", paint(BAD, "!"), paint(STRONG, what), paint(FAINT, code)));
        for text in detail.wrap(&escape(&refusal.detail), 6) {
            push_line(out, &format!("      {text}"));
        }
        for (index, text) in detail.wrap(&escape(&refusal.help()), 12).into_iter().enumerate() {
            push_line(out, &format!("      {}{text}", if index == 0 { "help: " } else { "      " }));
        }
        if let Some(place) = &refusal.place {
            push_line(out, &paint(FAINT, format!("      at {}", escape(place))));
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
        push_numbers(out, &these);
    }
}

fn push_numbers(out: &mut String, numbers: &[&NumberImpact]) {
    for number in numbers.iter().take(MOST_NUMBERS) {
        push_line(out, &format!("      {}  {}", escape(&number.number), escape(&wording::from_and_to(number))));
    }
    if numbers.len() > MOST_NUMBERS {
        push_line(out, &format!("      … and {} more; see --format json", numbers.len() - MOST_NUMBERS));
    }
}

fn push_changes(out: &mut String, plan: &Plan, steps: &StepIndex<'_>, (action, title): (ChangeAction, &str), detail: TextDetail) {
    let these: Vec<&Change> = plan.changes.iter().filter(|change| change.action == action).collect();
    if these.is_empty() {
        return;
    }
    push_heading(out, &format!("{title} ({})", these.len()));
    let style = match action {
        ChangeAction::Create => GOOD,
        ChangeAction::Update | ChangeAction::Replace => CARE,
        ChangeAction::Delete => BAD,
    };
    for change in these {
        let about = paint(FAINT, escape(&wording::account_and_id(change)));
        push_line(
            out,
            &format!(
                "  {} {}  {about}",
                paint(style, wording::action_sign(action)),
                paint(STRONG, escape(&change.address.to_string()))
            ),
        );
        if let Some(reason) = &change.reason {
            for text in detail.wrap(&escape(reason), 6) {
                push_line(out, &format!("      {text}"));
            }
        }
        let width = change.attributes.iter().map(|attribute| attribute.name.len()).max().unwrap_or(0).min(40);
        for shown in
            change.attributes.iter().flat_map(|changed| attribute_lines(changed, width, change.action == ChangeAction::Create))
        {
            push_line(out, &format!("      {shown}"));
        }
        for step in steps.steps_of_change(change) {
            push_request(out, steps, step, detail);
        }
    }
}

/// What was sent before and is not in effect: a difference that this plan does not send.
fn push_not_taken(out: &mut String, plan: &Plan, detail: TextDetail) {
    if plan.not_taken.is_empty() {
        return;
    }
    push_heading(out, &format!("{} ({})", wording::NOT_TAKEN, plan.not_taken.len()));
    for untaken in &plan.not_taken {
        let address = paint(STRONG, escape(&untaken.address.to_string()));
        let about = paint(FAINT, escape(&untaken.account));
        push_line(out, &format!("  {} {address}  {about}", paint(CARE, "!")));
        for shown in attribute_lines(&untaken.attribute, 0, false) {
            push_line(out, &format!("      {shown}"));
        }
        for text in [untaken.describe(), untaken.help()] {
            for text in detail.wrap(&escape(&text), 6) {
                push_line(out, &paint(FAINT, format!("      {text}")));
            }
        }
    }
}

fn push_request(out: &mut String, steps: &StepIndex<'_>, step: &Step, detail: TextDetail) {
    let method = format!("{:6}", step.call.method.to_string());
    let target = escape(&step.call.path_and_query());
    let number = wording::phone_number_of(step).map(|number| format!("{} ", escape(number))).unwrap_or_default();
    let head = format!("      {:>4} {method} {number}", escape(&step.id));
    if head.len() + target.len() <= detail.columns {
        push_line(out, &paint(FAINT, format!("{head}{target}")));
    } else {
        push_line(out, &paint(FAINT, head.trim_end()));
        push_line(out, &paint(FAINT, format!("           {target}")));
    }
    let surprising = matches!(step.phase, StepPhase::Update | StepPhase::Delete);
    if detail.verbose || surprising {
        for text in detail.wrap(&escape(&step.why), 11) {
            push_line(out, &paint(FAINT, format!("           {text}")));
        }
    }
    let waits = if detail.verbose { steps.ranges(&step.waits_for) } else { Vec::new() };
    if !waits.is_empty() {
        let runs = waits.into_iter().map(|StepRange { phase, first, last }| {
            let range = last.map_or_else(|| first.to_owned(), |last| format!("{first}-{last}"));
            phase.map_or_else(|| range.clone(), |phase| format!("{} ({range})", wording::whole_phase(phase)))
        });
        let runs: Vec<String> = runs.collect();
        for text in detail.wrap(&escape(&format!("after {}", runs.join(", "))), 11) {
            push_line(out, &paint(FAINT, format!("           {text}")));
        }
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

fn push_notices(out: &mut String, plan: &Plan, detail: TextDetail) {
    let (settled, open): (Vec<&PlanNotice>, Vec<&PlanNotice>) =
        plan.notices.iter().partition(|notice| notice.code.is_settled_secret() && !detail.verbose);
    if !open.is_empty() {
        push_heading(out, &format!("{} ({})", wording::NOTICES, open.len()));
    }
    // Notices are sorted by code, so those with one code are grouped under one sentence.
    for group in open.chunk_by(|a, b| a.code == b.code) {
        for (index, text) in detail.wrap(group[0].code.describe(), 4).into_iter().enumerate() {
            push_line(out, &format!("  {} {text}", if index == 0 { "i" } else { " " }));
        }
        for notice in group.iter().take(MOST_NUMBERS) {
            push_hanging(out, detail, "      ", &wording::notice_subject(notice));
        }
        if group.len() > MOST_NUMBERS {
            push_line(out, &format!("      … and {} more; see --format json", group.len() - MOST_NUMBERS));
        }
    }
    let words: Vec<String> = settled
        .chunk_by(|a, b| a.code == b.code)
        .map(|group| format!("{}{}", group[0].code.describe_secrets(group.len()), wording::secret_sources_suffix(group)))
        .collect();
    if !words.is_empty() {
        push_line(out, "");
        for text in detail.wrap_sentence(&escape(&words.join(", "))).lines() {
            push_line(out, &paint(FAINT, text));
        }
    }
}

/// What cannot be undone is right above the summary, where the approver looks last.
fn push_not_undone(out: &mut String, plan: &Plan, detail: TextDetail) {
    let groups = wording::not_undone(plan);
    if groups.is_empty() {
        return;
    }
    push_heading(out, &format!("{} ({})", wording::NOT_UNDONE, wording::count_grouped(&groups)));
    for (sentence, of) in &groups {
        for (index, text) in detail.wrap(&escape(sentence), 4).into_iter().enumerate() {
            let sign = if index == 0 { paint(BAD, "!") } else { " ".to_owned() };
            push_line(out, &format!("  {sign} {text}"));
        }
        for what in of.iter().take(MOST_NUMBERS) {
            push_hanging(out, detail, "      ", what);
        }
        if of.len() > MOST_NUMBERS {
            push_line(out, &format!("      … and {} more; see --format json", of.len() - MOST_NUMBERS));
        }
    }
}

fn push_unmanaged(out: &mut String, plan: &Plan, detail: TextDetail) {
    if plan.unmanaged.is_empty() {
        return;
    }
    push_line(out, "");
    let text = escape(&format!("{}: {}", wording::UNMANAGED, wording::describe_unmanaged(plan)));
    for text in detail.wrap_sentence(&text).lines() {
        push_line(out, &paint(FAINT, text));
    }
}

/// A sentence that begins a line; its continuation lines are indented, so that none of its words begins a line.
pub(crate) fn wrap_sentence(text: &str, width: usize) -> String {
    const INDENT: usize = 2;
    wrap_text(text, width.saturating_sub(INDENT).max(30)).join(&format!("\n{:INDENT$}", ""))
}

/// Wraps a text into lines of at most this many columns, at spaces; a longer word is on its own line.
pub(crate) fn wrap_text(text: &str, width: usize) -> Vec<String> {
    use unicode_width::UnicodeWidthStr;
    let mut lines = vec![String::new()];
    // Kept beside the line: measuring it again at each word would be very slow for a long text.
    let mut columns = 0;
    for word in text.split_whitespace() {
        let more = word.width();
        let current = lines.last_mut().expect("there is always a line");
        if !current.is_empty() && columns + 1 + more > width {
            lines.push(word.to_owned());
            columns = more;
        } else {
            if !current.is_empty() {
                current.push(' ');
                columns += 1;
            }
            current.push_str(word);
            columns += more;
        }
    }
    lines
}
