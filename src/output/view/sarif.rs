//! SARIF 2.1.0, which code scanning services and editors read.
//! Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; GitHub's documentation, "SARIF support for code
//! scanning", for what its upload needs: a place for each result, and at most 5,000 results of a run shown.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::findings::{Finding, FindingKeys, FindingRisk, NOWHERE};
use super::json;
use crate::model::codes::find_code;
use crate::text::{escape, truncate_middle};

/// Most results; the rest is counted in the last one.
const MOST: usize = 5_000;

/// Longest message, in characters.
const LONGEST: usize = 1_000;

/// The findings of one command as a run of the tool `telform`.
pub fn findings_as_sarif(command: &str, findings: &[Finding]) -> String {
    let shown = &findings[..findings.len().min(if findings.len() > MOST { MOST - 1 } else { MOST })];
    let codes: Vec<&str> = shown.iter().map(|it| it.code.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
    let index: BTreeMap<&str, usize> = codes.iter().enumerate().map(|(at, code)| (*code, at)).collect();
    let mut keys = FindingKeys::default();
    let mut results: Vec<Value> = shown.iter().map(|it| result(it, index[it.code.as_str()], &mut keys)).collect();
    if let Some(more) = findings.len().checked_sub(shown.len()).filter(|more| *more > 0) {
        let text = format!("{more} further findings are not in this file; the JSON of the same command has all");
        results.push(json!({ "level": "warning", "message": { "text": text }, "locations": [location(NOWHERE, 1, 1)] }));
    }
    let rules: Vec<Value> = codes.into_iter().map(rule).collect();
    json::to_pretty_json(&json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "telform", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "automationDetails": { "id": format!("telform/{command}/") },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    }))
}

/// What a code means, where the catalogue of codes says it.
fn rule(code: &str) -> Value {
    let known = find_code(code);
    let means = known.map(|known| known.means).filter(|means| !means.is_empty()).unwrap_or(code);
    let mut rule = json!({ "id": code, "shortDescription": { "text": means } });
    if let Some(help) = known.map(|known| crate::services::name_settings(known.help)).filter(|help| !help.is_empty()) {
        rule["help"] = json!({ "text": help });
    }
    rule
}

fn result(finding: &Finding, rule: usize, keys: &mut FindingKeys) -> Value {
    let level = match finding.risk {
        FindingRisk::Blocker => "error",
        FindingRisk::Critical | FindingRisk::Major => "warning",
        FindingRisk::Minor | FindingRisk::Info => "note",
    };
    let place = finding.place.as_ref();
    let path = place.map_or(NOWHERE, |place| place.file.strip_prefix("./").unwrap_or(&place.file));
    let (line, column) = place.map_or((1, 1), |place| (place.line.max(1), place.column.max(1)));
    let lines = std::iter::once(&finding.message).chain(&finding.details);
    let text: Vec<String> = lines.map(|line| escape(&truncate_middle(line, LONGEST).text)).collect();
    json!({
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": level,
        "message": { "text": text.join("\n") },
        "locations": [location(path, line as usize, column as usize)],
        "partialFingerprints": { "telformFinding/v1": keys.key(&[&finding.code, path, &finding.message]) },
    })
}

fn location(path: &str, line: usize, column: usize) -> Value {
    let region = json!({ "startLine": line, "startColumn": column });
    json!({ "physicalLocation": { "artifactLocation": { "uri": as_uri(path) }, "region": region } })
}

/// A relative reference: what is not plain ASCII for a path is percent-encoded, so that no name becomes a scheme, a query or a host.
fn as_uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let encoded = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    path.bytes().map(encoded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::resource::SourceLocation;

    #[test]
    fn a_result_has_its_place_and_names_are_harmless() {
        let place = SourceLocation { file: "./a b:c?.yaml".into(), line: 3, column: 7 };
        let found = [
            Finding::new("telform::yaml::syntax", FindingRisk::Blocker, "bad\u{1b}[31m").at(Some(place)),
            Finding::new("plan::delete", FindingRisk::Critical, "gone"),
            Finding::new("plan::delete", FindingRisk::Critical, "gone"),
        ];
        let sarif: Value = serde_json::from_str(&findings_as_sarif("plan", &found)).unwrap();
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        let at = &results[0]["locations"][0]["physicalLocation"];
        assert_eq!(at["artifactLocation"]["uri"], "a%20b%3Ac%3F.yaml");
        assert_eq!(at["region"], json!({ "startLine": 3, "startColumn": 7 }));
        assert_eq!(results[0]["level"], "error");
        assert!(results[0]["message"]["text"].as_str().unwrap().contains("\\u{1b}"));
        assert_eq!(results[1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "telform.yaml");
        assert_ne!(results[1]["partialFingerprints"], results[2]["partialFingerprints"], "two of one text are two");
        let rules = &sarif["runs"][0]["tool"]["driver"]["rules"];
        for result in results {
            assert_eq!(rules[result["ruleIndex"].as_u64().unwrap() as usize]["id"], result["ruleId"]);
        }
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let many = vec![Finding::new("plan::create", FindingRisk::Info, "one"); MOST + 7];
        let sarif: Value = serde_json::from_str(&findings_as_sarif("plan", &many)).unwrap();
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), MOST);
        assert!(results[MOST - 1]["message"]["text"].as_str().unwrap().starts_with("8 further findings"));
    }
}
