//! The same for a journal: checks that every request was covered by the plan of its run, in an order that the plan allows,
//! sent once, and announced before it was sent. Derived from the file alone, with a separate hash chain.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use smol_str::SmolStr;

use super::context::CheckerContext;
use super::journal_line::{CheckerJournalLine, CheckerRecord, CheckerRunStarted};
use super::order::READ_BACK_BARRIER;
use super::reconnect::{self, RecordedStatus};
use super::rules::{RULES, RuleScope};
use super::shape::{CheckerDocument, CheckerOperation, CheckerPhase, CheckerStep, List};
use super::strict::CanonicalJson;
use super::{CheckerViolation, FORMAT_VERSION, MOST_BYTES, digest_of_canonical, new_violation, sha256_hex};

/// What was found in a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalVerification {
    /// Whether every rule holds.
    pub verified: bool,
    /// Number of lines checked.
    pub lines: usize,
    /// Runs among them.
    pub runs: usize,
    /// Requests that were announced.
    pub requests: usize,
    /// Hash of the last checked line: it covers all of them.
    pub head: String,
    /// The rules that it breaks; `place` is the line.
    pub violations: Vec<CheckerViolation>,
}

/// Whether a file is a journal and not a plan.
pub fn is_journal(bytes: &[u8]) -> bool {
    bytes.starts_with(b"{\"seq\":")
}

/// A run as far as it was read.
struct CheckerRun {
    steps: List<CheckerStep>,
    phase: CheckerPhase,
    /// How often each step was announced.
    announced: BTreeMap<String, u32>,
    /// Steps with an outcome.
    ended: BTreeSet<String>,
    /// Those of them whose outcome is unknown.
    unknown: BTreeSet<String>,
    /// Steps that are done, with what they created.
    done: BTreeMap<String, Option<String>>,
    /// Read-backs that are not done: deletes wait for all of them.
    open_read_backs: BTreeSet<String>,
    finished: bool,
}

#[derive(Default)]
struct CheckerJournal {
    line: usize,
    /// Whether a line carried a MAC.
    has_mac: bool,
    requests: usize,
    runs: BTreeMap<String, CheckerRun>,
    /// The run whose receipt is the line before, when that is one.
    receipt_run: String,
    violations: Vec<CheckerViolation>,
}

/// Checks a journal.
pub fn verify_journal(bytes: &[u8]) -> JournalVerification {
    let mut reader = CheckerJournal::default();
    let mut head = "0".repeat(64);
    let mut rest = if bytes.len() > MOST_BYTES { &[] } else { bytes };
    if rest.len() != bytes.len() {
        reader.report("json", None, "the file is too large to be a journal");
    }
    // Text after the last newline is incomplete: power was lost, and what it announced did not begin.
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        reader.line += 1;
        match read_line(&rest[..end], reader.line, &head) {
            Ok((json, line)) => {
                head.clone_from(&line.hash);
                if reader.has_mac && line.mac.is_none() {
                    reader.report("mac", None, "it carries no MAC, and a line before it does");
                }
                reader.has_mac |= line.mac.is_some();
                reader.take_line(line, &json);
            }
            Err((code, why)) => {
                reader.report(code, None, &why);
                reader.line -= 1;
                break;
            }
        }
        rest = &rest[end + 1..];
    }
    JournalVerification {
        verified: reader.violations.is_empty(),
        lines: reader.line,
        runs: reader.runs.len(),
        requests: reader.requests,
        head,
        violations: reader.violations,
    }
}

/// One line, by itself and as the successor of the line before.
fn read_line(bytes: &[u8], number: usize, head: &str) -> Result<(CanonicalJson, CheckerJournalLine), (&'static str, String)> {
    let unread = |error: serde_json::Error| ("shape", format!("it is not a line of a journal: {error}"));
    let json = CanonicalJson::parse(bytes).map_err(unread)?;
    let line: CheckerJournalLine = serde_json::from_slice(bytes).map_err(unread)?;
    let tail = format!(",\"hash\":\"{}\"}}", line.hash);
    let body = bytes.strip_suffix(tail.as_bytes()).unwrap_or_default();
    if sha256_hex(body) != line.hash {
        return Err(("chain", "its hash is not that of its bytes".to_owned()));
    }
    if line.seq != number as u64 || line.prev != head {
        return Err(("chain", format!("it is not what was written after line {}", number - 1)));
    }
    Ok((json, line))
}

