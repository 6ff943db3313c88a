//! Bridges whose numbers a plan decides, and what is to serve each.

use std::collections::BTreeMap;

use super::Planner;
use super::wiring::label;
use crate::kind::Kind;
use crate::ledger::MadeConnection;
use crate::plan::Inputs;
use crate::plan::despite::of_number;
use crate::plan::find::{Finding, Findings, Match};
use crate::plan::link::Bridge;
use crate::plan::link_step::made;
use crate::plan::note::{Refusal, RefusalCode};
use crate::plan::select::Selection;
use crate::plan::step::Ref;
use crate::resource::{Account, Address, DesiredObject, NumberWanted, Target, Wanted};

impl<'a> Planner<'a> {
    /// Bridges whose numbers this plan decides: declared with numbers, or replaced and therefore moved as they are.
    pub(super) fn bridges(
        &mut self,
        inputs: &Inputs<'a>,
        findings: &Findings<'a>,
        selection: &Selection,
        account: &Account,
        connections: &[crate::resource::Connection],
    ) -> Vec<Bridge> {
        if inputs.options.destroy {
            return Vec::new();
        }
        let mut bridges = Vec::new();
        let declared = findings
            .by_address
            .iter()
            .filter(|(address, found)| found.kind.link.is_some() && selection.holds(address));
        for (address, Match { object, finding, kind, .. }) in declared {
            if object.account != account.name {
                continue;
            }
            let at = match finding {
                Finding::Live(_) if self.replaced.contains_key(address) => made(address),
                Finding::Live(live) => Ref::Id(live.id.clone()),
                Finding::New => made(address),
                Finding::Hidden | Finding::Stuck => continue,
            };
            let mut open = BTreeMap::new();
            let numbers = match (&object.numbers, self.replaced.get(address)) {
                (Some(wanted), _) => {
                    self.not_shown(inputs, object, wanted);
                    let mut numbers = BTreeMap::new();
                    let mut failed = Vec::new();
                    for (number, NumberWanted { provider, .. }) in wanted {
                        match self.provider(findings, selection, provider) {
                            Ok(at) => drop(numbers.insert(number.clone(), (provider.clone(), at))),
                            Err(why) => failed.push((number, provider, why)),
                        }
                    }
                    let whole = numbers.is_empty();
                    for (number, provider, why) in failed {
                        let code = RefusalCode::DependencyExcluded;
                        if whole {
                            self.refuse(object, code, why);
                        } else {
                            self.refuse_number(object, code, number, why);
                            open.insert(number.clone(), provider.clone());
                        }
                    }
                    if whole && !wanted.is_empty() {
                        continue;
                    }
                    numbers
                }
                (None, Some(old)) => {
                    self.carried_over(inputs, findings, account, object, &old.id, connections)
                }
                (None, None)
                    if matches!(finding, Finding::New) && !moved_before(inputs, object, kind).is_empty() =>
                {
                    let here = moved_before(inputs, object, kind).into_iter();
                    let of = |open: &MadeConnection| {
                        let name = label(inputs, findings, account, &open.provider);
                        let name = Address::parse(&name)
                            .unwrap_or_else(|| Address::new("providers", &open.provider));
                        (open.number.clone(), (name, Ref::Id(open.provider.clone())))
                    };
                    here.map(of).collect()
                }
                (None, None) => match self.along(inputs, findings, account, object, finding, connections) {
                    Some(numbers) => numbers,
                    None => continue,
                },
            };
            let mut idle = object.idle.clone();
            if let Some(old) = self.replaced.get(address).filter(|_| takes_along(kind)) {
                let all = object.numbers.is_none();
                let on = connections.iter().filter(|it| it.bridge == old.id);
                let on = on.filter(|it| all || it.target == Target::Unserved);
                idle.extend(on.map(|it| it.number.clone()).filter(|number| !numbers.contains_key(number)));
            }
            bridges.push(Bridge { address: (*address).clone(), at, numbers, open, idle });
        }
        bridges
    }

