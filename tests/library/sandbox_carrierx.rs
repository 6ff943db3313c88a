//! The embedded simulator: CarrierX, its knobs and its lists.

use crate::sandbox_bench::*;
use reqwest::Method;
use serde_json::{Map, Value, json};
use telform::sandbox::*;

#[tokio::test]
async fn a_partner_waits_for_its_human() {
    let bench = Bench::of("{}").await;
    let (status, made) = sent(bench.carrierx(Method::POST, "partners").json(&new_partner("acme-west"))).await;
    assert_eq!(status, 200);
    assert_eq!(made["status"], "unverified");
    assert_eq!(made["owner_email"], Value::Null);
    assert_eq!(made["charge_at"], Value::Null, "money that does not apply is dropped");
    assert_eq!((&made["balance"], &made["state"]), (&json!("5"), &json!("")));
    assert_eq!(made.as_object().unwrap().len(), 31);
    let sid = made["partner_sid"].as_str().unwrap();
    let get = || sent(bench.carrierx(Method::GET, &format!("partners/{sid}")));
    assert_eq!(get().await.0, 404);
    assert_eq!(sent(bench.carrierx(Method::GET, "partners")).await.1["total"], 0);
    // The login is taken although it is invisible.
    assert_eq!(sent(bench.carrierx(Method::POST, "partners").json(&new_partner("acme-west"))).await.0, 409);

    let click = format!("{}/_sim/verify/{sid}/owner_email", bench.sandbox.base());
    assert_eq!(sent(bench.client.get(click)).await.0, 200);
    let (status, seen) = get().await;
    assert_eq!((status, &seen["status"], &seen["owner_email"]), (200, &json!("active"), &json!("ops@acme.example")));
    assert_eq!(seen["zip"], "01234");
    let log = serde_json::to_string(&bench.sandbox.log()).unwrap();
    assert!(!log.contains("hunter2") && log.contains("\"password\":\"(secret)\""));
    assert!(!log.contains("sandbox-token"));
    assert_eq!(bench.sandbox.writes().len(), 2);
}

/// The baseline of `api/carrierx.md`, section 6.3.
fn baseline() -> (World, Value, Value) {
    let a = json!({"access_control_rules": ["7a9d2f10-44c8-4f0e-8a1b-5d3c9e6b2f01"], "direction": "outbound",
                   "sms_action_true": "reject"});
    let b = json!({"direction": "inbound", "voice_action_true": "reject403"});
    let Value::Object(fields) = json!({"login": "west", "attributes": {"tier": "gold", "desk": "north"},
        "callbacks": {"sms": "https://hooks.example.net/sms"}, "parent_assigned_acls": [a]})
    else {
        unreachable!()
    };
    let mut world = World::default();
    world.carrierx.partners.push(Partner::new(fields));
    (world.tidied(), a, b)
}

