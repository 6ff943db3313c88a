//! The findings of a command that wrote, or that did not come to it.

use super::{Finding, FindingRisk};
use crate::output::view::junit::{TestCase, TestResult};
use crate::output::view::run_report::{CommandEnd, RunReport, StepReport, StepResult};
use crate::state::journal::RecordedRun;

/// How it ended, why it wrote nothing or not everything, and every step that is not done. Steps that were not started for one reason
/// are one finding.
pub fn findings_of_runs(runs: &[RecordedRun<'_>], end: &CommandEnd) -> Vec<Finding> {
    let mut found = Vec::new();
    let result = end.result.as_deref().unwrap_or("not ended");
    for (what, help) in &end.reasons {
        let help = (!help.is_empty()).then(|| format!("help: {help}"));
        found.push(Finding::new("run::reason", FindingRisk::Blocker, what).with(help));
    }
    let reports: Vec<RunReport<'_>> = runs.iter().map(RunReport::from_run).collect();
    for report in &reports {
        for (result, risk) in [
            (StepResult::Failed, FindingRisk::Blocker),
            (StepResult::Unknown, FindingRisk::Critical),
            (StepResult::Stale, FindingRisk::Major),
        ] {
            found.extend(report.with_result(result).map(|step| of_step(step, risk)));
        }
        let cut = report.cut.iter().filter(|number| !number.planned);
        found.extend(cut.map(|number| {
            let message = format!("{} is {} (was {})", number.number, number.state, number.was);
            Finding::new("run::phone_number", FindingRisk::Critical, message)
        }));
        found.extend(not_started(report));
    }
    let counts = match reports.as_slice() {
        [] => "nothing was written to a service".to_owned(),
        reports => {
            let each = reports.iter().map(|report| {
                let (proof, second) = report.proof();
                let second = second.map(|plan| format!(": {plan}")).unwrap_or_default();
                format!("{}. {proof}{second}", report.counts())
            });
            each.collect::<Vec<_>>().join("\n")
        }
    };
    let verdict = format!("telform {}: {result}", end.command);
    let plan = end.plan.as_ref().map(|(summary, digest)| format!("Plan: {summary} ({digest})"));
    let forecast = end.forecast.iter().cloned();
    let next = end.next.iter().map(|(what, command)| format!("{what}: {command}"));
    let details = forecast.chain(counts.lines().map(str::to_owned)).chain(plan).chain(next);
    found.sort_by_key(|finding| finding.risk);
    found.push(Finding::new("run::result", FindingRisk::Info, verdict).with(details));
    found
}

/// Every step as a case, with its time, and how the command ended.
pub fn cases_of_runs(runs: &[RecordedRun<'_>], end: &CommandEnd) -> Vec<TestCase> {
    let mut cases = Vec::new();
    for run in runs {
        let report = RunReport::from_run(run);
        cases.extend(report.steps.iter().map(|step| {
            let finding = of_step(step, FindingRisk::Info);
            TestCase {
                group: format!("run.{}", step.account),
                name: format!("{} {}", step.id, step.subject),
                milliseconds: step.text.milliseconds,
                result: match step.result {
                    StepResult::Done => TestResult::Passed,
                    StepResult::Failed => TestResult::Failed,
                    StepResult::Unknown => TestResult::Unknown,
                    StepResult::Stale | StepResult::NotStarted => TestResult::Skipped,
                },
                details: if step.result == StepResult::Done { Vec::new() } else { finding.details },
            }
        }));
    }
    let ended = findings_of_runs(runs, end).pop();
    let done = end.result.as_deref() == Some("done");
    let details = end.reasons.iter().map(|(what, help)| if help.is_empty() { what.clone() } else { format!("{what}: {help}") });
    cases.extend(ended.map(|ended| TestCase {
        group: "run".to_owned(),
        name: ended.message,
        milliseconds: None,
        result: if done { TestResult::Passed } else { TestResult::Failed },
        details: details.chain(ended.details).collect(),
    }));
    cases
}

fn of_step(step: &StepReport<'_>, risk: FindingRisk) -> Finding {
    let status = step.text.status.map(|status| format!("HTTP {status}"));
    let request = format!("{} {}", step.text.method, step.text.target);
    let id = step.text.request_id.map(|id| format!("request {id}"));
    let message = format!("{} {} in {}: {}", step.id, step.subject, step.account, step.result.word());
    let code = format!("run::step_{}", step.result.word().replace(' ', "_"));
    let details = step.text.why.map(str::to_owned).into_iter().chain(Some(request)).chain(status).chain(id);
    Finding::new(code, risk, message).with(details)
}

fn not_started(report: &RunReport<'_>) -> Option<Finding> {
    let steps: Vec<&StepReport<'_>> = report.with_result(StepResult::NotStarted).collect();
    let ids: Vec<&str> = steps.iter().map(|step| step.id).collect();
    let message = match ids.len() {
        0 => return None,
        1 => format!("{} {} was not started", steps[0].id, steps[0].subject),
        count => format!("{count} steps were not started: {}", crate::text::list_first_few(&ids)),
    };
    let why = steps[0].text.why.map(str::to_owned);
    Some(Finding::new("run::step_not_started", FindingRisk::Minor, message).with(why))
}
