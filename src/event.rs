//! What happens during an apply, as one stream. The terminal, the JSON lines and the journal are listeners.

use serde::Serialize;

use crate::call::StepId;
use crate::plan::Step;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The first step is about to start.
    Started {
        /// Digest of the plan.
        digest: String,
        /// Number of its steps.
        steps: usize,
    },
    /// A step is about to send its request.
    StepStarted {
        /// Which.
        step: StepId,
    },
    /// A step ended.
    StepEnded {
        /// Which.
        step: StepId,
        /// How.
        outcome: Outcome,
        /// Time from its first read to its end, in milliseconds.
        milliseconds: u64,
    },
    /// Somebody asked to stop: nothing new is started.
    Interrupted,
    /// The run ended in part, and numbers that were cut for nothing are about to be connected again.
    Reconnecting {
        /// The steps that do it; they are not among those of the plan.
        #[schemars(with = "Vec<crate::document::v1::Step>")]
        steps: Vec<Step>,
    },
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It is done and the answer proves it.
    Done {
        /// Identity of the object that it made.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Something worth saying: it was done already, or the service kept a value in another form.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// Attributes that the service keeps in another form than they were sent.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        unmet: Vec<String>,
        /// Attributes that it still shows as they were before.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        not_taken: Vec<String>,
    },
    /// The service said no, or its answer shows that it was not done.
    Failed {
        /// Which sort of failure: a code of the catalogue.
        code: &'static str,
        /// Why.
        why: String,
        /// Nothing may go on after this, whatever `--on-error` says: the token is not good, or the service emptied values that
        /// were not sent.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        fatal: bool,
        /// The service took the request all the same: something was written that is not what was asked for.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        written: bool,
    },
    /// The object is no longer what the plan saw; nothing was sent.
    Stale {
        /// Always `telform::step::stale`.
        code: &'static str,
        /// What moved.
        why: String,
    },
    /// The request was sent, and neither its answer nor reading tells whether it had its effect.
    Unknown {
        /// Always `telform::step::unknown`.
        code: &'static str,
        /// The evidence, and what to do.
        why: String,
    },
    /// It was not started.
    NotStarted {
        /// Always `telform::step::not_started`.
        code: &'static str,
        /// Why.
        why: String,
    },
}

impl Outcome {
    /// Done, with nothing to add.
    pub fn done() -> Self {
        Self::Done { id: None, note: None, unmet: Vec::new(), not_taken: Vec::new() }
    }

    /// Done, with something to say.
    pub fn done_with(note: impl Into<String>) -> Self {
        Self::Done { id: None, note: Some(note.into()), unmet: Vec::new(), not_taken: Vec::new() }
    }

    /// Done, as an answer shows it: what it shows in another form, and what as it was before.
    pub fn answered(id: Option<String>, unmet: Vec<String>, not_taken: Vec<String>) -> Self {
        let mut notes = Vec::new();
        if !not_taken.is_empty() {
            let shown = if id.is_some() { "does not show" } else { "still shows the old value of" };
            notes.push(format!("the answer {shown} {}", not_taken.join(", ")));
        }
        if !unmet.is_empty() {
            notes.push(format!("the service keeps {} in another form than it was sent", unmet.join(", ")));
        }
        let note = (!notes.is_empty()).then(|| notes.join("; "));
        Self::Done { id, note, unmet, not_taken }
    }

    /// Adds numbers that a new bridge does not show though it was to take them along.
    pub fn lacks(&mut self, numbers: &[String]) {
        if let (false, Self::Done { note, not_taken, .. }) = (numbers.is_empty(), self) {
            let told =
                format!("it was made without {}: the service did not take what was sent", numbers.join(", "));
            *note = Some(note.take().map_or(told.clone(), |before| format!("{before}; {told}")));
            not_taken.extend_from_slice(numbers);
        }
    }

    /// Not done.
    pub fn failed(code: &'static str, why: impl Into<String>) -> Self {
        Self::Failed { code, why: why.into(), fatal: false, written: false }
    }

    /// Not sent, because live moved.
    pub fn stale(why: impl Into<String>) -> Self {
        Self::Stale { code: "telform::step::stale", why: why.into() }
    }

    /// Sent, and nobody can tell.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown { code: "telform::step::unknown", why: why.into() }
    }

    /// Not begun.
    pub fn not_started(why: impl Into<String>) -> Self {
        Self::NotStarted { code: "telform::step::not_started", why: why.into() }
    }

    /// The code of what is not done.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Done { .. } => None,
            Self::Failed { code, .. }
            | Self::Stale { code, .. }
            | Self::Unknown { code, .. }
            | Self::NotStarted { code, .. } => Some(code),
        }
    }

    /// Whether steps that wait for it may start.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }

    /// Whether a no to this one request is all that is wrong.
    pub fn is_refusal(&self) -> bool {
        let about_one = ["gone", "conflict", "refused", "doubled", "service_failed"];
        match self {
            Self::Stale { .. } => true,
            Self::Failed { code, fatal: false, written: false, .. } => {
                code.rsplit("::").next().is_some_and(|word| about_one.contains(&word))
            }
            _ => false,
        }
    }

    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::Failed { .. } => "failed",
            Self::Stale { .. } => "stale",
            Self::Unknown { .. } => "unknown",
            Self::NotStarted { .. } => "not started",
        }
    }
}

/// Somebody who listens.
pub trait Observer: Send + Sync {
    /// Hears one event.
    fn hear(&self, event: &Event);
}
