//! Fills in what a hand-written world omits, and reports inconsistencies.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde_json::Value;

use super::super::catalogue;
use super::super::ids;
use super::{
    NextIds, NumberState, OTHER_FIELDS, PUBLIC_FIELDS, Partner, Profile, SimulatedConfiguration, SimulatedLink, SimulatedNumber,
    SimulatedOrganization, UnpodWorld, World,
};

impl World {
    /// The same world with every id, owner and state filled in. Tidying twice changes nothing more.
    #[must_use]
    pub fn tidied(mut self) -> Self {
        self.tidy();
        self
    }

    /// See [`World::tidied`].
    pub(crate) fn tidy(&mut self) {
        let now = self.now();
        self.unpod.tidy(now);
        self.telnyx.tidy(now);
        self.carrierx.tidy_rows();
        let made = ids::milliseconds(now);
        for partner in &mut self.carrierx.partners {
            if partner.sid().is_empty() {
                ids::name_partner(partner, &mut self.carrierx.next_partner);
            }
            tidy_partner(partner, &self.carrierx.account_sid, &made);
        }
    }

    /// Contradictions, as sentences; empty for a valid world.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = self.unpod.problems();
        problems.extend(self.telnyx.problems());
        problems.extend(self.carrierx.row_problems());
        let mut sids = HashSet::new();
        for partner in &self.carrierx.partners {
            let who = if partner.text("login").is_empty() { partner.sid() } else { partner.text("login") };
            if !sids.insert(partner.sid()) {
                problems.push(format!("carrierx.partners: two partners have the sid {}", partner.sid()));
            }
            for field in partner.fields.keys().map(String::as_str) {
                if !PUBLIC_FIELDS.contains(&field) && !OTHER_FIELDS.contains(&field) {
                    problems.push(format!("carrierx.partners: {who} has an unknown field {field}"));
                }
            }
        }
        problems
    }
}

fn tidy_partner(partner: &mut Partner, account: &str, made: &str) {
    let fields = &mut partner.fields;
    if !fields.contains_key("date_created") {
        fields.insert("date_created".into(), made.into());
    }
    if !fields.contains_key("parent_sid") {
        fields.insert("parent_sid".into(), account.into());
    }
    if !fields.contains_key("status") {
        fields.insert("status".into(), if partner.verified { "active" } else { "unverified" }.into());
    }
    // YAML reads an unquoted 90804 as a number; every scalar of a partner but the admin's `id` is text on the wire.
    for (field, value) in fields.iter_mut() {
        if let Value::Number(number) = value
            && field != "id"
        {
            *value = number.to_string().into();
        }
    }
}

impl UnpodWorld {
    fn tidy(&mut self, now: Timestamp) {
        if self.providers.is_empty() {
            self.providers = catalogue::usual_providers(self.profile);
        }
        self.tidy_organizations(now);
        let home = self.organizations.first().map(|o| o.handle.clone());
        for configuration in &mut self.configurations {
            default_owner(&mut configuration.organization, home.as_ref());
            configuration.created_at.get_or_insert(now);
        }
        for bridge in &mut self.bridges {
            if bridge.organization.is_empty() {
                bridge.organization = home.clone().unwrap_or_default();
            }
            bridge.created_at.get_or_insert(now);
            if bridge.name.is_empty() {
                bridge.name = bridge.slug.clone();
            }
        }
        self.add_numbers_of_bridges();
        for number in &mut self.numbers {
            default_owner(&mut number.organization, home.as_ref());
        }
        self.number_rows();
        self.use_catalogue_keys();
        self.mark_assigned();
        for bridge in &mut self.bridges {
            if bridge.slug.is_empty() {
                bridge.slug = ids::slug(&bridge.name, bridge.id);
            }
        }
    }

    fn tidy_organizations(&mut self, now: Timestamp) {
        for organization in &mut self.organizations {
            let SimulatedOrganization { handle, name, domain, created_at, .. } = organization;
            for text in [name, domain] {
                if text.is_empty() {
                    text.clone_from(handle);
                }
            }
            created_at.get_or_insert(now);
        }
        give_ids(&mut self.organizations, &mut self.next_ids.organization, |o| &mut o.id);
        for organization in &mut self.organizations {
            if organization.token.is_empty() {
                organization.token = ids::organization_token(organization.id);
            }
        }
    }

