//! A service that shows secrets of the run where none belong: in names, identities, unknown attributes, create answers, errors and
//! headers, in whatever spelling. The bench looks for the secrets in everything that is printed or written.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::bench::{CARRIERX_TOKEN, Story, UNPOD_TOKEN};
use crate::partners::{by_hand, verified};

const PASSWORD: &str = "canary-password-west";

/// The spellings in which a service, or something before it, may pass a secret on.
fn spellings(secret: &str) -> Vec<String> {
    let each = |one: &dyn Fn(u8) -> String| secret.bytes().map(one).collect::<String>();
    vec![
        secret.to_owned(),
        secret.to_uppercase(),
        each(&|byte| format!("%{byte:02x}")),
        secret.replace('-', "%2D"),
        each(&|byte| format!("\\u{byte:04x}")),
        each(&|byte| format!("{byte:02x}")),
        STANDARD.encode(secret),
        STANDARD.encode(format!("u:{secret}")),
        STANDARD.encode(format!("us:{secret}!")),
        secret.replacen('-', "-\u{200b}", 1),
    ]
}

impl Story {
    /// Watches for these spellings of a secret too, beside the secret itself.
    fn watching(self, secret: &str) -> Self {
        self.secrets.lock().unwrap().extend(spellings(secret));
        self
    }
}

/// The plan, in every format and every output, shows a mask in a name, reports it, and does not call the value different.
#[test]
fn a_name_with_a_secret_is_masked_said_and_not_compared() {
    let story = verified("").watching(PASSWORD);
    story.carrierx("partners: { west: { login: west, password: { env: WEST_PASSWORD }, name: West, city: Rome } }\n");
    for shown in spellings(PASSWORD) {
        by_hand(&story, "name", &format!("West {shown}"));
        let ran = story.expect(2, "plan --detailed-exitcode");
        ran.says("partners.west name").says("the service shows one of your secrets").says("city");
        ran.is_silent_about("West (").is_silent_about("name     ");
    }
    for (format, words) in [
        ("json", "secret_echoed"),
        ("markdown", "one of your secrets"),
        ("html", "one of your secrets"),
        ("terraform-json", ""),
        ("github", ""),
        ("gitlab", ""),
    ] {
        story.expect(0, &format!("plan --format {format}")).says(words);
    }
    story.expect(0, "explain partners.west.name").says("shows one of your secrets");
    story.expect(0, "plan --out plan.json --snapshot-out live.json");
    story.expect(0, "plan --snapshot live.json").says("the service shows one of your secrets");
    story.expect(0, "verify plan.json");
    story.expect(0, "adopt --all --out adopted");
    story.expect(0, "rehearse");
    // Other attributes are still written, and a PUT sends back the present value.
    story.expect(0, "apply --auto-approve");
    assert_eq!(story.world()["carrierx"]["partners"][0]["city"], "Rome");
    story.expect(0, "plan --detailed-exitcode").says("the service shows one of your secrets");
    story.expect(0, "drift").says("No drift");
    story.expect(0, "doctor");
    // Asked for, the value of the YAML is written.
    story.expect(0, "apply --auto-approve --resend partners.west.name");
    assert_eq!(story.world()["carrierx"]["partners"][0]["name"], "West");
    story.in_sync();
    story.expect(0, "journal verify");
}

