//! Live reading of Unpod accounts against small servers of our own.

use serde_json::{Value, json};
use telform::model::ledger::{Ledger, ManagedObject};
use telform::model::resource::{AccountFacts, Address, Desired, DesiredValue, OrganizationCheck, ServedBy, SettingValue};
use telform::model::value::{CompactValue, Secret};
use telform::services::unpod;

use crate::live_world::unpod::*;
use crate::live_world::*;

#[tokio::test]
async fn reads_configurations_alone_when_nothing_may_go() {
    let world = World::new(g2).await;
    let (live, requests) = read(&unpod_desired(&world, &["providers"]), &Ledger::default(), false).await;
    let live = live.unwrap().accounts.remove("unpod").unwrap();
    assert_eq!(requests, 3, "{:?}", world.paths());
    assert_eq!(live.facts.generation, Some(2));
    assert_eq!(live.facts.configurations.as_deref(), Some("providers-configurations"));
    assert_eq!(live.facts.organization, OrganizationCheck::Confirmed);
    assert_eq!(live.facts.catalogue.len(), 2);
    assert!(live.connections.is_none() && !live.objects.contains_key("bridges"));
    let objects = &live.objects["providers"];
    assert_eq!(objects.iter().map(|object| object.id.as_str()).collect::<Vec<_>>(), ["42", "43"]);
    assert_eq!(objects[0].attributes[&"provider"].json(), "twilio");
    assert_eq!(objects[0].attributes[&"account_sid"].json(), "AC1");
    assert!(objects[0].secrets.is_empty());
}

#[tokio::test]
async fn reads_bridges_when_they_are_managed() {
    let world = World::new(g2).await;
    let (live, requests) = read(&unpod_desired(&world, &["providers", "bridges"]), &Ledger::default(), false).await;
    let live = live.unwrap().accounts.remove("unpod").unwrap();
    assert_eq!(requests, 6, "{:?}", world.paths());
    assert!(world.paths().contains(&"telephony/bridges/?page=1&page_size=100".to_owned()));
    assert!(world.paths().contains(&"telephony/numbers/?include_assigned=true".to_owned()));
    let connections = live.connections.unwrap();
    assert_eq!(connections.len(), 1);
    assert_eq!((connections[0].bridge.as_str(), connections[0].number.as_str()), ("sales", "+14155550101"));
    assert_eq!((connections[0].number_id, &connections[0].served_by), (None, &ServedBy::inferred("42".to_owned())));
    assert_eq!(live.objects["bridges"][0].id, "sales");
    assert_eq!(live.objects["bridges"][0].attributes[&"name"].json(), "Sales");
    assert_eq!(live.numbers["+14155550102"].bridge, None);
    assert_eq!(live.numbers["+14155550101"].bridge.as_deref(), Some("sales"));
}

#[tokio::test]
async fn reads_the_older_generation_and_keeps_no_secret() {
    let world = World::new(g1).await;
    let mut desired = unpod_desired(&world, &["providers", "bridges"]);
    desired.accounts["unpod"].settings.insert("product_id", SettingValue::Text("unpod.ai".to_owned()));
    let (live, requests) = read(&desired, &Ledger::default(), false).await;
    let live = live.unwrap().accounts.remove("unpod").unwrap();
    assert_eq!(requests, 7, "{:?}", world.paths());
    assert_eq!(live.facts.generation, Some(1));
    assert_eq!(live.facts.configurations.as_deref(), Some("provider-configurations"));
    assert_eq!(live.facts.organization, OrganizationCheck::Confirmed);
    let object = &live.objects["providers"][0];
    assert_eq!(object.attributes[&"provider"].json(), 6);
    assert_eq!(object.attributes[&"base_url"].json(), Value::Null);
    assert!(!object.attributes.contains_key("provider_details"));
    let expected = key().fingerprint_secret("providers", "api_key", &Secret::new("key-main"));
    assert_eq!(object.secrets[&"api_key"].as_ref(), Some(&expected));
    assert_eq!(object.secrets[&"api_secret"], None);
    let connections = live.connections.as_ref().unwrap();
    assert_eq!(connections[0].served_by, ServedBy::exact("41".to_owned()));
    assert_eq!((connections[1].number_id, &connections[1].served_by), (Some(502), &ServedBy::Unserved));
    assert_eq!(live.numbers["+14155550103"].id, Some(503));
    assert_eq!(live.numbers["+14155550101"].id, Some(501));
    assert_eq!(live.objects["bridges"][0].attributes[&"region"].json(), "IN");
    let shown = format!("{live:?}");
    assert!(!shown.contains("key-main") && !shown.contains("secret-main"), "{shown}");
}

