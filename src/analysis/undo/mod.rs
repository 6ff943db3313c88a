//! Undoes a run: derives the desired state from the images in the journal and the current live state. The planner makes a
//! plan from it like any other. Only what is still as the run left it is undone; the rest is listed.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::v1::ChangeV1;
use crate::model::call::{BodyValue, CallBody};
use crate::model::kind::{Field, Kind};
use crate::model::ledger::{Ledger, NaturalKey};
use crate::model::resource::{
    AccountFacts, Address, Desired, DesiredObject, DesiredValue, FieldMap, LiveObject, LiveState, Removal, Rename, SourceLocation,
};
use crate::model::value::{CompactValue, HiddenValues, Value};
use crate::plan::{ExistingObject, FreedNumber, NOT_CLEARED, Plan, Step, StepOperation};
use crate::services;
use crate::state::journal::RecordedRun;

mod backwards;
mod current_state;
mod earlier_undos;
mod ledger_updates;
mod number_places;
mod numbers;
mod recreate;
mod saved_undo;

pub use backwards::with_steps_not_done;
use earlier_undos::{EarlierUndo, is_done, is_unknown};
use number_places::ConnectionsByNumber;
pub use saved_undo::{SavedUndoDifference, compare_with_saved};

/// Why a hidden value cannot be restored.
const FORGOTTEN: &str = "it contained a secret, and the journal does not store secrets";

/// The desired state that undoes a run.
#[derive(Debug, Default)]
pub struct Undo {
    /// The configuration with the objects of the run as they were.
    pub desired: Desired,
    /// The addresses concerned; the plan covers no other.
    pub about: BTreeSet<Address>,
    /// Addresses that become managed again: an object that is named only for this run does not.
    pub managed: BTreeSet<Address>,
    /// What is not undone, and why.
    pub not_undone: Vec<NotUndone>,
    /// Addresses whose object the run replaced without deleting it: its id and natural key. The ledger has to say so before the undo
    /// is derived again: then the numbers move back, and the new object is deleted.
    pub reversed: BTreeMap<Address, (String, NaturalKey)>,
    /// Identities of the objects that the run created: an undo deletes no others.
    pub made: BTreeSet<String>,
    /// Numbers that a run of telform disconnected, that nothing serves now, and that are not connected again: each with where.
    pub dark: BTreeMap<String, String>,
}

/// What is not undone where the ledger goes on to manage what it manages.
pub const THE_LEDGER: &str = "the ledger";

/// Something that is not undone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
pub struct NotUndone {
    /// Object, attribute or number.
    pub what: String,
    /// Why.
    pub why: String,
    /// Whether it is a number that telform disconnected and that nothing serves.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dark: bool,
}

/// What is known today.
#[derive(Debug, Clone, Copy)]
pub struct UndoInputs<'a> {
    /// What the YAML wants.
    pub desired: &'a Desired,
    /// What is there.
    pub live: &'a LiveState,
    /// What telform remembers.
    pub ledger: &'a Ledger,
    /// The texts behind the marks of hidden values.
    pub hidden: &'a HiddenValues,
    /// Addresses of the ledger that the YAML has renamed.
    pub renamed: &'a BTreeMap<Address, Address>,
    /// What the YAML only refers to, as it was found.
    pub existing: &'a BTreeMap<Address, ExistingObject>,
}

/// The plan of a run, as its journal has it.
pub fn plan_of_run(run: &RecordedRun<'_>) -> Result<Plan, String> {
    let plan = serde_json::to_value(&run.started.plan).map_err(|error| error.to_string())?;
    serde_json::from_value(plan).map_err(|error| error.to_string())
}

/// Steps of a run that had their effect, or may have had it, each with the images around it.
struct DoneStep<'a> {
    step: &'a Step,
    /// The account of its request, by its current name.
    account: String,
    /// The object right before the request.
    before: Option<&'a BTreeMap<String, Value>>,
    /// The object as the answer showed it.
    after: Option<&'a BTreeMap<String, Value>>,
    /// Identity of the object that it created.
    made: Option<&'a str>,
    /// Whether it had its effect for certain.
    known: bool,
}

