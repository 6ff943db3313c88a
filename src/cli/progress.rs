//! A run as people and programs see it: what it reports is printed here.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::apply_progress::{ApplyStanding, RequestPrinter};
use super::confirm::confirm_apply;
use super::console::Console;
use super::finished::{finished, print_released};
use super::interrupt::stop_on_signals;
use super::next_commands::RepeatedOptions;
use super::refusals::render_refusals;
use super::stale::already_applied;
use super::{panic_report, undo, unfinished_run};
use crate::apply::event::ApplyEvent;
use crate::config::problem::render_problems;
use crate::http::client::HttpObserver;
use crate::output::Said;
use crate::output::view;
use crate::output::view::report::{self, NextCommand};
use crate::output::view::text::{self, wrap_sentence, wrap_text};
use crate::plan::Plan;
use crate::process;
use crate::read::ListingProgress;
use crate::run::journal::cut_off;
use crate::run::{Busy, BusyGuard, Exit, Interrupts, Progress, RunError, RunEvent, Warning, next_commands};
use crate::state::journal::JournalRecord;
use crate::text::escape;

impl Progress for Console {
    fn on_event(&self, event: &RunEvent<'_>) {
        let (json, quiet) = (self.global.json, self.global.quiet);
        self.note_event(event);
        match event {
            RunEvent::Lock(_) if quiet => {}
            RunEvent::Lock(told) => self.print_stderr(&format!("{}\n", escape(&told.to_string()))),
            RunEvent::WaitsForCreate { .. } if json || quiet => {}
            RunEvent::WaitsForCreate { create, until } => {
                let text = format!(
                    "waiting: the create of {} at {} got no answer and may still be running until {until}",
                    create.address,
                    create.describe_create()
                );
                self.print_stderr(&format!("{}\n", self.plan_detail().wrap_sentence(&escape(&text))));
            }
            RunEvent::CutOff(run) if json => {
                self.print_event(&Said::CutOff { run: run.id, command: &run.started.command });
            }
            RunEvent::CutOff(_) if quiet => {}
            RunEvent::CutOff(run) => {
                let with = next_commands::run_options(&run.started.origin.options);
                let with = if with.is_empty() { with } else { format!("; it was run with{}", escape(&with)) };
                self.print_stderr(&format!("{}{with}\n", cut_off(run)));
            }
            RunEvent::Unfinished(_) | RunEvent::InProgress(_) if json || quiet => {}
            RunEvent::InProgress(run) => unfinished_run::report_in_progress(self, run),
            RunEvent::Unfinished(run) => unfinished_run::suggest_resume(self, run),
            RunEvent::NotSettledHere { .. } if json || quiet => {}
            RunEvent::NotSettledHere { run, accounts } => self.print_stderr(&format!(
                "{}; not settled here: its open requests are in account {}\n",
                cut_off(run),
                escape(&accounts.join(", "))
            )),
            RunEvent::Settled { run, plan, found } => unfinished_run::report_settled(self, run, plan, found),
            RunEvent::Planned { document, .. } if json => self.print_event(&Said::Planned { document }),
            RunEvent::Planned { plan, .. } if !quiet => self.print(&text::plan_as_text(plan, self.plan_detail())),
            // Otherwise the outcome of the run decides.
            RunEvent::Planned { plan, .. } if plan.is_refused() || !plan.has_changes() => {
                self.print(&format!("{}\n", plan.summary()));
            }
            RunEvent::Planned { .. } => {}
            RunEvent::Policy { policy, named_by, verdict } if json && self.tells_events => {
                self.print_event(&Said::Policy {
                    policy,
                    named: named_by,
                    allowed: verdict.refused.is_none(),
                    why: verdict.refused.as_deref(),
                    text: &verdict.text,
                });
            }
            RunEvent::Policy { verdict, .. } if verdict.refused.is_none() && quiet => {}
            RunEvent::Policy { policy, named_by, verdict } => {
                self.print_stderr(&view::policy::render_policy_verdict(policy, named_by, verdict, self.width()));
            }
            RunEvent::PoliciesRefused => self.print_stderr(&format!("{}\n", self.nothing_written())),
            RunEvent::NothingToResume => self.print_stderr("no run was interrupted here, so there is nothing to resume\n"),
            RunEvent::Stale { saved, moved, used } => {
                if json {
                    self.print_event(&Said::Stale { moved });
                }
                if let Some(by) = used {
                    return self.print_failure(&already_applied(by, &saved.command()));
                }
                if !json {
                    self.print(&report::render_differences(moved, self.plan_detail()));
                }
                self.print_stale(saved, moved);
            }
            RunEvent::SavedPlanUsed { saved, by } => self.print_failure(&already_applied(by, &saved.command())),
            RunEvent::OtherDigest { used: Some(by), .. } => self.print_failure(&already_applied(by, "telform plan")),
            RunEvent::OtherDigest { digest, expected, used: None } => {
                let review = if quiet { "Review it with `telform plan`" } else { "Review the plan above" };
                self.print_stderr(&format!(
                    "Stale plan: expected {}, got {digest}. Nothing was written. {review} and use its digest.\n",
                    escape(expected)
                ));
            }
            RunEvent::Unbound { secrets: [], .. } => {}
            RunEvent::Unbound { secrets, .. } if json => self.print_event(&Said::Unbound { secrets }),
            RunEvent::Unbound { why, secrets } => {
                // Also with -q: it reports what the verdict does not cover.
                let text = format!("note: {why} the value of {}; what is there now is sent", few(secrets));
                self.print_stderr(&format!("{}\n", wrap_sentence(&escape(&text), self.width())));
            }
            RunEvent::UndoFound { run, left } => undo::print_not_undone(self, run, left),
            RunEvent::UndoMoved(otherwise) => undo::moved_since(self, otherwise),
            RunEvent::NothingToTakeBack { is_whole: true } => {
                self.print_stderr("There is nothing to undo. Nothing was written.\n")
            }
            RunEvent::NothingToTakeBack { is_whole: false } => {
                self.print_stderr("Nothing was undone: what is left of that run is named above. Nothing was written.\n")
            }
            RunEvent::IsTakenBack { is_whole: true } => {
                self.print_stderr("Everything that the run changed is already as it was before. Nothing was written.\n");
            }
            RunEvent::IsTakenBack { is_whole: false } => self.print_stderr(
                "Everything that the run changed is already as it was before, except what is named above. Nothing was written.\n",
            ),
            RunEvent::StaysDark(numbers) => undo::print_dark(self, numbers),
            RunEvent::OnlyRecorded(plan) => print_released(self, plan),
            RunEvent::OnlyLedgerChanged if quiet => {}
            RunEvent::OnlyLedgerChanged => self.print_stderr("Only the ledger was changed. No request was sent.\n"),
            RunEvent::TookBack { plan, left, yaml_differs } => {
                undo::repeat_not_undone(self, left);
                if *yaml_differs && !quiet {
                    undo::warn_yaml_differs(self, plan);
                }
            }
            RunEvent::RestFollows(limit) => self.begin_rest(*limit),
            RunEvent::RestDeclined(plan) => {
                let left = view::count_changes(plan.changes.len());
                self.print_stderr(&format!("Not confirmed. {left} left, and none of them was written.\n"));
            }
            RunEvent::RestFailed(error) => self.print_rest_failure(error),
            RunEvent::RestNotApplied => self.print_rest_not_written(),
            RunEvent::NotConfirmed => self.print_stderr("Cancelled; nothing was written to a service.\n"),
            RunEvent::NotTaken => {
                let above = if json || quiet { "" } else { " above" };
                self.print_stderr(&format!(
                    "Not converged: the service did not accept the values{above}. Nothing was sent again.\n"
                ));
            }
            RunEvent::Refused(plan) => refused(self, plan),
            RunEvent::GoesOnInPart(whole) => {
                let text = format!(
                    "{} refused. Of the plan above, only the steps that connect numbers that nothing serves are carried out:",
                    whole.refusals.len()
                );
                self.print_stderr(&format!("{}\n", self.plan_detail().wrap_sentence(&text)));
            }
            RunEvent::Vouched { digest, author, approvals, .. } if json => {
                self.print_event(&Said::Vouched { digest, plan_signed_by: *author, approvals });
            }
            RunEvent::Vouched { .. } if quiet => {}
            RunEvent::Vouched { seen, .. } => {
                self.print(&format!("{}\n", super::signing::render_signatures(seen, self.width())));
            }
            RunEvent::Applying { command, plan, advice } => {
                if !json && !quiet {
                    let heading = match *command {
                        "undo" => "Undoing",
                        "rehearse" => "Rehearsing",
                        _ => "Applying",
                    };
                    self.print(&format!("\n{heading}\n"));
                }
                *self.standing() = ApplyStanding::of(plan, complete(&self.repeated_options, advice));
            }
            RunEvent::Incomplete { plan, report, advice } => {
                unfinished_run::report_incomplete(self, plan, report, &complete(&self.repeated_options, advice));
            }
            RunEvent::Unproven { plan, report, advice } => {
                unfinished_run::report_unproven(self, plan, report, &complete(&self.repeated_options, advice));
            }
            RunEvent::Finished { command, plan, writes, proof } => {
                finished(self, command, plan, *writes, proof);
            }
            RunEvent::Twins(twins) if json => self.print_event(&Said::Twins { twins }),
            RunEvent::Twins(twins) => {
                // A plan, because it names the further guards that have to be raised before anything is deleted.
                let plan = self.repeated_options.complete_command("telform plan --max-deletes 1");
                self.print(&report::render_twins(twins, &plan, self.plan_detail()));
            }
            RunEvent::ProofFailed(error) => {
                self.failed(error, "every step is done, but reading and planning again failed, so the result is not verified")
            }
            RunEvent::LedgerNotSaved(error) => {
                self.failed(error, "every step is done, but the ledger could not be saved");
            }
            RunEvent::WorldNotKept(error) => {
                self.failed(error, "the run ended as shown above, but the world of the sandbox could not be saved")
            }
            RunEvent::ReceiptNotKept(error) => {
                self.failed(error, "the run ended as shown above, but its receipt could not be saved");
            }
            RunEvent::WouldBeRefused { whole, part } => {
                let would = part.map_or("write nothing".to_owned(), |part| format!("do only this, {}", part.summary()));
                self.print_stderr(&render_refusals(self, whole, &format!("The apply would {would}.")));
            }
            RunEvent::BecomesOtherPlan => {
                self.print_stderr("an event before the first write would change the plan, so the apply would write nothing\n")
            }
            RunEvent::NotProven(plan) => self.print(&text::plan_as_text(plan, self.plan_detail())),
            RunEvent::LedgerSetAside { .. } if json || quiet => {}
            RunEvent::LedgerSetAside { kept } => self.print_stderr(&format!("The old ledger is kept as {}.\n", escape(kept))),
            RunEvent::Recorded => *self.standing() = ApplyStanding::default(),
        }
    }

