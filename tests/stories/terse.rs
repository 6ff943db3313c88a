//! `-q` reports only the result, `-v` shows every request and no secret, and tables are readable at 80 columns: for
//! every command.

use std::collections::BTreeSet;

use crate::bench::{Ran, Story};
use crate::machine::{EXAMPLES, command_of, commands, story};

/// These print exactly what was requested, without a verdict.
const WHOLE: [&str; 7] = ["completions", "docs", "get", "graph", "journal export", "sandbox", "schema"];

/// In this order, on one folder: arguments, exit code, and how the one line begins.
const QUIET: &[(&str, i32, &str)] = &[
    ("validate", 0, "Valid: "),
    ("fmt --check", 0, "The file is already formatted."),
    ("plan", 3, "1 to create, 1 to update, 1 to delete, 1 number moved, 5 requests, 1 REFUSED"),
    ("plan --max-deletes 1 --out plan.json", 0, "1 to create"),
    ("show plan.json", 0, "1 to create"),
    ("diff plan.json plan.json", 0, "Both plans do the same: "),
    ("approve plan.json --sign keys/ann", 0, "Wrote plan.json.approvals/SHA256-"),
    ("verify plan.json", 0, "Verified: every rule holds."),
    ("rehearse plan.json", 0, "Rehearsed: 4 writes, and a fresh plan is empty."),
    ("apply plan.json --auto-approve", 0, "Done: 4 writes, and a fresh plan is empty."),
    ("apply --auto-approve", 0, "no changes"),
    ("verify .telform/ledger.journal", 0, "Verified: every rule holds."),
    ("explain bridges.sales.numbers", 0, "bridges.sales.numbers: in sync"),
    ("destroy --plan --max-deletes 5 --max-numbers-dark 5", 0, "2 to delete"),
    ("drift", 0, "No drift: 1 bridge and "),
    ("doctor", 0, ""),
    ("ledger list", 0, "2 objects in /"),
    ("ledger show bridges.sales", 0, "bridges.sales: sales in account unpod"),
    ("ledger unlock", 0, "The lock of "),
    ("ledger rekey", 0, "Carried over: 1 secret."),
    ("journal list", 0, "2 runs, the last one done at "),
    ("journal show", 0, ""),
    ("journal show --at 2026-01-01", 0, "No run had begun at 2026-01-01"),
    ("journal blame bridges.sales.numbers", 0, "set 2 times, the last time by run "),
    ("journal verify", 0, "Verified: no line was altered"),
    ("undo last --auto-approve --max-deletes 1 --max-numbers-dark 1", 0, "Done: "),
    ("resume", 0, "no run was interrupted"),
    ("adopt --all --out adopted", 0, "Adopted 1 object into 1 file."),
    ("adopt bridges.sales sales", 0, "bridges.sales is managed already, as sales."),
    ("ledger move bridges.sales bridges.desk", 0, "bridges.sales is bridges.desk in the ledger now."),
    ("forget bridges.desk", 0, "Released bridges.desk: "),
    ("ledger rebuild --replace", 0, "Rebuilt /"),
    ("ledger forget bridges.sales", 0, "Released bridges.sales: "),
    ("man --out pages", 0, "wrote "),
];

#[test]
fn quiet_is_one_line() {
    let fresh = Story::new("{}");
    let ran = fresh.expect(0, "init -q");
    assert_eq!((ran.stdout.lines().count(), ran.stderr.as_str()), (1, ""), "{}", ran.whole());
    let story = story();
    let (mut seen, mut wrong) = (BTreeSet::from(["init".to_owned()]), Vec::new());
    for (args, code, begins) in QUIET {
        let ran = story.run(&format!("{args} -q"));
        // What a saved plan is not bound to, and what an undo leaves, is nevertheless reported.
        let aside = ["note: this plan ", "Not undone ("].iter().any(|begins| ran.stderr.starts_with(begins));
        let aside = if aside { "" } else { &ran.stderr };
        let said = format!("{}{aside}", ran.stdout);
        if ran.code != *code || said.lines().count() != 1 || !said.starts_with(begins) {
            wrong.push(format!("telform {args} -q: {}", ran.whole()));
        }
        seen.extend(command_of(args));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let missing: Vec<String> = commands()
        .into_iter()
        .filter(|it| !seen.contains(it) && !WHOLE.contains(&it.as_str()) && it != "journal restart")
        .collect();
    assert!(missing.is_empty(), "nobody has seen these with -q: {missing:?}");
}

/// The end of a partial run is also one line, and it names what is dark.
#[test]
fn quiet_says_what_is_dark() {
    let story = story();
    story.fault("{ match: { path: '*/connect-provider/', times: 0 }, effect: { answer: { status: 400 } } }");
    let ran = story.expect(5, "apply --auto-approve --max-deletes 1 -q");
    let line = "Not finished: 2 done, 1 failed, 2 not started; DARK NOW: +14155550101. `telform journal show` has each step.\n";
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (line, ""));
}

