//! The planner's values as version 1 writes them. When the planner's move on, this is where the two part.

use std::collections::BTreeMap;

use super::limits::{LimitedChanges, Limits};
use super::step::{Body, CallV1, Inverse, Method, Operation, Payload, Phase, PriorConnection, Ref, ServedState, StepV1};
use super::taken::{NotTaken, Way};
use super::{
    AccountV1, Action, Attribute, ChangeV1, Effect, ExistingV1, Impact, LedgerEffect, Notice, PlanV1, Refusal, SecretWord, Shown,
    Spot, Unmanaged,
};
use crate::model::call;
use crate::model::resource::{Address, ServedBy};
use crate::model::value::{AttributeValues, Value};
use crate::plan;

/// Each value of a collection, converted.
fn each<'a, A: 'a, B: From<&'a A>, C: FromIterator<B>>(values: impl IntoIterator<Item = &'a A>) -> C {
    values.into_iter().map(B::from).collect()
}

/// Enumerations whose choices have no content.
macro_rules! choices {
    ($($from:path => $to:ident { $($choice:ident)* })*) => {
        $(impl From<&$from> for $to {
            fn from(value: &$from) -> Self {
                match value { $(<$from>::$choice => Self::$choice),* }
            }
        })*
    };
}

choices! {
    plan::StepPhase => Phase { Create Update Rewire ReadBack Close Delete TakeOver }
    plan::ChangeAction => Action { Create Update Replace Delete }
    plan::NumberEffect => Effect { Dark Moves Connects Settles }
    plan::SecretState => SecretWord { Set New Changed Rewritten NotTaken ChangedOutside Differs WriteOnly }
    plan::NotTakenRemedy => Way { Resend Confirm Edit }
    call::RequestMethod => Method { Get Post Patch Put Delete }
}

impl From<&plan::Plan> for PlanV1 {
    fn from(plan: &plan::Plan) -> Self {
        Self::from_lists(plan, each(&plan.changes), each(&plan.steps), each(&plan.impact))
    }
}

impl<C, S, I> PlanV1<C, S, I> {
    /// A plan whose long lists are these.
    pub(in crate::document) fn from_lists(plan: &plan::Plan, changes: C, steps: S, impact: I) -> Self {
        Self {
            limits: Limits {
                accounts: plan.limits.accounts.clone(),
                targets: plan.limits.targets.iter().map(ToString::to_string).collect(),
                excludes: plan.limits.excludes.iter().map(ToString::to_string).collect(),
                unreadable: plan.limits.unreadable.clone(),
                changes: plan.limits.changes.map(|it| LimitedChanges {
                    limit: it.limit,
                    of: it.of,
                    left_out: it.left_out,
                    refusals_left_out: it.refusals_left_out,
                }),
            },
            accounts: each(&plan.accounts),
            changes,
            steps,
            impact,
            not_taken: each(&plan.not_taken),
            refusals: each(&plan.refusals),
            ledger: each(&plan.ledger),
            existing: plan.existing.iter().map(|(address, object)| (address.to_string(), object.into())).collect(),
            references: plan.references.iter().map(|(address, object)| (address.to_string(), object.into())).collect(),
            secrets: plan.secrets.iter().map(|(address, sources)| (address.to_string(), sources.clone())).collect(),
        }
    }
}

impl From<&plan::ExistingObject> for ExistingV1 {
    fn from(object: &plan::ExistingObject) -> Self {
        Self { account: object.account.clone(), id: object.id.clone() }
    }
}

impl From<&plan::AccountLine> for AccountV1 {
    fn from(account: &plan::AccountLine) -> Self {
        Self {
            name: account.name.clone(),
            api: account.api.clone(),
            base_url: account.base_url.clone(),
            organization: account.organization.clone(),
            generation: account.generation,
            token_from: account.token_from.clone(),
            token_of: account.token_of.clone(),
        }
    }
}

impl From<&plan::Change> for ChangeV1 {
    fn from(change: &plan::Change) -> Self {
        Self {
            address: change.address.to_string(),
            account: change.account.clone(),
            from_account: change.from_account.clone(),
            also_leaves: change.also_leaves.clone(),
            action: (&change.action).into(),
            id: change.id.clone(),
            attributes: each(&change.attributes),
            reason: change.reason.clone(),
            steps: change.steps.clone(),
        }
    }
}

impl From<&plan::AttributeChange> for Attribute {
    fn from(attribute: &plan::AttributeChange) -> Self {
        Self {
            name: attribute.name.clone(),
            before: (&attribute.before).into(),
            after: (&attribute.after).into(),
            risky: attribute.risky,
            source: attribute.source.clone(),
        }
    }
}

