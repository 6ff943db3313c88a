//! Secrets inside values: addresses with a login or a query, values that come from secret sources, and what looks like a token.
//! The bench looks for each of them in everything that is printed or written.

use serde_json::json;

use crate::bench::Story;
use crate::partners::{by_hand, verified};

const SID: &str = "partners/3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410";
const LOGIN: &str = "canary-hook-login-77";
const QUERY: &str = "canary-hook-query-88";
const NEWER: &str = "canary-hook-newer-99";

/// A story that knows these texts as secrets, beside those of its world.
fn watched(story: Story) -> Story {
    story.secrets.lock().unwrap().extend([LOGIN, QUERY, NEWER].map(str::to_owned));
    story
}

/// The configuration under a name that the bench does not look into: it holds the secrets itself.
fn put_aside(story: &Story) {
    std::fs::rename(story.path("telform.yaml"), story.path("secret.txt")).unwrap();
}

fn callbacks(story: &Story) -> serde_json::Value {
    story.world()["carrierx"]["partners"][0]["callbacks"].clone()
}

/// A secret source is in place of the address; its text is sent, and shown nowhere.
#[test]
fn a_callback_from_a_secret_source() {
    let first = format!("https://{LOGIN}@hooks.example/sms?key={QUERY}");
    let story = watched(verified("")).secret("HOOK", &first);
    let yaml = "partners: { west: { login: west, callbacks: { sms: { env: HOOK }, app_mediator: https://a.example/x }, \
                attributes: { crm: { env: CRM } } } }\n";
    story.carrierx(yaml);
    story.expect(0, "validate");
    // A value that was not supplied is reported before anything is written.
    story.expect(0, "plan").says("(env HOOK").says("(env CRM, not supplied)").says("must be sent");
    story.expect(1, "apply --auto-approve").says("telform::secret::not_supplied").says("attributes.crm");
    assert_eq!(story.writes(), [""; 0]);
    let story = story.secret("CRM", "canary-crm-token-1");
    story.expect(0, "rehearse");
    let ran = story.expect(0, "apply --auto-approve");
    ran.says("(env HOOK, hidden:").says("(env CRM, hidden:");
    assert_eq!(callbacks(&story), json!({ "sms": first, "app_mediator": "https://a.example/x" }));
    assert_eq!(story.world()["carrierx"]["partners"][0]["attributes"], json!({ "crm": "canary-crm-token-1" }));
    story.in_sync();
    story.expect(0, "drift");
    story.expect(0, "journal verify");
    for args in ["explain partners.west.callbacks", "plan --json", "plan --format terraform-json"] {
        story.expect(0, args);
    }
    // Another text behind the same source is a change; without the text nothing is compared.
    let mut story = story;
    story.set("HOOK", &format!("https://{NEWER}@hooks.example/sms"));
    story.expect(2, "plan --detailed-exitcode").says("(env HOOK, hidden:");
    story.unset("HOOK");
    story.expect(0, "plan --detailed-exitcode").says("not supplied: not compared").says("callbacks.sms");
    // Changed by hand at the service: seen as different, and still not shown.
    story.set("HOOK", &first);
    by_hand_callback(&story, &format!("https://{NEWER}@hooks.example/sms"));
    story.expect(2, "drift").says("callbacks");
    story.expect(0, "apply --auto-approve");
    assert_eq!(callbacks(&story)["sms"], json!(first));
}

fn by_hand_callback(story: &Story, url: &str) {
    story.sandbox.edit(|world| {
        let mut text = serde_json::to_value(&*world).unwrap();
        text["carrierx"]["partners"][0]["callbacks"]["sms"] = url.into();
        *world = serde_json::from_value(text).unwrap();
    });
}

/// The digest is the same with and without the secrets, and does not hide a secret that differs from the reviewed one.
#[test]
fn a_saved_plan_with_hidden_values() {
    let story = watched(verified(""))
        .secret("HOOK", &format!("https://{LOGIN}@hooks.example/sms"))
        .secret("TELFORM_FINGERPRINT_KEY", "canary-key-5f0c1e9a7b3d284c6a91e0f7d2b84c3e");
    story.carrierx("partners: { west: { login: west, city: Rome, callbacks: { sms: { env: HOOK } } } }\n");
    story.expect(0, "plan --out plan.json");
    story.expect(0, "verify plan.json");
    story.expect(0, "show plan.json").says("(env HOOK, hidden:");
    let digest = |story: &Story| story.expect(0, "plan --json").json()["digest"].clone();
    let with = digest(&story);
    let mut story = story;
    story.unset("HOOK");
    assert_eq!(digest(&story), with, "a pull request is planned without secrets");
    story.set("HOOK", &format!("https://{LOGIN}@hooks.example/sms"));
    // A value other than the one at the review: the digest cannot detect it, the seal can.
    story.set("HOOK", &format!("https://{NEWER}@hooks.example/sms"));
    story.expect(4, "apply plan.json --auto-approve").says("another secret");
    story.set("HOOK", &format!("https://{LOGIN}@hooks.example/sms"));
    story.expect(0, "apply plan.json --auto-approve");
    story.in_sync();
}

