//! How two plans were made. It differs from run to run and does not change what a plan does.

use std::collections::BTreeMap;
use std::path::Path;

use super::{OneDifference, ReadPlan, plain_value, sided};
use crate::plan::{Plan, PlanNotice};

/// Everything beside the plans.
pub(super) fn compare_circumstances(first: ReadPlan<'_>, second: ReadPlan<'_>) -> Vec<OneDifference> {
    let (was, is) = (facts(first), facts(second));
    let found = sided(&was, &is);
    found.filter(|it| it.what != LEDGER_PLACE || !is_same_place(it.first.as_deref(), it.second.as_deref())).collect()
}

const LEDGER_PLACE: &str = "ledger place";

/// A ledger that does not exist yet has the path that the user named, and later the whole path of the same file.
fn is_same_place(first: Option<&str>, second: Option<&str>) -> bool {
    let (Some(first), Some(second)) = (first.map(Path::new), second.map(Path::new)) else { return false };
    let same = |whole: &Path, part: &Path| whole.is_absolute() && part.is_relative() && whole.ends_with(part);
    same(first, second) || same(second, first)
}

fn facts(read: ReadPlan<'_>) -> BTreeMap<String, String> {
    let origin = &read.document.origin;
    let mut facts = BTreeMap::from([
        ("telform version".to_owned(), read.document.telform_version.clone()),
        ("configuration".to_owned(), origin.configuration.clone()),
    ]);
    let mut add = |name: &str, value: Option<String>| {
        facts.extend(value.map(|value| (name.to_owned(), value)));
    };
    add("commit", origin.commit.clone());
    add(LEDGER_PLACE, origin.ledger_place.clone());
    if let Some(ledger) = &origin.ledger {
        add("ledger", Some(ledger.id.clone()));
        add("ledger serial", Some(ledger.serial.to_string()));
        add("ledger made", ledger.made.clone());
        add("ledger saved", ledger.saved.clone());
    }
    for (account, login) in &origin.logins {
        add(&format!("token owner of {account}"), Some(login.clone()));
    }
    for (account, said) in &origin.organizations {
        add(&format!("organization of {account}"), Some(said.clone()));
    }
    let options = serde_json::to_value(&origin.options).unwrap_or_default();
    for (name, value) in options.as_object().into_iter().flatten() {
        add(&format!("option {}", name.replace('_', " ")), Some(plain_value(value)));
    }
    add("key of the seals", read.document.seals.as_ref().map(|seals| seals.key.clone()));
    for unmanaged in &read.plan.unmanaged {
        let count = format!("{}, foreign {}", unmanaged.count, unmanaged.foreign);
        add(&format!("unmanaged {} in {}", unmanaged.kind, unmanaged.account), Some(count));
    }
    facts.extend(notices(read.plan));
    facts
}

/// Notices by their subject, with what each says.
fn notices(plan: &Plan) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for notice in &plan.notices {
        let sentence = notice_sentence(notice);
        let said = found.entry(format!("notice about {}", notice_subject(notice))).or_default();
        if !said.is_empty() {
            said.push_str("; ");
        }
        said.push_str(&sentence);
    }
    found
}

fn notice_subject(notice: &PlanNotice) -> String {
    match (&notice.address, &notice.attribute) {
        (Some(address), Some(attribute)) => format!("{address} {attribute}"),
        (Some(address), None) => address.to_string(),
        (None, _) if notice.account.is_empty() => "the ledger".to_owned(),
        (None, _) => format!("account {}", notice.account),
    }
}

fn notice_sentence(notice: &PlanNotice) -> String {
    let detail = notice.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
    format!("{}{detail}", notice.describe())
}
