//! The same over a journal: was every request one that the plan of its run covers, in an order that the plan allows, once, and
//! announced before it was sent? Told again from the file alone, with a hash chain of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::back::{self, Recorded};
use super::check::Check;
use super::line::{Line, Record, Started};
use super::rules::{RULES, When};
use super::shape::{Document, Operation, Phase, Step};
use super::strict::Strict;
use super::{FORMAT_VERSION, MOST_BYTES, Violation, computed_digest, hex, violation};

/// What was found in a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalVerdict {
    /// Whether every rule holds.
    pub verified: bool,
    /// Lines that were looked at.
    pub lines: usize,
    /// Runs among them.
    pub runs: usize,
    /// Requests that were announced.
    pub requests: usize,
    /// Hash of the last line that was looked at: it stands for all of them.
    pub head: String,
    /// The rules that it breaks; `place` is the line.
    pub violations: Vec<Violation>,
}

/// Whether a file is a journal and no plan.
pub fn is_journal(bytes: &[u8]) -> bool {
    bytes.starts_with(b"{\"seq\":")
}

/// A run as far as it was read.
struct Run {
    steps: Vec<Step>,
    phase: Phase,
    /// How often each step was announced.
    announced: BTreeMap<String, u32>,
    /// Steps with an outcome.
    ended: BTreeSet<String>,
    /// Those of them whose outcome is that nobody knows.
    unknown: BTreeSet<String>,
    /// Steps that are done, with what they made.
    done: BTreeMap<String, Option<String>>,
    finished: bool,
}

#[derive(Default)]
struct Reader {
    line: usize,
    requests: usize,
    runs: BTreeMap<String, Run>,
    found: Vec<Violation>,
}

/// Checks a journal.
pub fn journal(bytes: &[u8]) -> JournalVerdict {
    let mut reader = Reader::default();
    let mut head = "0".repeat(64);
    let mut rest = if bytes.len() > MOST_BYTES { &[] } else { bytes };
    if rest.len() != bytes.len() {
        reader.no("json", None, "the file is too large to be a journal");
    }
    // What stands behind the last newline was never whole: power was lost, and what it announced did not begin.
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        reader.line += 1;
        match read(&rest[..end], reader.line, &head) {
            Ok((json, line)) => {
                head.clone_from(&line.hash);
                reader.take(line, &json);
            }
            Err((code, why)) => {
                reader.no(code, None, &why);
                reader.line -= 1;
                break;
            }
        }
        rest = &rest[end + 1..];
    }
    JournalVerdict {
        verified: reader.found.is_empty(),
        lines: reader.line,
        runs: reader.runs.len(),
        requests: reader.requests,
        head,
        violations: reader.found,
    }
}

/// One line, by itself and behind the line before.
fn read(bytes: &[u8], number: usize, head: &str) -> Result<(Value, Line), (&'static str, String)> {
    let unread = |error: serde_json::Error| ("shape", format!("it is no line of a journal: {error}"));
    let Strict(json) = serde_json::from_slice(bytes).map_err(unread)?;
    let line: Line = serde_json::from_slice(bytes).map_err(unread)?;
    let tail = format!(",\"hash\":\"{}\"}}", line.hash);
    let body = bytes.strip_suffix(tail.as_bytes()).unwrap_or_default();
    if hex(body) != line.hash {
        return Err(("chain", "its hash is not that of its bytes".to_owned()));
    }
    if line.seq != number as u64 || line.prev != head {
        return Err(("chain", format!("it is not what was written behind line {}", number - 1)));
    }
    Ok((json, line))
}

impl Reader {
    fn no(&mut self, code: &str, step: Option<&str>, text: &str) {
        self.found.push(violation(&format!("journal::{code}"), format!("line {}", self.line), step, text));
    }

