//! A run as one trace, for a collector of OpenTelemetry: what was read, applied and proven, each step, request and wait. Only where
//! `OTEL_EXPORTER_OTLP_ENDPOINT` is set. Its spans hold no secret, no body, no header and no query.

#[cfg(feature = "otlp")]
use std::sync::Arc;

use super::console::Console;
use crate::run::{Busy, BusyGuard, Exit};

#[cfg(feature = "otlp")]
mod exporter;
#[cfg(feature = "otlp")]
mod spans;
#[cfg(feature = "otlp")]
pub(crate) use spans::RunTrace;

/// Never made: this telform was built without the feature `otlp`.
#[cfg(not(feature = "otlp"))]
#[derive(Debug)]
pub(crate) enum RunTrace {}

/// The addresses of a collector, the narrower one first.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// The variable that asks for a trace; none where nothing is exported.
fn asking_variable() -> Option<&'static str> {
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|set| set.trim().eq_ignore_ascii_case(value));
    if is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none") {
        return None;
    }
    ENDPOINTS.into_iter().find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

impl Console {
    /// Begins the trace of a command, where one is asked for. Inside the runtime.
    pub(crate) fn begin_trace(&mut self, command: &str) {
        let Some(variable) = asking_variable() else { return };
        #[cfg(feature = "otlp")]
        match RunTrace::begin(command) {
            Ok(trace) => self.trace = Some(Arc::new(trace)),
            Err(why) => self.note_lost_trace(&why),
        }
        #[cfg(not(feature = "otlp"))]
        {
            let _ = command;
            self.note_lost_trace(&format!("{variable} is set, and this telform was built without tracing (feature `otlp`)"));
        }
        #[cfg(feature = "otlp")]
        let _ = variable;
    }

    /// Ends the trace, and waits a few seconds at most until it is sent.
    pub(crate) async fn end_trace(&self, exit: Exit) {
        #[cfg(feature = "otlp")]
        if let Some(trace) = &self.trace
            && let Err(why) = trace.end(exit).await
        {
            self.note_lost_trace(&why);
        }
        #[cfg(not(feature = "otlp"))]
        let _ = exit;
    }

    /// A run ends as it would without a trace.
    fn note_lost_trace(&self, why: &str) {
        let text = format!("note: the trace was not exported: {why}");
        self.print_stderr(&format!("{}\n", self.plan_detail().wrap_sentence(&text)));
    }

    /// What takes long is a phase of the trace, until the guard is dropped.
    pub(super) fn traced(&self, with: Busy<'_>, guard: BusyGuard) -> BusyGuard {
        #[cfg(feature = "otlp")]
        if let Some(trace) = &self.trace {
            return Some(Box::new((guard, RunTrace::begin_phase(trace, with))));
        }
        let _ = with;
        guard
    }
}

#[cfg(not(feature = "otlp"))]
impl RunTrace {
    pub(crate) fn on_step(&self, _: &crate::apply::event::ApplyEvent, _: impl FnOnce(&str) -> Option<crate::plan::Step>) {
        match *self {}
    }

    pub(crate) fn note_run(&self, _: &str) {
        match *self {}
    }

    pub(crate) fn note_plan(&self, _: &crate::plan::Plan) {
        match *self {}
    }
}

#[cfg(not(feature = "otlp"))]
impl crate::state::ledger::StoreObserver for RunTrace {
    fn on_store_request(&self, _: &crate::state::ledger::StoreRequest<'_>) {
        match *self {}
    }
}

#[cfg(not(feature = "otlp"))]
impl crate::http::client::HttpObserver for RunTrace {
    fn on_response(&self, _: &crate::http::client::ObservedAttempt<'_>) {
        match *self {}
    }
}
