//! Numbers on bridges: which connections are removed, made or moved, one number at a time, and which rule refuses a change.
//!
//! A connection is removed only for one of four reasons: its bridge is deleted, its configuration is deleted, its bridge
//! is declared with numbers and this one is not among them, or it moves. A connection that cannot be attributed is never
//! removed for the sake of a configuration.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::LedgerUpdate;
use super::connect_despite_refusal::number_attribute;
use super::diagnostics::{NoticeCode, PlanNotice, PlanRefusal, RefusalCode};
use super::impact::{NumberEffect, NumberImpact, NumberLocation};
use super::link_index::LinkIndex;
use super::link_steps::{LinkChange, LinkSteps};
use super::remarks::Remarks;
use super::step::{FreedNumber, ObjectRef};
use crate::model::kind::{Detach, Link, LinkWords};
use crate::model::ledger::CreatedConnection;
use crate::model::resource::{Address, Connection, NumberSpellings, ServedBy, owned_by};

/// A configuration that will not exist after the plan.
#[derive(Debug, Clone)]
pub(super) struct LeavingConfiguration {
    /// Its address.
    pub(super) address: Address,
    /// The configuration that serves its numbers afterwards; none when they lose their connection.
    pub(super) replacement: Option<ObjectRef>,
}

/// A bridge whose numbers the plan decides.
#[derive(Debug, Clone)]
pub(super) struct PlannedBridge {
    /// Its address.
    pub(super) address: Address,
    /// Its current identity or the step that creates it.
    pub(super) at: ObjectRef,
    /// Numbers and the configurations that are to serve them.
    pub(super) numbers: BTreeMap<String, (Address, ObjectRef)>,
    /// Numbers that a refusal leaves undecided, each with the address that is to serve it. Nothing is disconnected on such
    /// a bridge.
    pub(super) undecided: BTreeMap<String, Address>,
    /// Numbers that a new bridge includes and that no configuration serves there.
    pub(super) unserved: BTreeSet<String>,
    /// Whether it owns all its numbers: any other is cut. If not, each of the numbers is an entry of its own.
    pub(super) owns_all: bool,
    /// Addresses of the entries that own numbers; the bridge owns all others.
    pub(super) owners: BTreeMap<String, Address>,
}

impl PlannedBridge {
    /// The address that decides about a number on it.
    pub(super) fn owner_of(&self, number: &str) -> &Address {
        self.owners.get(number).unwrap_or(&self.address)
    }
}

/// The inputs of the decision for one account.
pub(super) struct LinkInputs<'a> {
    pub(super) account: &'a str,
    pub(super) link: &'static Link,
    /// What messages call bridges and configurations.
    pub(super) words: LinkWords,
    pub(super) can_disconnect: bool,
    /// What takes a member off its target, where that is a PATCH of the member.
    pub(super) detach: Option<Detach>,
    pub(super) connections: &'a [Connection],
    /// Bridges that may use a configuration without showing a number.
    pub(super) possible_unseen_uses: &'a BTreeMap<String, BTreeSet<String>>,
    pub(super) numbers: &'a BTreeMap<String, crate::model::resource::LiveNumber>,
    pub(super) spellings: &'a NumberSpellings,
    pub(super) bridges: &'a [PlannedBridge],
    pub(super) index: &'a LinkIndex<'a>,
    pub(super) leaving_bridges: BTreeMap<String, Address>,
    /// Connections that are cut because of an entry of their own: bridge and number to the address of the entry.
    pub(super) leaving_numbers: BTreeMap<(String, String), Address>,
    pub(super) leaving: BTreeMap<String, LeavingConfiguration>,
    /// Slugs of bridges that belong to another organization, or to none: nothing is disconnected or connected there.
    pub(super) foreign_bridges: BTreeSet<&'a str>,
    /// Ids of targets that let no call through after the plan, and did before.
    pub(super) darkened: BTreeSet<String>,
    /// Ids of targets that let no call through before the plan.
    pub(super) dark_before: BTreeSet<&'a str>,
    /// Addresses of targets that let no call through after the plan.
    pub(super) dark_after: BTreeSet<String>,
    /// Whether the plan undoes a run.
    pub(super) undoes: bool,
    /// Numbers that an earlier run disconnected and did not connect again.
    pub(super) unfinished_moves: Vec<&'a CreatedConnection>,
    /// Whether these are what the service lists.
    pub(super) lists_numbers: bool,
    /// Kinds of targets of which it is not known what their calls go to.
    pub(super) unknown_destinations: &'a BTreeSet<&'static str>,
    /// Declared bridges that the run leaves out, by slug.
    pub(super) left_out_bridges: BTreeMap<&'a str, &'a Address>,
    /// Numbers that the entries declare which the run leaves out, each with its entry and with what is to serve it.
    pub(super) left_out_numbers: BTreeMap<&'a str, (&'a Address, &'a Address)>,
    /// Slugs of the live bridges.
    pub(super) slugs: BTreeSet<&'a str>,
    /// Ids of the live configurations.
    pub(super) configurations: BTreeSet<&'a str>,
    /// Bridges that exist and cannot be read.
    pub(super) unreadable: BTreeSet<&'a str>,
    /// Name of a configuration for people, by id.
    pub(super) label: &'a dyn Fn(&str) -> String,
    /// Address of a bridge, or its slug where it has none, by slug.
    pub(super) bridge_name: &'a dyn Fn(&str) -> String,
}

