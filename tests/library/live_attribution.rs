//! Which configuration serves a number: each rule of the evidence (unpod.md 10), and invariants for any evidence.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use telform::model::resource::{Connection, Known, ServedBy};
use telform::services;
use telform::services::unpod::attribution::{ConfigurationRow, ConnectionEvidence, attribute_connections};

const NUMBER: &str = "+14155550101";

fn configurations(list: &[(&str, Option<&str>)]) -> Vec<ConfigurationRow> {
    list.iter().map(|(id, provider)| ConfigurationRow { id: (*id).to_owned(), provider: provider.map(str::to_owned) }).collect()
}

/// Two of twilio, one of plivo.
fn three() -> Vec<ConfigurationRow> {
    configurations(&[("1", Some("twilio")), ("2", Some("twilio")), ("3", Some("plivo"))])
}

fn ambiguous(ids: &[&str]) -> ServedBy {
    ServedBy::OneOf(ids.iter().map(|id| (*id).to_owned()).collect())
}

/// The one connection of evidence about one number on bridge `s`. `bridge`: the list row's provider, `number`: the number
/// row's; the outer `None` leaves the key out.
fn of_slugs(
    configurations: &[ConfigurationRow],
    bridge: Option<Value>,
    number: Option<Value>,
    recorded: Option<&str>,
) -> ServedBy {
    let with = |mut row: Value, provider: Option<Value>| {
        if let Some(provider) = provider {
            row["provider"] = provider;
        }
        row
    };
    let listed = [with(json!({"slug": "s", "numbers": [{"number": NUMBER}]}), bridge)];
    let bridges = [json!({"slug": "s", "numbers": [{"number": NUMBER, "number_id": 25}]})];
    let numbers = [with(json!({"number": NUMBER, "bridge_slug": "s"}), number)];
    let evidence = ConnectionEvidence {
        generation: Some(2),
        account: None,
        configurations,
        listed: &listed,
        bridges: &bridges,
        numbers: &numbers,
    };
    let mut connections = attribute_connections(&evidence, |_, _| recorded.map(str::to_owned));
    assert_eq!(connections.len(), 1);
    connections.remove(0).served_by
}

#[test]
fn a_slug_with_one_configuration_is_inferred() {
    let all = three();
    assert_eq!(of_slugs(&all, Some(json!("plivo")), Some(json!("plivo")), None), ServedBy::inferred("3".into()));
    assert_eq!(of_slugs(&all, Some(json!("plivo")), None, None), ServedBy::inferred("3".into()));
    assert_eq!(of_slugs(&all, None, Some(json!("Plivo ")), None), ServedBy::inferred("3".into()));
    // The rows take precedence over an older record.
    assert_eq!(of_slugs(&all, Some(json!("plivo")), Some(json!("plivo")), Some("1")), ServedBy::inferred("3".into()));
}

#[test]
fn a_slug_with_several_needs_the_ledger() {
    let all = three();
    let twilio = || Some(json!("twilio"));
    assert_eq!(of_slugs(&all, twilio(), twilio(), None), ambiguous(&["1", "2"]));
    assert_eq!(of_slugs(&all, twilio(), twilio(), Some("2")), ServedBy::recorded("2".into()));
    assert_eq!(of_slugs(&all, twilio(), twilio(), Some("3")), ambiguous(&["1", "2"]));
    assert_eq!(of_slugs(&all, twilio(), twilio(), Some("99")), ambiguous(&["1", "2"]));
}

#[test]
fn disagreement_is_settled_by_the_ledger_only() {
    let all = three();
    let (twilio, plivo) = (|| Some(json!("twilio")), || Some(json!("plivo")));
    assert_eq!(of_slugs(&all, twilio(), plivo(), None), ambiguous(&["1", "2", "3"]));
    assert_eq!(of_slugs(&all, twilio(), plivo(), Some("3")), ServedBy::recorded("3".into()));
    assert_eq!(of_slugs(&all, Some(Value::Null), plivo(), None), ambiguous(&["3"]));
    assert_eq!(of_slugs(&all, Some(Value::Null), plivo(), Some("3")), ServedBy::recorded("3".into()));
    assert_eq!(of_slugs(&all, Some(Value::Null), plivo(), Some("1")), ambiguous(&["3"]));
    assert_eq!(of_slugs(&all, plivo(), Some(Value::Null), None), ambiguous(&["3"]));
}

