//! A plan for a reviewer at a terminal: what is refused and which numbers are hit first, then deletes, then the rest.

use std::fmt::Write;

use super::value::attribute;
use super::{BAD, CARE, FAINT, GOOD, STRONG, paint};
use crate::plan::{Action, Change, Effect, Notice, NumberImpact, Operation, Phase, Plan, Step};
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
    accounts(&mut out, plan);
    refusals(&mut out, plan, detail);
    impact(&mut out, plan);
    for (action, title) in [
        (Action::Delete, "Delete"),
        (Action::Replace, "Replace"),
        (Action::Create, "Create"),
        (Action::Update, "Update"),
    ] {
        changes(&mut out, plan, action, title, detail);
    }
    order(&mut out, plan, detail);
    notices(&mut out, plan, detail);
    unmanaged(&mut out, plan, detail);
    line(&mut out, "");
    for (index, text) in detail.wrap(&plan.summary(), 6).into_iter().enumerate() {
        line(
            &mut out,
            &if index == 0 { format!("{} {text}", paint(STRONG, "Plan:")) } else { format!("      {text}") },
        );
    }
    line(&mut out, &paint(FAINT, &plan.digest));
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

fn heading(out: &mut String, text: &str) {
    line(out, "");
    line(out, &paint(STRONG, text));
}

fn accounts(out: &mut String, plan: &Plan) {
    let width = plan.accounts.iter().map(|account| account.name.chars().count()).max().unwrap_or(0);
    for account in &plan.accounts {
        let mut text = format!("{:width$}  {} at {}", account.name, account.api, account.base_url);
        if let Some(org) = &account.org_handle {
            let _ = write!(text, ", organization {org}");
        }
        if let Some(generation) = account.generation {
            let _ = write!(text, ", generation {generation}");
        }
        line(out, &paint(FAINT, clean(&text)));
    }
}

fn refusals(out: &mut String, plan: &Plan, detail: Detail) {
    if plan.refusals.is_empty() {
        return;
    }
    line(out, "");
    line(out, &paint(BAD, format!("REFUSED ({}): this plan will not be applied", plan.refusals.len())));
    for refusal in &plan.refusals {
        let subject = match &refusal.address {
            Some(address) => address.to_string(),
            None if refusal.account.is_empty() => "the whole run".to_owned(),
            None => format!("account {}", refusal.account),
        };
        line(
            out,
            &format!(
                "  {} {}  {}",
                paint(BAD, "!"),
                paint(STRONG, clean(&subject)),
                paint(FAINT, refusal.code.word())
            ),
        );
        for text in detail.wrap(&clean(&refusal.detail), 6) {
            line(out, &format!("      {text}"));
        }
        for (index, text) in detail.wrap(refusal.code.help(), 12).into_iter().enumerate() {
            line(out, &format!("      {}{text}", if index == 0 { "help: " } else { "      " }));
        }
        if let Some(place) = &refusal.place {
            line(out, &paint(FAINT, format!("      at {}", clean(place))));
        }
    }
}

fn impact(out: &mut String, plan: &Plan) {
    let of = |effect| plan.impact.iter().filter(|number| number.effect == effect).collect::<Vec<_>>();
    if plan.impact.is_empty() {
        return;
    }
    heading(out, "Phone numbers");
    let dark = of(Effect::Dark);
    if !dark.is_empty() {
        line(out, &paint(BAD, format!("  x {} cut off", are(dark.len()))));
        numbers(out, &dark);
    }
    let moves = of(Effect::Moves);
    if !moves.is_empty() {
        let gap = moves.iter().map(|number| number.dark_steps).max().unwrap_or(0);
        let gap = if gap == 0 {
            "without a gap".to_owned()
        } else {
            if moves.len() == 1 {
                format!("dark for {gap} step")
            } else {
                format!("each dark for {gap} step")
            }
        };
        line(out, &paint(CARE, format!("  > {} moved, {gap}", are(moves.len()))));
        numbers(out, &moves);
    }
    for (effect, word) in [
        (Effect::Connects, "connected"),
        (Effect::Settles, "settled: from then on it is known who serves it"),
    ] {
        let these = of(effect);
        if !these.is_empty() {
            line(out, &paint(GOOD, format!("  + {} {word}", are(these.len()))));
            numbers(out, &these);
        }
    }
}

fn are(count: usize) -> String {
    if count == 1 { "1 number is".to_owned() } else { format!("{count} numbers are") }
}

fn numbers(out: &mut String, numbers: &[&NumberImpact]) {
    for number in numbers.iter().take(MOST_NUMBERS) {
        let spot = |spot: &crate::plan::Spot| clean(&format!("{} by {}", spot.bridge, spot.provider));
        let text = match (&number.from, &number.to) {
            (Some(from), Some(to)) if from.bridge == to.bridge && from.provider != to.provider => {
                clean(&format!("{}: {} -> {}", from.bridge, from.provider, to.provider))
            }
            (Some(from), Some(to)) if from == to => {
                clean(&format!("{}: {}, old -> new", from.bridge, from.provider))
            }
            (Some(from), Some(to)) => format!("{} -> {}", spot(from), spot(to)),
            (Some(from), None) => spot(from),
            (None, Some(to)) => spot(to),
            (None, None) => String::new(),
        };
        line(out, &format!("      {}  {text}", clean(&number.number)));
    }
    if numbers.len() > MOST_NUMBERS {
        line(out, &format!("      … and {} more; see --format json", numbers.len() - MOST_NUMBERS));
    }
}

