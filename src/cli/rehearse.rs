//! `telform rehearse`: carries the plan out in the simulator, on a copy of what the services hold.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::apply::{self, How};
use super::args::RehearseArgs;
use super::clock::{Clock, forecast};
use super::embedded::Embedded;
use super::exit::{Exit, Failure};
use super::interrupt::Stop;
use super::journal::Book;
use super::lock;
use super::out::Out;
use super::policy::{Policies, Tell};
use super::saved::{self, Reviewed};
use super::session::{Purpose, Session, watching};
use super::supplied;
use crate::api::Vault;
use crate::api::http::{self, Http, Watch};
use crate::desired;
use crate::ledger::{Ledger, Store};
use crate::output::Said;
use crate::plan::{self, Inputs, Plan};
use crate::rehearse::{self, Source};
use crate::resource::{Desired, Live, LiveAccount};
use crate::sandbox::{Fault, Sandbox, Service, World};
use crate::text::clean;
use crate::value::Hidden;
use crate::view::rehearsal::{self, Rehearsal, Request, Requests};
use crate::view::{json, report};

/// Rehearses.
pub(super) async fn run(out: &Out, args: &RehearseArgs) -> Result<Exit, Failure> {
    let faults = faults(&args.faults)?;
    let reviewed = args.plan.as_deref().map(Reviewed::read).transpose()?;
    let choice =
        reviewed.as_ref().map_or_else(|| args.choice.clone(), |reviewed| reviewed.choice(&args.choice));
    let real = Arc::new(Clock::default());
    let watch: Arc<dyn Watch> = real.clone();
    let loaded = desired::load(&out.global.files)?;
    let mut session = Session::open_watched(out, &choice, Purpose::Plan, loaded, Some(watch)).await?;
    let policies = Policies::of(out, &args.run.policies, &session.desired)?;
    let begun = Instant::now();
    let live = session.read().await?;
    let reading = begun.elapsed();
    let plan = session.plan(&live)?;
    if let Some(moved) = reviewed.as_ref().map(|reviewed| reviewed.moved(&session, &plan))
        && !moved.is_empty()
    {
        return Ok(apply::stale(out, &moved));
    }
    let document = saved::document(&session, &plan, &live);
    apply::show(out, &plan, &document);
    let tell = if out.global.json { Tell::Events } else { Tell::Text };
    if let Err(exit) =
        policies.judge(out, &LazyCell::new(|| json::document(&document)), tell, &mut session.lock)
    {
        return Ok(exit);
    }
    if plan.is_refused() {
        let would = match session.despite(&plan)?.filter(|_| reviewed.is_none()) {
            Some(part) => format!("do only this, {}", part.summary()),
            None => "write nothing".to_owned(),
        };
        out.note(&format!("the apply would {would}: {} refused\n", plan.refusals.len()));
        return Ok(Exit::Refused);
    }
    if !plan.has_changes() {
        return Ok(Exit::Done);
    }
    supplied::supplied(&session, &plan)?;
    let mut stage = Stage::build(out, session, &live).await?;
    let before = stage.read().await?;
    let same = stage.session.plan(&before)?;
    if let Some(difference) = first_difference(&plan, &same) {
        return Err(Failure::other(
            "telform::rehearse::differs",
            format!(
                "the simulator does not show what the services show, so a rehearsal would say nothing about the apply: {difference}"
            ),
            "please report it with this message; `telform plan` shows what the apply would send",
        ));
    }
    stage.begin(faults);
    let how = How {
        command: "rehearse",
        plan_file: None,
        heading: "Rehearsing",
        of: None,
        run: &args.run,
        stop: Stop::on_signals(out),
        refused: 0,
    };
    let (exit, shown) = stage.play(out, &how, &plan, reviewed.is_some(), &real, reading).await?;
    if out.global.json {
        out.event(&Said::Rehearsed { rehearsal: &shown });
    } else if !out.global.quiet {
        out.print(&rehearsal::text(&shown, out.global.verbose > 0));
    }
    Ok(exit)
}

