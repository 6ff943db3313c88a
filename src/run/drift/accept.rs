//! The edits that make the YAML match the live state, each proven before it is proposed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::value_edit::{TextReplacement, ValueChange, edit_entry};
use crate::analysis::drift::{Drift, DriftClass};
use crate::config::desired::{self, FileEdits};
use crate::config::secrets;
use crate::config::yaml::{self, KeySecrecy};
use crate::disk;
use crate::model::kind::{AttributeType, Kind};
use crate::model::resource::{Address, Desired, DesiredValue, ServedBy, SourceLocation};
use crate::model::value::{CompactValue, Value, hidden};
use crate::plan::{Inputs, Plan, ShownValue};
use crate::run::Run;
use crate::services;
use crate::text::{is_e164, list_first_few};

/// Texts before and after, by file.
pub type FileTexts = BTreeMap<PathBuf, (String, String)>;

/// Drift that no edit of the YAML accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAccepted {
    /// The YAML has no entry that could say it.
    NoEntry(Address),
    /// The object is missing, which the user accepts by removing its entry.
    Missing(Address),
    /// A value that has to be accepted by hand.
    ByHand {
        /// Its object.
        address: Address,
        /// Its attribute.
        attribute: String,
        /// Why.
        why: String,
    },
}

/// What can be accepted as edits of the files, and for everything else the reason why not. Nothing here ends the report.
pub(super) fn accept_drift(session: &Run, inputs: &Inputs<'_>, found: &[Drift]) -> (FileTexts, Vec<NotAccepted>) {
    let (mut all, mut kept): (Vec<&Drift>, Vec<NotAccepted>) = Default::default();
    for drift in found.iter().filter(|drift| drift.class.can_be_accepted()) {
        match silences(inputs, drift) {
            Some(why) => kept.push(by_hand(drift, why)),
            None => all.push(drift),
        }
    }
    let mut built = build_edits(&session.desired, &all);
    if prove_edits(session, inputs, &built, &all).is_ok() {
        kept.append(&mut built.stuck);
        return (built.texts, kept);
    }
    // One line of a file after the other, so that a line that cannot be edited does not block the others.
    let mut lines: BTreeMap<Option<&str>, Vec<&Drift>> = BTreeMap::new();
    for drift in all {
        lines.entry(drift.place.as_deref()).or_default().push(drift);
    }
    let (mut good, mut texts, mut stuck): (Vec<&Drift>, FileTexts, Vec<NotAccepted>) = (Vec::new(), FileTexts::new(), kept);
    for of_line in lines.values() {
        let alone = of_line.chunks(1);
        let whole = std::iter::once(of_line.as_slice()).filter(|all| all.len() > 1);
        let mut whole_is_good = false;
        for these in whole.chain(alone) {
            if whole_is_good {
                break;
            }
            let with_these: Vec<&Drift> = good.iter().chain(these).copied().collect();
            let mut tried = build_edits(&session.desired, &with_these);
            let proven = match tried.stuck.pop() {
                Some(why) => Err(why),
                None => prove_edits(session, inputs, &tried, &with_these).map_err(|why| by_hand(these[0], why)),
            };
            match proven {
                Ok(()) => {
                    (good, texts) = (with_these, tried.texts);
                    whole_is_good = these.len() > 1;
                }
                Err(why) if these.len() == 1 => stuck.push(why),
                Err(_) => {}
            }
        }
    }
    (texts, stuck)
}

fn by_hand(drift: &Drift, why: impl Into<String>) -> NotAccepted {
    let attribute = drift.attribute.clone().unwrap_or_default();
    NotAccepted::ByHand { address: drift.address.clone(), attribute, why: why.into() }
}

/// The edits that make the YAML match the live state, and what has to be done by hand.
#[derive(Default)]
struct BuiltEdits {
    texts: FileTexts,
    stuck: Vec<NotAccepted>,
    /// The attributes that the edits give their live values.
    edited: BTreeSet<(Address, String)>,
}

/// Why a difference is never written into the YAML, although an edit could: a number would stay silent and look as if that were
/// wanted.
fn silences(inputs: &Inputs<'_>, drift: &Drift) -> Option<String> {
    if drift.class == DriftClass::LeftDark {
        return Some(
            "a run of telform disconnected a number and did not connect it again: `telform apply` connects it".to_owned(),
        );
    }
    let entry = inputs.ledger.objects.get(&drift.address)?;
    let mut closing = services::shapes_of_kind(&drift.address.kind).into_iter().filter_map(Kind::closing_value);
    let closes = closing.any(|(name, closed)| {
        drift.attribute.as_deref() == Some(name) && drift.live == ShownValue::Value(CompactValue::Bool(closed))
    });
    if !closes {
        return None;
    }
    let connections = inputs.live.accounts.get(&drift.account)?.connections.as_ref()?;
    let served = connections.iter().filter(|connection| connection.served_by.may_be(&entry.id));
    let numbers: Vec<&str> = served.map(|connection| connection.number.as_str()).collect();
    (!numbers.is_empty()).then(|| {
        format!("with this value {} no longer ring; if that is what you want, write it yourself", list_first_few(&numbers))
    })
}

