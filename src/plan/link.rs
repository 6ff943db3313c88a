//! Numbers on bridges: which connections are cut, made or moved, one number at a time, and which rule refuses it.
//!
//! A connection is cut only for one of four reasons: its bridge goes, its configuration goes, its bridge is declared with
//! numbers and this one is not among them, or it moves. What cannot be attributed is never cut for a configuration's sake.

use std::collections::{BTreeMap, BTreeSet};

use super::LedgerEffect;
use super::despite::of_number;
use super::impact::{Effect, NumberImpact, Spot};
use super::link_step::{LinkSteps, served};
use super::note::{Notice, NoticeCode, Refusal, RefusalCode};
use super::step::{Ref, Seat, Served};
use crate::kind::Link;
use crate::ledger::MadeConnection;
use crate::resource::{Address, Connection, Spellings, Target, owned_by};

/// A configuration that will not be there after the plan.
#[derive(Debug, Clone)]
pub(super) struct Leaving {
    /// Its address.
    pub(super) address: Address,
    /// What serves its numbers afterwards; none when they lose their connection.
    pub(super) heir: Option<Ref>,
}

/// A bridge whose numbers the plan decides.
#[derive(Debug, Clone)]
pub(super) struct Bridge {
    /// Its address.
    pub(super) address: Address,
    /// Its identity now or the step that makes it.
    pub(super) at: Ref,
    /// Numbers and who shall serve them.
    pub(super) numbers: BTreeMap<String, (Address, Ref)>,
    /// Numbers that a refusal leaves undecided, each with the address that is to serve it. Nothing is cut on such a bridge.
    pub(super) open: BTreeMap<String, Address>,
    /// Numbers that a new bridge takes along and that nobody serves there.
    pub(super) idle: BTreeSet<String>,
}

/// Everything about one account that the decision needs.
pub(super) struct Wiring<'a> {
    pub(super) account: &'a str,
    pub(super) link: &'static Link,
    pub(super) can_disconnect: bool,
    pub(super) connections: &'a [Connection],
    /// Bridges that may use a configuration without showing a number.
    pub(super) unseen: &'a BTreeMap<String, BTreeSet<String>>,
    pub(super) numbers: &'a BTreeMap<String, crate::resource::LiveNumber>,
    pub(super) spellings: &'a Spellings,
    pub(super) bridges: Vec<Bridge>,
    pub(super) leaving_bridges: BTreeMap<String, Address>,
    pub(super) leaving: BTreeMap<String, Leaving>,
    /// Slugs of bridges that belong to another organization, or to none: nothing is cut or connected there.
    pub(super) foreign_bridges: BTreeSet<&'a str>,
    /// Numbers that an earlier run cut and did not connect again.
    pub(super) moves: Vec<&'a MadeConnection>,
    /// Slugs of the live bridges.
    pub(super) slugs: BTreeSet<&'a str>,
    /// Ids of the live configurations.
    pub(super) configurations: BTreeSet<&'a str>,
    /// Bridges that are there and cannot be read.
    pub(super) unreadable: BTreeSet<&'a str>,
    /// Name of a configuration for people, by id.
    pub(super) label: &'a dyn Fn(&str) -> String,
}

/// What was decided.
#[derive(Debug, Default)]
pub(super) struct Wired {
    pub(super) steps: LinkSteps,
    pub(super) refusals: Vec<Refusal>,
    pub(super) notices: Vec<Notice>,
    pub(super) impact: Vec<NumberImpact>,
    /// Connections that leave a configuration: id to (bridge, number).
    pub(super) relieved: BTreeMap<String, Vec<(String, String)>>,
    /// Numbers that the delete of a bridge frees: slug to numbers.
    pub(super) freed: BTreeMap<String, Vec<String>>,
    /// How those numbers stood there, where only a create brings them back: slug to number.
    pub(super) seats: BTreeMap<String, BTreeMap<String, Seat>>,
    pub(super) effects: Vec<LedgerEffect>,
    /// Connections that were cut on a bridge: slug to (bridge, number).
    pub(super) emptied: BTreeMap<String, Vec<(String, String)>>,
}

