//! The Telnyx part of a world (`api/telnyx.md`, section 17).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::is_default;
use super::telnyx_knobs::TelnyxKnobs;

/// The state of the Telnyx simulator.
///
/// An object has the fields of the API by their names. What it leaves out has the service's default. A reference is an id,
/// or the name of exactly one object: `connection_id: north`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelnyxWorld {
    /// Keys that are accepted.
    pub tokens: Vec<String>,
    /// The account: `organization_id` of billing groups, `manager_account_id` of managed accounts.
    pub organization_id: String,
    /// Billing groups. One with `deleted_at` is deleted and still listed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub billing_groups: Vec<Map<String, Value>>,
    /// Outbound voice profiles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outbound_voice_profiles: Vec<Map<String, Value>>,
    /// Connections of every type, by their `record_type`: `credential_connection` if none is said, `ip_connection`,
    /// `fqdn_connection`, or one that another product made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub connections: Vec<Map<String, Value>>,
    /// IPs of connections.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ips: Vec<Map<String, Value>>,
    /// Hosts of connections.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fqdns: Vec<Map<String, Value>>,
    /// Numbers, with their settings under `voice` and `messaging`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phone_numbers: Vec<Map<String, Value>>,
    /// Managed accounts; `status` is `enabled`, `disabled`, `cancelled` or `blocked`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub managed_accounts: Vec<Map<String, Value>>,
    /// Integration secrets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub integration_secrets: Vec<Map<String, Value>>,
    /// Behaviours that the pages leave open.
    #[serde(skip_serializing_if = "is_default")]
    pub knobs: TelnyxKnobs,
    /// Source of new ids; never lowered.
    pub next_id: u64,
}

impl Default for TelnyxWorld {
    fn default() -> Self {
        Self {
            tokens: vec![super::super::DEFAULT_TOKEN.to_owned()],
            organization_id: "7e1f0a9c-0000-4000-8000-0000000acc01".to_owned(),
            billing_groups: Vec::new(),
            outbound_voice_profiles: Vec::new(),
            connections: Vec::new(),
            ips: Vec::new(),
            fqdns: Vec::new(),
            phone_numbers: Vec::new(),
            managed_accounts: Vec::new(),
            integration_secrets: Vec::new(),
            knobs: TelnyxKnobs::default(),
            // Above 2^53: two ids in a row are one number for a client that reads them as floats.
            next_id: 1_293_384_261_075_731_499,
        }
    }
}

impl TelnyxWorld {
    /// See [`World::tidied`](super::World::tidied).
    pub(super) fn tidy(&mut self, now: Timestamp) {
        super::super::telnyx::tidy(self, now);
    }

    /// Contradictions, as sentences.
    pub(super) fn problems(&self) -> Vec<String> {
        super::super::telnyx::problems(self)
    }
}
