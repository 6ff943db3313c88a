//! `telform drift`: live against what telform last saw, and the two ways on. Nothing but GET; `--accept` writes YAML only.

use super::args::{Choice, DriftArgs};
use super::exit::{Exit, Failure};
use super::files::{Readers, write};
use super::out::Out;
use super::session::{Purpose, Session};
use crate::drift::{Class, Drift, Looked, Missed, drift, looked};
use crate::live::View;
use crate::output::DriftReport;
use crate::plan::{Inputs, Options, Plan, Shown, Way};
use crate::problem::Problems;
use crate::resource::Live;
use crate::text::{apart, clean, escape};
use crate::view::plural;

mod accept;

use accept::{accepted, patch};

pub(super) async fn run(out: &Out, args: &DriftArgs) -> Result<Exit, Failure> {
    let choice = Choice {
        targets: args.targets.clone(),
        accounts: args.accounts.clone(),
        sandbox: args.sandbox.clone(),
        ..Choice::default()
    };
    let session = Session::open(out, &choice, Purpose::Look).await?;
    let (live, missed) = read(&session).await?;
    // What could not be read is left out, as if the run were limited to the rest: none of it is gone.
    let mut options = session.options.clone();
    if !missed.is_empty() {
        options.accounts = live.accounts.keys().cloned().collect();
    }
    let plan = session.plan_with(&live, &options)?;
    let inputs = inputs(&session, &live, &options);
    let found = drift(&inputs, &plan);
    let mut looked = looked(&inputs, &plan);
    looked.missed.splice(0..0, missed);
    let drifted = found.iter().any(|drift| drift.class.is_drift());
    let with = |command: &str| out.again.command(command);
    let (texts, stuck) = accepted(out, &session, &inputs, &found, &with);
    let left = !stuck.is_empty();
    if args.accept && drifted {
        for (path, (_, after)) in &texts {
            write(path, after, Readers::Anybody)?;
        }
    }
    session.close()?;
    if out.global.json {
        out.document(&DriftReport {
            drift: &found,
            drifted,
            accepted: args.accept && drifted,
            files: texts.keys().map(|path| path.display().to_string()).collect(),
            patch: patch(&texts),
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
            missed => format!("Not looked at: {missed} {}.\n", if missed == 1 { "thing" } else { "things" }),
        };
        out.print(&if drifted {
            format!("Drift: {count} {things}{accepted}{left}.\n{missed}")
        } else {
            format!("{}{missed}", no_drift(&looked))
        });
    } else {
        if found.is_empty() && session.ledger.objects.is_empty() && looked.missed.is_empty() {
            nothing(out, &with);
        } else {
            say(out, args, &found, &stuck, &plan, &patch(&texts), &looked, &with);
        }
        out.not_looked_at(&looked.missed);
    }
    if !looked.missed.is_empty() {
        return Ok(Exit::Failed);
    }
    // All of it accepted: the YAML says what is there.
    let settled = args.accept && !left;
    Ok(if drifted && !settled { Exit::Pending } else { Exit::Done })
}

/// A command with the options that this one was given.
type With<'a> = dyn Fn(&str) -> String + 'a;

fn inputs<'a>(session: &'a Session, live: &'a Live, options: &'a Options) -> Inputs<'a> {
    Inputs { desired: &session.desired, live, ledger: &session.ledger, key: &session.key, options }
}

/// Reads all that is managed, whatever the files mention, and says which accounts could not be read. With none that could,
/// there is nothing to report.
async fn read(session: &Session) -> Result<(Live, Vec<Missed>), Failure> {
    let mut all = session.desired.clone();
    all.kinds.extend(session.ledger.objects.keys().map(|address| address.kind.clone()));
    let (live, errors) = session.read_each(&all, false, View::Writable, false).await;
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
    let tokens = session.no_token.iter().map(|(name, problem)| Missed {
        what: account(name),
        why: problem.message.clone(),
        help: problem.help.clone().unwrap_or_default(),
    });
    let failed = errors.iter().map(|error| Missed {
        what: account(&error.account),
        why: format!("{}: {} [{}]", error.tried, error.means, error.code),
        help: error.way_out.clone(),
    });
    Ok((live, tokens.chain(failed).collect()))
}

/// Nothing was ever taken under management.
fn nothing(out: &Out, with: &With<'_>) {
    let (apply, adopt) = (with("telform apply"), with("telform adopt --all --out adopted"));
    out.print(&format!(
        "Nothing is managed yet, so there is nothing to compare.\n  {apply}\n      takes what the YAML names under management\n  {adopt}\n      writes the YAML of what is there\n"
    ));
}

/// The verdict, with what it is about.
fn no_drift(looked: &Looked) -> String {
    let mut parts = Vec::new();
    for (account, kinds) in &looked.compared {
        let kinds: Vec<String> =
            kinds.iter().map(|(kind, count)| format!("{count} {}", plural(*count, kind))).collect();
        parts.push(format!("{} in {account}", kinds.join(" and ")));
    }
    if parts.is_empty() {
        return "No managed object was compared.\n".to_owned();
    }
    clean(&format!("No drift: {} as telform last saw them.\n", parts.join(", ")))
}

#[allow(clippy::too_many_arguments, reason = "one report with everything that it says")]
fn say(
    out: &Out,
    args: &DriftArgs,
    found: &[Drift],
    stuck: &[String],
    plan: &Plan,
    patch: &str,
    looked: &Looked,
    with: &With<'_>,
) {
    if found.is_empty() {
        return out.print(&no_drift(looked));
    }
    let mut classes: Vec<Class> = found.iter().map(|drift| drift.class).collect();
    classes.sort();
    classes.dedup();
    for class in classes {
        let these: Vec<&Drift> = found.iter().filter(|drift| drift.class == class).collect();
        let sign = if class.is_drift() { '!' } else { 'i' };
        out.print(&format!("{sign} {} ({})\n", class.words(), these.len()));
        for drift in these {
            let subject = format!("{} {}", drift.address, drift.attribute.as_deref().unwrap_or_default());
            let at = drift.place.as_deref().map(|place| format!("  {}", escape(place))).unwrap_or_default();
            out.print(&format!("    {}{at}\n", escape(subject.trim_end())));
            if drift.attribute.is_some() && class.is_drift() {
                let wanted =
                    if drift.place.is_none() { "(no entry)".to_owned() } else { shown(&drift.wanted) };
                let (is, wanted) = apart(shown(&drift.live), wanted);
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
            format!(
                "\nTo accept it, which changes the YAML as shown:\n  {}\n",
                with("telform drift --accept")
            )
        });
        out.print(&clean(patch));
    }
    for why in stuck {
        out.print(&format!("\n{}\n", escape(why)));
    }
    if !args.accept {
        if plan.has_changes() || plan.is_refused() {
            let apply = with("telform apply");
            out.print(&format!("\nTo put back what the YAML says ({}):\n  {apply}\n", plan.summary()));
        }
        let again = plan.not_taken.iter().filter(|untaken| untaken.way != Way::Edit);
        let again: String = again.map(|untaken| format!(" --resend {}", untaken.resend())).collect();
        if !again.is_empty() {
            let apply = with("telform apply");
            out.print(&format!(
                "\nTo send again what the service did not take:\n  {apply}{}\n",
                clean(&again)
            ));
        }
    }
}

fn shown(shown: &Shown) -> String {
    match shown {
        Shown::Absent => "(nothing)".to_owned(),
        Shown::Secret(_) => "(secret)".to_owned(),
        Shown::Value(value) => value.to_string(),
    }
}
