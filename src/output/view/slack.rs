//! A message for Slack, in its `mrkdwn`: the verdict in the first line, then what was found, riskiest first, as far as it fits. What
//! comes from files and services is inside code spans, where Slack makes no link, mention or format of it.
//! Source: Slack's documentation, "Formatting message text" (`&`, `<` and `>` are escaped) and "Section block" (3,000 characters).

use super::describe_incomplete;
use super::findings::{Finding, FindingRisk};
use crate::plan::Plan;
use crate::text::{escape, truncate_middle};

/// Longest message, in bytes: it fits a section of a message however characters are counted.
pub const LONGEST: usize = 3_000;

/// Longest text of one finding, in characters.
const LONGEST_LINE: usize = 300;

/// Most bytes of the verdict.
const VERDICT: usize = 1_800;

/// Space reserved for what says that something is left out.
const REST: usize = 120;

/// The verdict that a message begins with.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// A few words of telform's own.
    pub heading: String,
    /// More about it, line by line.
    pub lines: Vec<String>,
}

/// What is to be thought of a plan.
pub fn verdict_of_plan(plan: &Plan) -> Verdict {
    let heading = match (plan.is_refused(), plan.has_changes()) {
        (true, _) => "refused, nothing of it will be applied",
        (false, true) => "changes pending",
        (false, false) if !plan.not_taken.is_empty() => "not accepted by the service",
        (false, false) if describe_incomplete(plan).is_some() => "nothing to do where it looked",
        (false, false) => "nothing to do",
    };
    Verdict { heading: heading.to_owned(), lines: vec![plan.summary()] }
}

/// A verdict and the findings behind it.
pub fn findings_as_slack(command: &str, verdict: &Verdict, findings: &[Finding]) -> String {
    let mut lines = verdict.lines.iter().filter(|line| !line.trim().is_empty());
    let mut text = format!("*telform {command}: {}*", escape_marks(&verdict.heading));
    text.extend(lines.next().map(|line| format!(" {}", code_span(line))));
    text.push('\n');
    for line in lines.map(|line| format!("{}\n", code_span(line))) {
        if text.len() + line.len() <= VERDICT {
            text.push_str(&line);
        }
    }
    for (index, finding) in findings.iter().enumerate() {
        let item = item(finding);
        if text.len() + item.len() > LONGEST - REST {
            let all = match command {
                "validate" | "plan" | "drift" => format!("; `telform {command}` lists all"),
                "rehearse" => String::new(),
                _ => "; `telform journal show` lists all".to_owned(),
            };
            text.push_str(&format!("• … and {} more{all}\n", findings.len() - index));
            break;
        }
        text.push_str(&item);
    }
    text
}

/// One finding. What to do belongs to what nothing goes on before.
fn item(finding: &Finding) -> String {
    let mark = match finding.risk {
        FindingRisk::Blocker | FindingRisk::Critical => "*!* ",
        FindingRisk::Major | FindingRisk::Minor | FindingRisk::Info => "",
    };
    let place = finding.place.as_ref().map(|place| format!(" {}", code_span(&place.to_string()))).unwrap_or_default();
    let mut item = format!("• {mark}{}{place}\n", code_span(&finding.message));
    if finding.risk <= FindingRisk::Critical {
        item.extend(finding.details.iter().take(2).map(|detail| format!("    {}\n", code_span(detail))));
    }
    item
}

/// One line of live text, cut. Slack has no escape for a backtick inside a code span.
fn code_span(text: &str) -> String {
    let text = escape(&truncate_middle(&text.replace('`', "'"), LONGEST_LINE).text);
    match text.trim() {
        "" => "(empty)".to_owned(),
        text => format!("`{}`", escape_marks(text)),
    }
}

fn escape_marks(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(line: &str) -> Verdict {
        Verdict { heading: "drift".to_owned(), lines: vec![line.to_owned()] }
    }

    #[test]
    fn live_text_makes_no_mention_link_or_format() {
        let evil = "<!channel> <@U1> <https://evil.example|x> *b* _i_ ~s~ `code` &lt;\n> quote\u{202e}";
        let finding = Finding::new("plan::delete", FindingRisk::Critical, evil).with([evil.to_owned()]);
        let text = findings_as_slack("drift", &verdict(evil), &[finding]);
        assert_eq!(text.lines().count(), 3, "{text}");
        let span =
            "`&lt;!channel&gt; &lt;@U1&gt; &lt;https://evil.example|x&gt; *b* _i_ ~s~ 'code' &amp;lt;\\u{a}&gt; quote\\u{202e}`";
        assert_eq!(text, format!("*telform drift: drift* {span}\n• *!* {span}\n    {span}\n"));
    }

    #[test]
    fn a_message_has_slacks_size_and_says_what_is_left_out() {
        let many: Vec<Finding> = (0..10_000)
            .map(|at| Finding::new("plan::create", FindingRisk::Info, format!("<{at}>{}", "&".repeat(at % 700))))
            .collect();
        for command in ["plan", "apply", "rehearse"] {
            let text = findings_as_slack(command, &verdict(&"<&>".repeat(5_000)), &many);
            let shown = text.matches("\n• ").count() - 1;
            assert!(text.len() <= LONGEST && shown > 0, "{} bytes, {shown} shown", text.len());
            assert!(text.contains(&format!("• … and {} more", 10_000 - shown)), "{text}");
        }
        assert!(findings_as_slack("plan", &verdict(""), &[]).starts_with("*telform plan: drift*\n"));
    }
}
