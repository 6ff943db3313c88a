//! A copy of what the services hold: what was read becomes the world in which a plan is rehearsed. No real secret goes into
//! it; where a service gives secrets back, made-up ones stand in that differ where the real ones differ.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde_json::{Map, json};

use crate::backend;
use crate::kind::{Access, Kind};
use crate::ledger::{Key, Ledger, Mark};
use crate::resource::{
    Account, Address, Connection, Desired, DesiredObject, LiveAccount, LiveObject, Target, Wanted,
};
use crate::sandbox::{
    BridgeGet, CarrierxKnobs, CarrierxWorld, ConfigPath, Configuration, DEFAULT_TOKEN, Delete, Link, Number,
    Organization, Partner, Profile, Provider, UnpodKnobs, UnpodWorld, World,
};
use crate::text::fits_mask;
use crate::value::{Fingerprint, Secret, Value};

/// A made-up text in the place of a secret.
#[derive(Debug, Clone)]
pub struct StandIn {
    /// Fingerprint of the real one; none when nobody supplied it.
    pub real: Option<Fingerprint>,
    /// The text.
    pub text: String,
}

impl StandIn {
    /// As it is sent.
    pub fn secret(&self) -> Secret {
        Secret::new(&self.text)
    }
}

/// By address and attribute.
pub type StandIns = BTreeMap<(Address, String), StandIn>;

/// Puts made-up secrets in the place of the real ones: in what is wanted, and in what the ledger remembers of it.
pub fn stand_in(desired: &mut Desired, ledger: &mut Ledger, key: &Key) -> StandIns {
    let mut all = StandIns::new();
    for (address, object) in &mut desired.objects {
        for (attribute, wanted) in &mut object.attributes {
            let Wanted::Secret(secret) = wanted else { continue };
            let Some(real) = secret.fingerprint.clone() else { continue };
            let text =
                format!("rehearsal-{}", key.seal("rehearsal", &address.name, attribute, &real).short());
            let made = key.fingerprint(&address.kind, attribute, &Secret::new(&text));
            secret.fingerprint = Some(made.clone());
            if let Some(entry) = ledger.objects.get_mut(address) {
                let seal = |print| key.seal(entry.seal_account(), &entry.id, attribute, print);
                let (known, now) = (seal(&real), seal(&made));
                let named = entry.seal_account().to_owned();
                let reshaped = entry.reshaped.get_mut(*attribute).map(|it| (&mut it.sent, &mut it.observed));
                let untaken = entry.not_taken.get_mut(*attribute).map(|it| (&mut it.sent, &mut it.observed));
                let other =
                    key.fingerprint(&address.kind, attribute, &Secret::new(&other(&entry.id, attribute)));
                for (sent, observed) in reshaped.into_iter().chain(untaken) {
                    if *sent == Mark::Secret(known.clone()) {
                        *sent = Mark::Secret(now.clone());
                        *observed = Mark::Secret(key.seal(&named, &entry.id, attribute, &other));
                    }
                }
                if let Some(kept) = entry.secrets.get_mut(*attribute).filter(|kept| **kept == known) {
                    *kept = now;
                }
            }
            all.insert((address.clone(), (*attribute).to_owned()), StandIn { real: Some(real), text });
        }
    }
    all
}

/// A secret of an object that is another one than the configuration has.
fn other(id: &str, name: &str) -> String {
    format!("rehearsal-other-{id}-{name}")
}

/// What one account's service holds.
pub struct Source<'a> {
    /// The account.
    pub account: &'a Account,
    /// What it answered.
    pub live: &'a LiveAccount,
    /// Which declared object a live one is, by kind and id.
    pub declared: &'a dyn Fn(&str, &str) -> Option<&'a DesiredObject>,
    /// Secrets of the rehearsal.
    pub stand_ins: &'a StandIns,
    /// Numbers that other accounts of the run connect: one that moves here is known here, too.
    pub elsewhere: &'a BTreeSet<&'a str>,
}

