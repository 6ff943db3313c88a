//! Ctrl-C at a real terminal: once, twice, and before anything was written.

use std::io::{BufRead, Read};

use telform::state::journal::{self, JournalRecord};

use crate::bench::{Ran, Story};
use crate::closed_output;
use crate::runs::{TWO, signal, start, wait_for_a_write};
use crate::terminal::Terminal;

const CTRL_C: &str = "\x03";

fn story() -> Story {
    let story = Story::new("{}").secret("AUTH", "canary-auth-ctrl-c");
    story.unpod(TWO);
    story
}

/// The content of the terminal, as the output of the run.
fn ended(story: &Story, mut child: std::process::Child, terminal: &mut Terminal) -> Ran {
    terminal.until(|_| false);
    let output = std::process::Output { status: child.wait().unwrap(), stdout: terminal.text().into_bytes(), stderr: Vec::new() };
    story.ran("apply at a terminal", &output)
}

fn kept(story: &Story) -> journal::ParsedJournal {
    journal::check_journal(story.read(".telform/ledger.journal").as_bytes()).unwrap()
}

#[test]
fn once_finishes_the_request_in_flight() {
    let story = story();
    story.fault("{ match: { method: POST }, when: after, effect: { delay_ms: 700 } }");
    let mut terminal = Terminal::open();
    let child = terminal.runs(&story, "apply --auto-approve");
    wait_for_a_write(&story);
    terminal.types(CTRL_C);
    let ran = ended(&story, child, &mut terminal);
    assert_eq!(ran.code, 130, "{}", ran.whole());
    ran.says("^CInterrupted. Finishing running requests; press Ctrl-C again to stop at once.")
        .says("Not started (1)")
        .says("interrupted");
    assert_eq!(story.writes().len(), 1, "the request in flight was finished, and no other sent");
    assert_eq!(story.ledger()["objects"].as_object().unwrap().len(), 1, "it is recorded");
    let journal = kept(&story);
    let runs = journal::collect_runs(&journal.lines);
    let [run] = runs.as_slice() else { panic!("one run") };
    assert!(run.interrupted);
    assert_eq!((run.result_text(), run.completed_writes(), run.open().len()), ("interrupted", 1, 0));
    let Some(JournalRecord::Finished { exit, .. }) = run.finished else { panic!("a receipt") };
    assert_eq!(*exit, 130);
    assert_eq!(story.ledger()["journal"], serde_json::json!(journal.head()));
    story.apply();
    story.in_sync();
}

#[test]
fn twice_stops_at_once_and_leaves_the_step_open() {
    let story = story();
    story.fault("{ match: { method: POST }, when: after, effect: { delay_ms: 20000 } }");
    let mut terminal = Terminal::open();
    let child = terminal.runs(&story, "apply --auto-approve");
    wait_for_a_write(&story);
    terminal.types(CTRL_C);
    assert!(terminal.until(|text| text.contains("press Ctrl-C again to stop at once")), "{}", terminal.text());
    let begun = std::time::Instant::now();
    terminal.types(CTRL_C);
    let ran = ended(&story, child, &mut terminal);
    assert!(begun.elapsed().as_secs() < 10, "it did not wait for the answer");
    assert_eq!(ran.code, 130, "{}", ran.whole());
    let journal = kept(&story);
    let runs = journal::collect_runs(&journal.lines);
    let [run] = runs.as_slice() else { panic!("one run") };
    assert_eq!((run.result_text(), run.completed_writes()), ("cut off", 0));
    let open = run.open();
    let [step] = open.as_slice() else { panic!("one open step: {open:?}") };
    assert_eq!(step.step, run.steps.iter().find(|step| step.intent.is_some()).unwrap().id);
    // The create had its effect, unseen: the next run reports it and finds the object.
    story.sandbox.clear_faults();
    story.apply().says("was interrupted with 1 step open");
    assert_eq!(story.world()["unpod"]["configurations"].as_array().unwrap().len(), 2);
    story.in_sync();
}

