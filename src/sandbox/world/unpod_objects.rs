//! Configurations, numbers, bridges and their connections (`api/unpod.md`, sections 5 to 8).

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::is_default;

/// One provider configuration, with the fields of both generations (section 5).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SimulatedConfiguration {
    /// Zero in a hand-written file: one is assigned.
    pub id: u64,
    /// Handle of the owner; null means no owner, omitted means home.
    pub organization: Option<String>,
    /// Slug (generation 2) or id (generation 1) in the catalogue; a name is also accepted in a hand-written file.
    #[serde(deserialize_with = "text_or_number")]
    pub provider: String,
    /// Generation 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_sid: Option<String>,
    /// Generation 2, never returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_token: Option<String>,
    /// Generation 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Generation 1, returned in clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// Generation 1, returned in clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_secret: Option<String>,
    /// Generation 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Generation 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sip_url: Option<String>,
    /// Generation 1.
    #[serde(skip_serializing_if = "is_true")]
    pub active: bool,
    /// Generation 1: any JSON.
    #[serde(skip_serializing_if = "is_empty_object")]
    pub meta_json: Value,
    /// Generation 1: the vendor's last verdict.
    #[serde(skip_serializing_if = "is_default")]
    pub is_valid: bool,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

impl Default for SimulatedConfiguration {
    fn default() -> Self {
        Self {
            id: 0,
            organization: home(),
            provider: String::new(),
            account_sid: None,
            auth_token: None,
            name: None,
            api_key: None,
            api_secret: None,
            base_url: None,
            sip_url: None,
            active: true,
            meta_json: Value::Object(Map::new()),
            is_valid: false,
            created_at: None,
        }
    }
}

/// One phone number (section 8).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SimulatedNumber {
    /// Zero in a hand-written file: one is assigned.
    pub id: u64,
    /// E.164.
    pub number: String,
    /// Handle of the owner; null means the pool without owner, omitted means home.
    pub organization: Option<String>,
    /// The carrier it comes from: slug, id or name in the catalogue.
    #[serde(deserialize_with = "maybe_text_or_number", skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// `account_sid` at the carrier that owns it; generation 2 refuses to connect another account's configuration. Absent: not
    /// checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Switched on.
    #[serde(skip_serializing_if = "is_true")]
    pub active: bool,
    /// Generation 1: reserved for an agent, in no list.
    #[serde(skip_serializing_if = "is_default")]
    pub agent_number: bool,
    /// Its state; numbers of a bridge become `ASSIGNED` on loading.
    pub state: NumberState,
    /// Shown beside the number on a bridge.
    pub channels_count: u64,
}

impl Default for SimulatedNumber {
    fn default() -> Self {
        Self {
            id: 0,
            number: String::new(),
            organization: home(),
            provider: None,
            account: None,
            active: true,
            agent_number: false,
            state: NumberState::default(),
            channels_count: 1,
        }
    }
}

/// The state of a number (section 8).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NumberState {
    /// Free.
    #[default]
    NotAssigned,
    /// On a bridge, or marked as such.
    Assigned,
    /// Given up.
    Closed,
}

/// One bridge (section 6).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SimulatedBridge {
    /// Zero in a hand-written file: one is assigned.
    pub id: u64,
    /// The key in every path; generated from the name when omitted.
    pub slug: String,
    /// Display name.
    pub name: String,
    /// Handle of the owner; empty is home.
    pub organization: String,
    /// Generation 1: the product whose list shows it; when absent, no list shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    /// Generation 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Generation 1: `ACTIVE`, `INACTIVE`, `DRAFT`.
    pub status: String,
    /// Generation 1: `pending`, `review`, `approve`.
    pub documents_status: String,
    /// Generation 1: `IN`, `US`, `EU`, `AUS`, `UAE`.
    pub region: String,
    /// The connections: number (E.164) to configuration id, or null.
    pub numbers: IndexMap<String, SimulatedLink>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

impl Default for SimulatedBridge {
    fn default() -> Self {
        Self {
            id: 0,
            slug: String::new(),
            name: String::new(),
            organization: String::new(),
            product_id: None,
            description: None,
            status: "DRAFT".to_owned(),
            documents_status: "pending".to_owned(),
            region: "IN".to_owned(),
            numbers: IndexMap::new(),
            created_at: None,
        }
    }
}

/// A number's place on a bridge. In a hand-written file a configuration id or null is enough.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "LinkForm")]
pub struct SimulatedLink {
    /// Id of the connection itself, which some answers call `id`.
    pub id: u64,
    /// The configuration; null when it was deleted, cleared, or never set.
    pub configuration: Option<u64>,
    /// Generation 1, opaque.
    #[serde(skip_serializing_if = "is_default")]
    pub agent_id: Value,
    /// Generation 1, opaque.
    #[serde(skip_serializing_if = "is_empty_object")]
    pub config_json: Value,
    /// Generation 1, opaque; empty reads as `voice_infra_provider`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub connectivity_type: String,
}

impl SimulatedLink {
    /// A connection to `configuration`; the id is assigned later when it is zero.
    pub fn to_configuration(id: u64, configuration: Option<u64>) -> Self {
        Self {
            id,
            configuration,
            agent_id: Value::Null,
            config_json: Value::Object(Map::new()),
            connectivity_type: String::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum LinkForm {
    Configuration(Option<u64>),
    Whole(WholeLink),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WholeLink {
    #[serde(default)]
    id: u64,
    #[serde(default)]
    configuration: Option<u64>,
    #[serde(default)]
    agent_id: Value,
    #[serde(default = "empty_object")]
    config_json: Value,
    #[serde(default)]
    connectivity_type: String,
}

impl From<LinkForm> for SimulatedLink {
    fn from(form: LinkForm) -> Self {
        match form {
            LinkForm::Configuration(configuration) => Self::to_configuration(0, configuration),
            LinkForm::Whole(WholeLink { id, configuration, agent_id, config_json, connectivity_type }) => {
                Self { id, configuration, agent_id, config_json, connectivity_type }
            }
        }
    }
}

/// "The first organization": used in values without an owner until the world is tidied.
pub(super) fn home() -> Option<String> {
    Some(String::new())
}

pub(super) fn yes() -> bool {
    true
}

pub(super) fn is_true(value: &bool) -> bool {
    *value
}

fn empty_object() -> Value {
    Value::Object(Map::new())
}

fn is_empty_object(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty)
}

#[derive(Deserialize)]
#[serde(untagged)]
enum TextOrNumber {
    Number(u64),
    Text(String),
}

impl From<TextOrNumber> for String {
    fn from(value: TextOrNumber) -> Self {
        match value {
            TextOrNumber::Number(number) => number.to_string(),
            TextOrNumber::Text(text) => text,
        }
    }
}

fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    TextOrNumber::deserialize(deserializer).map(String::from)
}

fn maybe_text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<TextOrNumber>::deserialize(deserializer)?.map(String::from))
}
