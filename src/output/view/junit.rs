//! JUnit XML, which CI servers show as test results: what fails is what has to be decided or repaired, and what was looked at
//! and is in order passes.
//! Source: Apache Ant, "JUnitReport"; the format as GitLab, Jenkins and Azure Pipelines document what they read of it.

use quick_xml::Writer;
use quick_xml::events::BytesText;

use super::findings::{Finding, FindingRisk, NOT_READ};
use crate::text::{escape, truncate_middle};

/// Longest text, in characters.
const LONGEST: usize = 4_000;

/// A case of a suite.
#[derive(Debug, Clone, PartialEq)]
pub struct TestCase {
    /// What it belongs to, as a dotted name.
    pub group: String,
    /// What was looked at or done.
    pub name: String,
    /// How long it took, in milliseconds, where that is known.
    pub milliseconds: Option<u64>,
    /// What came of it.
    pub result: TestResult,
    /// More about it, line by line.
    pub details: Vec<String>,
}

/// What came of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestResult {
    /// It is in order.
    Passed,
    /// It has to be decided or repaired.
    Failed,
    /// It is not known.
    Unknown,
    /// It was not started.
    Skipped,
}

impl TestCase {
    /// Something that was looked at and is in order.
    pub fn passed(group: &str, name: impl Into<String>) -> Self {
        let (group, name) = (group.to_owned(), name.into());
        Self { group, name, milliseconds: None, result: TestResult::Passed, details: Vec::new() }
    }
}

/// Findings as cases: those that are at least as risky as `fails_from` fail, and what was
/// not read is unknown. Without any, `looked_at` is the case that passes: a
/// file without cases is an error to some readers.
pub fn findings_as_cases(findings: &[Finding], fails_from: FindingRisk, looked_at: &str) -> Vec<TestCase> {
    let case = |finding: &Finding| TestCase {
        group: finding.code.replace("::", "."),
        name: finding.message.clone(),
        milliseconds: None,
        result: match finding.risk <= fails_from {
            true => TestResult::Failed,
            false if finding.code == NOT_READ => TestResult::Unknown,
            false => TestResult::Passed,
        },
        details: finding.place.iter().map(ToString::to_string).chain(finding.details.iter().cloned()).collect(),
    };
    if findings.is_empty() { vec![TestCase::passed("telform", looked_at)] } else { findings.iter().map(case).collect() }
}

/// The cases of one command as a suite.
pub fn cases_as_junit(command: &str, cases: &[TestCase]) -> String {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    let count = |result| cases.iter().filter(|case| case.result == result).count().to_string();
    let seconds = |milliseconds: u64| format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000);
    let suite = format!("telform {command}");
    let (all, failed) = (cases.len().to_string(), count(TestResult::Failed));
    let (unknown, skipped) = (count(TestResult::Unknown), count(TestResult::Skipped));
    let took = seconds(cases.iter().filter_map(|case| case.milliseconds).sum());
    let totals = [("tests", all.as_str()), ("failures", &failed), ("errors", &unknown), ("skipped", &skipped), ("time", &took)];
    let written = xml.create_element("testsuites").with_attributes(totals).write_inner_content(|xml| {
        let of = std::iter::once(("name", suite.as_str())).chain(totals);
        xml.create_element("testsuite").with_attributes(of).write_inner_content(|xml| {
            cases.iter().try_for_each(|case| write_case(xml, case, &seconds(case.milliseconds.unwrap_or_default())))
        })?;
        Ok(())
    });
    // Only a sink that fails is an error, and memory does not.
    debug_assert!(written.is_ok(), "a suite is written to memory");
    let text = String::from_utf8(xml.into_inner()).unwrap_or_default();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}\n")
}

fn write_case(xml: &mut Writer<Vec<u8>>, case: &TestCase, took: &str) -> std::io::Result<()> {
    let (group, name) = (shown(&case.group), shown(&case.name));
    let details: Vec<String> = case.details.iter().map(|line| shown(line)).collect();
    let details = details.join("\n");
    let element = xml.create_element("testcase");
    let element = element.with_attributes([("classname", group.as_str()), ("name", &name), ("time", took)]);
    let inside = match case.result {
        TestResult::Passed if details.is_empty() => return element.write_empty().map(drop),
        TestResult::Passed => "system-out",
        TestResult::Failed => "failure",
        TestResult::Unknown => "error",
        TestResult::Skipped => "skipped",
    };
    element.write_inner_content(|xml| {
        let result = xml.create_element(inside);
        let result = match case.result {
            TestResult::Passed => result,
            _ => result.with_attribute(("message", name.as_str())),
        };
        if details.is_empty() { result.write_empty() } else { result.write_text_content(BytesText::new(&details)) }.map(drop)
    })?;
    Ok(())
}

/// Without what XML cannot hold: characters that a terminal would obey are spelled out, and two that are none are left out.
fn shown(text: &str) -> String {
    escape(&truncate_middle(text, LONGEST).text).replace(['\u{fffe}', '\u{ffff}'], "")
}

#[cfg(test)]
mod tests {
    use quick_xml::Reader;
    use quick_xml::events::Event;

    use super::*;

    #[test]
    fn any_text_makes_a_document_that_is_read_back() {
        let evil = "a<b>&\"'\u{0}\u{1b}[31m\u{ffff}]]><failure/>\n::error::x";
        let all = [TestResult::Passed, TestResult::Failed, TestResult::Unknown, TestResult::Skipped];
        let case = |result| TestCase {
            group: evil.to_owned(),
            name: evil.to_owned(),
            milliseconds: Some(1_234),
            result,
            details: vec![evil.to_owned()],
        };
        let xml = cases_as_junit("plan", &all.map(case));
        let mut reader = Reader::from_str(&xml);
        let mut elements = Vec::new();
        loop {
            match reader.read_event().expect("well-formed") {
                Event::Start(tag) | Event::Empty(tag) => {
                    let attributes = tag.attributes().map(|it| it.expect("an attribute"));
                    elements.push((String::from_utf8_lossy(tag.name().as_ref()).into_owned(), attributes.count()));
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let names: Vec<&str> = elements.iter().map(|(name, _)| name.as_str()).collect();
        let case = "testcase";
        assert_eq!(names, ["testsuites", "testsuite", case, "system-out", case, "failure", case, "error", case, "skipped"]);
        assert!(xml.contains(r#"tests="4" failures="1" errors="1" skipped="1" time="4.936""#), "{xml}");
        assert!(!xml.contains('\u{1b}') && !xml.contains("\n::error"), "{xml}");
    }

    #[test]
    fn nothing_found_is_a_case_that_passes() {
        let cases = findings_as_cases(&[], FindingRisk::Blocker, "no changes");
        assert_eq!(cases, [TestCase::passed("telform", "no changes")]);
    }
}