#[tokio::test]
async fn nothing_in_scope_is_not_asked() {
    let world = World::new(g2).await;
    let (live, requests) = read(&unpod_desired(&world, &["partners"]), &Ledger::default(), false).await;
    assert!(live.unwrap().accounts.is_empty());
    assert_eq!(requests, 0);
}

#[tokio::test]
async fn wrong_shapes_are_errors() {
    let configurations = |body: Value| move |asked: &Asked| (asked.path == CONFIGURATIONS).then(|| ok(body.clone()));
    let wrong = [
        json!({"status_code": 200, "data": {"id": 1, "provider": "twilio", "account_sid": "AC1"}}),
        json!({"status_code": 200, "data": null}),
        json!({"status_code": 200}),
        json!("text"),
        json!({"data": [configuration(1, "twilio", "AC1"), {"id": 2, "api_key": "k"}]}),
        json!({"data": [configuration(1, "twilio", "AC1"), configuration(1, "twilio", "AC1")]}),
    ];
    for body in wrong {
        let world = world(configurations(body.clone())).await;
        let error = error(&world, &["providers"]).await;
        assert!(error.request.is_none(), "{body}: {error}");
        says(&error, &["account"]);
    }
    for row in [json!({"id": null, "account_sid": "AC1"}), json!({"id": 1.5, "account_sid": "AC1"}), json!([])] {
        let rows = json!({"data": [configuration(1, "twilio", "AC1"), row]});
        let live = reading(&world(configurations(rows)).await, &["providers"]).await.unwrap();
        assert_eq!((live.objects["providers"].len(), live.malformed_rows["providers"].len()), (1, 1));
    }
    let digits = world(configurations(json!([{"id": "7", "provider": "twilio", "account_sid": "AC**1", "x": 1}]))).await;
    let live = reading(&digits, &["providers"]).await.unwrap();
    assert_eq!(live.objects["providers"][0].id, "7");
    let masked = &live.objects["providers"][0];
    assert!(!masked.attributes.contains_key("account_sid"), "shown in part only");
    assert_eq!(masked.masked.iter().collect::<Vec<_>>(), [(&"account_sid", &CompactValue::from("AC**1"))]);
    let bridges = world(bridges_answer(|| ok(json!({"count": 0, "data": {}})))).await;
    says(&error(&bridges, &["bridges"]).await, &["`data` is an object"]);
}

#[tokio::test]
async fn an_empty_account_has_the_generation_of_its_catalogue_or_none() {
    let empty = |asked: &Asked| (asked.path == CONFIGURATIONS).then(|| ok(json!({"status_code": 200, "data": {}})));
    let live = reading(&world(empty).await, &["providers"]).await.unwrap();
    assert_eq!((live.facts.generation, live.objects["providers"].len()), (Some(2), 0));
    let silent = world(move |asked| (asked.path == "telephony/providers/").then(no_such_path).or_else(|| empty(asked))).await;
    let live = reading(&silent, &["providers"]).await.unwrap();
    assert_eq!((live.facts.generation, live.facts.catalogue.len()), (None, 0));
    assert!(live.objects["providers"].is_empty());

    let mut desired = unpod_desired(&silent, &["providers"]);
    desired.accounts["unpod"].settings.insert("generation", SettingValue::Number(1));
    let (live, _) = read(&desired, &Ledger::default(), false).await;
    assert_eq!(live.unwrap().accounts["unpod"].facts.generation, Some(1));
    let world = World::new(g2).await;
    let mut desired = unpod_desired(&world, &["providers"]);
    desired.accounts["unpod"].settings.insert("generation", SettingValue::Number(1));
    let (live, _) = read(&desired, &Ledger::default(), false).await;
    says(&live.unwrap_err(), &["the YAML says generation 1", "generation 2", "accounts.unpod.generation"]);
}

#[tokio::test]
async fn neither_spelling_points_at_the_base_url() {
    let world = world(|asked| asked.path.contains("configurations").then(no_such_path)).await;
    says(&error(&world, &["providers"]).await, &["either of its two spellings", "accounts.unpod.base_url"]);
    assert_eq!((world.count(CONFIGURATIONS), world.count(OTHER_SPELLING)), (1, 1));
}

