//! What the plan means for phone numbers, number by number and bridge by bridge.

use std::collections::BTreeMap;

use super::super::words;
use super::writer::Html;
use crate::plan::{Effect, Plan, Spot};

/// Rows up to which a table is open from the start.
const OPEN: usize = 25;

/// The class that gives an effect its colour.
pub(super) fn class(effect: Effect) -> &'static str {
    match effect {
        Effect::Dark => "delete",
        Effect::Moves => "update",
        Effect::Connects | Effect::Settles => "create",
    }
}

/// The section; nothing when no number is hit.
pub(super) fn section(page: &mut Html, plan: &Plan) {
    if plan.impact.is_empty() {
        return;
    }
    page.raw("<section aria-labelledby=\"numbers\">\n<h2 id=\"numbers\">").raw(words::NUMBERS);
    page.raw("</h2>\n<ul class=\"plain\">\n");
    for effect in words::EFFECTS {
        let these = words::with_effect(plan, effect);
        if !these.is_empty() {
            page.raw("<li><span class=\"badge ").raw(class(effect)).raw("\">").raw(words::effect(effect));
            page.raw("</span> ").text(&words::sentence(effect, &these)).raw("</li>\n");
        }
    }
    page.raw("</ul>\n");
    bridges(page, plan);
    numbers(page, plan);
    page.raw("</section>\n");
}

/// Opens a table that is folded when it is long.
fn fold(page: &mut Html, title: &'static str, rows: usize) {
    page.raw(if rows <= OPEN { "<details open><summary>" } else { "<details><summary>" });
    page.raw("<strong>").raw(title).raw("</strong> (").number(rows).raw(")</summary>\n");
}

fn bridges(page: &mut Html, plan: &Plan) {
    let mut bridges: BTreeMap<(&str, &str), [usize; 4]> = BTreeMap::new();
    for number in &plan.impact {
        let place = words::EFFECTS.iter().position(|effect| *effect == number.effect).unwrap_or(0);
        let from = number.from.as_ref().map(|spot| spot.bridge.as_str());
        let to = number.to.as_ref().map(|spot| spot.bridge.as_str()).filter(|to| Some(*to) != from);
        for bridge in from.into_iter().chain(to) {
            bridges.entry((&number.account, bridge)).or_default()[place] += 1;
        }
    }
    // Those that lose most come first.
    let mut bridges: Vec<_> = bridges.into_iter().collect();
    bridges.sort_by_key(|(_, counts)| std::cmp::Reverse(*counts));
    fold(page, "By bridge", bridges.len());
    page.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Numbers by bridge\">\n<table>\n<thead><tr><th scope=\"col\">Bridge</th>");
    page.raw("<th scope=\"col\">Account</th>");
    for effect in words::EFFECTS {
        page.raw("<th scope=\"col\" class=\"count\">").raw(words::effect(effect)).raw("</th>");
    }
    page.raw("</tr></thead>\n<tbody>\n");
    for ((account, bridge), counts) in bridges {
        page.raw("<tr><th scope=\"row\">").code(bridge).raw("</th><td>").text(account).raw("</td>");
        for count in counts {
            page.raw(if count == 0 { "<td class=\"count soft\">" } else { "<td class=\"count\">" });
            page.number(count).raw("</td>");
        }
        page.raw("</tr>\n");
    }
    page.raw("</tbody></table>\n</div></details>\n");
}

fn numbers(page: &mut Html, plan: &Plan) {
    fold(page, "By number", plan.impact.len());
    page.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Every number\">\n<table>\n<thead><tr><th scope=\"col\">Number</th>");
    page.raw("<th scope=\"col\">What happens</th><th scope=\"col\">Now</th><th scope=\"col\">Then</th>");
    page.raw("<th scope=\"col\" class=\"count\">Steps dark</th></tr></thead>\n<tbody>\n");
    for effect in words::EFFECTS {
        for number in words::with_effect(plan, effect) {
            page.raw("<tr><th scope=\"row\">").code(&number.number).raw("</th><td><span class=\"badge ");
            page.raw(class(effect)).raw("\">").raw(words::effect(effect)).raw("</span></td><td>");
            spot(page, number.from.as_ref());
            page.raw("</td><td>");
            spot(page, number.to.as_ref());
            page.raw("</td><td class=\"count\">");
            match effect {
                Effect::Dark => page.raw("from then on"),
                _ => page.number(number.dark_steps as usize),
            };
            page.raw("</td></tr>\n");
        }
    }
    page.raw("</tbody></table>\n</div></details>\n");
}

fn spot(page: &mut Html, spot: Option<&Spot>) {
    match spot {
        None => page.raw("<span class=\"soft\">not connected</span>"),
        Some(spot) => {
            page.code(&spot.bridge).raw(" by ").code(&spot.provider);
            match &spot.account {
                None => page,
                Some(account) => page.raw(" in account ").code(account),
            }
        }
    };
}