#[test]
fn a_provider_without_a_configuration_is_no_proof_that_nobody_serves() {
    let all = three();
    let exotel = || Some(json!("exotel"));
    // Something that this account does not list serves the number, or the name is the carrier's: it is not known.
    assert_eq!(of_slugs(&all, exotel(), exotel(), None), ambiguous(&[]));
    assert_eq!(of_slugs(&all, exotel(), None, Some("1")), ambiguous(&[]));
    assert_eq!(of_slugs(&all, Some(Value::Null), exotel(), None), ambiguous(&[]));
    assert_eq!(of_slugs(&all, exotel(), Some(Value::Null), None), ambiguous(&[]));
    assert_eq!(of_slugs(&[], exotel(), exotel(), None), ambiguous(&[]));
}

#[test]
fn where_no_row_names_a_provider_the_ledger_is_asked() {
    let all = three();
    for (bridge, number) in [(None, None), (Some(Value::Null), None), (None, Some(Value::Null))] {
        let of = |recorded| of_slugs(&all, bridge.clone(), number.clone(), recorded);
        assert_eq!(of(Some("3")), ServedBy::recorded("3".into()));
        assert_eq!(of(Some("99")), ambiguous(&["1", "2", "3"]), "a record of what is no longer there");
        assert_eq!(of(None), ambiguous(&["1", "2", "3"]));
    }
    let unknown = configurations(&[("1", None), ("2", None)]);
    assert_eq!(of_slugs(&unknown, None, None, Some("2")), ServedBy::recorded("2".into()));
}

#[test]
fn two_nulls_are_nobody_and_silence_is_anybody() {
    let all = three();
    assert_eq!(of_slugs(&all, Some(Value::Null), Some(Value::Null), Some("1")), ServedBy::Unserved);
    assert_eq!(of_slugs(&all, None, None, None), ambiguous(&["1", "2", "3"]));
    assert_eq!(of_slugs(&all, Some(Value::Null), None, None), ambiguous(&["1", "2", "3"]));
    assert_eq!(of_slugs(&all, None, Some(Value::Null), None), ambiguous(&["1", "2", "3"]));
    assert_eq!(of_slugs(&[], None, None, None), ambiguous(&[]));
    assert_eq!(of_slugs(&[], Some(Value::Null), Some(Value::Null), None), ServedBy::Unserved);
}

#[test]
fn a_configuration_whose_provider_is_unknown_may_be_any() {
    let all = configurations(&[("1", Some("twilio")), ("2", None)]);
    let twilio = || Some(json!("twilio"));
    assert_eq!(of_slugs(&all, twilio(), twilio(), None), ambiguous(&["1", "2"]));
    assert_eq!(of_slugs(&all, twilio(), twilio(), Some("1")), ServedBy::recorded("1".into()));
    assert_eq!(of_slugs(&all, twilio(), twilio(), Some("2")), ambiguous(&["1", "2"]));
}

fn of_rows(generation: u8, entries: &[Value]) -> ServedBy {
    let bridges: Vec<Value> = entries.iter().map(|entry| json!({"slug": "s", "numbers": [entry]})).collect();
    let all = three();
    let evidence = ConnectionEvidence {
        generation: Some(generation),
        account: None,
        configurations: &all,
        listed: &[],
        bridges: &bridges,
        numbers: &[],
    };
    attribute_connections(&evidence, |_, _| None).remove(0).served_by
}

