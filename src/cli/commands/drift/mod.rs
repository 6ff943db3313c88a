//! `telform drift`: compares the live state with what telform last saw, and shows the two ways to continue. Sends only
//! GET; `--accept` writes only YAML.

use std::path::PathBuf;

use clap::Args;

use crate::analysis::drift::{ComparedObjects, Drift, DriftClass, NotCompared, compared_objects, find_drift};
use crate::cli::args::parse_address;
use crate::cli::console::Console;
use crate::config::problem::Problems;
use crate::model::resource::Address;
use crate::model::resource::LiveState;
use crate::output::DriftReport;
use crate::output::view::plural_kind;
use crate::plan::{Inputs, NotTakenRemedy, Plan, PlanOptions, ShownValue};
use crate::read::ObjectDetail;
use crate::run::files::{FileReaders, write_file};
use crate::run::{Exit, PlanSelection, Run, RunError, SessionPurpose};
use crate::text::{distinguish_pair, escape, escape_multiline};

mod accept;

use accept::{accept_drift, unified_diff};

/// `telform drift`.
#[derive(Debug, Args, Clone)]
pub struct DriftArgs {
    /// Only this address, repeatable
    #[arg(long = "target", value_name = "ADDRESS", value_parser = parse_address)]
    pub targets: Vec<Address>,
    /// Only this account, repeatable; `*` matches anything. The others are not asked and need no token
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// Write the values that are there into the YAML; comments and the order of the file stay
    #[arg(long)]
    pub accept: bool,
    /// Read from the embedded simulator, started from this world file, instead of the accounts' services
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
}

pub(crate) async fn run(out: &Console, args: &DriftArgs) -> Result<Exit, RunError> {
    let choice = PlanSelection {
        targets: args.targets.clone(),
        accounts: args.accounts.clone(),
        sandbox: args.sandbox.clone(),
        ..PlanSelection::default()
    };
    let session = Run::open(&out.context(), &choice, SessionPurpose::Look).await?;
    let (live, missed) = read(&session).await?;
    // What could not be read is left out, as if the run were limited to the rest: it does not count as deleted.
    let mut options = session.options.clone();
    if !missed.is_empty() {
        options.accounts = live.accounts.keys().cloned().collect();
    }
    let plan = session.plan_with(&live, &options)?;
    let inputs = inputs(&session, &live, &options);
    let found = find_drift(&inputs, &plan);
    let mut looked = compared_objects(&inputs, &plan);
    looked.missed.splice(0..0, missed);
    let drifted = found.iter().any(|drift| drift.class.is_drift());
    let with = |command: &str| out.repeated_options.complete_command(command);
    let (texts, stuck) = accept_drift(out, &session, &inputs, &found, &with);
    let left = !stuck.is_empty();
    if args.accept && drifted {
        for (path, (_, after)) in &texts {
            write_file(path, after, FileReaders::Anybody)?;
        }
    }
    session.close()?;
    if out.global.json {
        out.print_document(&DriftReport {
            drift: &found,
            drifted,
            accepted: args.accept && drifted,
            files: texts.keys().map(|path| path.display().to_string()).collect(),
            patch: unified_diff(&texts),
            not_accepted: stuck.clone(),
            looked_at: &looked,
        });
    } else if out.global.quiet {
        let count = found.iter().filter(|drift| drift.class.is_drift()).count();
        let accepted = if args.accept && drifted { ", accepted into the YAML" } else { "" };
        let left = if args.accept && left { " but for what the YAML cannot say" } else { "" };
        let things = if count == 1 { "thing" } else { "things" };
        let missed = match looked.missed.len() {
            0 => String::new(),
            missed => format!("Not checked: {missed} {}.\n", if missed == 1 { "thing" } else { "things" }),
        };
        out.print(&if drifted {
            format!("Drift: {count} {things}{accepted}{left}.\n{missed}")
        } else {
            format!("{}{missed}", no_drift(&looked))
        });
    } else {
        if found.is_empty() && session.ledger.objects.is_empty() && looked.missed.is_empty() {
            print_nothing_managed(out, &with);
        } else {
            print_drift(out, args, &found, &stuck, &plan, &unified_diff(&texts), &looked, &with);
        }
        out.report_not_checked(&looked.missed);
    }
    if !looked.missed.is_empty() {
        return Ok(Exit::Failed);
    }
    // Everything was accepted: the YAML matches the live state.
    let settled = args.accept && !left;
    Ok(if drifted && !settled { Exit::Pending } else { Exit::Done })
}

/// A command with the options of this one.
type CommandFormatter<'a> = dyn Fn(&str) -> String + 'a;

fn inputs<'a>(session: &'a Run, live: &'a LiveState, options: &'a PlanOptions) -> Inputs<'a> {
    Inputs { desired: &session.desired, live, ledger: &session.ledger, key: &session.key, options }
}

