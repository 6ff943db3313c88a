//! Policies: which ones judge the plan of this run, and asking them before any question and any write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::args::PolicyArgs;
use super::exit::{Exit, Failure};
use super::formats::Text;
use super::lock::Locked;
use super::out::Out;
use crate::output::Said;
use crate::policy::{PATIENCE, Policy, Setting};
use crate::problem::{Problem, Problems};
use crate::program::Environment;
use crate::resource::Desired;
use crate::view;

/// The policies of a run.
pub(super) struct Policies {
    /// Each with the place that names it.
    judges: Vec<(Policy, String)>,
    /// What they see of the environment.
    environment: Environment,
}

/// Where verdicts go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tell {
    /// Text on standard error: standard output has the plan, whole and alone.
    Text,
    /// One event a line among the others.
    Events,
}

impl Policies {
    /// The policy of the YAML and those of the command line. A program that the YAML names runs only when the user allows it:
    /// on a pull request the YAML is somebody else's.
    pub(super) fn of(out: &Out, given: &PolicyArgs, desired: &Desired) -> Result<Self, Failure> {
        let mut judges = Vec::new();
        if let Some((policy, place)) = &desired.policy {
            if !out.global.allow_commands {
                let problem = Problem::at(
                    "telform::policy::not_allowed",
                    format!("the policy `{}` needs to run a program", policy.name()),
                    place.clone(),
                )
                .help("read it, then allow the commands in these files with --allow-commands; it is never skipped");
                return Err(Problems::from(problem).into());
            }
            judges.push((policy.clone(), format!("at {place}")));
        }
        judges.extend(given.policies.iter().map(|policy| (policy.clone(), "by --policy".to_owned())));
        Ok(Self { judges, environment: Environment::own(&given.policy_env) })
    }

    /// Asks all of them, so that all objections are known at once. `Err` is how the run ends.
    pub(super) fn judge(
        &self,
        out: &Out,
        document: &Text<impl FnOnce() -> String>,
        tell: Tell,
        lock: &mut Locked,
    ) -> Result<(), Exit> {
        if self.judges.is_empty() {
            return Ok(());
        }
        let leaving = Leaving::on_signal(out);
        lock.take_over_signals();
        let mut refused = false;
        for (policy, named_by) in &self.judges {
            let setting =
                Setting { environment: &self.environment, patience: PATIENCE, stop: &leaving.asked };
            leaving.unless_asked()?;
            let verdict = policy.ask(document, setting);
            leaving.unless_asked()?;
            refused |= verdict.refused.is_some();
            if tell == Tell::Events {
                out.event(&Said::Policy {
                    policy: &policy.name(),
                    named: named_by,
                    allowed: verdict.refused.is_none(),
                    why: verdict.refused.as_deref(),
                    text: &verdict.text,
                });
            } else if verdict.refused.is_some() || !out.global.quiet {
                out.note(&view::policy::verdict(&policy.name(), named_by, &verdict, out.width()));
            }
        }
        lock.watch_signals(out);
        if refused { Err(Exit::Refused) } else { Ok(()) }
    }
}

/// While a program is being asked, a signal ends it, and then the run: the program has a process group of its own, which
/// Ctrl-C does not reach. Whoever else would end the process on a signal has to stand back for that time.
struct Leaving {
    asked: Arc<AtomicBool>,
    ear: tokio::task::JoinHandle<()>,
}

impl Leaving {
    fn on_signal(out: &Out) -> Self {
        let asked = Arc::new(AtomicBool::new(false));
        let raise = Arc::clone(&asked);
        let signal = out.signals.nth(1);
        let ear = tokio::spawn(async move {
            signal.await;
            raise.store(true, Ordering::SeqCst);
        });
        Self { asked, ear }
    }

    fn unless_asked(&self) -> Result<(), Exit> {
        if self.asked.load(Ordering::SeqCst) { Err(Exit::Interrupted) } else { Ok(()) }
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.ear.abort();
    }
}