#[test]
fn an_id_in_a_row_is_exact_in_every_spelling() {
    let ids = [
        json!({"number": NUMBER, "provider_config_id": 7}),
        json!({"number": NUMBER, "provider_configuration": {"id": 7}}),
        json!({"number": NUMBER, "provider_configuration": "7"}),
        json!({"number": NUMBER, "provider_credential": {"id": "7", "active": true}}),
        json!({"number": NUMBER, "provider_credential": 7, "provider": "plivo"}),
    ];
    for row in ids {
        assert_eq!(of_rows(1, std::slice::from_ref(&row)), ServedBy::exact("7".into()), "{row}");
    }
    let seven = json!({"number": NUMBER, "provider_configuration": {"id": 7}});
    let eight = json!({"number": NUMBER, "provider_configuration": {"id": 8}});
    let none = json!({"number": NUMBER, "provider_configuration": null});
    assert_eq!(of_rows(1, &[seven.clone(), eight]), ambiguous(&["7", "8"]));
    assert_eq!(of_rows(1, &[seven, none.clone()]), ambiguous(&["7"]));
    assert_eq!(of_rows(1, std::slice::from_ref(&none)), ServedBy::Unserved);
    // The other generation has no such key; a null there proves nothing.
    assert_eq!(of_rows(2, &[none]), ambiguous(&["1", "2", "3"]));
}

#[test]
fn a_pair_seen_in_one_source_only_is_kept() {
    let listed = [json!({"slug": "a", "provider": "plivo", "numbers": [{"number": "+1 (415) 555-0101"}]})];
    let bridges = [json!({"slug": "b", "numbers": [{"number": "+14155550102", "number_id": 5}]})];
    let numbers = [
        json!({"number": "+14155550103", "provider": "plivo", "bridge_slug": "c"}),
        json!({"number": "+14155550104", "provider": "plivo", "bridge_slug": null}),
        json!({"number": "+14155550101", "provider": "plivo", "bridge_slug": "a"}),
    ];
    let all = three();
    let evidence = ConnectionEvidence {
        generation: Some(2),
        account: None,
        configurations: &all,
        listed: &listed,
        bridges: &bridges,
        numbers: &numbers,
    };
    let pairs: Vec<(String, String, ServedBy)> = attribute_connections(&evidence, |_, _| None)
        .into_iter()
        .map(|connection| (connection.bridge, connection.number, connection.served_by))
        .collect();
    assert_eq!(
        pairs,
        [
            ("a".into(), "+14155550101".into(), ServedBy::inferred("3".into())),
            ("b".into(), "+14155550102".into(), ambiguous(&["1", "2", "3"])),
            ("c".into(), "+14155550103".into(), ServedBy::inferred("3".into())),
        ]
    );
}

fn provider() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![Just(None), Just(Some(Value::Null)), "[tp]".prop_map(|slug| Some(json!(slug))), Just(Some(json!(6)))]
}

fn link() -> impl Strategy<Value = Option<(&'static str, Value)>> {
    let key = prop_oneof![Just("provider_config_id"), Just("provider_configuration"), Just("provider_credential")];
    let value = prop_oneof![
        Just(Value::Null),
        (0..4u8).prop_map(|id| json!(id)),
        (0..4u8).prop_map(|id| json!({"id": id})),
        Just(json!("word")),
        Just(json!([1])),
    ];
    prop_oneof![3 => Just(None), 1 => (key, value).prop_map(Some)]
}

fn row(key: &'static str) -> impl Strategy<Value = Value> {
    (0..3u8, 0..4u8, provider(), link(), any::<bool>()).prop_map(move |(bridge, number, provider, link, odd)| {
        let mut entry = json!({"number": format!("+1415555010{number}"), "number_id": number});
        if odd {
            entry["number"] = Value::Null;
        }
        if let Some((name, value)) = link {
            entry[name] = value;
        }
        let mut row = if key == "numbers" { entry } else { json!({"slug": format!("b{bridge}"), "numbers": [entry]}) };
        if key == "numbers" && number > 0 {
            row["bridge_slug"] = json!(format!("b{bridge}"));
        }
        if let Some(provider) = provider {
            row["provider"] = provider;
        }
        row
    })
}

prop_compose! {
    fn world()(
        listed in prop::collection::vec(row("bridges"), 0..5),
        bridges in prop::collection::vec(row("bridges"), 0..5),
        numbers in prop::collection::vec(row("numbers"), 0..5),
        providers in prop::collection::vec(prop::option::of("[tp]"), 0..4),
        recorded in prop::collection::btree_map((0..3u8, 0..4u8), 0..4u8, 0..4),
        generation in prop::option::of(1..3u8),
    ) -> (Vec<Value>, Vec<Value>, Vec<Value>, Vec<ConfigurationRow>, BTreeMap<(String, String), String>, Option<u8>) {
        let configurations = providers
            .into_iter()
            .enumerate()
            .map(|(id, provider)| ConfigurationRow { id: id.to_string(), provider })
            .collect();
        let recorded = recorded
            .into_iter()
            .map(|((bridge, number), id)| ((format!("b{bridge}"), format!("+1415555010{number}")), id.to_string()))
            .collect();
        (listed, bridges, numbers, configurations, recorded, generation)
    }
}

