//! What the plan means for phone numbers, number by number and bridge by bridge.

use std::collections::BTreeMap;

use super::super::wording;
use super::writer::HtmlWriter;
use crate::plan::{NumberEffect, NumberImpact, NumberLocation, Plan, one_effect_each};

/// Number of rows up to which a table is initially open.
const OPEN: usize = 25;

/// The class that gives an effect its colour.
pub(super) fn effect_class(effect: NumberEffect) -> &'static str {
    match effect {
        NumberEffect::Dark => "delete",
        NumberEffect::Moves => "update",
        NumberEffect::Connects | NumberEffect::Settles => "create",
    }
}

/// The section; empty when no number is affected.
pub(super) fn impact_section(page: &mut HtmlWriter, plan: &Plan) {
    if plan.impact.is_empty() {
        return;
    }
    page.raw("<section aria-labelledby=\"numbers\">\n<h2 id=\"numbers\">").raw(wording::NUMBERS);
    page.raw("</h2>\n<ul class=\"plain\">\n");
    for effect in wording::EFFECTS {
        let these = wording::with_effect(plan, effect);
        if !these.is_empty() {
            page.raw("<li><span class=\"badge ").raw(effect_class(effect)).raw("\">").raw(wording::effect_word(effect));
            page.raw("</span> ").words(&wording::impact_sentence(effect, &these)).raw("</li>\n");
        }
    }
    page.raw("</ul>\n");
    holder_table(page, plan);
    number_table(page, plan);
    page.raw("</section>\n");
}

/// Starts a table that is folded when it is long.
fn open_folded(page: &mut HtmlWriter, title: &str, rows: usize) {
    page.raw(if rows <= OPEN { "<details open><summary>" } else { "<details><summary>" });
    page.raw("<strong>").text(title).raw("</strong> (").number(rows).raw(")</summary>\n");
}

fn holder_table(page: &mut HtmlWriter, plan: &Plan) {
    let mut bridges: BTreeMap<(&str, &str), [usize; 4]> = BTreeMap::new();
    let numbers = one_effect_each(&plan.impact);
    for number in &numbers {
        let column = wording::EFFECTS.iter().position(|effect| *effect == number.effect).unwrap_or(0);
        let place = |spot| wording::number_place(plan, &number.account, spot);
        let from = number.from.as_ref().and_then(place);
        let to = number.to.as_ref().and_then(place).filter(|to| Some(*to) != from);
        for bridge in from.into_iter().chain(to) {
            bridges.entry((&number.account, bridge)).or_default()[column] += 1;
        }
    }
    if bridges.is_empty() {
        return;
    }
    // Those that lose most come first.
    let mut bridges: Vec<_> = bridges.into_iter().collect();
    bridges.sort_by_key(|(_, counts)| std::cmp::Reverse(*counts));
    let holder = wording::link_words(plan).holder;
    open_folded(page, &format!("By {holder}"), bridges.len());
    page.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Numbers by ").text(holder);
    page.raw("\">\n<table class=\"cards\">\n<thead><tr><th scope=\"col\">").text(&wording::sentence_case(holder)).raw("</th>");
    page.raw("<th scope=\"col\">Account</th>");
    for effect in wording::EFFECTS {
        page.raw("<th scope=\"col\" class=\"count\">").raw(wording::effect_word(effect)).raw("</th>");
    }
    page.raw("</tr></thead>\n<tbody>\n");
    for ((account, bridge), counts) in bridges {
        page.raw("<tr><th scope=\"row\">").code(bridge).raw("</th>").cell("Account").words(account).raw("</td>");
        for (effect, count) in wording::EFFECTS.into_iter().zip(counts) {
            let class = if count == 0 { "count soft" } else { "count" };
            page.count_cell(wording::effect_word(effect), class).number(count).raw("</td>");
        }
        page.raw("</tr>\n");
    }
    page.raw("</tbody></table>\n</div></details>\n");
}

fn number_table(page: &mut HtmlWriter, plan: &Plan) {
    open_folded(page, "By number", one_effect_each(&plan.impact).len());
    page.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Every number\">\n<table class=\"cards\">\n<thead><tr><th scope=\"col\">Number</th>");
    page.raw("<th scope=\"col\">What happens</th><th scope=\"col\">Now</th><th scope=\"col\">Then</th>");
    page.raw("<th scope=\"col\" class=\"count\">Steps disconnected</th></tr></thead>\n<tbody>\n");
    for effect in wording::EFFECTS {
        for number in &wording::with_effect(plan, effect) {
            page.raw("<tr><th scope=\"row\">").code(&number.number).raw("</th>").cell("What happens");
            page.raw("<span class=\"badge ").raw(effect_class(effect)).raw("\">").raw(wording::effect_word(effect));
            page.raw("</span></td>").cell("Now");
            let same = number.from.is_some() && number.from == number.to;
            location_cell(page, plan, number, number.from.as_ref());
            page.raw(if same { ", the old one" } else { "" });
            page.raw("</td>").cell("Then");
            location_cell(page, plan, number, number.to.as_ref());
            page.raw(if same { ", the new one" } else { "" });
            if let Some(reason) = wording::cut_reason(plan, number) {
                page.raw(if number.to.is_some() { ", " } else { ": stays on it, " }).words(&reason);
            }
            page.raw("</td>").count_cell("Steps disconnected", "count");
            match effect {
                NumberEffect::Dark => page.raw("from then on"),
                _ => page.number(number.dark_steps as usize),
            };
            page.raw("</td></tr>\n");
        }
    }
    page.raw("</tbody></table>\n</div></details>\n");
}

fn location_cell(page: &mut HtmlWriter, plan: &Plan, number: &NumberImpact, spot: Option<&NumberLocation>) {
    match spot {
        None => page.raw("<span class=\"soft\">not connected</span>"),
        Some(spot) => {
            match wording::number_place(plan, &number.account, spot) {
                Some(place) => page.code(place).raw(" by "),
                None => page.raw("by "),
            };
            page.code(&spot.provider);
            match &spot.account {
                None => page,
                Some(account) => page.raw(" in account ").code(account),
            }
        }
    };
}