/// Every combination of the four merge knobs against the worked examples of section 6.3.
#[tokio::test]
async fn nested_merge_models() {
    let (world, a, b) = baseline();
    let sid = world.carrierx.partners[0].sid().to_owned();
    let bench = Bench { sandbox: Sandbox::start(world.clone()).await, client: client() };
    let patch = |query: &str, body: Value| sent(bench.carrierx(Method::PATCH, &format!("partners/{sid}{query}")).json(&body));
    let reset = |knobs: &CarrierxKnobs| {
        bench.sandbox.edit(|now| {
            now.carrierx = world.carrierx.clone();
            now.carrierx.knobs = knobs.clone();
        });
    };
    for &map_default in MapDefault::ALL {
        for &map_null in MapNull::ALL {
            for &array_default in ArrayDefault::ALL {
                for &replace_scope in ReplaceScope::ALL {
                    let knobs = CarrierxKnobs { map_default, map_null, array_default, replace_scope, ..Default::default() };
                    reset(&knobs);
                    let (status, body) = patch("", json!({"attributes": {"desk": null}, "zip": "1"})).await;
                    let merges = map_default == MapDefault::MergeKeys;
                    let expected = match (map_null, merges) {
                        (MapNull::Reject, _) => None,
                        (MapNull::DeleteKey, true) => Some(json!({"tier": "gold"})),
                        (MapNull::DeleteKey, false) => Some(json!({})),
                        (MapNull::StoreNull, true) => Some(json!({"tier": "gold", "desk": null})),
                        (MapNull::StoreNull, false) => Some(json!({"desk": null})),
                    };
                    match expected {
                        Some(expected) => assert_eq!(body["attributes"], expected),
                        None => assert_eq!(status, 422),
                    }
                    let zip = bench.sandbox.world().carrierx.partners[0].text("zip").to_owned();
                    assert_eq!(zip, if status == 422 { "" } else { "1" }, "all or nothing");

                    reset(&knobs);
                    let (_, body) = patch("", json!({"parent_assigned_acls": [b]})).await;
                    let mut over = a.as_object().unwrap().clone();
                    over.extend(b.as_object().unwrap().clone());
                    let expected = match array_default {
                        ArrayDefault::Append => json!([a, b]),
                        ArrayDefault::Overwrite => json!([b]),
                        ArrayDefault::MergeByIndex => json!([over]),
                    };
                    assert_eq!(body["parent_assigned_acls"], expected);

                    reset(&knobs);
                    let (_, body) = patch("?nested_objects=replace", json!({"attributes": {"tier": "silver"}})).await;
                    assert_eq!(body["attributes"], json!({"tier": "silver"}));
                    let emptied = replace_scope == ReplaceScope::AllNestedFields;
                    assert_eq!(body["parent_assigned_acls"], if emptied { json!([]) } else { json!([a]) });
                    assert_eq!(body["callbacks"] == json!({}), emptied);
                }
            }
        }
    }
}

#[tokio::test]
async fn addresses_wait_for_their_click() {
    let (world, ..) = baseline();
    let sid = world.carrierx.partners[0].sid().to_owned();
    let bench = Bench { sandbox: Sandbox::start(world).await, client: client() };
    let path = format!("partners/{sid}");
    let patch = |address: &str| sent(bench.carrierx(Method::PATCH, &path).json(&json!({"tech_email": address})));
    let get = || sent(bench.carrierx(Method::GET, &path));
    bench.sandbox.edit(|world| world.carrierx.knobs.mail = MailChange::Immediate);
    assert_eq!(patch("a@x.example").await.1["tech_email"], "a@x.example");
    bench.sandbox.edit(|world| world.carrierx.knobs.mail = MailChange::OldUntilVerified);
    assert_eq!(patch("b@x.example").await.1["tech_email"], "a@x.example");
    bench.sandbox.edit(|world| world.carrierx.knobs.mail = MailChange::NullUntilVerified);
    assert_eq!(patch("c@x.example").await.1["tech_email"], Value::Null);
    assert_eq!(patch("c@x.example").await.1["tech_email"], Value::Null);
    assert_eq!(bench.sandbox.world().carrierx.mails.len(), 3, "the same address again sends no mail");
    assert!(bench.sandbox.verify(&sid, "tech_email"));
    assert_eq!(get().await.1["tech_email"], "c@x.example");

    // GET, edit, PUT loses the address that waits (section 6.4).
    patch("d@x.example").await;
    let whole = get().await.1;
    let (status, _) = sent(bench.carrierx(Method::PUT, &path).json(&whole)).await;
    assert_eq!(status, 200);
    assert!(bench.sandbox.world().carrierx.partners[0].pending.is_empty());
}

#[tokio::test]
async fn what_a_put_must_say() {
    let (world, ..) = baseline();
    let sid = world.carrierx.partners[0].sid().to_owned();
    let bench = Bench { sandbox: Sandbox::start(world).await, client: client() };
    let path = format!("partners/{sid}");
    let put = |body: &Map<String, Value>| sent(bench.carrierx(Method::PUT, &path).json(body));
    let Value::Object(whole) = sent(bench.carrierx(Method::GET, &path)).await.1 else { unreachable!() };
    let mut part = whole.clone();
    part.shift_remove("city");
    part.insert("balance".into(), "1000000".into());
    assert_eq!(put(&part).await.0, 422);
    bench.sandbox.edit(|world| world.carrierx.knobs.put_missing = PutMissing::Keep);
    let (status, body) = put(&part).await;
    assert_eq!((status, &body["balance"]), (200, &json!("5")));
    bench.sandbox.edit(|world| world.carrierx.knobs.put_read_only = PutReadOnly::Reject);
    assert_eq!(put(&part).await.0, 422);
    bench.sandbox.edit(|world| world.carrierx.knobs.put_missing = PutMissing::NullOut);
    part = whole.clone();
    part.shift_remove("attributes");
    assert_eq!(put(&part).await.1["attributes"], json!({}));
}