fn changes(out: &mut String, plan: &Plan, action: Action, title: &str, detail: Detail) {
    let these: Vec<&Change> = plan.changes.iter().filter(|change| change.action == action).collect();
    if these.is_empty() {
        return;
    }
    heading(out, &format!("{title} ({})", these.len()));
    let (sign, style) = match action {
        Action::Create => ("+", GOOD),
        Action::Update => ("~", CARE),
        Action::Replace => ("+-", CARE),
        Action::Delete => ("-", BAD),
    };
    for change in these {
        let id = change.id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
        let about = paint(FAINT, clean(&format!("{}{id}", change.account)));
        line(
            out,
            &format!(
                "  {} {}  {about}",
                paint(style, sign),
                paint(STRONG, clean(&change.address.to_string()))
            ),
        );
        if let Some(reason) = &change.reason {
            for text in detail.wrap(&clean(reason), 6) {
                line(out, &format!("      {text}"));
            }
        }
        let width = change.attributes.iter().map(|attribute| attribute.name.len()).max().unwrap_or(0);
        for shown in change
            .attributes
            .iter()
            .flat_map(|changed| attribute(changed, width, change.action == Action::Create))
        {
            line(out, &format!("      {shown}"));
        }
        for step in plan.steps.iter().filter(|step| change.steps.contains(&step.id)) {
            request(out, step, detail);
        }
    }
}

fn request(out: &mut String, step: &Step, detail: Detail) {
    let method = format!("{:6}", step.call.method.to_string());
    let target = clean(&step.call.target());
    let number = match &step.operation {
        Operation::Connect { number, .. } | Operation::Disconnect { number, .. } => {
            format!("{} ", clean(number))
        }
        _ => String::new(),
    };
    let head = format!("      {:>4} {method} {number}", step.id);
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
        for text in detail.wrap(&format!("after {}", step.waits_for.join(", ")), 11) {
            line(out, &paint(FAINT, format!("           {text}")));
        }
    }
}

fn order(out: &mut String, plan: &Plan, detail: Detail) {
    if plan.steps.is_empty() {
        return;
    }
    let parts: Vec<String> = [Phase::Create, Phase::Update, Phase::Rewire, Phase::ReadBack, Phase::Delete]
        .into_iter()
        .filter_map(|phase| {
            let mut steps = plan.steps.iter().filter(|step| step.phase == phase);
            let first = steps.next()?;
            let range = steps
                .next_back()
                .map_or_else(|| first.id.clone(), |last| format!("{}-{}", first.id, last.id));
            Some(format!("{} {range}", phase.word()))
        })
        .collect();
    heading(out, "Order");
    for text in detail.wrap(&parts.join(" > "), 2) {
        line(out, &format!("  {text}"));
    }
}

fn notices(out: &mut String, plan: &Plan, detail: Detail) {
    if plan.notices.is_empty() {
        return;
    }
    heading(out, &format!("Notices ({})", plan.notices.len()));
    // Notices are sorted by their code, so those of one sort stand together under one sentence.
    for group in plan.notices.chunk_by(|a, b| a.code == b.code) {
        for (index, text) in detail.wrap(group[0].code.text(), 4).into_iter().enumerate() {
            line(out, &format!("  {} {text}", if index == 0 { "i" } else { " " }));
        }
        for notice in group.iter().take(MOST_NUMBERS) {
            line(out, &format!("      {}", subject(notice)));
        }
        if group.len() > MOST_NUMBERS {
            line(out, &format!("      … and {} more; see --format json", group.len() - MOST_NUMBERS));
        }
    }
}

/// What a notice is about, with its detail.
fn subject(notice: &Notice) -> String {
    let subject = match (&notice.address, &notice.attribute) {
        (Some(address), Some(attribute)) => format!("{address} {attribute}"),
        (Some(address), None) => address.to_string(),
        (None, _) if notice.account.is_empty() => "ledger".to_owned(),
        (None, _) => format!("account {}", notice.account),
    };
    let detail = notice.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
    clean(&format!("{subject}{detail}"))
}

fn unmanaged(out: &mut String, plan: &Plan, detail: Detail) {
    if plan.unmanaged.is_empty() {
        return;
    }
    let parts: Vec<String> = plan
        .unmanaged
        .iter()
        .map(|group| format!("{} {} in {}", group.count, plural(group.count, &group.kind), group.account))
        .collect();
    line(out, "");
    for text in detail.wrap(&clean(&format!("Not managed and left alone: {}", parts.join(", "))), 0) {
        line(out, &paint(FAINT, text));
    }
}

/// The name of a kind for so many of them; kinds are named in the plural.
pub(crate) fn plural(count: usize, kind: &str) -> &str {
    if count == 1 { kind.strip_suffix('s').unwrap_or(kind) } else { kind }
}

/// Breaks a text into lines of at most so many columns, at spaces; a longer word stands on its own line.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    use unicode_width::UnicodeWidthStr;
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let current = lines.last_mut().expect("there is always a line");
        if !current.is_empty() && current.width() + 1 + word.width() > width {
            lines.push(word.to_owned());
        } else {
            if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(word);
        }
    }
    lines
}
