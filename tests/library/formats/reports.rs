//! Reports of runs: what they say about each result, and that no text in them acts.

use std::collections::BTreeSet;

use telform::document::{self, Origin};
use telform::output::view::run_report::CommandEnd;
use telform::output::view::{html, markdown};
use telform::plan::Plan;
use telform::state::journal::{JournalFinding, JournalLine, JournalRecord, RunActor, RunStarted, StepEnding, collect_runs};

use crate::formats::hostile::{EVIL, rendered};
use crate::formats::{made, page};

fn line(seq: u64, run: &str, record: JournalRecord) -> JournalLine {
    let at = "2026-11-25T14:00:00Z".to_owned();
    JournalLine { seq, at, prev: String::new(), run: run.to_owned(), ledger: None, record, mac: None, hash: String::new() }
}

/// A run of a plan whose steps end in each way in turn, with this text in every position of its records.
fn run(plan: &Plan, evil: &str, finished: bool) -> Vec<JournalLine> {
    run_with(plan, evil, finished, &ENDS)
}

const ENDS: [StepEnding; 6] =
    [StepEnding::Done, StepEnding::Failed, StepEnding::Damaged, StepEnding::Stale, StepEnding::Unknown, StepEnding::NotStarted];

fn run_with(plan: &Plan, evil: &str, finished: bool, ends: &[StepEnding]) -> Vec<JournalLine> {
    let text = || evil.to_owned();
    let document = document::from_plan(plan, Origin { commit: Some(text()), ..Origin::default() });
    let ids: Vec<String> = document.plan.steps.iter().map(|step| step.id.clone()).collect();
    let started = RunStarted {
        format_version: 1,
        command: text(),
        actor: RunActor { user: text(), host: text(), pid: 1, ci: Some(text()) },
        telform_version: text(),
        origin: document.origin,
        digest: text(),
        plan_file: Some(text()),
        of: Some(text()),
        plan: document.plan,
        plan_signed_by: None,
        approvals: Vec::new(),
        undo: document.undo,
    };
    let mut records = vec![JournalRecord::Started(Box::new(started))];
    for (index, step) in ids.iter().enumerate() {
        records.push(JournalRecord::Intent {
            step: step.clone(),
            account: text(),
            method: text(),
            target: text(),
            sends: vec![text()],
            seals: Default::default(),
            before: Some([(text(), evil.into())].into()),
        });
        // The outcome of the last step is not recorded.
        if index + 1 < ids.len() {
            records.push(JournalRecord::Outcome {
                step: step.clone(),
                end: ends[index % ends.len()],
                why: Some(text()),
                id: Some(text()),
                status: Some(500),
                request_id: Some(text()),
                milliseconds: 1_234,
                after: Some([(text(), format!("{evil}2").into())].into()),
            });
        }
    }
    if finished {
        records.push(JournalRecord::Finished {
            result: text(),
            exit: 5,
            writes: 3,
            converged: Some(false),
            second_plan: Some(text()),
        });
    }
    (1..).zip(records).map(|(seq, record)| line(seq, evil, record)).collect()
}

fn end(evil: &str) -> CommandEnd {
    CommandEnd {
        command: evil.to_owned(),
        result: Some(evil.to_owned()),
        reasons: vec![(evil.to_owned(), evil.to_owned())],
        plan: Some(("1 to create".to_owned(), evil.to_owned())),
        ..CommandEnd::default()
    }
}

/// Each page about these lines: the journal, and the report with and without runs.
fn pages(lines: &[JournalLine], evil: &str) -> [String; 3] {
    let runs = collect_runs(lines);
    assert_eq!(runs.len(), 1);
    [
        html::journal_as_html(&runs, evil, Some(evil)),
        html::run_report_as_html(&runs, &end(evil)),
        html::run_report_as_html(&[], &end(evil)),
    ]
}

#[test]
fn no_text_of_a_journal_becomes_a_tag_or_an_attribute() {
    let shape = |html: &str| -> BTreeSet<(String, Vec<String>)> {
        let names = |tag: &page::Tag| tag.attributes.iter().map(|(name, _)| name.clone()).collect();
        page::read(html).tags.iter().map(|tag| (tag.name.clone(), names(tag))).collect()
    };
    for evil in EVIL {
        for finished in [true, false] {
            // Each change of this plan has every position that a journal copies. A short text is kept in one line, a long one is not.
            let harmless = ["harmless", "harm-less/a/path/that/is/longer/than/one/line/of/it 1"]
                .map(|text| pages(&run(&made::hostile(text), text, finished), text));
            let drawn = pages(&run(&made::hostile(evil), evil, finished), evil);
            for (at, html) in drawn.iter().enumerate() {
                let known: BTreeSet<_> = harmless.iter().flat_map(|pages| shape(&pages[at])).collect();
                let extra: Vec<_> = shape(html).difference(&known).cloned().collect();
                assert!(extra.is_empty(), "{evil:?} adds {extra:?}");
                let bad = html.chars().find(|c| *c != '\n' && telform::text::is_hostile_char(*c));
                assert_eq!(bad, None, "{evil:?}");
                assert!(html.contains("evil") || html.contains("live"), "{evil:?} is not even shown");
                for (name, value) in page::read(html).tags.iter().flat_map(|tag| &tag.attributes) {
                    assert!(name != "href" || value.starts_with('#'), "{evil:?} leads to {value}");
                }
            }
        }
    }
}

