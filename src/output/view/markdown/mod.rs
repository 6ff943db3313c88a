//! A plan as a comment of a pull request: numbers and refusals, every address with what differs, riskiest first, then the details,
//! folded. It fits the limit of the forges (GitHub takes 65,536 characters). A comment that cannot name everything says so and
//! does not offer a digest, because what was not shown cannot be approved.

mod changes;
mod escape;
mod overview;

use super::groups::{ChangeGroups, fold};
use super::ranking::rank_changes;
use super::wording::{self, StepIndex};
use crate::plan::{NumberEffect, Plan, PlanRefusal};
use crate::text::shorten;
pub(super) use escape::table_cell;
use escape::{code_span, html_code};
use overview::UnshownCounts;

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
const LEAST_BEHIND: usize = 5_500;

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

/// The whole plan as Markdown. It offers its digest only when everything is shown.
pub fn plan_as_markdown(plan: &Plan) -> String {
    plan_as_markdown_accepting(plan, 0)
}

/// The same for a reader who approves although this many addresses and numbers are not shown.
pub fn plan_as_markdown_accepting(plan: &Plan, max_unshown: u64) -> String {
    plan_as_markdown_demanding(plan, max_unshown, None)
}

/// The same with the command that requires the journal beside which the plan was made.
pub fn plan_as_markdown_demanding(plan: &Plan, max_unshown: u64, demand: Option<&str>) -> String {
    let mut page = BoundedPage { text: String::new(), limit: LONGEST - FOOT - VERDICT };
    let (ranked, steps) = (rank_changes(plan), StepIndex::from_plan(plan));
    let groups = ChangeGroups::from_ranked(&ranked, &steps);
    push_head(&mut page, plan, &groups);
    let top = page.text.len();
    push_accounts(&mut page, plan);
    let numbers = push_numbers(&mut page, plan);
    push_refusals(&mut page, plan);
    let mut unseen = UnshownCounts::default();
    page.with_reserve(LEAST_BEHIND, |page| unseen = overview::push_overview(page, &ranked, &groups));
    unseen.numbers = numbers;
    page.with_reserve(BEHIND, |page| changes::push_changes(page, &steps, &groups, plan));
    push_after_details(&mut page, plan);
    page.text.insert_str(top, &approval_verdict(unseen, max_unshown));
    if let Some(demand) = demand {
        page.text.push_str(&format!("\nTo refuse a ledger and journal older than today's: {}\n", code_span(demand)));
    }
    page.text.push_str(&foot_text(plan, unseen, max_unshown));
    page.text
}

/// A text that never exceeds its limit.
struct BoundedPage {
    text: String,
    limit: usize,
}

impl BoundedPage {
    fn remaining_bytes(&self) -> usize {
        self.limit.saturating_sub(self.text.len())
    }

    /// Adds a part if the whole of it fits.
    fn push_if_fits(&mut self, part: &str) -> bool {
        let fits = part.len() <= self.remaining_bytes();
        if fits {
            self.text.push_str(part);
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
        for (index, line) in lines.enumerate() {
            if index == most || line.len() + WHOLE.len() + 40 > self.remaining_bytes() {
                self.push_if_fits(&format!("- … and **{} more**; {WHOLE}\n", all - index));
                return all - index;
            }
            self.push_if_fits(&line);
        }
        0
    }
}

fn push_head(page: &mut BoundedPage, plan: &Plan, groups: &ChangeGroups<'_>) {
    page.push_if_fits(&format!("{MARKER}\n"));
    if let Some(limits) = wording::describe_limits(plan) {
        page.push_if_fits(&format!("{}\n\n", code_span(&shorten(&limits))));
    }
    page.push_if_fits(&format!("## telform plan\n\n**{}**\n\n", groups.summary(plan)));
    push_account_table(page, plan);
    let hosts: Vec<String> = wording::other_hosts(plan).map(|sentence| format!("- {}\n", code_span(&sentence))).collect();
    if !hosts.is_empty() {
        page.with_limit(4_000, |page| {
            page.push_lines(hosts.into_iter(), usize::MAX);
        });
        page.push_if_fits("\n");
    }
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

/// Reports how many of those that go dark or move are not shown.
fn push_numbers(page: &mut BoundedPage, plan: &Plan) -> usize {
    let mut unseen = 0;
    if plan.impact.is_empty() {
        return unseen;
    }
    page.push_if_fits(&format!("\n### {}\n", wording::NUMBERS));
    page.with_limit(NUMBERS, |page| {
        for effect in wording::EFFECTS {
            let these = wording::with_effect(plan, effect);
            if these.is_empty() {
                continue;
            }
            let line = |number: &&crate::plan::NumberImpact| {
                format!("- {} {}\n", code_span(&number.number), code_span(&wording::from_and_to(number)))
            };
            // Each effect leaves space for the sentence and the first numbers of those after it.
            page.with_reserve(1_500, |page| {
                page.push_if_fits(&format!("\n**{}**\n\n", wording::impact_sentence(effect, &these)));
                let cuts = matches!(effect, NumberEffect::Dark | NumberEffect::Moves);
                let most = if cuts { usize::MAX } else { MOST_NUMBERS };
                let left_out = page.push_lines(these.iter().map(line), most);
                unseen += if cuts { left_out } else { 0 };
            });
        }
    });
    unseen
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
                    code_span(&refusal.detail),
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
                format!("  - {} objects: {}: {names}{more}\n", equal.len(), code_span(&equal[0].detail))
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
                    let line = |notice| format!("  - {}\n", code_span(&wording::notice_subject(notice)));
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
            format!("- {shown}, {}; {}\n", code_span(&untaken.describe()), code_span(&untaken.help().replace('`', "")))
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

fn foot_text(plan: &Plan, unseen: UnshownCounts, max_unshown: u64) -> String {
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
    format!("\nTo apply exactly this: {}\n", code_span(&format!("telform apply --expect {}", plan.digest)))
}