#[tokio::test]
async fn carrierx_refusals() {
    let yaml = "
carrierx:
  limited_tokens: { reader: [partners.read] }
  partners:
    - { login: west, zip: '01234', country_code: USA }
    - { login: hidden, verified: false, pending: { owner_email: a@x.example } }
";
    let bench = Bench::of(yaml).await;
    let world = bench.sandbox.world();
    let sids: Vec<&str> = world.carrierx.partners.iter().map(Partner::sid).collect();
    let path = format!("partners/{}", sids[0]);
    let url = format!("{}/{path}", bench.sandbox.carrierx_url());
    assert_eq!(sent(bench.client.get(&url)).await.0, 401);
    assert_eq!(sent(bench.client.get(&url).bearer_auth("reader")).await.0, 200);
    assert_eq!(sent(bench.client.patch(&url).bearer_auth("reader").json(&json!({}))).await.0, 403);
    assert_eq!(sent(bench.carrierx(Method::PATCH, &path).body("{}")).await.0, 415);
    let json_type = |request: reqwest::RequestBuilder| request.header("Content-Type", "application/json");
    assert_eq!(sent(json_type(bench.carrierx(Method::PATCH, &path).body("{"))).await.0, 400);
    assert_eq!(sent(bench.carrierx(Method::GET, "nothing")).await.0, 404);
    assert_eq!(sent(bench.carrierx(Method::DELETE, &path)).await.0, 405);

    // The four shapes of an error come in turn.
    let mut shapes = Vec::new();
    for _ in 0..4 {
        let (status, body) = sent(bench.carrierx(Method::PATCH, &path).json(&json!({"zip": true}))).await;
        assert_eq!(status, 422);
        shapes.push(body);
    }
    shapes.sort_by_key(Value::to_string);
    shapes.dedup();
    assert_eq!(shapes.len(), 4);

    let patch = |body: Value| sent(bench.carrierx(Method::PATCH, &path).json(&body));
    assert_eq!(patch(json!({"country_code": "POL", "city": "X"})).await.1["country_code"], "USA");
    bench.sandbox.edit(|world| world.carrierx.knobs.non_modifiable = NonModifiable::Apply);
    assert_eq!(patch(json!({"country_code": "POL"})).await.1["country_code"], "POL");
    bench.sandbox.edit(|world| world.carrierx.knobs.non_modifiable = NonModifiable::Reject);
    assert_eq!(patch(json!({"country_code": "USA"})).await.0, 422);

    let hidden = format!("partners/{}", sids[1]);
    assert_eq!(sent(bench.carrierx(Method::GET, &hidden)).await.0, 404);
    bench.sandbox.edit(|world| {
        world.carrierx.knobs.get_unverified = GetUnverified::Ok;
        world.carrierx.knobs.delete = Delete::NoContent;
    });
    assert_eq!(sent(bench.carrierx(Method::GET, &hidden)).await.1["status"], "unverified");
    assert_eq!(sent(bench.carrierx(Method::DELETE, &path)).await.0, 204);
    assert_eq!(sent(bench.carrierx(Method::GET, &path)).await.0, 404);
}

