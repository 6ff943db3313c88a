//! The last lines of a refused plan: which guards and rules refused, and one command that allows all of it. The list with reasons
//! and help has scrolled out of sight by then, and `--quiet` never shows it.

use std::collections::BTreeMap;

use super::console::Console;
use crate::output::view::text::wrap_text;
use crate::plan::{Plan, PlanRefusal};
use crate::text::escape;

/// Most rules that are named; the list above has all.
const MOST: usize = 6;

/// What refused a plan, by rule.
struct RefusalSummary {
    /// How many refusals there are: the number that the plan and its list say too.
    count: usize,
    /// Whether each is a guard.
    only_guards: bool,
    /// Each rule with its cases: `max_deletes (1 > 0)`, `prevent_delete (bridges.sales)`. Guards first.
    rules: Vec<String>,
    /// Options that allow everything; none where some refusal has no option.
    options: Option<Vec<String>>,
}

impl RefusalSummary {
    fn of(refusals: &[PlanRefusal]) -> Self {
        let is_guard = |refusal: &PlanRefusal| refusal.code.as_str().starts_with("guard::");
        let mut by_rule: BTreeMap<(bool, bool, &str), Vec<&PlanRefusal>> = BTreeMap::new();
        for refusal in refusals {
            let (other, unlimited) = (!is_guard(refusal), refusal.exceeded().is_none());
            by_rule.entry((other, unlimited, refusal.code.name())).or_default().push(refusal);
        }
        Self {
            count: refusals.len(),
            only_guards: refusals.iter().all(is_guard),
            rules: by_rule.into_iter().map(|((.., name), cases)| rule_with_cases(name, &cases)).collect(),
            options: allowing_options(refusals),
        }
    }

    /// `2 guards refused: max_deletes (1 > 0), max_numbers_dark (1 > 0).`
    fn sentence(&self) -> String {
        let what = match (self.only_guards, self.count) {
            (true, 1) => " guard",
            (true, _) => " guards",
            (false, _) => "",
        };
        format!("{}{what} refused: {}.", self.count, listed(&self.rules))
    }
}

/// A rule, and what it refuses. A limit that is exceeded more than once names the accounts.
fn rule_with_cases(name: &str, cases: &[&PlanRefusal]) -> String {
    let case = |refusal: &&PlanRefusal| match refusal.exceeded() {
        Some((amount, limit)) if cases.len() > 1 && !refusal.account.is_empty() => {
            Some(format!("{} {amount} > {limit}", refusal.account))
        }
        Some((amount, limit)) => Some(format!("{amount} > {limit}")),
        None => subject(refusal),
    };
    let all: Vec<String> = cases.iter().filter_map(case).collect();
    let mut cases: Vec<String> = Vec::new();
    for case in all {
        // One object that a rule refuses twice is named once.
        if !cases.contains(&case) {
            cases.push(case);
        }
    }
    if cases.is_empty() { name.to_owned() } else { format!("{name} ({})", listed(&cases)) }
}

/// The first of many, and how many are left out.
fn listed(all: &[String]) -> String {
    let more = all.len().saturating_sub(MOST);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", all[..all.len() - more].join(", "))
}

fn subject(refusal: &PlanRefusal) -> Option<String> {
    refusal.subject().or_else(|| (!refusal.account.is_empty()).then(|| format!("account {}", refusal.account)))
}

/// The options that allow everything that a plan refuses, each once.
fn allowing_options(refusals: &[PlanRefusal]) -> Option<Vec<String>> {
    let mut options: Vec<String> = Vec::new();
    for option in refusals.iter().map(PlanRefusal::allowing_options).collect::<Option<Vec<_>>>()?.into_iter().flatten() {
        if !options.contains(&option) {
            options.push(option);
        }
    }
    Some(options)
}

/// The one line of a plan with `--quiet`: its counts, then the guards and rules that refuse it, and the options that allow it.
pub(super) fn quiet_summary(plan: &Plan) -> String {
    if !plan.is_refused() {
        let nothing = if plan.has_read_nothing() { "; no object is declared: no account was read" } else { "" };
        return format!("{}{nothing}", plan.summary());
    }
    let summary = RefusalSummary::of(&plan.refusals);
    let allowed = summary.options.as_ref().map(|options| format!(" To allow it: {}", options.join(" ")));
    escape(&format!("{}. {}{}", plan.summary(), summary.sentence(), allowed.unwrap_or_default()))
}

/// The last lines of a plan that is not applied. `beginning` is a sentence before them, or empty.
pub(super) fn render_refusals(out: &Console, plan: &Plan, beginning: &str) -> String {
    let summary = RefusalSummary::of(&plan.refusals);
    let sentence = format!("{beginning} {}", summary.sentence());
    let mut text = wrap_text(&escape(sentence.trim_start()), out.width()).join("\n");
    text.push('\n');
    match summary.options {
        Some(options) => {
            let what = match plan.refusals.len().min(options.len().max(1)) {
                1 => "it",
                2 => "both",
                _ => "all",
            };
            let command = out.repeated_options.this_command(&options);
            text.push_str(&format!("To allow {what}:\n  {}\n", escape(&command)));
        }
        None if out.global.quiet => text.push_str("For reasons and help, run the same command without --quiet.\n"),
        None if out.global.json => {}
        None => text.push_str("For reasons and help, see REFUSED above.\n"),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::RefusalCode;

    fn refusal_of(code: RefusalCode, detail: &str) -> PlanRefusal {
        let (addresses, account) = (std::collections::BTreeSet::new(), String::new());
        PlanRefusal { code, account, addresses, attribute: None, detail: detail.to_owned(), place: None }
    }

    #[test]
    fn guards_are_named_with_amount_and_limit() {
        let deletes =
            refusal_of(RefusalCode::MaxDeletes, "1 object would be deleted, max_deletes is 0; `--max-deletes 1` allows it");
        let dark = refusal_of(
            RefusalCode::MaxNumbersDark,
            "3 numbers would go dark, max_numbers_dark for the whole run is 2; `--max-numbers-dark 3` allows it",
        );
        let both = RefusalSummary::of(&[deletes.clone(), dark]);
        assert_eq!(both.sentence(), "2 guards refused: max_deletes (1 > 0), max_numbers_dark (3 > 2).");
        assert_eq!(both.options.unwrap(), ["--max-deletes 1", "--max-numbers-dark 3"]);
        let kept = refusal_of(RefusalCode::PreventDelete, "it is protected");
        let mixed = RefusalSummary::of(&[kept.clone(), deletes.clone()]);
        assert_eq!(mixed.sentence(), "2 guards refused: max_deletes (1 > 0), prevent_delete.");
        assert!(mixed.options.is_none(), "no option allows the deletion of a protected object");
        let in_account = |name: &str| PlanRefusal { account: name.to_owned(), ..deletes.clone() };
        let other = refusal_of(RefusalCode::CreateOnly, "this API cannot change it");
        let all = RefusalSummary::of(&[other, in_account("west"), kept, in_account("east")]);
        assert_eq!(all.sentence(), "4 refused: max_deletes (west 1 > 0, east 1 > 0), prevent_delete, create_only.");
    }
}
