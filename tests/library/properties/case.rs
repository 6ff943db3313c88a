//! One case: the configuration, the live state, the ledger, and the options of the run.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use litemap::LiteMap;
use serde_json::Value;
use telform::model::guards::Guards;
use telform::model::kind::{AttributeAccess, AttributeType, Kind};
use telform::model::ledger::{FingerprintKey, Ledger, ManagedObject, ObjectOrigin, PendingCreate};
use telform::model::resource::{
    Account, AccountSettings, Address, Desired, DesiredNumber, DesiredObject, DesiredSecret, DesiredValue, FieldMap, LiveState,
    NumberEntry, Removal, SecretSource, SettingValue, SourceLocation,
};
use telform::model::value::{CompactValue, Secret};
use telform::plan::{Inputs, Plan, PlanOptions};
use telform::services;

use crate::properties::dice::Dice;
use crate::properties::model::{CARRIERX, Model, Thing, UNPOD, account_of};
use crate::properties::values::{self, NUMBERS};

const KINDS: [(&str, &[&str]); 3] =
    [("providers", &["p0", "p1", "p2", "p3"]), ("bridges", &["b0", "b1", "b2"]), ("partners", &["a0", "a1", "a2"])];

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) model: Model,
    pub(crate) desired: Desired,
    pub(crate) ledger: Ledger,
    pub(crate) options: PlanOptions,
    /// The actual values of the wanted secrets.
    pub(crate) secrets: BTreeMap<(Address, String), String>,
    pub(crate) key: FingerprintKey,
}

pub(crate) fn key() -> FingerprintKey {
    FingerprintKey::from_text("5f0c1e9a7b3d284c6a91e0f7d2b84c3e").expect("long enough")
}

pub(crate) fn plan(case: &Case, live: &LiveState) -> Plan {
    let Case { desired, ledger, options, key, .. } = case;
    Plan::new(&Inputs { desired, live, ledger, key, options })
}

impl Case {
    pub(crate) fn live(&self) -> LiveState {
        self.model.live(&self.ledger, &self.key)
    }

    /// A consistent case, as in practice: the ledger may have lost something, but it does not lie.
    pub(crate) fn roll(dice: &mut Dice) -> Self {
        let model = Model::roll(dice);
        let mut case = Self {
            desired: Desired { accounts: accounts(&model, dice), ..Desired::default() },
            model,
            ledger: Ledger::default(),
            options: PlanOptions::default(),
            secrets: BTreeMap::new(),
            key: key(),
        };
        case.desired.guards = guards(dice);
        for (kind, names) in KINDS {
            if dice.once_in(6) {
                continue; // No file mentions this kind.
            }
            case.desired.kinds.insert(kind.into());
            let count = dice.below(names.len() + 1);
            for name in &names[..count] {
                case.want(kind, name, dice);
            }
        }
        case.roll_numbers(dice);
        case.roll_references(dice);
        case.roll_ledger(dice);
        case.roll_removed(dice);
        case
    }

    pub(crate) fn want(&mut self, name: &'static str, own: &str, dice: &mut Dice) {
        let address = Address::new(name, own);
        let kind = self.model.kind(name);
        let base = dice.any(&self.model.ids(name)).filter(|_| dice.but_once_in(3));
        let base = base.and_then(|id| self.model.objects.get(&(name, id))).cloned();
        let mut attributes = BTreeMap::new();
        for field in kind.fields {
            let wanted = if field.ty == AttributeType::Secret {
                let stated = field.required || dice.once_in(2);
                stated.then(|| self.roll_secret(&address, field.name, base.as_ref(), dice))
            } else if values::plain(field) {
                plain(kind, field.name, base.as_ref(), dice).map(|value| DesiredValue::Value(value.into()))
            } else {
                None
            };
            attributes.extend(wanted.map(|wanted| (field.name, wanted)));
        }
        if name == "providers" && self.model.generation == 1 && base.is_none() {
            attributes.insert("name", DesiredValue::Value(format!("n{}", dice.below(5)).into()));
        }
        let twin = self.desired.objects.values().any(|other| {
            let same = |key: &&str| text(other, key) == attributes.get(key).map(|wanted| format!("{wanted:?}"));
            other.address.kind == name && kind.natural_key.iter().all(same)
        });
        if twin && dice.but_once_in(16) {
            return; // The loader finds two addresses of one object.
        }
        let mut ignore = BTreeSet::new();
        if dice.once_in(6) {
            ignore.extend(kind.fields.iter().filter(|field| field.required).map(|field| field.name.to_owned()).take(2));
        }
        let object = DesiredObject {
            address: address.clone(),
            account: account_of(name).to_owned(),
            shapes: vec![kind],
            id: None,
            attributes: attributes.into_iter().collect(),
            sourced_values: Vec::new(),
            numbers: None,
            unserved_numbers: Default::default(),
            use_put: name == "partners" && dice.once_in(3),
            prevent_delete: dice.once_in(8),
            ignored_attributes: ignore,
            location: SourceLocation { file: "telform.yaml".into(), line: 1, column: 1 },
            locations: FieldMap::new(),
        };
        let claims = self.by_key(&object);
        let claimed = self
            .desired
            .objects
            .values()
            .any(|other| other.address.kind == name && claims.is_some() && self.by_key(other) == claims);
        if claimed && dice.but_once_in(16) {
            return; // Another spelling of the same: the plan would be refused.
        }
        self.desired.objects.insert(address, object);
    }