#[tokio::test]
async fn carrierx_lists() {
    let mut world = World::default();
    for n in 0..2500 {
        let Value::Object(fields) = json!({"login": format!("p{n:05}"), "name": format!("Partner {n}"),
            "attributes": {"tier": if n % 2 == 0 { "gold" } else { "silver" }}, "spending_limit": n.to_string()})
        else {
            unreachable!()
        };
        world.carrierx.partners.push(Partner::new(fields));
    }
    let bench = Bench { sandbox: Sandbox::start(world).await, client: client() };
    let list = |query: &[(&str, &str)]| sent(bench.carrierx(Method::GET, "partners").query(query));
    let mut seen = Vec::new();
    let mut next = format!("{}/partners?limit=1000&order=login+desc", bench.sandbox.carrierx_url());
    loop {
        let (status, page) = sent(bench.client.get(&next).bearer_auth(bench.sandbox.carrierx_token())).await;
        assert_eq!((status, &page["total"]), (200, &json!(2500)));
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["login"].clone()));
        match page["pagination"]["next"].as_str() {
            Some(url) => next = url.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen.len(), 2500);
    assert_eq!((&seen[0], &seen[2499]), (&json!("p02499"), &json!("p00000")));
    let (_, page) = list(&[]).await;
    assert_eq!((&page["count"], &page["limit"], &page["has_more"]), (&json!(10), &json!(10), &json!(true)));
    assert_eq!(list(&[("limit", "1001")]).await.0, 422);
    for (filter, total) in [
        ("login eq \"p00007\"", 1),
        ("login eq p00007", 1),
        ("login like 'p000%' and attributes.tier eq gold", 50),
        ("spending_limit ge 2490", 10),
        ("name eq 'Partner 12'", 1),
    ] {
        assert_eq!(list(&[("filter", filter)]).await.1["total"], total, "{filter}");
    }
    assert_eq!(list(&[("filter", "login ne p00007")]).await.0, 400);
    assert_eq!(list(&[("filter", "login eq 'p")]).await.0, 400);
    bench.sandbox.edit(|world| world.carrierx.knobs.total = Total::Absent);
    assert_eq!(list(&[]).await.1["total"], Value::Null);
}

#[tokio::test]
async fn access_rules_and_groups() {
    let theirs = "c1f4e8b6-2d07-49a3-b6f2-90e5d7a83c12";
    let bench = Bench::of(&format!(
        "carrierx: {{ rules: [ {{ rule_sid: {theirs}, field: to, operation: exact, quantifier: any, entries: [1800], read_only: true }} ] }}"
    ))
    .await;
    let send = |method: Method, path: &str, body: Value| sent(bench.carrierx(method, path).json(&body));
    let rules = "accesscontrol/rules";
    let (_, page) = sent(bench.carrierx(Method::GET, rules)).await;
    assert_eq!((&page["items"][0]["name"], &page["items"][0]["entries"]), (&json!("N/A"), &json!(["1800"])));
    let new = json!({ "field": "to", "quantifier": "any", "entries": ["1800", "1615"], "operation": "prefix" });
    let (status, made) = send(Method::POST, rules, new.clone()).await;
    assert_eq!((status, &made["name"], &made["read_only"]), (200, &json!("N/A"), &json!(false)));
    for (field, value) in
        [("entries", json!("1800")), ("entries", json!([1800])), ("operation", json!("like")), ("field", json!(null))]
    {
        let mut bad = new.clone();
        bad[field] = value;
        assert_eq!(send(Method::POST, rules, bad).await.0, 422, "{field}");
    }
    let path = format!("{rules}/{}", made["rule_sid"].as_str().unwrap());
    let (status, changed) = send(Method::PATCH, &path, json!({ "operation": "exact", "entries": ["1"] })).await;
    assert_eq!((status, &changed["operation"], &changed["entries"]), (200, &json!("exact"), &json!(["1800", "1615", "1"])));
    let whole = format!("{path}?nested_objects=replace");
    assert_eq!(send(Method::PATCH, &whole, json!({ "entries": ["1"], "read_only": true })).await.1["entries"], json!(["1"]));
    assert_eq!(send(Method::PUT, &path, json!({ "operation": "exact" })).await.0, 422, "a PUT needs all fields");
    // Those of the parent are read only.
    let path_of_theirs = format!("{rules}/{theirs}");
    assert_eq!(sent(bench.carrierx(Method::GET, &path_of_theirs)).await.0, 200);
    assert_eq!(send(Method::PATCH, &path_of_theirs, json!({ "name": "x" })).await.0, 403);
    assert_eq!(sent(bench.carrierx(Method::DELETE, &path_of_theirs)).await.0, 403);
    assert_eq!(sent(bench.carrierx(Method::GET, &format!("{rules}?filter=name+eq+N/A&limit=1"))).await.1["total"], 2);
    assert_eq!(sent(bench.carrierx(Method::DELETE, &path)).await.0, 204);
    assert_eq!(sent(bench.carrierx(Method::GET, &path)).await.0, 404);

    let groups = "phonenumber/did_groups";
    let (status, made) = send(Method::POST, groups, json!({})).await;
    assert_eq!((status, &made["name"], &made["callback_url"]), (200, &json!("N/A"), &Value::Null));
    let path = format!("{groups}/{}", made["did_group_sid"].as_str().unwrap());
    let renamed = send(Method::PATCH, &path, json!({ "name": "my_did_group", "partner_sid": "x" })).await.1;
    assert_eq!((&renamed["name"], &renamed["partner_sid"]), (&json!("my_did_group"), &made["partner_sid"]));
    assert_eq!(sent(bench.carrierx(Method::DELETE, &path)).await.0, 405);
    bench.sandbox.edit(|world| world.carrierx.knobs.did_group_delete = Delete::NoContent);
    assert_eq!(sent(bench.carrierx(Method::DELETE, &path)).await.0, 204);
    let message = |yaml: &str| World::from_yaml(yaml).unwrap_err().to_string();
    assert!(message("carrierx: { rules: [ { names: a } ] }").contains("unknown field names"));
}

