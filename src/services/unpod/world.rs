//! What an account holds, as a world of the simulator.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use indexmap::IndexMap;

use crate::model::kind::SettingRole;
use crate::model::resource::{Connection, Known, ServedBy};
use crate::sandbox::{
    BridgeGet, ConfigPath, Profile, SimulatedConfiguration, SimulatedLink, SimulatedNumber, SimulatedOrganization,
    SimulatedProvider, UnpodKnobs, UnpodWorld, World,
};
use crate::services::copy::Source;

/// The world of this account; the error says which object the simulator cannot hold.
pub(super) fn world(source: &Source<'_>) -> Result<World, String> {
    Ok(World { unpod: Copied(source).world()?, ..World::default() })
}

struct Copied<'s, 'a>(&'s Source<'a>);

impl<'a> Deref for Copied<'_, 'a> {
    type Target = Source<'a>;

    fn deref(&self) -> &Source<'a> {
        self.0
    }
}

impl Copied<'_, '_> {
    fn world(&self) -> Result<UnpodWorld, String> {
        let facts = &self.live.facts;
        let first = facts.generation == Some(1);
        let mut unpod = UnpodWorld {
            profile: if first { Profile::G1Snapshot } else { Profile::G2Documented },
            knobs: self.knobs(),
            ..UnpodWorld::default()
        };
        if let Some(handle) = self.account.organization() {
            unpod.organizations = vec![SimulatedOrganization::new(handle, handle)];
        }
        let listed = facts.catalogue.iter().filter(|_| facts.catalogue_known);
        unpod.providers = listed
            .map(|entry| SimulatedProvider {
                id: entry.id,
                name: entry.name.clone(),
                slug: entry.slug.clone().unwrap_or_default(),
                kind: if first { "VOICE_INFRA".to_owned() } else { String::new() },
                ..SimulatedProvider::default()
            })
            .collect();
        for live in self.live_objects("providers") {
            unpod.configurations.push(self.simulator_row("providers", live, Some("id"))?);
        }
        self.others(&mut unpod);
        for live in self.live_objects("bridges") {
            let mut bridge: crate::sandbox::SimulatedBridge = self.simulator_row("bridges", live, None)?;
            bridge.slug.clone_from(&live.id);
            bridge.product_id = self.account.products().first().map(|product| (*product).to_owned());
            bridge.numbers = self.numbers_on(&live.id);
            unpod.bridges.push(bridge);
        }
        unpod.numbers = self.numbers();
        Ok(unpod)
    }

    /// Configurations that serve a number here and do not belong to the account: of another organization, or of none.
    fn others(&self, unpod: &mut UnpodWorld) {
        let known: BTreeSet<u64> = unpod.configurations.iter().map(|it| it.id).collect();
        let mut others: BTreeMap<u64, Option<&str>> = BTreeMap::new();
        for connection in self.live.connections.iter().flatten() {
            let owner = match &connection.served_by {
                ServedBy::Foreign { owner, .. } => owner.as_deref(),
                // The service does not report its owner.
                _ => Some("(another organization)"),
            };
            if let Some(id) = connection.served_by.id().and_then(|id| id.parse().ok()).filter(|id| !known.contains(id)) {
                others.insert(id, owner);
            }
        }
        let provider = unpod.providers.first().map_or_else(|| "1".to_owned(), |provider| provider.id.to_string());
        for (id, owner) in others {
            if let Some(handle) = owner.filter(|handle| unpod.organizations.iter().all(|it| it.handle != *handle)) {
                unpod.organizations.push(SimulatedOrganization { foreign: true, ..SimulatedOrganization::new(handle, handle) });
            }
            unpod.configurations.push(SimulatedConfiguration {
                id,
                organization: owner.map(str::to_owned),
                provider: provider.clone(),
                name: Some("another organization's".to_owned()),
                ..SimulatedConfiguration::default()
            });
        }
    }

    /// The observed behaviour of this copy of the service.
    fn knobs(&self) -> UnpodKnobs {
        let facts = &self.live.facts;
        let connections = self.live.connections.as_deref().unwrap_or_default();
        let exact = connections.iter().any(|connection| matches!(connection.served_by, ServedBy::By { known: Known::Exact, .. }));
        let providers = self.live_objects("providers");
        UnpodKnobs {
            config_path: match facts.configurations.as_deref() {
                Some("provider-configurations") => ConfigPath::Snapshot,
                Some(_) => ConfigPath::Documented,
                None => ConfigPath::Profile,
            },
            bridge_get: if exact { BridgeGet::ConfigurationId } else { BridgeGet::Plain },
            mask_account_sid: providers.iter().any(|live| !live.masked.is_empty()),
            mask_secrets: providers.iter().any(|live| live.secrets.values().any(Option::is_none)),
            disconnect_repaired: self.account.allows(SettingRole::Disconnect),
            ..UnpodKnobs::default()
        }
    }

    fn numbers_on(&self, slug: &str) -> IndexMap<String, SimulatedLink> {
        let here = self.live.connections.iter().flatten().filter(|connection| connection.bridge == slug);
        let mut here: Vec<&Connection> = here.collect();
        // A bridge names the provider of the number that was added first, and others are inferred from that name
        // (unpod.md 10); so the inferred one comes first here, too. Recorded ones are known in any order.
        here.sort_by_key(|connection| !matches!(connection.served_by, ServedBy::By { known: Known::Inferred, .. }));
        let links = here.into_iter().map(|connection| {
            let configuration = match &connection.served_by {
                ServedBy::OneOf(ids) => ids.iter().next().map(String::as_str),
                target => target.id(),
            };
            let configuration = configuration.and_then(|id| id.parse().ok());
            (self.spelled(slug, &connection.number), SimulatedLink::to_configuration(0, configuration))
        });
        links.collect()
    }

    /// A number as the service spells it.
    fn spelled(&self, bridge: &str, number: &str) -> String {
        let known = |bridge: &str| self.live.spellings.get(&(bridge.to_owned(), number.to_owned()));
        known(bridge).or_else(|| known("")).cloned().unwrap_or_else(|| number.to_owned())
    }

    fn numbers(&self) -> Vec<SimulatedNumber> {
        let mut ids: BTreeMap<&str, Option<u64>> = BTreeMap::new();
        for connection in self.live.connections.iter().flatten() {
            ids.insert(&connection.number, connection.number_id);
        }
        for (number, known) in &self.live.numbers {
            let id = ids.entry(number).or_default();
            *id = id.or(known.id);
        }
        for number in self.numbers_of_other_accounts {
            ids.entry(number).or_default();
        }
        let row = |(number, id): (&str, Option<u64>)| SimulatedNumber {
            id: id.unwrap_or_default(),
            number: {
                let live = self.live.connections.iter().flatten().find(|connection| connection.number == number);
                self.spelled(live.map_or("", |connection| &connection.bridge), number)
            },
            ..SimulatedNumber::default()
        };
        ids.into_iter().map(row).collect()
    }
}
