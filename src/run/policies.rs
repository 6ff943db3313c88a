//! Policies: which ones judge the plan of this run. They are run before any question and any write.

use std::cell::LazyCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::lock::CommandLock;
use super::progress::RunEvent;
use super::{Context, Exit, Run, RunError};
use crate::config::problem::{Problem, Problems};
use crate::model::resource::Desired;
use crate::process::Environment;
use crate::process::policy::{PATIENCE, Policy, PolicyContext};

/// Programs that judge a plan, beside the one that the YAML names.
#[derive(Debug, Clone, Default)]
pub struct PolicyOptions {
    /// The programs.
    pub policies: Vec<Policy>,
    /// Variables that they get, beside those that every program gets.
    pub variables: Vec<String>,
}

/// The policies of a run.
pub(crate) struct RunPolicies {
    /// Each with the location that names it.
    policies: Vec<(Policy, String)>,
    /// Their environment.
    environment: Environment,
}

impl RunPolicies {
    /// The policy of the YAML and those of the command line. A program that the YAML names runs only when the user allows it:
    /// on a pull request another person wrote the YAML.
    pub(crate) fn new(context: &Context, given: &PolicyOptions, desired: &Desired) -> Result<Self, RunError> {
        let mut judges = Vec::new();
        if let Some((policy, place)) = &desired.policy {
            if !context.options.allow_commands {
                let problem = Problem::at_location(
                    "telform::policy::not_allowed",
                    format!("the policy `{}` runs a program", policy.name()),
                    place.clone(),
                )
                .help(
                    "review the program, then allow the commands in these files with --allow-commands; a policy is never skipped",
                );
                return Err(Problems::from(problem).into());
            }
            judges.push((policy.clone(), format!("at {place}")));
        }
        judges.extend(given.policies.iter().map(|policy| (policy.clone(), "by --policy".to_owned())));
        Ok(Self { policies: judges, environment: Environment::from_process(&given.variables) })
    }

    /// Runs all of them, so that all objections are known at once. `Err` is how the run ends.
    pub(crate) fn ask_all(&self, document: &LazyCell<String, impl FnOnce() -> String>, session: &mut Run) -> Result<(), Exit> {
        let context = session.context.clone();
        self.judge_under(&context, document, &mut session.lock)
    }

    /// The same for a command that holds the lock itself.
    pub(crate) fn judge_under(
        &self,
        context: &Context,
        document: &LazyCell<String, impl FnOnce() -> String>,
        lock: &mut CommandLock,
    ) -> Result<(), Exit> {
        if self.policies.is_empty() {
            return Ok(());
        }
        let leaving = Leaving::on_signal(context);
        lock.take_over_signals();
        let mut refused = false;
        for (policy, named_by) in &self.policies {
            let setting = PolicyContext { environment: &self.environment, timeout: PATIENCE, cancel: &leaving.interrupted };
            leaving.check_not_interrupted()?;
            let verdict = policy.evaluate(document, setting);
            leaving.check_not_interrupted()?;
            refused |= verdict.refused.is_some();
            let (policy, verdict) = (&policy.name(), &verdict);
            context.progress.on_event(&RunEvent::Policy { policy, named_by, verdict });
        }
        lock.watch_signals(context);
        if refused { Err(Exit::Refused) } else { Ok(()) }
    }
}

/// While a program runs, a signal ends it, and then the run: the program has its own process group, which Ctrl-C does
/// not reach. Other signal handlers must not end the process during that time.
struct Leaving {
    interrupted: Arc<AtomicBool>,
    signal_task: tokio::task::JoinHandle<()>,
}

impl Leaving {
    fn on_signal(context: &Context) -> Self {
        let asked = Arc::new(AtomicBool::new(false));
        let raise = Arc::clone(&asked);
        let signal = context.progress.interrupts().nth(1);
        let ear = tokio::spawn(async move {
            signal.await;
            raise.store(true, Ordering::SeqCst);
        });
        Self { interrupted: asked, signal_task: ear }
    }

    fn check_not_interrupted(&self) -> Result<(), Exit> {
        if self.interrupted.load(Ordering::SeqCst) { Err(Exit::Interrupted) } else { Ok(()) }
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.signal_task.abort();
    }
}