    fn roll_secret(&mut self, address: &Address, field: &str, base: Option<&Thing>, dice: &mut Dice) -> DesiredValue {
        let kept = base.and_then(|thing| thing.secrets.get(field)).filter(|_| dice.once_in(2)).cloned();
        let text = kept.unwrap_or_else(|| values::secret(dice));
        let supplied = dice.but_once_in(8);
        let fingerprint = supplied.then(|| self.key.fingerprint_secret(&address.kind, field, &Secret::new(&text)));
        if supplied {
            self.secrets.insert((address.clone(), field.to_owned()), text);
        }
        let source = SecretSource::Env(format!("{}_{field}", address.name));
        DesiredValue::Secret(Box::new(DesiredSecret { source, fingerprint, made_up: false }))
    }

    /// Numbers of the declared bridges: each number on one of them at most.
    fn roll_numbers(&mut self, dice: &mut Dice) {
        let addresses = |desired: &Desired, kind: &str| -> Vec<Address> {
            desired.objects.keys().filter(|address| address.kind == kind).cloned().collect()
        };
        let (bridges, providers) = (addresses(&self.desired, "bridges"), addresses(&self.desired, "providers"));
        for bridge in &bridges {
            if dice.but_once_in(3) {
                self.desired.objects.get_mut(bridge).expect("listed").numbers = Some(BTreeMap::new());
            }
        }
        for number in NUMBERS {
            let (Some(bridge), Some(provider)) = (dice.any(&bridges), dice.any(&providers)) else { return };
            let wanted = &mut self.desired.objects.get_mut(&bridge).expect("listed").numbers;
            if let Some(numbers) = wanted.as_mut().filter(|_| dice.once_in(2)) {
                numbers
                    .insert(number.to_owned(), DesiredNumber { provider, as_shown: false, location: SourceLocation::default() });
            }
        }
        if dice.once_in(3) {
            return; // No file mentions numbers that are entries of their own.
        }
        self.desired.kinds.insert("numbers".into());
        let in_maps: BTreeSet<String> =
            self.desired.objects.values().flat_map(|object| object.numbers.iter().flat_map(|it| it.keys())).cloned().collect();
        let open: Vec<Address> = bridges.into_iter().filter(|bridge| self.desired.objects[bridge].numbers.is_none()).collect();
        for number in NUMBERS.into_iter().filter(|number| !in_maps.contains(*number)) {
            let (Some(bridge), Some(provider)) = (dice.any(&open), dice.any(&providers)) else { return };
            if dice.once_in(2) {
                let address = Address::new("numbers", number);
                let wanted = DesiredNumber { provider, as_shown: false, location: SourceLocation::default() };
                let (account, number) = (UNPOD.to_owned(), number.to_owned());
                let entry = NumberEntry { address: address.clone(), account, number, bridge, wanted };
                self.desired.number_entries.insert(address, entry);
            }
        }
    }

    /// Partners below others that are declared; each below an earlier one, so that none is below itself.
    fn roll_references(&mut self, dice: &mut Dice) {
        let partners: Vec<Address> = self.desired.objects.keys().filter(|address| address.kind == "partners").cloned().collect();
        for (index, address) in partners.iter().enumerate().skip(1) {
            if dice.once_in(3) {
                let parent = partners[dice.below(index)].to_string();
                let object = self.desired.objects.get_mut(address).expect("listed");
                object.attributes.insert("parent_sid", DesiredValue::Value(parent.as_str().into()));
            }
        }
    }

