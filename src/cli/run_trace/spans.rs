//! The spans of a run: the run, its phases, in them steps, and in these requests and waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Span, SpanBuilder, SpanKind, Status, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use super::exporter::{LONGEST_END, LastFailure, provider};
use crate::apply::event::{ApplyEvent, StepOutcome, current_step};
use crate::http::client::{HttpObserver, ObservedAttempt};
use crate::http::{WaitReason, WaitStarted};
use crate::model::call::StepId;
use crate::output::view::report::step_subject;
use crate::plan::{Plan, Step};
use crate::run::{Busy, Exit};
use crate::state::ledger::{StoreObserver, StoreRequest};
use crate::text::{escape, masked_for_display, truncate_middle};

/// Longest value of an attribute, in characters.
const LONGEST: usize = 200;

/// The trace of this process.
#[derive(Debug)]
pub(crate) struct RunTrace {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    failure: LastFailure,
    open: Mutex<OpenSpans>,
}

/// What has begun and has not ended.
#[derive(Debug)]
struct OpenSpans {
    run: Context,
    phases: Vec<(usize, Context)>,
    steps: HashMap<StepId, Context>,
    /// Phases so far.
    count: usize,
    /// Whether a plan was carried out: what is read then proves it.
    applied: bool,
}

/// Ends a phase when it is dropped.
pub(crate) struct PhaseGuard {
    trace: Arc<RunTrace>,
    phase: usize,
}

impl Drop for PhaseGuard {
    fn drop(&mut self) {
        let mut open = self.trace.open();
        if let Some(at) = open.phases.iter().position(|(phase, _)| *phase == self.phase) {
            open.phases.remove(at).1.span().end();
        }
    }
}

impl RunTrace {
    /// Begins the span of the run: below the one that `TRACEPARENT` names, where it is set.
    pub(super) fn begin(command: &str) -> Result<Self, String> {
        let (provider, failure) = provider()?;
        let tracer = provider.tracer("telform");
        let variables = [("traceparent", "TRACEPARENT"), ("tracestate", "TRACESTATE")];
        let carrier: HashMap<String, String> =
            variables.into_iter().filter_map(|(name, variable)| Some((name.to_owned(), std::env::var(variable).ok()?))).collect();
        let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
        let span = SpanBuilder::from_name(format!("telform {command}"))
            .with_kind(SpanKind::Internal)
            .with_attributes([text("telform.command", command)]);
        let run = parent.with_span(tracer.build_with_context(span, &parent));
        let open = OpenSpans { run, phases: Vec::new(), steps: HashMap::new(), count: 0, applied: false };
        Ok(Self { provider, tracer, failure, open: Mutex::new(open) })
    }

    fn open(&self) -> MutexGuard<'_, OpenSpans> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self, parent: &Context, name: impl Into<std::borrow::Cow<'static, str>>, of: Vec<KeyValue>) -> Context {
        parent.with_span(self.tracer.build_with_context(SpanBuilder::from_name(name).with_attributes(of), parent))
    }

    /// Begins a phase.
    pub(super) fn begin_phase(trace: &Arc<Self>, with: Busy<'_>) -> PhaseGuard {
        let mut open = trace.open();
        let name = match with {
            Busy::Reading if open.applied => "prove",
            Busy::Reading => "read",
            Busy::Applying => "apply",
            Busy::Lock { .. } => "wait for the lock",
        };
        open.applied |= matches!(with, Busy::Applying);
        let span = trace.start(&open.parent(), name, Vec::new());
        open.count += 1;
        let phase = open.count;
        open.phases.push((phase, span));
        PhaseGuard { trace: Arc::clone(trace), phase }
    }

    /// The run in the journal.
    pub(crate) fn note_run(&self, run: &str) {
        self.open().run.span().set_attribute(text("telform.run", run));
    }

    /// The plan that is shown or carried out.
    pub(crate) fn note_plan(&self, plan: &Plan) {
        let open = self.open();
        let span = open.run.span();
        span.set_attribute(text("telform.plan.digest", &plan.digest));
        span.set_attribute(KeyValue::new("telform.plan.steps", count(plan.steps.len())));
        span.set_attribute(KeyValue::new("telform.plan.refusals", count(plan.refusals.len())));
    }

    /// A step of a plan began or ended.
    pub(crate) fn on_step(&self, event: &ApplyEvent, step_of: impl FnOnce(&str) -> Option<Step>) {
        match event {
            ApplyEvent::StepStarted { step: id } => {
                let of = step_of(id).map_or_else(Vec::new, |step| {
                    vec![
                        text("telform.step.id", &step.id),
                        text("telform.step.subject", &step_subject(&step)),
                        text("telform.account", &step.call.account),
                    ]
                });
                let mut open = self.open();
                let span = self.start(&open.parent(), "step", of);
                open.steps.insert(id.clone(), span);
            }
            ApplyEvent::StepEnded { step: id, outcome, .. } => {
                let Some(context) = self.open().steps.remove(id) else { return };
                let span = context.span();
                let (word, code) = match outcome {
                    StepOutcome::Done { .. } => ("done", None),
                    StepOutcome::Failed { code, .. } => ("failed", Some(*code)),
                    StepOutcome::Stale { code, .. } => ("stale", Some(*code)),
                    StepOutcome::Unknown { code, .. } => ("unknown", Some(*code)),
                    StepOutcome::NotStarted { code, .. } => ("not started", Some(*code)),
                };
                span.set_attribute(KeyValue::new("telform.step.outcome", word));
                if let Some(code) = code {
                    span.set_attribute(KeyValue::new("error.type", code));
                    span.set_status(Status::error(word));
                }
                span.end();
            }
            ApplyEvent::Started { .. } | ApplyEvent::Interrupted | ApplyEvent::Reconnecting { .. } => {}
        }
    }

    /// Ends every span, and waits until they are sent: a few seconds at most.
    pub(super) async fn end(&self, exit: Exit) -> Result<(), String> {
        {
            let mut open = self.open();
            open.steps.drain().for_each(|(_, step)| step.span().end());
            open.phases.drain(..).rev().for_each(|(_, phase)| phase.span().end());
            let span = open.run.span();
            span.set_attribute(KeyValue::new("process.exit.code", exit as i64));
            span.set_attribute(KeyValue::new("telform.result", exit.as_str()));
            if !matches!(exit, Exit::Done | Exit::Pending) {
                span.set_status(Status::error(exit.as_str()));
            }
            span.end();
        }
        let (provider, (ended, sent)) = (self.provider.clone(), tokio::sync::oneshot::channel());
        // A thread of its own: the runtime would wait for it at the end of the process.
        std::thread::spawn(move || {
            let _ = ended.send(provider.shutdown_with_timeout(LONGEST_END).is_ok());
        });
        let is_sent = tokio::time::timeout(LONGEST_END, sent).await;
        match (is_sent, self.failure.take()) {
            (Ok(Ok(true)), None) => Ok(()),
            (_, Some(why)) => Err(why),
            _ => Err("the collector does not answer in time".to_owned()),
        }
    }
}

