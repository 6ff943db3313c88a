//! The audit trail as people, auditors and the independent checker read it.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use telform::state::journal;
use telform::verify;

use crate::bench::{Ran, Story};
use crate::partners::{west, world_with_west};

const JOURNAL: &str = ".telform/ledger.journal";

fn partner() -> Story {
    let story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-west-pw").setting("USER", "ada");
    story.carrierx(&west("    address1: New Street 2\n"));
    story.apply();
    story.carrierx(&west("    address1: New Street 3\n    city: Compton\n"));
    story.apply();
    story
}

/// Two numbers move, then the configuration that served them is deleted.
fn moved() -> Story {
    let story = Story::new(
        "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 }
  numbers: [ { number: '+14155550101' }, { number: '+14155550102' } ]
  bridges:
    - { slug: sales, name: Sales, numbers: { '+14155550101': 42, '+14155550102': 42 } }
",
    )
    .secret("AUTH", "canary-auth-moved")
    .setting("USER", "ada");
    story.unpod(
        "
providers:
  main: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }
bridges:
  sales:
    slug: sales
    name: Sales
    numbers: { '+14155550101': { provider: main }, '+14155550102': { provider: main } }
removed:
  - { address: providers.old, id: '42' }
",
    );
    story.expect(0, "apply --auto-approve --max-deletes 1");
    story
}

/// Hosts, processes and the beginnings of ids are others everywhere.
fn plain(story: &Story, ran: Ran) -> Ran {
    let mut text = ran.stdout;
    let journal = journal::check_up_to(story.read(JOURNAL).as_bytes()).0;
    for run in journal::collect_runs(&journal.lines) {
        let actor = &run.started.actor;
        text = text.replace(&format!("{} (process {})", actor.host, actor.pid), "[host] (process [pid])");
        text = text.replace(&format!("\"{}\",\"\"", actor.host), "\"[host]\",\"\"");
        text = text.replace(&format!("<td>{}</td>", actor.host), "<td>[host]</td>");
        text = text.replace(run.id, "[run-----------]");
        text = text.replace(&run.id[..13], "[run--------]");
        text = text.replace(&run.began_at[..16].replace('T', " "), "[minute--------]");
        text = text.replace(&run.started.digest, "[digest]").replace(&run.started.digest[7..13], "[plan]");
    }
    let text = text.replace(&journal.head().hash, "[hash]");
    let text = text
        .split_inclusive('\n')
        .map(|line| match line.split_once(" ms") {
            Some((before, after)) => {
                let stem = before.trim_end_matches(|digit: char| digit.is_ascii_digit());
                format!("{stem}[n] ms{after}")
            }
            None => line.to_owned(),
        })
        .collect();
    Ran { code: ran.code, stdout: text, stderr: ran.stderr }
}

#[test]
fn who_did_what_when() {
    let story = partner();
    let list = story.expect(0, "journal list");
    list.says("PLAN").says("COMMIT");
    shot!("journal_list", plain(&story, list));
    let listed = story.expect(0, "journal list --json").json();
    assert_eq!(listed["runs"][1]["actor"]["user"], "ada");
    shot!("journal_show", plain(&story, story.expect(0, "journal show")));
    let first = listed["runs"][0]["run"].as_str().unwrap();
    story.expect(0, &format!("journal show {first}")).says("New Street 2").is_silent_about("New Street 3");
    shot!("journal_show_unknown", story.expect(1, "journal show nothing"));
    let shown = story.expect(0, "journal show --json").json();
    assert_eq!(shown["run"]["steps"][0]["intent"]["record"]["method"], "PATCH");
}

