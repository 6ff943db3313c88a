//! Compare and set, as far as a REST API without versions allows: right before each write the object is read again, and a
//! difference to what the plan saw stops the step.

use std::collections::{BTreeMap, btree_map};

use super::Run;
use super::target::{Target, differences};
use crate::live::{self, LiveError};
use crate::plan::{Operation, Ref, Served, Step};
use crate::probe::{self, Seat};
use crate::resource::LiveObject;
use crate::value::Value;

/// What the second look says.
pub(super) enum Belief {
    /// Still what the plan saw; the object as it is now, where there is one.
    Holds(Option<Box<LiveObject>>),
    /// Already what the step wants.
    Already(String),
    /// No longer there.
    Gone(String),
    /// Something else.
    Moved(String),
    /// The number is not on the bridge.
    OffBridge,
    /// It could not be read.
    Unreadable(String),
    /// What an earlier step of this run was to bring about is not there, so there is nothing to do it to.
    NotTaken(String),
}

impl Run<'_> {
    /// Looks at the target of a write.
    pub(super) async fn believe(&self, step: &Step, target: &Target<'_>) -> Belief {
        match &step.operation {
            operation @ Operation::Create { key, .. } => {
                let replaces = operation.replaces_here().map(String::as_str);
                self.believe_absent(target, key, replaces).await
            }
            Operation::Update { id, before, expect, secrets, .. } => {
                self.believe_object(target, id, before, secrets.is_empty().then_some(expect)).await
            }
            Operation::Delete { id, before, frees, unread, .. } => {
                self.believe_deletable(target, id, before, frees, unread).await
            }
            Operation::Connect { bridge, number, provider, before } => {
                match (self.resolve(bridge), self.resolve(provider)) {
                    (Ok(slug), Ok(wanted)) => {
                        let cut_before = step.waits_for.iter().any(|id| self.cut(id, number));
                        let belief =
                            self.believe_seat(target, &slug, number, before, Some(&wanted), cut_before).await;
                        match belief {
                            // It was to join the bridge when that was made (unpod.md 6.2): nobody took it off.
                            Belief::OffBridge if matches!(bridge, Ref::Step(_)) => Belief::NotTaken(format!(
                                "{number} did not join bridge {slug} when this run made it: the service did not take it"
                            )),
                            Belief::OffBridge => Belief::Moved(format!(
                                "{number} on bridge {slug} was taken off the bridge since the plan"
                            )),
                            other => other,
                        }
                    }
                    (Err(why), _) | (_, Err(why)) => Belief::Unreadable(why),
                }
            }
            Operation::Disconnect { bridge, number, before } => {
                self.believe_seat(target, bridge, number, before, None, false).await
            }
            Operation::ReadBack { .. } => Belief::Holds(None),
        }
    }

    /// Whether a step of this plan takes the number off its bridge.
    fn cut(&self, step: &str, number: &str) -> bool {
        self.apply.plan.steps.iter().any(|other| {
            other.id == step
                && matches!(&other.operation, Operation::Disconnect { number: cut, .. } if cut == number)
        })
    }

    async fn believe_absent(
        &self,
        target: &Target<'_>,
        key: &BTreeMap<String, Value>,
        replaces: Option<&str>,
    ) -> Belief {
        match probe::with_key(&self.read(), target.account, target.kind, target.facts, self.apply.key, key)
            .await
        {
            Ok(found) => match found.iter().find(|other| replaces != Some(other.id.as_str())) {
                None => Belief::Holds(None),
                Some(other) => Belief::Moved(format!(
                    "{} {} with this natural key has appeared since the plan",
                    target.kind.singular, other.id
                )),
            },
            Err(error) => Belief::Unreadable(error.to_string()),
        }
    }

    async fn believe_object(
        &self,
        target: &Target<'_>,
        id: &str,
        before: &BTreeMap<String, Value>,
        wanted: Option<&BTreeMap<String, Value>>,
    ) -> Belief {
        let object =
            match probe::object(&self.read(), target.account, target.kind, target.facts, self.apply.key, id)
                .await
            {
                Ok(Some(object)) => object,
                Ok(None) => return Belief::Gone(format!("{} {id} is gone", target.kind.singular)),
                Err(error) => return Belief::Unreadable(self.explain(target, id, &error).await),
            };
        let moved = differences(target.kind, before, &object);
        if moved.is_empty() {
            return Belief::Holds(Some(Box::new(object)));
        }
        if let Some(wanted) = wanted
            && moved.iter().all(|name| wanted.contains_key(name))
            && differences(target.kind, wanted, &object).is_empty()
        {
            return Belief::Already("somebody else has made the same change".to_owned());
        }
        Belief::Moved(format!("{} changed since the plan", moved.join(", ")))
    }

    /// A configuration is looked at together with all connections of its account: one that somebody made after the plan would
    /// be silenced by the delete.
    async fn believe_deletable(
        &self,
        target: &Target<'_>,
        id: &str,
        before: &BTreeMap<String, Value>,
        frees: &[String],
        unread: &[String],
    ) -> Belief {
        let belief = self.believe_object(target, id, before, None).await;
        if !matches!(belief, Belief::Holds(_)) {
            return belief;
        }
        if target.kind.link.is_some() {
            return self.believe_empty(target, id, frees, belief).await;
        }
        if !target.kind.connected {
            return belief;
        }
        match self.users(target, id, unread).await {
            Ok(users) if users.is_empty() => belief,
            Ok(users) => Belief::Moved(format!("{}; deleting it would silence that", users.join(", "))),
            Err(error) => Belief::Unreadable(error.to_string()),
        }
    }

    /// What the delete of a configuration would silence, in words. The account is read whole right before its first delete, and
    /// once: for each delete after that only the bridges are read again that showed a use of it then.
    async fn users(
        &self,
        target: &Target<'_>,
        id: &str,
        unread: &[String],
    ) -> Result<Vec<String>, LiveError> {
        let (api, account, key) = (self.read(), target.account, self.apply.key);
        let ledger = (**self.ledger.lock().await).clone();
        let mut wave = self.wave.lock().await;
        let (uses, first) = match wave.entry(account.name.clone()) {
            btree_map::Entry::Occupied(read) => (&*read.into_mut(), false),
            btree_map::Entry::Vacant(free) => {
                (&*free.insert(probe::uses(&api, account, key, &ledger).await?), true)
            }
        };
        let mut users = uses.of(id, unread);
        if !first && !users.is_empty() {
            let bridges = users.into_iter().map(|(bridge, _)| bridge).collect();
            users = probe::uses_again(&api, account, target.facts, key, &ledger, (uses, &bridges))
                .await?
                .of(id, unread);
        }
        Ok(users.into_iter().map(|(_, words)| words).collect())
    }

    /// A bridge that holds a number which the plan did not count is not deleted: somebody connected it meanwhile.
    async fn believe_empty(
        &self,
        target: &Target<'_>,
        slug: &str,
        frees: &[String],
        belief: Belief,
    ) -> Belief {
        match probe::bridge(&self.read(), target.account, target.kind, target.facts, slug).await {
            Ok(Some(seats)) => {
                let late: Vec<String> = seats
                    .into_iter()
                    .filter(|(number, seat)| {
                        !frees.contains(number) && !matches!(seat, Seat::Unserved | Seat::Empty)
                    })
                    .map(|(number, _)| number)
                    .collect();
                if late.is_empty() {
                    return belief;
                }
                Belief::Moved(format!(
                    "{} {} connected on it since the plan; deleting it would silence that",
                    late.join(", "),
                    if late.len() == 1 { "was" } else { "were" }
                ))
            }
            Ok(None) => Belief::Gone(format!("bridge {slug} is gone")),
            Err(error) => Belief::Unreadable(self.explain(target, slug, &error).await),
        }
    }

    async fn believe_seat(
        &self,
        target: &Target<'_>,
        slug: &str,
        number: &str,
        before: &Served,
        wanted: Option<&str>,
        cut_before: bool,
    ) -> Belief {
        let seats = match probe::bridge(&self.read(), target.account, target.kind, target.facts, slug).await {
            Ok(Some(seats)) => seats,
            Ok(None) => return Belief::Gone(format!("bridge {slug} is gone")),
            Err(error) => return Belief::Unreadable(self.explain(target, slug, &error).await),
        };
        let seat = seats.get(number).cloned().unwrap_or(Seat::Empty);
        let moved = |what: &str| Belief::Moved(format!("{number} on bridge {slug} {what} since the plan"));
        match (before, wanted, seat) {
            // A row that is left without a configuration after the disconnect is as good as no row (unpod.md 12, row 7).
            (Served::NotThere, Some(_), Seat::Empty | Seat::Unserved) => Belief::Holds(None),
            (Served::NotThere, Some(_), Seat::Unknown) if cut_before => Belief::Holds(None),
            (_, Some(wanted), Seat::By(id)) if id == wanted => {
                Belief::Already("it was already connected".to_owned())
            }
            (Served::NotThere, Some(_), _) => moved("was connected by somebody else"),
            (_, None, Seat::Empty) => Belief::Already("it was already off the bridge".to_owned()),
            (Served::By { id, .. }, _, Seat::By(now)) if *id != now => {
                moved(&format!("moved to configuration {now}"))
            }
            (Served::By { .. } | Served::OneOf(_), _, Seat::Unserved) => match wanted {
                None => Belief::Already("no configuration served it any more".to_owned()),
                Some(_) => Belief::Holds(None),
            },
            (Served::Unserved, Some(_), Seat::By(now)) => {
                moved(&format!("was connected to configuration {now}"))
            }
            (Served::By { .. } | Served::OneOf(_) | Served::Unserved, Some(_), Seat::Empty) => {
                Belief::OffBridge
            }
            // The bridge alone does not say who serves the number (generation 2): everything that hints at it is read again.
            (Served::By { id, .. }, None, Seat::Unknown) => {
                self.believe_served(target, slug, number, id).await
            }
            _ => Belief::Holds(None),
        }
    }

    /// Whether a number may still be served by the configuration that the plan saw.
    async fn believe_served(&self, target: &Target<'_>, slug: &str, number: &str, id: &str) -> Belief {
        let account = target.account.name.as_str();
        let objects = self.apply.live.accounts.get(account).and_then(|live| live.objects.get("providers"));
        let objects = objects.map_or(&[][..], Vec::as_slice);
        let ledger = (**self.ledger.lock().await).clone();
        let slugs = std::collections::BTreeSet::from([slug.to_owned()]);
        let read = self.read();
        let connections = live::read_connections(
            &read,
            target.account,
            target.facts,
            objects,
            &ledger,
            self.apply.key,
            &slugs,
        )
        .await;
        match connections {
            Ok(connections) => match connections.iter().find(|connection| connection.number == number) {
                Some(connection) if connection.target.may_be(id) => Belief::Holds(None),
                Some(connection) => {
                    let now = connection
                        .target
                        .id()
                        .map_or_else(|| connection.target.word().to_owned(), str::to_owned);
                    Belief::Moved(format!(
                        "{number} on bridge {slug} moved from configuration {id} to {now} since the plan"
                    ))
                }
                None => Belief::Already("it was already off the bridge".to_owned()),
            },
            Err(error) => Belief::Unreadable(error.to_string()),
        }
    }
}
