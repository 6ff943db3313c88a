//! `telform undo`: a run taken back, as a plan like any other.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use super::apply::{self, How};
use super::args::{Choice, UndoArgs};
use super::confirm::confirmed;
use super::exit::{Exit, Failure};
use super::interrupt::Stop;
use super::journal::Book;
use super::out::Out;
use super::part;
use super::policy::{Policies, Tell};
use super::remember::enter;
use super::resume;
use super::saved;
use super::session::{Purpose, Session};
use super::supplied;
use crate::journal::{self, Run};
use crate::output::{Said, Saved};
use crate::plan::{self, Inputs, Operation, Plan, Step};
use crate::resource::{Address, Live};
use crate::text::clean;
use crate::undo::{self, Otherwise, Today, Undo};
use crate::view::json;

/// Plans, shows, asks, runs.
pub(super) async fn run(out: &Out, args: &UndoArgs) -> Result<Exit, Failure> {
    let choice = Choice {
        accounts: args.accounts.clone(),
        max_deletes: args.max_deletes,
        max_delete_percent: args.max_delete_percent,
        max_numbers_dark: args.max_numbers_dark,
        max_unreadable_bridges: args.max_unreadable_bridges,
        allow_unseen_products: args.allow_unseen_products,
        sandbox: args.sandbox.clone(),
        ..Choice::default()
    };
    let mut session = Session::open(out, &choice, Purpose::Settle(args.lock.wait())).await?;
    let policies = Policies::of(out, &args.run.policies, &session.desired)?;
    // What a run did that was cut off is known when its open requests are settled.
    let store = session.store.clone();
    let book = Book::open(&store, &session.ledger).await?;
    resume::settle(out, &mut session, &book).await?;
    drop(book);
    let kept = kept(&session).await?;
    let runs = journal::runs(&kept.lines);
    let of = chosen(&runs, &args.of)?;
    let (then, live, mut undo) = taken_back(&mut session, of).await?;
    limited(&mut session, args, &mut undo)?;
    let yaml = std::mem::replace(&mut session.desired, undo.desired.clone());
    session.options.targets.clone_from(&undo.about);
    // Whoever asks to take a run back asks for each value anew.
    session.options.resend = undo.about.iter().map(|address| (address.clone(), None)).collect();
    left(out, of.id, &undo.left);
    if undo.about.is_empty() {
        out.note(if undo.left.is_empty() {
            "there is nothing to take back; nothing was written\n"
        } else {
            "there is nothing to take back beside what is named above; nothing was written\n"
        });
        return Ok(Exit::Done);
    }
    // What has a name only for this run is not taken under management: the next apply would delete it as something that has left
    // the YAML.
    let known = |address: &&Address| {
        yaml.objects.contains_key(*address) || session.ledger.objects.contains_key(*address)
    };
    let nameless = session.desired.objects.keys().filter(|address| !known(address));
    session.nameless = nameless.filter(|address| !undo.managed.contains(*address)).cloned().collect();
    let plan = session.plan(&live)?;
    moved_since(out, undo::otherwise(of, &then, &plan, &undo.left).unwrap_or_default());
    let document = saved::document(&session, &plan, &live);
    apply::show(out, &plan, &document);
    let tell = if out.global.json { Tell::Events } else { Tell::Text };
    if let Err(exit) =
        policies.judge(out, &LazyCell::new(|| json::document(&document)), tell, &mut session.lock)
    {
        out.note("nothing was written\n");
        return Ok(exit);
    }
    let (plan, document, refused) =
        match part::of(out, &mut session, &live, (plan, document), &policies, false)? {
            Ok(part) => part,
            Err(exit) => return Ok(exit),
        };
    let book = Book::open(&store, &session.ledger).await?;
    if !plan.has_changes() {
        if plan.decides() {
            enter(&mut session, "undo", None, &plan, &live, &book, document).await?;
            session.close()?;
            if !out.global.quiet {
                out.note("only the ledger was changed; nothing was sent\n");
            }
        } else {
            out.note(if undo.left.is_empty() {
                "what that run changed is as it was before it; nothing was written\n"
            } else {
                "what that run changed is as it was before it, but for what is named above; nothing was written\n"
            });
        }
        return Ok(Exit::Done);
    }
    supplied::supplied(&session, &plan)?;
    if !args.auto_approve && !confirmed(out, &plan)? {
        out.note("not confirmed; nothing was written\n");
        return Ok(Exit::Failed);
    }
    session.lock.take_over_signals();
    let stop = Stop::on_signals(out);
    let of = Some(of.id);
    let how =
        How { command: "undo", plan_file: None, heading: "Taking back", of, run: &args.run, stop, refused };
    let ran = apply::carry_through(out, &how, &mut session, &plan, &live, &book, document).await?;
    if !out.global.quiet {
        differs(out, &plan);
    }
    Ok(ran.exit)
}