impl From<&plan::ShownValue> for Shown {
    fn from(shown: &plan::ShownValue) -> Self {
        match shown {
            plan::ShownValue::Absent => Self::Absent,
            plan::ShownValue::Value(value) => Self::Value(value.json()),
            plan::ShownValue::Secret(word) => Self::Secret(word.into()),
        }
    }
}

impl From<&plan::NumberImpact> for Impact {
    fn from(impact: &plan::NumberImpact) -> Self {
        Self {
            effect: (&impact.effect).into(),
            number: impact.number.clone(),
            account: impact.account.clone(),
            from: impact.from.as_ref().map(Into::into),
            to: impact.to.as_ref().map(Into::into),
            dark_steps: impact.dark_steps,
        }
    }
}

impl From<&plan::NumberLocation> for Spot {
    fn from(spot: &plan::NumberLocation) -> Self {
        Self { bridge: spot.bridge.clone(), provider: spot.provider.clone(), account: spot.account.clone() }
    }
}

impl From<&plan::NotTakenValue> for NotTaken {
    fn from(value: &plan::NotTakenValue) -> Self {
        Self {
            address: value.address.to_string(),
            account: value.account.clone(),
            attribute: (&value.attribute).into(),
            run: value.run.clone(),
            way: (&value.way).into(),
        }
    }
}

impl From<&plan::PlanRefusal> for Refusal {
    fn from(refusal: &plan::PlanRefusal) -> Self {
        Self {
            code: refusal.code.name().to_owned(),
            account: refusal.account.clone(),
            addresses: refusal.addresses.iter().map(ToString::to_string).collect(),
            attribute: refusal.attribute.clone(),
            detail: refusal.detail.clone(),
            place: refusal.place.clone(),
        }
    }
}

impl From<&plan::PlanNotice> for Notice {
    fn from(notice: &plan::PlanNotice) -> Self {
        Self {
            code: notice.code.to_string(),
            account: notice.account.clone(),
            address: notice.address.as_ref().map(ToString::to_string),
            attribute: notice.attribute.clone(),
            detail: notice.detail.clone(),
        }
    }
}

impl From<&plan::UnmanagedCount> for Unmanaged {
    fn from(unmanaged: &plan::UnmanagedCount) -> Self {
        Self {
            account: unmanaged.account.clone(),
            kind: unmanaged.kind.clone(),
            count: unmanaged.count,
            foreign: unmanaged.foreign,
        }
    }
}

/// Version 1 says of an effect that it is one key with its facts.
impl From<&plan::LedgerUpdate> for LedgerEffect {
    fn from(effect: &plan::LedgerUpdate) -> Self {
        use plan::LedgerUpdate as Update;
        let at = |address: &Address| ("address", address.to_string().into());
        let text = |name, text: &str| (name, text.into());
        let optional = |name, text: &Option<String>| text.as_ref().map(|text| (name, Value::from(text.as_str())));
        let (what, facts): (_, Vec<(&str, Value)>) = match effect {
            Update::Rename { from, to } => ("rename", vec![("from", from.to_string().into()), ("to", to.to_string().into())]),
            Update::Adopt { address, account, id } => ("adopt", vec![at(address), text("account", account), text("id", id)]),
            Update::AdoptHidden { address, account, id } => {
                ("adopt_hidden", vec![at(address), text("account", account), text("id", id)])
            }
            Update::MoveEnded { account, number } => ("move_ended", vec![text("account", account), text("number", number)]),
            Update::Release { address, account, id } => {
                let known = [optional("account", account), optional("id", id)].into_iter().flatten();
                ("release", std::iter::once(at(address)).chain(known).collect())
            }
            Update::Drop { address } => ("drop", vec![at(address)]),
            Update::Visible { address } => ("visible", vec![at(address)]),
            Update::Confirmed { address, attribute } => ("confirmed", vec![at(address), text("attribute", attribute)]),
            Update::Protect { address, on } => ("protect", vec![at(address), ("on", (*on).into())]),
            Update::RenameAccount { from, to } => ("rename_account", vec![text("from", from), text("to", to)]),
            Update::Follow { address, account } => ("follow", vec![at(address), text("account", account)]),
        };
        let facts = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self([(what.to_owned(), facts)].into())
    }
}