/// Reads all that is managed, whatever the files mention, and reports which accounts could not be read. If none could,
/// nothing is reported.
async fn read(session: &Run) -> Result<(LiveState, Vec<NotCompared>), RunError> {
    let mut all = session.desired.clone();
    all.kinds.extend(session.ledger.objects.keys().map(|address| address.kind.clone()));
    let (live, errors) = session.read_each(&all, false, ObjectDetail::Writable, false).await;
    if live.accounts.is_empty() {
        if let Some(error) = errors.first() {
            return Err(error.clone().into());
        }
        if !session.no_token.is_empty() {
            let mut problems = Problems::default();
            session.no_token.values().for_each(|problem| problems.push(problem.clone()));
            return Err(problems.sorted().into());
        }
    }
    let account = |name: &str| format!("account {name}");
    let tokens = session.no_token.iter().map(|(name, problem)| NotCompared {
        what: account(name),
        why: problem.message.clone(),
        help: problem.help.clone().unwrap_or_default(),
    });
    let failed = errors.iter().map(|error| NotCompared {
        what: account(&error.account),
        why: format!("{}: {} [{}]", error.tried, error.means, error.code),
        help: error.help.clone(),
    });
    Ok((live, tokens.chain(failed).collect()))
}

/// Nothing was ever managed.
fn print_nothing_managed(out: &Console, with: &CommandFormatter<'_>) {
    let (apply, adopt) = (with("telform apply"), with("telform adopt --all --out adopted"));
    out.print(&format!(
        "Nothing is managed yet, so there is nothing to compare.\n  {apply}\n      takes what the YAML names under management\n  {adopt}\n      writes the YAML of what is there\n"
    ));
}

/// The verdict, with its subject.
fn no_drift(looked: &ComparedObjects) -> String {
    let mut parts = Vec::new();
    for (account, kinds) in &looked.compared {
        let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {}", plural_kind(*count, kind))).collect();
        parts.push(format!("{} in {account}", kinds.join(" and ")));
    }
    if parts.is_empty() {
        return "No managed object was compared.\n".to_owned();
    }
    escape_multiline(&format!("No drift: {} as telform last saw them.\n", parts.join(", ")))
}

#[allow(clippy::too_many_arguments, reason = "one report with everything that it says")]
fn print_drift(
    out: &Console,
    args: &DriftArgs,
    found: &[Drift],
    stuck: &[String],
    plan: &Plan,
    patch: &str,
    looked: &ComparedObjects,
    with: &CommandFormatter<'_>,
) {
    if found.is_empty() {
        return out.print(&no_drift(looked));
    }
    let mut classes: Vec<DriftClass> = found.iter().map(|drift| drift.class).collect();
    classes.sort();
    classes.dedup();
    for class in classes {
        let these: Vec<&Drift> = found.iter().filter(|drift| drift.class == class).collect();
        let sign = if class.is_drift() { '!' } else { 'i' };
        out.print(&format!("{sign} {} ({})\n", class.describe(), these.len()));
        for drift in these {
            let subject = format!("{} {}", drift.address, drift.attribute.as_deref().unwrap_or_default());
            let at = drift.place.as_deref().map(|place| format!("  {}", escape(place))).unwrap_or_default();
            out.print(&format!("    {}{at}\n", escape(subject.trim_end())));
            if drift.attribute.is_some() && class.is_drift() {
                let wanted = if drift.place.is_none() { "(no entry)".to_owned() } else { shown(&drift.wanted) };
                let (is, wanted) = distinguish_pair(shown(&drift.live), wanted);
                out.print(&format!("      is       {}\n      YAML     {}\n", escape(&is), escape(&wanted)));
                if let Some(run) = &drift.run {
                    out.print(&format!("      sent     in run {}, not taken\n", escape(run)));
                }
            }
        }
    }
    if !found.iter().any(|drift| drift.class.is_drift()) {
        return out.print(&format!("\n{}", no_drift(looked)));
    }
    if !patch.is_empty() {
        out.print(&if args.accept {
            "\nAccepted into the YAML:\n".to_owned()
        } else {
            format!("\nTo accept it, which changes the YAML as shown:\n  {}\n", with("telform drift --accept"))
        });
        // Only file headers begin lines here, never text from another source.
        out.print_as_is(&escape_multiline(patch));
    }
    for why in stuck {
        out.print(&format!("\n{}\n", escape(why)));
    }
    if !args.accept {
        if plan.has_changes() || plan.is_refused() {
            let apply = with("telform apply");
            out.print(&format!("\nTo put back what the YAML says ({}):\n  {apply}\n", plan.summary()));
        }
        let again = plan.not_taken.iter().filter(|untaken| untaken.way != NotTakenRemedy::Edit);
        let again: String = again.map(|untaken| format!(" --resend {}", untaken.resend_argument())).collect();
        if !again.is_empty() {
            let apply = with("telform apply");
            out.print(&format!("\nTo send again what the service did not take:\n  {apply}{}\n", escape(&again)));
        }
    }
}

fn shown(shown: &ShownValue) -> String {
    match shown {
        ShownValue::Absent => "(nothing)".to_owned(),
        ShownValue::Secret(_) => "(secret)".to_owned(),
        ShownValue::Value(value) => value.to_string(),
    }
}