impl CheckerJournal {
    fn report(&mut self, code: &str, step: Option<&str>, text: &str) {
        self.violations.push(new_violation(&format!("journal::{code}"), format!("line {}", self.line), step, text));
    }

    fn take_line(&mut self, line: CheckerJournalLine, json: &CanonicalJson) {
        if let CheckerRecord::Started(started) = line.record {
            return self.begin_run(&line.run, *started, json);
        }
        let of = match &line.record {
            CheckerRecord::Settled { of, .. } => of.clone(),
            _ => line.run,
        };
        let Some(mut run) = self.runs.remove(&of) else {
            return self.report("run", None, "it belongs to a run that did not begin");
        };
        let vouches = matches!(line.record, CheckerRecord::Signed { .. });
        if vouches && !(run.finished && self.receipt_run == of) {
            self.report("signed", None, "a signature comes after the receipt of its run and nowhere else");
        }
        if run.finished && !vouches {
            self.report("run", None, "it belongs to a run that had ended");
        }
        let ended = matches!(line.record, CheckerRecord::Finished { .. });
        match line.record {
            CheckerRecord::Intent { step, account, method, target, .. } => {
                self.requests += 1;
                for (code, text) in run.check_intent(&step, (&account, &method, &target)) {
                    self.report(code, Some(&step), &text);
                }
            }
            CheckerRecord::Outcome { step, end, why, id, status, .. } => {
                for (code, text) in run.check_outcome(&step, &end, why.is_some(), id, status) {
                    self.report(code, Some(&step), &text);
                }
            }
            CheckerRecord::Settled { step, verdict, .. } => {
                if !run.announced.contains_key(&step) || run.ended.contains(&step) {
                    self.report("settled", Some(&step), &format!("{step} was not open, and is settled"));
                }
                if verdict == "done" && !run.done.contains_key(&step) {
                    run.note_done(step, None);
                }
            }
            CheckerRecord::Finished { result, exit, writes, .. } => {
                run.finished = true;
                let told = run.done.keys().filter(|id| run.find_step(id).is_none_or(is_write)).count();
                if writes != told as u64 {
                    self.report("receipt", None, &format!("it says {writes} writes, and {told} are recorded as done"));
                }
                if result == "done" && (exit != 0 || run.done.len() != run.steps.len()) {
                    self.report("receipt", None, "it says that all is done, and that is not recorded");
                }
            }
            CheckerRecord::Interrupted
            | CheckerRecord::Started(_)
            | CheckerRecord::Signed { .. }
            | CheckerRecord::Rekeyed { .. } => {}
        }
        self.receipt_run = if ended { of.clone() } else { String::new() };
        self.runs.insert(of, run);
    }