/// Live values with a login or a query are hidden in every view, and distinguished.
#[test]
fn live_addresses_are_hidden() {
    let world = format!(
        "      callbacks: {{ sms: 'https://{LOGIN}@hooks.example/sms?key={QUERY}', app_mediator: https://a.example/x }}\n\
         \x20     attributes: {{ token: {NEWER}-1234567890abcdef, tier: gold }}\n"
    );
    let story = watched(verified(&world));
    story.carrierx("partners: { west: { login: west, callbacks: { sms: https://hooks.example/sms } } }\n");
    for format in ["text", "json", "markdown", "html", "terraform-json"] {
        story.expect(0, &format!("plan -v --format {format}")).says("(hidden");
    }
    story.expect(0, "explain partners.west.callbacks").says("https://(hidden:");
    story.expect(0, "plan --snapshot-out snapshot.json");
    story.expect(0, "rehearse");
    story.expect(0, "apply --auto-approve");
    assert_eq!(callbacks(&story), json!({ "sms": "https://hooks.example/sms" }));
    story.in_sync();
    // Hidden text is in no journal, so nothing can restore it; this is reported.
    story.expect(5, "undo last --auto-approve").says("it contained a secret, and the journal does not store secrets");
    assert_eq!(callbacks(&story), json!({ "sms": "https://hooks.example/sms" }));
}

/// PUT writes the whole object as it was read: hidden text is sent back unchanged.
#[test]
fn a_put_keeps_what_is_hidden() {
    let url = format!("https://hooks.example/sms?key={QUERY}");
    let story = watched(verified(&format!(
        "      billing_email: bills@acme.example\n      tech_email: tech@acme.example\n      callbacks: {{ sms: '{url}' }}\n"
    )));
    story.carrierx("partners: { west: { login: west, update: put, city: Rome } }\n");
    story.expect(0, "apply --auto-approve");
    assert_eq!(callbacks(&story), json!({ "sms": url }));
    assert!(story.writes()[0].starts_with(&format!("PUT {SID}")), "{:?}", story.writes());
    story.in_sync();
}

/// Written in the YAML itself: a warning with the form to use, and nevertheless hidden.
#[test]
fn what_looks_like_a_credential() {
    let story = watched(verified(""));
    story.carrierx(&format!(
        "partners: {{ west: {{ login: west, callbacks: {{ sms: 'https://hooks.example/?token={QUERY}' }}, attributes: {{ key: \
         sk_live_{LOGIN}, note: gold }} }} }}\n"
    ));
    // The file itself holds them, which the bench would find: only what is printed counts here.
    put_aside(&story);
    let ran = story.expect(0, "validate -f secret.txt");
    ran.says("warning[telform::yaml::credential]")
        .says("sms: { env: WEST_CALLBACKS_SMS }")
        .says("key: { env: WEST_ATTRIBUTES_KEY }");
    ran.is_silent_about("`note`");
    story.expect(0, "apply --auto-approve -f secret.txt").says("https://hooks.example/?token=(hidden:");
    assert_eq!(story.world()["carrierx"]["partners"][0]["attributes"]["key"], format!("sk_live_{LOGIN}"));
    story.expect(0, "plan --detailed-exitcode -f secret.txt").says("Plan: no changes");
    by_hand(&story, "city", "Rome");
}

/// Adopted with the name of a variable in the place of the secret.
#[test]
fn adopted_without_the_secret() {
    let story = watched(verified(&format!(
        "      callbacks: {{ sms: 'https://{LOGIN}@hooks.example/sms', app_mediator: https://a.example/x }}\n"
    )));
    story.carrierx("");
    story.expect(0, "adopt --all --out telform -f telform.yaml");
    let page = story.read("telform/carrierx-partners.yaml");
    assert!(page.contains("      sms: { env: WEST_CALLBACKS_SMS }\n"), "{page}");
    assert!(page.contains("      app_mediator: \"https://a.example/x\"\n"), "{page}");
    story.expect(0, "plan --detailed-exitcode -f telform.yaml -f telform").says("not supplied: not compared");
}

