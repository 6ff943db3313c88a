//! Nothing that telform writes or prints allows guessing a weak secret without the key: neither the secret itself, nor
//! anything that is computed only from it and from public facts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use telform::model::ledger::FingerprintKey;
use telform::model::value::Secret;
use telform::sandbox::World;

use crate::bench::{CARRIERX_TOKEN, Story, UNPOD_TOKEN};

/// As weak as they come.
const WEAK: &str = "4711";
const OTHER: &str = "4712";

const KEYS: [&str; 2] = ["canary-key-a-0123456789abcdef0123456789", "canary-key-b-0123456789abcdef0123456789"];

const NEWER: &str = "
providers:
  main: { provider: twilio, account_sid: AC1, auth_token: { env: WEAK } }
  twin: { provider: plivo, account_sid: MA1, auth_token: { env: WEAK } }
partners:
  west: { login: west, password: { env: WEAK }, name: W, company_name: W, country_code: USA, zip: '90802', owner_email: w@w.example, phonenumber: '15162065574', payment_type: postpay }
";
/// The older generation gives secrets back in clear, or masked.
const OLDER: &str = "
providers:
  main: { name: main, provider: Vapi, api_key: { env: WEAK }, api_secret: { env: WEAK } }
  twin: { name: twin, provider: LiveKit, api_key: { env: WEAK } }
";

/// Texts by origin: files that were written and everything that was printed.
type Traces = BTreeMap<String, String>;

/// Everything that one life of a configuration leaves behind, from nothing to a changed secret that waits.
fn traces(story: &mut Story, world: &World, secret: &str, key: &str) -> Traces {
    story.sandbox.edit(|there| *there = world.clone());
    let _ = fs::remove_dir_all(story.path(".telform"));
    story.set("WEAK", secret);
    story.set("TELFORM_FINGERPRINT_KEY", key);
    let mut traces = Traces::new();
    for command in [
        "plan --json",
        "apply --auto-approve --json -v",
        "plan -v",
        "plan --json",
        "drift --json",
        "ledger list --json",
        "ledger show providers.main --json",
        "validate --json",
    ] {
        let ran = story.run(command);
        assert!(ran.code <= 2, "{command}: {}", ran.whole());
        traces.insert(format!("telform {command} ({})", traces.len()), format!("{}{}", ran.stdout, ran.stderr));
    }
    // Changed in the configuration and not written yet.
    story.set("WEAK", "9998");
    for command in ["plan --json", "drift --json"] {
        let ran = story.run(command);
        traces.insert(format!("telform {command}, changed"), format!("{}{}", ran.stdout, ran.stderr));
    }
    for entry in fs::read_dir(story.path(".telform")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert_ne!(name, "ledger.key", "the key comes from the environment");
        traces.insert(name, fs::read_to_string(path).unwrap());
    }
    assert!(traces.contains_key("ledger.json") && traces.contains_key("ledger.lock"));
    traces
}

/// Words of a text, in the alphabet of hashes and encodings.
fn words(traces: &Traces) -> BTreeSet<&str> {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_');
    traces.values().flat_map(|text| text.split(move |c: char| !inside(c))).filter(|word| !word.is_empty()).collect()
}

/// First eight bytes of whatever a word may be an encoding of.
fn beginnings(words: &BTreeSet<&str>) -> BTreeSet<[u8; 8]> {
    let hex = |word: &str| -> Option<Vec<u8>> {
        (0..word.len() / 2).map(|at| u8::from_str_radix(word.get(at * 2..at * 2 + 2)?, 16).ok()).collect()
    };
    let mut found = BTreeSet::new();
    for word in words {
        let decoded = [
            hex(word),
            STANDARD.decode(word).ok(),
            STANDARD_NO_PAD.decode(word).ok(),
            URL_SAFE_NO_PAD.decode(word).ok(),
            // A number may be a checksum.
            word.parse::<u64>().ok().map(|number| number.to_be_bytes().to_vec()),
        ];
        found.extend(decoded.into_iter().flatten().filter_map(|bytes| <[u8; 8]>::try_from(bytes.get(..8)?).ok()));
    }
    found
}

/// Eight bytes of every available unkeyed hash of a guess, and of keyed ones with a publicly known key.
fn hashes(guess: &[u8]) -> Vec<[u8; 8]> {
    let mut found = vec![cut(&Sha224::digest(guess)), cut(&Sha384::digest(guess)), cut(&Sha256::digest(Sha256::digest(guess)))];
    for key in ["", "telform fingerprint key 1"] {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(guess);
        found.push(cut(&mac.finalize().into_bytes()));
    }
    // FNV-1a.
    let fnv = guess.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    found.push(fnv.to_be_bytes());
    found
}

/// The hashes that people take first, of a guess with or without a salt.
fn common(message: &str) -> [[u8; 8]; 2] {
    [cut(&Sha256::digest(message)), cut(&Sha512::digest(message))]
}

fn cut(bytes: &[u8]) -> [u8; 8] {
    bytes[..8].try_into().unwrap()
}

