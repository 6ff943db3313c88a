//! A plan as one file for an audit: readable without network and scripts, printable, and without anything from a service
//! that could run. Its only script and style are inline, and its policy names them by their hashes.

mod changes;
mod diagram;
mod drift;
mod impact;
mod journal;
mod order;
mod recorded_run;
mod route;
mod writer;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::groups::{ChangeGroups, fold};
use super::markdown::CommentContext;
use super::provenance::{PlanProvenance, describe_commit};
use super::ranking::rank_changes;
use super::wording::{self, StepIndex};
use crate::plan::{ChangeAction, NoticeCode, Plan, PlanRefusal};
pub use drift::drift_as_html;
pub use journal::{journal_as_html, run_report_as_html};
use writer::HtmlWriter;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The whole plan as an HTML page.
pub fn plan_as_html(plan: &Plan) -> String {
    plan_as_html_in(plan, &CommentContext::default())
}

/// The same with who made it, when and where, as far as that is known, and with whole commands.
pub fn plan_as_html_in(plan: &Plan, context: &CommentContext) -> String {
    let mut page = HtmlWriter::with_commands(context.commands.clone());
    let (ranked, steps) = (rank_changes(plan), StepIndex::from_plan(plan));
    let groups = ChangeGroups::from_ranked(&ranked, &steps);
    let rows = order::StepRows::from_groups(&groups, &steps);
    let what = if undone_run(plan).is_some() { "undo" } else { "plan" };
    let title = format!("telform {what}, {}: {}", verdict(plan).1, groups.summary(plan));
    page_head(&mut page, &title, Some(("#changes", "Skip to the changes")));
    page_banner(&mut page, plan, &groups, &context.made);
    page.raw("<main id=\"main\">\n");
    summary_section(&mut page, plan);
    refusals_section(&mut page, plan);
    impact::impact_section(&mut page, plan);
    order::order_section(&mut page, plan, &steps, &rows);
    not_undone_section(&mut page, plan);
    not_taken_section(&mut page, plan);
    changes::changes_section(&mut page, plan, &groups, &steps, &rows);
    notices_section(&mut page, plan);
    page.raw("</main>\n");
    page_foot(&mut page, plan, context);
    page_end(&mut page);
    page.finish()
}

fn csp_hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// Everything before the banner, with a link past it.
fn page_head(page: &mut HtmlWriter, title: &str, skip: Option<(&'static str, &'static str)>) {
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src ");
    // A hash holds letters, digits, `+`, `/` and `=`; its quotes are escaped, and an attribute reads them as quotes.
    page.text(&csp_hash(SCRIPT)).raw("; style-src ").text(&csp_hash(STYLE));
    page.raw("; base-uri 'none'; form-action 'none'\">\n");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"referrer\" content=\"no-referrer\">\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
    page.raw("<title>").text(title).raw("</title>\n<style>").raw(STYLE).raw("</style>\n</head>\n<body>\n");
    if let Some((to, title)) = skip {
        page.raw("<a class=\"skip\" href=\"").raw(to).raw("\">").raw(title).raw("</a>\n");
    }
}

/// The end of the footer, and what follows it.
fn page_end(page: &mut HtmlWriter) {
    page.raw("<p class=\"soft\">Made by telform ").raw(env!("CARGO_PKG_VERSION"));
    page.raw(". This file holds no secret, loads nothing, and sends nothing.</p>\n</footer>\n<script>").raw(SCRIPT);
    page.raw("</script>\n</body>\n</html>\n");
}

/// The run that a plan undoes.
fn undone_run(plan: &Plan) -> Option<&str> {
    plan.notices.iter().find(|notice| notice.code == NoticeCode::Undoes)?.detail.as_deref()
}

/// The class and the words of the verdict.
fn verdict(plan: &Plan) -> (&'static str, &'static str) {
    match (plan.is_refused(), plan.has_changes()) {
        (true, _) => ("delete", "refused"),
        (false, true) => ("update", "changes pending"),
        (false, false) if !plan.not_taken.is_empty() => ("update", "not taken"),
        (false, false) if super::describe_incomplete(plan).is_some() => ("create", "nothing to do where it looked"),
        (false, false) => ("create", "nothing to do"),
    }
}

/// A verdict of a page or a run: a colour and always a word.
fn verdict_mark(page: &mut HtmlWriter, class: &'static str, word: &str) {
    page.raw("<span class=\"verdict ").raw(class).raw("\">").text(word).raw("</span>");
}