fn build_edits(desired: &Desired, found: &[&Drift]) -> BuiltEdits {
    let mut by_file: BTreeMap<PathBuf, Vec<TextReplacement>> = BTreeMap::new();
    let mut texts: BTreeMap<PathBuf, String> = BTreeMap::new();
    let (mut stuck, mut edited) = (Vec::new(), BTreeSet::new());
    for drift in found.iter().filter(|drift| drift.class.is_drift()) {
        let place = (drift.attribute.as_ref()).and_then(|name| desired.objects.get(&drift.address)?.locations.get(name.as_str()));
        let Some((name, place)) = drift.attribute.as_deref().zip(place) else {
            let address = drift.address.clone();
            if drift.attribute.is_some() && desired.number_entries.contains_key(&address) {
                stuck.push(by_hand(drift, "its entry refers to it by an address; write the new address there"));
                continue;
            }
            stuck.push(if drift.place.is_none() { NotAccepted::NoEntry(address) } else { NotAccepted::Missing(address) });
            continue;
        };
        let path = PathBuf::from(&*place.file);
        if !texts.contains_key(&path) {
            texts.insert(path.clone(), disk::read_text(&path).unwrap_or_default());
        }
        let edits = by_file.entry(path.clone()).or_default();
        let served = desired.objects.get(&drift.address).and_then(|it| it.shapes.iter().find_map(|kind| kind.field(name)));
        let served = served.is_some_and(|field| field.ty == AttributeType::ServedBy);
        let in_yaml = |shown: &ShownValue| if served { target_as_yaml(shown) } else { shown.clone() };
        let drift = &Drift { live: in_yaml(&drift.live), wanted: in_yaml(&drift.wanted), ..(**drift).clone() };
        match build_edit(&texts[&path], place, name, drift, desired) {
            Ok(found) => {
                // One line that several entries share (a merge key, an alias) is written once.
                let new: Vec<TextReplacement> = found.into_iter().filter(|edit| !edits.contains(edit)).collect();
                let meets = |edit: &TextReplacement| edits.iter().any(|other| other.start < edit.end && edit.start < other.end);
                if new.iter().any(meets) {
                    stuck.push(by_hand(drift, "another value is written at the same place in the file"));
                } else {
                    edits.extend(new);
                    edited.insert((drift.address.clone(), name.to_owned()));
                }
            }
            Err(why) => stuck.push(by_hand(drift, why)),
        }
    }
    let texts = by_file.into_iter().map(|(path, mut edits)| {
        let before = texts.remove(&path).unwrap_or_default();
        let mut after = before.clone();
        // From the end, so that earlier positions do not change.
        edits.sort_by_key(|edit| std::cmp::Reverse(edit.start));
        for edit in edits {
            after.replace_range(edit.start..edit.end, &edit.text);
        }
        (path, (before, after))
    });
    BuiltEdits { texts: texts.collect(), stuck, edited }
}

/// The edits of one attribute. Only what differs is replaced: comments and the order of the file are kept.
fn build_edit(
    text: &str,
    place: &SourceLocation,
    name: &str,
    drift: &Drift,
    desired: &Desired,
) -> Result<Vec<TextReplacement>, &'static str> {
    let plain = |shown: &ShownValue| match shown {
        ShownValue::Value(value) => Some(value.json()),
        ShownValue::Absent => Some(Value::Null),
        ShownValue::Secret(_) => None,
    };
    let Some(value) = plain(&drift.live) else {
        return Err("telform never writes a secret into the YAML; put the new secret into its source");
    };
    if hidden::holds_mark(&CompactValue::from(&value)) {
        return Err("it contains a secret, and telform never writes a secret into the YAML; name its source there");
    }
    let written = if name == "numbers" { numbers_as_yaml(&value, desired)? } else { value.clone() };
    if &*place.file == desired::STDIN {
        return Err("it was read from standard input; change the program that writes it");
    }
    let in_table = "its value comes from a row of a table; write it there";
    if desired::is_table(Path::new(&*place.file)) {
        return Err(in_table);
    }
    let (file, _) = yaml::parse_file(&place.file, text, &|_| KeySecrecy::No);
    let Some(entry) = file.documents.iter().find_map(|node| entry_at(node, place, name)) else {
        let is_cell = file.documents.iter().any(|node| has_scalar_at(node, place));
        return Err(if is_cell { in_table } else { "its line was not found" });
    };
    let was = plain(&drift.wanted).unwrap_or_default();
    edit_entry(text, entry, ValueChange { was: &was, is: &value, written: &written })
}

