//! What is there now: managed or not, in every format, and never a part as if it were all.

use serde_json::json;

use crate::bench::{Ran, Story};

/// A partner of these fields, and the others that it needs.
fn partner(sid: u32, login: &str, more: &str) -> String {
    format!(
        "    - {{ partner_sid: 00000000-0000-4000-8000-0000000000{sid:02}, login: {login}, company_name: Acme, country_code: USA, zip: '01234', \
         owner_email: ops@acme.example, phonenumber: '1516206557{sid:02}', payment_type: postpay, {more} }}\n"
    )
}

/// Two partners, one of them managed; two providers, two bridges, four numbers.
fn world() -> String {
    let partners = partner(1, "acme-west", "name: Acme West, status: active, callbacks: { sms: https://hooks.acme.example/sms }")
        + &partner(2, "acme-east", "name: 'Acme, \"East\"', status: suspended, city: Boston");
    format!(
        "
unpod:
  knobs: {{ bridge_get: configuration_id }}
  configurations:
    - {{ id: 41, provider: twilio, account_sid: AC41, auth_token: canary-get-41 }}
    - {{ id: 42, provider: plivo, account_sid: MA42, auth_token: canary-get-42 }}
  numbers: [ {{ number: '+14155550101' }}, {{ number: '+14155550102' }}, {{ number: '+14155550103' }}, {{ number: '+14155550104' }} ]
  bridges:
    - {{ slug: sales, name: Sales, numbers: {{ '+14155550101': 41 }} }}
    - {{ slug: support, name: Support, numbers: {{ '+14155550102': null, '+14155550103': 42 }} }}
carrierx:
  partners:
{partners}"
    )
}

const MANAGED: &str = "
providers:
  main: { account: phones, provider: twilio, account_sid: AC41 }
bridges:
  front: { account: phones, slug: sales, name: Sales, numbers: { '+14155550101': { provider: main } } }
partners:
  west: { account: people, login: acme-west, zip: '01234' }
";