#[tokio::test]
async fn a_wrong_organization_is_an_error() {
    let organization = |answer: Answer| move |asked: &Asked| (asked.path == "organizations/").then(|| answer.clone());
    let other = ok(json!({"data": [{"domain_handle": "Acme.example"}, {"domain_handle": "globex\u{202e}"}]}));
    let unknown = error(&world(organization(other)).await, &["providers"]).await;
    says(&unknown, &["`acme.example`", "Acme.example", "accounts.unpod.org_handle", "globex\\u{202e}"]);
    let forbidden = status(403, json!({"status_code": 403, "message": "Invalid organization handle."}));
    says(
        &error(&world(organization(forbidden)).await, &["providers"]).await,
        &["the organization is not the token's, or the token may not read this", "Invalid organization"],
    );
    let not_found = status(206, json!({"status_code": 206, "message": "Organization not found", "data": {}}));
    says(&error(&world(organization(not_found)).await, &["providers"]).await, &["206"]);
    let broken = error(&world(organization(status(500, json!({})))).await, &["providers"]).await;
    says(&broken, &["checking the organization", "answered 500"]);
}

fn no_organizations(asked: &Asked) -> Option<Answer> {
    (asked.path == "organizations/").then(|| status(401, json!({"message": "Invalid token.", "status_code": 401})))
}

#[tokio::test]
async fn organizations_refused_to_a_good_token_is_no_bad_token() {
    // The bridge list is read, and only for this; without a product a made-up one is sent.
    let probe = world(no_organizations).await;
    let mut desired = unpod_desired(&probe, &["providers"]);
    for product in [None, Some("unpod.ai".to_owned())] {
        desired.accounts["unpod"].settings.extend(product.map(|product| ("product_id", SettingValue::Text(product))));
        let (live, requests) = read(&desired, &Ledger::default(), false).await;
        assert_eq!(live.unwrap().accounts["unpod"].facts.organization, OrganizationCheck::Confirmed);
        assert_eq!(requests, 4);
    }

    // Only rows confirm it.
    let asks = json!({"status_code": 206, "message": "Please provide Product-Id in headers", "data": {}});
    let told = json!({"status_code": 200, "message": "Success", "data": {"detail": "No organization found"}});
    for answer in [status(206, asks), ok(told), status(403, json!({"message": "no"})), status(404, json!({}))] {
        let silent = world(move |asked| {
            let bridges = (asked.path == "telephony/bridges/").then(|| answer.clone());
            no_organizations(asked).or(bridges)
        })
        .await;
        let live = reading(&silent, &["providers"]).await.unwrap();
        let OrganizationCheck::Unconfirmed(why) = live.facts.organization else { panic!("{:?}", live.facts) };
        assert!(why.contains("the list of bridges does not show it"), "{why}");
    }

    let unknown = world(|asked| {
        no_organizations(asked).or_else(|| {
            let said = json!({"status_code": 206, "message": "Organization not found", "data": {}});
            (asked.path == "telephony/bridges/").then(|| status(206, said))
        })
    })
    .await;
    let mut desired = unpod_desired(&unknown, &["providers"]);
    desired.accounts["unpod"].settings.insert("product_id", SettingValue::Text("unpod.ai".to_owned()));
    let (live, _) = read(&desired, &Ledger::default(), false).await;
    says(&live.unwrap_err(), &["no organization", "accounts.unpod.org_handle"]);
    desired.kinds.insert("bridges".into());
    let (live, _) = read(&desired, &Ledger::default(), false).await;
    says(&live.unwrap_err(), &["no organization", "accounts.unpod.org_handle"]);

    let bad = World::new(|_| status(401, json!({"message": "Invalid token.", "status_code": 401}))).await;
    says(&error(&bad, &["providers"]).await, &["token is not accepted", "accounts.unpod.token"]);
}

/// Whether the bridges were read.
async fn reads_bridges(desired: &Desired, ledger: &Ledger, destroy: bool) -> bool {
    let (live, _) = read(desired, ledger, destroy).await;
    live.unwrap().accounts["unpod"].connections.is_some()
}

