//! A plan as a comment of a pull request: numbers and refusals, every address with what differs, riskiest first, then the details,
//! folded. It fits the limit of the forges (GitHub takes 65,536 characters). A comment that cannot name everything says so and
//! does not offer a digest, because what was not shown cannot be approved.

mod changes;
mod context;
mod drift;
mod escape;
mod numbers;
mod origin;
mod overview;
mod report;

use super::commands::CommandOptions;
use super::groups::{ChangeGroups, fold};
use super::provenance::PlanProvenance;
use super::ranking::rank_changes;
use super::wording::{self, StepIndex};
use crate::plan::{ChangeAction, NumberEffect, Plan, PlanRefusal};
use crate::text::shorten;
pub use context::CommentContext;
pub use drift::{DRIFT_MARKER, drift_as_markdown};
pub(super) use escape::{code_span, table_cell};
use escape::{html_code, sentence_span};
use origin::{place_link, provenance_line};
use overview::UnshownCounts;
pub use report::{REHEARSAL_MARKER, REPORT_MARKER, run_report_as_markdown};

/// First line of every comment, always the same: it identifies the earlier comment to replace.
pub const MARKER: &str = "<!-- telform plan -->";

/// Longest comment, in bytes, so that it is within the limit however characters are counted.
pub const LONGEST: usize = 60_000;

/// Most bytes of the sections before the changes, so that space is left for the changes.
const NUMBERS: usize = 16_000;
const REFUSALS: usize = 24_000;

/// Space reserved for the last lines, and for the first ones where not everything is shown.
const VERDICT: usize = 800;
const FOOT: usize = 1_200;

/// Space reserved after the list of changes: order, notices, what was left out.
const LEAST_BEHIND: usize = 5_200;

/// Most bytes of the section about what cannot be undone.
const NOT_UNDONE: usize = 2_500;

/// Space reserved after the details for order, notices and what was left out.
const BEHIND: usize = 7_500;

/// The part of that for what was left out.
const LEFT_OUT: usize = 3_000;

/// Lines of one type that are listed before the rest is counted.
const MOST_NUMBERS: usize = 100;

/// Names of equal refusals that are listed before the rest is counted.
const NAMED: usize = 20;

/// Where everything that is left out here can be found.
const WHOLE: &str = "the whole plan: `telform plan --format html=plan.html`";

/// Most objects that are listed as deleted; each is among the changes, too.
const MOST_DELETED: usize = 20;

/// The whole plan as Markdown. It offers its digest only when everything is shown.
pub fn plan_as_markdown(plan: &Plan) -> String {
    plan_as_markdown_in(plan, &CommentContext::default())
}

/// The same for a reader who approves although this many addresses and numbers are not shown.
pub fn plan_as_markdown_accepting(plan: &Plan, max_unshown: u64) -> String {
    plan_as_markdown_in(plan, &CommentContext { max_unshown, ..CommentContext::default() })
}

/// The same with what is known beside the plan.
pub fn plan_as_markdown_in(plan: &Plan, context: &CommentContext) -> String {
    let foot = context.to_apply(plan, "To apply exactly this");
    let limit = (LONGEST - VERDICT).saturating_sub(FOOT.max(foot.len() + 400));
    let mut page = BoundedPage { text: String::new(), limit, commands: context.commands.clone() };
    let (ranked, steps) = (rank_changes(plan), StepIndex::from_plan(plan));
    let groups = ChangeGroups::from_ranked(&ranked, &steps);
    push_verdict(&mut page, plan, &groups);
    let top = page.text.len();
    push_head(&mut page, plan, &context.made);
    let numbers = numbers::push_numbers(&mut page, plan);
    push_refusals(&mut page, plan);
    push_deleted(&mut page, plan);
    let mut unseen = UnshownCounts::default();
    page.with_reserve(LEAST_BEHIND, |page| unseen = overview::push_overview(page, &ranked, &groups));
    unseen.numbers = numbers;
    page.with_reserve(BEHIND, |page| changes::push_changes(page, &steps, &groups, plan));
    push_after_details(&mut page, plan);
    page.text.insert_str(top, &approval_verdict(unseen, context.max_unshown));
    if let Some(demand) = &context.head_demand {
        page.text.push_str(&format!("\nTo refuse a ledger and journal older than today's: {}\n", code_span(demand)));
    }
    page.text.push_str(&context.commands.complete(&foot_text(plan, unseen, context.max_unshown, &foot)));
    page.text
}

/// A text that never exceeds its limit.
struct BoundedPage {
    text: String,
    limit: usize,
    commands: CommandOptions,
}

