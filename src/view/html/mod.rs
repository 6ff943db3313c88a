//! A plan as one file for an audit: it reads without network and without scripts, prints, and nothing in it that came from a
//! service can run. The one script and the one style stand in it, and its policy names them by their hashes.

mod changes;
mod impact;
mod journal;
mod order;
mod picture;
mod writer;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::words::{self, Steps};
use crate::plan::{Action, Plan};
pub use journal::journal;
use writer::Html;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The whole plan as an HTML page.
pub fn plan(plan: &Plan) -> String {
    let mut page = Html::default();
    let steps = Steps::of(plan);
    head(&mut page);
    banner(&mut page, plan);
    page.raw("<main id=\"main\">\n");
    summary(&mut page, plan);
    refusals(&mut page, plan);
    impact::section(&mut page, plan);
    order::section(&mut page, plan, &steps);
    not_undone(&mut page, plan);
    not_taken(&mut page, plan);
    changes::section(&mut page, plan, &steps);
    notices(&mut page, plan);
    page.raw("</main>\n");
    foot(&mut page, plan);
    page.raw("<script>").raw(SCRIPT).raw("</script>\n</body>\n</html>\n");
    page.finish()
}

fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

fn head(page: &mut Html) {
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src ");
    // A hash holds letters, digits, `+`, `/` and `=`; escaping turns its quotes into what an attribute reads as quotes.
    page.text(&hash(SCRIPT)).raw("; style-src ").text(&hash(STYLE));
    page.raw("; base-uri 'none'; form-action 'none'\">\n");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"referrer\" content=\"no-referrer\">\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
    page.raw("<title>telform plan</title>\n<style>").raw(STYLE).raw("</style>\n</head>\n<body>\n");
    page.raw("<a class=\"skip\" href=\"#changes\">Skip to the changes</a>\n");
}

fn banner(page: &mut Html, plan: &Plan) {
    page.raw("<header>\n");
    if let Some(limits) = words::limits(plan) {
        page.raw("<p class=\"lead\">").text(&limits).raw("</p>\n");
    }
    page.raw("<p class=\"over\">telform</p>\n<h1>Plan ");
    let (class, word) = match (plan.is_refused(), plan.has_changes()) {
        (true, _) => ("<span class=\"verdict delete\">", "refused"),
        (false, true) => ("<span class=\"verdict update\">", "changes pending"),
        (false, false) if !plan.not_taken.is_empty() => ("<span class=\"verdict update\">", "not taken"),
        (false, false) if super::not_whole(plan).is_some() => {
            ("<span class=\"verdict create\">", "nothing to do where it looked")
        }
        (false, false) => ("<span class=\"verdict create\">", "nothing to do"),
    };
    page.raw(class).raw(word).raw("</span></h1>\n<p class=\"lead\">").text(&plan.summary()).raw("</p>\n");
    page.raw("<dl class=\"accounts\">\n");
    for account in &plan.accounts {
        page.raw("<div><dt>").text(&account.name).raw("</dt><dd>");
        page.text(&words::account(account)).raw("</dd></div>\n");
    }
    page.raw("</dl>\n<nav aria-label=\"Sections\"><ul>\n");
    for (shown, link) in [
        (plan.is_refused(), "<li><a href=\"#refused\">Refused</a></li>\n"),
        (!plan.impact.is_empty(), "<li><a href=\"#numbers\">Phone numbers</a></li>\n"),
        (plan.has_changes(), "<li><a href=\"#order\">Order</a></li>\n"),
        (!words::not_undone(plan).is_empty(), "<li><a href=\"#not-undone\">Cannot be undone</a></li>\n"),
        (!plan.not_taken.is_empty(), "<li><a href=\"#not-taken\">Not taken</a></li>\n"),
        (true, "<li><a href=\"#changes\">Changes</a></li>\n"),
        (!plan.notices.is_empty(), "<li><a href=\"#notices\">Notices</a></li>\n"),
    ] {
        if shown {
            page.raw(link);
        }
    }
    page.raw("</ul></nav>\n</header>\n");
}

/// Counts. An action leads to its group of changes, and with scripts to a filter on it.
fn summary(page: &mut Html, plan: &Plan) {
    page.raw(
        "<section aria-labelledby=\"summary\">\n<h2 id=\"summary\">Summary</h2>\n<ul class=\"tiles\">\n",
    );
    for (action, title) in words::ACTIONS {
        let count = plan.changes.iter().filter(|change| change.action == action).count();
        page.raw("<li class=\"").raw(words::action(action));
        if count == 0 {
            page.raw(" zero\"><span><b>0</b> ").raw(title).raw("</span></li>\n");
            continue;
        }
        page.raw("\"><a href=\"#action=").raw(words::action(action)).raw("\"><b>").number(count);
        page.raw("</b> ").raw(title).raw("</a></li>\n");
    }
    for effect in words::EFFECTS {
        let count = words::with_effect(plan, effect).len();
        if count > 0 {
            page.raw("<li class=\"").raw(impact::class(effect)).raw("\"><a href=\"#numbers\"><b>");
            page.number(count).raw("</b> ").raw(words::plural(count, "numbers")).raw(" ");
            page.raw(words::effect(effect)).raw("</a></li>\n");
        }
    }
    if plan.has_changes() {
        page.raw("<li><a href=\"#order\"><b>").number(plan.steps.len());
        page.raw("</b> ").raw(words::plural(plan.steps.len(), "requests")).raw("</a></li>\n");
    }
    page.raw("</ul>\n</section>\n");
}