#[test]
fn which_run_set_a_value() {
    let story = partner();
    shot!("journal_blame", plain(&story, story.expect(0, "journal blame partners.west.address1")));
    let all = story.expect(0, "journal blame partners.west --json").json();
    let names: Vec<&str> = all["values"].as_array().unwrap().iter().map(|it| it["attribute"].as_str().unwrap()).collect();
    assert_eq!(names, ["address1", "city"], "the last run for each");
    assert_eq!(all["values"][0]["after"], "\"New Street 3\"");
    shot!("journal_blame_nothing", story.expect(1, "journal blame partners.west.zip"));
    let unnamed = story.expect(1, "journal blame partners.wset");
    unnamed.says("the journal does not name partners.wset").says("did you mean partners.west?");
    story.expect(1, "journal blame nothing.here").says("`nothing` is not a kind");
    let story = moved();
    let by = story.expect(0, "journal blame bridges.sales.numbers.+14155550101 --json").json();
    assert_eq!(by["values"][0]["after"], "\"43\"", "{by}");
    // All numbers of a bridge, each with every run that set it.
    let all = story.expect(0, "journal blame bridges.sales.numbers --json").json();
    let set: std::collections::BTreeMap<&str, &str> = (all["values"].as_array().unwrap().iter().rev())
        .map(|it| (it["attribute"].as_str().unwrap(), it["after"].as_str().unwrap()))
        .collect();
    let want = [("numbers.+14155550101", "\"43\""), ("numbers.+14155550102", "\"43\"")];
    assert_eq!(set, want.into(), "{all}");
    story.expect(1, "journal blame bridges.sales.number");
    // A number by itself, in any spelling, wherever it was connected.
    let alone = story.expect(0, "journal blame +1-415-555-0101 --json").json();
    let steps: Vec<[&str; 3]> = (alone["values"].as_array().unwrap().iter())
        .map(|it| ["address", "before", "after"].map(|name| it[name].as_str().unwrap()))
        .collect();
    assert_eq!(steps, [["bridges.sales", "-", "\"43\""], ["bridges.sales", "\"42\"", "-"]], "{alone}");
    let never = story.expect(1, "journal blame +14155559999");
    never.says("no run in the journal connected or disconnected +14155559999");
    story.expect(0, "journal blame providers.old").says("deleted");
    story.expect(0, "journal blame providers.main.auth_token").says("- -> (secret)");
}

#[test]
fn what_was_in_force() {
    let story = partner();
    // The first run was a day earlier: its lines are written anew, as their clock would have done it.
    forged(&story, |line| {
        if line["seq"].as_u64().unwrap() <= 4 {
            line["at"] = json!("2026-01-02T03:04:05Z");
        }
    });
    shot!("journal_show_at", plain(&story, story.expect(0, "journal show --at 2026-01-03")));
    story.expect(0, "journal show --at 2026-01-01").says("No run had begun");
    story.expect(0, "journal show --at 2099-01-01").says("New Street 3").is_silent_about("New Street 2");
    story.expect(1, "journal show --at yesterday").says("a time looks like");
}