impl BoundedPage {
    fn remaining_bytes(&self) -> usize {
        self.limit.saturating_sub(self.text.len())
    }

    /// Adds a part if the whole of it fits.
    fn push_if_fits(&mut self, part: &str) -> bool {
        let part = self.commands.complete(part);
        let fits = part.len() <= self.remaining_bytes();
        if fits {
            self.text.push_str(&part);
        }
        fits
    }

    /// Lets a section write and reserves this many bytes after it.
    fn with_reserve(&mut self, behind: usize, section: impl FnOnce(&mut Self)) {
        let limit = self.limit;
        self.limit = limit.saturating_sub(behind);
        section(self);
        self.limit = limit;
    }

    /// Lets a section write at most this many bytes.
    fn with_limit(&mut self, bytes: usize, section: impl FnOnce(&mut Self)) {
        self.with_reserve(self.remaining_bytes().saturating_sub(bytes), section);
    }

    /// Adds as many lines as fit, and then says how many do not.
    fn push_lines(&mut self, lines: impl ExactSizeIterator<Item = String>, most: usize) -> usize {
        let all = lines.len();
        let commands = self.commands.clone();
        let whole = commands.complete(WHOLE);
        for (index, line) in lines.enumerate() {
            let line = commands.complete(&line);
            if index == most || line.len() + whole.len() + 40 > self.remaining_bytes() {
                self.push_if_fits(&format!("- … and **{} more**; {whole}\n", all - index));
                return all - index;
            }
            self.push_if_fits(&line);
        }
        0
    }
}

/// What is to be thought of the plan, in its first line.
fn push_verdict(page: &mut BoundedPage, plan: &Plan, groups: &ChangeGroups<'_>) {
    let loses = |change: &crate::plan::Change| matches!(change.action, ChangeAction::Delete | ChangeAction::Replace);
    let cuts = plan.impact.iter().any(|number| number.effect == NumberEffect::Dark);
    let (alert, word) = match (plan.is_refused(), plan.has_changes()) {
        (true, _) => ("CAUTION", "refused, nothing of it will be applied"),
        (false, true) if cuts || plan.changes.iter().any(loses) => ("WARNING", "changes pending"),
        (false, true) => ("NOTE", "changes pending"),
        (false, false) if !plan.not_taken.is_empty() => ("WARNING", "not accepted by the service"),
        (false, false) if super::describe_incomplete(plan).is_some() => ("WARNING", "nothing to do where it looked"),
        (false, false) => ("NOTE", "nothing to do"),
    };
    page.push_if_fits(&format!("{MARKER}\n> [!{alert}]\n"));
    if let Some(limits) = wording::describe_limits(plan) {
        page.push_if_fits(&format!("> {}\\\n", code_span(&shorten(&limits))));
    }
    page.push_if_fits(&format!("> telform plan, {word}: **{}**\n\n", groups.summary(plan)));
}

/// Who made it, and the accounts.
fn push_head(page: &mut BoundedPage, plan: &Plan, made: &PlanProvenance) {
    page.push_if_fits(&provenance_line(made));
    push_account_table(page, plan);
    let hosts: Vec<String> = wording::other_hosts(plan).map(|sentence| format!("- {}\n", sentence_span(&sentence))).collect();
    if !hosts.is_empty() {
        page.with_limit(4_000, |page| {
            page.push_lines(hosts.into_iter(), usize::MAX);
        });
        page.push_if_fits("\n");
    }
    push_accounts(page, plan);
}

/// Of many accounts, what happens in each.
fn push_account_table(page: &mut BoundedPage, plan: &Plan) {
    let Some(table) = wording::account_table(plan) else { return };
    page.with_limit(4_000, |page| {
        if !table.rows.is_empty() {
            page.push_if_fits(&format!(
                "| {} |\n|{}\n",
                wording::ACCOUNT_HEADS.join(" | "),
                " --- |".repeat(wording::ACCOUNT_HEADS.len())
            ));
            let row = |row: &[String; 8]| {
                let [name, counts @ ..] = row;
                format!("| {} | {} |\n", escape::table_cell(name), counts.join(" | "))
            };
            page.push_lines(table.rows.iter().map(row), usize::MAX);
        }
        if let Some(text) = table.unchanged_text() {
            page.push_if_fits(&format!("\n{}\n", code_span(&shorten(&text))));
        }
    });
    page.push_if_fits("\n");
}