/// Of what is to be taken back only what was asked for. An address that the undo is not about is a typing mistake.
fn limited(session: &mut Session, args: &UndoArgs, undo: &mut Undo) -> Result<(), Failure> {
    for address in args.targets.iter().chain(&args.excludes).chain(&args.allow_similar) {
        if !undo.about.contains(address) {
            let about: Vec<String> = undo.about.iter().map(ToString::to_string).collect();
            return Err(Failure::other(
                "telform::cli::unknown_address",
                format!("this undo is not about {address}"),
                if about.is_empty() { String::new() } else { format!("it is about {}", about.join(", ")) },
            ));
        }
    }
    let options = &mut session.options;
    options.allow_similar = args.allow_similar.iter().cloned().collect();
    options.limits.targets = args.targets.iter().cloned().collect();
    options.limits.excludes = args.excludes.iter().cloned().collect();
    options.excludes.clone_from(&options.limits.excludes);
    let named = &options.limits;
    undo.about.retain(|address| {
        (named.targets.is_empty() || named.targets.contains(address)) && !named.excludes.contains(address)
    });
    Ok(())
}

/// The journal, when it is what was written.
async fn kept(session: &Session) -> Result<journal::Journal, Failure> {
    let damaged =
        |error: journal::JournalError| Failure::other(error.code(), error.to_string(), error.help());
    let kept = journal::read(session.store.place()).await.map_err(damaged)?;
    if let Some(head) = &session.ledger.journal {
        journal::holds(session.store.place(), &kept, head).map_err(damaged)?;
    }
    Ok(kept)
}

/// The plan of a run, what is there, and what to want so that the run is taken back.
async fn taken_back(session: &mut Session, run: &Run<'_>) -> Result<(Plan, Live, Undo), Failure> {
    let plan = undo::plan_of(run).map_err(|why| {
        Failure::other(
            "telform::undo::plan",
            format!("the plan of run {} cannot be read: {why}", run.id),
            "use the telform that made it, or a newer one",
        )
    })?;
    // What is wrong with an account that it did not write to stops nothing.
    let touched = touched(session, &plan);
    session.asked.retain(|name| touched.as_ref().is_none_or(|touched| touched.contains(name)));
    session.need_tokens(|name| touched.as_ref().is_none_or(|touched| touched.contains(name)))?;
    // Everything that the run may have touched is read, whatever the YAML mentions by now.
    let mut all = session.desired.clone();
    all.kinds.extend(plan.steps.iter().filter_map(|step| Some(step.address.as_ref()?.kind.clone())));
    let rewires =
        |step: &Step| matches!(step.operation, Operation::Connect { .. } | Operation::Disconnect { .. });
    all.kinds.extend(plan.ledger.iter().filter_map(|effect| Some(effect.address()?.kind.clone())));
    if plan.steps.iter().any(rewires) {
        all.kinds.insert("bridges".into());
    }
    let live = session.read_all(&all).await?;
    let renamed = plan::renamed(&Inputs {
        desired: &session.desired,
        live: &live,
        ledger: &session.ledger,
        key: &session.key,
        options: &session.options,
    });
    let today = Today {
        desired: &session.desired,
        live: &live,
        ledger: &session.ledger,
        renamed: &renamed,
        hidden: session.key.hidden(),
    };
    let mut undo = undo::undo(run, &plan, today);
    undo.desired.kinds.extend(all.kinds);
    Ok((plan, live, undo))
}

