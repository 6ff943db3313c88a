//! What a look for drift found, as metrics that Prometheus' node exporter collects from a file.
//! Source: Prometheus' documentation, "Exposition formats" (text, 0.0.4) and "Textfile collector".

use crate::analysis::drift::{ComparedObjects, Drift, DriftClass, count_differences};
use crate::text::{escape, truncate_middle};

/// Longest value of a label, in characters.
const LONGEST: usize = 200;

/// The metrics of one look. `looked`: what it found; none where it failed before it had a result. `at`: when, in seconds since 1970.
pub fn drift_as_metrics(looked: Option<(&[Drift], &ComparedObjects)>, at: i64) -> String {
    let mut page = MetricPage::default();
    page.family("telform_build_info", "The telform that wrote this file; always 1.");
    page.sample("telform_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    page.family("telform_drift_last_look_timestamp_seconds", "When drift was last looked for, in seconds since 1970.");
    page.sample("telform_drift_last_look_timestamp_seconds", &[], at);
    page.family("telform_drift_complete", "Whether the last look read and compared everything: 1, or 0.");
    let is_complete = looked.is_some_and(|(_, compared)| compared.missed.is_empty());
    page.sample("telform_drift_complete", &[], i64::from(is_complete));
    let Some((found, compared)) = looked else { return page.0 };
    page.family("telform_drift_not_compared", "Accounts and groups of objects that the last look could not read or compare.");
    page.sample("telform_drift_not_compared", &[], count(compared.missed.len()));
    page.family("telform_drift_compared_objects", "Managed objects that the last look compared.");
    for (account, kinds) in &compared.compared {
        for (kind, objects) in kinds {
            page.sample("telform_drift_compared_objects", &[("account", account), ("kind", kind)], count(*objects));
        }
    }
    page.family("telform_drift_recorded_only_numbers", "Numbers of which the service does not show what serves them.");
    for (account, numbers) in &compared.recorded_only {
        page.sample("telform_drift_recorded_only_numbers", &[("account", account)], count(numbers.len()));
    }
    page.family("telform_drift_not_ringing_numbers", "Declared numbers that are served by something that lets no call through.");
    for (account, numbers) in &compared.not_ringing {
        page.sample("telform_drift_not_ringing_numbers", &[("account", account)], count(numbers.len()));
    }
    page.family("telform_drift_left_dark_numbers", "Numbers that a run of telform disconnected and did not connect again.");
    for (account, numbers) in &compared.left_dark {
        page.sample("telform_drift_left_dark_numbers", &[("account", account)], count(numbers.len()));
    }
    // A class that does not occur is 0, so that an alert about it ends.
    let mut differences = count_differences(found, compared);
    let differing: Vec<&str> = differences.keys().map(|(account, _)| *account).collect();
    for account in compared.compared.keys().map(String::as_str).chain(differing) {
        for class in DriftClass::ALL {
            differences.entry((account, class)).or_default();
        }
    }
    page.family("telform_drift_differences", "What differs, by how it came to differ; put_back and pending need no decision.");
    for ((account, class), differing) in differences {
        let class = class.to_string();
        let of = [("account", account), ("class", class.as_str())];
        page.sample("telform_drift_differences", &of, count(differing));
    }
    page.0
}

/// A page of gauges. Help and names are telform's own; labels may come from elsewhere.
#[derive(Default)]
struct MetricPage(String);

impl MetricPage {
    fn family(&mut self, name: &'static str, help: &'static str) {
        self.0.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
    }

    fn sample(&mut self, name: &'static str, labels: &[(&'static str, &str)], value: i64) {
        let labels: Vec<String> = labels.iter().map(|(label, text)| format!("{label}=\"{}\"", label_value(text))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        self.0.push_str(&format!("{name}{labels} {value}\n"));
    }
}

/// Inside quotes: characters that a terminal would obey are spelled out first.
fn label_value(text: &str) -> String {
    let text = escape(&truncate_middle(text, LONGEST).text).to_string();
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_ends_no_line_and_no_quote() {
        let mut page = MetricPage::default();
        page.sample("telform_build_info", &[("version", "a\"b\\c\nd} 7\u{202e}")], 1);
        assert_eq!(page.0, "telform_build_info{version=\"a\\\"b\\\\c\\\\u{a}d} 7\\\\u{202e}\"} 1\n");
    }

    #[test]
    fn a_look_that_failed_says_so_and_counts_nothing() {
        let page = drift_as_metrics(None, 17);
        assert!(page.contains("telform_drift_complete 0\n") && page.contains("telform_drift_last_look_timestamp_seconds 17\n"));
        assert!(!page.contains("telform_drift_differences"), "{page}");
        let page = drift_as_metrics(Some((&[], &ComparedObjects::default())), 17);
        assert!(page.contains("telform_drift_complete 1\n") && page.contains("telform_drift_not_compared 0\n"), "{page}");
    }
}