#[test]
fn the_line_that_was_touched_is_named() {
    let story = partner();
    shot!("journal_verify", plain(&story, story.expect(0, "journal verify")));
    let whole = story.read(JOURNAL);
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    assert_eq!(lines.len(), 8);
    let touched = |from: &str, to: &str| whole.replacen(from, to, 1);
    let cases = [
        ("flipped byte", touched("New Street 3", "New Street 4"), "line 5: it was changed"),
        ("deleted line", [&lines[..2], &lines[3..]].concat().concat(), "line 3: it has the number 4"),
        ("swapped lines", [&lines[..1], &[lines[2], lines[1]], &lines[3..]].concat().concat(), "line 2: it has the number 3"),
        ("truncated tail", lines[..7].concat(), "line 8: the end is missing"),
        ("forged outcome", touched("\"end\":\"done\"", "\"end\":\"failed\""), "line 3: it was changed"),
    ];
    let mut shown = String::new();
    for (name, text, says) in &cases {
        story.file(JOURNAL, text);
        let ran = story.expect(1, "journal verify");
        ran.says(says).says("NOT verified");
        shown.push_str(&format!("=== {name}\n{}", ran.stdout.lines().nth(1).unwrap_or_default()));
        shown.push('\n');
    }
    shot!("journal_touched", Ran { code: 1, stdout: shown, stderr: String::new() });
    // The lines before the break can still be read.
    story.file(JOURNAL, &cases[0].1);
    shot!("journal_list_broken", plain(&story, story.expect(1, "journal list")));
    let cut = story.expect(1, "journal export --format csv=cut.csv --format json=cut.json");
    cut.says("error[telform::journal::broken]").says("was altered: line 5");
    cut.says("cut.csv, cut.json are written and end before that line");
    story.expect(1, "journal export --format csv").says("the export ends before that line");
    story.file(JOURNAL, &whole);
    // A forger who writes the whole chain anew is caught by the ledger.
    forged(&story, |line| {
        if line["seq"] == 3 {
            line["record"]["after"]["address1"] = json!("forged");
        }
    });
    let mut ledger = story.ledger();
    ledger["journal"]["hash"] = json!(journal::check_journal(whole.as_bytes()).unwrap().head().hash);
    story.file(".telform/ledger.json", &ledger.to_string());
    story.expect(1, "journal verify").says("line 8: it is not the line that the ledger records");
    // A journal that is gone was not altered: nothing of it can be read.
    std::fs::remove_file(story.path(JOURNAL)).unwrap();
    for command in ["journal verify", "journal list", "apply --auto-approve", "undo last --auto-approve", "plan"] {
        let ran = story.run(command);
        ran.says("telform::journal::missing]").says(" does not exist, or is empty;").is_silent_about("was altered");
    }
    story.expect(1, "journal show").says("the ledger records 8 of its lines");
    story.expect(1, "doctor").says("[telform::journal::missing]").is_silent_about("was altered");
    let none = Story::new("{}");
    none.carrierx("partners: {}\n");
    shot!("journal_none", none.expect(1, "journal list"));
}

/// A number that is moved is disconnected first, so nothing serves it when it is connected; what was cut stays cut.
#[test]
fn numbers_right_before_and_after_each_step() {
    let story = moved();
    let shown = story.expect(0, "journal show");
    shown.says("+14155550101  42 -> nothing").says("+14155550101  nothing -> 43").is_silent_about("42 -> 43");
    // What is undone by making it again is named once, with what is then different.
    let (_, undo) = shown.stdout.split_once("To undo this").unwrap();
    assert_eq!(undo.matches("providers.old (42)").count(), 1, "{undo}");
    assert!(
        undo.contains("a provider configuration that is created again has a different id") && !undo.contains("Cannot be undone"),
        "{undo}"
    );
    story
        .expect(0, "journal blame +14155550101")
        .says("nothing -> providers.main")
        .is_silent_about("providers.old -> providers.main");
    let csv = story.expect(0, "journal export --format csv");
    csv.says("+14155550102: nothing -> 43").is_silent_about("42 -> 43");
    let header = csv.stdout.lines().next().unwrap();
    assert!(header.ends_with(",undo,account"), "{header}");
    assert!(csv.stdout.lines().skip(1).all(|row| row.ends_with(",\"unpod\"") && !row.contains("\"'-\"")), "{}", csv.stdout);
    story.expect(0, "journal show --at 2099-01-01").says("bridges.sales.numbers.+14155550101  providers.main");
}