/// Why the plan in the simulator is another one; none when it sends the same.
fn first_difference(real: &Plan, played: &Plan) -> Option<String> {
    if let Some(refusal) = played.refusals.first() {
        return Some(format!("there the plan is refused: {}", refusal.detail));
    }
    let mut both = real.steps.iter().zip(&played.steps);
    if let Some((real, played)) = both.find(|(real, played)| real != played) {
        return Some(format!("{} is {} and not {}", real.id, report::subject(played), report::subject(real)));
    }
    let (real, played) = (real.steps.len(), played.steps.len());
    (real != played).then(|| format!("there it has {played} requests and not {real}"))
}

/// Faults as the simulator knows them, from the command line or from files.
fn faults(given: &[String]) -> Result<Vec<Fault>, Failure> {
    let mut all = Vec::new();
    for text in given {
        let path = Path::new(text);
        let wrong = |why: String| {
            Failure::other(
                "telform::rehearse::fault",
                format!("`{text}` is no fault: {why}"),
                "a fault looks like `{ match: { method: DELETE }, effect: { answer: { status: 500 } } }`; a file holds one or a list of them",
            )
        };
        let text = if path.is_file() {
            std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?
        } else {
            text.clone()
        };
        let lines: Vec<String> = text.lines().map(|line| format!("    {line}")).collect();
        let lines = lines.join("\n");
        // A list or one of them, under the key that a world has for them.
        let list = World::from_yaml(&format!("faults:\n{lines}\n"));
        let one = || World::from_yaml(&format!("faults:\n  -\n{lines}\n"));
        let world = list.or_else(|_| one()).map_err(|error| wrong(error.to_string()))?;
        all.extend(world.faults);
    }
    Ok(all)
}

/// Numbers that may come to an account with the objects that move there, from the accounts that these leave.
fn arriving<'a>(desired: &Desired, ledger: &Ledger, live: &'a Live, account: &str) -> BTreeSet<&'a str> {
    let own = desired.objects.values().filter(|object| object.account == account);
    let entries = own.filter_map(|object| ledger.objects.get(&object.address));
    let left =
        entries.flat_map(|entry| entry.left_behind.iter().map(|left| &left.account).chain([&entry.account]));
    let left: BTreeSet<&String> = left.filter(|left| *left != account).collect();
    let read = left.into_iter().filter_map(|left| live.accounts.get(left)?.connections.as_ref());
    read.flatten().map(|connection| connection.number.as_str()).collect()
}

/// The simulators and a session that knows nothing else.
struct Stage {
    /// By account.
    sandboxes: BTreeMap<String, Sandbox>,
    session: Session,
    clock: Arc<Clock>,
    /// What the services did not show, by account: the simulators cannot, either.
    unread: BTreeMap<String, LiveAccount>,
    /// Seconds between two requests that the rate of each account asks for.
    rhythm: BTreeMap<String, Duration>,
    /// Ledger and journal of the rehearsal.
    _folder: tempfile::TempDir,
}