    fn on_warning(&self, warning: &Warning<'_>) {
        let silent = self.global.json || self.global.quiet;
        match warning {
            Warning::StateMissing { code, message, help } => self.print_state_warning(code, message, help),
            // These end with it.
            Warning::ApplyRefused(error) if self.repeated_options.undoes() || self.repeated_options.rehearses() => {
                self.print_failure(error);
            }
            Warning::ApplyRefused(error) => self.print_apply_refused(error),
            Warning::StateRefused(error) => self.print_failure(error),
            Warning::TwinsUnknown { why } => {
                self.print_stderr(&format!("telform could not check whether a created object has a twin: {}\n", escape(why)));
            }
            Warning::PlanUnbound { why } => self.wrapped(&format!(
                "note: the saved plan is not bound to the values of its secrets: {}. `telform apply` sends the values of that time. To bind it, set TELFORM_FINGERPRINT_KEY here and where the plan is applied, and plan again.",
                escape(why)
            )),
            Warning::JournalKeyLost => self.wrapped(
                "warning[telform::journal::key]: the existing lines of the journal have MACs of another key, so they cannot be checked here; new lines get MACs of the new key",
            ),
            _ if silent => {}
            Warning::Configuration(problems) => {
                self.print_stderr(&render_problems(problems, self.color_on_stderr(), self.width()));
            }
            Warning::MacsBegin { line } => self.wrapped(&format!(
                "note: from line {line} on, the lines of the journal have MACs of the fingerprint key. If earlier lines had them, they were rewritten without the key."
            )),
            Warning::ChainNotKept { code, message } => self.wrapped(&format!(
                "warning[{code}]: telform could not record next to the key that the journal has MACs: {}",
                escape(message)
            )),
            Warning::KeyMade { path, ledger_has_other } => {
                let other = if *ledger_has_other {
                    "; the ledger was sealed with another key, so its secrets are now unknown"
                } else {
                    ""
                };
                self.print_stderr(&format!(
                    "note: no fingerprint key was found; the first write keeps a new one in {path}{other}. If the file can get lost, as on a CI runner, the next run does not know the secrets: set TELFORM_FINGERPRINT_KEY there.\n"
                ));
            }
            Warning::SecretsMadeUp { repeated: true, .. } if self.global.verbose == 0 => {}
            Warning::SecretsMadeUp { count, .. } => {
                let them =
                    if *count == 1 { "1 secret is".to_owned() } else { format!("{count} secrets are") };
                self.print_stderr(&format!("sandbox: {them} not supplied; the sandbox uses made-up values\n"));
            }
        }
    }

