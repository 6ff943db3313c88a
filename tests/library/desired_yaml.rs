//! The tree: it agrees with another reader of YAML, its spans are slices of the file, its limits hold, and no text makes it
//! panic or show a secret.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use telform::config::desired;
use telform::config::problem::{Problems, Span, render_problems};
use telform::config::yaml::{self, KeySecrecy, NodeData, PlainScalar, YamlNode};

fn parse(text: &str) -> (yaml::YamlFile, Problems) {
    yaml::parse_file("x.yaml", text, &|key| if key == "token" { KeySecrecy::Sure } else { KeySecrecy::No })
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn files(name: &str) -> Vec<(PathBuf, String)> {
    fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "yaml"))
        .filter_map(|path| fs::read_to_string(&path).ok().map(|text| (path, text)))
        .collect()
}

/// Our tree as JSON, with the same meaning of plain scalars as the other reader's.
fn plain(node: &YamlNode) -> Value {
    match &node.data {
        NodeData::List(items) => Value::Array(items.iter().map(plain).collect()),
        NodeData::Map(entries) => {
            Value::Object(entries.iter().map(|entry| (entry.key.to_string(), plain(&entry.value))).collect::<Map<_, _>>())
        }
        NodeData::Scalar(scalar) => match scalar.classify_scalar() {
            PlainScalar::Null => Value::Null,
            PlainScalar::Bool => Value::Bool(&*scalar.text == "true"),
            PlainScalar::Integer | PlainScalar::Number => serde_json::from_str(&scalar.text).unwrap(),
            _ => Value::String(scalar.text.to_string()),
        },
    }
}

#[test]
fn another_reader_agrees_on_every_good_file() {
    for (path, text) in files("good-yaml") {
        let theirs: Vec<Value> = yaml_serde::Deserializer::from_str(&text)
            .map(|document| {
                let mut value = yaml_serde::Value::deserialize(document).unwrap();
                value.apply_merge().unwrap();
                serde_json::to_value(value).unwrap()
            })
            .collect();
        let (file, problems) = parse(&text);
        assert!(problems.is_empty(), "{problems}");
        let ours: Vec<Value> = file.documents.iter().map(plain).collect();
        // Maps compare without order.
        assert_eq!(ours, theirs, "{}", path.display());
    }
}

fn spans(node: &YamlNode, out: &mut Vec<(Span, Option<String>)>) {
    out.push((node.used_at, None));
    out.push((node.span, node.as_scalar().map(|scalar| scalar.text.to_string())));
    for item in node.as_list().unwrap_or_default() {
        spans(item, out);
    }
    for entry in node.as_map().unwrap_or_default() {
        out.push((entry.key_span, Some(entry.key.to_string())));
        spans(&entry.value, out);
    }
}

/// Line and column of an offset, counted anew.
fn count(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..offset];
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (line, text[start..offset].chars().count() + 1)
}

#[test]
fn spans_are_the_slices_of_the_file() {
    for (path, text) in files("good-yaml") {
        let mut all = Vec::new();
        for document in parse(&text).0.documents {
            spans(&document, &mut all);
        }
        for (span, scalar) in all {
            let slice = text.get(span.start()..span.end()).unwrap();
            assert_eq!((span.line(), span.column()), count(&text, span.start()), "{}: {slice}", path.display());
            if let Some(scalar) = scalar.filter(|_| !slice.starts_with(['"', '\'', '|'])) {
                assert_eq!(slice, scalar);
            }
        }
    }
}

#[test]
fn places_survive_wide_characters_and_all_line_ends() {
    for end in ["\n", "\r\n", "\r"] {
        let text = format!("version: 1{end}\"日本ü\": {{ ü: 1, colour: 2 }}{end}partnres: {{}}{end}");
        let problems = desired::load_text("x.yaml", Path::new(""), &text).unwrap_err();
        let places: Vec<_> = problems.iter().map(|it| (it.location.line, it.location.column)).collect();
        assert_eq!(places, [(2, 1), (3, 1)], "{end:?}");
        let shown = render_problems(&problems, false, 80);
        assert!(shown.contains("3 │ partnres: {}"), "{shown}");
        assert!(shown.contains("2 │ \"日本ü\""), "{shown}");
        assert!(!shown.contains('\r'));
    }
    let problems = desired::load_text("x.yaml", Path::new(""), "\u{feff}version: 2\n").unwrap_err();
    assert_eq!((problems.len(), problems.iter().next().unwrap().location.line), (1, 1));
}