impl Stage {
    /// Builds it from what was read, with a copy of the ledger.
    async fn build(out: &Out, real: Session, live: &Live) -> Result<Self, Failure> {
        let failed = |why: String| {
            Failure::other("telform::rehearse::world", why, "`telform plan` shows what the apply would send")
        };
        let Session { mut desired, mut ledger, key, mut options, taken_for, ledger_is_kept, .. } = real;
        let original = desired.clone();
        // Secrets are looked for by the addresses of today, and so are what the ledger knows of them.
        let inputs = Inputs { desired: &original, live, ledger: &ledger, key: &key, options: &options };
        for (from, to) in plan::renamed(&inputs) {
            ledger.rename(&from, &to);
        }
        let stand_ins = rehearse::stand_in(&mut desired, &mut ledger, &key);
        let inputs = Inputs { desired: &original, live, ledger: &ledger, key: &key, options: &options };
        let claims = plan::claims(&inputs);
        let (mut sandboxes, mut rhythm) = (BTreeMap::new(), BTreeMap::new());
        let unread =
            live.accounts.iter().map(|(name, live)| (name.clone(), rehearse::unread(live))).collect();
        for (name, account) in &mut desired.accounts {
            let elsewhere = arriving(&original, &ledger, live, name);
            if let Some(live) = live.accounts.get(name) {
                let declared = |kind: &str, id: &str| {
                    let claim = claims
                        .iter()
                        .find(|((at, of, claimed), _)| at == name && *of == kind && *claimed == id);
                    claim.and_then(|(_, address)| original.objects.get(*address))
                };
                let source = Source {
                    account,
                    live,
                    declared: &declared,
                    stand_ins: &stand_ins,
                    elsewhere: &elsewhere,
                };
                let world =
                    source.world().map_err(|why| failed(format!("account {name}: {}", clean(&why))))?;
                let anywhere = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
                let sandbox =
                    Sandbox::start_on(world, anywhere).await.map_err(|error| failed(error.to_string()))?;
                let url =
                    if account.backend.organization { sandbox.unpod_url() } else { sandbox.carrierx_url() };
                let rate = http::rate_of(account);
                rhythm.insert(
                    name.clone(),
                    rate.map_or(Duration::ZERO, |rate| Duration::from_secs(60) / rate.max(1)),
                );
                account.base_url = url.parse().map_err(|_| failed("a simulator has no URL".to_owned()))?;
                account.requests_per_minute = None;
                sandboxes.insert(name.clone(), sandbox);
            }
        }
        desired.accounts.retain(|name, _| sandboxes.contains_key(name));
        let asked = desired.accounts.keys().cloned().collect();
        let clock = Arc::new(Clock::default());
        let watch: Arc<dyn Watch> = clock.clone();
        let tokens = desired.accounts.keys().map(|name| (name.clone(), rehearse::token())).collect();
        let vault = stand_ins.into_iter().map(|(at, stand_in)| (at, stand_in.secret()));
        let api = Http::new(
            desired.accounts.values(),
            tokens,
            vault.collect::<Vault>().knowing(Hidden::sealed()),
            http::Options {
                watch: watching([Some(watch), out.meter.watch(), None]),
                pause: Some(Embedded::PAUSE),
                ..http::Options::default()
            },
        )
        .map_err(|error| failed(error.to_string()))?;
        let folder = tempfile::tempdir().map_err(|error| failed(error.to_string()))?;
        let store = Arc::new(Store::at(&folder.path().join("ledger.json").display().to_string())?);
        let mut lock = lock::take(out, &store, Duration::ZERO).await?;
        lock.take_over_signals();
        options.sandbox = true;
        // The journal of the rehearsal begins with it.
        ledger.journal = None;
        let session = Session {
            desired,
            ledger,
            store,
            key,
            // What is sent here stands in for secrets: nothing of it is sealed.
            key_is_kept: false,
            api,
            missing: Vec::new(),
            options,
            asked,
            saved: false,
            no_token: BTreeMap::new(),
            sandbox: None,
            taken_for,
            ledger_is_kept,
            journal: None,
            longest_pause: Some(Embedded::PAUSE),
            nameless: std::collections::BTreeSet::new(),
            lock,
            meter: Arc::clone(&out.meter),
        };
        Ok(Self { sandboxes, session, clock, unread, rhythm, _folder: folder })
    }

    /// What the simulators show, and what the services did not.
    async fn read(&self) -> Result<Live, Failure> {
        let mut live = self.session.read().await?;
        for (name, unread) in &self.unread {
            if let Some(account) = live.accounts.get_mut(name) {
                rehearse::hide(account, unread);
            }
        }
        Ok(live)
    }

