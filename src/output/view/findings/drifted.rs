//! The findings of a look for drift.

use super::{Finding, FindingRisk, parse_place};
use crate::analysis::drift::{ComparedObjects, Drift};
use crate::output::view::groups::fold;
use crate::output::view::wording;
use crate::text::{distinguish_pair, list_first_few};

/// What drifted, equal findings as one; then what was not compared, and what the services do not show.
pub fn findings_of_drift(found: &[Drift], compared: &ComparedObjects) -> Vec<Finding> {
    let (apart, folded) = fold(found, false, |drift| {
        let about = (drift.address.kind.clone(), drift.account.clone(), drift.attribute.clone(), drift.class as u8);
        (about, wording::shown_as_json(&drift.live), wording::shown_as_json(&drift.wanted))
    });
    let mut all: Vec<Finding> = apart.into_iter().map(|drift| finding(drift, &drift.address.to_string(), None)).collect();
    all.extend(folded.into_iter().map(|group| {
        let names: Vec<String> = group.iter().map(|drift| drift.address.to_string()).collect();
        finding(group[0], &wording::count_of_kind(group.len(), &group[0].address.kind), Some(list_first_few(&names)))
    }));
    all.sort_by_key(|finding| finding.risk);
    all.extend(compared.missed.iter().map(|missed| {
        let help = (!missed.help.is_empty()).then(|| format!("help: {}", missed.help));
        let message = format!("not compared: {}: {}", missed.what, missed.why);
        Finding::new("drift::not_compared", FindingRisk::Critical, message).with(help)
    }));
    all.extend(compared.number_states().map(|(account, numbers, state)| {
        let message = format!("{} in {account}: {}", list_first_few(numbers), state.describe());
        let risk = if state.is_silent() { FindingRisk::Critical } else { FindingRisk::Info };
        Finding::new(format!("drift::{}", state.as_str()), risk, message)
    }));
    all
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
    let run = drift.run.as_ref().map(|run| format!("sent in run {run}"));
    let message = format!("{subject}{attribute}: {}", drift.class.describe());
    let place = drift.place.as_deref().and_then(parse_place);
    Finding::new(format!("drift::{class}"), risk, message).at(place).with(names.into_iter().chain(sides).chain(run))
}