fn page_banner(page: &mut HtmlWriter, plan: &Plan, groups: &ChangeGroups<'_>, made: &PlanProvenance) {
    page.raw("<header>\n");
    if let Some(limits) = wording::describe_limits(plan) {
        page.raw("<p class=\"lead\">").words(&limits).raw("</p>\n");
    }
    let undone = undone_run(plan);
    page.raw("<p class=\"over\">telform</p>\n<h1>").raw(if undone.is_some() { "Undo " } else { "Plan " });
    let (class, word) = verdict(plan);
    verdict_mark(page, class, word);
    page.raw("</h1>\n");
    if let Some(run) = undone {
        page.raw("<p class=\"lead\">This plan undoes ").words(run).raw(".</p>\n");
    }
    page.raw("<p class=\"lead\">").text(&groups.summary(plan)).raw("</p>\n<dl class=\"facts\">\n");
    provenance_rows(page, "planned", made);
    for account in &plan.accounts {
        page.raw("<div><dt>").words(&account.name).raw("</dt><dd>");
        page.words(&wording::describe_account_and_token(plan, account)).raw("</dd></div>\n");
    }
    if let Some(ledger) = wording::describe_ledger(plan) {
        page.raw("<div><dt>ledger</dt><dd>").words(ledger.trim_start_matches("ledger ")).raw("</dd></div>\n");
    }
    page.raw("</dl>\n<nav aria-label=\"Sections\"><ul>\n");
    for (shown, link) in [
        (plan.is_refused(), "<li><a href=\"#refused\">Refused</a></li>\n"),
        (!plan.impact.is_empty(), "<li><a href=\"#numbers\">Phone numbers</a></li>\n"),
        (plan.has_changes(), "<li><a href=\"#order\">Order</a></li>\n"),
        (!wording::not_undone(plan).is_empty(), "<li><a href=\"#not-undone\">Cannot be undone</a></li>\n"),
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

/// When, by whom, from which commit and in which run: each only where it is known. `did`: what happened then.
fn provenance_rows(page: &mut HtmlWriter, did: &'static str, made: &PlanProvenance) {
    if let Some(at) = &made.at {
        page.raw("<div><dt>").raw(did).raw("</dt><dd>").time(at).raw("</dd></div>\n");
    }
    if let Some(user) = &made.user {
        page.raw("<div><dt>by</dt><dd>").words(user).raw("</dd></div>\n");
    }
    commit_row(page, made.commit.as_deref());
    if let Some(ci) = &made.ci {
        page.raw("<div><dt>CI run</dt><dd>").place(ci).raw("</dd></div>\n");
    }
}

fn commit_row(page: &mut HtmlWriter, commit: Option<&str>) {
    if let Some(commit) = commit {
        let (short, note) = describe_commit(commit);
        page.raw("<div><dt>commit</dt><dd>").code(&short).raw(note).raw("</dd></div>\n");
    }
}

/// Counts. An action leads to its group of changes, and with scripts to a filter on it.
fn summary_section(page: &mut HtmlWriter, plan: &Plan) {
    page.raw("<section aria-labelledby=\"summary\">\n<h2 id=\"summary\">Summary</h2>\n<ul class=\"tiles\">\n");
    for (action, title) in wording::ACTIONS {
        let count = plan.changes.iter().filter(|change| change.action == action).count();
        page.raw("<li class=\"").raw(wording::action_word(action));
        if count == 0 {
            page.raw(" zero\"><span><b>0</b> ").raw(title).raw("</span></li>\n");
            continue;
        }
        page.raw("\"><a href=\"#action=").raw(wording::action_word(action)).raw("\"><b>").number(count);
        page.raw("</b> ").raw(title).raw("</a></li>\n");
    }
    for effect in wording::EFFECTS {
        let count = wording::with_effect(plan, effect).len();
        if count > 0 {
            page.raw("<li class=\"").raw(impact::effect_class(effect)).raw("\"><a href=\"#numbers\"><b>");
            page.number(count).raw("</b> ").raw(wording::plural_kind(count, "numbers")).raw(" ");
            page.raw(wording::effect_word(effect)).raw("</a></li>\n");
        }
    }
    if plan.has_changes() {
        page.raw("<li><a href=\"#order\"><b>").number(plan.steps.len());
        page.raw("</b> ").raw(wording::plural_kind(plan.steps.len(), "requests")).raw("</a></li>\n");
    }
    page.raw("</ul>\n");
    if let Some(sentence) = wording::replaced_are_deleted(plan) {
        page.raw("<p>").words(&sentence).raw("</p>\n");
    }
    account_table(page, plan);
    page.raw("</section>\n");
}

/// Of many accounts, what happens in each.
fn account_table(page: &mut HtmlWriter, plan: &Plan) {
    let Some(table) = wording::account_table(plan) else { return };
    if !table.rows.is_empty() {
        page.raw(
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Accounts\">\n<table class=\"cards\">\n<thead><tr>",
        );
        for head in wording::ACCOUNT_HEADS {
            page.raw("<th scope=\"col\">").raw(head).raw("</th>");
        }
        page.raw("</tr></thead>\n<tbody>\n");
        for [name, counts @ ..] in &table.rows {
            page.raw("<tr><th scope=\"row\">").words(name).raw("</th>");
            for (head, count) in wording::ACCOUNT_HEADS.into_iter().skip(1).zip(counts) {
                page.cell(head).text(count).raw("</td>");
            }
            page.raw("</tr>\n");
        }
        page.raw("</tbody></table></div>\n");
    }
    if let Some(text) = table.unchanged_text() {
        page.raw("<p>").words(&text).raw("</p>\n");
    }
}

fn refusals_section(page: &mut HtmlWriter, plan: &Plan) {
    if plan.refusals.is_empty() {
        return;
    }
    page.raw("<section class=\"refused\" aria-labelledby=\"refused\">\n<h2 id=\"refused\">");
    page.text(&wording::refusals_title(plan)).raw("</h2>\n<ul>\n");
    let (apart, folded) = fold(&plan.refusals, false, |it| (it.code.as_str(), &it.account, &it.attribute, &it.detail));
    for refusal in apart {
        refusal_item(page, refusal, &wording::refusal_subject(refusal), &refusal.help());
        page.raw("</li>\n");
    }
    for group in folded {
        refusal_item(page, group[0], &format!("{} refusals", group.len()), &group[0].code.help());
        page.raw("<details><summary>Each of them (").number(group.len()).raw(")</summary>\n<ul>\n");
        for refusal in group {
            page.raw("<li>").code(&wording::refusal_subject(refusal));
            if let Some(place) = &refusal.place {
                page.raw(" <span class=\"soft\">at ").code(place).raw("</span>");
            }
            page.raw("</li>\n");
        }
        page.raw("</ul></details></li>\n");
    }
    page.raw("</ul>\n</section>\n");
}

fn refusal_item(page: &mut HtmlWriter, refusal: &PlanRefusal, subject: &str, help: &str) {
    page.raw("<li><p>").name(subject).raw(" ");
    page.code(refusal.code.as_str()).raw("</p>\n<p>").advice(&refusal.detail).raw("</p>\n");
    page.raw("<p class=\"help\">").advice(help).raw("</p>");
    if let Some(place) = &refusal.place {
        page.raw("<p class=\"soft\">at ").code(place).raw("</p>");
    }
    if let Some(members) = wording::refusal_members(refusal, usize::MAX) {
        let (count, names) = members.split_once(": ").unwrap_or((&members, ""));
        page.raw("<details><summary>").text(count).raw("</summary><p>").words(names).raw("</p></details>");
    }
}

/// Shown before anyone approves.
fn not_undone_section(page: &mut HtmlWriter, plan: &Plan) {
    let groups = wording::not_undone(plan);
    if groups.is_empty() {
        return;
    }
    page.raw("<section aria-labelledby=\"not-undone\">\n<h2 id=\"not-undone\">").raw(wording::NOT_UNDONE);
    page.raw("</h2>\n");
    for (sentence, of) in &groups {
        page.raw(if of.len() <= 25 { "<details open><summary>" } else { "<details><summary>" });
        page.advice(sentence).raw(" (").number(of.len()).raw(")</summary>\n<ul>\n");
        for what in of {
            page.raw("<li>").code(what).raw("</li>\n");
        }
        page.raw("</ul></details>\n");
    }
    page.raw("</section>\n");
}

/// What was sent before and is not in effect.
fn not_taken_section(page: &mut HtmlWriter, plan: &Plan) {
    if plan.not_taken.is_empty() {
        return;
    }
    page.raw("<section aria-labelledby=\"not-taken\">\n<h2 id=\"not-taken\">").raw(wording::NOT_TAKEN);
    page.raw("</h2>\n<ul>\n");
    for untaken in &plan.not_taken {
        page.raw("<li><p>").name(&untaken.subject()).raw(" ");
        page.code(&wording::shown_as_json(&untaken.attribute.before)).raw(" \u{2192} ");
        page.code(&wording::shown_as_json(&untaken.attribute.after)).raw("</p>\n<p>").advice(&untaken.describe());
        page.raw("</p>\n<p class=\"help\">").advice(&untaken.help()).raw("</p></li>\n");
    }
    page.raw("</ul>\n</section>\n");
}

fn notices_section(page: &mut HtmlWriter, plan: &Plan) {
    if plan.notices.is_empty() && plan.unmanaged.is_empty() {
        return;
    }
    page.raw("<section aria-labelledby=\"notices\">\n<h2 id=\"notices\">").raw(wording::NOTICES).raw("</h2>\n");
    for group in plan.notices.chunk_by(|a, b| a.code == b.code) {
        page.raw(if group.len() <= 25 { "<details open><summary>" } else { "<details><summary>" });
        page.advice(&wording::notice_sentence(group)).raw(" (").number(group.len()).raw(")</summary>\n<ul>\n");
        for notice in group {
            page.raw("<li>").code(&wording::notice_subject(notice)).raw("</li>\n");
        }
        page.raw("</ul></details>\n");
    }
    if !plan.unmanaged.is_empty() {
        page.raw("<p class=\"soft\">").raw(wording::UNMANAGED).raw(": ");
        page.words(&wording::describe_unmanaged(plan)).raw("</p>\n");
    }
    page.raw("</section>\n");
}

fn page_foot(page: &mut HtmlWriter, plan: &Plan, context: &CommentContext) {
    page.raw("<footer>\n<p>Digest of the plan: ").code(&plan.digest).raw("</p>\n");
    if plan.has_changes() && !plan.is_refused() {
        page.raw("<p>").advice(&context.to_apply(plan, "To apply exactly this plan or nothing")).raw("</p>\n");
    }
}

/// The class that gives an action its colour.
fn action_class(action: ChangeAction) -> &'static str {
    wording::action_word(action)
}