/// Every token and password of the run counts at every service, in objects of every kind, managed or not.
#[test]
fn one_service_shows_the_secrets_of_another() {
    let code = STANDARD.encode(UNPOD_TOKEN);
    let world = format!(
        "
unpod:
  configurations:
    - {{ id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42, name: 'Main {CARRIERX_TOKEN}' }}
  bridges:
    - {{ id: 301, slug: sales, name: 'Sales {CARRIERX_TOKEN}' }}
    - {{ id: 302, slug: other, name: 'Other {PASSWORD}' }}
carrierx:
  partners:
    - {{ partner_sid: 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410, login: west, name: 'W {code}', city: Rome, \
         attributes: {{ '{PASSWORD}': x, tier: gold }} }}
    - {{ partner_sid: 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f411, login: 'east-{UNPOD_TOKEN}', name: East }}
"
    );
    let story = Story::new(&world).secret("WEST_PASSWORD", PASSWORD).watching(CARRIERX_TOKEN);
    let story = story.watching(UNPOD_TOKEN).watching(PASSWORD);
    let urls = (story.sandbox.unpod_url(), story.sandbox.carrierx_url());
    story.file(
        "telform.yaml",
        &format!(
            "version: 1
accounts:
  unpod: {{ api: unpod, base_url: \"{}\", org_handle: acme.example, requests_per_minute: 60000, token: {{ env: UNPOD_TOKEN }} }}
  carrierx: {{ api: carrierx, base_url: \"{}\", requests_per_minute: 60000, token: {{ env: CARRIERX_TOKEN }} }}
bridges: {{ sales: {{ slug: sales, name: Sales }} }}
partners:
  west: {{ login: west, name: W, city: Bern, password: {{ env: WEST_PASSWORD }}, attributes: {{ tier: gold }} }}
",
            urls.0, urls.1
        ),
    );
    let ran = story.expect(0, "plan -v");
    for said in
        ["bridges.sales name", "name of bridge other", "partners.west name", "partners.west attributes", "login of partner"]
    {
        ran.says(said);
    }
    ran.says("3f0c6a52-8b1e-4a37-9d55-0c2be1a7f411");
    story.expect(0, "apply --auto-approve");
    assert_eq!(story.world()["carrierx"]["partners"][0]["city"], "Bern");
    assert_eq!(story.world()["carrierx"]["partners"][0]["attributes"], json!({ PASSWORD: "x", "tier": "gold" }));
    story.expect(0, "ledger list");
    story.expect(0, "journal show");
}

/// A whole object that is written with PUT is sent back unchanged, including the secret: telform does not damage what it does
/// not show.
#[test]
fn a_put_sends_back_what_was_masked() {
    let name = format!("West {PASSWORD}");
    let story = verified("      billing_email: bills@acme.example\n      tech_email: tech@acme.example\n");
    by_hand(&story, "company_name", &name);
    story.carrierx("partners: { west: { login: west, password: { env: WEST_PASSWORD }, update: put, city: Rome } }\n");
    story.expect(0, "apply --auto-approve");
    assert_eq!(story.world()["carrierx"]["partners"][0]["company_name"], json!(name));
    assert_eq!(story.world()["carrierx"]["partners"][0]["city"], "Rome");
}

/// The answer to a create, and every type of error.
#[test]
fn answers_to_writes_and_errors() {
    for shown in spellings(CARRIERX_TOKEN) {
        let story = verified("").watching(CARRIERX_TOKEN).setting("TELFORM_TEST_PAUSE_MS", "1");
        story.carrierx("partners: { west: { login: west, city: Rome } }\n");
        let escaped = json!(format!("no: {shown}"));
        let answers = [
            format!("{{ answer: {{ status: 422, body: {{ json: {{ errors: [{{ field: city, message: {escaped} }}] }} }} }} }}"),
            format!("{{ answer: {{ status: 400, body: {{ text: {escaped} }} }} }}"),
            format!("{{ answer: {{ status: 500, body: {{ json: {{ message: {escaped}, {}: 1 }} }} }} }}", json!(shown)),
        ];
        for answer in answers {
            story.fault(&format!("{{ match: {{ method: PATCH, times: 0 }}, effect: {answer} }}"));
            let ran = story.run("apply --auto-approve");
            assert_ne!(ran.code, 0);
            ran.says("(secret)").says("notice::secret_echoed");
            story.sandbox.clear_faults();
        }
        let true_answer = json!({
            "partner_sid": "3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410", "login": "west", "city": "Rome", "name": shown, "new": shown,
        });
        story.fault(&format!(
            "{{ match: {{ method: PATCH }}, when: after, effect: {{ answer: {{ status: 200, body: {{ json: {true_answer} }} }} }} }}"
        ));
        story.expect(0, "apply --auto-approve").says("shows one of your secrets in");
    }
}

/// In its own attribute a secret is compared as usual, and nothing is reported.
#[test]
fn a_secret_in_its_own_place_is_no_echo() {
    let world = "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 }
";
    let story = Story::new(world).secret("AUTH", "canary-plivo-42");
    story.unpod("providers: { main: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } } }\n");
    story.expect(0, "plan --detailed-exitcode").is_silent_about("one of your secrets");
    // Nor is a text that is public in the configuration.
    let story = verified("").setting("WEST_PASSWORD", "Acme-West");
    by_hand(&story, "name", "Acme-West");
    story.carrierx("partners: { west: { login: west, password: { env: WEST_PASSWORD }, name: Acme-West } }\n");
    let ran = story.run("plan --detailed-exitcode");
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    ran.is_silent_about("one of your secrets");
}

/// Also what telform reads beside the objects, and what it leaves out of them.
#[test]
fn what_is_not_used_is_said_too() {
    let world = "
unpod:
  organizations:
    - { handle: acme.example, name: 'Acme canary-plivo-42' }
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 }
";
    let story = Story::new(world).secret("AUTH", "canary-plivo-42");
    story.unpod("providers: { main: { provider: plivo, account_sid: MA42, auth_token: { env: AUTH } } }\n");
    let ran = story.expect(0, "plan --snapshot-out live.json");
    ran.says("the service shows one of your secrets").says("`name`, which telform does not use");
    let again = story.expect(0, "plan --snapshot live.json");
    again.says("`name`, which telform does not use");
    story.expect(0, "plan --format json").says("secret_echoed");
}
