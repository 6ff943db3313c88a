//! The second plan of an apply with `--then all`: what is said of it is about the rest, because the first changes are written.

use std::sync::atomic::Ordering;

use super::console::Console;
use crate::output::{Said, view};
use crate::plan::ChangeLimit;
use crate::run::RunError;

impl Console {
    /// The first changes are written and proven.
    pub(super) fn begin_rest(&self, limit: ChangeLimit) {
        self.plans_rest.store(true, Ordering::Relaxed);
        if self.global.json {
            self.print_event(&Said::RestFollows { limit: limit.limit, of: limit.of, left_out: limit.left_out });
        } else if !self.global.quiet {
            self.print(&format!("\n{}\n\n", view::describe_rest(limit)));
        }
    }

    /// What a plan that is not carried out leaves.
    pub(super) fn nothing_written(&self) -> &'static str {
        match self.plans_rest.load(Ordering::Relaxed) {
            true => "Nothing of the rest was written.",
            false => "Nothing was written.",
        }
    }

    /// Why the rest was not carried out.
    pub(super) fn print_rest_failure(&self, error: &RunError) {
        let (code, message, help) = error.parts();
        match message.strip_suffix("othing was written") {
            Some(before) => {
                self.print_failure(&RunError::other(code, format!("{before}othing of the rest was written"), help));
            }
            None => self.print_failure(error),
        }
        self.print_rest_not_written();
    }

    /// The end of an apply whose first changes are written.
    pub(super) fn print_rest_not_written(&self) {
        self.print_stderr("applied in part: the first changes are applied and verified; the rest was not written\n");
    }
}