/// The accounts that a run was about; none where that cannot be told, because an account may have another name by now.
fn touched(session: &Session, plan: &Plan) -> Option<BTreeSet<String>> {
    let (desired, ledger) = (&session.desired, &session.ledger);
    let mut touched: BTreeSet<String> = plan.steps.iter().map(|step| step.call.account.clone()).collect();
    // A run that changed the ledger alone says by address what it is about.
    for effect in plan.ledger.iter().filter(|_| !plan.has_changes()) {
        let address = effect.address()?;
        let today = [
            ledger.objects.get(address).map(|entry| &entry.account),
            desired.objects.get(address).map(|object| &object.account),
        ];
        let before = touched.len();
        touched.extend(today.into_iter().flatten().cloned());
        if touched.len() == before && !today.iter().any(Option::is_some) {
            return None;
        }
    }
    let known = touched.iter().all(|name| desired.accounts.contains_key(name));
    (known && !touched.is_empty()).then_some(touched)
}

/// The run that was named. `last` is the last one that wrote something, to a service or to the ledger alone.
fn chosen<'r, 'a>(runs: &'r [Run<'a>], of: &str) -> Result<&'r Run<'a>, Failure> {
    let wrong =
        |why: String| Failure::other("telform::undo::run", why, "`telform journal list` shows the runs");
    if of == "last" {
        let wrote = |run: &&Run<'_>| run.steps.iter().any(|step| step.intent.is_some()) || decided(run);
        return runs
            .iter()
            .rev()
            .find(wrote)
            .ok_or_else(|| wrong("the journal has no run that wrote something".to_owned()));
    }
    let fits: Vec<&Run<'a>> = runs.iter().filter(|run| run.id.starts_with(of)).collect();
    match fits.as_slice() {
        [one] => Ok(one),
        [] => Err(wrong(format!("the journal has no run {of}"))),
        several => Err(wrong(format!("{} runs begin with {of}", several.len()))),
    }
}

/// Whether a run changed what telform manages, and did not only note what was gone.
fn decided(run: &Run<'_>) -> bool {
    let words = run.started.plan.ledger.iter().flat_map(|effect| effect.0.keys());
    let known = ["adopt", "adopt_hidden", "rename", "release", "protect"];
    words.into_iter().any(|word| known.contains(&word.as_str()))
}

/// What is not taken back, before anything is asked.
fn left(out: &Out, run: &str, left: &[undo::Left]) {
    if out.global.json {
        return out.event(&Said::Undo { run, left });
    }
    if out.global.quiet {
        return;
    }
    out.print(&format!("Taking back run {}\n", clean(run)));
    if !left.is_empty() {
        out.print(&format!("\nNot taken back ({})\n", left.len()));
        for left in left {
            let text = clean(&format!("{}: {}", left.what, left.why));
            out.print(&format!("  {}\n", out.reading().wrap(&text, 6).join("\n    ")));
        }
    }
    out.print("\n");
}

/// How this is not what was saved with the run before its first request.
fn moved_since(out: &Out, otherwise: Otherwise) {
    let Otherwise { dropped, added } = otherwise;
    if dropped.is_empty() && added.is_empty() {
        return;
    }
    if out.global.json {
        fn list(of: &[(String, String)]) -> Vec<Saved<'_>> {
            of.iter().map(|(what, request)| Saved { what, request }).collect()
        }
        return out.event(&Said::UndoMoved { dropped: list(&dropped), added: list(&added) });
    }
    if out.global.quiet {
        return;
    }
    out.print("Otherwise than saved with the run, because something moved since\n");
    for (word, list) in [("no longer", &dropped), ("now also", &added)] {
        for (what, request) in list {
            out.print(&format!("  {word}: {}\n      {}\n", clean(what), clean(request)));
        }
    }
    out.print("\n");
}

/// The YAML still wants what the run did.
fn differs(out: &Out, plan: &Plan) {
    let addresses: Vec<String> = plan.changes.iter().map(|change| change.address.to_string()).collect();
    let text = format!(
        "the YAML is as it was: unless it is changed too, the next apply does this again ({})",
        clean(&addresses.join(", "))
    );
    out.note(&format!("{}\n", out.reading().wrap(&text, 0).join("\n")));
}
