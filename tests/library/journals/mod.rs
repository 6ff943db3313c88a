//! The checker on journals: a valid run, and one run for each broken rule.

use serde_json::{Value, json};
use telform::state::journal::{JournalHead, format_line};
use telform::verify::{self, JournalVerification};

/// A journal as a list of records, each with its run.
#[derive(Clone)]
struct Lines(Vec<(&'static str, Value)>);

impl Lines {
    fn text(&self) -> String {
        let (mut text, mut head) = (String::new(), JournalHead::default());
        for (run, record) in &self.0 {
            let record = serde_json::from_value(record.clone()).expect("a record");
            let (line, next) = format_line(&head, "2026-11-01T00:00:00Z", run, &record);
            text.push_str(&line);
            head = next;
        }
        text
    }

    fn verdict(&self) -> JournalVerification {
        verify::verify_journal(self.text().as_bytes())
    }

    fn with(&self, at: usize, record: Value) -> Self {
        let mut lines = self.clone();
        lines.0.insert(at, ("one", record));
        lines
    }

    fn without(&self, at: usize) -> Self {
        let mut lines = self.clone();
        lines.0.remove(at);
        lines
    }

    /// Members of one record changed; null removes a member.
    fn but(&self, at: usize, changes: Value) -> Self {
        let mut lines = self.clone();
        for (name, value) in changes.as_object().expect("members") {
            if value.is_null() {
                lines.0[at].1.as_object_mut().expect("a record").remove(name);
            } else {
                lines.0[at].1[name] = value.clone();
            }
        }
        lines
    }

    fn swapped(&self, a: usize, b: usize) -> Self {
        let mut lines = self.clone();
        lines.0.swap(a, b);
        lines
    }

    #[track_caller]
    fn is_good(&self) {
        let verdict = self.verdict();
        assert!(verdict.verified, "{:#?}", verdict.violations);
    }

    /// Is refused for this reason at this line.
    #[track_caller]
    fn breaks(&self, code: &str, at: usize) {
        let verdict = self.verdict();
        let place = format!("line {}", at + 1);
        let told = verdict
            .violations
            .iter()
            .any(|it| it.code.strip_prefix("telform::verify::journal::") == Some(code) && it.place == place);
        assert!(told && !verdict.verified, "{code} at {place}: {:#?}", verdict.violations);
    }
}

fn started(document: &Value) -> Value {
    json!({
        "what": "started", "format_version": 1, "command": "apply", "telform_version": "0.1.0",
        "actor": { "user": "ada", "host": "here", "pid": 7 }, "origin": document["origin"],
        "digest": document["digest"], "plan": document["plan"],
    })
}

fn outcome(step: &str, end: &str) -> Value {
    json!({ "what": "outcome", "step": step, "end": end, "milliseconds": 1 })
}

/// Positions of the lines of the good run.
const INTENT: [usize; 7] = [0, 1, 3, 5, 7, 0, 10];
const OUTCOME: [usize; 7] = [0, 2, 4, 6, 8, 9, 11];
const FINISHED: usize = 12;

/// What an undisturbed run of `small.json` leaves: each request announced, answered, and a receipt.
fn good() -> (Value, Lines) {
    let document = crate::verify::document("small.json");
    let mut lines = vec![("one", started(&document))];
    for step in document["plan"]["steps"].as_array().expect("steps") {
        let id = step["id"].as_str().expect("an id");
        let mut ended = outcome(id, "done");
        if let Some(call) = step["call"].as_object().filter(|_| step["phase"] != "read_back") {
            let query = call.get("query").and_then(Value::as_array).into_iter().flatten();
            let word = |value: &Value| value.as_str().expect("a text").to_owned();
            let query: Vec<String> = query.map(|pair| format!("{}={}", word(&pair[0]), word(&pair[1]))).collect();
            let mut target = call["path"].as_str().expect("a path").replace("{s1}", "44");
            if !query.is_empty() {
                target = format!("{target}?{}", query.join("&"));
            }
            lines.push((
                "one",
                json!({ "what": "intent", "step": id, "account": call["account"], "method": call["method"], "target": target }),
            ));
            ended["status"] = json!(200);
        }
        if step["phase"] == "create" {
            ended["id"] = json!("44");
        }
        lines.push(("one", ended));
    }
    lines.push(("one", json!({ "what": "finished", "result": "done", "exit": 0, "writes": 5 })));
    (document, Lines(lines))
}

#[test]
fn a_good_run() {
    let (document, good) = good();
    good.is_good();
    let verdict = good.verdict();
    assert_eq!((verdict.lines, verdict.runs, verdict.requests), (13, 1, 5));
    let text = good.text();
    assert!(verify::is_journal(text.as_bytes()) && !verify::is_journal(document.to_string().as_bytes()));
    let last: Value = serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
    assert_eq!(json!(verdict.head), last["hash"]);
    // Of a line that was never whole nothing began.
    assert_eq!(verify::verify_journal(&text.as_bytes()[..text.len() - 1]).lines, 12);
    let nothing = verify::verify_journal(b"");
    assert_eq!((nothing.verified, nothing.lines, nothing.head), (true, 0, "0".repeat(64)));
}

/// Every line is bound to the one before it; lines before the break are still counted.
#[test]
fn the_chain() {
    let (_, good) = good();
    let text = good.text();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let line = |at: usize| lines[at].to_owned();
    let rest = |from: usize| lines[from..].concat();
    for (changed, code, whole) in [
        (line(0) + &rest(2), "chain", 1),
        (line(0) + &line(2) + &line(1) + &rest(3), "chain", 1),
        (line(0) + &line(0) + &rest(1), "chain", 1),
        (line(0) + &line(1).replace("POST", "POSt") + &rest(2), "chain", 1),
        (line(0) + "\n" + &rest(1), "shape", 1),
        (line(0) + &line(1).replacen("{\"seq\"", "{\"seq\":2,\"seq\"", 1) + &rest(2), "shape", 1),
        (line(0) + &line(1).replacen("\"run\"", "\"more\":1,\"run\"", 1) + &rest(2), "shape", 1),
    ] {
        let verdict = verify::verify_journal(changed.as_bytes());
        assert_eq!(verdict.lines, whole, "{changed}");
        assert_eq!(verdict.violations.len(), 1, "{:#?}", verdict.violations);
        let told = &verdict.violations[0];
        assert_eq!(told.code, format!("telform::verify::journal::{code}"));
        assert_eq!(told.place, "line 2");
    }
    // A line with its own hash right and another one before it.
    let (other, _) = telform::state::journal::format_line(
        &JournalHead { seq: 1, hash: "0".repeat(64), version: None },
        "2026-11-01T00:00:00Z",
        "one",
        &telform::state::journal::JournalRecord::Interrupted,
    );
    assert_eq!(verify::verify_journal((line(0) + &other).as_bytes()).violations[0].code, "telform::verify::journal::chain");
}

#[test]
fn how_a_run_begins() {
    let (document, good) = good();
    good.but(0, json!({ "digest": "sha256:00" })).breaks("digest", 0);
    good.with(1, started(&document)).breaks("run", 1);
    good.without(0).breaks("run", 0);
    let mut lines = good.clone();
    lines.0[0].1["format_version"] = json!(2);
    lines.breaks("format", 0);
    // The plan itself is checked too, and may not refuse anything.
    let digest = |plan: &Value| {
        let forged: Value = serde_json::from_str(&crate::mutants::forged(&document, plan)).expect("JSON");
        forged["digest"].clone()
    };
    let mut plan = document["plan"].clone();
    plan["refusals"] = json!([{ "code": "max_deletes", "account": "unpod", "detail": "no" }]);
    good.but(0, json!({ "plan": plan, "digest": digest(&plan) })).breaks("refused", 0);
    let mut plan = document["plan"].clone();
    plan["steps"][5].as_object_mut().expect("a step").remove("waits_for");
    let verdict = good.but(0, json!({ "plan": plan, "digest": digest(&plan) })).verdict();
    let told = |it: &verify::CheckerViolation| it.code == "telform::verify::delete" && it.place.starts_with("line 1, /");
    assert!(verdict.violations.iter().any(told), "{:#?}", verdict.violations);
}

#[test]
fn each_request_is_the_one_of_its_step_once_and_in_its_turn() {
    let (_, good) = good();
    for change in [
        json!({ "account": "carrierx" }),
        json!({ "method": "PUT" }),
        json!({ "target": "telephony/providers-configurations/43/" }),
        json!({ "step": "s9" }),
        json!({ "step": "s5" }),
    ] {
        good.but(INTENT[6], change).breaks("request", INTENT[6]);
    }
    // Only with the query that the plan has.
    let bare = good.0[INTENT[2]].1["target"].as_str().expect("a target").split('?').next().expect("a path").to_owned();
    good.but(INTENT[2], json!({ "target": bare })).breaks("request", INTENT[2]);
    let again = |at: usize, times: usize| {
        let record = good.0[at].1.clone();
        (0..times).fold(good.clone(), |lines, _| lines.with(at, record.clone()))
    };
    again(INTENT[1], 1).breaks("reused", INTENT[1] + 1);
    again(INTENT[2], 1).is_good();
    again(INTENT[2], 2).breaks("reused", INTENT[2] + 2);
    let late = good.0[INTENT[2]].1.clone();
    good.with(OUTCOME[2] + 1, late.clone()).breaks("reused", OUTCOME[2] + 1);
    good.with(OUTCOME[3], late).breaks("phase", OUTCOME[3]);
    good.swapped(INTENT[4], OUTCOME[3]).breaks("early", INTENT[4] - 1);
    good.swapped(INTENT[6], OUTCOME[5]).breaks("early", OUTCOME[5]);
    good.with(FINISHED + 1, good.0[INTENT[6]].1.clone()).breaks("run", FINISHED + 1);
    let mut other = good.clone();
    other.0[INTENT[3]].0 = "two";
    other.breaks("run", INTENT[3]);
}

#[test]
fn each_end_is_borne_out_by_what_was_announced_and_answered() {
    let (_, good) = good();
    good.without(INTENT[3]).breaks("intent", INTENT[3]);
    good.but(OUTCOME[3], json!({ "step": "s9" })).breaks("outcome", OUTCOME[3]);
    good.but(OUTCOME[3], json!({ "end": "not_started", "status": null })).breaks("early", INTENT[4]);
    for (status, fine) in [(json!(199), false), (json!(200), true), (json!(299), true), (json!(300), false), (Value::Null, false)]
    {
        let lines = good.but(OUTCOME[3], json!({ "status": status }));
        if fine {
            lines.is_good()
        } else {
            lines.breaks("outcome", OUTCOME[3])
        }
        good.but(OUTCOME[3], json!({ "status": status, "why": "it was read" })).is_good();
    }
    good.but(OUTCOME[1], json!({ "id": null })).breaks("outcome", OUTCOME[1]);
    good.with(OUTCOME[3], outcome("s3", "failed")).breaks("reused", OUTCOME[3] + 1);
    good.but(OUTCOME[5], json!({ "end": "failed" })).breaks("early", OUTCOME[6]);
    // Possible outcomes of a step whose request was not announced.
    let quiet = Lines(good.0[..INTENT[3]].to_vec());
    for (end, extra, fine) in [
        ("stale", json!({}), true),
        ("failed", json!({}), true),
        ("not_started", json!({}), true),
        ("done", json!({ "why": "it was so already" }), true),
        ("done", json!({}), false),
        ("unknown", json!({}), false),
        ("damaged", json!({}), false),
        ("stale", json!({ "status": 409 }), false),
    ] {
        let lines = quiet.with(INTENT[3], outcome("s3", end)).but(INTENT[3], extra);
        if fine { lines.is_good() } else { lines.breaks("intent", INTENT[3]) }
    }
}

#[test]
fn what_is_settled_was_open_and_counts_where_it_is_done() {
    let (_, good) = good();
    let settled = |verdict: &str| json!({ "what": "settled", "of": "one", "step": "s3", "verdict": verdict, "evidence": "read" });
    // The end of s3 is not recorded, and a later run reads that it had its effect.
    let open = good.without(OUTCOME[3]);
    open.breaks("early", OUTCOME[3]);
    open.with(OUTCOME[3], settled("done")).is_good();
    open.with(OUTCOME[3], settled("not_done")).breaks("early", OUTCOME[3] + 1);
    good.with(INTENT[3], settled("done")).breaks("settled", INTENT[3]);
    good.with(OUTCOME[3] + 1, settled("done")).breaks("settled", OUTCOME[3] + 1);
}

/// `r3` reconnects the number that `s3` disconnected for `s4`: only where nothing indicates that `s4` may have moved it.
#[test]
fn a_way_back_is_that_of_a_cut_for_a_step_that_did_not_happen() {
    let (_, good) = good();
    let connect = good.0[INTENT[4]].1.clone();
    let cut = good.0[..INTENT[4]].to_vec();
    let run = |s4: &[Value], back: Value| {
        let mut lines = Lines(cut.clone());
        lines.0.push(("one", connect.clone()));
        lines.0.extend(s4.iter().map(|record| ("one", record.clone())));
        let at = lines.0.len();
        lines.0.push(("one", back));
        lines.0.push(("one", json!({ "what": "outcome", "step": "r3", "end": "done", "status": 200, "milliseconds": 1 })));
        lines.0.push(("one", json!({ "what": "finished", "result": "failed", "exit": 5, "writes": 4 })));
        (lines, at)
    };
    let mut back = connect.clone();
    back["step"] = json!("r3");
    let failed = [outcome("s4", "failed")];
    let (fine, at) = run(&failed, back.clone());
    fine.is_good();
    assert_eq!(fine.verdict().requests, 5);
    for (s4, why) in [
        (vec![outcome("s4", "unknown")], "may have connected"),
        (vec![], "may have connected"),
        (vec![good.0[OUTCOME[4]].1.clone()], "recorded as done"),
    ] {
        let (lines, at) = run(&s4, back.clone());
        lines.breaks("request", at);
        let told = lines.verdict().violations;
        assert!(told.iter().any(|it| it.text.contains(why)), "{told:#?}");
    }
    for change in [
        json!({ "account": "carrierx" }),
        json!({ "method": "PUT" }),
        json!({ "target": "telephony/bridges/sales-bridge-002/connect-provider/" }),
        json!({ "step": "r2" }),
        json!({ "step": "r9" }),
    ] {
        fine.but(at, change).breaks("request", at);
    }
    // Not before its disconnect, not three times, not again once it ended, and no end without an answer.
    let mut early = fine.clone();
    early.0.insert(INTENT[3], ("one", back.clone()));
    early.breaks("early", INTENT[3]);
    fine.with(at, back.clone()).is_good();
    fine.with(at, back.clone()).with(at, back.clone()).breaks("reused", at + 2);
    fine.with(at + 2, back.clone()).breaks("reused", at + 2);
    fine.with(at + 2, fine.0[at + 1].1.clone()).breaks("reused", at + 2);
    fine.without(at).breaks("outcome", at);
    fine.but(at + 1, json!({ "status": 404 })).breaks("outcome", at + 1);
    fine.but(at + 1, json!({ "status": null })).breaks("outcome", at + 1);
}

#[test]
fn the_receipt_is_counted_again() {
    let (_, good) = good();
    for change in [json!({ "writes": 4 }), json!({ "writes": 6 }), json!({ "exit": 1 })] {
        good.but(FINISHED, change).breaks("receipt", FINISHED);
    }
    // All but the last request: that is no `done`, and may be anything else.
    let part = good.without(OUTCOME[6]).without(INTENT[6]);
    let end = FINISHED - 2;
    part.but(end, json!({ "writes": 4 })).breaks("receipt", end);
    part.but(end, json!({ "writes": 4, "result": "failed", "exit": 5 })).is_good();
    part.but(end, json!({ "writes": 5, "result": "failed", "exit": 5 })).breaks("receipt", end);
    let mut interrupted = part.but(end, json!({ "writes": 4, "result": "interrupted", "exit": 130 }));
    interrupted.0.insert(end, ("one", json!({ "what": "interrupted" })));
    interrupted.is_good();
    let verdict = interrupted.verdict();
    assert_eq!((verdict.runs, verdict.requests), (1, 4));
}
