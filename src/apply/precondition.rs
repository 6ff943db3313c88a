//! Compare and set, as far as a REST API without versions allows: right before each write the object is read again, and a
//! difference from what the plan saw stops the step.

use super::ApplyRun;
use super::step_target::{StepTarget, changed_attributes};
use crate::http::ApiError;
use crate::model::resource::{LiveObject, ServedBy};
use crate::model::value::AttributeValues;
use crate::plan::{ObjectRef, Step, StepOperation};
use crate::read::Again;
use crate::read::one;
use crate::services::reading_of;

/// The result of the second reading.
pub(super) enum Precondition {
    /// Unchanged since the plan; the current object, where it exists.
    Holds(Option<Box<LiveObject>>),
    /// Already in the state that the step wants.
    AlreadyDone(String),
    /// It no longer exists.
    Gone(String),
    /// Something else.
    Changed(String),
    /// The number is not on the bridge.
    NotOnBridge,
    /// It could not be read.
    Unreadable(String),
    /// The result of an earlier step of this run does not exist, so the step has no target.
    EarlierStepNotTaken(String),
}

impl ApplyRun<'_> {
    /// The object of a step by its id. One that the service ended is as good as deleted.
    pub(super) async fn read_unless_ended(&self, target: &StepTarget<'_>, id: &str) -> Result<Option<LiveObject>, ApiError> {
        let StepTarget { account, kind, facts, .. } = *target;
        let read = one::read_object_by_id(&self.read_only(), account, kind, facts, self.apply.key, id).await?;
        Ok(read.filter(|object| object.ended_state(kind).is_none()))
    }

    /// Checks the target of a write.
    pub(super) async fn check_precondition(&self, step: &Step, target: &StepTarget<'_>) -> Precondition {
        match &step.operation {
            operation @ StepOperation::Create { key, .. } => {
                let replaces = operation.replaces_here().map(String::as_str);
                self.check_absent(target, key, replaces).await
            }
            StepOperation::Update { id, before, expect, secrets, .. } => {
                let expect = self.expected_values(step, target.kind, expect);
                let belief = self.check_object(target, id, before, secrets.is_empty().then_some(&expect)).await;
                self.check_counted(step, target, belief).await
            }
            StepOperation::Delete { id, before, frees, unread, .. } => {
                let belief = match self.check_object(target, id, before, None).await {
                    Precondition::Holds(Some(object)) if object.ended_state(target.kind).is_some() => {
                        Precondition::Gone(format!("{} {id} ended already", target.kind.singular))
                    }
                    belief => belief,
                };
                let belief = self.check_deletable(step, target, (id, frees, unread), belief).await;
                self.check_counted(step, target, belief).await
            }
            StepOperation::Connect { bridge, number, provider, before } => {
                match (self.resolve_ref(bridge), self.resolve_ref(provider)) {
                    (Ok(slug), Ok(wanted)) => {
                        let words = target.account.service.link_words();
                        let holder = words.holder;
                        if self.closed.lock().is_ok_and(|closed| closed.contains(&wanted)) {
                            return Precondition::EarlierStepNotTaken(format!(
                                "{} {wanted} lets no call through: the service did not take the request of this run that opens it, so {number} stays where it is",
                                words.target
                            ));
                        }
                        let cut_before = step.steps_waited_for().any(|id| self.disconnects_number(id, number));
                        let belief = self.check_connection(target, &slug, number, before, Some(&wanted), cut_before).await;
                        match belief {
                            // It was to join the bridge at its creation (unpod.md 6.2): nothing disconnected it.
                            Precondition::NotOnBridge if matches!(bridge, ObjectRef::Step(_)) => {
                                Precondition::EarlierStepNotTaken(format!(
                                    "the service did not put {number} on {holder} {slug} when this run created it"
                                ))
                            }
                            Precondition::NotOnBridge => {
                                Precondition::Changed(format!("{number} was taken off {holder} {slug} since the plan"))
                            }
                            Precondition::Holds(seen) if matches!(provider, ObjectRef::Id(_)) => {
                                match self.closed_meanwhile(step, target, &wanted, number).await {
                                    Ok(None) => Precondition::Holds(seen),
                                    Ok(Some(why)) => Precondition::Changed(format!("{why}, so {number} stays where it is")),
                                    Err(why) => Precondition::Unreadable(why),
                                }
                            }
                            other => other,
                        }
                    }
                    (Err(why), _) | (_, Err(why)) => Precondition::Unreadable(why),
                }
            }
            StepOperation::Disconnect { bridge, number, before } => {
                self.check_connection(target, bridge, number, before, None, false).await
            }
            StepOperation::ReadBack { .. } => Precondition::Holds(None),
        }
    }

    /// Whether a step of this plan disconnects the number from its bridge.
    fn disconnects_number(&self, step: &str, number: &str) -> bool {
        self.apply
            .plan
            .step(step)
            .is_some_and(|step| matches!(&step.operation, StepOperation::Disconnect { number: cut, .. } if cut == number))
    }

    async fn check_absent(&self, target: &StepTarget<'_>, key: &AttributeValues, replaces: Option<&str>) -> Precondition {
        match one::with_key(&self.read_only(), target.account, target.kind, target.facts, self.apply.key, key).await {
            Ok(found) => match found.iter().find(|other| replaces != Some(other.id.as_str())) {
                None => Precondition::Holds(None),
                Some(other) => Precondition::Changed(format!(
                    "{} {} with this natural key was created since the plan",
                    target.kind.singular, other.id
                )),
            },
            Err(error) => Precondition::Unreadable(error.to_string()),
        }
    }

    async fn check_object(
        &self,
        target: &StepTarget<'_>,
        id: &str,
        before: &AttributeValues,
        wanted: Option<&AttributeValues>,
    ) -> Precondition {
        let object = match one::read_object_by_id(
            &self.read_only(),
            target.account,
            target.kind,
            target.facts,
            self.apply.key,
            id,
        )
        .await
        {
            Ok(Some(object)) => object,
            Ok(None) => {
                return Precondition::Gone(format!("{} {id} no longer exists", target.kind.singular));
            }
            Err(error) => return Precondition::Unreadable(self.describe_error(target, id, &error).await),
        };
        let moved = changed_attributes(target.kind, before, &object);
        if moved.is_empty() {
            return Precondition::Holds(Some(Box::new(object)));
        }
        if let Some(wanted) = wanted
            && moved.iter().all(|name| wanted.contains_key(name))
            && changed_attributes(target.kind, wanted, &object).is_empty()
        {
            return Precondition::AlreadyDone("the same change was made outside this run".to_owned());
        }
        Precondition::Changed(format!("{} changed since the plan", moved.join(", ")))
    }

    /// A configuration is checked together with all connections of its account: the delete would silence one that was made
    /// after the plan.
    async fn check_deletable(
        &self,
        step: &Step,
        target: &StepTarget<'_>,
        (id, frees, unread): (&str, &[String], &[String]),
        belief: Precondition,
    ) -> Precondition {
        if !matches!(belief, Precondition::Holds(_)) {
            return belief;
        }
        if target.kind.link.is_some() {
            return self.check_bridge_empty(target, id, frees, belief).await;
        }
        if !target.kind.connected {
            return belief;
        }
        match self.live_uses(step, target, id, unread, &|_| false).await {
            Ok(users) if users.is_empty() => belief,
            Ok(users) => Precondition::Changed(format!("{}; deleting it would disconnect that", users.join(", "))),
            Err(error) => Precondition::Unreadable(error.to_string()),
        }
    }

    /// A bridge that holds a number that the plan did not count is not deleted: the number was connected in the meantime.
    async fn check_bridge_empty(
        &self,
        target: &StepTarget<'_>,
        slug: &str,
        frees: &[String],
        belief: Precondition,
    ) -> Precondition {
        match one::read_bridge_servers(&self.read_only(), target.account, target.kind, target.facts, self.apply.key, slug).await {
            Ok(Some(servers)) => {
                let late: Vec<String> = servers
                    .into_iter()
                    .filter(|(number, served)| !frees.contains(number) && served.may_serve())
                    .map(|(number, _)| number)
                    .collect();
                if late.is_empty() {
                    return belief;
                }
                Precondition::Changed(format!(
                    "{} {} connected on it since the plan; deleting it would disconnect that",
                    late.join(", "),
                    if late.len() == 1 { "was" } else { "were" }
                ))
            }
            Ok(None) => Precondition::Gone(format!("{} {slug} no longer exists", target.kind.singular)),
            Err(error) => Precondition::Unreadable(self.describe_error(target, slug, &error).await),
        }
    }

    async fn check_connection(
        &self,
        target: &StepTarget<'_>,
        slug: &str,
        number: &str,
        before: &ServedBy,
        wanted: Option<&str>,
        cut_before: bool,
    ) -> Precondition {
        let words = target.account.service.link_words();
        let servers =
            match one::read_bridge_servers(&self.read_only(), target.account, target.kind, target.facts, self.apply.key, slug)
                .await
            {
                Ok(Some(servers)) => servers,
                Ok(None) => return Precondition::Gone(format!("{} {slug} no longer exists", words.holder)),
                Err(error) => return Precondition::Unreadable(self.describe_error(target, slug, &error).await),
            };
        let served = servers.get(number).cloned().unwrap_or(ServedBy::NotThere);
        let moved = |what: &str| Precondition::Changed(format!("{number} on {} {slug} {what} since the plan", words.holder));
        match (before, wanted, served) {
            // A row without a configuration after the disconnect is equivalent to no row (unpod.md 12, row 7).
            (ServedBy::NotThere, Some(_), ServedBy::NotThere | ServedBy::Unserved) => Precondition::Holds(None),
            (ServedBy::NotThere, Some(_), ServedBy::NotTold) if cut_before => Precondition::Holds(None),
            (_, Some(wanted), served) if served.id() == Some(wanted) => {
                Precondition::AlreadyDone("it was already connected".to_owned())
            }
            (ServedBy::NotThere, Some(_), _) => moved("was connected outside this run"),
            (_, None, ServedBy::NotThere) => Precondition::AlreadyDone(format!("it was already off the {}", words.holder)),
            (ServedBy::By { id, .. }, _, ServedBy::By { id: now, .. } | ServedBy::Foreign { id: now, .. }) if *id != now => {
                moved(&format!("moved to {} {now}", words.target))
            }
            (ServedBy::By { id, .. }, _, ServedBy::OneOf(now)) if !now.contains(id) => {
                moved(&format!("moved to another {}", words.target))
            }
            (ServedBy::By { .. } | ServedBy::OneOf(_), _, ServedBy::Unserved) => match wanted {
                None => Precondition::AlreadyDone(format!("no {} served it any more", words.target)),
                Some(_) => Precondition::Holds(None),
            },
            (ServedBy::Unserved, Some(_), ServedBy::By { id: now, .. } | ServedBy::Foreign { id: now, .. }) => {
                moved(&format!("was connected to {} {now}", words.target))
            }
            (ServedBy::Unserved, Some(_), ServedBy::OneOf(_)) => moved("was connected outside this run"),
            (ServedBy::By { .. } | ServedBy::OneOf(_) | ServedBy::Unserved, Some(_), ServedBy::NotThere) => {
                Precondition::NotOnBridge
            }
            // The bridge alone does not say what serves the number (generation 2): all other evidence is read again.
            (ServedBy::By { id, .. }, None, ServedBy::NotTold | ServedBy::OneOf(_)) => {
                self.check_served(target, slug, number, id).await
            }
            _ => Precondition::Holds(None),
        }
    }

    /// Whether a number may still be served by the configuration that the plan saw.
    async fn check_served(&self, target: &StepTarget<'_>, slug: &str, number: &str, id: &str) -> Precondition {
        let (account, words) = (target.account.name.as_str(), target.account.service.link_words());
        let targets = target.account.service.link_roles().map_or(&[][..], |roles| roles.targets);
        let live = self.apply.live.accounts.get(account);
        let objects = targets.iter().filter_map(|kind| live?.objects.get(*kind)).flatten().cloned();
        let objects: Vec<LiveObject> = objects.collect();
        let ledger = self.ledger_now().await;
        let slugs = std::collections::BTreeSet::from([slug.to_owned()]);
        let (api, key) = (&self.read_only(), self.apply.key);
        let StepTarget { account, facts, .. } = *target;
        let again = Again { reading_of, api, account, facts, ledger: &ledger, key };
        let connections = again.connections(&objects, &slugs).await;
        match connections {
            Ok(connections) => match connections.iter().find(|connection| connection.number == number) {
                Some(connection) if connection.served_by.may_be(id) => Precondition::Holds(None),
                Some(connection) => {
                    let now = connection.served_by.id().map_or_else(|| connection.served_by.word().to_owned(), str::to_owned);
                    Precondition::Changed(format!(
                        "{number} on {} {slug} moved from {} {id} to {now} since the plan",
                        words.holder, words.target
                    ))
                }
                None => Precondition::AlreadyDone(format!("it was already off the {}", words.holder)),
            },
            Err(error) => Precondition::Unreadable(error.to_string()),
        }
    }
}