impl From<&plan::Step> for StepV1 {
    fn from(step: &plan::Step) -> Self {
        Self {
            id: step.id.clone(),
            phase: (&step.phase).into(),
            address: step.address.as_ref().map(ToString::to_string),
            call: (&step.call).into(),
            operation: (&step.operation).into(),
            why: step.why.clone(),
            waits_for: step.waits_for.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&call::Call> for CallV1 {
    fn from(call: &call::Call) -> Self {
        Self {
            account: call.account.clone(),
            method: (&call.method).into(),
            path: call.path.clone(),
            query: call.query.clone(),
            body: call.body.as_ref().map(Into::into),
        }
    }
}

impl From<&call::CallBody> for Body {
    fn from(body: &call::CallBody) -> Self {
        let entries = |all: &call::BodyEntries| all.iter().map(|(name, payload)| (name.to_string(), payload.into())).collect();
        match body {
            call::CallBody::Object(all) => Self::Object(entries(all)),
            call::CallBody::Overlay { fields, set } => Self::Overlay { fields: fields.clone(), set: entries(set) },
        }
    }
}

impl From<&call::BodyValue> for Payload {
    fn from(payload: &call::BodyValue) -> Self {
        match payload {
            call::BodyValue::Value(value) => Self::Value(value.json()),
            call::BodyValue::Secret { address, attribute } => {
                Self::Secret { address: address.to_string(), attribute: attribute.to_string() }
            }
            call::BodyValue::IdOf(step) => Self::IdOf(step.clone()),
            call::BodyValue::WithIds { value, ids } => Self::WithIds { value: value.json(), ids: ids.clone() },
        }
    }
}

impl From<&plan::ObjectRef> for Ref {
    fn from(at: &plan::ObjectRef) -> Self {
        match at {
            plan::ObjectRef::Id(id) => Self::Id(id.clone()),
            plan::ObjectRef::Step(step) => Self::Step(step.clone()),
        }
    }
}

impl From<&ServedBy> for ServedState {
    fn from(served: &ServedBy) -> Self {
        match served {
            ServedBy::NotThere => Self::NotThere,
            ServedBy::Unserved => Self::Unserved,
            ServedBy::By { id, .. } => Self::By { id: id.clone(), known: served.word().to_owned() },
            ServedBy::OneOf(ids) => Self::OneOf(ids.iter().cloned().collect()),
            // A plan holds neither of these.
            ServedBy::Foreign { id, .. } => Self::By { id: id.clone(), known: "exact".to_owned() },
            ServedBy::NotTold => Self::OneOf(Vec::new()),
        }
    }
}

impl From<&plan::FreedNumber> for PriorConnection {
    fn from(prior: &plan::FreedNumber) -> Self {
        Self { id: prior.id, served: (&prior.served).into() }
    }
}

fn by_name(values: AttributeValues) -> BTreeMap<String, Value> {
    values.into_iter().collect()
}

impl From<&plan::StepOperation> for Operation {
    fn from(operation: &plan::StepOperation) -> Self {
        match operation.clone() {
            plan::StepOperation::Create { key, expect, secrets, replaces, replaces_in } => {
                Self::Create { key: by_name(key), expect: by_name(expect), secrets, replaces, replaces_in }
            }
            plan::StepOperation::Update { id, before, expect, untouched, secrets } => {
                Self::Update { id, before: by_name(before), expect: by_name(expect), untouched: by_name(untouched), secrets }
            }
            plan::StepOperation::Connect { bridge, number, provider, before } => {
                Self::Connect { bridge: (&bridge).into(), number, provider: (&provider).into(), before: (&before).into() }
            }
            plan::StepOperation::Disconnect { bridge, number, before } => {
                Self::Disconnect { bridge, number, before: (&before).into() }
            }
            plan::StepOperation::ReadBack { bridge, numbers } => Self::ReadBack {
                bridge: (&bridge).into(),
                numbers: numbers.iter().map(|(number, by)| (number.clone(), by.as_ref().map(Into::into))).collect(),
            },
            plan::StepOperation::Delete { id, before, cut, frees, unread, prior_connections } => Self::Delete {
                id,
                before: by_name(before),
                cut,
                frees,
                unread,
                prior_connections: prior_connections.iter().map(|(number, prior)| (number.clone(), prior.into())).collect(),
            },
        }
    }
}

impl From<&plan::UndoEntry> for Inverse {
    fn from(inverse: &plan::UndoEntry) -> Self {
        Self { of: inverse.of.clone(), what: inverse.what.clone(), calls: each(&inverse.calls), lost: inverse.lost.clone() }
    }
}