    fn take(&mut self, line: Line, json: &Value) {
        if let Record::Started(started) = line.record {
            return self.begin(&line.run, *started, json);
        }
        let of = match &line.record {
            Record::Settled { of, .. } => of.clone(),
            _ => line.run,
        };
        let Some(mut run) = self.runs.remove(&of) else {
            return self.no("run", None, "it belongs to a run that did not begin");
        };
        if run.finished {
            self.no("run", None, "it belongs to a run that had ended");
        }
        match line.record {
            Record::Intent { step, account, method, target, .. } => {
                self.requests += 1;
                for (code, text) in run.intent(&step, (&account, &method, &target)) {
                    self.no(code, Some(&step), &text);
                }
            }
            Record::Outcome { step, end, why, id, status, .. } => {
                for (code, text) in run.outcome(&step, &end, why.is_some(), id, status) {
                    self.no(code, Some(&step), &text);
                }
            }
            Record::Settled { step, verdict, .. } => {
                if !run.announced.contains_key(&step) || run.ended.contains(&step) {
                    self.no("settled", Some(&step), &format!("{step} was not open, and is settled"));
                }
                if verdict == "done" {
                    run.done.entry(step).or_default();
                }
            }
            Record::Finished { result, exit, writes, .. } => {
                run.finished = true;
                let told = run.done.keys().filter(|id| run.step(id).is_none_or(is_write)).count();
                if writes != told as u64 {
                    self.no(
                        "receipt",
                        None,
                        &format!("it says {writes} writes, and {told} are recorded as done"),
                    );
                }
                if result == "done" && (exit != 0 || run.done.len() != run.steps.len()) {
                    self.no("receipt", None, "it says that all is done, and that is not recorded");
                }
            }
            Record::Interrupted | Record::Started(_) => {}
        }
        self.runs.insert(of, run);
    }

    fn begin(&mut self, id: &str, started: Started, json: &Value) {
        if started.format_version != FORMAT_VERSION {
            self.no("format", None, "it is of a version that is not known here");
        }
        if computed_digest(&json["record"]["plan"]) != started.digest {
            self.no("digest", None, "the digest is not that of the plan");
        }
        let document = Document {
            format: String::new(),
            format_version: FORMAT_VERSION,
            telform_version: started.telform_version,
            summary: String::new(),
            pending: true,
            refused: false,
            digest: started.digest,
            origin: started.origin,
            plan: started.plan,
            notices: Vec::new(),
            unmanaged: Vec::new(),
            undo: started.undo,
            seals: None,
            checksum: None,
        };
        let mut check = Check::new(&document);
        let complete = check.is_complete();
        // The summary stands beside a plan, not in it.
        for (code, when, rule) in RULES.iter().filter(|(code, ..)| *code != "summary") {
            if complete || *when == When::Always {
                check.code = code;
                rule(&mut check);
            }
        }
        let found = check.found;
        for broken in found {
            let place = format!("line {}, {}", self.line, broken.place);
            self.found.push(Violation { place, ..broken });
        }
        if !document.plan.refusals.is_empty() {
            self.no("refused", None, "a plan that refuses something was begun");
        }
        let run = Run {
            steps: document.plan.steps,
            phase: Phase::Create,
            announced: BTreeMap::new(),
            ended: BTreeSet::new(),
            unknown: BTreeSet::new(),
            done: BTreeMap::new(),
            finished: false,
        };
        if self.runs.insert(id.to_owned(), run).is_some() {
            self.no("run", None, "this run began already");
        }
    }
}