    /// Numbers under a name that only the service may give them, and that it does not show.
    fn not_shown(
        &mut self,
        inputs: &Inputs<'a>,
        bridge: &DesiredObject,
        wanted: &BTreeMap<String, NumberWanted>,
    ) {
        let live = inputs.live.accounts.get(&bridge.account);
        let odd = wanted.iter().filter(|(_, wanted)| wanted.as_shown);
        for (number, wanted) in
            odd.filter(|(number, _)| live.is_none_or(|live| !live.numbers.contains_key(*number)))
        {
            let detail =
                format!("{number} is not a phone number in E.164 form, and the service shows no such number");
            self.refusals.push(Refusal {
                code: RefusalCode::NumberNotShown,
                account: bridge.account.clone(),
                address: Some(bridge.address.clone()),
                attribute: Some(of_number(number)),
                detail,
                place: Some(wanted.place.to_string()),
            });
        }
    }

    /// What is to serve a number: what is there, or the step that makes it. The error says why neither is known.
    fn provider(
        &self,
        findings: &Findings<'a>,
        selection: &Selection,
        address: &Address,
    ) -> Result<Ref, String> {
        let unknown = || format!("it needs {address}, and which live object that is could not be settled");
        match findings.by_address.get(address).ok_or_else(unknown)?.finding {
            Finding::Live(_) if self.replaced.contains_key(address) => Ok(made(address)),
            Finding::Live(live) => Ok(Ref::Id(live.id.clone())),
            Finding::New if selection.holds(address) => Ok(made(address)),
            Finding::New => {
                Err(format!("it needs {address}, which does not exist and is not part of this run"))
            }
            Finding::Hidden | Finding::Stuck => Err(unknown()),
        }
    }

    /// A refusal about one number of a bridge.
    fn refuse_number(&mut self, bridge: &DesiredObject, code: RefusalCode, number: &str, detail: String) {
        self.refuse(bridge, code, detail);
        if let Some(refusal) = self.refusals.last_mut() {
            refusal.attribute = Some(of_number(number));
        }
    }

    /// A replaced bridge that says nothing of its numbers takes them along.
    pub(super) fn carried_over(
        &mut self,
        inputs: &Inputs<'a>,
        findings: &Findings<'a>,
        account: &Account,
        object: &DesiredObject,
        slug: &str,
        connections: &[crate::resource::Connection],
    ) -> BTreeMap<String, (Address, Ref)> {
        let mut numbers = BTreeMap::new();
        for connection in connections.iter().filter(|connection| connection.bridge == slug) {
            match connection.target.id() {
                Some(id) if matches!(connection.target, Target::Foreign { .. }) => self.refuse_number(
                    object,
                    RefusalCode::ForeignObject,
                    &connection.number,
                    format!(
                        "{} cannot move along: configuration {id}, which serves it, belongs to another organization or to none",
                        connection.number
                    ),
                ),
                Some(id) if self.leaving.iter().any(|gone| gone.is(&account.name, id)) => {
                    // It goes in the same plan: what takes its place serves the number, or nothing does.
                    let gone = self.leaving.iter().find(|gone| gone.is(&account.name, id));
                    if let Some((address, heir)) =
                        gone.and_then(|gone| Some((gone.address, gone.heir.clone()?)))
                    {
                        numbers.insert(connection.number.clone(), (address.clone(), heir));
                    }
                }
                Some(id) => {
                    let name = Address::parse(&label(inputs, findings, account, id))
                        .unwrap_or_else(|| Address::new("providers", id));
                    numbers.insert(connection.number.clone(), (name, Ref::Id(id.to_owned())));
                }
                None if connection.target == Target::Unserved => {}
                None => self.refuse_number(
                    object,
                    RefusalCode::AmbiguousConnection,
                    &connection.number,
                    format!(
                        "{} cannot move along: it cannot be told which configuration serves it",
                        connection.number
                    ),
                ),
            }
        }
        numbers
    }
}

/// Whether numbers join a bridge of this kind only when it is made.
fn takes_along(kind: &Kind) -> bool {
    kind.link.is_some_and(|link| link.assigned_on_create.is_some())
}

/// Numbers that an earlier run freed for a bridge, and that was not made then.
pub(super) fn moved_before<'a>(
    inputs: &Inputs<'a>,
    object: &DesiredObject,
    kind: &Kind,
) -> Vec<&'a MadeConnection> {
    let Some(Wanted::Value(id)) = object.attributes.get(kind.id).filter(|_| takes_along(kind)) else {
        return Vec::new();
    };
    let there = |open: &MadeConnection| {
        inputs.live_objects(&open.account, "providers").iter().any(|live| live.id == open.provider)
    };
    let all = inputs.ledger.moves.iter().filter(|open| open.account == object.account);
    all.filter(|open| id.as_str() == Some(&open.bridge) && object.numbers.is_none() && there(open)).collect()
}
