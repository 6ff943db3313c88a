//! The target of a step: its account and kind, the ids that earlier steps created, and the differences.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::ApplyRun;
use crate::model::call::{BodyEntries, BodyValue, Call, CallBody};
use crate::model::kind::Kind;
use crate::model::resource::{Account, AccountFacts, LiveObject};
use crate::model::value::{AttributeValues, CompactValue};
use crate::plan::{ObjectRef, Step, StepOperation};
use crate::services;
use crate::text::fits_mask;

/// Pauses between reads of what was just written, in milliseconds: a service may show it late (unpod.md U9), and a database
/// that fails over is unavailable for seconds. About ten seconds in total.
const PAUSES: [u64; 6] = [250, 500, 1000, 2000, 3000, 3500];

/// Reads again with growing pauses, and then stops.
#[derive(Debug)]
pub struct PollBackoff {
    looks: usize,
    longest: Option<Duration>,
    stop: CancellationToken,
}

impl PollBackoff {
    /// With pauses of at most this length, where one is given, and until a stop is requested.
    pub fn new(longest: Option<Duration>, stop: CancellationToken) -> Self {
        Self { looks: 0, longest, stop }
    }

    /// Waits for the next read; `false` when no reads are left.
    pub async fn wait(&mut self) -> bool {
        let Some(pause) = PAUSES.get(self.looks) else { return false };
        self.looks += 1;
        let pause = Duration::from_millis(*pause);
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = tokio::time::sleep(self.longest.map_or(pause, |longest| pause.min(longest))) => true,
        }
    }
}

/// The facts about a step's target that its execution needs.
pub(super) struct StepTarget<'a> {
    pub(super) account: &'a Account,
    pub(super) facts: &'a AccountFacts,
    pub(super) kind: &'static Kind,
}

impl ApplyRun<'_> {
    pub(super) fn step_target(&self, step: &Step) -> Result<StepTarget<'_>, String> {
        let name = step.call.account.as_str();
        let account = self.apply.declared_account(name).ok_or_else(|| format!("the configuration has no account {name}"))?;
        let facts =
            self.apply.live.accounts.get(name).map(|live| &live.facts).ok_or_else(|| format!("account {name} was not read"))?;
        let kind_name = match &step.operation {
            StepOperation::Connect { .. } | StepOperation::Disconnect { .. } | StepOperation::ReadBack { .. } => {
                account.service.link_roles().map_or("", |roles| roles.holder)
            }
            _ => step.address.as_ref().map_or("", |address| address.kind.as_str()),
        };
        let kind = services::shape_of_generation(kind_name, facts.generation)
            .ok_or_else(|| format!("nothing is known about {kind_name}"))?;
        Ok(StepTarget { account, facts, kind })
    }

    /// Fills in the ids that earlier steps produced.
    pub(super) fn resolve_ref(&self, at: &ObjectRef) -> Result<String, String> {
        match at {
            ObjectRef::Id(id) => Ok(id.clone()),
            ObjectRef::Step(step) => self.id_made_by(step),
        }
    }

    pub(super) fn id_made_by(&self, step: &str) -> Result<String, String> {
        let made = self.made.lock().ok().and_then(|made| made.get(step).cloned());
        made.ok_or_else(|| format!("step {step} did not return an id"))
    }

    /// What an update must show: also the values with ids that earlier steps produced.
    pub(super) fn expected_values(&self, step: &Step, kind: &Kind, known: &AttributeValues) -> AttributeValues {
        let mut expected = known.clone();
        for (name, payload) in step.call.body.iter().flat_map(CallBody::own_entries) {
            let shown = kind.field(name).is_none_or(|field| !field.needs_verification);
            if let BodyValue::WithIds { value, ids } = payload
                && shown
                && let Ok(value) = BodyValue::fill_ids(&value.json(), ids, |step| self.id_made_by(step))
            {
                expected.insert(name.to_string(), value);
            }
        }
        expected
    }

    pub(super) fn fill_call(&self, call: &Call, overlay: Option<&LiveObject>) -> Result<Call, String> {
        let mut call = call.clone();
        if let Some((before, rest)) = call.path.clone().split_once('{')
            && let Some((step, after)) = rest.split_once('}')
        {
            call.path = format!("{before}{}{after}", self.id_made_by(step)?);
        }
        let entries = match call.body.take() {
            None => return Ok(call),
            Some(CallBody::Object(entries)) => entries,
            Some(CallBody::Overlay { fields, set }) => {
                let live = overlay.ok_or("the object was not read before its PUT")?;
                if let Some((name, shape)) = live.unexpected_shapes.iter().find(|(name, _)| fields.iter().any(|it| it == *name)) {
                    return Err(format!("`{name}` is now {shape}: a PUT would lose it"));
                }
                // A field that the service does not show is left out: null might blank it.
                fields
                    .iter()
                    .filter_map(|name| {
                        // A masked value is sent back unchanged.
                        let masked = || live.masked.get(name.as_str()).filter(|_| live.echoes_secret_in(name));
                        let under = || {
                            let value = live.attributes.get(name.as_str()).or_else(masked);
                            value.map(|value| BodyValue::Value(value.clone()))
                        };
                        set.get(name.as_str()).cloned().or_else(under).map(|payload| (name.into(), payload))
                    })
                    .collect()
            }
        };
        let mut filled = BodyEntries::with_capacity(entries.len());
        for (key, payload) in entries {
            let payload = match payload {
                BodyValue::IdOf(step) => {
                    // Only a link names an object in this way: what is to serve a number.
                    let target = self.apply.declared_account(&call.account).and_then(|account| account.service.link_roles());
                    let id = self.id_made_by(&step)?;
                    BodyValue::Value(services::written_id(target.map_or("", |roles| roles.targets[0]), &id).into())
                }
                BodyValue::WithIds { value, ids } => {
                    BodyValue::Value(BodyValue::fill_ids(&value.json(), &ids, |step| self.id_made_by(step))?.into())
                }
                other => other,
            };
            filled.insert(key, payload);
        }
        call.body = Some(CallBody::Object(filled));
        Ok(call)
    }
}

/// Names of the attributes that have changed since the plan.
pub(super) fn changed_attributes(kind: &Kind, seen: &AttributeValues, object: &LiveObject) -> Vec<String> {
    seen.iter()
        .filter(|(name, value)| {
            if object.echoes_secret_in(name) {
                return false;
            }
            let masked = object.masked.get(name.as_str()).and_then(CompactValue::as_str);
            if let (Some(masked), Some(seen)) = (masked, value.as_str())
                && (fits_mask(masked, seen) || masked == seen)
            {
                return false;
            }
            let now = object.attributes.get(name.as_str()).unwrap_or(&CompactValue::Null);
            kind.field(name).is_some_and(|field| !field.values_equal(&CompactValue::from(*value), now))
        })
        .map(|(name, _)| name.clone())
        .collect()
}