/// What is wrong with a line: its code and the words for it.
type Wrong = Vec<(&'static str, String)>;

impl Run {
    fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    fn recorded(&self, id: &str) -> Recorded {
        let open = || !self.ended.contains(id) || self.unknown.contains(id);
        if self.done.contains_key(id) {
            Recorded::Done
        } else if self.announced.contains_key(id) && open() {
            Recorded::Open
        } else {
            Recorded::NotDone
        }
    }

    fn intent(&mut self, id: &str, sent: (&str, &str, &str)) -> Wrong {
        let mut wrong = Vec::new();
        let times = self.announced.entry(id.to_owned()).or_default();
        *times += 1;
        let times = *times;
        let Some(step) = self.step(id) else {
            let cut = id.replacen('r', "s", 1);
            return match back::way(&self.steps, id, |step| self.recorded(step)) {
                Err(why) => vec![("request", why)],
                Ok(_) if !self.announced.contains_key(&cut) => vec![("early", format!("{cut} was not sent"))],
                Ok(_) if times > 2 || self.ended.contains(id) => {
                    vec![("reused", format!("{id} is sent again"))]
                }
                Ok(way) if (&*way.0, &*way.1, &*way.2) != sent => {
                    vec![("request", format!("{id} is another request than the way back of {cut}"))]
                }
                Ok(_) => Vec::new(),
            };
        };
        // A create is never sent twice; the others bring about the same however often, and are sent twice at most, but for those
        // that are refused as long as the service has not seen the writes before them.
        let most = match step.operation {
            Operation::Create { .. } => 1,
            Operation::Delete { .. } | Operation::Connect { .. } => 8,
            _ => 2,
        };
        if self.ended.contains(id) || times > most {
            wrong.push(("reused", format!("{id} is sent again")));
        }
        // What takes over starts beside the deletes: it waits for its own.
        let over = self.phase == Phase::TakeOver && step.phase == Phase::Delete;
        if step.phase < self.phase && !over {
            wrong.push(("phase", format!("{id} is sent after its phase was over")));
        }
        wrong.extend(self.early(step));
        if self.covers(step) != Some((sent.0.to_owned(), sent.1.to_owned(), sent.2.to_owned())) {
            wrong
                .push(("request", format!("{id} of the plan is another request than {} {}", sent.1, sent.2)));
        }
        self.phase = if step.phase > self.phase { step.phase } else { self.phase };
        wrong
    }

    /// What a step waits for and is not recorded as done.
    fn early(&self, step: &Step) -> Option<(&'static str, String)> {
        let open = step.waits_for.iter().find(|id| !self.done.contains_key(*id))?;
        let word = if step.phase == Phase::Delete { "deletes" } else { "is carried out" };
        Some(("early", format!("{} {word} before {open} is recorded as done", step.id)))
    }

    /// Account, method and target of a step, with the ids that earlier steps made.
    fn covers(&self, step: &Step) -> Option<(String, String, String)> {
        let call = &step.call;
        let mut target = call.path.clone();
        if let Some((before, rest)) = call.path.split_once('{') {
            let (maker, after) = rest.split_once('}')?;
            target = format!("{before}{}{after}", self.done.get(maker)?.as_ref()?);
        }
        let query: Vec<String> = call.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
        if !query.is_empty() {
            target = format!("{target}?{}", query.join("&"));
        }
        is_write(step).then(|| (call.account.clone(), call.method.clone(), target))
    }

    fn outcome(
        &mut self,
        id: &str,
        end: &str,
        says_why: bool,
        made: Option<String>,
        status: Option<u16>,
    ) -> Wrong {
        let mut wrong = Vec::new();
        let Some(step) = self.step(id) else {
            if let Err(why) = back::way(&self.steps, id, |step| self.recorded(step)) {
                return vec![("outcome", why)];
            }
            let announced = self.announced.contains_key(id);
            wrong.extend(back::ended(id, end, announced, says_why, status).map(|why| ("outcome", why)));
            if !self.ended.insert(id.to_owned()) {
                wrong.push(("reused", format!("{id} ends twice")));
            }
            if end == "done" {
                self.done.insert(id.to_owned(), made);
            }
            return wrong;
        };
        let announced = self.announced.contains_key(id);
        let done = end == "done";
        if !["done", "failed", "damaged", "stale", "unknown", "not_started"].contains(&end) {
            wrong.push(("outcome", format!("{id} ends in a way that is not known")));
        }
        // Without a request a step ends only as stale, as failed before it was sent, or as done already, which says why.
        if is_write(step)
            && !announced
            && (status.is_some() || end == "damaged" || end == "unknown" || done && !says_why)
        {
            wrong.push(("intent", format!("{id} has an answer, and its request was not announced")));
        }
        if done
            && is_write(step)
            && announced
            && !says_why
            && !status.is_some_and(|status| (200..300).contains(&status))
        {
            wrong.push(("outcome", format!("{id} is called done, and no answer says so")));
        }
        if done && matches!(step.operation, Operation::Create { .. }) && made.is_none() {
            wrong.push(("outcome", format!("{id} made something without an id")));
        }
        if done {
            wrong.extend(self.early(step));
        }
        if end == "unknown" {
            self.unknown.insert(id.to_owned());
        }
        if !self.ended.insert(id.to_owned()) {
            wrong.push(("reused", format!("{id} ends twice")));
        }
        if done {
            self.done.insert(id.to_owned(), made);
        }
        wrong
    }
}

fn is_write(step: &Step) -> bool {
    !matches!(step.operation, Operation::ReadBack { .. })
}