/// What any row about a pair, or about its bridge, says.
struct Said {
    ids: BTreeSet<String>,
    slugs: BTreeSet<String>,
    /// Some row about the number says that its configuration is null.
    null_id: bool,
    /// Some row about the number, and some row about the bridge, says that the provider is null.
    null_number: bool,
    null_bridge: bool,
}

fn said(rows: &[&Value], bridge: &str, number: &str) -> Said {
    let mut said =
        Said { ids: named(rows, bridge, number), slugs: BTreeSet::new(), null_id: false, null_number: false, null_bridge: false };
    let null = |row: &Value, key: &str| row.get(key).is_some_and(Value::is_null);
    for row in rows {
        if row["slug"] == bridge {
            said.slugs.extend(row["provider"].as_str().map(str::to_owned));
            said.null_bridge |= null(row, "provider");
        }
        let entries = match row["numbers"].as_array() {
            Some(entries) if row["slug"] == bridge => entries.as_slice(),
            None if row["bridge_slug"] == bridge => std::slice::from_ref(*row),
            _ => &[],
        };
        for entry in entries.iter().filter(|entry| entry["number"] == number) {
            said.slugs.extend(entry["provider"].as_str().map(str::to_owned));
            said.null_number |= null(entry, "provider");
            said.null_id |=
                ["provider_config_id", "provider_configuration", "provider_credential"].iter().any(|key| null(entry, key));
        }
    }
    said
}

/// All ids that any row names for a pair.
fn named(rows: &[&Value], bridge: &str, number: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let entries = rows.iter().flat_map(|row| match row["numbers"].as_array() {
        Some(entries) => entries.iter().map(|entry| (row["slug"].clone(), entry.clone())).collect::<Vec<_>>(),
        None => vec![(row["bridge_slug"].clone(), (*row).clone())],
    });
    for (slug, entry) in entries.filter(|(slug, entry)| slug == bridge && entry["number"] == number) {
        assert!(slug.is_string());
        for key in ["provider_config_id", "provider_configuration", "provider_credential"] {
            let id = if entry[key].is_object() { &entry[key]["id"] } else { &entry[key] };
            ids.extend(id.as_u64().map(|id| id.to_string()));
        }
    }
    ids
}

