//! Requests after which a target lets no call through, although nothing is taken off it: one that closes it, and the delete of the
//! last object that its calls go to. A number that the plan does not count is not silenced with them. Nor is one connected to a target
//! that another user closed after the plan.

use std::collections::btree_map;

use super::ApplyRun;
use super::precondition::Precondition;
use super::step_target::StepTarget;
use crate::model::call::BodyValue;
use crate::model::kind::Kind;
use crate::model::ledger::Ledger;
use crate::model::resource::LiveObject;
use crate::model::value::CompactValue;
use crate::plan::{NoticeCode, NumberEffect, NumberImpact, PlanNotice, Step, StepOperation};
use crate::read::one;
use crate::read::{Again, ReadError};
use crate::services::{self, reading_of};

impl ApplyRun<'_> {
    /// Whether a step may silence what it does not name: all that uses its object is read again right before its request.
    pub(super) fn may_silence(step: &Step, kind: &Kind) -> bool {
        match &step.operation {
            StepOperation::Update { .. } => closes(step, kind),
            StepOperation::Delete { .. } => kind.connected || kind.link.is_some() || kind.destination_of.is_some(),
            _ => false,
        }
    }

    /// A step whose object is as the plan saw it is stale if it would silence a number that the plan does not count.
    pub(super) async fn check_counted(&self, step: &Step, target: &StepTarget<'_>, belief: Precondition) -> Precondition {
        let Precondition::Holds(Some(object)) = &belief else { return belief };
        match self.uncounted_uses(step, target, object).await {
            Ok(uses) if uses.is_empty() => belief,
            Ok(uses) => {
                Precondition::Changed(format!("{}; this would silence that, and the plan does not count it", uses.join(", ")))
            }
            Err(why) => Precondition::Unreadable(why),
        }
    }

    async fn uncounted_uses(&self, step: &Step, target: &StepTarget<'_>, object: &LiveObject) -> Result<Vec<String>, String> {
        let unreadable = |error: ReadError| error.to_string();
        let (owner, id, closed_before) = match &step.operation {
            StepOperation::Update { id, .. } => {
                if !closes(step, target.kind) {
                    return Ok(Vec::new());
                }
                (target.kind, id.clone(), object.is_closed(target.kind))
            }
            StepOperation::Delete { .. } => {
                let Some((field, kind)) = target.kind.destination_owner() else { return Ok(Vec::new()) };
                let id = object.shown_value(field.name).and_then(CompactValue::text).map(std::borrow::Cow::into_owned);
                let kind = services::shape_of_generation(kind, target.facts.generation);
                let (Some(id), Some(kind)) = (id, kind) else { return Ok(Vec::new()) };
                if self.destination_stays(step, target, kind, &id).await.map_err(unreadable)? {
                    return Ok(Vec::new());
                }
                (kind, id, false)
            }
            _ => return Ok(Vec::new()),
        };
        if closed_before {
            return Ok(Vec::new());
        }
        let live = self.apply.live.accounts.get(&target.account.name);
        let holder = target.account.service.link_roles().map_or("", |roles| roles.holder);
        let unread: Vec<String> = live.into_iter().flat_map(|live| live.opaque_objects(holder)).map(str::to_owned).collect();
        let counted = |number: &str| self.counts_number(step, &id, number);
        let uses = self.live_uses(step, target, &id, &unread, &counted).await.map_err(unreadable)?;
        if uses.is_empty() || self.is_dark_already(step, target, owner, &id).await? {
            return Ok(Vec::new());
        }
        Ok(uses)
    }

    /// Whether the plan says that a number is dark, or moves it away from the target of this step later.
    fn counts_number(&self, step: &Step, id: &str, number: &str) -> bool {
        let account = &step.call.account;
        let live = self.apply.live.accounts.get(account);
        let was_there = || {
            let mut all = live.and_then(|live| live.connections.as_ref()).into_iter().flatten();
            all.any(|connection| connection.number == number && connection.served_by.may_be(id))
        };
        let moves_later = matches!(step.operation, StepOperation::Update { .. });
        self.apply.plan.impact.iter().filter(|impact| impact.number == number).any(|impact| {
            let from = impact.from.as_ref().and_then(|from| from.account.as_ref());
            match impact.effect {
                NumberEffect::Dark => impact.account == *account,
                NumberEffect::Moves => moves_later && from.unwrap_or(&impact.account) == account && was_there(),
                NumberEffect::Connects | NumberEffect::Settles => false,
            }
        })
    }

    /// Whether the calls of a target have somewhere to go after a delete of this plan: an object that the plan deletes too does not
    /// count.
    async fn destination_stays(&self, step: &Step, target: &StepTarget<'_>, owner: &Kind, id: &str) -> Result<bool, ReadError> {
        let leaves = |kind: &str, id: &str| {
            self.apply.plan.steps.iter().any(|other| {
                other.call.account == step.call.account
                    && other.address.as_ref().is_some_and(|address| address.kind == kind)
                    && matches!(&other.operation, StepOperation::Delete { id: gone, .. } if gone == id)
            })
        };
        if leaves(owner.name, id) {
            return Ok(false);
        }
        let found = self.destinations(target, owner, id).await?.unwrap_or_default();
        Ok(found.iter().any(|(kind, destination)| !leaves(kind, destination)))
    }

    /// What the calls of a target go to now, each with its kind; `None` for a target that needs no such object.
    async fn destinations(
        &self,
        target: &StepTarget<'_>,
        owner: &Kind,
        id: &str,
    ) -> Result<Option<Vec<(&'static str, String)>>, ReadError> {
        let StepTarget { account, facts, .. } = *target;
        let kinds = account.service.kinds.iter().filter_map(|kind| services::shape_of_generation(kind.name, facts.generation));
        let kinds = kinds.filter_map(|kind| Some((kind, kind.destination_owner().filter(|(_, of)| *of == owner.name)?.0)));
        let kinds: Vec<_> = kinds.collect();
        if kinds.is_empty() {
            return Ok(None);
        }
        let ledger = &self.ledger_now().await;
        let again = Again { reading_of, api: &self.read_only(), account, facts, ledger, key: self.apply.key };
        let mut found = Vec::new();
        for (kind, field) in kinds {
            for (_, object) in again.list(kind).await? {
                if object.shown_value(field.name).and_then(CompactValue::text).is_some_and(|at| at == id) {
                    found.push((kind.name, object.id));
                }
            }
        }
        Ok(Some(found))
    }

    /// Whether a target lets no call through even without this step.
    async fn is_dark_already(
        &self,
        step: &Step,
        target: &StepTarget<'_>,
        owner: &'static Kind,
        id: &str,
    ) -> Result<bool, String> {
        if matches!(step.operation, StepOperation::Update { .. }) {
            let found = self.destinations(target, owner, id).await.map_err(|error| error.to_string())?;
            return Ok(found.is_some_and(|all| all.is_empty()));
        }
        let read = one::read_object_by_id(&self.read_only(), target.account, owner, target.facts, self.apply.key, id).await;
        let Some(object) = read.map_err(|error| error.to_string())? else { return Ok(false) };
        Ok(object.is_closed(owner))
    }

    /// Why a target that existed before the run lets no call through now, where the plan does not say that of the number. One that
    /// lets them through is read once in each phase.
    pub(super) async fn closed_meanwhile(
        &self,
        step: &Step,
        target: &StepTarget<'_>,
        id: &str,
        number: &str,
    ) -> Result<Option<String>, String> {
        let account = &step.call.account;
        let key = (account.clone(), step.phase, id.to_owned());
        let mut open = self.open_targets.lock().await;
        if open.contains(&key) {
            return Ok(None);
        }
        let plan = self.apply.plan;
        let dark = |impact: &&NumberImpact| impact.effect == NumberEffect::Dark && impact.account == *account;
        let told = |notice: &&PlanNotice| notice.code == NoticeCode::StaysDark && notice.account == *account;
        // The detail begins with the whole number; another one may begin with the same digits.
        let is_it = |detail: &String| detail.strip_prefix(number).is_some_and(|rest| rest.starts_with(','));
        let known = plan.impact.iter().filter(dark).any(|impact| impact.number == number)
            || plan.notices.iter().filter(told).any(|notice| notice.detail.as_ref().is_some_and(is_it));
        let live = self.apply.live.accounts.get(account);
        let holds =
            |kind: &&&str| live.and_then(|live| live.objects.get(**kind)).is_some_and(|all| all.iter().any(|it| it.id == id));
        let kinds = target.account.service.link_roles().map_or(&[][..], |roles| roles.targets);
        let kind = kinds.iter().find(holds).and_then(|kind| services::shape_of_generation(kind, target.facts.generation));
        let Some(kind) = kind.filter(|_| !known) else { return Ok(None) };
        if kind.closing_value().is_some() {
            let read = one::read_object_by_id(&self.read_only(), target.account, kind, target.facts, self.apply.key, id).await;
            if read.map_err(|error| error.to_string())?.is_some_and(|object| object.is_closed(kind)) {
                return Ok(Some(format!("{} {id} was closed after the plan and lets no call through", kind.singular)));
            }
        }
        let leads_to = self.destinations(target, kind, id).await.map_err(|error| error.to_string())?;
        if leads_to.is_some_and(|all| all.is_empty()) {
            return Ok(Some(format!("{} {id} lost all that its calls go to after the plan", kind.singular)));
        }
        open.insert(key);
        Ok(None)
    }

    /// Uses of a target that would be silenced, in words, without the numbers that are `counted`. The whole account is read once in
    /// each phase, right before the first step that needs it: for each later one only the holders that then showed a use are read
    /// again.
    pub(super) async fn live_uses(
        &self,
        step: &Step,
        target: &StepTarget<'_>,
        id: &str,
        unread: &[String],
        counted: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<Vec<String>, ReadError> {
        let (api, account, key) = (self.read_only(), target.account, self.apply.key);
        let mut waves = self.uses_in_phase.lock().await;
        let (uses, first) = match waves.entry((account.name.clone(), step.phase)) {
            btree_map::Entry::Occupied(read) => (&*read.into_mut(), false),
            btree_map::Entry::Vacant(free) => {
                let read = one::read_uses(reading_of, &api, account, key, &self.ledger_now().await).await?;
                (&*free.insert(read), true)
            }
        };
        let mut users = uses.uses_of(id, unread, counted);
        if !first && !users.is_empty() {
            let bridges = users.into_iter().map(|(bridge, _)| bridge).collect();
            let (facts, ledger) = (target.facts, &self.ledger_now().await);
            let again = Again { reading_of, api: &api, account, facts, ledger, key };
            users = one::reread_uses(again, uses, &bridges).await?.uses_of(id, unread, counted);
        }
        Ok(users.into_iter().map(|(_, words)| words).collect())
    }

    /// The ledger as it is: a read does not hold it. Of a large one this is much work.
    pub(super) async fn ledger_now(&self) -> Ledger {
        (**self.ledger.lock().await).clone()
    }

    /// A request goes out a second time: what was read before the first one is too old.
    pub(super) async fn forget_uses(&self, step: &Step) {
        self.uses_in_phase.lock().await.remove(&(step.call.account.clone(), step.phase));
    }
}

/// Whether a step sends the value with which a target lets no call through.
fn closes(step: &Step, kind: &Kind) -> bool {
    let closing = kind.closing_value().filter(|_| kind.connected);
    closing.zip(step.call.body.as_ref()).is_some_and(|((name, closed), body)| {
        body.own_entries().get(name).and_then(BodyValue::known_value) == Some(&CompactValue::Bool(closed))
    })
}