/// Undoes a run. `earlier`: its undos so far, each with its plan.
pub fn undo_run(run: &RecordedRun<'_>, plan: &Plan, earlier: &[(RecordedRun<'_>, Plan)], today: UndoInputs<'_>) -> Undo {
    let mut maker = UndoBuilder {
        today,
        earlier: earlier_undos::earlier_undos(earlier),
        connections: number_places::connections_by_number(today.live),
        remade: BTreeMap::new(),
        still_named: BTreeMap::new(),
        undo: Undo::default(),
        run: run.id.to_owned(),
        changes: &run.started.plan.changes,
        recreated: BTreeMap::new(),
        accounts: BTreeMap::new(),
        made: BTreeSet::new(),
        freed_connections: FreedConnections::new(),
        moved: BTreeMap::new(),
    };
    maker.undo.desired = today.desired.clone();
    let all = done_steps(run, plan);
    let sent = !all.is_empty();
    let deeds = maker.with_accounts_today(plan, all);
    maker.made = deeds.iter().filter_map(|deed| deed.made.map(str::to_owned)).collect();
    for deed in &deeds {
        let (StepOperation::Create { replaces_in: Some(_), .. }, Some(address)) = (&deed.step.operation, &deed.step.address)
        else {
            continue;
        };
        let account = &deed.step.call.account;
        let entry = today.ledger.objects.get(address);
        if entry.is_some_and(|entry| entry.account == *account && Some(entry.id.as_str()) == deed.made) {
            maker.moved.insert(address.clone(), account.clone());
        }
    }
    // What an update leaves may name what was created, and a bridge may be created after the one that it replaces is deleted.
    for deed in deeds.iter().filter(|deed| matches!(deed.step.operation, StepOperation::Update { .. })) {
        maker.undo_update(deed);
    }
    for deed in deeds.iter().filter(|deed| matches!(deed.step.operation, StepOperation::Create { .. })) {
        maker.undo_create(deed, &deeds);
    }
    for deed in deeds.iter().filter(|deed| matches!(deed.step.operation, StepOperation::Delete { .. })) {
        maker.undo_delete(deed, &deeds);
    }
    maker.name_recreated_objects();
    maker.undo_numbers(run, &deeds);
    maker.undo_ledger_updates(plan, sent);
    maker.note_unknown_steps(run, plan);
    maker.undo.made = maker.made;
    maker.undo.not_undone.sort();
    maker.undo.not_undone.dedup();
    maker.undo
}

fn done_steps<'a>(run: &RecordedRun<'a>, plan: &'a Plan) -> Vec<DoneStep<'a>> {
    // Whether one had its effect that got no answer is visible in its object, unless it created it.
    let shows = |step: &Step| !matches!(step.operation, StepOperation::Create { .. });
    let done = plan.steps.iter().zip(&run.steps);
    let done = done.filter(|(step, record)| is_done(record) || (shows(step) && is_unknown(record)));
    done.map(|(step, record)| DoneStep {
        step,
        account: step.call.account.clone(),
        before: record.object_before(),
        after: record.object_after(),
        made: record.created_id(),
        known: is_done(record),
    })
    .collect()
}

struct UndoBuilder<'a> {
    today: UndoInputs<'a>,
    /// Earlier undos of the run.
    earlier: Vec<EarlierUndo<'a>>,
    connections: ConnectionsByNumber<'a>,
    /// Objects that an earlier undo recreated: account, kind and earlier identity to the present one.
    remade: BTreeMap<(String, String, String), String>,
    undo: Undo,
    run: String,
    /// The changes that the run planned.
    changes: &'a [ChangeV1],
    /// Objects that the run moved to another account, and that are still as it created them there.
    moved: BTreeMap<Address, String>,
    /// Objects that are recreated: account, kind and earlier identity.
    recreated: BTreeMap<(String, String, String), Address>,
    /// Accounts that had another name then, by their current name.
    accounts: BTreeMap<String, String>,
    /// Identities of the objects that the run created.
    made: BTreeSet<String>,
    /// Ids that an attribute goes on to name, because it cannot be cleared: with that attribute.
    still_named: BTreeMap<String, String>,
    /// Numbers that left with their bridge and can return only with it.
    freed_connections: FreedConnections,
}

/// Numbers of deleted bridges, by account and bridge.
type FreedConnections = BTreeMap<(String, String), BTreeMap<String, FreedNumber>>;

impl<'a> UndoBuilder<'a> {
    fn add_not_undone(&mut self, what: impl ToString, why: impl Into<String>) {
        self.undo.not_undone.push(NotUndone { what: what.to_string(), why: why.into(), dark: false });
    }