proptest! {
    #[test]
    fn holds_for_any_evidence((listed, bridges, numbers, configurations, recorded, generation) in world()) {
        let evidence = ConnectionEvidence {
            generation,
            account: None,
            configurations: &configurations,
            listed: &listed,
            bridges: &bridges,
            numbers: &numbers,
        };
        let lookup = |bridge: &str, number: &str| recorded.get(&(bridge.to_owned(), number.to_owned())).cloned();
        let connections: Vec<Connection> = attribute_connections(&evidence, lookup);
        // Sorted, no pair twice, the same in every run.
        let pairs: Vec<_> = connections.iter().map(|made| (made.bridge.clone(), made.number.clone())).collect();
        prop_assert!(pairs.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", pairs);
        prop_assert_eq!(&connections, &attribute_connections(&evidence, lookup));
        let rows: Vec<&Value> = listed.iter().chain(&bridges).chain(&numbers).collect();
        let own: BTreeSet<String> = configurations.iter().map(|configuration| configuration.id.clone()).collect();
        let unrecorded = attribute_connections(&evidence, |_, _| None);
        for (made, without) in connections.iter().zip(&unrecorded) {
            // A record chooses among what is possible without it, and the rest stays known as possible.
            if let ServedBy::By { id, known: Known::Recorded } = &made.served_by {
                let mut possible = made.other_candidates.clone();
                prop_assert!(possible.insert(id.clone()));
                prop_assert_eq!(&without.served_by, &ServedBy::OneOf(possible));
            } else {
                prop_assert!(made.other_candidates.is_empty());
                prop_assert_eq!(made, without);
            }
            let said = said(&rows, &made.bridge, &made.number);
            let ids = said.ids;
            match &made.served_by {
                ServedBy::By { id, known: Known::Exact } => prop_assert_eq!(&ids, &BTreeSet::from([id.clone()])),
                ServedBy::By { id, known: Known::Inferred } => {
                    prop_assert!(ids.is_empty() && own.contains(id) && said.slugs.len() == 1);
                }
                ServedBy::By { id, known: Known::Recorded } => {
                    prop_assert!(ids.is_empty() && own.contains(id));
                    prop_assert_eq!(lookup(&made.bridge, &made.number), Some(id.clone()));
                }
                ServedBy::OneOf(candidates) if ids.is_empty() => {
                    prop_assert!(candidates.is_subset(&own));
                    // The ledger was of no help, or something in the rows speaks against it.
                    let known = lookup(&made.bridge, &made.number).filter(|id| own.contains(id));
                    prop_assert!(known.is_none() || !said.slugs.is_empty());
                    prop_assert!(!said.slugs.is_empty() || *candidates == own);
                }
                ServedBy::OneOf(candidates) => prop_assert_eq!(candidates, &ids),
                ServedBy::Foreign { .. } => prop_assert!(false, "without an account nothing is another's"),
                // Nothing serves it only where the rows say so explicitly.
                ServedBy::NotThere | ServedBy::NotTold => prop_assert!(false, "not told of all readings"),
                ServedBy::Unserved => {
                    let empty_link = generation == Some(1) && said.null_id;
                    let two_nulls = said.slugs.is_empty() && said.null_number && said.null_bridge;
                    prop_assert!(ids.is_empty() && (empty_link || two_nulls));
                }
            }
        }
        // More evidence about other bridges changes nothing about this one.
        let far = json!({"slug": "zz", "provider": "t", "numbers": [{"number": "+19995550100"}]});
        let more: Vec<Value> = listed.iter().cloned().chain([far]).collect();
        let mut wider = attribute_connections(&ConnectionEvidence { listed: &more, ..evidence }, lookup);
        wider.retain(|made| made.bridge != "zz");
        prop_assert_eq!(wider, connections);
    }
}

#[test]
fn a_bridge_that_names_a_provider_and_shows_no_number_may_use_its_configurations() {
    let all = three();
    let listed = [
        json!({"slug": "hidden", "provider": "twilio", "numbers": []}),
        json!({"slug": "seen", "provider": "plivo", "numbers": [{"number": NUMBER}]}),
        json!({"slug": "empty", "provider": null, "numbers": []}),
    ];
    let evidence = ConnectionEvidence {
        generation: Some(2),
        account: None,
        configurations: &all,
        listed: &listed,
        bridges: &[],
        numbers: &[],
    };
    let hidden = telform::services::unpod::attribution::unseen_candidates(&evidence);
    let ids = ["1", "2"].map(str::to_owned).into_iter().collect::<BTreeSet<_>>();
    assert_eq!(hidden, BTreeMap::from([("hidden".to_owned(), ids)]));
}

/// One read of a bridge and the reading of a whole account tell the same of a row: one that contradicts itself settles nothing.
#[test]
fn a_row_that_contradicts_itself_settles_nothing() {
    let rows = [
        (json!({"number": NUMBER, "provider_config_id": null, "provider_configuration": {"id": 7}}), &["7"][..]),
        (json!({"number": NUMBER, "provider_config_id": 7, "provider_configuration": {"id": 8}}), &["7", "8"]),
    ];
    for (row, ids) in rows {
        for generation in [1, 2] {
            let link = services::shape_of_generation("bridges", Some(generation)).and_then(|kind| kind.link).expect("a link");
            let bridge = json!({"numbers": [row]});
            let servers = link.served_by(bridge.as_object().expect("an object")).expect("a list of numbers");
            assert_eq!(servers[NUMBER], ambiguous(ids), "{row}");
            assert_eq!(of_rows(generation, std::slice::from_ref(&row)), ambiguous(ids), "{row}");
        }
    }
}