    fn begin_run(&mut self, id: &str, started: CheckerRunStarted, json: &CanonicalJson) {
        if started.format_version != FORMAT_VERSION {
            self.report("format", None, "it is of a version that is not known here");
        }
        if digest_of_canonical(&json.recorded_plan()) != started.digest {
            self.report("digest", None, "the digest is not that of the plan");
        }
        if started.approvals.iter().any(|approval| approval.digest != started.digest) {
            self.report("approval", None, "an approval is of another plan than the run's");
        }
        self.receipt_run.clear();
        let document = CheckerDocument {
            format: SmolStr::default(),
            format_version: FORMAT_VERSION,
            telform_version: started.telform_version.into(),
            summary: SmolStr::default(),
            counts: None,
            pending: true,
            refused: false,
            digest: started.digest.into(),
            origin: started.origin,
            plan: started.plan,
            notices: List::default(),
            unmanaged: List::default(),
            undo: started.undo,
            seals: None,
            binding: None,
            checksum: None,
        };
        let mut check = CheckerContext::new(&document);
        let complete = check.is_complete();
        // The summary is beside a plan, not in it.
        for (code, when, rule) in RULES.iter().filter(|(code, ..)| *code != "summary") {
            if complete || *when == RuleScope::Always {
                check.code = code;
                rule(&mut check);
            }
        }
        let found = check.violations;
        for broken in found {
            let place = format!("line {}, {}", self.line, broken.place);
            self.violations.push(CheckerViolation { place, ..broken });
        }
        if !document.plan.refusals.is_empty() {
            self.report("refused", None, "a refused plan was started");
        }
        let read_backs = document.plan.steps.iter().filter(|step| step.phase == CheckerPhase::ReadBack);
        let run = CheckerRun {
            open_read_backs: read_backs.map(|step| step.id.to_string()).collect(),
            steps: document.plan.steps,
            phase: CheckerPhase::Create,
            announced: BTreeMap::new(),
            ended: BTreeSet::new(),
            unknown: BTreeSet::new(),
            done: BTreeMap::new(),
            finished: false,
        };
        if self.runs.insert(id.to_owned(), run).is_some() {
            self.report("run", None, "this run began already");
        }
    }
}

