//! A plan as a comment of a pull request: numbers and refusals, every address with what differs, riskiest first, then the details,
//! folded. It fits the limit of the forges (GitHub takes 65,536 characters). A comment that cannot name everything says so and
//! offers no digest, because nobody can approve what was not shown.

mod changes;
mod escape;
mod every;

use super::words::{self, Steps};
use crate::plan::{Action, Effect, Plan};
use crate::text::shorten;
use escape::{code, html_code};
use every::Unseen;

/// First line of every comment, always the same: what finds the predecessor to replace it.
pub const MARKER: &str = "<!-- telform plan -->";

/// Longest comment, in bytes, so that it is no longer in any way of counting characters.
pub const LONGEST: usize = 60_000;

/// What the sections before the changes may take at most, so that those find room.
const NUMBERS: usize = 16_000;
const REFUSALS: usize = 24_000;

/// What is kept free for the last lines, and for the first ones where not everything is shown.
const VERDICT: usize = 800;
const FOOT: usize = 600;

/// What is kept free behind the list of changes: order, notices, what was left out.
const LEAST_BEHIND: usize = 5_500;

/// What the section about what cannot be undone may take at most.
const NOT_UNDONE: usize = 2_500;

/// What is kept free behind the details for order, notices and what was left out.
const BEHIND: usize = 7_500;

/// The part of that which says what was left out.
const LEFT_OUT: usize = 3_000;

/// Lines of one sort that are listed before the rest is counted.
const MOST_NUMBERS: usize = 100;

/// Where everything stands that is left out here.
const WHOLE: &str = "the whole plan: `telform plan --format html=plan.html`";

/// The whole plan as Markdown. It offers its digest only when everything is shown.
pub fn plan(plan: &Plan) -> String {
    accepting(plan, 0)
}

/// The same for a reader who approves although so many addresses and numbers are not shown.
pub fn accepting(plan: &Plan, max_unshown: u64) -> String {
    let mut page = Page { text: String::new(), limit: LONGEST - FOOT - VERDICT };
    head(&mut page, plan);
    let top = page.text.len();
    accounts(&mut page, plan);
    let numbers = numbers(&mut page, plan);
    refusals(&mut page, plan);
    let mut unseen = Unseen::default();
    page.within(LEAST_BEHIND, |page| unseen = every::every(page, plan));
    unseen.numbers = numbers;
    page.within(BEHIND, |page| changes::details(page, &Steps::of(plan), plan));
    behind(&mut page, plan);
    page.text.insert_str(top, &verdict(unseen, max_unshown));
    page.text.push_str(&foot(plan, unseen, max_unshown));
    page.text
}

/// A text that never grows over its limit.
struct Page {
    text: String,
    limit: usize,
}

impl Page {
    fn room(&self) -> usize {
        self.limit.saturating_sub(self.text.len())
    }

    /// Adds a part, or nothing of it when it does not fit.
    fn add(&mut self, part: &str) -> bool {
        let fits = part.len() <= self.room();
        if fits {
            self.text.push_str(part);
        }
        fits
    }

    /// Lets a section write and keeps so many bytes free behind it.
    fn within(&mut self, behind: usize, section: impl FnOnce(&mut Self)) {
        let limit = self.limit;
        self.limit = limit.saturating_sub(behind);
        section(self);
        self.limit = limit;
    }

    /// Lets a section write so many bytes at most.
    fn at_most(&mut self, bytes: usize, section: impl FnOnce(&mut Self)) {
        self.within(self.room().saturating_sub(bytes), section);
    }

    /// Adds as many lines as fit, and then says how many do not.
    fn lines(&mut self, lines: impl ExactSizeIterator<Item = String>, most: usize) -> usize {
        let all = lines.len();
        for (index, line) in lines.enumerate() {
            if index == most || line.len() + WHOLE.len() + 40 > self.room() {
                self.add(&format!("- … and **{} more**; {WHOLE}\n", all - index));
                return all - index;
            }
            self.add(&line);
        }
        0
    }
}