#[test]
fn limits_are_early_and_named() {
    let deep = "[".repeat(100_000);
    let block: String = (0..2000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    // Aliases count with what they repeat, so this is a small text.
    let wide = format!("a: &a [{}]\nb: [{}]\n", "1,".repeat(1000), "*a,".repeat(yaml::MAX_NODES / 1000 + 1));
    let doubling: String = std::iter::once("a0: &a0 [x, x]\n".to_owned())
        .chain((1..60).map(|at| format!("a{at}: &a{at} [*a{}, *a{}]\n", at - 1, at - 1)))
        .collect();
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), "*a,".repeat(10_000));
    let nested: String =
        std::iter::once("a0: &a0 [x]\n".to_owned()).chain((1..70).map(|at| format!("a{at}: &a{at} [*a{}]\n", at - 1))).collect();
    // How far each may be read, as bytes: where the limit is passed, reading ends. No clock says that on a busy machine.
    let levels = 2 * yaml::MAX_DEPTH + 2;
    for (text, word, most) in [
        (deep.clone(), "64 levels", levels),
        ("{a: ".repeat(100_000), "64 levels", 4 * levels),
        ("- ".repeat(100_000), "64 levels", 2 * levels),
        (block, "64 levels", levels * levels),
        (wide.clone(), "4000000 values", wide.len()),
        (doubling, "4000000 values", 24 * "a10: &a10 [*a9, *a9]\n".len()),
        (long.clone(), "bytes of text", long.len() - 9_000),
        (nested, "64 levels", levels * "a10: &a10 [*a9]\n".len()),
        (" ".repeat(yaml::MAX_BYTES + 1), "limit is 67108864", 0),
    ] {
        let (file, problems) = parse(&text);
        assert!(file.documents.is_empty());
        let shown = render_problems(&problems, false, 80);
        assert!(shown.contains("telform::yaml::limit") && shown.contains(word), "{word}: {shown}");
        let place = &problems.iter().next().unwrap().location;
        let (line, column) = (place.line as usize, place.column as usize);
        let above: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let read = above + column - 1;
        assert!(read <= most, "{word}: {read} bytes were read, and {most} are enough");
    }
}

/// What looks like the start of many URLs is scanned once: scanning the rest for each of them would take hours.
#[test]
fn hiding_the_logins_of_urls_takes_no_longer_than_reading() {
    for text in [format!("a: {}", "x://".repeat(200_000)), format!("a: [{}", "b://c@d?e,".repeat(100_000))] {
        let (_, problems) = parse(&text);
        drop(problems);
    }
}

#[test]
fn a_large_file_is_read() {
    let mut text = "version: 1\naccounts: { c: { api: carrierx, token: { env: T } } }\npartners:\n".to_owned();
    for at in 0..5000 {
        text.push_str(&format!(
            "  p{at}: {{ login: l{at}, password: {{ env: P }}, name: N, company_name: C, country_code: USA, zip: \"1\", \
             owner_email: a@b, phonenumber: \"1\", payment_type: postpay }}\n"
        ));
    }
    assert_eq!(desired::load_text("x.yaml", Path::new(""), &text).unwrap().desired.objects.len(), 5000);
    // The same on one line, as JSON: with places counted from the start of the line again and again this would take hours.
    let (file, _) = parse(&text);
    let line = plain(&file.documents[0]).to_string();
    assert_eq!(desired::load_text("x.json", Path::new(""), &line).unwrap().desired.objects.len(), 5000);
}

#[test]
fn many_problems_are_all_listed_and_quickly_drawn() {
    let text: String = std::iter::once("version: 1\n".to_owned()).chain((0..5000).map(|at| format!("k{at}: 1\n"))).collect();
    let problems = desired::load_text("x.yaml", Path::new(""), &text).unwrap_err();
    assert_eq!(problems.len(), 5000);
    let shown = render_problems(&problems, false, 80);
    assert_eq!(shown.lines().filter(|line| line.contains(": error[")).count(), 5000);
    assert!(shown.ends_with("5000 errors\n"));
    assert_eq!(problems.to_reports().len(), 5000);
}

#[test]
fn json_form() {
    let problems = desired::load_text("x.yaml", Path::new(""), "version: 1\npartnres: {}\n").unwrap_err();
    assert_eq!(
        serde_json::to_value(problems.to_reports()).unwrap(),
        json!([{
            "severity": "error", "code": "telform::yaml::unknown_key", "message": "unknown key `partnres` at the top of a file",
            "file": "x.yaml", "line": 2, "column": 1,
            "labels": [{ "file": "x.yaml", "line": 2, "column": 1, "offset": 11, "length": 8, "text": "did you mean `partners`?" }],
            "help": "known here: `version`, `overlay`, `accounts`, `defaults`, `existing`, `guards`, `ledger`, `moved`, `policy`, `removed`, `providers`, `bridges`, `access_rules`, `partners`, `did_groups`, `billing_groups`, `outbound_voice_profiles`, `credential_connections`, `ip_connections`, `fqdn_connections`, `ips`, `fqdns`, `phone_numbers`, `managed_accounts`, `numbers`",
        }])
    );
}