#[tokio::test]
async fn bridges_are_read_when_a_configuration_may_go() {
    let world = World::new(g2).await;
    let plain = || {
        let mut desired = unpod_desired(&world, &["providers"]);
        let attributes = [("provider", json!("Twilio")), ("account_sid", json!("AC1"))];
        want(&mut desired, "providers.main", "unpod", &attributes);
        desired
    };
    let none = Ledger::default();
    assert!(!reads_bridges(&plain(), &none, false).await, "name and slug mean the same provider");
    assert!(reads_bridges(&plain(), &none, true).await, "destroy");

    let mut tombstone = plain();
    gone(&mut tombstone, "providers.old");
    assert!(reads_bridges(&tombstone, &none, false).await, "tombstone");
    tombstone.removed[0].account = Some("another".to_owned());
    assert!(!reads_bridges(&tombstone, &none, false).await, "tombstone of another account");

    let mut kept = Ledger::default();
    keep(&mut kept, "providers.main", "unpod", "42");
    assert!(!reads_bridges(&plain(), &kept, false).await, "still there");
    keep(&mut kept, "providers.dropped", "unpod", "43");
    assert!(reads_bridges(&plain(), &kept, false).await, "dropped from the YAML");
    keep(&mut kept, "providers.dropped", "elsewhere", "43");
    assert!(!reads_bridges(&plain(), &kept, false).await, "dropped, but of another account");

    let mut kept = Ledger::default();
    keep(&mut kept, "providers.main", "unpod", "43");
    assert!(reads_bridges(&plain(), &kept, false).await, "43 is of plivo: to be replaced");
    let mut ignored = plain();
    let address = Address::parse("providers.main").unwrap();
    ignored.objects.get_mut(&address).unwrap().ignored_attributes.insert("provider".to_owned());
    assert!(!reads_bridges(&ignored, &kept, false).await, "the difference is ignored");
    let masked = World::new(|asked| {
        let (status, kind, body) = g2(asked);
        (status, kind, body.replace("AC1", "xxxx1"))
    })
    .await;
    let mut other = plain();
    other.accounts["unpod"] = account("unpod", &unpod::TABLE, &masked.base);
    let object = other.objects.get_mut(&address).unwrap();
    object.attributes.insert("provider", DesiredValue::Value("plivo".into()));
    assert!(!reads_bridges(&other, &none, false).await, "another natural key");
    keep(&mut kept, "providers.main", "unpod", "42");
    assert!(reads_bridges(&other, &kept, false).await, "to be replaced, masked or not");
    let mut pinned = plain();
    pinned.objects.get_mut(&address).unwrap().id = Some("43".to_owned());
    assert!(reads_bridges(&pinned, &none, false).await, "pinned");
}

#[tokio::test]
async fn bridges_are_read_when_a_replacement_is_unfinished_or_behind_a_pin() {
    let world = World::new(g2).await;
    let mut desired = unpod_desired(&world, &["providers"]);
    let attributes = [("provider", json!("twilio")), ("account_sid", json!("AC1"))];
    want(&mut desired, "providers.main", "unpod", &attributes);
    let address = Address::parse("providers.main").unwrap();
    let kept = |change: &dyn Fn(&mut ManagedObject)| {
        let mut ledger = Ledger::default();
        keep(&mut ledger, "providers.main", "unpod", "42");
        change(ledger.objects.get_mut(&address).unwrap());
        ledger
    };
    assert!(!reads_bridges(&desired, &kept(&|_| {}), false).await);
    let former = |entry: &mut ManagedObject| _ = entry.former.insert("43".to_owned());
    assert!(reads_bridges(&desired, &kept(&former), false).await, "the old one is still to be emptied");
    let elsewhere = kept(&|entry| {
        former(entry);
        entry.account = "elsewhere".to_owned();
    });
    assert!(!reads_bridges(&desired, &elsewhere, false).await, "of another account");

    let replaced = kept(&|entry| _ = entry.replaced.insert("41".to_owned()));
    assert!(!reads_bridges(&desired, &replaced, false).await, "done long ago");
    desired.objects.get_mut(&address).unwrap().id = Some("41".to_owned());
    assert!(reads_bridges(&desired, &replaced, false).await, "pinned to what was replaced");
    desired.objects.get_mut(&address).unwrap().id = Some("42".to_owned());
    assert!(!reads_bridges(&desired, &replaced, false).await, "pinned to what is there");
}