fn head(page: &mut Page, plan: &Plan) {
    page.add(&format!("{MARKER}\n"));
    if let Some(limits) = words::limits(plan) {
        page.add(&format!("{}\n\n", code(&shorten(&limits))));
    }
    page.add(&format!("## telform plan\n\n**{}**\n\n", plan.summary()));
}

fn accounts(page: &mut Page, plan: &Plan) {
    let account = |account| format!("- {} {}\n", code(name(account)), code(&words::account(account)));
    page.at_most(4_000, |page| {
        page.lines(plan.accounts.iter().map(account), usize::MAX);
    });
}

fn name(account: &crate::plan::AccountLine) -> &str {
    &account.name
}

/// Says how many of those that go dark or move are not shown.
fn numbers(page: &mut Page, plan: &Plan) -> usize {
    let mut unseen = 0;
    if plan.impact.is_empty() {
        return unseen;
    }
    page.add(&format!("\n### {}\n", words::NUMBERS));
    page.at_most(NUMBERS, |page| {
        for effect in words::EFFECTS {
            let these = words::with_effect(plan, effect);
            if these.is_empty() {
                continue;
            }
            let line = |number: &&crate::plan::NumberImpact| {
                format!("- {} {}\n", code(&number.number), code(&words::spots(number)))
            };
            // Each effect leaves room for the sentence and the first numbers of those behind it.
            page.within(1_500, |page| {
                page.add(&format!("\n**{}**\n\n", words::sentence(effect, &these)));
                let cuts = matches!(effect, Effect::Dark | Effect::Moves);
                let most = if cuts { usize::MAX } else { MOST_NUMBERS };
                let left_out = page.lines(these.iter().map(line), most);
                unseen += if cuts { left_out } else { 0 };
            });
        }
    });
    unseen
}

fn refusals(page: &mut Page, plan: &Plan) {
    if plan.refusals.is_empty() {
        return;
    }
    page.add(&format!("\n### {}\n\n", words::refused(plan)));
    page.at_most(REFUSALS, |page| {
        // The way out stands once over all refusals of a sort.
        for group in plan.refusals.chunk_by(|a, b| a.code == b.code) {
            let help = group[0].code.help();
            page.add(&format!("- **{}** ({})\n  help: {help}\n", group[0].code.word(), group.len()));
            let line = |refusal: &crate::plan::Refusal| {
                let place = refusal.place.as_ref().map(|place| format!(", at {}", code(place)));
                format!(
                    "  - {} {}{}\n",
                    code(&words::refusal(refusal)),
                    code(&refusal.detail),
                    place.unwrap_or_default()
                )
            };
            page.lines(group.iter().map(line), usize::MAX);
        }
    });
}

/// What stands behind the details: order, notices, what is not managed.
fn behind(page: &mut Page, plan: &Plan) {
    not_taken(page, plan);
    not_undone(page, plan);
    if plan.has_changes() {
        page.add(&format!("\n**{}:** {}\n", words::ORDER, code(&words::phases(plan).join(" > "))));
    }
    if !plan.notices.is_empty() {
        let (title, count) = (words::NOTICES, plan.notices.len());
        let (open, close) =
            (format!("\n<details><summary>{title} ({count})</summary>\n\n"), "\n</details>\n");
        page.within(close.len() + 600, |page| {
            page.add(&open);
            for group in plan.notices.chunk_by(|a, b| a.code == b.code) {
                let help = group[0].code.text();
                if page.room() < help.len() + 300 {
                    page.add(&format!("- … further notices do not fit here; {WHOLE}\n"));
                    break;
                } else {
                    page.add(&format!("- {} ({})\n", help.replace('<', "&lt;"), group.len()));
                    let line = |notice| format!("  - {}\n", code(&words::notice(notice)));
                    page.lines(group.iter().map(line), MOST_NUMBERS);
                }
            }
        });
        page.add(close);
    }
    if !plan.unmanaged.is_empty() {
        page.add(&format!("\n{}: {}\n", words::UNMANAGED, code(&words::unmanaged(plan))));
    }
}