    fn on_step(&self, event: &ApplyEvent) {
        self.standing().hear(event);
        self.meter.on_event(event);
        if let Some(trace) = &self.trace {
            trace.on_step(event, |step| self.standing().step(step));
        }
        if self.global.json {
            return self.print_event(event);
        }
        match event {
            ApplyEvent::StepEnded { step, outcome, milliseconds } => {
                let step = self.standing().step(step);
                if let (Some(step), false) = (step, self.global.quiet) {
                    self.print(&report::step_ended_line(&step, outcome, *milliseconds, self.plan_detail()));
                }
            }
            ApplyEvent::Interrupted => {
                self.print_stderr("Interrupted. Finishing running requests; press Ctrl-C again to stop at once.\n")
            }
            ApplyEvent::Reconnecting { .. } | ApplyEvent::Started { .. } | ApplyEvent::StepStarted { .. } => {}
        }
    }

    fn on_listed(&self, listed: &ListingProgress<'_>) {
        self.meter.on_listed(listed);
    }

    fn before_record(&self, run: &str, record: &JournalRecord) {
        self.note_record(run, record);
        if let JournalRecord::Intent { step, .. } = record {
            self.standing().announce(step);
        }
        panic_report::before_record(record);
    }

    fn confirm(&self, plan: &Plan) -> Result<bool, RunError> {
        confirm_apply(self, plan)
    }