#[tokio::test]
async fn a_catalogue_that_cannot_be_read_is_known_to_be_unknown() {
    assert!(AccountFacts::default().catalogue_known);
    let live = reading(&World::new(g2).await, &["providers"]).await.unwrap();
    assert!(live.facts.catalogue_known);
    for answer in [no_such_path(), status(404, json!({"status_code": 404, "message": "Not found."}))] {
        let none = world(move |asked| (asked.path == "telephony/providers/").then(|| answer.clone())).await;
        let live = reading(&none, &["providers"]).await.unwrap();
        assert!(!live.facts.catalogue_known && live.facts.catalogue.is_empty());
    }
    let empty = world(|asked| (asked.path == "telephony/providers/").then(|| listing(json!([])))).await;
    assert!(reading(&empty, &["providers"]).await.unwrap().facts.catalogue_known);
}

/// Carriers are not in the catalogue (unpod.md 4.2), but the rows that use one name it.
#[tokio::test]
async fn providers_outside_the_catalogue_are_known_from_the_rows_that_use_them() {
    let row = |id: u64, details: Value| {
        json!({"id": id, "name": format!("c{id}"), "provider": details["id"], "provider_details": details, "meta_json": {},
            "org_handle": "acme.example", "active": true, "api_key": "k", "api_secret": "s"})
    };
    let world = World::new(move |asked| {
        let twilio = json!({"id": 3, "name": "Twilio", "description": null, "icon": null});
        match asked.path.as_str() {
            OTHER_SPELLING => listing(json!([
                row(44, twilio.clone()),
                row(43, json!({"id": 2, "name": "Jio"})),
                row(42, twilio),
                row(41, json!({"id": 6, "name": "Vapi, as this row has it"})),
                row(40, json!({"id": "x", "name": 5})),
                json!({"id": 39, "name": "c39", "provider": 7, "provider_details": null}),
            ])),
            _ => g1(asked),
        }
    })
    .await;
    let live = reading(&world, &["providers"]).await.unwrap();
    let names: Vec<(u64, &str)> = live.facts.catalogue.iter().map(|entry| (entry.id, entry.name.as_str())).collect();
    assert_eq!(names, [(2, "Jio"), (3, "Twilio"), (4, "LiveKit"), (6, "Vapi")]);
    assert!(live.facts.catalogue.iter().all(|entry| entry.slug.is_none()));
}

#[tokio::test]
async fn remembered_objects_that_are_not_listed_are_looked_at() {
    let world = world(|asked| {
        let listed_not = format!("{CONFIGURATIONS}77/");
        (asked.path == listed_not)
            .then(|| ok(json!({"status_code": 200, "message": "ok", "data": configuration(77, "plivo", "MA7")})))
    })
    .await;
    let mut ledger = Ledger::default();
    keep(&mut ledger, "providers.seen", "unpod", "42");
    keep(&mut ledger, "providers.unlisted", "unpod", "77");
    keep(&mut ledger, "providers.gone", "unpod", "78");
    keep(&mut ledger, "bridges.gone", "unpod", "old-bridge");
    let mut desired = unpod_desired(&world, &["providers", "bridges"]);
    want(&mut desired, "bridges.new", "unpod", &[("slug", json!("new-bridge")), ("name", json!("New"))]);
    let (live, _) = read(&desired, &ledger, false).await;
    let live = live.unwrap().accounts.remove("unpod").unwrap();
    let ids: Vec<&str> = live.objects["providers"].iter().map(|object| object.id.as_str()).collect();
    assert_eq!(ids, ["42", "43", "77"]);
    assert_eq!(live.missing.iter().collect::<Vec<_>>(), ["78", "old-bridge"]);
    assert_eq!(world.count("telephony/bridges/new-bridge/"), 1, "a slug is looked for before it is created");
}

#[tokio::test]
async fn a_bad_account_does_not_hide_behind_a_good_one() {
    let good = World::new(g2).await;
    let bad = world(|_| Some((503, "text/html", "<h1>".to_owned()))).await;
    let mut desired = unpod_desired(&good, &["providers"]);
    desired.accounts.insert("other".to_owned(), account("other", &unpod::TABLE, &bad.base));
    let (live, _) = read(&desired, &Ledger::default(), false).await;
    assert_eq!(live.unwrap_err().account, "other");
}