/// The service shows some values only later, and what was disconnected from a deleted object is still disconnected.
#[test]
fn in_force_is_what_was_sent() {
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west(""));
    story.apply();
    let shown = story.expect(0, "journal show --at 2099-01-01");
    shown.says("\"ops@acme.example\" (sent; the answer showed no value)").is_silent_about(" null ");
    story
        .expect(0, "journal blame partners.west.owner_email")
        .says("- -> \"ops@acme.example\" (sent; the answer showed no value)");
    let blamed = story.expect(0, "journal blame partners.west.owner_email --json").json();
    assert_eq!((&blamed["values"][0]["sent"], &blamed["values"][0]["after"]), (&json!("ops@acme.example"), &json!("null")));

    let story = Story::new(crate::deletes::CONNECTED);
    story.unpod("bridges: {}\nremoved:\n  - { address: providers.old, id: '42' }\n");
    story.expect(0, "apply --auto-approve --max-deletes 1 --max-numbers-dark 3");
    let shown = story.expect(0, "journal show --at 2099-01-01");
    shown.says("\n+14155550103  nothing ").is_silent_about("providers.old");
    let served = "providers:\n  main: { id: '43', provider: twilio, account_sid: AC43 }\nbridges:\n  fax: { slug: fax, numbers: { '+14155550103': { provider: main } } }\n";
    story.unpod(served);
    story.apply();
    let shown = story.expect(0, "journal show --at 2099-01-01");
    shown.says("bridges.fax.numbers.+14155550103  providers.main ").is_silent_about("\n+14155550103 ");
}

/// Where a run wrote to several accounts, each of its steps names its own.
#[test]
fn steps_of_several_accounts_name_theirs() {
    let story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-west-pw").secret("AUTH", "canary-auth-many");
    story.carrierx(&west("    address1: New Street 2\n"));
    let carrierx = story.read("telform.yaml");
    story.unpod("providers:\n  main: { account: unpod, provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }\n");
    let unpod = story.read("telform.yaml");
    let (account, entries) = unpod.split_once("providers:").unwrap();
    let account = account.split_once("accounts:\n").unwrap().1;
    let both = carrierx.replacen("accounts:\n", &format!("accounts:\n{account}"), 1).replacen(
        "    login: west",
        "    account: carrierx\n    login: west",
        1,
    );
    story.file("telform.yaml", &format!("{both}providers:{entries}"));
    story.apply();
    let shown = story.expect(0, "journal show");
    shown.says(" (account carrierx)\n").says(" (account unpod)\n");
    shown.says("adopted partners.west (3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410) (account carrierx)");
    let csv = story.expect(0, "journal export --format csv").stdout;
    assert!(csv.contains(",\"carrierx\"\n") && csv.contains(",\"unpod\"\n"), "{csv}");
}

/// Nobody scrolls sideways in the log of a CI run: its lines are whole, unless the environment says how wide they are.
#[test]
fn other_programs_get_whole_lines() {
    let mut story = partner();
    let listed = story.expect(0, "journal list");
    listed.says("COMMIT").is_silent_about("do not fit here");
    let ledger = story.expect(0, "ledger list");
    ledger.says("SINCE");
    story.settings.insert("COLUMNS".to_owned(), "60".to_owned());
    let narrow = story.expect(0, "journal list");
    narrow.says("Plan and commit do not fit here");
    assert!(narrow.stdout.lines().all(|line| line.chars().count() <= 60 || line.starts_with("Plan")), "{}", narrow.stdout);
}

#[test]
fn exports_for_an_audit() {
    let mut story = partner();
    story.settings.insert("USER".to_owned(), "=HYPERLINK(\"http://evil\")<script>alert(1)</script>".to_owned());
    story.carrierx(&west("    address1: \"@SUM(1+1)<img src=x>\"\n"));
    story.apply();
    let csv = story.expect(0, "journal export --format csv");
    assert!(csv.stdout.contains("\"'=HYPERLINK(\"\"http://evil\"\")"), "{}", csv.stdout);
    assert!(!csv.stdout.contains("\"="), "no cell is a formula");
    assert_eq!(csv.stdout.matches('\n').count(), 5, "the adoption has a row too");
    let html = story.expect(0, "journal export --format html").stdout;
    assert!(html.matches("<script").count() == 1 && !html.contains("<img") && html.contains("&lt;script&gt;"), "{html}");
    assert!(!html.contains("src=\"") && html.contains("default-src &#39;none&#39;") || html.contains("default-src 'none'"));
    assert_eq!(html.matches("<article class=\"run\"").count(), 3, "a card for each run");
    let document = story.expect(0, "journal export").json();
    assert_eq!(document["runs"].as_array().unwrap().len(), 3);
    // Several at once, each in its file.
    let files = story.expect(0, "journal export --format html=j.html --format csv=j.csv --format json=j.json");
    assert_eq!(files.stdout, "", "every format has its file");
    assert_eq!(story.read("j.csv"), csv.stdout);
    assert_eq!(story.read("j.html"), html);
    assert_eq!(serde_json::from_str::<Value>(&story.read("j.json")).unwrap(), document);
}

