//! What happens to phone numbers, as tables: each number, where it is now, and where it is then.

use super::escape::cut_table_cell;
use super::{BoundedPage, MOST_NUMBERS, NUMBERS, WHOLE, code_span, wording};
use crate::plan::{NumberEffect, NumberImpact, NumberLocation, Plan};

/// Reports how many of those that go dark or move are not shown.
pub(super) fn push_numbers(page: &mut BoundedPage, plan: &Plan) -> usize {
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
            // Each effect leaves space for the sentence and the first numbers of those after it.
            page.with_reserve(1_500, |page| {
                page.push_if_fits(&format!("\n**{}**\n\n", wording::impact_sentence(effect, &these)));
                let cuts = matches!(effect, NumberEffect::Dark | NumberEffect::Moves);
                let most = if cuts { usize::MAX } else { MOST_NUMBERS };
                let line = |number: &NumberImpact| {
                    format!("- {} {}\n", code_span(&number.number), code_span(&wording::from_and_to(plan, number)))
                };
                let left_out = if these.len() <= MOST_ROWS {
                    push_table(page, plan, &these)
                } else {
                    page.push_lines(these.iter().map(line), most)
                };
                unseen += if cuts { left_out } else { 0 };
            });
        }
    });
    unseen
}

/// Numbers with one effect up to which they are a table; more are a list, which takes less space.
const MOST_ROWS: usize = 50;

/// As many rows as fit; says and returns how many do not.
fn push_table(page: &mut BoundedPage, plan: &Plan, numbers: &[NumberImpact]) -> usize {
    let mut shown = 0;
    let rows: Vec<String> = numbers.iter().map(|number| table_row(plan, number)).collect();
    let head = "| number | now | then |\n| --- | --- | --- |\n";
    let room = WHOLE.len() + 60;
    if rows.first().is_some_and(|first| head.len() + first.len() + room <= page.remaining_bytes()) {
        page.push_if_fits(head);
        for row in &rows {
            if row.len() + room > page.remaining_bytes() {
                break;
            }
            page.push_if_fits(row);
            shown += 1;
        }
    }
    let left_out = rows.len() - shown;
    if left_out > 0 {
        page.push_if_fits(&format!("\n… and **{left_out} more**; {WHOLE}\n"));
    }
    left_out
}

fn table_row(plan: &Plan, number: &NumberImpact) -> String {
    let same = number.from.is_some() && number.from == number.to;
    let spot = |spot: &NumberLocation, account: Option<&String>, age: &str| {
        let account = account.map(|account| format!(" in account {}", cut_table_cell(account))).unwrap_or_default();
        let place = wording::number_place(plan, &number.account, spot).map(|place| format!("{} ", cut_table_cell(place)));
        format!("{}by {}{age}{account}", place.unwrap_or_default(), cut_table_cell(&spot.provider))
    };
    let moves = number.from.as_ref().is_some_and(|from| from.account.is_some());
    let now = number.from.as_ref().map(|from| spot(from, from.account.as_ref(), if same { ", the old one" } else { "" }));
    let to_account = moves.then_some(&number.account);
    let then = number.to.as_ref().map(|to| spot(to, to.account.as_ref().or(to_account), if same { ", the new one" } else { "" }));
    let reason = wording::cut_reason(plan, number);
    let then = match (reason, then) {
        (Some(reason), then) => {
            let spot = then.or_else(|| now.clone()).unwrap_or_default();
            Some(format!("**cut off**: {spot}, {}", cut_table_cell(&reason)))
        }
        (None, then) => then,
    };
    let (none_now, none_then) = match number.effect {
        NumberEffect::Dark => ("", "**cut off**"),
        _ => ("not connected", ""),
    };
    format!(
        "| {} | {} | {} |\n",
        cut_table_cell(&number.number),
        now.unwrap_or_else(|| none_now.to_owned()),
        then.unwrap_or_else(|| none_then.to_owned())
    )
}