fn push_accounts(page: &mut BoundedPage, plan: &Plan) {
    let account = |account| {
        format!("- {} {}\n", code_span(account_name(account)), code_span(&wording::describe_account_and_token(plan, account)))
    };
    page.with_limit(4_000, |page| {
        page.push_lines(plan.accounts.iter().map(account), usize::MAX);
    });
    if let Some(ledger) = wording::describe_ledger(plan) {
        page.push_if_fits(&format!("- {}\n", code_span(&shorten(&ledger))));
    }
}

fn account_name(account: &crate::plan::AccountLine) -> &str {
    &account.name
}

/// Every object that is deleted, also where a new one replaces it. Many are only counted: each is among the changes.
fn push_deleted(page: &mut BoundedPage, plan: &Plan) {
    let of = |action| plan.changes.iter().filter(move |change| change.action == action);
    let (deleted, replaced) = (of(ChangeAction::Delete).count(), of(ChangeAction::Replace).count());
    if deleted + replaced == 0 {
        return;
    }
    page.push_if_fits(&format!("\n### Objects that are deleted ({})\n\n", deleted + replaced));
    if deleted + replaced > MOST_DELETED {
        let because = if replaced > 0 { format!(", {replaced} of them because new ones replace them") } else { String::new() };
        page.push_if_fits(&format!("Each is among the changes below{because}.\n"));
        return;
    }
    let line = |change: &crate::plan::Change, how: &str| {
        let account = change.from_account.as_ref().unwrap_or(&change.account);
        let id = change.id.as_ref().map(|id| format!(" {}", code_span(id))).unwrap_or_default();
        format!("- {} in {}{id}{how}\n", code_span(&change.address.to_string()), code_span(account))
    };
    let gone = of(ChangeAction::Delete).map(|change| line(change, ""));
    let lines: Vec<String> =
        gone.chain(of(ChangeAction::Replace).map(|change| line(change, ", because a new one replaces it"))).collect();
    page.with_limit(NOT_UNDONE, |page| {
        for (index, text) in lines.iter().enumerate() {
            if text.len() + 100 > page.remaining_bytes() {
                page.push_if_fits(&format!("- … and {} more, each among the changes below\n", lines.len() - index));
                break;
            }
            page.push_if_fits(text);
        }
    });
}

fn push_refusals(page: &mut BoundedPage, plan: &Plan) {
    if plan.refusals.is_empty() {
        return;
    }
    page.push_if_fits(&format!("\n### {}\n\n", wording::refusals_title(plan)));
    page.with_limit(REFUSALS, |page| {
        // What to do is written once above all refusals of a type.
        for group in plan.refusals.chunk_by(|a, b| a.code == b.code) {
            let help = group[0].code.help();
            page.push_if_fits(&format!("- **{}** ({})\n  help: {help}\n", group[0].code.as_str(), group.len()));
            let (apart, folded) = fold(group, false, |it| (&it.account, &it.attribute, &it.detail));
            let line = |refusal: &PlanRefusal| {
                let place = refusal.place.as_ref().map(|place| format!(", at {}", code_span(place)));
                let members = wording::refusal_members(refusal, wording::MOST_MEMBERS);
                format!(
                    "  - {} {}{}{}\n",
                    code_span(&wording::refusal_subject(refusal)),
                    sentence_span(&refusal.detail),
                    place.unwrap_or_default(),
                    members.map(|members| format!("\n    {}", code_span(&members))).unwrap_or_default()
                )
            };
            let equal = folded.iter().map(|equal| {
                let names = equal.iter().take(NAMED).map(|refusal| code_span(&wording::refusal_subject(refusal)));
                let names = names.collect::<Vec<_>>().join(", ");
                let more = match equal.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    more => format!(", … and **{more} more**; {WHOLE}"),
                };
                format!("  - {} objects: {}: {names}{more}\n", equal.len(), sentence_span(&equal[0].detail))
            });
            let lines: Vec<String> = apart.into_iter().map(line).chain(equal).collect();
            page.push_lines(lines.into_iter(), usize::MAX);
        }
    });
}