/// What a forger with write access to the journal and knowledge of the chain does.
fn chained(lines: impl IntoIterator<Item = Value>) -> String {
    let (mut text, mut prev) = (String::new(), "0".repeat(64));
    for (at, mut line) in lines.into_iter().enumerate() {
        line["seq"] = json!(at + 1);
        line["prev"] = json!(prev);
        let members = ["seq", "at", "prev", "run", "record"].map(|name| format!("\"{name}\":{}", line[name]));
        let body = format!("{{{}", members.join(","));
        prev = Sha256::digest(body.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        text.push_str(&format!("{body},\"hash\":\"{prev}\"}}\n"));
    }
    text
}

fn parsed(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Edits every line, with the chain and the ledger's record of it corrected.
fn forged(story: &Story, edit: impl Fn(&mut Value)) {
    let mut lines = parsed(&story.read(JOURNAL));
    lines.iter_mut().for_each(edit);
    let text = chained(lines);
    story.file(JOURNAL, &text);
    let mut ledger = story.ledger();
    ledger["journal"] = json!(journal::check_journal(text.as_bytes()).unwrap().head());
    // As an older telform wrote it, which knew no MACs.
    ledger.as_object_mut().unwrap().remove("key_check");
    let _ = std::fs::remove_file(story.path(".telform/ledger.mac.key"));
    story.file(".telform/ledger.json", &ledger.to_string());
}

#[test]
fn the_independent_checker_reads_a_journal() {
    let story = moved();
    shot!("verify_journal", plain(&story, story.expect(0, &format!("verify {JOURNAL}"))));
    story.expect(0, "journal verify");
    let lines = parsed(&story.read(JOURNAL));
    assert_eq!(chained(lines.clone()), chained(parsed(&chained(lines.clone()))));
    assert!(verify::verify_journal(chained(lines.clone()).as_bytes()).verified, "only rebuilt");
    let what = |line: &Value| line["record"]["what"].as_str().unwrap().to_owned();
    let delete = lines.iter().position(|line| line["record"]["method"] == "DELETE").unwrap();

    // Every dropped line is detected, except the last ones: what is left is an interrupted run.
    for at in 0..lines.len() - 1 {
        let mut fewer = lines.clone();
        let gone = fewer.remove(at);
        let verdict = verify::verify_journal(chained(fewer).as_bytes());
        assert!(!verdict.verified, "without line {} ({})", at + 1, what(&gone));
    }
    let mut legals = 0;
    // A delete before its read-backs, or without one, and any line before the one that it needs.
    for at in 0..lines.len() - 1 {
        let mut other = lines.clone();
        other.swap(at, at + 1);
        let verdict = verify::verify_journal(chained(other).as_bytes());
        // What does not wait for a step may well be announced before that step ends.
        let step = |line: &Value| line["record"]["step"].clone();
        let steps = lines[0]["record"]["plan"]["steps"].as_array().unwrap();
        let waits = steps.iter().any(|planned| {
            let reads = steps.iter().any(|other| other["id"] == step(&lines[at]) && other["phase"] == "read_back");
            planned["id"] == step(&lines[at + 1])
                && planned["waits_for"]
                    .as_array()
                    .is_some_and(|ids| ids.contains(&step(&lines[at])) || reads && ids.contains(&"phase:read_back".into()))
        });
        let legal = what(&lines[at]) == "outcome" && what(&lines[at + 1]) == "intent" && !waits;
        legals += usize::from(legal);
        assert_eq!(verdict.verified, legal, "lines {} and {} swapped", at + 1, at + 2);
    }
    assert!(legals <= 1, "{legals}");
    type Edit = (&'static str, usize, fn(&mut Value));
    let edits: [Edit; 7] = [
        ("request", delete, |line| line["record"]["target"] = json!("telephony/providers-configurations/43/")),
        ("request", delete, |line| line["record"]["method"] = json!("POST")),
        ("request", delete, |line| line["record"]["account"] = json!("other")),
        ("request", delete, |line| line["record"]["step"] = json!("s99")),
        ("reused", delete, |line| line["record"]["step"] = json!("s1")),
        ("digest", 0, |line| line["record"]["plan"]["steps"][0]["why"] = json!("forged")),
        ("outcome", delete + 1, |line| line["record"]["status"] = json!(500)),
    ];
    for (code, at, edit) in edits {
        let mut other = lines.clone();
        edit(&mut other[at]);
        let verdict = verify::verify_journal(chained(other).as_bytes());
        let codes: Vec<String> = verdict.violations.iter().map(|it| format!("{} at {}", it.code, it.place)).collect();
        let wanted = format!("telform::verify::journal::{code} at line {}", at + 1);
        assert!(codes.contains(&wanted), "{wanted} in {codes:?}");
    }
    // The read-back that confirms the disconnects, called something else.
    let mut other = lines.clone();
    assert!(other[delete - 1]["record"]["status"].is_null(), "a read-back");
    other[delete - 1]["record"]["end"] = json!("failed");
    let verdict = verify::verify_journal(chained(other).as_bytes());
    assert_eq!(verdict.violations[0].code, "telform::verify::journal::early");
    assert_eq!(verdict.violations[0].place, format!("line {}", delete + 1));
    assert!(verdict.violations[0].text.contains("deletes before"), "{verdict:?}");
    // Without a chain that fits nothing else is looked at.
    let text = story.read(JOURNAL).replacen("\"end\":\"done\"", "\"end\":\"fail\"", 1);
    let verdict = verify::verify_journal(text.as_bytes());
    assert_eq!(verdict.violations.len(), 1);
    assert_eq!(verdict.violations[0].code, "telform::verify::journal::chain");
    story.file("forged.journal", &text);
    let mut ran = story.expect(1, "verify forged.journal");
    ran.stdout = ran.stdout.replace(&verdict.head, "[hash]");
    shot!("verify_journal_broken", ran);
    assert!(verify::verify_journal(story.read(JOURNAL).as_bytes()).verified);
}

/// Whatever a story leaves behind passes the checker: runs that failed, were stale, interrupted, killed and settled.
#[test]
fn honest_journals_pass() {
    let story = Story::new("{}").secret("AUTH", "canary-auth-honest");
    story.unpod(crate::runs::TWO);
    story.fault("{ match: { method: POST, nth: 2 }, effect: { answer: { status: 400 } } }");
    story.run("apply --auto-approve");
    story.sandbox.clear_faults();
    story.fault("{ match: { method: POST }, when: after, effect: { delay_ms: 20000 } }");
    story.take_log();
    let mut child = crate::runs::start(&story, "apply --auto-approve");
    crate::runs::wait_for_a_write(&story);
    child.kill().unwrap();
    crate::runs::end(&story, "apply", child);
    story.sandbox.clear_faults();
    story.expect(0, "journal verify");
    story.expect(0, "resume");
    story.expect(0, "journal verify");
    let verdict = verify::verify_journal(story.read(JOURNAL).as_bytes());
    assert!(verdict.verified && verdict.runs == 2, "{verdict:?}");
}
