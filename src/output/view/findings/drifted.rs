//! The findings of a look for drift.

use super::{Finding, FindingRisk, parse_place};
use crate::analysis::drift::{ComparedObjects, Drift, DriftClass, NumberState};
use crate::output::view::groups::fold;
use crate::output::view::wording;
use crate::text::{distinguish_pair, list_first_few};

/// What drifted, equal findings as one; then what was not compared, and what the services do not show.
pub fn findings_of_drift(found: &[Drift], compared: &ComparedObjects) -> Vec<Finding> {
    let (apart, folded) = fold(found, false, |drift| {
        let about = (drift.address.kind.clone(), drift.account.clone(), drift.attribute.clone(), drift.class as u8);
        (about, wording::shown_as_json(&drift.live), wording::shown_as_json(&drift.wanted))
    });
    let mut all = number_findings(found, compared);
    all.extend(apart.into_iter().map(|drift| finding(drift, &drift.address.to_string(), None)));
    all.extend(folded.into_iter().map(|group| {
        let names: Vec<String> = group.iter().map(|drift| drift.address.to_string()).collect();
        finding(group[0], &wording::count_of_kind(group.len(), &group[0].address.kind), Some(list_first_few(&names)))
    }));
    all.extend(compared.missed.iter().map(|missed| {
        let help = (!missed.help.is_empty()).then(|| format!("help: {}", missed.help));
        let message = format!("not compared: {}: {}", missed.what, missed.why);
        Finding::new("drift::not_compared", FindingRisk::Critical, message).with(help)
    }));
    let unseen = compared.unseen_secrets();
    if !unseen.is_empty() {
        let message = format!("{}: {}", secrets_not_compared(unseen.len()), list_first_few(&unseen));
        all.push(Finding::new("drift::secret_not_compared", FindingRisk::Info, message));
    }
    all.sort_by_key(|finding| finding.risk);
    all
}

/// What is said of numbers, and not already of an object that they are on.
fn number_findings(found: &[Drift], compared: &ComparedObjects) -> Vec<Finding> {
    let is_said = |account: &str, number: &String| found.iter().any(|it| it.account == account && it.dark.contains(number));
    let mut all = Vec::new();
    for (account, numbers, state) in compared.number_states() {
        let numbers: Vec<&String> = numbers.iter().filter(|number| !(state.is_drift() && is_said(account, number))).collect();
        if numbers.is_empty() {
            continue;
        }
        let risk = match state {
            NumberState::LeftDark => FindingRisk::Critical,
            NumberState::NotRinging => FindingRisk::Major,
            NumberState::RecordedOnly => FindingRisk::Info,
        };
        let message = format!("{} in {account}: {}", list_first_few(&numbers), state.describe());
        all.push(Finding::new(format!("drift::{}", state.as_str()), risk, message));
    }
    all
}

/// How many secrets were not compared, and why.
pub fn secrets_not_compared(count: usize) -> String {
    let (secrets, them) = if count == 1 { ("secret", "it") } else { ("secrets", "them") };
    format!("{count} {secrets} not compared, because the service does not show {them}")
}

fn finding(drift: &Drift, subject: &str, names: Option<String>) -> Finding {
    let risk = if drift.class.is_drift() { FindingRisk::Critical } else { FindingRisk::Info };
    let attribute = drift.attribute.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    let class = drift.class.to_string();
    let sides = (drift.attribute.is_some() && drift.class.is_drift()).then(|| {
        let wanted = if drift.place.is_none() { "(no entry)".to_owned() } else { wording::shown_as_json(&drift.wanted) };
        let (is, wanted) = distinguish_pair(wording::shown_as_json(&drift.live), wanted);
        format!("is {is}, YAML {wanted}")
    });
    let left = drift.left_behind().map(|id| format!("still there: {id}, which it replaced"));
    let dark = (!drift.dark.is_empty()).then(|| format!("dark: {}", list_first_few(&drift.dark)));
    let run = drift.run.as_ref().map(|run| match drift.class {
        DriftClass::NotTaken => format!("sent in run {run}"),
        _ => format!("run {run}"),
    });
    let message = format!("{subject}{attribute}: {}", drift.class.describe());
    let place = drift.place.as_deref().and_then(parse_place);
    Finding::new(format!("drift::{class}"), risk, message)
        .at(place)
        .with(dark.into_iter().chain(names).chain(left).chain(sides).chain(run))
}