/// The older generation of Unpod has addresses of its own.
#[test]
fn a_configuration_with_a_login_in_its_address() {
    let story = watched(Story::new(&format!(
        "
unpod:
  profile: g1-snapshot
  configurations:
    - {{ id: 42, provider: LiveKit, name: spare, api_key: canary-key-spare, base_url: 'https://{LOGIN}@lk.example.net' }}
"
    )));
    story.unpod_with(
        "product_id: prod, ",
        "providers: { spare: { name: spare, base_url: https://lk.example.net, sip_url: 'sip:a@b.example' } }\n",
    );
    story.expect(0, "plan").says("https://(hidden:");
    story.apply();
    story.in_sync();
}

/// Secrets in addresses in every spelling of them, each with what may be seen of it.
const SPELLINGS: [(&str, &str); 9] = [
    ("HTTPS://canary-user-1:canary-pass-1@[::1]:8443/x", "HTTPS://(hidden"),
    ("//canary-user-2:canary-pass-2@a.example/x", "//(hidden"),
    ("sip:trunk:canary-pass-3@a.example", "sip:trunk:(hidden"),
    ("https://a.example/cb#access_token=canary-query-4", "access_token=(hidden"),
    ("https%3A%2F%2Fcanary-user-5%3Ax%40a.example%2F%3Fk%3Dcanary-query-5", "https%3A%2F%2F(hidden"),
    ("https://canary-user-6:canary%2Fpass-6@a.example?k=canary-query-6&n", "?k=(hidden"),
    ("https://canary-user-7:pa/canary-pass-7@a.example/x", "https://(hidden"),
    ("mail ops@a.example or see wss://canary-user-8@a.example?x=canary-query-8", "wss://(hidden"),
    ("ftp://[2001:db8::1]/x;v=1?sig=canary-query-9", "?sig=(hidden"),
];

fn canaries(story: Story) -> Story {
    let words = SPELLINGS.iter().flat_map(|(text, _)| text.split(|char: char| !char.is_alphanumeric() && char != '-'));
    // The part cut off by an escape is looked for as well.
    let words = words.flat_map(|word| word.find("canary-").or_else(|| word.find("pass-")).map(|at| word[at..].to_owned()));
    story.secrets.lock().unwrap().extend(words.map(|word| word.trim_end_matches("-x").to_owned()));
    story
}

/// Attributes that are plain texts, lists and maps: each of them at the service and, another one, in the YAML.
#[test]
fn addresses_in_any_attribute_and_any_spelling() {
    let live = "      address1: 'KEPT'\n      address2: 'PLAIN'\n      attributes: { a: 'KEPT', 'b c': ['KEPT'] }\n\
                \x20     transformations: [{ to: 'KEPT' }]\n";
    for (at, (text, seen)) in SPELLINGS.iter().enumerate() {
        let story = canaries(verified(&live.replace("KEPT", text).replace("PLAIN", "Main St")));
        story.carrierx(
            "partners: { west: { login: west, address1: Main St, attributes: { a: b }, transformations: [] } }\n\
             removed: [{ address: partners.east, id: x-1, reason: 'see https://canary-user-1@a.example/?k=canary-query-4' }]\n",
        );
        put_aside(&story);
        let plan = story.expect(0, "plan -v -f secret.txt");
        plan.says(seen);
        if at % 3 == 0 {
            for format in ["json", "markdown", "html", "terraform-json", "github", "gitlab"] {
                story.run(&format!("plan -v --format {format} -f secret.txt"));
            }
            for args in ["explain partners.west", "explain partners.west.attributes --json", "doctor", "doctor --json"] {
                story.run(&format!("{args} -f secret.txt"));
            }
        }
        story.expect(0, "apply --auto-approve --json -f secret.txt");
        by_hand(&story, "city", text);
        for args in ["drift", "drift --json", "plan --snapshot-out s.json --out p.json"] {
            story.run(&format!("{args} -f secret.txt"));
        }
        for args in ["show p.json", "journal export", "journal show last -v"] {
            story.run(args);
        }
        // Without the city, nothing in this run knows the address any more.
        by_hand(&story, "city", "Rome");
        story.expect(5, "undo last --auto-approve -f secret.txt").says("it contained a secret");
    }
}