/// The guesses that fit something in the traces: four digits, alone and with public facts around them as a salt.
fn guessed(traces: &Traces, facts: &[String]) -> Vec<String> {
    let words = words(traces);
    let there = beginnings(&words);
    let try_all = |range: std::ops::Range<u32>| {
        let mut found = Vec::new();
        for guess in range.map(|guess| format!("{guess:04}")) {
            let salted = facts.iter().map(|fact| format!("{fact}{guess}"));
            let mut messages = [guess.clone(), format!("\"{guess}\"")].into_iter().chain(salted);
            let raw = guess == WEAK && words.contains(guess.as_str());
            if raw
                || messages.any(|message| common(&message).iter().any(|hash| there.contains(hash)))
                || hashes(guess.as_bytes()).iter().any(|hash| there.contains(hash))
            {
                found.push(guess);
            }
        }
        found
    };
    std::thread::scope(|scope| {
        let half = scope.spawn(|| try_all(0..5000));
        let mut found = try_all(5000..10_000);
        found.extend(half.join().unwrap());
        found
    })
}

fn check(world: &str, settings: &str, yaml: &str) {
    let mut story = Story::new(world);
    story.unpod_with(settings, yaml);
    if yaml.contains("partners:") {
        let carrierx = format!(
            "version: 1\naccounts: {{ carrierx: {{ api: carrierx, base_url: \"{}\", requests_per_minute: 60000, token: {{ env: CARRIERX_TOKEN }} }} }}\n",
            story.sandbox.carrierx_url()
        );
        story.file("telform.yaml", &format!("{}---\n{carrierx}", story.read("telform.yaml")));
    }
    let world = story.sandbox.world();
    assert!(world.unpod.tokens == [UNPOD_TOKEN] && world.carrierx.tokens == [CARRIERX_TOKEN]);

    // A text that depends on the secret and not on the key would be in the first and the third and not in the second.
    let first = traces(&mut story, &world, WEAK, KEYS[0]);
    let ledger: serde_json::Value = serde_json::from_str(&first["ledger.json"]).unwrap();
    let second = traces(&mut story, &world, OTHER, KEYS[0]);
    let third = traces(&mut story, &world, WEAK, KEYS[1]);
    let (a, b, c) = (words(&first), words(&second), words(&third));
    // Times, milliseconds and the parts of run ids are short, and differ or agree by chance.
    let is_time = |word: &str| word.len() < 6 && word.bytes().all(|it| it.is_ascii_hexdigit() || b"TZ".contains(&it));
    let telling: Vec<&&str> = (a.iter()).filter(|word| !is_time(word) && c.contains(*word) && !b.contains(*word)).collect();
    assert!(telling.is_empty(), "computed from the secret without the key: {telling:?}");

    // Nor does guessing help, with every fact of the ledger as a salt.
    let id = ledger["id"].as_str().unwrap();
    let mut facts = Vec::new();
    for fact in [id, "auth_token", "providers.main", "41"] {
        facts.extend(["", ":"].map(|between| format!("{fact}{between}")));
    }
    assert_eq!(guessed(&first, &facts), [""; 0]);

    // With the key the right one is found, so there was something to guess.
    let key = FingerprintKey::from_text(KEYS[0]).unwrap();
    let mut seals = BTreeSet::new();
    let mut count = 0;
    for (address, entry) in ledger["objects"].as_object().unwrap() {
        let kind = address.split('.').next().unwrap();
        for (attribute, seal) in entry["secrets"].as_object().into_iter().flatten() {
            let text = |name: &str| entry[name].as_str().unwrap();
            let print = key.fingerprint_secret(kind, attribute, &Secret::new(WEAK));
            let expected = serde_json::to_value(key.seal_fingerprint(text("account"), text("id"), attribute, &print)).unwrap();
            assert_eq!(*seal, expected, "{address}");
            seals.insert(seal.to_string());
            count += 1;
        }
    }
    assert!(count >= 2 && seals.len() == count, "equal secrets do not look alike: {ledger}");
}

#[test]
fn a_weak_secret_cannot_be_guessed_without_the_key() {
    check("{}", "", NEWER);
}

#[test]
fn nor_where_the_service_gives_secrets_back() {
    check("unpod: { profile: g1-snapshot }", "", OLDER);
    check("unpod: { profile: g1-snapshot, knobs: { mask_secrets: true } }", "", OLDER);
}

/// The search finds what it should find.
#[test]
fn a_guess_would_be_found() {
    let sha = |text: &str| Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let planted = [
        sha("0007"),
        sha("main:4711")[..16].to_owned(),
        STANDARD.encode(Sha512::digest("8000")),
        sha("47110"),
        format!("\"{WEAK}\""),
    ];
    let traces = Traces::from([("ledger.json".to_owned(), planted.join("\n"))]);
    let mut found = guessed(&traces, &["main:".to_owned()]);
    found.sort();
    assert_eq!(found, ["0007", WEAK, "8000"]);
}