/// What may be dark comes first, then what is unknown, then the command that finds it out with the options of this run.
#[test]
fn twice_says_what_is_unknown() {
    // Before the number is disconnected, during the disconnect, before and during the connect, and while that is read back.
    const READ: &str = "method: GET, path: '*/bridges/sales/'";
    for (held, counts, dark, unknown) in [
        (format!("{READ}, nth: 3"), "3 done, 0 unknown, 4 not started", "", ""),
        (
            "path: '*/disconnect-provider/'".to_owned(),
            "3 done, 1 unknown, 3 not started",
            "PERHAPS DARK (1): the run did not wait for the answer",
            "Unknown (1)\n    s4 disconnect +14155550101 from sales",
        ),
        (
            format!("{READ}, nth: 4"),
            "4 done, 0 unknown, 3 not started",
            "DARK NOW (1): disconnected, and not connected again",
            "",
        ),
        (
            "path: '*/connect-provider/'".to_owned(),
            "4 done, 1 unknown, 2 not started",
            "PERHAPS DARK (1): the run did not wait for the answer",
            "Unknown (1)\n    s5 connect +14155550101 on sales",
        ),
        (format!("{READ}, nth: 5"), "5 done, 0 unknown, 2 not started", "", ""),
    ] {
        let story = closed_output::story();
        story.fault(&format!("{{ match: {{ {held} }}, when: after, effect: hold }}"));
        let mut terminal = Terminal::open();
        let child = terminal.runs(&story, "apply --auto-approve --max-numbers-dark 1");
        assert!(story.sandbox.wait_held(closed_output::PATIENCE));
        terminal.types(CTRL_C);
        assert!(terminal.until(|text| text.contains("press Ctrl-C again to stop at once")), "{}", terminal.text());
        terminal.types(CTRL_C);
        let ran = ended(&story, child, &mut terminal);
        assert_eq!(ran.code, 130, "{}", ran.whole());
        let (_, said) = ran.stdout.split_once("stopped at once: ").unwrap();
        let next = "\n    telform resume --max-numbers-dark 1\n";
        assert!(said.starts_with(&format!("{counts}\n")), "{held}: {said}");
        assert_eq!(said.contains("DARK"), !dark.is_empty(), "{held}: {said}");
        let words = [dark, unknown, next].into_iter().filter(|words| !words.is_empty());
        let places: Vec<_> = words.map(|words| said.find(words)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{held}: {places:?} {said}");
        story.sandbox.clear_faults();
        let resumed = story.expect(0, "resume --auto-approve --max-numbers-dark 1");
        resumed.says("was interrupted");
        assert!(!closed_output::server(&story).is_null());
        story.in_sync();
    }
}

/// Programs get it as the last events of the stream, and people on standard error.
#[test]
fn twice_as_json_lines() {
    let story = closed_output::story();
    story.fault("{ match: { path: '*/connect-provider/' }, when: after, effect: hold }");
    let mut child = start(&story, "apply --auto-approve --json");
    assert!(story.sandbox.wait_held(closed_output::PATIENCE));
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    signal(&child, "-TERM");
    let mut line = String::new();
    while !line.contains("\"event\":\"interrupted\"") {
        line.clear();
        assert!(stdout.read_line(&mut line).unwrap() > 0);
    }
    signal(&child, "-TERM");
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    let ran = closed_output::ends(&story, child, "twice");
    assert_eq!(ran.code, 130);
    ran.says("PERHAPS DARK (1)").says("telform resume");
    let events: Vec<serde_json::Value> = rest.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [unfinished, ended] = events.as_slice() else { panic!("{rest}") };
    assert_eq!((&unfinished["event"], &ended["exit"]), (&"unfinished".into(), &130.into()));
    assert_eq!(unfinished["advice"][0]["command"], "telform resume");
    let of = |step: usize| unfinished["steps"][step]["result"]["outcome"].clone();
    assert_eq!((of(3), of(4), of(5)), ("done".into(), "unknown".into(), "not_started".into()), "{rest}");
}

/// The world of the embedded simulator holds what was written, whenever the process is ended.
#[test]
fn a_sandbox_that_is_killed() {
    let fresh = || {
        let story = Story::new("{}");
        story.expect(0, "init --quickstart");
        story
    };
    // Whether a partner was created is invisible; that has a separate test.
    const WHAT: &str = "--sandbox world.yaml --exclude partners.acme-north";
    let args = &format!("apply {WHAT} --auto-approve");
    let essence = |story: &Story| {
        let world = telform::sandbox::World::load(story.path("world.state.yaml")).unwrap();
        let world = serde_json::to_value(world).unwrap();
        let (unpod, carrierx) = (&world["unpod"], &world["carrierx"]);
        [&unpod["configurations"], &unpod["bridges"], &carrierx["partners"]].map(|list| list.as_array().map_or(0, Vec::len))
    };
    let undisturbed = fresh();
    undisturbed.expect(0, args);
    let mut in_part = 0;
    for nth in (6..).step_by(7) {
        let story = fresh();
        let output = story.command(args).env("TELFORM_TEST_KILL_AT", nth.to_string()).output().unwrap();
        let ran = story.ran(args, &output);
        if ran.code == 0 {
            break;
        }
        let kept = story.path("world.ledger.journal");
        if kept.exists() {
            let lines = journal::check_journal(&std::fs::read(kept).unwrap()).unwrap().lines;
            let runs = journal::collect_runs(&lines);
            let made = runs.iter().flat_map(|run| &run.steps).filter_map(|step| step.created_id());
            let state = std::fs::read_to_string(story.path("world.state.yaml")).unwrap_or_default();
            for id in made {
                in_part += 1;
                assert!(state.contains(id), "moment {nth}: {id} was made, and is not in the world\n{state}");
            }
        }
        story.expect(0, &format!("resume {WHAT} --auto-approve"));
        story.expect(0, args);
        assert_eq!(essence(&story), essence(&undisturbed), "moment {nth}: nothing twice, nothing lost");
        story.expect(0, &format!("plan {WHAT} --detailed-exitcode")).says("Plan: no changes");
    }
    assert!(in_part > 3, "{in_part}");
}

/// At the question there is nothing to finish: the process ends, nothing was written, and the ledger is free.
/// Starting a run with `nohup` means that a closed terminal ends nothing.
#[test]
#[cfg(target_os = "linux")]
fn a_run_that_ignores_hangups_goes_on() {
    let story = story();
    story.fault("{ match: { method: POST }, when: after, effect: { delay_ms: 400 } }");
    let telform = story.command("");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" apply --auto-approve", env!("CARGO_BIN_EXE_telform")]);
    command.current_dir(story.path(".")).env_clear().stdin(std::process::Stdio::null());
    command.envs(telform.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    wait_for_a_write(&story);
    signal(&child, "-HUP");
    let ran = story.ran("apply under nohup", &child.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.whole());
    assert_eq!(story.writes().len(), 2);
    story.in_sync();
}

#[test]
fn at_the_question() {
    let story = story();
    let mut terminal = Terminal::open();
    let child = terminal.runs(&story, "apply");
    assert!(terminal.until(|text| text.contains("Type ") && text.ends_with(": ")), "{}", terminal.text());
    terminal.types(CTRL_C);
    let ran = ended(&story, child, &mut terminal);
    assert_eq!(ran.code, 130, "{}", ran.whole());
    assert_eq!(story.writes(), [""; 0]);
    assert!(!story.path(".telform/ledger.journal").exists(), "a run that never began leaves no line");
    story.apply();
    story.in_sync();
}
