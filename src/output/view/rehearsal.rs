//! A rehearsal: the requests that an apply would send, how long it would take, and for how long each number would be dark.

use std::fmt::Write;

use serde::Serialize;

use super::{FAINT, STRONG, paint};
use crate::model::value::Value;
use crate::text::escape;

/// What a rehearsal showed.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Rehearsal {
    /// By account, in order.
    pub accounts: Vec<AccountRequests>,
    /// Seconds that the apply would take.
    pub seconds: f64,
    /// Numbers that are disconnected, moved or connected.
    pub numbers: Vec<NumberDowntime>,
    /// Faults of `--fault` that no request met.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missed_faults: Vec<MissedFault>,
}

/// A fault that no request met.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct MissedFault {
    /// Its place among those that were given, from 1 on.
    pub fault: usize,
    /// How many requests it matched.
    pub matched: u32,
    /// The first of them that it is for.
    pub nth: u32,
    /// The path of a request of the rehearsal.
    #[serde(skip)]
    pub example: Option<String>,
}

/// All requests to one account, in the order in which the service would get them.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct AccountRequests {
    /// Its name.
    pub account: String,
    /// Requests.
    pub requests: Vec<RehearsedRequest>,
}

/// One request, without secrets.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct RehearsedRequest {
    /// Method.
    pub method: String,
    /// Path and query below the base URL.
    pub target: String,
    /// Body; null when there is none.
    pub body: Value,
    /// Status of the answer; none when the connection broke.
    pub status: Option<u16>,
}

/// A number and how long it is dark.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct NumberDowntime {
    /// E.164.
    pub number: String,
    /// Its account.
    pub account: String,
    /// Seconds without a connection; none when it stays dark.
    pub seconds: Option<f64>,
    /// The step from which its target lets no call through, where it is not disconnected.
    #[serde(skip)]
    pub from_step: Option<String>,
}

/// For people; with `verbose` the reads too.
pub fn rehearsal_as_text(rehearsal: &Rehearsal, verbose: bool) -> String {
    let mut out = String::new();
    for account in &rehearsal.accounts {
        let writes = account.requests.iter().filter(|request| request.method != "GET").count();
        let reads = account.requests.len() - writes;
        let hidden = if verbose || reads == 0 { "" } else { ", which -v shows" };
        let _ = writeln!(
            out,
            "\n{}",
            paint(
                STRONG,
                escape(&format!(
                    "Requests to {}: {}, {}{hidden}",
                    account.account,
                    count_of(writes, "write"),
                    count_of(reads, "read")
                ))
            )
        );
        for request in account.requests.iter().filter(|request| verbose || request.method != "GET") {
            let status = request.status.map_or_else(|| "connection cut".to_owned(), |status| status.to_string());
            let line = escape(&format!("{:6} {}", request.method, request.target));
            let _ = writeln!(out, "  {line}  {}", paint(FAINT, status));
        }
    }
    if !rehearsal.numbers.is_empty() {
        let _ = writeln!(out, "\n{}", paint(STRONG, "How long each number would be disconnected"));
        for dark in &rehearsal.numbers {
            let _ = writeln!(out, "  {}  {}", escape(&dark.number), dark.how_long());
        }
    }
    let _ = writeln!(out, "\n{}\n{REHEARSED}", rehearsal.how_long());
    for missed in &rehearsal.missed_faults {
        let _ = writeln!(out, "{}", escape(&missed.describe()));
    }
    out
}

/// What no reader of a rehearsal may take for an apply.
const REHEARSED: &str = "This was a rehearsal: nothing was written to a service.";

impl Rehearsal {
    /// The same for a report, a sentence each.
    pub fn forecast(&self) -> Vec<String> {
        let dark = self.numbers.iter().map(|dark| format!("{} would be disconnected: {}", dark.number, dark.how_long()));
        let missed = self.missed_faults.iter().map(MissedFault::describe);
        [REHEARSED.to_owned(), self.how_long()].into_iter().chain(dark).chain(missed).collect()
    }

    fn how_long(&self) -> String {
        format!("The apply would take about {:.1} s at the current speed of the services.", self.seconds)
    }
}

impl MissedFault {
    fn describe(&self) -> String {
        let Self { fault, matched, nth, .. } = self;
        if *matched > 0 {
            return format!(
                "Fault {fault} had no effect: {} matched it, and it is for number {nth}.",
                count_of(*matched as usize, "request")
            );
        }
        let example = self.example.as_ref().map(|path| format!(". A path is written whole, as in {path}")).unwrap_or_default();
        format!("Fault {fault} had no effect: no request matched it{example}.")
    }
}

impl NumberDowntime {
    fn how_long(&self) -> String {
        match self.seconds {
            None => {
                let from = self.from_step.as_deref().unwrap_or("its disconnect");
                format!("from {from} on: this run does not connect it again")
            }
            Some(0.0) => "not at all".to_owned(),
            Some(seconds) => format!("{seconds:.1} s"),
        }
    }
}

fn count_of(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