/// Lines that show a request: `  unpod GET organizations/  200  3 ms`.
fn requests(ran: &Ran) -> Vec<String> {
    let shown = ran.stderr.lines().filter(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (Some(method), Some(unit)) = (words.get(1), words.get(5)) else { return false };
        line.starts_with("  unpod ")
            && ["GET", "POST", "PATCH", "PUT", "DELETE"].contains(method)
            && words[3].parse::<u16>().is_ok_and(|status| (100..600).contains(&status))
            && words[4].parse::<u64>().is_ok()
            && *unit == "ms"
    });
    let mut shown: Vec<String> =
        shown.map(|line| line.split_whitespace().skip(1).take(2).collect::<Vec<_>>().join(" ")).collect();
    shown.sort();
    shown
}

/// The bench looks for tokens and secrets in everything that is printed.
#[test]
fn verbose_shows_every_request() {
    let story = story();
    story.take_log();
    let (mut seen, mut asked, mut wrong) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for (args, code, _) in EXAMPLES {
        let ran = story.expect(*code, &format!("{args} -v"));
        let log = story.sandbox.log();
        story.sandbox.clear_log();
        let mut sent: Vec<String> = log
            .iter()
            .map(|it| {
                let query = if it.query.is_empty() { String::new() } else { format!("?{}", it.query) };
                format!("{} {}{query}", it.method, it.path.trim_start_matches("/api/v2/platform/"))
            })
            .collect();
        sent.sort();
        let shown = requests(&ran);
        if shown != sent {
            wrong.push(format!("telform {args} -v\nsent  {sent:#?}\nshown {shown:#?}\n{}", ran.stderr));
        }
        let command = command_of(args).unwrap();
        if !sent.is_empty() {
            asked.insert(command.clone());
        }
        seen.insert(command);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let missing: Vec<String> = commands()
        .into_iter()
        .filter(|it| !seen.contains(it) && !["init", "sandbox", "schema", "journal restart"].contains(&it.as_str()))
        .collect();
    assert!(missing.is_empty(), "nobody has seen these with -v: {missing:?}");
    let ask = ["adopt", "apply", "destroy", "doctor", "drift", "explain", "get", "ledger rebuild", "plan", "rehearse", "undo"];
    assert_eq!(asked.iter().map(String::as_str).collect::<Vec<_>>(), ask, "who asks services");
}

/// Long names and ids are wrapped: nothing is wider than the terminal, and nothing is cut.
#[test]
fn tables_at_80_columns() {
    let name = format!("customer-of-the-north-{}", "and-of-the-west-".repeat(3).trim_end_matches('-'));
    let slug = format!("bridge-{}", "0123456789".repeat(4));
    let mut story = Story::new(&format!(
        "unpod:\n  numbers: [ {{ number: '+14155550101' }} ]\n  bridges:\n    - {{ slug: {slug}, name: North, numbers: {{}} }}\n"
    ));
    story.settings.insert("USER".to_owned(), "continuous-integration-of-the-telephony-team".to_owned());
    story.unpod(&format!("bridges:\n  {name}: {{ slug: {slug}, name: The North, lifecycle: {{ prevent_delete: true }} }}\n"));
    story.apply();
    story.settings.insert("COLUMNS".to_owned(), "80".to_owned());
    let ledger = story.expect(0, "ledger list");
    let journal = story.expect(0, "journal list");
    story.expect(0, &format!("ledger show bridges.{name}")).says(&slug);
    let force = story.expect(0, "journal show --at 2100-01-01");
    let letters = |text: &str| text.chars().filter(|letter| letter.is_ascii_alphanumeric()).count();
    for ran in [&ledger, &journal, &force] {
        let widest = ran.stdout.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= 80, "{}", ran.stdout);
    }
    story.settings.insert("COLUMNS".to_owned(), "400".to_owned());
    let wide = story.expect(0, "ledger list");
    wide.says(&format!("bridges.{name}")).says(&slug).says("protected");
    // All but since when, which the narrow one says it leaves out.
    let before = |ran: &Ran| letters(ran.stdout.split("protected").next().unwrap());
    let since = letters("SINCEadopted20261125");
    assert_eq!(before(&wide), before(&ledger) + since, "{}\n{}", wide.stdout, ledger.stdout);
    let wide = story.expect(0, "journal list");
    wide.says("continuous-integration-of-the-telephony-team");
    assert_eq!(wide.stdout.lines().count(), 2);
    story.settings.insert("COLUMNS".to_owned(), "80".to_owned());
    shot!("ledger_list_long", ledger);
}

/// A locale without Unicode gets none of telform's own signs; no one asks for colours.
#[test]
fn a_terminal_without_unicode() {
    let story = Story::new("{}");
    story.file("telform.yaml", "version: 1\nacounts: {}\nproviders: { main: { provider: twilio } }\n");
    for (variable, value, ascii) in [
        ("LANG", "C", true),
        ("LC_ALL", "POSIX", true),
        ("LANG", "de_DE.ISO-8859-1", true),
        ("LANG", "C.UTF-8", false),
        ("LC_CTYPE", "en_US.utf8", false),
        ("TERM", "dumb", false),
    ] {
        let mut command = story.command("validate");
        let output = command.env(variable, value).env("NO_COLOR", "1").output().unwrap();
        let ran = story.ran("validate", &output);
        assert_eq!(ran.code, 1);
        assert_eq!(ran.stderr.is_ascii(), ascii, "{variable}={value}\n{}", ran.stderr);
        assert!(ran.stderr.contains("acounts: {}"), "{}", ran.stderr);
        if value == "C" {
            shot!("validate_ascii", ran);
        }
    }
}