pub(crate) fn accounts(story: &Story, body: &str) {
    let (unpod, carrierx) = (story.sandbox.unpod_url(), story.sandbox.carrierx_url());
    let text = format!(
        "version: 1
accounts:
  phones: {{ api: unpod, base_url: \"{unpod}\", org_handle: acme.example, requests_per_minute: 60000, token: {{ env: UNPOD_TOKEN }} }}
  people: {{ api: carrierx, base_url: \"{carrierx}\", requests_per_minute: 60000, token: {{ env: CARRIERX_TOKEN }} }}
{body}"
    );
    story.file("telform.yaml", &text);
}

/// The same with a ledger that knows what the files declare.
pub(crate) fn managed() -> Story {
    let story = Story::new(&world());
    accounts(&story, MANAGED);
    story.expect(0, "apply --auto-approve");
    assert_eq!(story.writes(), [""; 0]);
    story
}

fn partners_only(partners: &str) -> Story {
    let story = Story::new(&if partners.is_empty() { "{}".to_owned() } else { format!("carrierx:\n  partners:\n{partners}") });
    story.carrierx("");
    story
}

/// Runs, and insists that nothing but GET was sent.
#[track_caller]
fn get(story: &Story, code: i32, args: &str) -> Ran {
    story.take_log();
    let ran = story.expect(code, &format!("get {args}"));
    let log = story.take_log();
    assert!(log.iter().all(|request| request.starts_with("GET ")), "{log:#?}");
    ran
}

#[test]
fn every_kind_as_tables() {
    let story = managed();
    let before = story.ledger();
    shot!("get_all", get(&story, 0, ""));
    shot!("get_numbers", get(&story, 0, "numbers"));
    shot!("get_addresses", get(&story, 0, "partners.west bridges.* numbers.+141555501?1"));
    shot!("get_mixed", get(&story, 0, "bridges.front partners --account p*"));
    assert_eq!(story.ledger(), before);
    get(&story, 0, "numbers.+1415555010? --columns number").says("+14155550104");
    get(&story, 0, "-q").says("2 providers, 2 bridges, 0 access rules, 2 partners, 0 DID groups, 4 numbers.");
}

#[test]
fn every_format() {
    let story = managed();
    shot!("get_csv", get(&story, 0, "partners -o csv"));
    shot!("get_csv_numbers", get(&story, 0, "numbers -o csv"));
    shot!("get_yaml", get(&story, 0, "-o yaml"));
    shot!("get_markdown", get(&story, 0, "-o markdown"));
    shot!("get_json", get(&story, 0, "-o json"));
    assert_eq!(get(&story, 0, "--json").json(), get(&story, 0, "-o json").json());
    let ran = get(&story, 0, "partners -o csv=partners.csv -o markdown=partners.md");
    ran.says("acme-east");
    assert_eq!(story.read("partners.csv"), get(&story, 0, "partners -o csv").stdout);
    assert_eq!(story.read("partners.md"), get(&story, 0, "partners -o markdown").stdout);
    get(&story, 1, "partners -o csv -o yaml").says("telform::cli::formats");
}

#[test]
fn columns_conditions_and_order() {
    let story = managed();
    shot!("get_columns", get(&story, 0, "partners --columns login,city,callbacks,balance,entry --sort city"));
    let logins = |args: &str| get(&story, 0, &format!("partners --columns login -o csv {args}")).stdout.replace('\n', " ");
    assert_eq!(logins(""), "login acme-east acme-west ");
    assert_eq!(logins("--where status=suspended"), "login acme-east ");
    assert_eq!(logins("--where status!=suspended"), "login acme-west ");
    assert_eq!(logins("--where login=*-west --where managed=managed"), "login acme-west ");
    assert_eq!(logins("--where login=*-west --where managed=unmanaged"), "login ");
    assert_eq!(logins("--where city="), "login acme-west ");
    assert_eq!(logins("--sort phonenumber"), "login acme-west acme-east ");
    let free = get(&story, 0, "numbers --where bridge= --columns number,account -o csv");
    assert_eq!(free.stdout, "number,account\n+14155550104,phones\n");
    let all = get(&story, 0, "--columns kind,address,account,managed -o csv");
    assert!(all.stdout.contains("\nbridges,bridges.front,phones,managed\n"), "{}", all.stdout);
    shot!("get_empty", get(&story, 0, "partners --where login=nobody --where city!="));
    get(&story, 0, "partners --where login=nobody -o csv").says("note: No partner in account people has login=nobody.");
}

#[test]
fn a_wrong_question_is_answered_before_anything_is_asked() {
    let story = managed();
    story.take_log();
    shot!("get_unknown_column", story.expect(1, "get partners --columns lgin,zip --where bridge=x --sort colour"));
    shot!("get_unknown_kind", story.expect(1, "get partnres"));
    story.expect(1, "get partners.wst").says("telform::cli::unknown_address").says("partners.west");
    story.expect(1, "get partners --account nobody").says("telform::cli::unknown_account");
    story
        .expect(1, "get bridges --account people")
        .says("telform::get::kind")
        .says("these accounts hold access_rules, partners, did_groups");
    story.expect(1, "get -o csv").says("telform::get::columns");
    story.expect(1, "get partners --where zip").says("a condition looks like");
    story.expect(1, "get partners --columns password").says("telform::get::unknown_column");
    assert_eq!(story.take_log(), [""; 0]);
}

#[test]
fn nothing_but_accounts_is_enough() {
    let story = Story::new(&world());
    accounts(&story, "");
    shot!("get_unmanaged", get(&story, 0, "partners"));
    assert!(!story.path(".telform").exists());
    // What the files declare is not managed before an apply.
    accounts(&story, MANAGED);
    let ran = get(&story, 0, "--columns kind,address,managed -o csv");
    assert!(ran.stdout.contains("\npartners,partners.west,declared\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("\nnumbers,bridges.front,declared\n"), "{}", ran.stdout);
    assert!(!story.path(".telform").exists());
    let story = partners_only("");
    shot!("get_nothing", get(&story, 0, "partners"));
    story.file("empty.yaml", "version: 1\n");
    story.expect(1, "get -f empty.yaml").says("telform::get::account");
}

#[test]
fn the_accounts_that_are_not_asked_need_no_token() {
    let mut story = managed();
    story.unset("UNPOD_TOKEN");
    get(&story, 0, "partners").says("acme-east").is_silent_about("not complete");
    get(&story, 0, "partners.west").says("acme-west").is_silent_about("not complete");
    shot!("get_no_token", get(&story, 1, "--columns kind,id"));
    story.unset("CARRIERX_TOKEN");
    get(&story, 1, "").says("CARRIERX_TOKEN").says("UNPOD_TOKEN");
}

#[test]
fn a_part_is_not_shown_as_if_it_were_all() {
    let story = managed();
    story.fault("{ match: { method: GET, path: '*/partners', times: 0 }, effect: { answer: { status: 403 } } }");
    shot!("get_unreadable_account", get(&story, 1, "bridges partners"));
    let json = get(&story, 1, "bridges partners --json").json();
    assert_eq!(json["missed"][0]["what"], "account people");
    assert_eq!(json["looked_at"], json!([{ "kind": "bridges", "account": "phones" }]));
    get(&story, 1, "partners").says("telform::live::forbidden");
    let markdown = get(&story, 1, "bridges partners -o markdown").stdout;
    assert!(markdown.contains("**Not complete.**"), "{markdown}");

    let story = managed();
    story.fault("{ match: { method: GET, path: '*/bridges/support/', times: 0 }, effect: { answer: { status: 500 } } }");
    shot!("get_unreadable_bridge", get(&story, 1, "numbers"));
    let story = managed();
    story.fault("{ match: { method: GET, path: '*/numbers/', times: 0 }, effect: { answer: { status: 403 } } }");
    shot!("get_unreadable_numbers", get(&story, 1, "bridges numbers"));
}

#[test]
fn objects_of_other_organizations_are_counted() {
    let story = Story::new(
        "
unpod:
  profile: g1-snapshot
  organizations: [{ handle: acme.example }, { handle: globex.example, foreign: true }]
  configurations:
    - { id: 41, provider: Vapi, name: main, active: true, api_key: canary-get-key-1 }
    - { id: 77, provider: Vapi, name: theirs, organization: globex.example, api_key: canary-get-key-2 }
  bridges:
    - { id: 301, slug: sales, name: Sales, product_id: one, status: DRAFT, numbers: { '+14155550101': 41, '+14155550102': 77 } }
    - { id: 303, slug: lobby, name: Lobby, organization: globex.example, product_id: one, numbers: { '+14155550109': 41 } }
",
    );
    // A bridge is foreign by its own row; here an entry asks for it by its slug.
    story.unpod_with("product_id: one, ", "bridges: { lobby: { slug: lobby, name: Lobby } }\n");
    shot!("get_foreign", get(&story, 0, ""));
    let json = get(&story, 0, "--json").json();
    assert_eq!(json["foreign"], json!([{ "account": "unpod", "kind": "bridges", "count": 1 }]));
    let theirs = json["numbers"].as_array().unwrap().iter().find(|it| it["number"] == "+14155550102").unwrap();
    assert_eq!(theirs["served_by"], json!({ "known": "foreign", "id": "77" }));
}

#[test]
fn it_is_said_what_is_not_known() {
    // Two configurations of one provider, and nothing says which one serves the number.
    let story = Story::new(
        "
unpod:
  configurations:
    - { id: 42, provider: twilio, account_sid: AC42, auth_token: canary-get-42 }
    - { id: 43, provider: twilio, account_sid: AC43, auth_token: canary-get-43 }
  numbers: [ { number: '+14155550101' } ]
  bridges: [ { slug: sales, name: Sales, numbers: { '+14155550101': 43 } } ]
",
    );
    story.unpod("providers: { main: { provider: twilio, account_sid: AC43, auth_token: { env: A } } }\n");
    shot!("get_unknown", get(&story, 0, "numbers"));
    let json = get(&story, 0, "numbers --json").json();
    assert_eq!(json["numbers"][0]["served_by"]["known"], "unknown");
    assert_eq!(json["numbers"][0]["served_by"]["one_of"][1], json!({ "id": "43", "address": "providers.main" }));
}

#[test]
fn hidden_partners_are_there() {
    let story = Story::new("{}").secret("WEST", "canary-get-west");
    story.carrierx(
        "partners:\n  west: { login: acme-west, password: { env: WEST }, name: W, company_name: A, country_code: USA, zip: '1', \
         owner_email: a@acme.example, phonenumber: '15162065574', payment_type: postpay }\n",
    );
    story.expect(0, "apply --auto-approve");
    story.take_log();
    shot!("get_hidden", get(&story, 0, "partners"));
    let json = get(&story, 0, "partners --json").json();
    assert_eq!(
        (&json["objects"][0]["managed"], &json["objects"][0]["attributes"]),
        (&json!("hidden"), &json!({ "login": "acme-west" }))
    );
}

#[test]
fn numbers_that_are_entries_and_what_is_only_referred_to() {
    let story = Story::new(&world());
    let rest = "
providers:
  main: { account: phones, provider: twilio, account_sid: AC41 }
existing:
  providers: { theirs: { account: phones, provider: plivo, account_sid: MA42 } }
bridges:
  front: { account: phones, slug: sales, name: Sales }
  help: { account: phones, slug: support, name: Support }
";
    accounts(&story, &format!("{rest}numbers: {{ '+14155550101': {{ bridge: front, provider: main }} }}\n"));
    story.expect(0, "apply --auto-approve");
    let later =
        "numbers:\n  '+14155550101': { bridge: front, provider: main }\n  '+14155550103': { bridge: help, provider: theirs }\n";
    accounts(&story, &format!("{rest}{later}"));
    shot!("get_number_entries", get(&story, 0, "providers numbers"));
    shot!("get_number_entries_yaml", get(&story, 0, "numbers -o yaml"));
    get(&story, 0, "'numbers.\"+14155550103\"' --columns number -o csv".replace('\'', "").as_str()).says("+14155550103");
    // What the YAML of `get` says is what is there.
    let entries = get(&story, 0, "numbers -o yaml").stdout;
    accounts(&story, &format!("{rest}{entries}"));
    story.expect(0, "plan --detailed-exitcode").says("Plan: no changes");
}

/// What a partner may call itself.
const HOSTILE: &[&str] = &[
    "=HYPERLINK(\"https://a.example\")",
    "+1+cmd|' /C calc'!A0",
    "'=1",
    "@SUM(A1)",
    "-2",
    "+14155550101",
    "a | b \\| `c`",
    "a, \"b\"\nc",
    "esc\u{1b}[31m",
    "bidi\u{202e}",
    "::set-output name=a::b",
    "##[group]x",
    "https://user:canary-in-a-url@a.example/x",
    "<b>&",
];

pub(crate) fn hostile() -> Story {
    let one = |(at, name): (usize, &&str)| partner(at as u32 + 1, &format!("p{:02}", at + 1), &format!("name: {}", json!(name)));
    let story = partners_only(&HOSTILE.iter().enumerate().map(one).collect::<String>());
    story.secrets.lock().unwrap().insert("canary-in-a-url".to_owned());
    story
}

#[test]
fn hostile_texts_steer_nothing() {
    let story = hostile();
    // The mark of a secret is another one in each run where no key is kept.
    get(&story, 0, "partners --columns login,name").says("p13    https://(hidden");
    let others = "partners --columns login,name --where login!=p13";
    shot!("get_hostile", get(&story, 0, others));
    shot!("get_hostile_csv", get(&story, 0, "partners --columns login,name -o csv"));
    shot!("get_hostile_markdown", get(&story, 0, &format!("{others} -o markdown")));
    get(&story, 0, "partners -o yaml");
    get(&story, 0, "partners -o json");
}

/// Every cell is the text, as GitHub draws it.
#[test]
fn markdown_keeps_the_cells_apart() {
    let story = hostile();
    let text = get(&story, 0, "partners --columns login,name -o markdown").stdout;
    let mut options = comrak::Options::default();
    options.extension.table = true;
    let html = comrak::markdown_to_html(&text, &options);
    assert_eq!(html.matches("<td>").count(), 2 * HOSTILE.len(), "{html}");
    assert!(html.contains("<td><code>a | b \\u{5c}| `c`</code></td>"), "{html}");
}

#[test]
fn with_a_sandbox() {
    let story = Story::new("{}");
    story.expect(0, "init --quickstart");
    let world = story.read("world.yaml");
    shot!("get_sandbox", story.expect(0, "get --sandbox world.yaml"));
    assert_eq!(story.read("world.yaml"), world);
}