impl OpenSpans {
    /// What a new span is a part of: the innermost phase, or the run.
    fn parent(&self) -> Context {
        self.phases.last().map_or(&self.run, |(_, phase)| phase).clone()
    }

    /// The same for a request or a wait: the step that it belongs to.
    fn parent_of_request(&self) -> Context {
        current_step().and_then(|step| self.steps.get(&step).cloned()).unwrap_or_else(|| self.parent())
    }
}

impl RunTrace {
    /// One attempt of a request that has just ended.
    fn end_request(&self, name: String, mut of: Vec<KeyValue>, (status, took): (Option<u16>, Duration), is_failure: bool) {
        let end = SystemTime::now();
        of.extend(status.map(|status| KeyValue::new("http.response.status_code", i64::from(status))));
        let span = SpanBuilder::from_name(name)
            .with_kind(SpanKind::Client)
            .with_start_time(end.checked_sub(took).unwrap_or(end))
            .with_attributes(of);
        let parent = self.open().parent_of_request();
        let mut span = self.tracer.build_with_context(span, &parent);
        if is_failure {
            span.set_status(Status::error(status.map_or("no answer", |_| "error")));
        }
        span.end_with_timestamp(end);
    }
}

fn resend_count(attempt: u32) -> KeyValue {
    KeyValue::new("http.request.resend_count", i64::from(attempt.saturating_sub(1)))
}

impl HttpObserver for RunTrace {
    fn on_response(&self, seen: &ObservedAttempt<'_>) {
        let method = seen.method.to_string();
        // A query may hold what was looked for.
        let path = seen.target.split(['?', '#']).next().unwrap_or_default();
        let mut of = vec![
            text("telform.account", seen.account),
            text("http.request.method", &method),
            text("url.path", path),
            resend_count(seen.attempt),
        ];
        of.extend(seen.retry.map(|(_, why)| text("telform.retry", why)));
        self.end_request(method, of, (seen.status, seen.took), seen.status.is_none_or(|status| status >= 400));
    }

    fn on_wait(&self, waits: &WaitStarted<'_>) {
        // A pause of the rate limit that is over at once says nothing.
        if waits.pause < Duration::from_millis(1) {
            return;
        }
        let start = SystemTime::now();
        let why = match waits.reason {
            WaitReason::Rhythm { .. } => "rate limit of the account",
            WaitReason::Asked => "the service asked for a pause",
            WaitReason::Again { .. } => "before the next attempt",
        };
        let of = [text("telform.account", waits.account), KeyValue::new("telform.wait.reason", why)];
        let span = SpanBuilder::from_name("wait").with_start_time(start).with_attributes(of);
        let parent = self.open().parent_of_request();
        let mut span = self.tracer.build_with_context(span, &parent);
        span.end_with_timestamp(start.checked_add(waits.pause).unwrap_or(start));
    }
}

impl StoreObserver for RunTrace {
    fn on_store_request(&self, seen: &StoreRequest<'_>) {
        let mut of = vec![
            KeyValue::new("telform.store.operation", seen.operation),
            text("http.request.method", seen.method),
            resend_count(seen.attempt),
        ];
        of.extend(seen.object.map(|object| text("telform.store.object", object)));
        self.end_request(format!("store {}", seen.operation), of, (seen.status, seen.took), seen.is_failure());
    }
}

/// An attribute with a text of bounded length, without what looks like a secret in an address.
fn text(name: &'static str, value: &str) -> KeyValue {
    let shown = truncate_middle(&masked_for_display(value), LONGEST).text;
    KeyValue::new(name, escape(&shown).to_string())
}

fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
