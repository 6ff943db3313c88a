//! What happens during an apply, as one stream. The terminal, the JSON lines and the journal are listeners.

use serde::Serialize;
use smol_str::SmolStr;

use crate::model::call::StepId;
use crate::plan::Step;
use crate::text::escape;

tokio::task_local! {
    static CURRENT_STEP: StepId;
}

/// Does the work of a step: whoever observes its requests can tell whose they are.
pub(super) async fn in_step<T>(step: &StepId, work: impl Future<Output = T>) -> T {
    CURRENT_STEP.scope(step.clone(), work).await
}

/// The step whose work this is; none outside of one.
pub fn current_step() -> Option<StepId> {
    CURRENT_STEP.try_with(StepId::clone).ok()
}

/// An event.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ApplyEvent {
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
        outcome: StepOutcome,
        /// Time from its first read to its completion, in milliseconds.
        milliseconds: u64,
    },
    /// A stop was requested: nothing new is started.
    Interrupted,
    /// The run ended in part, and numbers that were disconnected in vain are about to be connected again.
    Reconnecting {
        /// The steps that do this; they are not among those of the plan.
        #[schemars(with = "Vec<crate::document::v1::StepV1>")]
        steps: Vec<Step>,
    },
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum StepOutcome {
    /// It is done and the answer proves it.
    Done {
        /// Identity of the object that it created.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// A remark: it was already done, or the service stored a value in a different form.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// Attributes that the service stores in a different form from the one sent.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        unmet: Vec<String>,
        /// Attributes that it still shows as they were before.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        not_taken: Vec<String>,
    },
    /// The service refused, or its answer shows that it was not done.
    Failed {
        /// The type of failure: a code of the catalogue.
        code: &'static str,
        /// Why.
        why: String,
        /// The run must stop, whatever `--on-error` says: the token is invalid, or the service emptied values that were not
        /// sent.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        fatal: bool,
        /// The service accepted the request nevertheless: what was written is not what was requested.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        written: bool,
    },
    /// The object changed since the plan; nothing was sent.
    Stale {
        /// Always `telform::step::stale`.
        code: &'static str,
        /// What changed.
        why: String,
    },
    /// The request was sent, and neither its answer nor reading shows whether it had its effect.
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

impl StepOutcome {
    /// The id of the object that it created.
    pub(crate) fn created_id(&self) -> Option<String> {
        if let Self::Done { id, .. } = self { id.clone() } else { None }
    }

    /// Done, without a remark.
    pub fn done() -> Self {
        Self::Done { id: None, note: None, unmet: Vec::new(), not_taken: Vec::new() }
    }

    /// Done, with a remark.
    pub fn done_with(note: impl Into<String>) -> Self {
        Self::Done { id: None, note: Some(note.into()), unmet: Vec::new(), not_taken: Vec::new() }
    }

    /// Done according to an answer: what it shows in a different form, and what it shows unchanged.
    pub fn from_answer(id: Option<String>, unmet: Vec<String>, not_taken: Vec<String>) -> Self {
        let mut notes = Vec::new();
        if !not_taken.is_empty() {
            let shown = if id.is_some() { "does not show" } else { "still shows the old value of" };
            notes.push(format!("the answer {shown} {}", not_taken.join(", ")));
        }
        if !unmet.is_empty() {
            notes.push(format!("the service stores {} in a different form than was sent", unmet.join(", ")));
        }
        let note = (!notes.is_empty()).then(|| notes.join("; "));
        Self::Done { id, note, unmet, not_taken }
    }

    /// Adds the attributes in which the answer shows a secret of this run.
    pub fn add_echoes(&mut self, names: &[SmolStr]) {
        if let (false, Self::Done { note, .. }) = (names.is_empty(), self) {
            let names: Vec<String> = names.iter().map(|name| escape(name)).collect();
            let told = format!(
                "the service shows one of your secrets in {}: it is masked, and the value is not compared [notice::secret_echoed]",
                names.join(", ")
            );
            *note = Some(note.take().map_or(told.clone(), |before| format!("{before}; {told}")));
        }
    }

    /// Adds numbers that a new bridge does not show although it was to include them.
    pub fn add_missing_numbers(&mut self, numbers: &[String]) {
        if let (false, Self::Done { note, not_taken, .. }) = (numbers.is_empty(), self) {
            let told = format!("it was created without {}: the service ignored what was sent", numbers.join(", "));
            *note = Some(note.take().map_or(told.clone(), |before| format!("{before}; {told}")));
            not_taken.extend_from_slice(numbers);
        }
    }

    /// Not done.
    pub fn failed(code: &'static str, why: impl Into<String>) -> Self {
        Self::Failed { code, why: why.into(), fatal: false, written: false }
    }

    /// Not sent, because the live state changed.
    pub fn stale(why: impl Into<String>) -> Self {
        Self::Stale { code: "telform::step::stale", why: why.into() }
    }

    /// Sent, with an unknown outcome.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown { code: "telform::step::unknown", why: why.into() }
    }

    /// Not started.
    pub fn not_started(why: impl Into<String>) -> Self {
        Self::NotStarted { code: "telform::step::not_started", why: why.into() }
    }

    /// The code of a step that is not done.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Done { .. } => None,
            Self::Failed { code, .. } | Self::Stale { code, .. } | Self::Unknown { code, .. } | Self::NotStarted { code, .. } => {
                Some(code)
            }
        }
    }

    /// Whether steps that wait for it may start.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }

    /// Whether the refusal of this one request is the only problem.
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
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::Failed { .. } => "failed",
            Self::Stale { .. } => "stale",
            Self::Unknown { .. } => "unknown",
            Self::NotStarted { .. } => "not started",
        }
    }
}

/// A listener of an apply.
pub trait ApplyObserver: Send + Sync {
    /// Hears one event.
    fn on_event(&self, event: &ApplyEvent);
}