    /// From here on everything is as the apply would do it, faults included.
    fn begin(&self, faults: Vec<Fault>) {
        self.clock.clear();
        for (name, sandbox) in &self.sandboxes {
            sandbox.clear_log();
            let organization =
                self.session.desired.accounts.get(name).is_some_and(|account| account.backend.organization);
            let own = if organization { Service::Unpod } else { Service::Carrierx };
            for fault in
                faults.iter().filter(|fault| fault.matcher.service.is_none_or(|service| service == own))
            {
                sandbox.set_fault(fault.clone());
            }
        }
    }

    /// Reads, plans and carries out.
    async fn play(
        &mut self,
        out: &Out,
        how: &How<'_>,
        plan: &Plan,
        reviewed: bool,
        real: &Clock,
        reading: Duration,
    ) -> Result<(Exit, Rehearsal), Failure> {
        let live = self.read().await?;
        let now = self.session.plan(&live)?;
        let moved = now.steps != plan.steps;
        let early = match () {
            () if moved && reviewed => Some(Exit::Stale),
            () if now.is_refused() => Some(Exit::Refused),
            () if !now.has_changes() => Some(Exit::Done),
            () => None,
        };
        if let Some(exit) = early {
            out.note(
                "what happens before the first write makes it another plan; the apply would write nothing\n",
            );
            let accounts = self.requests();
            return Ok((exit, Rehearsal { accounts, seconds: reading.as_secs_f64(), numbers: Vec::new() }));
        }
        let store = self.session.store.clone();
        let book = Book::open(&store, &self.session.ledger).await?;
        let document = saved::document(&self.session, &now, &live);
        let ran = apply::carry_through(out, how, &mut self.session, &now, &live, &book, document).await?;
        let mut shown = forecast(&now, &ran, &self.clock, real, &self.rhythm);
        // Everything is read before and, when every step is done, after.
        let looks = if ran.report.is_complete() { 2.0 } else { 1.0 };
        shown.seconds += looks * reading.as_secs_f64();
        shown.accounts = self.requests();
        Ok((ran.exit, shown))
    }

    /// What the simulators got.
    fn requests(&self) -> Vec<Requests> {
        let below = |name: &str, mount: &str, path: &str| {
            let account = self.session.desired.accounts.get(name);
            let base = account.map_or("", |account| account.base_url.path()).trim_end_matches('/');
            let base = base.strip_prefix(mount).unwrap_or(base);
            path.strip_prefix(base).unwrap_or(path).trim_start_matches('/').to_owned()
        };
        let of = |(name, sandbox): (&String, &Sandbox)| Requests {
            account: name.clone(),
            requests: sandbox
                .log()
                .into_iter()
                .map(|logged| {
                    let path = below(name, sandbox.mount(), &logged.path);
                    let target =
                        if logged.query.is_empty() { path } else { format!("{path}?{}", logged.query) };
                    Request { method: logged.method, target, body: logged.body, status: logged.status }
                })
                .collect(),
        };
        self.sandboxes.iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document;

    #[test]
    fn a_copy_that_is_planned_otherwise_is_told_by_its_first_difference() {
        let saved = include_str!("../../tests/verify-plans/small.json");
        let saved: document::v1::Document = serde_json::from_str(saved).expect("a document");
        let real = saved.plan.planned().expect("a plan");
        assert_eq!(first_difference(&real, &real.clone()), None);
        let told = |change: fn(&mut Plan)| {
            let mut played = real.clone();
            change(&mut played);
            first_difference(&real, &played).expect("a difference")
        };
        assert_eq!(
            told(|plan| drop(plan.steps.pop())),
            format!("there it has {} requests and not {}", real.steps.len() - 1, real.steps.len())
        );
        assert!(told(|plan| plan.steps[1].call.path.push('x')).starts_with("s2 is "));
        assert!(told(|plan| plan.steps.swap(2, 3)).starts_with("s3 is "));
        let refused = told(|plan| {
            plan.refusals.push(crate::plan::Refusal {
                code: crate::plan::RefusalCode::MaxDeletes,
                account: "unpod".to_owned(),
                address: None,
                attribute: None,
                detail: "too many".to_owned(),
                place: None,
            });
        });
        assert_eq!(refused, "there the plan is refused: too many");
    }
}