    /// Numbers that were entries of their own in an earlier run.
    fn remember_numbers(&mut self, dice: &mut Dice) {
        for number in NUMBERS {
            let on = self.model.servers().into_keys().find(|(_, other)| other == number).map(|(bridge, _)| bridge);
            let on = on.filter(|_| dice.but_once_in(4)).or_else(|| dice.any(&self.model.ids("bridges")));
            if let Some(bridge) = on.filter(|_| dice.once_in(3)) {
                let mut entry = entry(UNPOD, number);
                entry.key.insert("bridge".into(), bridge.as_str().into());
                self.ledger.objects.insert(Address::new("numbers", number), entry);
            }
        }
    }

    fn roll_ledger(&mut self, dice: &mut Dice) {
        if dice.once_in(5) {
            return; // Lost.
        }
        self.ledger.key_check = Some(self.key.key_check());
        let mut used = BTreeSet::new();
        for (kind, names) in KINDS {
            for name in names {
                let address = Address::new(kind, name);
                let by_key = self.desired.objects.get(&address).and_then(|object| self.by_key(object));
                let others = self.desired.objects.values().filter(|other| other.address != address);
                let others = others.filter(|other| other.address.kind == kind);
                let others: Vec<String> = others.filter_map(|other| self.by_key(other)).collect();
                let mut ids = self.model.ids(kind);
                ids.retain(|id| !others.contains(id) || dice.once_in(24));
                let id = by_key.filter(|_| dice.but_once_in(4)).or_else(|| dice.any(&ids));
                let gone = dice.once_in(12);
                let Some(id) = id.filter(|id| dice.once_in(2) && (gone || used.insert((kind, id.clone())))) else {
                    continue;
                };
                let id = if gone { format!("9{}", used.len()) } else { id };
                self.remember(kind, address, id, dice);
            }
        }
        self.remember_numbers(dice);
        for ((bridge, number), server) in self.model.servers() {
            if let Some(server) = server.filter(|_| dice.once_in(2)) {
                self.ledger.note_connected(UNPOD, &bridge, &number, &server);
            }
        }
    }

    fn remember(&mut self, kind: &'static str, address: Address, id: String, dice: &mut Dice) {
        let thing = self.model.objects.get(&(kind, id.clone()));
        let mut entry = entry(account_of(kind), &id);
        entry.prevent_delete = dice.once_in(8);
        entry.hidden_since = thing.filter(|thing| thing.hidden).map(|_| "2026-11-22T00:00:00Z".to_owned());
        for (name, text) in thing.iter().flat_map(|thing| &thing.secrets).filter(|_| dice.but_once_in(4)) {
            let print = self.key.fingerprint_secret(kind, name, &Secret::new(text));
            entry.secrets.insert((*name).to_owned(), self.key.seal_fingerprint(&entry.account, &id, name, &print));
        }
        let known: Vec<&String> = self.ledger.objects.values().map(|entry| &entry.id).collect();
        let other = dice.any(&self.model.ids(kind)).filter(|other| *other != id && !known.contains(&other));
        if let Some(other) = other.filter(|_| kind != "partners" && dice.once_in(10)) {
            entry.former.insert(other.clone());
            entry.replaced.insert(other);
        }
        if kind == "partners" && thing.is_none() && dice.once_in(2) {
            let attempt = PendingCreate { account: CARRIERX.into(), key: LiteMap::new(), since: "2026".into(), created: None };
            self.ledger.attempts.insert(address, attempt);
            return;
        }
        self.ledger.objects.insert(address, entry);
    }

    fn roll_removed(&mut self, dice: &mut Dice) {
        for (kind, names) in KINDS {
            for name in names {
                let address = Address::new(kind, name);
                if self.desired.objects.contains_key(&address) || dice.but_once_in(4) {
                    continue;
                }
                let id = dice.any(&self.model.ids(kind)).filter(|_| dice.once_in(2));
                let claimed = self.desired.objects.values().filter_map(|object| self.by_key(object));
                let id = id.filter(|id| !claimed.into_iter().any(|other| other == *id));
                // A tombstone that names an object other than the ledger's deletes that object; the ledger's object stays open.
                let other = |entry: &ManagedObject| id.as_ref().is_some_and(|id| *id != entry.id);
                if self.ledger.objects.get(&address).is_some_and(other) {
                    continue;
                }
                // What neither the ledger nor an id identifies is refused.
                if id.is_none() && !self.ledger.objects.contains_key(&address) && dice.but_once_in(8) {
                    continue;
                }
                let place = SourceLocation::default();
                let removal =
                    Removal { address, reason: None, keep: false, account: None, id, key: BTreeMap::new(), location: place };
                self.desired.removed.push(removal);
            }
        }
    }