/// What follows the details: order, notices, what is not managed.
fn push_after_details(page: &mut BoundedPage, plan: &Plan) {
    push_not_taken(page, plan);
    push_not_undone(page, plan);
    if plan.has_changes() {
        page.push_if_fits(&format!("\n**{}:** {}\n", wording::ORDER, code_span(&wording::phase_ranges(plan).join(" > "))));
    }
    if !plan.notices.is_empty() {
        let (title, count) = (wording::NOTICES, plan.notices.len());
        let (open, close) = (format!("\n<details><summary>{title} ({count})</summary>\n\n"), "\n</details>\n");
        page.with_reserve(close.len() + 600, |page| {
            page.push_if_fits(&open);
            for group in plan.notices.chunk_by(|a, b| a.code == b.code) {
                let help = wording::notice_sentence(group);
                if page.remaining_bytes() < help.len() + 300 {
                    page.push_if_fits(&format!("- … further notices do not fit here; {WHOLE}\n"));
                    break;
                } else {
                    page.push_if_fits(&format!("- {} ({})\n", help.replace('<', "&lt;"), group.len()));
                    let line = |notice| format!("  - {}\n", sentence_span(&wording::notice_subject(notice)));
                    page.push_lines(group.iter().map(line), MOST_NUMBERS);
                }
            }
        });
        page.push_if_fits(close);
    }
    if !plan.unmanaged.is_empty() {
        page.push_if_fits(&format!("\n{}: {}\n", wording::UNMANAGED, code_span(&wording::describe_unmanaged(plan))));
    }
}

/// What was sent before and is not in effect.
fn push_not_taken(page: &mut BoundedPage, plan: &Plan) {
    if plan.not_taken.is_empty() {
        return;
    }
    page.push_if_fits(&format!("\n### {} ({})\n\n", wording::NOT_TAKEN, plan.not_taken.len()));
    page.with_limit(NOT_UNDONE, |page| {
        let line = |untaken: &crate::plan::NotTakenValue| {
            let (before, after) =
                (wording::shown_as_json(&untaken.attribute.before), wording::shown_as_json(&untaken.attribute.after));
            let shown = code_span(&format!("{}: {before} -> {after}", untaken.subject()));
            format!("- {shown}, {}; {}\n", sentence_span(&untaken.describe()), sentence_span(&untaken.help()))
        };
        page.push_lines(plan.not_taken.iter().map(line), MOST_NUMBERS);
    });
}

/// Shown before anyone approves.
fn push_not_undone(page: &mut BoundedPage, plan: &Plan) {
    let groups = wording::not_undone(plan);
    if groups.is_empty() {
        return;
    }
    page.push_if_fits(&format!("\n### {} ({})\n\n", wording::NOT_UNDONE, wording::count_grouped(&groups)));
    page.with_limit(NOT_UNDONE, |page| {
        for (sentence, of) in &groups {
            if !page.push_if_fits(&format!("- {} ({})\n", sentence.replace('<', "&lt;"), of.len())) {
                return;
            }
            page.push_lines(of.iter().map(|what| format!("  - {}\n", code_span(what))), MOST_NUMBERS);
        }
    });
}

/// What is not shown, in words; `None` when everything is shown.
fn describe_not_shown(unseen: UnshownCounts) -> Option<String> {
    let are = |count: usize, what: &str, end: &str| {
        let verb = if count == 1 { "is" } else { "are" };
        (count > 0).then(|| format!("{count} {what} {verb} not shown{end}"))
    };
    let addresses = |count| if count == 1 { "address" } else { "addresses" };
    let parts = [
        are(unseen.addresses, addresses(unseen.addresses), ""),
        are(unseen.values, addresses(unseen.values), " in full"),
        are(unseen.numbers, wording::plural_kind(unseen.numbers, "numbers"), ""),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Whether a reader may approve from this.
fn may_approve(unseen: UnshownCounts, max_unshown: u64) -> bool {
    unseen.count() as u64 <= max_unshown
}

/// The first lines when something is not shown.
fn approval_verdict(unseen: UnshownCounts, max_unshown: u64) -> String {
    match describe_not_shown(unseen) {
        None => String::new(),
        Some(what) if may_approve(unseen, max_unshown) => {
            format!("**{what}**, which `--max-unshown {max_unshown}` accepts; {WHOLE}\n\n")
        }
        Some(what) => {
            format!("**The plan is too long: do not approve from this comment: {what}**; {WHOLE}\n\n")
        }
    }
}

fn foot_text(plan: &Plan, unseen: UnshownCounts, max_unshown: u64, to_apply: &str) -> String {
    if let Some(what) = describe_not_shown(unseen).filter(|_| !may_approve(unseen, max_unshown)) {
        let switch = code_span(&format!("--max-unshown {}", unseen.count()));
        return format!(
            "\nNo digest is offered here: {what}. Plan less at once with `--account` or `--target`, approve a plan saved with \
             `--out`, or accept this with {switch}.\n"
        );
    }
    let digest = code_span(&plan.digest);
    if plan.is_refused() || !plan.has_changes() {
        return format!("\nDigest {digest}\n");
    }
    format!("\n{to_apply}\n")
}
