//! How a run ends.

use crate::plan::Plan;

/// How a run ends: the exit code of the process (`docs/errors.md`), which the journal keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Nothing to do, or done and proven.
    Done = 0,
    /// Failed before any write.
    Failed = 1,
    /// Changes are pending.
    Pending = 2,
    /// A guard or a refusal; nothing was written.
    Refused = 3,
    /// Live state or configuration changed since the plan; nothing was written.
    Stale = 4,
    /// Applied in part, or an account that could not be read was left out.
    Partial = 5,
    /// Applied, and a fresh plan is not empty.
    NotConverged = 6,
    /// Interrupted.
    Interrupted = 130,
}

impl Exit {
    /// The end of a run that did all that its plan says: in part, where accounts were left out because they could not be read.
    pub fn of_whole(plan: &Plan) -> Self {
        if plan.limits.unreadable.is_empty() { Self::Done } else { Self::Partial }
    }

    /// The content of a receipt.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "nothing written",
            Self::Pending => "pending",
            Self::Refused => "refused",
            Self::Stale => "stale",
            Self::Partial => "in part",
            Self::NotConverged => "not converged",
            Self::Interrupted => "interrupted",
        }
    }
}
