//! What programs read: the output of every run of every story with `--json` against its published schema, and here one real
//! example of every command, which `docs/reference/machine-output.md` shows. `TELFORM_BLESS=1` rewrites the page.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use clap::CommandFactory;
use serde_json::{Value, json};
use telform::output::{self, OUTPUT_FORMATS, OutputFormat};

use crate::bench::{Ran, Story};
use crate::volatile::normal;

/// A schema that accepts only the members it names. The published one allows more, because newer versions add members; here
/// a member that is not documented must be noticed.
fn closed(schema: &mut Value, inside: bool) {
    const BRANCHES: [&str; 3] = ["oneOf", "anyOf", "allOf"];
    let Some(object) = schema.as_object_mut() else {
        if let Some(list) = schema.as_array_mut() {
            list.iter_mut().for_each(|item| closed(item, false));
        }
        return;
    };
    let own = object.contains_key("properties") && object.get("type").is_some_and(|ty| ty == "object");
    for (name, below) in object.iter_mut() {
        match (name.as_str(), below) {
            (branch, Value::Array(branches)) if BRANCHES.contains(&branch) => {
                branches.iter_mut().for_each(|branch| closed(branch, own || inside));
            }
            // Names of members, not words of the language.
            ("properties" | "$defs", Value::Object(members)) => {
                members.values_mut().for_each(|member| closed(member, false));
            }
            ("const" | "enum" | "required" | "default", _) => {}
            (_, below) => closed(below, false),
        }
    }
    if own && !inside && !object.contains_key("additionalProperties") {
        object.insert("unevaluatedProperties".to_owned(), json!(false));
    }
}

fn shape(format: &str) -> &'static OutputFormat {
    OUTPUT_FORMATS.iter().find(|shape| shape.format == format).unwrap_or_else(|| panic!("nobody describes {format}"))
}