/// Natural keys are hidden like everything else, and still find their objects.
#[test]
fn a_name_with_a_login_in_it() {
    let story = watched(Story::new(&format!(
        "
unpod:
  profile: g1-snapshot
  configurations:
    - {{ id: 42, provider: LiveKit, name: 'https://{LOGIN}@a.example', api_key: canary-key-spare }}
    - {{ id: 43, provider: LiveKit, name: '//{NEWER}@b.example', api_key: canary-key-other }}
"
    )));
    let yaml = |name: &str, more: &str| {
        story.unpod_with("product_id: prod, ", &format!("providers: {{ spare: {{ name: '{name}', {more} }} }}\n"));
        put_aside(&story);
    };
    yaml(&format!("https://{LOGIN}@a.example"), "base_url: https://a.example");
    for args in ["plan", "plan --json", "explain providers.spare", "doctor", "apply --auto-approve", "drift --json"] {
        story.expect(0, &format!("{args} -f secret.txt")).is_silent_about("nothing is managed");
    }
    assert_eq!(story.writes().len(), 1, "found by its name, and changed in place: {:?}", story.writes());
    story.expect(0, "plan --detailed-exitcode -f secret.txt").says("Plan: no changes");
    for args in ["ledger show", "journal export", "adopt --all --out all -f secret.txt"] {
        story.run(args);
    }
}

/// A secret that the service shows in part: a match is not called different, a mismatch is written, and no part of it is
/// shown.
#[test]
fn a_secret_that_is_shown_in_part() {
    let shown = ["sk-\u{2026}abcd", "****abcd", "sk-...abcd", "\u{2022}\u{2022}\u{2022}abcd", "skxxxxxxabcd"];
    for part in shown {
        let mut story =
            verified(&format!("      attributes: {{ crm: '{part}', tier: gold }}\n")).secret("CRM", "sk-canary-crm-77-abcd");
        story.secrets.lock().unwrap().insert(part.to_owned());
        story.carrierx("partners: { west: { login: west, attributes: { crm: { env: CRM }, tier: gold } } }\n");
        let plan = story.expect(0, "plan --detailed-exitcode");
        plan.says("attributes.crm").says("only part of it");
        story.apply();
        assert_eq!(story.writes(), [""; 0]);
        story.expect(0, "plan --json --snapshot-out s.json");
        story.expect(0, "plan --detailed-exitcode --snapshot s.json").says("only part of it");
        story.expect(0, "explain partners.west.attributes");
        story.expect(0, "drift");
        // Not the one whose end is shown.
        story.set("CRM", "sk-canary-crm-88-wxyz");
        story.expect(2, "plan --detailed-exitcode").says("(shown in part, hidden:");
        story.apply();
        assert_eq!(story.world()["carrierx"]["partners"][0]["attributes"]["crm"], "sk-canary-crm-88-wxyz");
    }
}

/// Excerpts of a file, its comments and its neighbours, whole or broken, in any spelling of YAML.
#[test]
fn excerpts_show_no_part_of_an_address() {
    let story = canaries(watched(verified("")));
    let forms: [fn(&str) -> String; 6] = [
        |text| format!("    city: '{text}'\n"),
        |text| format!("    city: \"{}\"\n", text.replace('/', "\\/")),
        |text| format!("    city: \"{}\"\n", text.replace(':', "\\x3a").replace('@', "\\u0040").replace('?', "\\x3f")),
        |text| format!("    city: >-\n      {text}\n"),
        |text| format!("    city: Rome # {text}\n"),
        |text| format!("    attributes: {{ 'k {text}': 1 }}\n"),
    ];
    for (text, _) in SPELLINGS {
        for form in forms {
            for (broken, said) in [("", "wrong2"), ("   - }\n", "telform::yaml::syntax")] {
                story.carrierx(&format!(
                    "partners:\n  west:\n    login: west\n    wrong1: 1\n{}{broken}    wrong2: 2\n",
                    form(text)
                ));
                put_aside(&story);
                story.expect(1, "validate -f secret.txt").says(said);
                story.expect(1, "validate -f secret.txt --json");
            }
        }
    }
}

/// One partner takes a value from a source, others write theirs down, before and after it in the order of their names: each is compared.
#[test]
fn a_source_in_one_object_and_a_text_in_another() {
    let more = ["east", "south"].map(|login| {
        let sid = login.len();
        crate::partners::world_with_west("      attributes: { crm: one, star: '*x' }\n")
            .replace("\ncarrierx:\n  partners:\n", "")
            .replace("login: west", &format!("login: {login}"))
            .replace("3f0c6a52", &format!("3f0c6a5{sid}"))
    });
    let world = crate::partners::world_with_west("      attributes: { crm: canary-crm-1 }\n") + &more.concat();
    let mut story = Story::new(&world).secret("CRM", "canary-crm-1");
    story.carrierx(
        "partners:\n  a: { login: east, attributes: { crm: one, star: '*x' } }\n  m: { login: west, attributes: { crm: { env: CRM } } }\n\
         \x20 z: { login: south, attributes: { crm: one, star: '*x' } }\n",
    );
    story.expect(0, "plan --detailed-exitcode").says("Plan: no changes").is_silent_about("only part of it");
    story.unset("CRM");
    story.expect(0, "plan --detailed-exitcode").says("not supplied: not compared");
}
