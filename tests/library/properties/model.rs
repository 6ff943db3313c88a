//! The live state in its simplest form: objects by kind and id, and what really serves each number on a bridge.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use telform::model::kind::{AttributeType, Kind};
use telform::model::ledger::{FingerprintKey, Ledger};
use telform::model::resource::{
    AccountFacts, CatalogueEntry, Connection, FieldMap, Known, LiveAccount, LiveNumber, LiveObject, LiveState, OrganizationCheck,
    ServedBy,
};
use telform::model::value::{CompactValue, Secret};
use telform::services;

use crate::properties::dice::Dice;
use crate::properties::values::{self, NUMBERS};

pub(crate) const UNPOD: &str = "u";
pub(crate) const CARRIERX: &str = "c";

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Thing {
    pub(crate) attributes: BTreeMap<&'static str, Value>,
    pub(crate) secrets: BTreeMap<&'static str, String>,
    /// Waits for a human and is in no list.
    pub(crate) hidden: bool,
    /// Bridges: number to the id of the configuration that really serves it.
    pub(crate) servers: BTreeMap<String, Option<String>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Model {
    pub(crate) generation: u8,
    /// Generation 2: bridges do not say which configuration serves a number, only whose provider.
    pub(crate) vague: bool,
    /// Generation 1 with a disconnect that works.
    pub(crate) repaired: bool,
    /// Secrets that are given back come masked.
    pub(crate) masked: bool,
    pub(crate) objects: BTreeMap<(&'static str, String), Thing>,
    pub(crate) next: u64,
}

pub(crate) fn account_of(kind: &str) -> &'static str {
    if kind == "partners" { CARRIERX } else { UNPOD }
}

impl Model {
    pub(crate) fn kind(&self, name: &str) -> &'static Kind {
        services::shape_of_generation(name, Some(self.generation)).expect("a kind of this generation")
    }

    pub(crate) fn can_disconnect(&self) -> bool {
        self.generation == 2 || self.repaired
    }

    pub(crate) fn ids(&self, kind: &str) -> Vec<String> {
        self.objects.keys().filter(|(name, _)| *name == kind).map(|(_, id)| id.clone()).collect()
    }

    /// A model with some objects, mostly of different natural keys.
    pub(crate) fn roll(dice: &mut Dice) -> Self {
        let generation = if dice.once_in(3) { 1 } else { 2 };
        let mut model = Self {
            generation,
            vague: generation == 2 && dice.once_in(3),
            repaired: generation == 1 && dice.once_in(3),
            masked: dice.once_in(4),
            objects: BTreeMap::new(),
            next: 1000,
        };
        for (name, most) in [("providers", 6), ("bridges", 4), ("partners", 4)] {
            for index in 0..dice.below(most) {
                model.roll_object(name, index, dice);
            }
        }
        model.roll_servers(dice);
        model
    }

    fn roll_object(&mut self, name: &'static str, index: usize, dice: &mut Dice) {
        let kind = self.kind(name);
        let mut thing = Thing::default();
        for field in kind.fields.iter().filter(|field| field.ty != AttributeType::Numbers) {
            if field.ty == AttributeType::Secret {
                if dice.but_once_in(4) || field.required {
                    thing.secrets.insert(field.name, values::secret(dice));
                }
            } else if dice.but_once_in(16) || kind.natural_key.contains(&field.name) {
                thing.attributes.insert(field.name, values::shown(field, kind.generation, dice));
            }
        }
        if name == "providers" && self.generation == 1 {
            thing.attributes.insert("name", json!(format!("n{}", dice.below(4))));
        }
        let taken = self.objects.iter().any(|((other, _), there)| {
            *other == name && kind.natural_key.iter().all(|key| there.attributes.get(key) == thing.attributes.get(key))
        });
        let id = match name {
            "providers" => (41 + index).to_string(),
            "bridges" => thing.attributes[&"slug"].as_str().expect("a slug").to_owned(),
            _ => format!("sid-{index}"),
        };
        // Duplicates that the natural key cannot distinguish are rare, and bridges have none.
        if !taken || (name != "bridges" && dice.once_in(12)) {
            if name == "partners" {
                thing.attributes.insert("partner_sid", json!(id));
                thing.hidden = dice.once_in(16);
            }
            self.objects.insert((name, id), thing);
        }
    }

    /// A partner of the plainest values, with an identity of its own.
    pub(crate) fn add(&mut self, name: &'static str, id: &str, hidden: bool, dice: &mut Dice) {
        let others = std::mem::take(&mut self.objects);
        self.roll_object(name, 0, dice);
        let (_, mut thing) = self.objects.pop_first().expect("just rolled");
        self.objects = others;
        thing.hidden = hidden;
        thing.attributes.insert("partner_sid", json!(id));
        self.objects.insert((name, id.to_owned()), thing);
    }

    fn roll_servers(&mut self, dice: &mut Dice) {
        let (bridges, configurations) = (self.ids("bridges"), self.ids("providers"));
        for number in NUMBERS {
            let Some(slug) = dice.any(&bridges).filter(|_| dice.once_in(2)) else { continue };
            let server = dice.any(&configurations).filter(|_| dice.but_once_in(6));
            let bridge = self.objects.get_mut(&("bridges", slug)).expect("listed");
            bridge.servers.insert(number.to_owned(), server);
        }
    }

    /// Who serves each number, by bridge and number.
    pub(crate) fn servers(&self) -> BTreeMap<(String, String), Option<String>> {
        let bridges = self.objects.iter().filter(|((kind, _), _)| *kind == "bridges");
        bridges
            .flat_map(|((_, slug), thing)| {
                thing.servers.iter().map(move |(number, server)| ((slug.clone(), number.clone()), server.clone()))
            })
            .collect()
    }

    /// Who can be seen to serve a number: as the real attribution, the ledger decides only where the rows leave it open.
    fn target(&self, slug: &str, number: &str, server: Option<&String>, ledger: &Ledger) -> ServedBy {
        let Some(id) = server else { return ServedBy::Unserved };
        if !self.vague {
            return ServedBy::exact(id.clone());
        }
        let provider =
            |id: &String| self.objects.get(&("providers", id.clone())).and_then(|thing| thing.attributes.get("provider"));
        let candidates: BTreeSet<String> =
            self.ids("providers").into_iter().filter(|other| provider(other) == provider(id)).collect();
        match ledger.connected_configuration(UNPOD, slug, number) {
            _ if candidates.len() == 1 => ServedBy::inferred(id.clone()),
            Some(known) if candidates.contains(known) => ServedBy::recorded(known.to_owned()),
            _ => ServedBy::OneOf(candidates),
        }
    }

    fn shown(&self, kind: &'static Kind, id: &str, thing: &Thing, key: &FingerprintKey) -> LiveObject {
        let mut object = LiveObject {
            unexpected_shapes: FieldMap::new(),
            id: id.to_owned(),
            attributes: thing.attributes.iter().map(|(name, value)| (*name, value.into())).collect(),
            secrets: FieldMap::new(),
            masked: FieldMap::new(),
            unknown_names: Vec::new(),
            echoed_attributes: Vec::new(),
        };
        for field in kind.fields.iter().filter(|field| field.ty == AttributeType::Secret && field.secret_is_read_back) {
            match thing.secrets.get(field.name) {
                None => _ = object.attributes.insert(field.name, CompactValue::Null),
                Some(text) => {
                    let print = key.fingerprint_secret(kind.name, field.name, &Secret::new(text));
                    object.secrets.insert(field.name, (!self.masked).then_some(print));
                }
            }
        }
        object
    }

    /// What a complete reading shows.
    pub(crate) fn live(&self, ledger: &Ledger, key: &FingerprintKey) -> LiveState {
        let mut unpod = LiveAccount { facts: self.facts(), ..LiveAccount::default() };
        let mut carrierx = LiveAccount::default();
        for kind in ["providers", "bridges", "partners"] {
            let account = if kind == "partners" { &mut carrierx } else { &mut unpod };
            account.objects.insert(kind, Vec::new());
        }
        for ((kind, id), thing) in self.objects.iter().filter(|(_, thing)| !thing.hidden) {
            let account = if *kind == "partners" { &mut carrierx } else { &mut unpod };
            account.objects.entry(kind).or_default().push(self.shown(self.kind(kind), id, thing, key));
        }
        for (index, number) in NUMBERS.iter().enumerate() {
            let id = (self.generation == 1).then_some(500 + index as u64);
            unpod.numbers.insert((*number).to_owned(), LiveNumber { id, bridge: None });
        }
        let connection = |((bridge, number), server): (&(String, String), &Option<String>)| {
            let served_by = self.target(bridge, number, server.as_ref(), ledger);
            let recorded = matches!(served_by, ServedBy::By { known: Known::Recorded, .. });
            let others = self.objects.keys().filter(|(kind, id)| *kind == "providers" && served_by.id() != Some(id));
            Connection {
                bridge: bridge.clone(),
                number: number.clone(),
                number_id: unpod.numbers[number].id,
                other_candidates: others.filter(|_| recorded).map(|(_, id)| id.clone()).collect(),
                served_by,
            }
        };
        unpod.connections = Some(self.servers().iter().map(connection).collect());
        LiveState { accounts: BTreeMap::from([(UNPOD.to_owned(), unpod), (CARRIERX.to_owned(), carrierx)]), read_at: None }
    }

    fn facts(&self) -> AccountFacts {
        let rows: [(u64, &str, &str); 3] = match self.generation {
            1 => [(4, "", "LiveKit"), (5, "", "Daily"), (6, "", "Vapi")],
            _ => [(1, "twilio", "Twilio"), (2, "plivo", "Plivo"), (3, "exotel", "Exotel")],
        };
        let entry = |(id, slug, name): (u64, &str, &str)| CatalogueEntry {
            id,
            slug: (!slug.is_empty()).then(|| slug.to_owned()),
            name: name.to_owned(),
        };
        AccountFacts {
            catalogue_known: true,
            generation: Some(self.generation),
            configurations: Some("providers-configurations".to_owned()),
            organization: OrganizationCheck::Confirmed,
            catalogue: rows.into_iter().map(entry).collect(),
            ..AccountFacts::default()
        }
    }
}
