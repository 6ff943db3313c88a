//! What a step is about: its account and kind, the ids that earlier steps made, and what differs.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Run;
use crate::backend;
use crate::call::{Body, Call, Payload};
use crate::kind::Kind;
use crate::plan::{Operation, Ref, Step};
use crate::resource::{Account, Facts, LiveObject};
use crate::text::fits_mask;
use crate::value::{Packed, Value};

/// Pauses between looks at what was just written, in milliseconds: a service may show it late (unpod.md U9), and a database
/// that fails over is away for seconds. Some ten seconds together.
const PAUSES: [u64; 6] = [250, 500, 1000, 2000, 3000, 3500];

/// Looks again with growing pauses, and then no more.
#[derive(Debug)]
pub struct Patience {
    looks: usize,
    longest: Option<Duration>,
    stop: CancellationToken,
}

impl Patience {
    /// With pauses of this length at most, where one is given, and until somebody asks to stop.
    pub fn new(longest: Option<Duration>, stop: CancellationToken) -> Self {
        Self { looks: 0, longest, stop }
    }

    /// Waits for the next look; `false` when it is used up.
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

/// Everything about a step's target that its execution needs.
pub(super) struct Target<'a> {
    pub(super) account: &'a Account,
    pub(super) facts: &'a Facts,
    pub(super) kind: &'static Kind,
}

impl Run<'_> {
    pub(super) fn target(&self, step: &Step) -> Result<Target<'_>, String> {
        let name = step.call.account.as_str();
        let account =
            self.apply.account(name).ok_or_else(|| format!("the configuration has no account {name}"))?;
        let facts = self
            .apply
            .live
            .accounts
            .get(name)
            .map(|live| &live.facts)
            .ok_or_else(|| format!("account {name} was not read"))?;
        let kind_name = match &step.operation {
            Operation::Connect { .. } | Operation::Disconnect { .. } | Operation::ReadBack { .. } => {
                "bridges"
            }
            _ => step.address.as_ref().map_or("", |address| address.kind.as_str()),
        };
        let kind = backend::shape(kind_name, facts.generation)
            .ok_or_else(|| format!("nothing is known about {kind_name}"))?;
        Ok(Target { account, facts, kind })
    }

    /// Fills in the ids that earlier steps produced.
    pub(super) fn resolve(&self, at: &Ref) -> Result<String, String> {
        match at {
            Ref::Id(id) => Ok(id.clone()),
            Ref::Step(step) => self.made_by(step),
        }
    }

    fn made_by(&self, step: &str) -> Result<String, String> {
        let made = self.made.lock().ok().and_then(|made| made.get(step).cloned());
        made.ok_or_else(|| format!("step {step} left no id"))
    }

    pub(super) fn filled(&self, call: &Call, overlay: Option<&LiveObject>) -> Result<Call, String> {
        let mut call = call.clone();
        if let Some((before, rest)) = call.path.clone().split_once('{')
            && let Some((step, after)) = rest.split_once('}')
        {
            call.path = format!("{before}{}{after}", self.made_by(step)?);
        }
        let entries = match call.body.take() {
            None => return Ok(call),
            Some(Body::Object(entries)) => entries,
            Some(Body::Overlay { fields, set }) => {
                let live = overlay.ok_or("the object was not read before its PUT")?;
                if let Some((name, shape)) =
                    live.odd.iter().find(|(name, _)| fields.iter().any(|it| it == *name))
                {
                    return Err(format!("`{name}` is {shape} now: a PUT would lose it"));
                }
                // A field that the service does not show is left out: null might blank it.
                fields
                    .iter()
                    .filter_map(|name| {
                        let under =
                            || live.attributes.get(name.as_str()).map(|value| Payload::Value(value.json()));
                        set.get(name).cloned().or_else(under).map(|payload| (name.clone(), payload))
                    })
                    .collect()
            }
        };
        let mut filled = indexmap::IndexMap::with_capacity(entries.len());
        for (key, payload) in entries {
            let payload = match payload {
                Payload::IdOf(step) => {
                    let id = self.made_by(&step)?;
                    Payload::Value(id.parse::<u64>().map_or_else(|_| Value::from(id.as_str()), Value::from))
                }
                other => other,
            };
            filled.insert(key, payload);
        }
        call.body = Some(Body::Object(filled));
        Ok(call)
    }
}

/// Names of the attributes that are no longer as the plan saw them.
pub(super) fn differences(kind: &Kind, seen: &BTreeMap<String, Value>, object: &LiveObject) -> Vec<String> {
    seen.iter()
        .filter(|(name, value)| {
            let masked = object.masked.get(name.as_str()).and_then(Packed::as_str);
            if let (Some(masked), Some(seen)) = (masked, value.as_str())
                && (fits_mask(masked, seen) || masked == seen)
            {
                return false;
            }
            let now = object.attributes.get(name.as_str()).unwrap_or(&Packed::Null);
            kind.field(name).is_some_and(|field| !field.same(&Packed::from(*value), now))
        })
        .map(|(name, _)| name.clone())
        .collect()
}
