//! A plan for a reviewer at a terminal: what is refused and which numbers are hit first, then deletes, then the rest.

use super::value::attribute;
use super::words::{self, Steps};
use super::{BAD, CARE, FAINT, GOOD, STRONG, paint};
use crate::plan::{Action, Change, Effect, Notice, NumberImpact, Phase, Plan, Step};
use crate::text::clean;

/// Numbers that are listed one by one before the rest is counted.
const MOST_NUMBERS: usize = 100;

/// What the reader asked for.
#[derive(Debug, Clone, Copy)]
pub struct Detail {
    /// Why each request and not another, and every notice.
    pub verbose: bool,
    /// Columns that a line may have; sentences are broken there.
    pub columns: usize,
}

impl Detail {
    /// Breaks a sentence that is indented by so many columns.
    pub(crate) fn wrap(self, text: &str, indent: usize) -> Vec<String> {
        wrap(text, self.columns.saturating_sub(indent).max(30))
    }
}

/// The whole plan as text, with colours that the stream strips where they are not wanted.
pub fn plan(plan: &Plan, detail: Detail) -> String {
    let mut out = String::new();
    if let Some(limits) = words::limits(plan) {
        hanging(&mut out, detail, "", &limits);
    }
    accounts(&mut out, plan);
    refusals(&mut out, plan, detail);
    impact(&mut out, plan);
    let steps = Steps::of(plan);
    for titled in words::ACTIONS {
        changes(&mut out, plan, &steps, titled, detail);
    }
    not_taken(&mut out, plan, detail);
    order(&mut out, plan, detail);
    notices(&mut out, plan, detail);
    unmanaged(&mut out, plan, detail);
    not_undone(&mut out, plan, detail);
    line(&mut out, "");
    for (index, text) in detail.wrap(&plan.summary(), 6).into_iter().enumerate() {
        line(
            &mut out,
            &if index == 0 { format!("{} {text}", paint(STRONG, "Plan:")) } else { format!("      {text}") },
        );
    }
    line(&mut out, &paint(FAINT, clean(&plan.digest)));
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

/// One of a list; what does not fit stands below it, a little further in.
fn hanging(out: &mut String, detail: Detail, lead: &str, text: &str) {
    for (index, part) in detail.wrap(&clean(text), lead.len() + 2).into_iter().enumerate() {
        line(out, &format!("{lead}{}{part}", if index == 0 { "" } else { "  " }));
    }
}

fn heading(out: &mut String, text: &str) {
    line(out, "");
    line(out, &paint(STRONG, text));
}

fn accounts(out: &mut String, plan: &Plan) {
    // A name in a plan that came from a file may be of any length; a width may not.
    let width = plan.accounts.iter().map(|account| account.name.chars().count()).max().unwrap_or(0).min(40);
    for account in &plan.accounts {
        let text = format!("{:width$}  {}", account.name, words::account(account));
        line(out, &paint(FAINT, clean(&text)));
    }
}

fn refusals(out: &mut String, plan: &Plan, detail: Detail) {
    if plan.refusals.is_empty() {
        return;
    }
    line(out, "");
    line(out, &paint(BAD, words::refused(plan)));
    for refusal in &plan.refusals {
        let (what, code) = (clean(&words::refusal(refusal)), refusal.code.word());
        let fits = 4 + what.chars().count() + 2 + code.len() <= detail.columns;
        let gap = if fits { "  " } else { "\n      " };
        line(out, &format!("  {} {}{gap}{}", paint(BAD, "!"), paint(STRONG, what), paint(FAINT, code)));
        for text in detail.wrap(&clean(&refusal.detail), 6) {
            line(out, &format!("      {text}"));
        }
        for (index, text) in detail.wrap(&clean(&refusal.help()), 12).into_iter().enumerate() {
            line(out, &format!("      {}{text}", if index == 0 { "help: " } else { "      " }));
        }
        if let Some(place) = &refusal.place {
            line(out, &paint(FAINT, format!("      at {}", clean(place))));
        }
    }
}

fn impact(out: &mut String, plan: &Plan) {
    if plan.impact.is_empty() {
        return;
    }
    heading(out, words::NUMBERS);
    for effect in words::EFFECTS {
        let these = words::with_effect(plan, effect);
        if these.is_empty() {
            continue;
        }
        let (style, sign) = match effect {
            Effect::Dark => (BAD, "x"),
            Effect::Moves => (CARE, ">"),
            Effect::Connects | Effect::Settles => (GOOD, "+"),
        };
        line(out, &paint(style, format!("  {sign} {}", words::sentence(effect, &these))));
        numbers(out, &these);
    }
}

fn numbers(out: &mut String, numbers: &[&NumberImpact]) {
    for number in numbers.iter().take(MOST_NUMBERS) {
        line(out, &format!("      {}  {}", clean(&number.number), clean(&words::spots(number))));
    }
    if numbers.len() > MOST_NUMBERS {
        line(out, &format!("      … and {} more; see --format json", numbers.len() - MOST_NUMBERS));
    }
}

fn changes(
    out: &mut String,
    plan: &Plan,
    steps: &Steps<'_>,
    (action, title): (Action, &str),
    detail: Detail,
) {
    let these: Vec<&Change> = plan.changes.iter().filter(|change| change.action == action).collect();
    if these.is_empty() {
        return;
    }
    heading(out, &format!("{title} ({})", these.len()));
    let style = match action {
        Action::Create => GOOD,
        Action::Update | Action::Replace => CARE,
        Action::Delete => BAD,
    };
    for change in these {
        let about = paint(FAINT, clean(&words::whose(change)));
        line(
            out,
            &format!(
                "  {} {}  {about}",
                paint(style, words::sign(action)),
                paint(STRONG, clean(&change.address.to_string()))
            ),
        );
        if let Some(reason) = &change.reason {
            for text in detail.wrap(&clean(reason), 6) {
                line(out, &format!("      {text}"));
            }
        }
        let width = change.attributes.iter().map(|attribute| attribute.name.len()).max().unwrap_or(0).min(40);
        for shown in change
            .attributes
            .iter()
            .flat_map(|changed| attribute(changed, width, change.action == Action::Create))
        {
            line(out, &format!("      {shown}"));
        }
        for step in steps.of_change(change) {
            request(out, steps, step, detail);
        }
    }
}

/// What was sent before and is not there: a difference that this plan does not send.
fn not_taken(out: &mut String, plan: &Plan, detail: Detail) {
    if plan.not_taken.is_empty() {
        return;
    }
    heading(out, &format!("{} ({})", words::NOT_TAKEN, plan.not_taken.len()));
    for untaken in &plan.not_taken {
        let address = paint(STRONG, clean(&untaken.address.to_string()));
        let about = paint(FAINT, clean(&untaken.account));
        line(out, &format!("  {} {address}  {about}", paint(CARE, "!")));
        for shown in attribute(&untaken.attribute, 0, false) {
            line(out, &format!("      {shown}"));
        }
        for text in [untaken.fact(), untaken.help()] {
            for text in detail.wrap(&clean(&text), 6) {
                line(out, &paint(FAINT, format!("      {text}")));
            }
        }
    }
}

fn request(out: &mut String, steps: &Steps<'_>, step: &Step, detail: Detail) {
    let method = format!("{:6}", step.call.method.to_string());
    let target = clean(&step.call.target());
    let number = words::number(step).map(|number| format!("{} ", clean(number))).unwrap_or_default();
    let head = format!("      {:>4} {method} {number}", clean(&step.id));
    if head.len() + target.len() <= detail.columns {
        line(out, &paint(FAINT, format!("{head}{target}")));
    } else {
        line(out, &paint(FAINT, head.trim_end()));
        line(out, &paint(FAINT, format!("           {target}")));
    }
    let surprising = matches!(step.phase, Phase::Update | Phase::Delete);
    if detail.verbose || surprising {
        for text in detail.wrap(&clean(&step.why), 11) {
            line(out, &paint(FAINT, format!("           {text}")));
        }
    }
    if detail.verbose && !step.waits_for.is_empty() {
        let runs: Vec<String> = steps
            .runs(&step.waits_for)
            .into_iter()
            .map(|(first, last)| last.map_or_else(|| first.to_owned(), |last| format!("{first}-{last}")))
            .collect();
        for text in detail.wrap(&clean(&format!("after {}", runs.join(", "))), 11) {
            line(out, &paint(FAINT, format!("           {text}")));
        }
    }
}

fn order(out: &mut String, plan: &Plan, detail: Detail) {
    if plan.steps.is_empty() {
        return;
    }
    heading(out, words::ORDER);
    for text in detail.wrap(&clean(&words::phases(plan).join(" > ")), 2) {
        line(out, &format!("  {text}"));
    }
}

fn notices(out: &mut String, plan: &Plan, detail: Detail) {
    let (settled, open): (Vec<&Notice>, Vec<&Notice>) =
        plan.notices.iter().partition(|notice| notice.code.is_settled_secret() && !detail.verbose);
    if !open.is_empty() {
        heading(out, &format!("{} ({})", words::NOTICES, open.len()));
    }
    // Notices are sorted by their code, so those of one sort stand together under one sentence.
    for group in open.chunk_by(|a, b| a.code == b.code) {
        for (index, text) in detail.wrap(group[0].code.text(), 4).into_iter().enumerate() {
            line(out, &format!("  {} {text}", if index == 0 { "i" } else { " " }));
        }
        for notice in group.iter().take(MOST_NUMBERS) {
            hanging(out, detail, "      ", &words::notice(notice));
        }
        if group.len() > MOST_NUMBERS {
            line(out, &format!("      … and {} more; see --format json", group.len() - MOST_NUMBERS));
        }
    }
    let words: Vec<String> = settled
        .chunk_by(|a, b| a.code == b.code)
        .map(|group| group[0].code.of_secrets(group.len()))
        .collect();
    if !words.is_empty() {
        line(out, "");
        for text in detail.wrap(&words.join(", "), 0) {
            line(out, &paint(FAINT, text));
        }
    }
}

/// What nothing brings back stands right above the sum, where whoever approves looks last.
fn not_undone(out: &mut String, plan: &Plan, detail: Detail) {
    let groups = words::not_undone(plan);
    if groups.is_empty() {
        return;
    }
    heading(out, &format!("{} ({})", words::NOT_UNDONE, words::things(&groups)));
    for (sentence, of) in &groups {
        for (index, text) in detail.wrap(&clean(sentence), 4).into_iter().enumerate() {
            let sign = if index == 0 { paint(BAD, "!") } else { " ".to_owned() };
            line(out, &format!("  {sign} {text}"));
        }
        for what in of.iter().take(MOST_NUMBERS) {
            hanging(out, detail, "      ", what);
        }
        if of.len() > MOST_NUMBERS {
            line(out, &format!("      … and {} more; see --format json", of.len() - MOST_NUMBERS));
        }
    }
}

fn unmanaged(out: &mut String, plan: &Plan, detail: Detail) {
    if plan.unmanaged.is_empty() {
        return;
    }
    line(out, "");
    for text in detail.wrap(&clean(&format!("{}: {}", words::UNMANAGED, words::unmanaged(plan))), 0) {
        line(out, &paint(FAINT, text));
    }
}

/// Breaks a text into lines of at most so many columns, at spaces; a longer word stands on its own line.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    use unicode_width::UnicodeWidthStr;
    let mut lines = vec![String::new()];
    // Kept beside the line: measuring it again at each word would take forever over a long text.
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
