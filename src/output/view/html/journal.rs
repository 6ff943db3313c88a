//! The journal as one page, readable without network and scripts.

use super::writer::HtmlWriter;
use super::{STYLE, csp_hash};
use crate::output::view::journal::{COLUMNS, export_rows};
use crate::state::journal::RecordedRun;

/// Every step of every run as a table.
pub fn journal_as_html(runs: &[RecordedRun<'_>], head: &str, broken: Option<&str>) -> String {
    let mut page = HtmlWriter::default();
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src ");
    page.text(&csp_hash(STYLE)).raw("; base-uri 'none'; form-action 'none'\">\n");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"referrer\" content=\"no-referrer\">\n<title>telform journal</title>\n<style>");
    page.raw(STYLE).raw("</style>\n</head>\n<body>\n<header>\n<p class=\"over\">telform</p>\n<h1>Journal</h1>\n");
    page.raw("<p class=\"lead\">").number(runs.len()).raw(" runs</p>\n<p>Head: ").code(head).raw("</p>\n");
    if let Some(broken) = broken {
        page.raw("<p><span class=\"verdict delete\">broken</span> ").text(broken).raw("</p>\n");
    }
    page.raw("</header>\n<main id=\"main\">\n<table>\n<thead><tr>");
    for column in COLUMNS {
        page.raw("<th scope=\"col\">").raw(column).raw("</th>");
    }
    page.raw("</tr></thead>\n<tbody>\n");
    for row in export_rows(runs) {
        page.raw("<tr>");
        for cell in &row {
            page.raw("<td>").text(cell).raw("</td>");
        }
        page.raw("</tr>\n");
    }
    page.raw("</tbody>\n</table>\n</main>\n<footer>\n<p class=\"soft\">Made by telform ");
    page.raw(env!("CARGO_PKG_VERSION")).raw(". This file holds no secret, loads nothing, and sends nothing.</p>\n");
    page.raw("</footer>\n</body>\n</html>\n");
    page.finish()
}
