//! What a plan says beside its changes, as text: refusals, notices, what the service did not take, what cannot be undone.

use std::collections::BTreeMap;

use super::super::groups::fold;
use super::super::value::attribute_lines;
use super::super::{BAD, CARE, FAINT, STRONG, paint, wording};
use super::{MOST_NUMBERS, NAMED, TextDetail, UNFOLD, push_hanging, push_heading, push_line, push_names};
use crate::plan::{NotTakenValue, Plan, PlanNotice, PlanRefusal};
use crate::text::escape;

/// Items of one sort up to which each is on its own line.
const LISTED: usize = 10;

/// Refusals of one sort that differ and are shown before the rest is counted.
const MOST_REFUSALS: usize = 20;

/// Most objects of one refusal that are named unless asked for.
const MOST_MEMBERS: usize = 8;

/// Refusals: equal ones as one.
pub(super) fn push_refusals(out: &mut String, plan: &Plan, detail: TextDetail) {
    if plan.refusals.is_empty() {
        return;
    }
    push_line(out, "");
    push_line(out, &paint(BAD, wording::refusals_title(plan)));
    let (apart, folded) = fold(&plan.refusals, detail.verbose, |it| (it.code.as_str(), &it.account, &it.attribute, &it.detail));
    let mut of_code: BTreeMap<&str, usize> = BTreeMap::new();
    for refusal in apart {
        let shown = of_code.entry(refusal.code.as_str()).or_default();
        *shown += 1;
        if detail.verbose || *shown <= MOST_REFUSALS {
            push_refusal(out, refusal, &wording::refusal_subject(refusal), &refusal.help(), detail);
        }
    }
    for (code, more) in of_code.into_iter().filter(|(_, count)| !detail.verbose && *count > MOST_REFUSALS) {
        push_line(out, &format!("  … and {} more of {code}; {UNFOLD}", more - MOST_REFUSALS));
    }
    for group in folded {
        push_refusal(out, group[0], &format!("{} refusals", group.len()), &group[0].code.help(), detail);
        push_names(out, "      ", group.iter().map(|one| wording::refusal_subject(one)), NAMED, detail);
    }
}

fn push_refusal(out: &mut String, refusal: &PlanRefusal, subject: &str, help: &str, detail: TextDetail) {
    let (what, code) = (escape(subject), refusal.code.as_str());
    let fits = 4 + what.chars().count() + 2 + code.len() <= detail.columns;
    let gap = if fits { "  " } else { "\n      " };
    push_line(out, &format!("  {} {}{gap}{}", paint(BAD, "!"), paint(STRONG, what), paint(FAINT, code)));
    for text in detail.wrap(&escape(&refusal.detail), 6) {
        push_line(out, &format!("      {text}"));
    }
    for (index, text) in detail.wrap(&escape(help), 12).into_iter().enumerate() {
        push_line(out, &format!("      {}{text}", if index == 0 { "help: " } else { "      " }));
    }
    if let Some(place) = &refusal.place {
        push_line(out, &paint(FAINT, format!("      at {}", escape(place))));
    }
    let most = if detail.verbose { usize::MAX } else { MOST_MEMBERS };
    for text in wording::refusal_members(refusal, most).into_iter().flat_map(|members| detail.wrap(&escape(&members), 6)) {
        push_line(out, &format!("      {text}"));
    }
}

/// What was sent before and is not in effect: a difference that this plan does not send.
pub(super) fn push_not_taken(out: &mut String, plan: &Plan, detail: TextDetail) {
    if plan.not_taken.is_empty() {
        return;
    }
    push_heading(out, &format!("{} ({})", wording::NOT_TAKEN, plan.not_taken.len()));
    let equal = |it: &&NotTakenValue| {
        (it.address.kind.clone(), it.account.clone(), serde_json::to_string(&it.attribute).unwrap_or_default(), it.describe())
    };
    let (apart, folded) = fold(&plan.not_taken, detail.verbose, equal);
    for untaken in apart {
        push_untaken(out, untaken, &untaken.address.to_string(), detail);
    }
    for group in folded {
        let kind = &group[0].address.kind;
        push_untaken(out, group[0], &format!("{} {kind}", group.len()), detail);
        push_names(out, "      ", group.iter().map(|one| one.address.to_string()), NAMED, detail);
    }
}

/// `subject`: the address, or how many they are; the help is that of the first.
fn push_untaken(out: &mut String, untaken: &NotTakenValue, subject: &str, detail: TextDetail) {
    let (subject, about) = (paint(STRONG, escape(subject)), paint(FAINT, escape(&untaken.account)));
    push_line(out, &format!("  {} {subject}  {about}", paint(CARE, "!")));
    for shown in attribute_lines(&untaken.attribute, 0, false) {
        push_line(out, &format!("      {shown}"));
    }
    for text in [untaken.describe(), untaken.help()] {
        for text in detail.wrap(&escape(&text), 6) {
            push_line(out, &paint(FAINT, format!("      {text}")));
        }
    }
}

/// Notices, those of one type below one sentence.
pub(super) fn push_notices(out: &mut String, plan: &Plan, detail: TextDetail) {
    let (settled, open): (Vec<&PlanNotice>, Vec<&PlanNotice>) =
        plan.notices.iter().partition(|notice| notice.code.is_settled_secret() && !detail.verbose);
    if !open.is_empty() {
        push_heading(out, &format!("{} ({})", wording::NOTICES, open.len()));
    }
    // Notices are sorted by code, so those with one code are grouped under one sentence.
    for group in open.chunk_by(|a, b| a.code == b.code) {
        for (index, text) in detail.wrap(&wording::notice_sentence(group.iter().copied()), 4).into_iter().enumerate() {
            push_line(out, &format!("  {} {text}", if index == 0 { "i" } else { " " }));
        }
        // What every reviewer has to see is not folded.
        let whole = if group[0].code.is_for_reviewers() { MOST_NUMBERS } else { LISTED };
        push_items(out, group.iter().map(|notice| wording::notice_subject(notice)), whole, detail);
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
pub(super) fn push_not_undone(out: &mut String, plan: &Plan, detail: TextDetail) {
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
        push_items(out, of.iter().cloned(), LISTED, detail);
    }
}

/// Live objects that no address claims.
pub(super) fn push_unmanaged(out: &mut String, plan: &Plan, detail: TextDetail) {
    if plan.unmanaged.is_empty() {
        return;
    }
    push_line(out, "");
    let text = escape(&format!("{}: {}", wording::UNMANAGED, wording::describe_unmanaged(plan)));
    for text in detail.wrap_sentence(&text).lines() {
        push_line(out, &paint(FAINT, text));
    }
}

/// Each on its own line where they are few, else the first in one list and how many are left out.
fn push_items(out: &mut String, items: impl ExactSizeIterator<Item = String>, whole: usize, detail: TextDetail) {
    if items.len() > whole && !detail.verbose {
        return push_names(out, "      ", items, whole.saturating_sub(LISTED).max(NAMED), detail);
    }
    items.for_each(|item| push_hanging(out, detail, "      ", &item));
}
