//! Texts of services, of the YAML and of the caller of telform that a CI runner would execute if a log held them unchanged. The
//! check of every run looks for them in all output; here each command gets them.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::bench::{Ran, Story};
use crate::watch::MARK;

/// The attack of each of these texts, at each position where a line may begin: after every type of line break; and where a text
/// is wrapped, at blanks or inside a long word.
pub(crate) fn evils() -> [String; 2] {
    let breaks = ["\n", "\r", "\r\n", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}"];
    let broken = |end: &&str| format!("{end}{MARK}{end}::notice::{MARK}{end}--- {MARK}");
    let wrapped = format!(" a ::notice::{MARK} --- {MARK} +++ {MARK} ~~~ {MARK} ^^^ +++ {MARK} ##[error]b").repeat(2);
    let coloured = format!("\u{1b}[0Ksection_start:1:x\r\u{1b}[0K \u{1b}[31m::notice::{MARK}\u{1b}[0m");
    let long = format!("-::notice::{MARK}").repeat(6);
    [
        format!("::add-mask::{MARK} ##[add-mask]x ##vso[task.x]y ##teamcity[z]{}", breaks.iter().map(broken).collect::<String>()),
        format!("a{long}{coloured}{wrapped}##"),
    ]
}

/// The same without characters that YAML must not hold.
fn printable(evil: &str) -> String {
    evil.replace(|char: char| char.is_control() || matches!(char, '\u{2028}' | '\u{2029}'), " ")
}

/// Runs with arguments that hold blanks.
pub(crate) fn with(story: &Story, args: &[&str]) -> Ran {
    let output = story.command("").args(args).output().unwrap();
    story.ran(&args.join(" "), &output)
}