    fn facts_of_account(&self, account: &str) -> Option<&'a AccountFacts> {
        self.today.live.accounts.get(account).map(|live| &live.facts)
    }

    fn kind_of(&self, deed: &DoneStep<'_>) -> Option<&'static Kind> {
        let facts = self.facts_of_account(&deed.account)?;
        services::shape_of_generation(&deed.step.address.as_ref()?.kind, facts.generation)
    }

    fn live_object(&self, deed: &DoneStep<'_>, id: &str) -> Option<&'a LiveObject> {
        self.live_objects(&deed.account, &deed.step.address.as_ref()?.kind).iter().find(|object| object.id == id)
    }

    fn live_objects(&self, account: &str, kind: &str) -> &'a [LiveObject] {
        let account = self.today.live.accounts.get(account);
        account.and_then(|account| account.objects.get(kind)).map_or(&[], Vec::as_slice)
    }

    /// An update is reverted to the earlier values, attribute by attribute, where they have not changed since.
    fn undo_update(&mut self, deed: &DoneStep<'_>) {
        let StepOperation::Update { id, before, expect, secrets, .. } = &deed.step.operation else { return };
        let (Some(then), Some(kind)) = (&deed.step.address, self.kind_of(deed)) else { return };
        let Some(live) = self.live_object(deed, id) else {
            return self.add_not_undone(then, self.why_absent(&deed.account, kind.name, id));
        };
        let address = &match self.address_today(then, &deed.account, id) {
            Ok(address) => address,
            Err(why) => return self.add_not_undone(then, why),
        };
        for secret in secrets {
            let why = "telform does not store the secret that it overwrote: put the old secret into its source and apply";
            self.add_not_undone(format!("{address} {secret}"), why);
        }
        let sent = deed.step.call.body.as_ref().map(CallBody::own_entries);
        let plain =
            sent.into_iter().flatten().filter(|(_, payload)| matches!(payload, BodyValue::Value(_) | BodyValue::WithIds { .. }));
        let mut back = BTreeMap::new();
        for (name, _) in plain {
            let Some(field) = kind.field(name) else { continue };
            let was = deed.before.and_then(|image| image.get(field.name)).or_else(|| before.get(field.name));
            let was = was.map_or(CompactValue::Null, CompactValue::from);
            let now = live.attributes.get(field.name).unwrap_or(&CompactValue::Null);
            let left = [deed.after.and_then(|image| image.get(field.name)), expect.get(field.name)];
            let still = left.into_iter().flatten().any(|after| field.values_equal(&after.into(), now));
            if field.values_equal(&was, now) {
                continue;
            }
            if still && was.is_null() && !kind.can_clear(field) {
                self.add_not_undone(format!("{address} {name}"), NOT_CLEARED);
                field.map_references(now, &mut |_, id| {
                    self.still_named.insert(id.to_owned(), format!("{address} ({name})"));
                    None
                });
            } else if still {
                // What null does to a nested value is not documented; the empty collection clears it.
                let was = if was.is_null() { field.cleared_value() } else { was };
                if !self.today.hidden.can_open_all(&was) {
                    self.add_not_undone(format!("{address} {name}"), FORGOTTEN);
                    continue;
                }
                back.insert(field.name, DesiredValue::Value(was));
            } else {
                self.add_not_undone(format!("{address} {name}"), "changed since; left alone");
            }
        }
        if !back.is_empty() {
            let object = self.object_to_restore(address, &deed.account, kind, Some(id));
            object.attributes = back.into_iter().collect();
        }
    }

    /// An object that a run created is deleted, unless it has changed since.
    fn undo_create(&mut self, deed: &DoneStep<'_>, deeds: &[DoneStep<'_>]) {
        let (Some(then), Some(kind), Some(id)) = (&deed.step.address, self.kind_of(deed), deed.made) else {
            return;
        };
        let Some(live) = self.live_object(deed, id) else {
            if !self.was_deleted_by_earlier_undo(kind, id) {
                self.add_not_undone(then, self.why_absent(&deed.account, kind.name, id));
            }
            return;
        };
        // An undo has turned the replacement round, or created again what it replaced: the new object goes when nothing uses it.
        let turned = self.today.renamed.get(then).unwrap_or(then);
        if let Some(entry) = self.today.ledger.objects.get(turned)
            && entry.account == deed.account
            && entry.former.contains(id)
            && (deed.step.operation.replaces_here() == Some(&entry.id) || self.was_created_by_earlier_undo(&entry.id))
        {
            let (turned, old) = (turned.clone(), entry.id.clone());
            self.object_to_restore(&turned, &deed.account, kind, Some(&old));
            return;
        }
        let address = &match self.address_today(then, &deed.account, id) {
            Ok(address) => address,
            Err(why) => return self.add_not_undone(then, why),
        };
        if self.is_protected(address, &deed.account, id) {
            return self.add_not_undone(address, "protected by prevent_delete, left alone");
        }
        let old = self.still_replaces(address, &deed.account, kind);
        if let Some(old) = old.filter(|old| !self.is_former(address, old)) {
            let why = format!(
                "it replaced {old} of another account, which is still there; `telform apply --target {address}` finishes that"
            );
            return self.add_not_undone(address, why);
        }
        let others = self.serves_otherwise(kind, &deed.account, id, deeds);
        if !others.is_empty() {
            let why = format!("it now has {}, which it did not have after the run", others.join(", "));
            return self.add_not_undone(address, why);
        }
        let account = self.today.desired.accounts.get(&deed.account);
        if let Some(switch) = kind.delete.switch()
            && !account.is_some_and(|account| account.settings.contains_key(switch))
        {
            let why = format!("the service documents no way to delete it; the account allows trying with `{switch}`");
            return self.add_not_undone(address, why);
        }
        let facts = self.facts_of_account(&deed.account);
        let sent = deed.step.call.body.as_ref().map(CallBody::own_entries);
        let changed = sent.into_iter().flatten().any(|(name, payload)| {
            let (Some(field), BodyValue::Value(sent)) = (kind.field(name), payload) else { return false };
            let after = deed.after.and_then(|image| image.get(field.name));
            let now = live.attributes.get(field.name);
            !now.is_none_or(|now| {
                is_same_value(field, facts, sent, now)
                    || after.is_some_and(|after| is_same_value(field, facts, &after.into(), now))
            })
        });
        if changed {
            return self.add_not_undone(address, "changed since it was created; left alone");
        }
        if let Some(by) = self.still_named.get(id).cloned() {
            return self.add_not_undone(address, format!("{by} still names it"));
        }
        if let Some(old) = old {
            return self.reverse_replacement(address, &deed.account, kind, old);
        }
        self.undo.desired.objects.remove(address);
        self.undo.desired.removed.retain(|gone| gone.address != *address);
        self.undo.desired.removed.push(Removal {
            address: address.clone(),
            reason: Some(format!("run {} created it", self.run)),
            keep: false,
            account: Some(deed.account.clone()),
            id: Some(id.to_owned()),
            key: BTreeMap::new(),
            location: undo_place(),
        });
        self.undo.desired.kinds.insert(address.kind.clone());
        self.undo.about.insert(address.clone());
    }

    /// The object of an address, to be restored to its earlier state. Its protection does not change.
    fn object_to_restore(
        &mut self,
        address: &Address,
        account: &str,
        kind: &'static Kind,
        id: Option<&str>,
    ) -> &mut DesiredObject {
        let first = self.undo.about.insert(address.clone());
        self.undo.desired.removed.retain(|gone| gone.address != *address);
        self.undo.desired.kinds.insert(address.kind.clone());
        let remembered = self.today.ledger.objects.get(address).is_some_and(|entry| entry.prevent_delete);
        let declared = self.today.desired.objects.get(address).is_some_and(|object| object.prevent_delete);
        let known = remembered || declared;
        let plain = || DesiredObject {
            address: address.clone(),
            account: account.to_owned(),
            shapes: vec![kind],
            id: id.map(str::to_owned),
            attributes: FieldMap::new(),
            sourced_values: Vec::new(),
            numbers: None,
            unserved_numbers: BTreeSet::new(),
            use_put: false,
            prevent_delete: known,
            ignored_attributes: BTreeSet::new(),
            location: undo_place(),
            locations: FieldMap::new(),
        };
        // Back to the account that it was moved from, with a move like any other.
        if let Some(left) = self.moved.get(address).filter(|left| *left != account).cloned() {
            let moved = &mut self.undo.desired.moved;
            if !moved.iter().any(|it| it.to == *address && it.account.as_ref() == Some(&left)) {
                let (from, to) = (address.clone(), address.clone());
                let place = SourceLocation { file: "(undo)".into(), line: 1, column: 1 };
                moved.push(Rename { from, to, account: Some(left), location: place });
            }
        }
        if first {
            self.undo.desired.objects.insert(address.clone(), plain());
        }
        self.undo.desired.objects.entry(address.clone()).or_insert_with(plain)
    }
}

/// The position of everything that only an undo states.
fn undo_place() -> SourceLocation {
    SourceLocation { file: "(undo)".into(), line: 1, column: 1 }
}

fn is_same_value(field: &Field, facts: Option<&AccountFacts>, sent: &CompactValue, now: &CompactValue) -> bool {
    match facts {
        Some(facts) => field.same_in(&facts.catalogue, sent, now),
        None => field.catalogue.is_none() && field.values_equal(sent, now),
    }
}
