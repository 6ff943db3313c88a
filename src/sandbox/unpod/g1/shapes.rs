//! The JSON of generation 1, field by field in recorded order (`api/unpod.md`, sections 4.2, 5.2, 6.2, 7.1).

use std::cmp::Reverse;

use serde_json::{Value, json};

use super::super::super::catalogue;
use super::super::super::world::{
    Profile, SimulatedBridge, SimulatedConfiguration, SimulatedLink, SimulatedNumber, SimulatedOrganization, SimulatedProvider,
    UnpodWorld,
};

/// A provider as the catalogue and a configuration show it.
pub(super) fn short_provider(p: &SimulatedProvider) -> Value {
    json!({"id": p.id, "name": p.name, "description": p.description, "icon": p.icon})
}

/// A provider as bridges show it; `form_slug` is missing when the provider has none.
fn long_provider(p: &SimulatedProvider) -> Value {
    let mut shown = json!({"id": p.id, "name": p.name, "type": p.kind, "model_types": p.model_types, "url": p.url,
                           "description": p.description, "icon": p.icon});
    if let Some(form_slug) = &p.form_slug {
        shown["form_slug"] = form_slug.as_str().into();
    }
    shown["status"] = if p.status.is_empty() { "active" } else { &p.status }.into();
    shown
}

fn provider_of<'a>(unpod: &'a UnpodWorld, c: &SimulatedConfiguration) -> Option<&'a SimulatedProvider> {
    catalogue::find(&unpod.providers, &c.provider)
}

fn masks(unpod: &UnpodWorld) -> bool {
    unpod.knobs.mask_secrets || unpod.profile == Profile::G1July
}

fn secret(unpod: &UnpodWorld, value: &Option<String>) -> Option<String> {
    match value {
        Some(text) if masks(unpod) && !text.is_empty() => {
            let tail: String = text.chars().skip(text.chars().count().saturating_sub(4)).collect();
            Some(format!("****{tail}"))
        }
        value => value.clone(),
    }
}

/// A configuration as its own calls show it.
pub(super) fn configuration(unpod: &UnpodWorld, c: &SimulatedConfiguration) -> Value {
    let provider = provider_of(unpod, c);
    json!({"id": c.id, "name": c.name, "provider": provider.map(|p| p.id),
           "provider_details": provider.map(short_provider), "org_handle": c.organization,
           "meta_json": c.meta_json, "active": c.active, "api_key": secret(unpod, &c.api_key),
           "api_secret": secret(unpod, &c.api_secret), "base_url": c.base_url, "sip_url": c.sip_url})
}

/// A configuration as a bridge read by slug shows it: without `active`.
fn configuration_in_bridge(unpod: &UnpodWorld, c: &SimulatedConfiguration) -> Value {
    let mut shown = configuration(unpod, c);
    if let Some(fields) = shown.as_object_mut() {
        fields.shift_remove("active");
    }
    shown
}

/// A configuration as connect, bridge create and bridge patch show it: the internal shape.
pub(super) fn credential(unpod: &UnpodWorld, c: &SimulatedConfiguration) -> Value {
    let provider = provider_of(unpod, c);
    let owner = c.organization.as_ref().and_then(|h| unpod.organizations.iter().find(|o| o.handle == *h));
    json!({"id": c.id, "name": c.name, "provider": provider.map(|p| p.id),
           "provider_details": provider.map(long_provider), "organization": owner.map(|o| o.id),
           "meta_json": c.meta_json, "active": c.active, "api_key": secret(unpod, &c.api_key),
           "api_secret": secret(unpod, &c.api_secret), "base_url": c.base_url, "sip_url": c.sip_url,
           "is_valid": c.is_valid})
}

/// What a link points at.
fn linked_configuration<'a>(unpod: &'a UnpodWorld, link: &SimulatedLink) -> Option<&'a SimulatedConfiguration> {
    let id = link.configuration?;
    unpod.configurations.iter().find(|c| c.id == id)
}

/// How a link connects; the recorded default.
pub(super) fn connectivity(link: &SimulatedLink) -> &str {
    if link.connectivity_type.is_empty() { "voice_infra_provider" } else { &link.connectivity_type }
}

/// The links of a bridge, newest first (recorded).
fn newest_first<'a>(unpod: &'a UnpodWorld, bridge: &'a SimulatedBridge) -> Vec<(&'a SimulatedNumber, &'a SimulatedLink)> {
    let number = |text: &str| unpod.numbers.iter().find(|n| n.number == text);
    let mut links: Vec<_> = bridge.numbers.iter().filter_map(|(text, link)| Some((number(text)?, link))).collect();
    links.sort_by_key(|(_, link)| Reverse(link.id));
    links
}

/// The carrier that a number comes from.
pub(super) fn carrier(unpod: &UnpodWorld, number: &SimulatedNumber) -> Option<Value> {
    catalogue::find(&unpod.providers, number.provider.as_ref()?).map(long_provider)
}

/// A bridge read by slug.
pub(super) fn bridge(unpod: &UnpodWorld, b: &SimulatedBridge) -> Value {
    let row = |(n, link): (&SimulatedNumber, &SimulatedLink)| {
        json!({"id": link.id, "number_id": n.id, "number": n.number, "channels_count": n.channels_count,
               "provider_details": carrier(unpod, n),
               "provider_configuration": linked_configuration(unpod, link).map(|c| configuration_in_bridge(unpod, c)),
               "agent_id": link.agent_id, "config_json": link.config_json})
    };
    let numbers: Vec<Value> = newest_first(unpod, b).into_iter().map(row).collect();
    json!({"id": b.id, "name": b.name, "description": b.description, "status": b.status,
           "documents_status": b.documents_status, "slug": b.slug, "numbers": numbers,
           "org_handle": b.organization, "region": b.region})
}

/// A bridge as create and patch show it: the internal shape, with the organization's `token`.
pub(super) fn internal_bridge(unpod: &UnpodWorld, b: &SimulatedBridge) -> Value {
    let row = |(n, link): (&SimulatedNumber, &SimulatedLink)| {
        json!({"id": link.id, "number_id": n.id, "number": n.number, "state": n.state, "active": n.active,
               "channels_count": n.channels_count, "provider_details": carrier(unpod, n),
               "provider_credential": linked_configuration(unpod, link).map(|c| credential(unpod, c)), "status": "active",
               "connectivity_type": connectivity(link), "agent_id": link.agent_id,
               "config_json": link.config_json})
    };
    let numbers: Vec<Value> = newest_first(unpod, b).into_iter().map(row).collect();
    let owner = unpod.organizations.iter().find(|o| o.handle == b.organization);
    json!({"id": b.id, "name": b.name, "description": b.description, "status": b.status,
           "documents_status": b.documents_status, "slug": b.slug, "numbers": numbers,
           "organization": owner.map(|o| o.id), "region": b.region,
           "organization_details": owner.map(organization)})
}

fn organization(o: &SimulatedOrganization) -> Value {
    let created = o.created_at.map(|t| t.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string());
    json!({"logo": null, "account_type": null, "seeking": [], "tags": [], "org_id": o.id, "created": created,
           "modified": created, "name": o.name, "token": o.token, "domain": o.domain, "domain_handle": o.handle,
           "is_private_domain": o.is_private_domain, "privacy_type": "public", "color": null, "description": null,
           "org_type": "free", "status": if o.active { "active" } else { "inactive" }, "region": "IN",
           "telephony_number": null, "pilot": null})
}