/// The same texts in objects of both services, managed and not.
fn account(evil: &str) -> Story {
    let sid = |end: u32| format!("3f0c6a52-8b1e-4a37-9d55-0c2be1a7f41{end}");
    let partner = |end: u32, login: &str| {
        json!({
            "partner_sid": sid(end), "login": login, "name": evil, "company_name": evil, "country_code": "USA", "zip": "01234",
            "owner_email": "ops@acme.example", "phonenumber": "15162065574", "payment_type": "postpay", "city": evil,
            "attributes": { evil: evil, "##": [evil], "##vso": [{ "x": evil }] }, "transformations": [{ evil: [evil] }],
        })
    };
    let world = json!({
        "unpod": {
            "configurations": [
                { "id": 42, "provider": "plivo", "account_sid": evil, "auth_token": "canary-steering-42", "name": evil },
                { "id": 43, "provider": "twilio", "account_sid": "AC43", "auth_token": "canary-steering-43", "name": evil },
            ],
            "numbers": [{ "number": "+14155550101" }, { "number": "+14155550102" }],
            "bridges": [
                { "id": 301, "slug": "sales", "name": evil, "numbers": { "+14155550101": 42 } },
                { "id": 302, "slug": "other", "name": evil, "numbers": { "+14155550102": 43 } },
            ],
        },
        "carrierx": { "partners": [partner(0, "west"), partner(1, evil)] },
    });
    let story = Story::new(&world.to_string())
        .secret("WEST_PASSWORD", "canary-steering-west")
        .secret("AUTH", "canary-steering-auth")
        .setting("COLUMNS", "80");
    let urls = (story.sandbox.unpod_url(), story.sandbox.carrierx_url());
    story.file(
        "telform.yaml",
        &format!(
            "version: 1
accounts:
  unpod: {{ api: unpod, base_url: \"{}\", org_handle: acme.example, requests_per_minute: 60000, settle_after: 0s, token: {{ env: UNPOD_TOKEN }} }}
  carrierx: {{ api: carrierx, base_url: \"{}\", requests_per_minute: 60000, settle_after: 0s, token: {{ env: CARRIERX_TOKEN }} }}
providers: {{ main: {{ provider: plivo, account_sid: MA42, auth_token: {{ env: AUTH }}, id: '42' }} }}
bridges: {{ sales: {{ slug: sales, name: {name}, numbers: {{ '+14155550101': {{ provider: main }} }} }} }}
partners:
  west: {{ login: west, name: {text}, city: Bern, password: {{ env: WEST_PASSWORD }}, attributes: {{ {text}: {text}, tier: gold }} }}
removed:
  - {{ address: providers.evil, provider: twilio, account_sid: AC43, reason: {text} }}
",
            urls.0,
            urls.1,
            text = json!(format!("other {}", printable(evil))),
            // The service takes no longer name.
            name = json!(format!("other {}", printable(evil)).chars().take(100).collect::<String>()),
        ),
    );
    story
}

/// From the first plan to the undo, with every command that reports objects and runs.
#[test]
fn names_and_values_of_services() {
    for evil in evils() {
        let mut story = account(&evil);
        story.settings.extend([
            ("USER".to_owned(), format!("u{evil}").replace('\0', "")),
            ("CI_JOB_URL".to_owned(), format!("https://ci.example/{evil}")),
        ]);
        for args in [
            "plan",
            "plan -v",
            "plan --color always",
            "plan --json",
            "plan --format markdown",
            "plan --format html",
            "plan --format terraform-json",
            "plan --format gitlab",
            "plan --max-deletes 1 --max-numbers-dark 5 --out plan.json --snapshot-out live.json",
            "plan --snapshot live.json",
            "show plan.json",
            "verify plan.json",
            "explain partners.west",
            "explain bridges.sales",
            "explain providers.main",
            "doctor",
            "rehearse --max-deletes 1 --max-numbers-dark 5",
        ] {
            story.run(args);
        }
        story.expect(0, "apply --auto-approve --max-deletes 1 --max-numbers-dark 5");
        story.sandbox.edit(|world| {
            let mut text = serde_json::to_value(&*world).unwrap();
            text["carrierx"]["partners"][0]["city"] = json!(evil);
            text["unpod"]["bridges"][0]["name"] = json!(format!("again {evil}"));
            *world = serde_json::from_value(text).unwrap();
        });
        for args in [
            "drift",
            "drift --json",
            "ledger list",
            "ledger show partners.west",
            "ledger show bridges.sales",
            "journal list",
            "journal show",
            "journal show --at 2099-01-01",
            "journal blame partners.west",
            "journal blame bridges.sales.name",
            "journal verify",
            "journal export",
            "journal export --format csv",
            "journal export --format html",
            "undo last --auto-approve --max-deletes 9 --max-numbers-dark 9",
            "ledger move partners.west partners.east",
            "forget partners.east",
            "ledger rebuild --replace",
            "adopt --all --kind partners --out adopted",
            "adopt partners.evil 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f411",
        ] {
            story.run(args);
        }
    }
}

/// Answers that are errors, in each of their forms, to reads and to writes.
#[test]
fn errors_of_services() {
    for (round, evil) in evils().into_iter().enumerate() {
        let story = account(&evil);
        let (text, page) = (json!(evil), json!(format!("<html><title>{evil}</title><h1>{evil}</h1></html>")));
        let bodies = [
            format!("{{ json: {{ message: {text}, error: {text}, {text}: 1 }} }}"),
            format!("{{ json: {{ type: 'about:blank', title: {text}, detail: {text}, instance: {text} }} }}"),
            format!("{{ json: {{ errors: [{{ field: {text}, message: {text} }}] }} }}"),
            format!("{{ text: {text} }}"),
            format!("{{ text: {page} }}"),
        ];
        for (body, status) in bodies.iter().zip([403, 422, 400, 404, 500]) {
            for (method, args) in [("GET", "plan"), ("GET", "doctor"), ("PATCH", "apply --auto-approve --target partners.west")] {
                if round > 0 && args != "plan" {
                    continue;
                }
                story.fault(&format!(
                    "{{ match: {{ method: {method}, times: 0 }}, effect: {{ answer: {{ status: {status}, body: {body} }} }} }}"
                ));
                let ran = story.run(args);
                assert_ne!(ran.code, 0, "{}", ran.whole());
                story.sandbox.clear_faults();
            }
        }
        for (name, answer) in [("location", 302), ("retry_after", 429)] {
            let header = json!(evil.replace(char::is_control, " "));
            story.fault(&format!("{{ match: {{ times: 0 }}, effect: {{ answer: {{ status: {answer}, {name}: {header} }} }} }}"));
            story.run("plan");
            story.sandbox.clear_faults();
        }
    }
}

/// The words beside a status, a kind of content and an id of a request, straight from the wire.
#[test]
fn headers_of_an_answer() {
    let evil = format!("::notice::{MARK} ##[add-mask]x ##vso[a]b");
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = server.local_addr().unwrap();
    let serves = std::thread::spawn(move || {
        // Until a stop is requested.
        for stream in server.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = [0; 2048];
            let length = stream.read(&mut asked).unwrap();
            if asked[..length].starts_with(b"END") {
                return;
            }
            let answer = format!(
                "HTTP/1.1 403 {evil}\r\ncontent-type: {evil}\r\nx-request-id: {evil}\r\nlocation: {evil}\r\nserver: {evil}\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno"
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let story = Story::new("{}");
    story.file(
        "telform.yaml",
        &format!("version: 1\naccounts: {{ c: {{ api: carrierx, base_url: 'http://{at}/', token: {{ env: CARRIERX_TOKEN }} }} }}\npartners: {{ west: {{ login: west }} }}\n"),
    );
    for args in ["plan", "plan --json", "doctor", "drift"] {
        story.run(args).says("403");
    }
    std::net::TcpStream::connect(at).unwrap().write_all(b"END").unwrap();
    serves.join().unwrap();
}

/// Problems of a file are shown with the lines around them.
#[test]
fn excerpts_of_the_yaml() {
    let plain = "::notice::QQ7 ##[add-mask]x ##vso[a]b ##teamcity[c]";
    let inside = |text: &Value| {
        [
            format!("partners: {{ west: {{ login: {text}, {text}: 1, payment_type: {text}, zip: [{text}] }} }}\n"),
            format!("partners: {{ {text}: {{ login: west }} }}\n"),
            format!("{text}: 1\n"),
            format!("# {plain}\n:{plain}\n"),
            format!("partners:\n  west:\n{plain}: [\n{plain}\n"),
            "partners:\n  west:\n    login: |\n      x\n\n      ::notice::QQ7\n      --- QQ7\n    zp: 1\n".to_owned(),
            format!("removed:\n  - {{ address: {text}, reason: {text} }}\n"),
            format!("moved:\n  - {{ from: {text}, to: {text} }}\n"),
            format!("partners: {{ west: {{ login: west, password: {{ env: {text}, file: {text} }} }} }}\n"),
            format!("partners: {{ west: {{ login: west, password: {{ file: {text} }} }} }}\n"),
            format!("partners: {{ west: {{ login: west, attributes: {{ '##': [*{plain}] }} }} }}\n"),
            "partners: { west: { login: west, acls: [{ '##': 1 }], callbacks: { '##vso': [x] } } }\n".to_owned(),
            format!("bridges: {{ sales: {{ slug: {text}, name: x, numbers: {{ {text}: {{ provider: {text} }} }} }} }}\n"),
            format!("ledger: {text}\n"),
        ]
    };
    let alone = |text: &Value| {
        [
            format!("version: 1\naccounts: {{ {text}: {{ api: {text}, token: {text} }} }}\n"),
            format!("version: 1\naccounts: {{ c: {{ api: carrierx, base_url: {text}, token: {{ env: {text} }} }} }}\n"),
            format!("version: {text}\n"),
        ]
    };
    let story = account("x");
    let top = story.read("telform.yaml").split("providers:").next().unwrap().to_owned();
    let commands = ["validate --color always", "validate --json", "plan", "validate --format gitlab"];
    let [first, second] = evils();
    for (round, evil) in [first, printable(&second)].into_iter().enumerate() {
        let text = json!(evil);
        let bodies = inside(&text).map(|body| format!("{top}{body}")).into_iter().chain(alone(&text));
        for (at, body) in bodies.enumerate() {
            story.file("telform.yaml", &body);
            story.run(commands[(at + round) % commands.len()]);
        }
    }
}

/// Arguments and variables, which a workflow may have filled in from a branch or a title.
#[test]
fn arguments_and_variables() {
    for (round, evil) in evils().into_iter().enumerate() {
        let mut story = account(&evil);
        let value = |name: &str| format!("--{name}={evil}");
        for args in [
            vec![evil.as_str()],
            vec!["plan", &evil],
            vec!["plan", "-f", &evil],
            vec!["plan", "--target", &evil],
            vec!["plan", &value("target")],
            vec!["plan", "--format", &evil],
            vec!["plan", &value("no-such-option")],
            vec!["plan", &value("secret-command-env")],
            vec!["plan", &value("secret-env")],
            vec!["plan", &value("secret-dir")],
            vec!["plan", &value("allow-host")],
            vec!["plan", &value("journal-head")],
            vec!["plan", &value("ledger")],
            vec!["plan", &value("policy"), "--allow-commands"],
            vec!["plan", "--json", "--target", &evil],
            vec!["apply", "--auto-approve", "--expect", &evil],
            vec!["show", &evil],
            vec!["verify", &evil],
            vec!["explain", &evil],
            vec!["adopt", &evil, &evil],
            vec!["adopt", "partners.west", &evil],
            vec!["forget", &evil],
            vec!["ledger", "unlock", "--lock-id", &evil],
            vec!["ledger", "show", &evil],
            vec!["journal", "show", &evil],
            vec!["journal", "show", "--at", &evil],
            vec!["journal", "blame", &evil],
            vec!["undo", &evil],
            vec!["docs", &evil],
            vec!["schema", &evil],
            vec!["rehearse", "--fault", &evil],
            vec!["sandbox", &evil],
            vec!["doctor", "--sandbox", &evil],
            vec!["init", "--account", &evil],
            vec!["init", "--set", &evil],
            vec!["approve", &evil, "--sign", &evil],
            vec!["completions", &evil],
        ] {
            let ran = with(&story, &args);
            assert_ne!(ran.code, 0, "{args:?}");
        }
        let names = [
            "TELFORM_LEDGER",
            "TELFORM_JOURNAL_HEAD",
            "TELFORM_JOURNAL_HEAD_FILE",
            "TELFORM_ALLOW_HOST",
            "TELFORM_SECRET_ENV",
            "TELFORM_FINGERPRINT_KEY",
            "TELFORM_APPROVALS",
            "COLUMNS",
        ];
        for name in names.into_iter().filter(|_| round == 0) {
            story.settings.insert(name.to_owned(), evil.clone());
            story.run("plan");
            story.settings.remove(name);
        }
    }
}

/// The output of the user's programs: a policy, and a secret command.
#[cfg(unix)]
#[test]
fn what_programs_say() {
    for evil in evils() {
        let story = account(&evil);
        story.file("said", &evil);
        for (policy, code) in [("cat {}", 0), ("cat {} >&2; exit 1", 1), ("cat {}; exit 1", 1)] {
            let script = policy.replace("{}", &story.path("said").to_string_lossy());
            story.file("policy.sh", &format!("#!/bin/sh\n{script}\n"));
            let shown = with(&story, &["plan", "--max-deletes", "1", "--max-numbers-dark", "5", "--policy", "sh policy.sh"]);
            assert!(shown.code == 0 || code == 1, "{}", shown.whole());
            let yaml = story.read("telform.yaml");
            let command = format!("command: [sh, {}]", Value::from(story.path("policy.sh").to_string_lossy()));
            story.file("telform.yaml", &yaml.replace("env: AUTH", &command));
            story.run("plan --allow-commands");
            story.run("plan");
            story.file("telform.yaml", &yaml);
        }
    }
}