/// What was decided.
#[derive(Debug, Default)]
pub(super) struct LinkPlan {
    pub(super) steps: LinkSteps,
    pub(super) remarks: Remarks,
    pub(super) impact: Vec<NumberImpact>,
    /// Places of what goes dark in `impact`, by number.
    dark: BTreeMap<String, VecDeque<usize>>,
    /// Connections that are taken from a configuration: id to (bridge, number).
    pub(super) leaving_connections: BTreeMap<String, Vec<(String, String)>>,
    /// Numbers that the delete of a bridge frees: slug to numbers.
    pub(super) freed_numbers: BTreeMap<String, Vec<String>>,
    /// The earlier state of those numbers, where only a create restores them: slug to number.
    pub(super) prior_connections: BTreeMap<String, BTreeMap<String, FreedNumber>>,
    /// Connections that were removed on a bridge: slug to (bridge, number).
    pub(super) cut_on_bridge: BTreeMap<String, Vec<(String, String)>>,
}

impl LinkInputs<'_> {
    /// Decides for every number of the account.
    pub(super) fn plan_connections(&self) -> LinkPlan {
        let mut wired = LinkPlan { steps: LinkSteps::new(self.spellings, self.detach), ..LinkPlan::default() };
        let mut settled: BTreeSet<&str> = BTreeSet::new();
        self.refuse_unseen_use(&mut wired);
        for connection in self.connections {
            self.refuse_ambiguous_connection(connection, &mut wired);
            match self.declared_bridge(&connection.bridge) {
                _ if self.leaving_bridges.contains_key(&connection.bridge) => self.leave_deleted_bridge(connection, &mut wired),
                Some(bridge) if bridge.numbers.contains_key(&connection.number) => {
                    let (name, provider) = &bridge.numbers[&connection.number];
                    settled.insert(&connection.number);
                    self.keep_or_rewire(bridge, connection, name, provider, &mut wired);
                }
                // What is to serve one of its numbers could not be determined: none of its numbers is disconnected.
                Some(bridge) if bridge.owns_all && !bridge.undecided.is_empty() => {}
                Some(bridge) if bridge.owns_all => self.disconnect_number(connection, &bridge.address, &mut wired),
                _ => match self.leaving_numbers.get(&(connection.bridge.clone(), connection.number.clone())) {
                    Some(owner) => self.disconnect_number(connection, owner, &mut wired),
                    None => self.follow_leaving_configuration(connection, &mut wired),
                },
            }
        }
        for bridge in self.bridges {
            for (number, (name, provider)) in &bridge.numbers {
                if !settled.contains(number.as_str()) {
                    self.connect_new_number(bridge, number, name, provider, &mut wired);
                }
            }
        }
        self.finish_moves(&mut wired);
        self.note_dark_now(&mut wired);
        self.note_darkened(&mut wired);
        self.note_not_ringing(&mut wired);
        for (owner, number) in std::mem::take(&mut wired.steps.nameless) {
            let detail = format!("the service calls {number} by an id that it does not show");
            wired.remarks.refusals.push(self.number_refusal(RefusalCode::NumberNotOffered, &owner, &number, detail));
        }
        wired
    }

    /// Numbers that an earlier run disconnected to move them, and then could not connect: they are connected now, before
    /// anything that they were moved from is deleted.
    fn finish_moves(&self, wired: &mut LinkPlan) {
        // Where the bridge cannot be read, it is not known how the move ended: it stays open.
        for open in self.unfinished_moves.iter().filter(|open| !self.unreadable.contains(open.bridge.as_str())) {
            let served = self.index.served.contains(open.number.as_str());
            // It is included in a bridge that is recreated: open until it is connected there.
            if wired.steps.connects_on_new_bridge(&open.number) {
                continue;
            }
            let heir = match self.leaving.get(&open.provider) {
                Some(leaving) => leaving.replacement.clone(),
                None => Some(ObjectRef::Id(open.provider.clone())),
            };
            let declared = self.declared_bridge(&open.bridge);
            let decides = |bridge: &PlannedBridge| bridge.owns_all || bridge.numbers.contains_key(&open.number);
            let decided = declared.is_some_and(decides) || self.leaving_bridges.contains_key(&open.bridge);
            let connects = wired.steps.connects_number(&open.number);
            let given_up = heir.is_none() || self.gives_up(open, declared);
            let possible = self.slugs.contains(open.bridge.as_str()) && self.configurations.contains(open.provider.as_str());
            match heir {
                Some(heir) if !served && !decided && possible && !connects => {
                    let owner = Address::parse(&(self.label)(&open.provider))
                        .filter(|address| address.name != open.provider)
                        .unwrap_or_else(|| Address::new(self.link.roles.targets[0], &open.provider));
                    let change = LinkChange {
                        owner: &owner,
                        at: ObjectRef::Id(open.bridge.clone()),
                        number: &open.number,
                        number_id: self.numbers.get(&open.number).and_then(|live| live.id),
                        before: ServedBy::NotThere,
                        target: Some(&heir),
                    };
                    wired.steps.add_link_change(self.account, self.link, change);
                    wired.impact.push(NumberImpact {
                        account: self.account.to_owned(),
                        number: open.number.clone(),
                        effect: NumberEffect::Connects,
                        from: None,
                        to: Some(NumberLocation { bridge: open.bridge.clone(), provider: owner.to_string(), account: None }),
                        dark_steps: 0,
                    });
                }
                // Until something serves it, the record of a number stays: a connect that is planned may fail.
                _ => {
                    if !served && !decided && !connects {
                        wired.remarks.notices.push(left_dark_notice(open, None));
                    }
                    if served || (given_up && !connects) {
                        let (account, number) = (self.account.to_owned(), open.number.clone());
                        wired.remarks.effects.push(LedgerUpdate::MoveEnded { account, number });
                    }
                }
            }
        }
    }

    /// Whether the YAML wants nothing to serve a number that an earlier run disconnected. What an undo leaves out says nothing about
    /// that.
    fn gives_up(&self, open: &CreatedConnection, declared: Option<&PlannedBridge>) -> bool {
        let dropped = |bridge: &PlannedBridge| bridge.owns_all && !bridge.undecided.contains_key(&open.number);
        !self.undoes
            && !self.wanted_elsewhere(&open.number)
            && !self.left_out_numbers.contains_key(open.number.as_str())
            && (declared.is_some_and(dropped) || self.leaving_bridges.contains_key(&open.bridge))
    }

    fn declared_bridge(&self, slug: &str) -> Option<&PlannedBridge> {
        self.index.by_slug.get(slug).copied()
    }

    /// A configuration is not deleted while a connection may belong to it (unpod.md 10).
    fn refuse_ambiguous_connection(&self, connection: &Connection, wired: &mut LinkPlan) {
        let ServedBy::OneOf(candidates) = &connection.served_by else { return };
        if self.leaving_bridges.contains_key(&connection.bridge) {
            return; // The bridge is deleted as a whole; the owner of the connection does not matter.
        }
        let leaving = candidates.iter().filter_map(|id| self.leaving.get(id));
        let addresses: BTreeSet<Address> = leaving.map(|leaving| leaving.address.clone()).collect();
        let Some(first) = addresses.first() else { return };
        let ids: Vec<&str> = candidates.iter().map(String::as_str).collect();
        let detail = format!(
            "{} on {} {} may be served by any {} of {}, which cannot be told apart",
            connection.number,
            self.words.holder,
            connection.bridge,
            self.words.target,
            ids.join(", ")
        );
        let refusal = self.object_refusal(RefusalCode::AmbiguousConnection, first, detail);
        wired.remarks.refusals.push(PlanRefusal { addresses, ..refusal });
    }

    /// A bridge that names a configuration's provider and shows no number may still use it (unpod.md 10, step 5).
    fn refuse_unseen_use(&self, wired: &mut LinkPlan) {
        for (bridge, candidates) in
            self.possible_unseen_uses.iter().filter(|(bridge, _)| !self.leaving_bridges.contains_key(*bridge))
        {
            for (id, leaving) in self.leaving.iter().filter(|(id, _)| candidates.contains(*id)) {
                let (holder, target) = (self.words.holder, self.words.target);
                let detail =
                    format!("{holder} {bridge} may use {target} {id}: it names the same catalogue entry and shows no number");
                wired.remarks.refusals.push(self.object_refusal(RefusalCode::AmbiguousConnection, &leaving.address, detail));
            }
        }
    }

    fn leave_deleted_bridge(&self, connection: &Connection, wired: &mut LinkPlan) {
        let owner = &self.leaving_bridges[&connection.bridge];
        let wanted = self.wanted_elsewhere(&connection.number);
        let taken = self.replacing_bridge(&connection.bridge).is_some();
        if !taken && self.can_disconnect && (wanted || connection.served_by != ServedBy::Unserved) {
            self.disconnect_number(connection, owner, wired);
        } else {
            // Here, deleting the bridge frees the number (unpod.md 7.2).
            wired.freed_numbers.entry(connection.bridge.clone()).or_default().push(connection.number.clone());
            if self.link.assigned_on_create.is_some() {
                let prior = FreedNumber { id: connection.number_id, served: connection.served_by.in_plan() };
                let freed = wired.prior_connections.entry(connection.bridge.clone()).or_default();
                freed.insert(connection.number.clone(), prior);
            }
            self.note_goes_dark(connection, wired);
        }
    }

    /// The bridge that replaces a deleted one and includes its numbers, where only the delete frees them.
    fn replacing_bridge(&self, slug: &str) -> Option<&PlannedBridge> {
        let address = self.leaving_bridges.get(slug).filter(|_| self.link.assigned_on_create.is_some())?;
        self.index.new_by_address.get(address).copied()
    }

    fn follow_leaving_configuration(&self, connection: &Connection, wired: &mut LinkPlan) {
        let Some((id, leaving)) = connection.served_by.id().and_then(|id| self.leaving.get_key_value(id)) else {
            return;
        };
        match &leaving.replacement {
            None => self.disconnect_number(connection, &leaving.address, wired),
            Some(heir) => {
                let at = ObjectRef::Id(connection.bridge.clone());
                self.move_to_configuration(&leaving.address, &at, connection, &leaving.address, heir, wired);
                debug_assert!(
                    wired.leaving_connections.contains_key(id) || self.foreign_bridges.contains(connection.bridge.as_str()),
                    "a moved number leaves what served it"
                );
            }
        }
    }

    /// Whether a declared bridge wants a number that is now on another bridge.
    fn wanted_elsewhere(&self, number: &str) -> bool {
        self.index.wanted.contains(number)
    }

    fn keep_or_rewire(
        &self,
        bridge: &PlannedBridge,
        connection: &Connection,
        name: &Address,
        provider: &ObjectRef,
        wired: &mut LinkPlan,
    ) {
        let wanted = match provider {
            ObjectRef::Id(id) => Some(id.as_str()),
            ObjectRef::Step(_) => None,
        };
        match (&connection.served_by, wanted) {
            (target, Some(id)) if target.id() == Some(id) => {}
            (ServedBy::OneOf(candidates), Some(id)) if candidates.contains(id) => {
                wired.remarks.notices.push(self.number_notice(
                    NoticeCode::Settled,
                    bridge.owner_of(&connection.number),
                    &connection.number,
                ));
                let before = connection.served_by.in_plan();
                self.connect_number(bridge, connection.number_id, &connection.number, provider, before, wired);
                self.note_impact(Some(connection), Some((bridge, name)), &connection.number, NumberEffect::Settles, 0, wired);
            }
            (ServedBy::Unserved, _) => {
                self.connect_number(bridge, connection.number_id, &connection.number, provider, ServedBy::Unserved, wired);
                self.note_impact(None, Some((bridge, name)), &connection.number, NumberEffect::Connects, 0, wired);
            }
            _ => {
                let owner = bridge.owner_of(&connection.number);
                self.move_to_configuration(owner, &bridge.at, connection, name, provider, wired);
            }
        }
    }

    /// Another configuration takes over on the same bridge: disconnect and connect, or only connect where connecting
    /// replaces, or disconnect is impossible and connecting overwrites (unpod.md 7.1).
    fn move_to_configuration(
        &self,
        owner: &Address,
        at: &ObjectRef,
        connection: &Connection,
        name: &Address,
        provider: &ObjectRef,
        wired: &mut LinkPlan,
    ) {
        if self.refuse_foreign(connection, owner, wired) {
            return;
        }
        let cut_first = self.can_disconnect && !self.link.replaces();
        let before = if cut_first {
            self.add_disconnect(connection, owner, wired);
            ServedBy::NotThere
        } else {
            connection.served_by.in_plan()
        };
        self.note_leaving_connection(connection, wired);
        let (number, number_id) = (&connection.number, connection.number_id);
        let change = LinkChange { owner, at: at.clone(), number, number_id, before, target: Some(provider) };
        wired.steps.add_link_change(self.account, self.link, change);
        wired.impact.push(NumberImpact {
            account: self.account.to_owned(),
            number: connection.number.clone(),
            effect: NumberEffect::Moves,
            from: Some(self.number_location(connection)),
            to: Some(NumberLocation { bridge: self.bridge_label(at), provider: name.to_string(), account: None }),
            dark_steps: cut_first.into(),
        });
    }

    fn connect_new_number(
        &self,
        bridge: &PlannedBridge,
        number: &str,
        name: &Address,
        provider: &ObjectRef,
        wired: &mut LinkPlan,
    ) {
        let elsewhere = self.index.connections.get(number).copied();
        // A disconnect frees numbers only where numbers join by being connected (unpod.md 7).
        let frees = self.link.assigned_on_create.is_none();
        let taken = elsewhere.and_then(|it| self.replacing_bridge(&it.bridge)).is_some_and(|to| to.at == bridge.at);
        if let Some(connection) = elsewhere
            && !taken
            && !(frees && wired.steps.takes_off_bridge(&connection.bridge, number))
        {
            let (holder, at) = (self.words.holder, &connection.bridge);
            let detail = if let Some(left_out) = self.left_out_bridges.get(at.as_str()).filter(|_| frees) {
                format!("{number} is on {left_out}, which is not part of this run: include {left_out}, and the number moves")
            } else if frees {
                format!("{number} is on {holder} {at}, and this plan does not take it off there")
            } else {
                format!("{number} is on {holder} {at}, and only deleting that {holder} frees it")
            };
            wired.remarks.refusals.push(self.number_refusal(
                RefusalCode::NumberElsewhere,
                bridge.owner_of(number),
                number,
                detail,
            ));
            return;
        }
        let known = self.numbers.get(number);
        if let Some(slug) = known.and_then(|live| live.bridge.as_deref()).filter(|slug| self.unreadable.contains(slug)) {
            let detail = format!("{number} is on {} {slug}, which cannot be read", self.words.holder);
            wired.remarks.refusals.push(self.number_refusal(
                RefusalCode::NumberElsewhere,
                bridge.owner_of(number),
                number,
                detail,
            ));
            return;
        }
        let known = known.and_then(|live| live.id);
        if self.link.assigned_on_create.is_some() {
            // Such a bridge accepts only a free number; a disconnected number stays on its old bridge (unpod.md 6.2, 7.2).
            if matches!(bridge.at, ObjectRef::Id(_)) || (elsewhere.is_some() && !taken) {
                let detail = format!("{number} is not on {} {}", self.words.holder, self.bridge_label(&bridge.at));
                wired.remarks.refusals.push(self.number_refusal(
                    RefusalCode::CannotAssign,
                    bridge.owner_of(number),
                    number,
                    detail,
                ));
                return;
            }
            if known.is_none() {
                let detail = format!("the service does not offer {number} as a free number");
                wired.remarks.refusals.push(self.number_refusal(
                    RefusalCode::NumberNotOffered,
                    bridge.owner_of(number),
                    number,
                    detail,
                ));
                return;
            }
        }
        if self.lists_numbers && !self.numbers.contains_key(number) {
            let (owner, detail) = (bridge.owner_of(number), Some(number.to_owned()));
            wired.remarks.notices.push(PlanNotice::about(NoticeCode::NotListed, self.account, Some(owner), detail));
        }
        let before = if self.link.assigned_on_create.is_some() { ServedBy::Unserved } else { ServedBy::NotThere };
        self.connect_number(bridge, known, number, provider, before, wired);
        if let Some(position) = wired.dark.get_mut(number).and_then(VecDeque::pop_front) {
            // Disconnected on one bridge and connected on another: it moves.
            let to = Some(NumberLocation { bridge: self.bridge_label(&bridge.at), provider: name.to_string(), account: None });
            // From the delete through the create to the connect, or from the disconnect to the connect.
            let dark_steps = if taken { 2 } else { 1 };
            let impact = &mut wired.impact[position];
            (impact.effect, impact.to, impact.dark_steps) = (NumberEffect::Moves, to, dark_steps);
        } else {
            self.note_impact(None, Some((bridge, name)), number, NumberEffect::Connects, 0, wired);
        }
    }

    /// Numbers on a bridge of another organization are not ours to change.
    fn refuse_foreign(&self, connection: &Connection, owner: &Address, wired: &mut LinkPlan) -> bool {
        let foreign = self.foreign_bridges.contains(connection.bridge.as_str());
        if foreign {
            let detail = format!(
                "{} is on {} {}, which belongs to another organization or to none, and is served by {}",
                connection.number,
                self.words.holder,
                connection.bridge,
                self.number_location(connection).provider
            );
            wired.remarks.refusals.push(self.number_refusal(RefusalCode::ForeignObject, owner, &connection.number, detail));
        }
        foreign
    }

    fn disconnect_number(&self, connection: &Connection, owner: &Address, wired: &mut LinkPlan) {
        if self.refuse_foreign(connection, owner, wired) {
            return;
        }
        // No configuration serves it there, and that is all that a disconnect reliably achieves: some services leave the
        // number on the bridge (unpod.md 12, row 7). It is disconnected only where it has to move to another bridge.
        let moves = self.can_disconnect && self.wanted_elsewhere(&connection.number);
        if connection.served_by == ServedBy::Unserved && !moves {
            wired.remarks.notices.push(self.number_notice(NoticeCode::LeftOnBridge, owner, &connection.number));
            return;
        }
        if !self.can_disconnect {
            let detail = format!(
                "{} on {} {} is served by {}",
                connection.number,
                self.words.holder,
                connection.bridge,
                self.number_location(connection).provider
            );
            wired.remarks.refusals.push(self.number_refusal(RefusalCode::CannotDisconnect, owner, &connection.number, detail));
            return;
        }
        self.add_disconnect(connection, owner, wired);
        self.note_leaving_connection(connection, wired);
        wired
            .cut_on_bridge
            .entry(connection.bridge.clone())
            .or_default()
            .push((connection.bridge.clone(), connection.number.clone()));
        if let Some((left_out, target)) = self.left_out_numbers.get(connection.number.as_str()) {
            // No option includes the entry in an undo.
            let (code, detail) = if self.undoes || *target == owner {
                (NoticeCode::StillConnectedInYaml, format!("{}, which {left_out} connects to {target}", connection.number))
            } else {
                (NoticeCode::MoveLeftOut, format!("{}, which {left_out} declares", connection.number))
            };
            wired.remarks.notices.push(PlanNotice::about(code, self.account, Some(owner), Some(detail)));
        }
        self.note_goes_dark(connection, wired);
    }

    /// Numbers that stay on a target that lets no call through any more, or may be on it, and numbers that move to one.
    fn note_darkened(&self, wired: &mut LinkPlan) {
        let dark = |id: Option<&str>| id.is_none_or(|id| self.dark_before.contains(id));
        let worked: BTreeSet<&str> =
            self.connections.iter().filter(|it| !dark(it.served_by.id())).map(|it| it.number.as_str()).collect();
        let placed = wired.impact.iter().filter(|it| matches!(it.effect, NumberEffect::Moves | NumberEffect::Connects));
        let placed = placed.filter(|it| it.to.as_ref().is_some_and(|to| self.dark_after.contains(&to.provider)));
        let (lost, idle): (Vec<&NumberImpact>, Vec<_>) =
            placed.partition(|it| it.effect == NumberEffect::Moves && worked.contains(it.number.as_str()));
        let idle = idle.into_iter().map(|it| PlanNotice {
            code: NoticeCode::StaysDark,
            account: it.account.clone(),
            address: self
                .bridges
                .iter()
                .find_map(|on| on.numbers.get_key_value(&it.number).map(|_| on.owner_of(&it.number).clone())),
            attribute: None,
            detail: it.to.as_ref().map(|to| format!("{}, served by {}", it.number, to.provider)),
        });
        wired.remarks.notices.extend(idle);
        let lost = lost.into_iter().map(|it| NumberImpact {
            effect: NumberEffect::Dark,
            from: it.to.clone(),
            to: None,
            dark_steps: 0,
            ..it.clone()
        });
        let lost: Vec<NumberImpact> = lost.collect();
        wired.impact.extend(lost);
        let on = |id: &String, served: &ServedBy| served.may_be(id);
        for connection in self.connections {
            let dark = self.darkened.iter().any(|id| on(id, &connection.served_by));
            if dark && !wired.steps.changes_number(&connection.number) {
                self.note_impact(Some(connection), None, &connection.number, NumberEffect::Dark, 0, wired);
            }
        }
    }

    fn note_goes_dark(&self, connection: &Connection, wired: &mut LinkPlan) {
        if connection.served_by != ServedBy::Unserved {
            wired.dark.entry(connection.number.clone()).or_default().push_back(wired.impact.len());
            self.note_impact(Some(connection), None, &connection.number, NumberEffect::Dark, 0, wired);
        }
    }

    fn note_leaving_connection(&self, connection: &Connection, wired: &mut LinkPlan) {
        if let Some(id) = connection.served_by.id() {
            wired
                .leaving_connections
                .entry(id.to_owned())
                .or_default()
                .push((connection.bridge.clone(), connection.number.clone()));
        }
    }

    fn connect_number(
        &self,
        bridge: &PlannedBridge,
        number_id: Option<u64>,
        number: &str,
        provider: &ObjectRef,
        before: ServedBy,
        wired: &mut LinkPlan,
    ) {
        let (owner, at) = (bridge.owner_of(number), bridge.at.clone());
        let change = LinkChange { owner, at, number, number_id, before, target: Some(provider) };
        wired.steps.add_link_change(self.account, self.link, change);
    }

    fn add_disconnect(&self, connection: &Connection, owner: &Address, wired: &mut LinkPlan) {
        let (at, before) = (ObjectRef::Id(connection.bridge.clone()), connection.served_by.in_plan());
        let (number, number_id) = (&connection.number, connection.number_id);
        let change = LinkChange { owner, at, number, number_id, before, target: None };
        wired.steps.add_link_change(self.account, self.link, change);
    }

    fn note_impact(
        &self,
        from: Option<&Connection>,
        to: Option<(&PlannedBridge, &Address)>,
        number: &str,
        effect: NumberEffect,
        dark_steps: u32,
        wired: &mut LinkPlan,
    ) {
        wired.impact.push(NumberImpact {
            account: self.account.to_owned(),
            number: number.to_owned(),
            effect,
            from: from.map(|connection| self.number_location(connection)),
            to: to.map(|(bridge, name)| NumberLocation {
                bridge: self.bridge_label(&bridge.at),
                provider: name.to_string(),
                account: None,
            }),
            dark_steps,
        });
    }

    fn number_location(&self, connection: &Connection) -> NumberLocation {
        let provider = match &connection.served_by {
            ServedBy::OneOf(ids) if ids.is_empty() => format!("a {} that the service does not list", self.words.target),
            ServedBy::OneOf(ids) => {
                format!("one of {}", ids.iter().map(|id| (self.label)(id)).collect::<Vec<_>>().join(", "))
            }
            ServedBy::Foreign { id, owner } => {
                format!("{} {id} of {}", self.words.target, owned_by(owner.as_deref()))
            }
            target => target.id().map_or_else(|| "nothing".to_owned(), |id| (self.label)(id)),
        };
        NumberLocation { bridge: connection.bridge.clone(), provider, account: None }
    }

    fn bridge_label(&self, at: &ObjectRef) -> String {
        match at {
            ObjectRef::Id(slug) => slug.clone(),
            ObjectRef::Step(step) => self
                .index
                .by_step
                .get(step.as_str())
                .map_or_else(|| format!("new {}", self.words.holder), |bridge| bridge.address.to_string()),
        }
    }

    /// A refusal about one number, which does not affect another number. An entry of its own is about nothing else.
    fn number_refusal(&self, code: RefusalCode, address: &Address, number: &str, detail: String) -> PlanRefusal {
        if self.link.roles.entry.is_some_and(|entry| entry.kind == address.kind) {
            return self.object_refusal(code, address, detail);
        }
        PlanRefusal { attribute: Some(number_attribute(number)), ..self.object_refusal(code, address, detail) }
    }

    fn object_refusal(&self, code: RefusalCode, address: &Address, detail: String) -> PlanRefusal {
        PlanRefusal::about(code, self.account, address, detail)
    }

    fn number_notice(&self, code: NoticeCode, address: &Address, number: &str) -> PlanNotice {
        let entry = self.link.roles.entry.is_some_and(|entry| entry.kind == address.kind);
        let attribute = (!entry).then(|| self.link.roles.members.to_owned());
        PlanNotice { attribute, ..PlanNotice::about(code, self.account, Some(address), Some(number.to_owned())) }
    }
}

/// A number that an earlier run left dark and that no step connects again.
pub(super) fn left_dark_notice(open: &CreatedConnection, address: Option<&Address>) -> PlanNotice {
    let detail = format!("{} on {}", open.number, open.bridge);
    PlanNotice::about(NoticeCode::LeftDark, &open.account, address, Some(detail))
}