/// What serves an object that is its own holder, as the YAML says it: by its address, or null.
fn target_as_yaml(live: &ShownValue) -> ShownValue {
    let ShownValue::Value(CompactValue::Map(numbers)) = live else { return ShownValue::Value(CompactValue::Null) };
    let by = numbers.first().map(|(_, by)| by).filter(|by| by.as_str() != Some(ServedBy::Unserved.word()));
    ShownValue::Value(by.cloned().unwrap_or_default())
}

/// Numbers in the form of the YAML: each with the name of the configuration that serves it.
fn numbers_as_yaml(value: &Value, desired: &Desired) -> Result<Value, &'static str> {
    let mut numbers = serde_json::Map::new();
    for (number, served) in value.as_object().into_iter().flatten() {
        let address = served.as_str().and_then(Address::parse);
        let address = address.ok_or("it is not known which declared object serves each number")?;
        if !desired.objects.contains_key(&address) {
            return Err(
                "what serves one of the numbers is not declared in the YAML; declare it there, also where it is under `removed`",
            );
        }
        let name = address.name;
        let served = if is_e164(number) {
            serde_json::json!({ "provider": name })
        } else {
            serde_json::json!({ "provider": name, "as_shown": true })
        };
        numbers.insert(number.clone(), served);
    }
    Ok(Value::Object(numbers))
}

fn entry_at<'a>(node: &'a yaml::YamlNode, place: &SourceLocation, name: &str) -> Option<&'a yaml::MapEntry> {
    let entries = node.as_map()?;
    entries.iter().find_map(|entry| {
        let here = (entry.key_span.line(), entry.key_span.column()) == (place.line as usize, place.column as usize);
        let own = name == entry.key || name.rsplit_once('.').is_some_and(|(_, own)| own == entry.key);
        if here && own { Some(entry) } else { entry_at(&entry.value, place, name) }
    })
}

/// Whether a text is written at a place, as the cells of a list of rows are.
fn has_scalar_at(node: &yaml::YamlNode, place: &SourceLocation) -> bool {
    let here = (node.used_at.line(), node.used_at.column()) == (place.line as usize, place.column as usize);
    match &node.data {
        yaml::NodeData::Scalar(_) => here,
        yaml::NodeData::List(items) => items.iter().any(|item| has_scalar_at(item, place)),
        yaml::NodeData::Map(entries) => entries.iter().any(|entry| has_scalar_at(&entry.value, place)),
    }
}

/// Whether the edited files match the live state, and nothing else changed in them; otherwise the reason.
fn prove_edits(session: &Run, inputs: &Inputs<'_>, built: &BuiltEdits, found: &[&Drift]) -> Result<(), String> {
    if built.texts.is_empty() {
        return Ok(());
    }
    let edits = FileEdits(built.texts.iter().map(|(path, (_, after))| (path.clone(), Some(after.clone()))).collect());
    let Ok(edited) = desired::load_edited(&session.context.options.files, &edits) else {
        return Err("the YAML cannot express this value".to_owned());
    };
    let mut edited = edited.desired;
    secrets::conceal_with_fetched(&mut edited, &session.desired, &session.key);
    let accepted: BTreeSet<(&Address, &str)> =
        found.iter().filter_map(|drift| Some((&drift.address, drift.attribute.as_deref()?))).collect();
    for (address, object) in &session.desired.objects {
        let other = edited.objects.get(address);
        for (name, wanted) in &object.attributes {
            let same = match (wanted, other.and_then(|other| other.attributes.get(name))) {
                (DesiredValue::Value(a), Some(DesiredValue::Value(b))) => a == b,
                (DesiredValue::Secret(a), Some(DesiredValue::Secret(b))) => a.source == b.source,
                _ => false,
            };
            if !same && !accepted.contains(&(address, *name)) {
                return Err(format!("{address} shares this line and would change too; write the value into the entry itself"));
            }
        }
    }
    let plan = Plan::new(&Inputs { desired: &edited, ..*inputs });
    // What the edited files say is compared anew: an edit that YAML reads in another way leaves a difference.
    let is_edited = |address: &Address, name: &str| built.edited.contains(&(address.clone(), name.to_owned()));
    let left = (plan.changes.iter())
        .find_map(|change| change.attributes.iter().find(|attribute| is_edited(&change.address, &attribute.name)));
    left.map_or(Ok(()), |attribute| Err(format!("{} would still differ", attribute.name)))
}