/// What was sent before and is not there.
fn not_taken(page: &mut Page, plan: &Plan) {
    if plan.not_taken.is_empty() {
        return;
    }
    page.add(&format!("\n### {} ({})\n\n", words::NOT_TAKEN, plan.not_taken.len()));
    page.at_most(NOT_UNDONE, |page| {
        let line = |untaken: &crate::plan::NotTaken| {
            let (before, after) =
                (words::shown(&untaken.attribute.before), words::shown(&untaken.attribute.after));
            let shown = code(&format!("{}: {before} -> {after}", untaken.subject()));
            format!("- {shown}, {}; {}\n", code(&untaken.fact()), code(&untaken.help().replace('`', "")))
        };
        page.lines(plan.not_taken.iter().map(line), MOST_NUMBERS);
    });
}

/// Said before anybody approves.
fn not_undone(page: &mut Page, plan: &Plan) {
    let groups = words::not_undone(plan);
    if groups.is_empty() {
        return;
    }
    page.add(&format!("\n### {} ({})\n\n", words::NOT_UNDONE, words::things(&groups)));
    page.at_most(NOT_UNDONE, |page| {
        for (sentence, of) in &groups {
            if !page.add(&format!("- {} ({})\n", sentence.replace('<', "&lt;"), of.len())) {
                return;
            }
            page.lines(of.iter().map(|what| format!("  - {}\n", code(what))), MOST_NUMBERS);
        }
    });
}

/// What is not shown, in words; none when that is nothing.
fn not_shown(unseen: Unseen) -> Option<String> {
    let are = |count: usize, what: &str, end: &str| {
        let verb = if count == 1 { "is" } else { "are" };
        (count > 0).then(|| format!("{count} {what} {verb} not shown{end}"))
    };
    let addresses = |count| if count == 1 { "address" } else { "addresses" };
    let parts = [
        are(unseen.addresses, addresses(unseen.addresses), ""),
        are(unseen.values, addresses(unseen.values), " in full"),
        are(unseen.numbers, words::plural(unseen.numbers, "numbers"), ""),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Whether a reader may approve from this.
fn accepted(unseen: Unseen, max_unshown: u64) -> bool {
    unseen.count() as u64 <= max_unshown
}

/// What stands first when something is not shown.
fn verdict(unseen: Unseen, max_unshown: u64) -> String {
    match not_shown(unseen) {
        None => String::new(),
        Some(what) if accepted(unseen, max_unshown) => {
            format!("**{what}**, which `--max-unshown {max_unshown}` accepts; {WHOLE}\n\n")
        }
        Some(what) => {
            format!("**The plan is too long: do not approve from this comment: {what}**; {WHOLE}\n\n")
        }
    }
}

fn foot(plan: &Plan, unseen: Unseen, max_unshown: u64) -> String {
    if let Some(what) = not_shown(unseen).filter(|_| !accepted(unseen, max_unshown)) {
        let switch = code(&format!("--max-unshown {}", unseen.count()));
        return format!(
            "\nNo digest is offered here: {what}. Plan less at once with `--account` or `--target`, approve a plan saved with \
             `--out`, or accept this with {switch}.\n"
        );
    }
    let digest = code(&plan.digest);
    if plan.is_refused() || !plan.has_changes() {
        return format!("\nDigest {digest}\n");
    }
    format!("\nTo apply exactly this: {}\n", code(&format!("telform apply --expect {}", plan.digest)))
}

/// How many of the changes have this action.
fn count(plan: &Plan, action: Action) -> usize {
    plan.changes.iter().filter(|change| change.action == action).count()
}