/// What is wrong with a line: its code and its description.
type LineFaults = Vec<(&'static str, String)>;

impl CheckerRun {
    fn find_step(&self, id: &str) -> Option<&CheckerStep> {
        // Steps are named by their positions; a plan that names them otherwise is reported.
        let place = id.strip_prefix('s').and_then(|number| number.parse::<usize>().ok()?.checked_sub(1));
        let at = place.and_then(|place| self.steps.get(place)).filter(|step| step.id == id);
        at.or_else(|| self.steps.iter().find(|step| step.id == id))
    }

    fn note_done(&mut self, id: String, made: Option<String>) {
        self.open_read_backs.remove(&id);
        self.done.insert(id, made);
    }

    fn recorded_status(&self, id: &str) -> RecordedStatus {
        let open = || !self.ended.contains(id) || self.unknown.contains(id);
        if self.done.contains_key(id) {
            RecordedStatus::Done
        } else if self.announced.contains_key(id) && open() {
            RecordedStatus::Open
        } else {
            RecordedStatus::NotDone
        }
    }

    fn check_intent(&mut self, id: &str, sent: (&str, &str, &str)) -> LineFaults {
        let mut wrong = Vec::new();
        let times = *self.announced.entry(id.to_owned()).and_modify(|times| *times += 1).or_insert(1);
        let Some(step) = self.find_step(id) else {
            let cut = id.replacen('r', "s", 1);
            return match reconnect::expected_reconnect(&self.steps, id, |step| self.recorded_status(step)) {
                Err(why) => vec![("request", why)],
                Ok(_) if !self.announced.contains_key(&cut) => vec![("early", format!("{cut} was not sent"))],
                Ok(_) if times > 2 || self.ended.contains(id) => vec![("reused", format!("{id} is sent again"))],
                Ok(way) if (&*way.0, &*way.1, &*way.2) != sent => {
                    vec![("request", format!("{id} is another request than the way back of {cut}"))]
                }
                Ok(_) => Vec::new(),
            };
        };
        // A create is never sent twice; the other requests are idempotent and sent at most twice, except those that are refused
        // as long as the service has not seen the writes before them.
        let most = match step.operation {
            CheckerOperation::Create { .. } => 1,
            CheckerOperation::Delete { .. } | CheckerOperation::Connect { .. } => 8,
            _ => 2,
        };
        if self.ended.contains(id) || times > most {
            wrong.push(("reused", format!("{id} is sent again")));
        }
        // A replacement starts among the deletes: it waits for its own delete.
        let over = self.phase == CheckerPhase::TakeOver && step.phase == CheckerPhase::Delete;
        if step.phase < self.phase && !over {
            wrong.push(("phase", format!("{id} is sent after its phase was over")));
        }
        wrong.extend(self.unmet_dependency(step));
        if self.expected_request(step) != Some((sent.0.to_owned(), sent.1.to_owned(), sent.2.to_owned())) {
            wrong.push(("request", format!("{id} of the plan is another request than {} {}", sent.1, sent.2)));
        }
        self.phase = if step.phase > self.phase { step.phase } else { self.phase };
        wrong
    }

    /// The steps that a step waits for and that are not recorded as done.
    fn unmet_dependency(&self, step: &CheckerStep) -> Option<(&'static str, String)> {
        let open = step.waits_for.iter().find_map(|id| match id.as_str() {
            READ_BACK_BARRIER => self.open_read_backs.first().map(String::as_str),
            id => (!self.done.contains_key(id)).then_some(id),
        })?;
        let word = if step.phase == CheckerPhase::Delete { "deletes" } else { "is carried out" };
        Some(("early", format!("{} {word} before {open} is recorded as done", step.id)))
    }

    /// Account, method and target of a step, with the ids that earlier steps created.
    fn expected_request(&self, step: &CheckerStep) -> Option<(String, String, String)> {
        let call = &step.call;
        let mut target = call.path.to_string();
        if let Some((before, rest)) = call.path.split_once('{') {
            let (maker, after) = rest.split_once('}')?;
            target = format!("{before}{}{after}", self.done.get(maker)?.as_ref()?);
        }
        let query: Vec<String> = call.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
        if !query.is_empty() {
            target = format!("{target}?{}", query.join("&"));
        }
        is_write(step).then(|| (call.account.to_string(), call.method.to_string(), target))
    }

    fn check_outcome(&mut self, id: &str, end: &str, says_why: bool, made: Option<String>, status: Option<u16>) -> LineFaults {
        let mut wrong = Vec::new();
        let Some(step) = self.find_step(id) else {
            if let Err(why) = reconnect::expected_reconnect(&self.steps, id, |step| self.recorded_status(step)) {
                return vec![("outcome", why)];
            }
            let announced = self.announced.contains_key(id);
            wrong.extend(reconnect::reconnect_end_fault(id, end, announced, says_why, status).map(|why| ("outcome", why)));
            if !self.ended.insert(id.to_owned()) {
                wrong.push(("reused", format!("{id} ends twice")));
            }
            if end == "done" {
                self.note_done(id.to_owned(), made);
            }
            return wrong;
        };
        let announced = self.announced.contains_key(id);
        let done = end == "done";
        if !["done", "failed", "damaged", "stale", "unknown", "not_started"].contains(&end) {
            wrong.push(("outcome", format!("{id} ends in a way that is not known")));
        }
        // Without a request a step ends only as stale, as failed before sending, or as already done, with the reason.
        if is_write(step) && !announced && (status.is_some() || end == "damaged" || end == "unknown" || done && !says_why) {
            wrong.push(("intent", format!("{id} has an answer, and its request was not announced")));
        }
        if done && is_write(step) && announced && !says_why && !status.is_some_and(|status| (200..300).contains(&status)) {
            wrong.push(("outcome", format!("{id} is called done, and no answer says so")));
        }
        if done && matches!(step.operation, CheckerOperation::Create { .. }) && made.is_none() {
            wrong.push(("outcome", format!("{id} made something without an id")));
        }
        if done {
            wrong.extend(self.unmet_dependency(step));
        }
        if end == "unknown" {
            self.unknown.insert(id.to_owned());
        }
        if !self.ended.insert(id.to_owned()) {
            wrong.push(("reused", format!("{id} ends twice")));
        }
        if done {
            self.note_done(id.to_owned(), made);
        }
        wrong
    }
}

fn is_write(step: &CheckerStep) -> bool {
    !matches!(step.operation, CheckerOperation::ReadBack { .. })
}