impl Wiring<'_> {
    /// Decides for every number of the account.
    pub(super) fn decide(&self) -> Wired {
        let mut wired = Wired::default();
        wired.steps.spellings = self.spellings.clone();
        let mut settled: BTreeSet<&str> = BTreeSet::new();
        self.refuse_unseen(&mut wired);
        for connection in self.connections {
            self.refuse_doubt(connection, &mut wired);
            match self.wanted_on(&connection.bridge) {
                _ if self.leaving_bridges.contains_key(&connection.bridge) => {
                    self.leave_bridge(connection, &mut wired)
                }
                Some(bridge) => match bridge.numbers.get(&connection.number) {
                    Some((name, provider)) => {
                        settled.insert(&connection.number);
                        self.keep_or_rewire(bridge, connection, name, provider, &mut wired);
                    }
                    // What is to serve one of its numbers could not be settled: nothing of it is cut.
                    None if !bridge.open.is_empty() => {}
                    None => self.cut(connection, &bridge.address, &mut wired),
                },
                None => self.follow_provider(connection, &mut wired),
            }
        }
        for bridge in &self.bridges {
            for (number, (name, provider)) in &bridge.numbers {
                if !settled.contains(number.as_str()) {
                    self.join(bridge, number, name, provider, &mut wired);
                }
            }
        }
        self.finish_moves(&mut wired);
        for (owner, number) in std::mem::take(&mut wired.steps.nameless) {
            let detail = format!("the service calls {number} by an id that it does not show");
            wired.refusals.push(self.refused(RefusalCode::NumberNotOffered, &owner, &number, detail));
        }
        wired
    }

    /// Numbers that an earlier run cut to move them, and then could not connect: they are connected now, before anything that
    /// they were moved away from is deleted.
    fn finish_moves(&self, wired: &mut Wired) {
        // Where the bridge cannot be read, nobody knows how the move ended: it stays open.
        for open in self.moves.iter().filter(|open| !self.unreadable.contains(open.bridge.as_str())) {
            // It comes along with a bridge that is made again: open until it is connected there.
            if wired.steps.connects_on_new(&open.number) {
                continue;
            }
            let served = self
                .connections
                .iter()
                .any(|connection| connection.number == open.number && connection.target != Target::Unserved);
            let heir = match self.leaving.get(&open.provider) {
                Some(leaving) => leaving.heir.clone(),
                None => Some(Ref::Id(open.provider.clone())),
            };
            let decided =
                self.wanted_on(&open.bridge).is_some() || self.leaving_bridges.contains_key(&open.bridge);
            let possible = self.slugs.contains(open.bridge.as_str())
                && self.configurations.contains(open.provider.as_str());
            match heir {
                Some(heir) if !served && !decided && possible && !wired.steps.connects(&open.number) => {
                    let owner = Address::parse(&(self.label)(&open.provider))
                        .filter(|address| address.name != open.provider)
                        .unwrap_or_else(|| Address::new("providers", &open.provider));
                    let at = Ref::Id(open.bridge.clone());
                    let id = self.numbers.get(&open.number).and_then(|live| live.id);
                    wired.steps.connect(
                        self.account,
                        self.link,
                        &owner,
                        &at,
                        &open.number,
                        id,
                        &heir,
                        Served::NotThere,
                        None,
                    );
                    wired.impact.push(NumberImpact {
                        account: self.account.to_owned(),
                        number: open.number.clone(),
                        effect: Effect::Connects,
                        from: None,
                        to: Some(Spot {
                            bridge: open.bridge.clone(),
                            provider: owner.to_string(),
                            account: None,
                        }),
                        dark_steps: 0,
                    });
                }
                // Connected again, or the YAML decides about it now: nothing is left to finish.
                _ => {
                    if !served && !decided && !wired.steps.connects(&open.number) {
                        wired.notices.push(left_dark(open, None));
                    }
                    wired.effects.push(LedgerEffect::MoveEnded {
                        account: self.account.to_owned(),
                        number: open.number.clone(),
                    });
                }
            }
        }
    }

    fn wanted_on(&self, slug: &str) -> Option<&Bridge> {
        self.bridges.iter().find(|bridge| matches!(&bridge.at, Ref::Id(id) if id == slug))
    }

    /// A configuration is not deleted while a connection may be its own (unpod.md 10).
    fn refuse_doubt(&self, connection: &Connection, wired: &mut Wired) {
        let Target::Ambiguous(candidates) = &connection.target else { return };
        if self.leaving_bridges.contains_key(&connection.bridge) {
            return; // The bridge goes as a whole; whose connection it was does not matter.
        }
        for (id, leaving) in self.leaving.iter().filter(|(id, _)| candidates.contains(*id)) {
            wired.refusals.push(self.refusal(
                RefusalCode::AmbiguousConnection,
                &leaving.address,
                format!(
                    "{} on bridge {} may be served by configuration {id}, and it cannot be told from {}",
                    connection.number,
                    connection.bridge,
                    candidates.iter().filter(|other| *other != id).cloned().collect::<Vec<_>>().join(", ")
                ),
            ));
        }
    }

    /// A bridge that names a configuration's provider and shows no number may use it all the same (unpod.md 10, step 5).
    fn refuse_unseen(&self, wired: &mut Wired) {
        for (bridge, candidates) in
            self.unseen.iter().filter(|(bridge, _)| !self.leaving_bridges.contains_key(*bridge))
        {
            for (id, leaving) in self.leaving.iter().filter(|(id, _)| candidates.contains(*id)) {
                let detail = format!(
                    "bridge {bridge} names the provider of configuration {id} and shows no number, so it may use it"
                );
                wired.refusals.push(self.refusal(RefusalCode::AmbiguousConnection, &leaving.address, detail));
            }
        }
    }

    fn leave_bridge(&self, connection: &Connection, wired: &mut Wired) {
        let owner = &self.leaving_bridges[&connection.bridge];
        let wanted = self.wanted_elsewhere(&connection.number);
        let taken = self.taker(&connection.bridge).is_some();
        if !taken && self.can_disconnect && (wanted || connection.target != Target::Unserved) {
            self.cut(connection, owner, wired);
        } else {
            // Deleting the bridge is what frees the number here (unpod.md 7.2).
            wired.freed.entry(connection.bridge.clone()).or_default().push(connection.number.clone());
            if self.link.assigned_on_create.is_some() {
                let seat = Seat { id: connection.number_id, served: served(&connection.target) };
                let seats = wired.seats.entry(connection.bridge.clone()).or_default();
                seats.insert(connection.number.clone(), seat);
            }
            self.goes_dark(connection, wired);
        }
    }

    /// The bridge that takes the place of one that goes, where only that frees its numbers, and takes them along.
    fn taker(&self, slug: &str) -> Option<&Bridge> {
        let address = self.leaving_bridges.get(slug).filter(|_| self.link.assigned_on_create.is_some())?;
        self.bridges.iter().find(|bridge| bridge.address == *address && matches!(bridge.at, Ref::Step(_)))
    }

    fn follow_provider(&self, connection: &Connection, wired: &mut Wired) {
        let Some((id, leaving)) = connection.target.id().and_then(|id| self.leaving.get_key_value(id)) else {
            return;
        };
        match &leaving.heir {
            None => self.cut(connection, &leaving.address, wired),
            Some(heir) => {
                let at = Ref::Id(connection.bridge.clone());
                self.rewire(&leaving.address, &at, connection, &leaving.address, heir, wired);
                debug_assert!(
                    wired.relieved.contains_key(id)
                        || self.foreign_bridges.contains(connection.bridge.as_str()),
                    "a moved number leaves its configuration"
                );
            }
        }
    }

    /// Whether a declared bridge wants a number that is on another one now.
    fn wanted_elsewhere(&self, number: &str) -> bool {
        self.bridges.iter().any(|bridge| bridge.numbers.contains_key(number))
    }

    fn keep_or_rewire(
        &self,
        bridge: &Bridge,
        connection: &Connection,
        name: &Address,
        provider: &Ref,
        wired: &mut Wired,
    ) {
        let wanted = match provider {
            Ref::Id(id) => Some(id.as_str()),
            Ref::Step(_) => None,
        };
        match (&connection.target, wanted) {
            (target, Some(id)) if target.id() == Some(id) => {}
            (Target::Ambiguous(candidates), Some(id)) if candidates.contains(id) => {
                wired.notices.push(self.notice(NoticeCode::Settled, &bridge.address, &connection.number));
                self.connect(
                    bridge,
                    &bridge.at,
                    connection.number_id,
                    &connection.number,
                    name,
                    provider,
                    served(&connection.target),
                    wired,
                );
                self.note_impact(
                    Some(connection),
                    Some((bridge, name)),
                    &connection.number,
                    Effect::Settles,
                    0,
                    wired,
                );
            }
            (Target::Unserved, _) => {
                self.connect(
                    bridge,
                    &bridge.at,
                    connection.number_id,
                    &connection.number,
                    name,
                    provider,
                    Served::Unserved,
                    wired,
                );
                self.note_impact(None, Some((bridge, name)), &connection.number, Effect::Connects, 0, wired);
            }
            _ => self.rewire(&bridge.address, &bridge.at, connection, name, provider, wired),
        }
    }

    /// Another configuration takes over on the same bridge: cut and connect, or only connect where nothing can be cut and
    /// connecting overwrites (unpod.md 7.1).
    fn rewire(
        &self,
        owner: &Address,
        at: &Ref,
        connection: &Connection,
        name: &Address,
        provider: &Ref,
        wired: &mut Wired,
    ) {
        if self.refuse_foreign(connection, owner, wired) {
            return;
        }
        let before = if self.can_disconnect {
            wired.steps.disconnect(self.account, self.link, owner, connection);
            Served::NotThere
        } else {
            served(&connection.target)
        };
        self.relieve(connection, wired);
        wired.steps.connect(
            self.account,
            self.link,
            owner,
            at,
            &connection.number,
            connection.number_id,
            provider,
            before,
            self.can_disconnect.then(|| connection.bridge.clone()),
        );
        let steps = u32::from(self.can_disconnect);
        wired.impact.push(NumberImpact {
            account: self.account.to_owned(),
            number: connection.number.clone(),
            effect: Effect::Moves,
            from: Some(self.spot(connection)),
            to: Some(Spot { bridge: self.bridge_label(at), provider: name.to_string(), account: None }),
            dark_steps: steps,
        });
    }

    fn join(&self, bridge: &Bridge, number: &str, name: &Address, provider: &Ref, wired: &mut Wired) {
        let elsewhere = self.connections.iter().find(|connection| connection.number == number);
        // Only where numbers join by being connected does a cut set them free (unpod.md 7).
        let frees = self.link.assigned_on_create.is_none();
        let taken = elsewhere.and_then(|it| self.taker(&it.bridge)).is_some_and(|to| to.at == bridge.at);
        if let Some(connection) = elsewhere
            && !taken
            && !(frees && wired.steps.frees(&connection.bridge, number))
        {
            let detail = if frees {
                format!("{number} is on bridge {}, which this plan does not decide about", connection.bridge)
            } else {
                format!("{number} is on bridge {}, and nothing but deleting that frees it", connection.bridge)
            };
            wired.refusals.push(self.refused(RefusalCode::NumberElsewhere, &bridge.address, number, detail));
            return;
        }
        let known = self.numbers.get(number);
        if let Some(slug) =
            known.and_then(|live| live.bridge.as_deref()).filter(|slug| self.unreadable.contains(slug))
        {
            let detail = format!("{number} is on bridge {slug}, which cannot be read");
            wired.refusals.push(self.refused(RefusalCode::NumberElsewhere, &bridge.address, number, detail));
            return;
        }
        let known = known.and_then(|live| live.id);
        if self.link.assigned_on_create.is_some() {
            // Such a bridge takes a number only while it is free; one that is cut stays on its old bridge (unpod.md 6.2, 7.2).
            if matches!(bridge.at, Ref::Id(_)) || (elsewhere.is_some() && !taken) {
                let detail = format!("{number} is not on bridge {}", self.bridge_label(&bridge.at));
                wired.refusals.push(self.refused(RefusalCode::CannotAssign, &bridge.address, number, detail));
                return;
            }
            if known.is_none() {
                let detail = format!("the service does not offer {number} as a free number");
                wired.refusals.push(self.refused(
                    RefusalCode::NumberNotOffered,
                    &bridge.address,
                    number,
                    detail,
                ));
                return;
            }
        }
        let before = if self.link.assigned_on_create.is_some() { Served::Unserved } else { Served::NotThere };
        self.connect(bridge, &bridge.at, known, number, name, provider, before, wired);
        if let Some(position) =
            wired.impact.iter().position(|impact| impact.number == number && impact.effect == Effect::Dark)
        {
            // Cut on one bridge and connected on another: it moves.
            let cut = wired.impact.remove(position);
            let to = Some(Spot {
                bridge: self.bridge_label(&bridge.at),
                provider: name.to_string(),
                account: None,
            });
            // From the delete over the create to the connect, or from the cut to the connect.
            let dark_steps = if taken { 2 } else { 1 };
            wired.impact.push(NumberImpact { effect: Effect::Moves, to, dark_steps, ..cut });
        } else {
            self.note_impact(None, Some((bridge, name)), number, Effect::Connects, 0, wired);
        }
    }

    /// What is on a bridge of another organization is not ours to change.
    fn refuse_foreign(&self, connection: &Connection, owner: &Address, wired: &mut Wired) -> bool {
        let foreign = self.foreign_bridges.contains(connection.bridge.as_str());
        if foreign {
            let detail = format!(
                "{} is on bridge {}, which belongs to another organization or to none, and is served by {}",
                connection.number,
                connection.bridge,
                self.spot(connection).provider
            );
            wired.refusals.push(self.refused(RefusalCode::ForeignObject, owner, &connection.number, detail));
        }
        foreign
    }

    fn cut(&self, connection: &Connection, owner: &Address, wired: &mut Wired) {
        if self.refuse_foreign(connection, owner, wired) {
            return;
        }
        // Nobody serves it there, and that is all a disconnect is sure to bring about: some services leave the number on the
        // bridge (unpod.md 12, row 7). It is asked to leave only where it has to go to another bridge.
        let moves = self.can_disconnect && self.wanted_elsewhere(&connection.number);
        if connection.target == Target::Unserved && !moves {
            wired.notices.push(self.notice(NoticeCode::LeftOnBridge, owner, &connection.number));
            return;
        }
        if !self.can_disconnect {
            let detail = format!(
                "{} on bridge {} is served by {}",
                connection.number,
                connection.bridge,
                self.spot(connection).provider
            );
            wired.refusals.push(self.refused(
                RefusalCode::CannotDisconnect,
                owner,
                &connection.number,
                detail,
            ));
            return;
        }
        wired.steps.disconnect(self.account, self.link, owner, connection);
        self.relieve(connection, wired);
        wired
            .emptied
            .entry(connection.bridge.clone())
            .or_default()
            .push((connection.bridge.clone(), connection.number.clone()));
        self.goes_dark(connection, wired);
    }

    fn goes_dark(&self, connection: &Connection, wired: &mut Wired) {
        if connection.target != Target::Unserved {
            self.note_impact(Some(connection), None, &connection.number, Effect::Dark, 0, wired);
        }
    }

    fn relieve(&self, connection: &Connection, wired: &mut Wired) {
        if let Some(id) = connection.target.id() {
            wired
                .relieved
                .entry(id.to_owned())
                .or_default()
                .push((connection.bridge.clone(), connection.number.clone()));
        }
    }

    #[allow(clippy::too_many_arguments, reason = "one call with everything that the request says")]
    fn connect(
        &self,
        bridge: &Bridge,
        at: &Ref,
        number_id: Option<u64>,
        number: &str,
        _name: &Address,
        provider: &Ref,
        before: Served,
        wired: &mut Wired,
    ) {
        wired.steps.connect(
            self.account,
            self.link,
            &bridge.address,
            at,
            number,
            number_id,
            provider,
            before,
            None,
        );
    }

    fn note_impact(
        &self,
        from: Option<&Connection>,
        to: Option<(&Bridge, &Address)>,
        number: &str,
        effect: Effect,
        dark_steps: u32,
        wired: &mut Wired,
    ) {
        wired.impact.push(NumberImpact {
            account: self.account.to_owned(),
            number: number.to_owned(),
            effect,
            from: from.map(|connection| self.spot(connection)),
            to: to.map(|(bridge, name)| Spot {
                bridge: self.bridge_label(&bridge.at),
                provider: name.to_string(),
                account: None,
            }),
            dark_steps,
        });
    }

    fn spot(&self, connection: &Connection) -> Spot {
        let provider = match &connection.target {
            Target::Ambiguous(ids) if ids.is_empty() => "a configuration that is not listed".to_owned(),
            Target::Ambiguous(ids) => {
                format!("one of {}", ids.iter().map(|id| (self.label)(id)).collect::<Vec<_>>().join(", "))
            }
            Target::Foreign { id, owner } => {
                format!("configuration {id} of {}", owned_by(owner.as_deref()))
            }
            target => target.id().map_or_else(|| "nothing".to_owned(), |id| (self.label)(id)),
        };
        Spot { bridge: connection.bridge.clone(), provider, account: None }
    }

    fn bridge_label(&self, at: &Ref) -> String {
        match at {
            Ref::Id(slug) => slug.clone(),
            Ref::Step(_) => self
                .bridges
                .iter()
                .find(|bridge| bridge.at == *at)
                .map_or_else(|| "new bridge".to_owned(), |bridge| bridge.address.to_string()),
        }
    }

    /// A refusal about one number, which keeps nothing from another.
    fn refused(&self, code: RefusalCode, address: &Address, number: &str, detail: String) -> Refusal {
        Refusal { attribute: Some(of_number(number)), ..self.refusal(code, address, detail) }
    }

    fn refusal(&self, code: RefusalCode, address: &Address, detail: String) -> Refusal {
        Refusal {
            code,
            account: self.account.to_owned(),
            address: Some(address.clone()),
            attribute: None,
            detail,
            place: None,
        }
    }

    fn notice(&self, code: NoticeCode, address: &Address, number: &str) -> Notice {
        Notice {
            code,
            account: self.account.to_owned(),
            address: Some(address.clone()),
            attribute: Some("numbers".to_owned()),
            detail: Some(number.to_owned()),
        }
    }
}

/// A number that an earlier run left dark, and that nothing connects again.
pub(super) fn left_dark(open: &MadeConnection, address: Option<&Address>) -> Notice {
    Notice {
        code: NoticeCode::LeftDark,
        account: open.account.clone(),
        address: address.cloned(),
        attribute: None,
        detail: Some(format!("{} on bridge {}", open.number, open.bridge)),
    }
}