impl Source<'_> {
    /// The world of this account; the error says which object the simulator cannot hold.
    pub fn world(&self) -> Result<World, String> {
        let mut world = World::default();
        if self.account.backend.organization {
            world.unpod = self.unpod()?;
        } else {
            world.carrierx = self.carrierx();
        }
        Ok(world)
    }

    fn objects(&self, kind: &str) -> &[LiveObject] {
        self.live.objects.get(kind).map_or(&[], Vec::as_slice)
    }

    fn unpod(&self) -> Result<UnpodWorld, String> {
        let facts = &self.live.facts;
        let first = facts.generation == Some(1);
        let mut unpod = UnpodWorld {
            profile: if first { Profile::G1Snapshot } else { Profile::G2Documented },
            knobs: self.knobs(),
            ..UnpodWorld::default()
        };
        if let Some(handle) = &self.account.org_handle {
            unpod.organizations = vec![Organization::new(handle.as_str(), handle.as_str())];
        }
        let listed = facts.catalogue.iter().filter(|_| facts.catalogue_known);
        unpod.providers = listed
            .map(|entry| Provider {
                id: entry.id,
                name: entry.name.clone(),
                slug: entry.slug.clone().unwrap_or_default(),
                kind: if first { "VOICE_INFRA".to_owned() } else { String::new() },
                ..Provider::default()
            })
            .collect();
        for live in self.objects("providers") {
            unpod.configurations.push(self.row("providers", live, Some("id"))?);
        }
        self.others(&mut unpod);
        for live in self.objects("bridges") {
            let mut bridge: crate::sandbox::Bridge = self.row("bridges", live, None)?;
            bridge.slug.clone_from(&live.id);
            bridge.product_id = self.account.product_ids.first().cloned();
            bridge.numbers = self.numbers_on(&live.id);
            unpod.bridges.push(bridge);
        }
        unpod.numbers = self.numbers();
        Ok(unpod)
    }

    /// Configurations that serve a number here and are not among the account's: another organization's, or nobody's.
    fn others(&self, unpod: &mut UnpodWorld) {
        let known: BTreeSet<u64> = unpod.configurations.iter().map(|it| it.id).collect();
        let mut others: BTreeMap<u64, Option<&str>> = BTreeMap::new();
        for connection in self.live.connections.iter().flatten() {
            let owner = match &connection.target {
                Target::Foreign { owner, .. } => owner.as_deref(),
                // The service does not say whose it is.
                _ => Some("(another organization)"),
            };
            if let Some(id) =
                connection.target.id().and_then(|id| id.parse().ok()).filter(|id| !known.contains(id))
            {
                others.insert(id, owner);
            }
        }
        let provider =
            unpod.providers.first().map_or_else(|| "1".to_owned(), |provider| provider.id.to_string());
        for (id, owner) in others {
            if let Some(handle) =
                owner.filter(|handle| unpod.organizations.iter().all(|it| it.handle != *handle))
            {
                unpod.organizations.push(Organization { foreign: true, ..Organization::new(handle, handle) });
            }
            unpod.configurations.push(Configuration {
                id,
                organization: owner.map(str::to_owned),
                provider: provider.clone(),
                name: Some("another organization's".to_owned()),
                ..Configuration::default()
            });
        }
    }

    /// What was seen of how this copy of the service behaves.
    fn knobs(&self) -> UnpodKnobs {
        let facts = &self.live.facts;
        let connections = self.live.connections.as_deref().unwrap_or_default();
        let exact = connections.iter().any(|connection| matches!(connection.target, Target::Exact(_)));
        let providers = self.objects("providers");
        UnpodKnobs {
            config_path: match facts.configurations.as_deref() {
                Some("provider-configurations") => ConfigPath::Snapshot,
                Some(_) => ConfigPath::Documented,
                None => ConfigPath::Profile,
            },
            bridge_get: if exact { BridgeGet::ConfigurationId } else { BridgeGet::Plain },
            mask_account_sid: providers.iter().any(|live| !live.masked.is_empty()),
            mask_secrets: providers.iter().any(|live| live.secrets.values().any(Option::is_none)),
            disconnect_repaired: self.account.switches.contains("disconnect_works"),
            ..UnpodKnobs::default()
        }
    }

    /// An object as a row of the simulator, whose fields have the names of the tables.
    fn row<T: DeserializeOwned>(&self, kind: &str, live: &LiveObject, id: Option<&str>) -> Result<T, String> {
        let mut row = self.attributes(kind, live);
        row.retain(|_, value| !value.is_null());
        if let (Some(id), Ok(number)) = (id, live.id.parse::<u64>()) {
            row.insert(id.to_owned(), json!(number));
        }
        serde_json::from_value(Value::Object(row)).map_err(|error| format!("{kind} {}: {error}", live.id))
    }

    /// What can be written of an object, with made-up secrets.
    fn attributes(&self, kind: &str, live: &LiveObject) -> Map<String, Value> {
        let shape: Option<&'static Kind> = backend::shape(kind, self.live.facts.generation);
        let written = |name: &str| {
            shape.and_then(|shape| shape.field(name)).is_some_and(|field| field.access != Access::ReadOnly)
        };
        let declared = (self.declared)(kind, &live.id);
        let mut row: Map<String, Value> = live
            .attributes
            .iter()
            .filter(|(name, _)| written(name))
            .map(|(name, value)| ((*name).to_owned(), value.json()))
            .collect();
        for (name, masked) in &live.masked {
            // Of what is shown in part the YAML may know the whole.
            let whole = match declared.and_then(|object| object.attributes.get(name)) {
                Some(Wanted::Value(value)) => Some(value).filter(|value| {
                    let (masked, value) = (masked.as_str(), value.as_str());
                    masked.zip(value).is_some_and(|(masked, value)| fits_mask(masked, value))
                }),
                _ => None,
            };
            row.insert((*name).to_owned(), whole.unwrap_or(masked).json());
        }
        for (name, print) in &live.secrets {
            let stand_in = declared
                .and_then(|object| self.stand_ins.get(&(object.address.clone(), (*name).to_owned())))
                .filter(|stand_in| print.is_none() || stand_in.real == *print);
            let text = stand_in.map_or_else(|| other(&live.id, name), |known| known.text.clone());
            row.insert((*name).to_owned(), json!(text));
        }
        row
    }

    fn numbers_on(&self, slug: &str) -> IndexMap<String, Link> {
        let here = self.live.connections.iter().flatten().filter(|connection| connection.bridge == slug);
        let mut here: Vec<&Connection> = here.collect();
        // A bridge names the provider of the number that was put on it first, and others are inferred from that word
        // (unpod.md 10); so whoever was inferred comes first here too. What is recorded is known in any order.
        here.sort_by_key(|connection| !matches!(connection.target, Target::Inferred(_)));
        let links = here.into_iter().map(|connection| {
            let configuration = match &connection.target {
                Target::Ambiguous(ids) => ids.iter().next().map(String::as_str),
                target => target.id(),
            };
            let configuration = configuration.and_then(|id| id.parse().ok());
            (self.spelled(slug, &connection.number), Link::to(0, configuration))
        });
        links.collect()
    }

    /// A number as the service spells it.
    fn spelled(&self, bridge: &str, number: &str) -> String {
        let known = |bridge: &str| self.live.spellings.get(&(bridge.to_owned(), number.to_owned()));
        known(bridge).or_else(|| known("")).cloned().unwrap_or_else(|| number.to_owned())
    }

    fn numbers(&self) -> Vec<Number> {
        let mut ids: BTreeMap<&str, Option<u64>> = BTreeMap::new();
        for connection in self.live.connections.iter().flatten() {
            ids.insert(&connection.number, connection.number_id);
        }
        for (number, known) in &self.live.numbers {
            let id = ids.entry(number).or_default();
            *id = id.or(known.id);
        }
        for number in self.elsewhere {
            ids.entry(number).or_default();
        }
        let row = |(number, id): (&str, Option<u64>)| Number {
            id: id.unwrap_or_default(),
            number: {
                let live =
                    self.live.connections.iter().flatten().find(|connection| connection.number == number);
                self.spelled(live.map_or("", |connection| &connection.bridge), number)
            },
            ..Number::default()
        };
        ids.into_iter().map(row).collect()
    }

    fn carrierx(&self) -> CarrierxWorld {
        let delete = if self.account.switches.contains("partner_delete") {
            Delete::NoContent
        } else {
            CarrierxKnobs::default().delete
        };
        let partners = self.objects("partners").iter().map(|live| {
            let mut fields = self.attributes("partners", live);
            fields.extend(live.attributes.iter().map(|(name, value)| ((*name).to_owned(), value.json())));
            fields.insert("partner_sid".to_owned(), json!(live.id));
            Partner::new(fields)
        });
        CarrierxWorld {
            partners: partners.collect(),
            knobs: CarrierxKnobs { delete, ..CarrierxKnobs::default() },
            // Far from what a simulator gave before: a new sid must be new.
            next_partner: 1 << 40,
            ..CarrierxWorld::default()
        }
    }
}

/// What an account did not show.
pub fn unread(live: &LiveAccount) -> LiveAccount {
    LiveAccount {
        unreadable: live.unreadable.clone(),
        odd_rows: live.odd_rows.clone(),
        unlisted: live.unlisted.clone(),
        unlinked: live.unlinked.clone(),
        ..LiveAccount::default()
    }
}

/// Takes out of what a simulator shows what the service did not.
pub fn hide(live: &mut LiveAccount, unread: &LiveAccount) {
    live.unreadable.extend(unread.unreadable.clone());
    live.odd_rows.extend(unread.odd_rows.clone());
    live.unlisted.extend(unread.unlisted.clone());
    live.objects.retain(|kind, _| !unread.unlisted.contains_key(kind));
    if unread.unlinked.is_some() {
        live.unlinked.clone_from(&unread.unlinked);
        live.connections = None;
    }
}

/// The token of every rehearsal.
pub fn token() -> Secret {
    Secret::new(DEFAULT_TOKEN)
}