    fn stop_requests(&self) -> CancellationToken {
        stop_on_signals(self)
    }

    fn before_writes(&self) -> Result<(), RunError> {
        self.begin_writes()
    }

    fn busy(&self, with: Busy<'_>) -> BusyGuard {
        let shown = match with {
            Busy::Reading => self.meter.show_reading(),
            Busy::Applying => self.meter.show_applying(),
            Busy::Lock { holder, most } => self.meter.lock(holder, most),
        };
        self.traced(with, Some(Box::new(shown)))
    }

    fn http_observers(&self) -> Vec<Arc<dyn HttpObserver>> {
        let requests = (self.global.verbose > 0).then(|| Arc::new(RequestPrinter::new(self)) as Arc<dyn HttpObserver>);
        requests.into_iter().chain(self.rehearsal_observers()).collect()
    }

    fn store_observer(&self) -> Option<Arc<dyn crate::state::ledger::StoreObserver>> {
        Some(self.trace.clone()?)
    }

    fn rehearsal_observers(&self) -> Vec<Arc<dyn HttpObserver>> {
        let trace = self.trace.clone().map(|trace| trace as Arc<dyn HttpObserver>);
        self.meter.http_observer().into_iter().chain(trace).collect()
    }

    fn interrupts(&self) -> Arc<dyn Interrupts> {
        Arc::new(self.clone())
    }
}

impl Interrupts for Console {
    fn nth(&self, nth: usize) -> BoxFuture<'static, ()> {
        Box::pin(self.signals.nth_signal(nth))
    }

    fn end_process(&self) -> BoxFuture<'static, Infallible> {
        let out = self.clone();
        Box::pin(async move {
            process::end_running();
            out.meter.remove();
            if out.asks.load(Ordering::SeqCst) {
                out.print_stderr("\nCancelled; nothing of this plan was written.\n");
            }
            out.wait_for_locks().await;
            std::process::exit(Exit::Interrupted as i32)
        })
    }

    fn must_tidy_up(&self) -> bool {
        self.meter.is_on()
    }
}

impl Console {
    fn wrapped(&self, text: &str) {
        self.print_stderr(&format!("{}\n", wrap_text(text, self.width()).join("\n")));
    }

    fn failed(&self, error: &RunError, what: &str) {
        self.print_failure(error);
        self.print_stderr(&format!("{what}\n"));
    }
}

/// Advised commands with the options of this run.
fn complete(again: &RepeatedOptions, advice: &[NextCommand]) -> Vec<NextCommand> {
    let whole = |it: &NextCommand| NextCommand { what: it.what, command: again.complete_command(&it.command) };
    advice.iter().map(whole).collect()
}

/// The last line of a plan that is not applied: the beginning of a long plan, which says why, has scrolled out of sight.
fn refused(out: &Console, plan: &Plan) {
    out.print_stderr(&render_refusals(out, plan, out.nothing_written()));
}

/// The first of many names.
pub(super) fn few(names: &[String]) -> String {
    const MOST: usize = 5;
    let more = names.len().saturating_sub(MOST);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", names[..names.len() - more].join(", "))
}