/// Whatever is in place of a secret, and however broken the file around it, nothing shows it.
const SECRET: &str = "hunter2";

fn quiet(text: &str) {
    if let Err(problems) = desired::load_text("x.yaml", Path::new(""), text) {
        let shown = format!(
            "{}{}{problems:?}",
            render_problems(&problems, false, 80),
            serde_json::to_string(&problems.to_reports()).unwrap()
        );
        assert!(!shown.contains(SECRET), "{text}\n{shown}");
    }
    let (file, problems) = parse(text);
    assert!(!format!("{file:?}{problems:?}").contains(SECRET));
}

fn samples() -> Vec<String> {
    let mut samples: Vec<String> = files("good-yaml").into_iter().map(|(_, text)| text).collect();
    samples.extend(files("bad-yaml").into_iter().map(|(_, text)| text).filter(|text| text.len() < 5000));
    samples
}

/// A way to write a literal secret, for a key at the given depth.
fn literal() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "hunter2",
        "\"hunter2\"",
        "'hunter2'",
        "*hunter2",
        "&hunter2 x",
        "!hunter2 x",
        "!x hunter2",
        "[hunter2]",
        "{hunter2}",
        "{ value: hunter2 }",
        "{ env: hunter2! }",
        "|\n        hunter2",
        ">-\n        hunter2\n        hunter2",
        "@hunter2",
        "%hunter2",
        "`hunter2`",
        "\n      hunter2",
        "\n      - hunter2",
        "\n      a: hunter2",
        "\"hunter2",
        "'hunter2",
        "? hunter2",
        "hunter2: hunter2",
        "\"\\xhunter2\"",
        "{ command: hunter2 }",
        "[hunter2",
        "{ a: hunter2",
    ])
    .prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = parse(&text);
        let _ = desired::load_text("x.yaml", Path::new(""), &text);
    }

    #[test]
    fn yaml_like_texts(text in "([\\[\\]{}:,&*!|>'\"%@`#\\-? \n\ta-c0-9<~=.\u{e9}\u{202e}\\\\]|version: 1\n|<<: ){0,80}") {
        if let Err(problems) = desired::load_text("x.yaml", Path::new(""), &text) {
            let shown = render_problems(&problems, false, 80);
            prop_assert!(!shown.chars().any(|char| char != '\n' && (char.is_control() || char == '\u{202e}')), "{shown:?}");
        }
    }

    #[test]
    fn cut_and_mutated_files(
        sample in prop::sample::select(samples()), at in any::<prop::sample::Index>(), length in 0usize..40,
        insert in "[\\[\\]{}:,&*!|>'\"%@`#\\-? \n\ta-c]{0,4}",
    ) {
        let starts: Vec<usize> = sample.char_indices().map(|(at, _)| at).chain([sample.len()]).collect();
        let from = at.index(starts.len());
        let to = (from + length).min(starts.len() - 1);
        let text = format!("{}{insert}{}", &sample[..starts[from]], &sample[starts[to]..]);
        match desired::load_text("x.yaml", Path::new(""), &text) {
            Ok(loaded) => drop(format!("{loaded:?}")),
            Err(problems) => {
                let shown = render_problems(&problems, true, 60);
                for problem in &problems {
                    prop_assert!(render_problems(&problems, false, 80).contains(&problem.to_string()), "{shown}");
                }
            }
        }
    }

    #[test]
    fn literal_secrets_stay_hidden(
        key in prop::sample::select(vec!["token", "auth_token", "password", "api_key", "api_secret", "pasword", "auth-token"]),
        literal in literal(), space in prop::sample::select(vec![" ", "  "]), tail in prop::sample::select(vec!["", " ]", "\n  }", "\n\t", "\n   x"]),
        top in prop::sample::select(vec!["accounts", "providers", "partners"]),
    ) {
        let text = format!(
            "version: 1\naccounts:\n  cx:\n    api: carrierx\n    token: {{ env: T }}\n{top}2: 1\n{top}:\n  a:\n    zpi: 1\n    {key}:{space}{literal}\n    colour: blue\n{tail}"
        );
        quiet(&text);
    }
}