/// Requires that a document or a line matches its schema.
#[track_caller]
fn fits(value: &Value) {
    let format = value["format"].as_str().unwrap_or_else(|| panic!("it has no head: {value}"));
    let shape = shape(format);
    assert_eq!(value["format_version"], shape.version, "{format}");
    let mut schema = shape.schema();
    closed(&mut schema, false);
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let wrong: Vec<String> = validator.iter_errors(value).map(|error| format!("{error} at {}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{format} is not what its schema says: {wrong:#?}\n{value:#}");
}

/// Every command that can be typed, from the arguments themselves.
pub(crate) fn commands() -> BTreeSet<String> {
    fn walk(command: &clap::Command, path: &str, found: &mut BTreeSet<String>) {
        for below in command.get_subcommands().filter(|it| it.get_name() != "help") {
            let path = format!("{path} {}", below.get_name()).trim_start().to_owned();
            if below.has_subcommands() {
                walk(below, &path, found);
            } else {
                found.insert(path);
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(&telform::cli::Cli::command(), "", &mut found);
    assert!(found.len() > 25, "{found:?}");
    found
}

/// Which command a line of arguments is.
pub(crate) fn command_of(args: &str) -> Option<String> {
    let words: Vec<&str> = args.split_whitespace().filter(|word| !word.starts_with('-')).collect();
    let all = commands();
    (0..words.len()).find_map(|at| {
        let two = words.get(at + 1).map(|next| format!("{} {next}", words[at]));
        two.filter(|two| all.contains(two)).or_else(|| Some(words[at].to_owned()).filter(|it| all.contains(it)))
    })
}

/// Standard output holds only the JSON of this command. The bench asks this of every run with `--json`.
#[track_caller]
pub(crate) fn look_over(args: &str, ran: &Ran) {
    // A JSON Schema describes documents and is none of them.
    let Some(command) = command_of(args).filter(|it| it != "schema") else { return };
    let parse =
        |text: &str| -> Value { serde_json::from_str(text).unwrap_or_else(|error| panic!("telform {args}: {error}: {text}")) };
    // A plan that is only shown is one document.
    let only_plan = args.split_whitespace().any(|word| word == "--plan");
    let streams = shape("telform-event").commands.contains(&command.as_str()) && !only_plan;
    let values: Vec<Value> = if streams { ran.stdout.lines().map(parse).collect() } else { vec![parse(&ran.stdout)] };
    for value in &values {
        let known = shape(value["format"].as_str().unwrap_or_default());
        assert!(
            known.commands.is_empty() || known.commands.contains(&command.as_str()),
            "telform {args} prints {}",
            known.format
        );
        fits(value);
    }
    let last = values.last().unwrap_or_else(|| panic!("telform {args} prints nothing"));
    let usage = values[0]["code"] == "telform::cli::usage";
    if streams && !usage {
        assert_eq!((&last["event"], &last["exit"]), (&json!("ended"), &json!(ran.code)), "telform {args}");
    }
}

const YAML: &str = "
providers:
  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
bridges:
  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: main } } }
removed:
  - { address: providers.old, id: '42' }
";

pub(crate) fn story() -> Story {
    let story = Story::new(
        "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-machine-42 }
    - { id: 77, provider: exotel, account_sid: EX77, auth_token: canary-machine-77 }
  numbers: [ { number: '+14155550101' } ]
  bridges:
    - { slug: sales, name: Sales, numbers: { '+14155550101': 42 } }
",
    )
    .secret("AUTH", "canary-machine-auth")
    .setting("USER", "ada");
    story.unpod(YAML);
    crate::keys::simple(&story, "ann");
    story
}

/// In this order, on one folder: arguments, exit code, and what is printed.
pub(crate) const EXAMPLES: &[(&str, i32, &str)] = &[
    ("validate", 0, "telform-validation"),
    ("fmt --diff", 0, "telform-formatting"),
    ("plan --max-deletes 1", 0, "telform-plan"),
    ("plan --max-deletes 1 --out plan.json", 0, "telform-plan"),
    ("show plan.json", 0, "telform-plan"),
    ("plan --out refused.json", 3, "telform-plan"),
    ("diff plan.json refused.json", 2, "telform-plan-comparison"),
    ("graph plan.json", 0, "telform-graph"),
    ("approve plan.json --sign keys/ann --identity ann@example.com", 0, "telform-approval-written"),
    ("verify plan.json", 0, "telform-verify-plan"),
    ("rehearse plan.json", 0, "telform-event"),
    ("apply plan.json --auto-approve", 0, "telform-event"),
    ("destroy --plan --max-deletes 5 --max-numbers-dark 5", 0, "telform-plan"),
    ("verify .telform/ledger.journal", 0, "telform-verify-journal"),
    ("explain bridges.sales.numbers", 0, "telform-explanation"),
    ("drift", 0, "telform-drift"),
    ("get", 0, "telform-get"),
    ("doctor", 0, "telform-doctor"),
    ("ledger list", 0, "telform-ledger-list"),
    ("ledger show bridges.sales", 0, "telform-ledger-entry"),
    ("ledger unlock", 0, "telform-ledger-lock"),
    ("ledger rekey", 0, "telform-ledger-rekey"),
    ("journal list", 0, "telform-journal-list"),
    ("journal show", 0, "telform-journal-run"),
    ("journal show --at 2026-01-01", 0, "telform-journal-at"),
    ("journal blame bridges.sales.numbers", 0, "telform-journal-blame"),
    ("journal verify", 0, "telform-journal-verify"),
    ("journal export", 0, "telform-journal"),
    ("journal export --format csv", 0, "telform-journal"),
    ("undo last --plan --max-deletes 1 --max-numbers-dark 1", 0, "telform-plan"),
    ("undo last --auto-approve --max-deletes 1 --max-numbers-dark 1", 0, "telform-event"),
    ("resume", 0, "telform-event"),
    ("adopt --all --out adopted", 0, "telform-adopt"),
    ("adopt bridges.sales sales", 0, "telform-adopt"),
    ("ledger move bridges.sales bridges.sales-desk", 0, "telform-ledger-move"),
    ("forget bridges.sales-desk", 0, "telform-forget"),
    ("ledger rebuild --replace", 0, "telform-ledger-rebuild"),
    ("ledger forget bridges.sales", 0, "telform-forget"),
    ("docs", 0, "telform-docs"),
    ("docs guard::max_deletes", 0, "telform-errors"),
    ("docs bridges", 0, "telform-kind"),
    ("docs errors", 0, "telform-errors"),
    ("completions bash", 0, "telform-completions"),
    ("man", 0, "telform-man"),
    ("man --out pages", 0, "telform-man"),
];

/// In an empty folder: arguments and the code of the error.
const FAILURES: &[(&str, &str)] = &[
    ("plan", "telform::file::none"),
    ("apply", "telform::file::none"),
    ("resume", "telform::file::none"),
    ("rehearse", "telform::file::none"),
    ("undo last", "telform::file::none"),
    ("destroy", "telform::file::none"),
    ("show nowhere.json", "telform::plan::unreadable"),
    ("approve nowhere.json --sign key", "telform::plan::unreadable"),
    ("verify nowhere.json", "telform::verify::unreadable"),
    ("explain partners.west", "telform::file::none"),
    ("adopt --all --out telform", "telform::file::none"),
    ("drift", "telform::file::none"),
    ("get", "telform::file::none"),
    ("forget partners.west", "telform::ledger::none"),
    ("ledger list", "telform::ledger::none"),
    ("ledger show partners.west", "telform::ledger::none"),
    ("ledger move partners.west partners.east", "telform::ledger::none"),
    ("ledger unlock --lock-id x", "telform::ledger::unbroken"),
    ("ledger forget partners.west", "telform::ledger::none"),
    ("ledger rebuild", "telform::file::none"),
    ("ledger rekey", "telform::file::none"),
    ("journal list", "telform::journal::none"),
    ("journal show", "telform::journal::none"),
    ("journal blame partners.west", "telform::journal::none"),
    ("journal verify", "telform::journal::none"),
    ("journal export", "telform::journal::none"),
    ("journal restart", "telform::ledger::none"),
    ("sandbox nowhere.yaml", "telform::sandbox::world"),
    ("doctor --sandbox nowhere.yaml", "telform::file::none"),
    ("docs nothing", "telform::docs::topic"),
    ("schema nothing", "telform::cli::unknown_kind"),
    ("completions csh", "telform::cli::usage"),
    ("man --out telform.yaml/pages", "telform::file::write"),
    ("diff nowhere.json nowhere.json", "telform::plan::unreadable"),
    ("graph nowhere.json", "telform::plan::unreadable"),
    ("fmt - telform.yaml", "telform::cli::usage"),
    ("init --no-such-option", "telform::cli::usage"),
    ("validate --no-such-option", "telform::cli::usage"),
];

/// One run for the page.
struct Example {
    command: String,
    args: String,
    code: i32,
    values: Vec<Value>,
}

fn example(story: &Story, args: &str, code: i32, format: &str) -> Example {
    let ran = story.expect(code, &format!("{args} --json"));
    let command = command_of(args).unwrap();
    // The page has no folder of one run.
    let here = fs::canonicalize(story.dir.path()).unwrap();
    let printed = ran.stdout.replace(&*here.to_string_lossy(), "/home/ada/phones");
    let values: Vec<Value> = match serde_json::from_str(&printed) {
        Ok(value) => vec![value],
        Err(_) => printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
    };
    assert_eq!(values[0]["format"], format, "telform {args}");
    Example { command, args: args.to_owned(), code, values }
}

fn sandbox() -> Example {
    let story = Story::new("{}");
    story.expect(0, "init --quickstart");
    let args = "sandbox world.yaml";
    let mut command = story.command(&format!("{args} --json"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let value: Value = serde_json::from_str(&line).unwrap();
    fits(&value);
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(child.wait().unwrap().success());
    Example { command: "sandbox".to_owned(), args: args.to_owned(), code: 0, values: vec![value] }
}

#[test]
fn every_command_prints_what_is_documented() {
    let fresh = Story::new("{}");
    let mut examples = vec![example(&fresh, "init", 0, "telform-init")];
    let story = story();
    examples.extend(EXAMPLES.iter().map(|(args, code, format)| example(&story, args, *code, format)));
    fs::remove_file(story.path(".telform/ledger.journal")).unwrap();
    examples.push(example(&story, "journal restart", 0, "telform-journal-restart"));
    examples.push(sandbox());
    story.file("telform.yaml", "version: 1\nacounts: {}\n");
    let invalid = example(&story, "validate", 1, "telform-validation");
    assert_eq!((&invalid.values[0]["valid"], invalid.values[0]["problems"][0]["line"].as_u64()), (&json!(false), Some(2)));
    let error = example(&story, "plan", 1, "telform-error");
    assert_eq!(error.values[0]["place"], json!({ "file": "telform.yaml", "line": 2, "column": 1 }));
    examples.insert(0, error);

    let shown: BTreeSet<String> = examples.iter().map(|it| it.command.clone()).collect();
    // A JSON Schema identifies itself.
    let schema: Value = serde_json::from_str(&fresh.expect(0, "schema telform-event").stdout).unwrap();
    assert_eq!(schema, shape("telform-event").schema());
    let missing: Vec<String> = commands().into_iter().filter(|it| !shown.contains(it) && it != "schema").collect();
    assert!(missing.is_empty(), "nobody shows what these print for programs: {missing:?}");
    let printed: BTreeSet<&str> = examples.iter().filter_map(|it| it.values[0]["format"].as_str()).collect();
    let unseen: Vec<&str> = OUTPUT_FORMATS.iter().map(|it| it.format).filter(|it| !printed.contains(it)).collect();
    assert!(unseen.is_empty(), "no example prints {unseen:?}");
    page(&examples);
}

#[test]
fn every_command_fails_for_programs_too() {
    let story = Story::new("{}");
    let (mut seen, mut other) = (BTreeSet::new(), Vec::new());
    for (args, code) in FAILURES {
        if args.starts_with("man ") {
            story.file("telform.yaml", "version: 1\n");
        }
        let ran = story.run(&format!("{args} --json"));
        let first: Value = serde_json::from_str(ran.stdout.lines().next().unwrap()).unwrap();
        if (ran.code, &first["format"], &first["code"]) != (1, &json!("telform-error"), &json!(code)) {
            other.push(format!("telform {args}: exit {} {first}", ran.code));
        }
        let said = |member: &str| first[member].as_str().is_some_and(|text| !text.is_empty());
        assert!(said("message") && said("help"), "telform {args}: {first}");
        seen.extend(command_of(args));
    }
    let missing: Vec<String> = commands().into_iter().filter(|it| !seen.contains(it)).collect();
    assert!(other.is_empty(), "{other:#?}");
    assert!(missing.is_empty(), "nobody has seen these fail with --json: {missing:?}");
}

/// Lines that only come when something went wrong before.
#[test]
fn events_after_a_cut_and_of_a_stale_plan() {
    let mut story = story();
    story.expect(0, "plan --max-deletes 1 --out plan.json");
    story.settings.insert("TELFORM_DEBUG_PANIC".to_owned(), "after_write".to_owned());
    let ran = story.expect(5, "apply --auto-approve --max-deletes 1 --json");
    assert!(ran.events().iter().any(|line| line["code"] == "telform::bug"), "{}", ran.stdout);
    story.settings.remove("TELFORM_DEBUG_PANIC");
    let names = |ran: &Ran| -> Vec<String> {
        ran.events().iter().map(|line| line["event"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let ran = story.expect(4, "apply plan.json --auto-approve --json");
    assert_eq!(names(&ran), ["cut_off", "settled", "stale"], "{}", ran.stdout);
    let ran = story.expect(0, "resume --auto-approve --max-deletes 1 --json");
    assert!(ran.events().is_empty(), "the apply has settled it: {}", ran.stdout);
}

/// The bench would find what it looks for.
#[test]
fn an_undocumented_member_is_noticed() {
    let story = Story::new("{}");
    let good = story.expect(0, "docs guard::max_deletes --json").json();
    let noticed = |change: &dyn Fn(&mut Value)| {
        let mut value = good.clone();
        change(&mut value);
        std::panic::catch_unwind(|| fits(&value)).is_err()
    };
    assert!(!noticed(&|_| ()));
    assert!(noticed(&|value| value["more"] = json!(1)));
    assert!(noticed(&|value| value["codes"][0]["more"] = json!(1)));
    assert!(noticed(&|value| value["codes"][0]["exit"] = json!("3")));
    assert!(noticed(&|value| _ = value.as_object_mut().unwrap().remove("codes")));
    assert!(noticed(&|value| value["format_version"] = json!(2)));
    let line = json!({ "format": "telform-event", "format_version": 1, "event": "ended", "exit": 0, "result": "done" });
    fits(&line);
    let mut more = line.clone();
    more["why"] = json!("x");
    assert!(std::panic::catch_unwind(|| fits(&more)).is_err());
    let mut other = line;
    other["event"] = json!("endet");
    assert!(std::panic::catch_unwind(|| fits(&other)).is_err());
}

/// Texts that differ between machines and between runs, and very long texts.
fn steady(value: &mut Value, name: &str) {
    match value {
        Value::Object(members) => {
            let settle = |(name, member): (&String, &mut Value)| steady(member, name);
            members.iter_mut().for_each(settle);
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|item| steady(item, name));
            if name == "requests" {
                // Reads are sent concurrently, so their order differs in each run.
                let reads = |a: &Value, b: &Value| a["method"] == "GET" && b["method"] == "GET";
                items.chunk_by_mut(reads).for_each(|chunk| chunk.sort_by_key(|it| it["target"].to_string()));
            }
        }
        Value::String(text) if name == "host" => *text = "desk".to_owned(),
        Value::String(text) if is_volatile(text) => *text = settled(text),
        Value::String(text) if text.chars().count() > 200 => {
            *text = text.chars().take(160).chain(['…']).collect();
        }
        Value::Number(_) if name == "pid" => *value = json!(4711),
        Value::Number(_) if name == "milliseconds" => *value = json!(12),
        Value::Number(_) if name == "seconds" => *value = json!(0.3),
        _ => {}
    }
}

fn is_volatile(text: &str) -> bool {
    settled(text) != text
}

/// Digests, ids, times and ports as they always appear on the page, so that a line is cut at the same place on every run.
fn settled(text: &str) -> String {
    let hex = |text: &str| text.bytes().all(|it| it.is_ascii_hexdigit());
    let digits = "9ad36b97".repeat(8);
    if text.strip_prefix("sha256:").is_some_and(|rest| rest.len() == 64 && hex(rest)) {
        return format!("sha256:{digits}");
    }
    if text.len() == 64 && hex(text) {
        return digits;
    }
    if let Some((before, _)) = text.split_once(" --journal-head ") {
        return format!("{before} --journal-head {digits}");
    }
    if text.len() == 36 && text.matches('-').count() == 4 && hex(&text.replace('-', "")) {
        return "01a21526-4d23-72c7-a393-43a7d4bb03fc".to_owned();
    }
    if text.len() == 20 && text.starts_with("20") && text.ends_with('Z') && text.as_bytes()[10] == b'T' {
        return "2026-11-25T14:00:00Z".to_owned();
    }
    if let Some((before, _)) = text.split_once(".replaced-") {
        return format!("{before}.replaced-2026-11-25T140000Z");
    }
    let Some((before, rest)) = text.split_once("127.0.0.1:") else { return text.to_owned() };
    let rest = rest.trim_start_matches(|it: char| it.is_ascii_digit());
    // The token of a sandbox.
    let rest = match rest.split('/').nth(1).filter(|it| it.len() == 32 && hex(it)) {
        Some(token) => rest.replacen(token, "6f1d8c0a52b94e7fa3c4d5e6b7081929", 1),
        None => rest.to_owned(),
    };
    format!("{before}127.0.0.1:8080{rest}")
}

/// Lines of an example; a long one is cut at a line of `…`.
const MOST: usize = 44;

fn drawn(example: &Example) -> String {
    let mut out = format!("`telform {} --json`, exit code {}:\n\n```json\n", example.args, example.code);
    let streams = example.values.len() > 1;
    for value in &example.values {
        let mut value = value.clone();
        steady(&mut value, "");
        let text = if streams { value.to_string() } else { serde_json::to_string_pretty(&value).unwrap() };
        let lines: Vec<&str> = text.lines().collect();
        for line in lines.iter().take(MOST) {
            if streams && line.len() > 400 {
                out.push_str(&line.chars().take(320).collect::<String>());
                out.push_str("…\n");
            } else {
                out.push_str(&format!("{line}\n"));
            }
        }
        if lines.len() > MOST {
            out.push_str("…\n");
        }
    }
    out.push_str("```\n\n");
    out
}

const MARK: &str =
    "<!-- From here on the page is made by a test: TELFORM_BLESS=1 cargo test --test stories machine rewrites it. -->\n";

/// The reference: handwritten text above the mark, and below it the current output.
fn page(examples: &[Example]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/machine-output.md");
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let by_hand = kept.split(MARK).next().unwrap();
    let mut text =
        format!("{by_hand}{MARK}\n## Which command prints what\n\n| command | document | schema |\n| --- | --- | --- |\n");
    for command in commands() {
        let shapes: Vec<&OutputFormat> = OUTPUT_FORMATS.iter().filter(|it| it.commands.contains(&command.as_str())).collect();
        let formats: Vec<String> = shapes.iter().map(|it| format!("`{}` {}", it.format, it.version)).collect();
        let links: Vec<String> = shapes.iter().map(|it| format!("`{}`", it.schema_file())).collect();
        let (formats, links) = if command == "schema" {
            ("a JSON Schema, with and without `--json`".to_owned(), String::new())
        } else {
            (formats.join(", "), links.join(", "))
        };
        text.push_str(&format!("| `{command}` | {formats} | {links} |\n"));
    }
    text.push_str("\n## Events\n\n| event | when |\n| --- | --- |\n");
    for (name, about) in output::event_names() {
        text.push_str(&format!("| `{name}` | {} |\n", about.replace('\n', " ")));
    }
    text.push_str("\n## Examples\n\nReal output; documents are printed on one line and broken here. A `…` marks where a long one was cut.\n\n");
    for shape in OUTPUT_FORMATS {
        let schema = shape.schema();
        let about = schema["description"].as_str().unwrap_or_default().replace('\n', " ");
        text.push_str(&format!("### {}\n\n{about}\n\n", shape.format));
        let fitting = examples.iter().filter(|it| it.values[0]["format"] == shape.format);
        let mut before = BTreeSet::new();
        for example in fitting.filter(|it| before.insert(it.command.clone())) {
            text.push_str(&drawn(example));
        }
    }
    let text = format!("{}\n", text.trim_end());
    if normal(&kept) == normal(&text) {
        return;
    }
    if std::env::var_os("TELFORM_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
        return;
    }
    let (kept, text) = (normal(&kept), normal(&text));
    let pairs = kept.lines().zip(text.lines()).enumerate().filter(|(_, (kept, now))| kept != now).take(3);
    let apart: String = pairs.map(|(at, (kept, now))| format!("line {}:\n  page  {kept}\n  today {now}\n", at + 1)).collect();
    panic!("docs/reference/machine-output.md is stale (TELFORM_BLESS=1 rewrites it):\n{apart}");
}