fn refusals(page: &mut Html, plan: &Plan) {
    if plan.refusals.is_empty() {
        return;
    }
    page.raw("<section class=\"refused\" aria-labelledby=\"refused\">\n<h2 id=\"refused\">");
    page.text(&words::refused(plan)).raw("</h2>\n<ul>\n");
    for refusal in &plan.refusals {
        page.raw("<li><p><strong>").text(&words::refusal(refusal)).raw("</strong> ");
        page.code(refusal.code.word()).raw("</p>\n<p>").text(&refusal.detail).raw("</p>\n");
        page.raw("<p class=\"help\">");
        help(page, &refusal.help());
        page.raw("</p>");
        if let Some(place) = &refusal.place {
            page.raw("<p class=\"soft\">at ").code(place).raw("</p>");
        }
        page.raw("</li>\n");
    }
    page.raw("</ul>\n</section>\n");
}

/// Said before anybody approves.
fn not_undone(page: &mut Html, plan: &Plan) {
    let groups = words::not_undone(plan);
    if groups.is_empty() {
        return;
    }
    page.raw("<section aria-labelledby=\"not-undone\">\n<h2 id=\"not-undone\">").raw(words::NOT_UNDONE);
    page.raw("</h2>\n");
    for (sentence, of) in &groups {
        page.raw(if of.len() <= 25 { "<details open><summary>" } else { "<details><summary>" });
        page.text(sentence).raw(" (").number(of.len()).raw(")</summary>\n<ul>\n");
        for what in of {
            page.raw("<li>").code(what).raw("</li>\n");
        }
        page.raw("</ul></details>\n");
    }
    page.raw("</section>\n");
}

/// What was sent before and is not there.
fn not_taken(page: &mut Html, plan: &Plan) {
    if plan.not_taken.is_empty() {
        return;
    }
    page.raw("<section aria-labelledby=\"not-taken\">\n<h2 id=\"not-taken\">").raw(words::NOT_TAKEN);
    page.raw("</h2>\n<ul>\n");
    for untaken in &plan.not_taken {
        page.raw("<li><p><strong>").text(&untaken.subject()).raw("</strong> ");
        page.code(&words::shown(&untaken.attribute.before)).raw(" \u{2192} ");
        page.code(&words::shown(&untaken.attribute.after)).raw("</p>\n<p>").text(&untaken.fact());
        page.raw("</p>\n<p class=\"help\">");
        help(page, &untaken.help());
        page.raw("</p></li>\n");
    }
    page.raw("</ul>\n</section>\n");
}

/// Advice of the program's own: what stands in backticks is code.
fn help(page: &mut Html, text: &str) {
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 0 {
            page.text(part)
        } else {
            page.code(part)
        };
    }
}

fn notices(page: &mut Html, plan: &Plan) {
    if plan.notices.is_empty() && plan.unmanaged.is_empty() {
        return;
    }
    page.raw("<section aria-labelledby=\"notices\">\n<h2 id=\"notices\">").raw(words::NOTICES).raw("</h2>\n");
    for group in plan.notices.chunk_by(|a, b| a.code == b.code) {
        page.raw(if group.len() <= 25 { "<details open><summary>" } else { "<details><summary>" });
        help(page, group[0].code.text());
        page.raw(" (").number(group.len()).raw(")</summary>\n<ul>\n");
        for notice in group {
            page.raw("<li>").code(&words::notice(notice)).raw("</li>\n");
        }
        page.raw("</ul></details>\n");
    }
    if !plan.unmanaged.is_empty() {
        page.raw("<p class=\"soft\">").raw(words::UNMANAGED).raw(": ");
        page.text(&words::unmanaged(plan)).raw("</p>\n");
    }
    page.raw("</section>\n");
}

fn foot(page: &mut Html, plan: &Plan) {
    page.raw("<footer>\n<p>Digest of the plan: ").code(&plan.digest).raw("</p>\n");
    if plan.has_changes() && !plan.is_refused() {
        page.raw("<p>To apply exactly this plan or nothing: ");
        page.code(&format!("telform apply --expect {}", plan.digest)).raw("</p>\n");
    }
    page.raw("<p class=\"soft\">Made by telform ").raw(env!("CARGO_PKG_VERSION"));
    page.raw(". This file holds no secret, loads nothing, and sends nothing.</p>\n</footer>\n");
}

/// The class that gives an action its colour.
fn class(action: Action) -> &'static str {
    words::action(action)
}