    /// A number that is only mentioned on a bridge nevertheless exists; it has the owner of its bridge.
    fn add_numbers_of_bridges(&mut self) {
        let mut known: HashSet<&str> = self.numbers.iter().map(|n| n.number.as_str()).collect();
        let configurations: HashMap<u64, &SimulatedConfiguration> =
            self.configurations.iter().filter(|c| c.id != 0).map(|c| (c.id, c)).collect();
        let mut missing: Vec<SimulatedNumber> = Vec::new();
        for bridge in &self.bridges {
            for (number, link) in &bridge.numbers {
                if !known.insert(number) {
                    continue;
                }
                let configuration = link.configuration.and_then(|id| configurations.get(&id));
                missing.push(SimulatedNumber {
                    number: number.clone(),
                    organization: Some(bridge.organization.clone()),
                    provider: configuration.map(|c| c.provider.clone()),
                    account: configuration.and_then(|c| c.account_sid.clone()),
                    ..SimulatedNumber::default()
                });
            }
        }
        self.numbers.append(&mut missing);
    }

    fn number_rows(&mut self) {
        let NextIds { configuration, bridge, number, link, .. } = &mut self.next_ids;
        give_ids(&mut self.configurations, configuration, |c| &mut c.id);
        give_ids(&mut self.bridges, bridge, |b| &mut b.id);
        give_ids(&mut self.numbers, number, |n| &mut n.id);
        let mut links: Vec<&mut SimulatedLink> = self.bridges.iter_mut().flat_map(|b| b.numbers.values_mut()).collect();
        give_ids(&mut links, link, |l| &mut l.id);
    }

    fn use_catalogue_keys(&mut self) {
        let (profile, providers) = (self.profile, &self.providers);
        let key = |written: &mut String| {
            if let Some(found) = catalogue::find(providers, written) {
                *written = catalogue::provider_key(profile, found);
            }
        };
        self.configurations.iter_mut().for_each(|c: &mut SimulatedConfiguration| key(&mut c.provider));
        self.numbers.iter_mut().filter_map(|n| n.provider.as_mut()).for_each(key);
    }

    fn mark_assigned(&mut self) {
        let on_bridges: HashSet<&str> = self.bridges.iter().flat_map(|b| b.numbers.keys().map(String::as_str)).collect();
        for number in &mut self.numbers {
            if number.state == NumberState::NotAssigned && on_bridges.contains(number.number.as_str()) {
                number.state = NumberState::Assigned;
            }
        }
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let handles: HashSet<&str> = self.organizations.iter().map(|o| o.handle.as_str()).collect();
        let configurations: HashSet<u64> = self.configurations.iter().map(|c| c.id).collect();
        let owner = |what: String, handle: Option<&str>, problems: &mut Vec<String>| {
            if let Some(handle) = handle.filter(|h| !handles.contains(h)) {
                problems.push(format!("{what}: there is no organization {handle}"));
            }
        };
        for c in &self.configurations {
            let what = format!("unpod.configurations: {}", c.id);
            owner(what.clone(), c.organization.as_deref(), &mut problems);
            if catalogue::find(&self.providers, &c.provider).is_none() {
                problems.push(format!("{what}: there is no provider {:?}", c.provider));
            }
        }
        for n in &self.numbers {
            owner(format!("unpod.numbers: {}", n.number), n.organization.as_deref(), &mut problems);
        }
        for b in &self.bridges {
            owner(format!("unpod.bridges: {}", b.slug), Some(&b.organization), &mut problems);
            for (number, link) in &b.numbers {
                if let Some(id) = link.configuration.filter(|id| !configurations.contains(id)) {
                    problems.push(format!("unpod.bridges: {}: {number}: there is no configuration {id}", b.slug));
                }
            }
        }
        if self.configurations.len() != configurations.len() {
            problems.push("unpod.configurations: two have one id".to_owned());
        }
        if self.profile == Profile::G2Documented && self.organizations.is_empty() {
            problems.push("unpod.organizations: at least one is needed".to_owned());
        }
        problems
    }
}

/// Sets the home organization where a row does not name one.
fn default_owner(owner: &mut Option<String>, home: Option<&String>) {
    if owner.as_deref() == Some("") {
        *owner = home.cloned();
    }
}

/// Assigns ids to the rows that have none, above every id that is or was in use.
fn give_ids<T>(rows: &mut [T], next: &mut u64, id: impl Fn(&mut T) -> &mut u64) {
    for row in rows.iter_mut() {
        *next = (*next).max(*id(row) + 1);
    }
    for row in rows {
        let id = id(row);
        if *id == 0 {
            *id = *next;
            *next += 1;
        }
    }
}