/// What the vendor's published clients send and telform does not: Basic authentication, a part of the fields, the token of a mail.
#[tokio::test]
async fn what_the_vendors_clients_send() {
    let bench = Bench::of("carrierx: { account_login: acme, account_password: hunter2-account }").await;
    let url = |path: &str| format!("{}/{path}", bench.sandbox.carrierx_url().trim_end_matches('/'));
    let basic = |password: &str, path: &str| bench.client.get(url(path)).basic_auth("acme", Some(password));
    assert_eq!(sent(basic("wrong", "partners")).await.0, 401);
    let (status, who) = sent(basic("hunter2-account", "oauth/whoami")).await;
    assert_eq!((status, &who["login"]), (200, &json!("acme")));
    // No mail, no token.
    let mut new = new_partner("acme-west");
    let create = |query: &str, body: &Value| bench.carrierx(Method::POST, &format!("partners{query}")).json(body);
    assert_eq!(sent(create("?verification_token=1", &new)).await.0, 422);
    let mail = json!({ "to_address": new["owner_email"], "partner_sid": "" });
    assert_eq!(sent(bench.carrierx(Method::POST, "verification/email").json(&mail)).await.0, 200);
    let (status, made) = sent(create("?verification_token=1", &new)).await;
    assert_eq!((status, &made["status"], &made["owner_email"]), (200, &json!("active"), &new["owner_email"]));
    let (_, part) = sent(basic("hunter2-account", "partners?includeFields=login,partner_sid")).await;
    assert_eq!(part["items"], json!([{ "login": "acme-west", "partner_sid": made["partner_sid"] }]));
    let one = format!("partners/{}?includeFields=name", made["partner_sid"].as_str().unwrap());
    assert_eq!(sent(basic("hunter2-account", &one)).await.1, json!({ "name": new["name"] }));
    // The token is for that address only; a knob makes it mean nothing.
    new["owner_email"] = "other@acme.example".into();
    new["login"] = "acme-east".into();
    assert_eq!(sent(create("?verification_token=1", &new)).await.0, 422);
    bench.sandbox.edit(|world| world.carrierx.knobs.verification_token = VerificationToken::Ignored);
    assert_eq!(sent(create("?verification_token=1", &new)).await.1["status"], "unverified");
    let log = serde_json::to_string(&bench.sandbox.log()).unwrap();
    assert!(!log.contains("hunter2"), "{log}");
    // Without a password in the world only tokens work.
    let bench = Bench::of("{}").await;
    let url = format!("{}/partners", bench.sandbox.carrierx_url().trim_end_matches('/'));
    assert_eq!(sent(bench.client.get(url).basic_auth("sandbox", Some(""))).await.0, 401);
}