    /// The live object that an address would find by its natural key. A visible one comes before one that waits for a human:
    /// the planner does not know the latter.
    pub(crate) fn by_key(&self, object: &DesiredObject) -> Option<String> {
        let kind = self.model.kind(&object.address.kind);
        let fits = |thing: &Thing| {
            kind.natural_key.iter().all(|name| match (object.attributes.get(name), thing.attributes.get(name)) {
                (Some(DesiredValue::Value(wanted)), Some(shown)) => self.same(kind, name, &wanted.json(), shown),
                _ => false,
            })
        };
        let found = self.model.objects.iter().filter(|((name, _), thing)| *name == kind.name && fits(thing));
        found.min_by_key(|(_, thing)| thing.hidden).map(|((_, id), _)| id.clone())
    }

    pub(crate) fn same(&self, kind: &Kind, name: &str, a: &Value, b: &Value) -> bool {
        let field = kind.field(name).expect("a field");
        let (a, b) = (&CompactValue::from(a), &CompactValue::from(b));
        field.same_in(&self.live().accounts[UNPOD].facts.catalogue, a, b)
    }
}

fn text(object: &DesiredObject, name: &str) -> Option<String> {
    object.attributes.get(name).map(|wanted| format!("{wanted:?}"))
}

/// Mostly the present value; sometimes another value; sometimes nothing.
fn plain(kind: &Kind, name: &str, base: Option<&Thing>, dice: &mut Dice) -> Option<Value> {
    let field = kind.field(name)?;
    let needed = kind.natural_key.contains(&name) || (field.required && dice.but_once_in(24));
    if !needed && dice.but_once_in(2) {
        return None;
    }
    let rarely = if field.access == AttributeAccess::CreateOnly { 24 } else { 4 };
    match base.and_then(|thing| thing.attributes.get(name)).filter(|_| dice.but_once_in(rarely)) {
        Some(value) if !(field.required && value.is_null()) => Some(values::respelled(field, kind.generation, value, dice)),
        _ => Some(values::wanted(kind, field, dice)),
    }
}

pub(crate) fn entry(account: &str, id: &str) -> ManagedObject {
    ManagedObject {
        account: account.to_owned(),
        id: id.to_owned(),
        origin: ObjectOrigin::Created,
        since: "2026-11-22T00:00:00Z".to_owned(),
        key: LiteMap::new(),
        secrets: LiteMap::new(),
        unreadable: Default::default(),
        submitted: LiteMap::new(),
        reshaped: LiteMap::new(),
        not_taken: LiteMap::new(),
        seen: Default::default(),
        hidden_since: None,
        former: BTreeSet::new(),
        replaced: BTreeSet::new(),
        prevent_delete: false,
        left_behind: BTreeSet::new(),
        sealed_as: None,
    }
}

fn guards(dice: &mut Dice) -> Guards {
    let limits = [Some(9), Some(9), Some(1), None];
    Guards {
        max_deletes: dice.pick(&limits),
        max_delete_percent: dice.pick(&[None, None, None, Some(50)]),
        max_updates: dice.pick(&[None, None, Some(9), Some(1)]),
        max_update_percent: dice.pick(&[None, None, Some(50)]),
        max_numbers_dark: dice.pick(&limits),
        max_connections_muted: None,
    }
}

fn accounts(model: &Model, dice: &mut Dice) -> IndexMap<String, Account> {
    let handle = SettingValue::Text("acme.example".to_owned());
    let mut settings = AccountSettings::from([("org_handle", handle), ("all_products", SettingValue::On)]);
    if model.repaired {
        settings.insert("disconnect_works", SettingValue::On);
    }
    if dice.once_in(2) {
        settings.insert("partner_delete", SettingValue::On);
    }
    let account = |name: &str, service: &'static telform::model::kind::ServiceTable| Account {
        name: name.to_owned(),
        service,
        base_url: service.base_url.parse().expect("a URL"),
        previous_base_url: None,
        settings: settings.clone().into_iter().filter(|(name, _)| service.setting(name).is_some()).collect(),
        token: SecretSource::Env("TOKEN".to_owned()),
        token_location: SourceLocation::default(),
        requests_per_minute: None,
        max_in_flight: None,
        settle_after: telform::model::resource::SETTLE_AFTER,
        guards: Guards::default(),
        location: SourceLocation::default(),
    };
    IndexMap::from([
        (UNPOD.to_owned(), account(UNPOD, &services::unpod::TABLE)),
        (CARRIERX.to_owned(), account(CARRIERX, &services::carrierx::TABLE)),
    ])
}