#[test]
fn a_report_holds_text_of_the_journal_as_code_only() {
    for evil in EVIL {
        let lines = run(&made::hostile(evil), evil, true);
        let runs = collect_runs(&lines);
        for report in [markdown::run_report_as_markdown(&runs, &end(evil)), markdown::run_report_as_markdown(&[], &end(evil))] {
            assert!(report.len() <= markdown::LONGEST);
            let page = rendered(&report);
            for tag in &page.tags {
                let known = [
                    "h2",
                    "h3",
                    "p",
                    "strong",
                    "ul",
                    "li",
                    "code",
                    "details",
                    "summary",
                    "br",
                    "blockquote",
                    "table",
                    "thead",
                    "tbody",
                    "tr",
                    "th",
                    "td",
                ];
                assert!(known.contains(&tag.name.as_str()), "{evil:?} makes <{}>\n{report}", tag.name);
                assert!(tag.attributes.is_empty(), "{evil:?} makes <{} {:?}>", tag.name, tag.attributes);
            }
            for (code, text) in &page.texts {
                assert!(*code || !(text.contains("evil") || text.contains('@')), "{evil:?} outside of code: {text:?}");
            }
        }
    }
}

#[test]
fn every_result_is_told_with_a_word() {
    let lines = run(&made::large(10), "plain", true);
    let runs = collect_runs(&lines);
    let steps = runs[0].steps.len();
    let (report, page) =
        (markdown::run_report_as_markdown(&runs, &end("in part")), html::run_report_as_html(&runs, &end("in part")));
    for title in ["### Failed (", "### Unknown (", "### Stale (", "Not started (", "Done ("] {
        assert!(report.contains(title), "{title}: {report}");
    }
    assert_eq!(report.lines().filter(|line| line.starts_with("- `s")).count(), steps, "each step is in it: {report}");
    assert!(report.starts_with("<!-- telform report -->\n> [!CAUTION]\n> telform in part: **in part**, "), "{report}");
    for word in [">done<", ">failed<", ">damaged<", ">stale<", ">unknown<", ">not started<", ">no end is recorded<"] {
        assert!(page.contains(word), "{word}");
    }
    assert_eq!(page.matches("<th scope=\"row\">s").count(), steps);
}

/// Numbers that were taken off a bridge and are not connected again come before the steps; what the plan said is marked.
#[test]
fn numbers_that_are_cut_off_are_named() {
    let lines = run_with(&made::large(10), "plain", true, &[StepEnding::Done]);
    let runs = collect_runs(&lines);
    let report = markdown::run_report_as_markdown(&runs, &end("apply"));
    let page = html::run_report_as_html(&runs, &end("apply"));
    assert!(report.contains("### Numbers that the run disconnected and did not connect again (2)"), "{report}");
    assert!(report.contains("| `+141555500000` | `bridge-0, served by 42` | **cut off** | yes, to stay cut off |"), "{report}");
    assert!(report.contains("| `+141555500004` | `bridge-4, served by 42` | **cut off** | no |"), "{report}");
    assert!(page.contains("Numbers that this run disconnected and did not connect again (2)"));
    // Where nothing is known about the disconnect, nothing is claimed.
    let lines = run_with(&made::large(10), "plain", true, &[StepEnding::Unknown]);
    let report = markdown::run_report_as_markdown(&collect_runs(&lines), &end("apply"));
    assert!(report.contains("**perhaps cut off**") && !report.contains("**cut off**"), "{report}");
}

/// What a later run found out is the result, and a run without an end is cut off.
#[test]
fn a_run_that_was_cut_off_says_so() {
    let mut lines = run(&made::large(1), "plain", false);
    lines.truncate(2);
    let runs = collect_runs(&lines);
    let report = markdown::run_report_as_markdown(&runs, &end("apply"));
    assert!(report.contains("The run has no end in the journal") && report.contains("### Unknown (1)"), "{report}");
    assert!(html::run_report_as_html(&runs, &end("apply")).contains("no end is recorded"));
    let evidence = "the object is there".to_owned();
    let settled =
        JournalRecord::Settled { of: "plain".to_owned(), step: "s1".to_owned(), verdict: JournalFinding::Done, evidence };
    lines.push(line(3, "later", settled));
    let report = markdown::run_report_as_markdown(&collect_runs(&lines), &end("apply"));
    assert!(report.contains("done, according to a later run") && !report.contains("### Unknown"), "{report}");
}

#[test]
fn ten_thousand_steps_fit_a_comment_and_are_folded_on_the_page() {
    let lines = run(&made::large(10_000), "plain", true);
    let runs = collect_runs(&lines);
    let report = markdown::run_report_as_markdown(&runs, &end("apply"));
    assert!(report.len() <= markdown::LONGEST && report.contains("more**; all: `telform journal show`"));
    let page = html::run_report_as_html(&runs, &end("apply"));
    assert!(page.contains(&format!("<details><summary>Every step ({})</summary>", runs[0].steps.len())));
    page::read(&page);
}
