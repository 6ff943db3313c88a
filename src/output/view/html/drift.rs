//! Drift as a page: the verdict, then each finding with its place and its two sides.

use super::super::provenance::PlanProvenance;
use super::writer::HtmlWriter;
use super::{page_end, page_head, provenance_rows, verdict_mark};
use crate::output::view::findings::{Finding, FindingRisk};

/// The verdict, one or more lines, and the findings, the most urgent first.
pub fn drift_as_html(verdict: &str, findings: &[Finding], made: &PlanProvenance) -> String {
    let mut page = HtmlWriter::default();
    let drifts = |finding: &&Finding| finding.risk <= FindingRisk::Critical;
    let urgent = findings.iter().filter(drifts).count();
    let (class, word) = if urgent > 0 { ("update", "to decide") } else { ("create", "nothing to decide") };
    page_head(&mut page, &format!("telform drift: {}", verdict.lines().next().unwrap_or_default()), None);
    page.raw("<header>\n<p class=\"over\">telform</p>\n<h1>Drift ");
    verdict_mark(&mut page, class, word);
    page.raw("</h1>\n");
    for line in verdict.lines() {
        page.raw("<p class=\"lead\">").words(line).raw("</p>\n");
    }
    page.raw("<dl class=\"facts\">\n");
    provenance_rows(&mut page, "compared", made);
    page.raw("</dl>\n</header>\n<main id=\"main\">\n");
    for (title, group) in [
        ("To decide", findings.iter().filter(drifts).collect::<Vec<_>>()),
        ("For information", findings.iter().filter(|finding| !drifts(finding)).collect()),
    ] {
        if group.is_empty() {
            continue;
        }
        page.raw("<section>\n<h2>").raw(title).raw(" (").number(group.len()).raw(")</h2>\n<ul class=\"plain\">\n");
        group.into_iter().for_each(|finding| finding_item(&mut page, finding));
        page.raw("</ul>\n</section>\n");
    }
    page.raw("</main>\n<footer>\n");
    page_end(&mut page);
    page.finish()
}

fn finding_item(page: &mut HtmlWriter, finding: &Finding) {
    page.raw("<li><h3>").words(&finding.message).raw("</h3>\n");
    if let Some(place) = &finding.place {
        page.raw("<p class=\"soft\">at ").code(&place.to_string()).raw("</p>\n");
    }
    for detail in &finding.details {
        page.raw("<p>").advice(detail).raw("</p>\n");
    }
    page.raw("</li>\n");
}
