//! The Unpod half of a world (`api/unpod.md`, sections 5 to 8 and 14).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::is_default;
use super::unpod_knobs::UnpodKnobs;
use super::unpod_objects::{SimulatedBridge, SimulatedConfiguration, SimulatedNumber, is_true, yes};

/// Which of the two published shapes of the API answers (section 3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Profile {
    /// Generation 2: provider slug, `account_sid`, `auth_token`; as the current pages describe it.
    #[default]
    #[serde(rename = "g2-documented")]
    G2Documented,
    /// Generation 1: as recorded from the public source of 2026-02-16.
    #[serde(rename = "g1-snapshot")]
    G1Snapshot,
    /// Generation 1 as the plans of July 2026 and the vendor's client describe it: secrets masked, a disconnect that works,
    /// assigned numbers on request, `overview/`, and members only (section 3.1).
    #[serde(rename = "g1-july")]
    G1July,
}

impl Profile {
    /// Whether the shape is that of generation 1.
    pub fn is_first(self) -> bool {
        matches!(self, Self::G1Snapshot | Self::G1July)
    }
}

/// The state of the Unpod simulator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UnpodWorld {
    /// The shape that answers.
    pub profile: Profile,
    /// API tokens of one user who belongs to every organization that is not marked foreign.
    pub tokens: Vec<String>,
    /// Further users, for questions of membership and of JWTs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<User>,
    /// Whole `Authorization` header values that are refused before anything else (section 2.2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blacklist: Vec<String>,
    /// Organizations; the first is "home" for everything that names none.
    pub organizations: Vec<SimulatedOrganization>,
    /// The providers' catalogue; empty means the usual one of the profile.
    pub providers: Vec<SimulatedProvider>,
    /// Provider configurations, in the order in which a list shows them.
    pub configurations: Vec<SimulatedConfiguration>,
    /// Phone numbers, in the order in which a list shows them.
    pub numbers: Vec<SimulatedNumber>,
    /// Bridges, in the order in which a list shows them.
    pub bridges: Vec<SimulatedBridge>,
    /// Behaviours that the pages leave open.
    #[serde(skip_serializing_if = "is_default")]
    pub knobs: UnpodKnobs,
    /// The next id of each table; never lowered, so no id is assigned twice.
    pub next_ids: NextIds,
}

impl Default for UnpodWorld {
    fn default() -> Self {
        Self {
            profile: Profile::default(),
            tokens: vec![super::super::DEFAULT_TOKEN.to_owned()],
            users: Vec::new(),
            blacklist: Vec::new(),
            organizations: vec![SimulatedOrganization::new("acme.example", "Acme")],
            providers: Vec::new(),
            configurations: Vec::new(),
            numbers: Vec::new(),
            bridges: Vec::new(),
            knobs: UnpodKnobs::default(),
            next_ids: NextIds::default(),
        }
    }
}

/// One organization (section 4.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatedOrganization {
    /// What `Org-Handle` carries; compared exactly.
    pub handle: String,
    /// Zero in a hand-written file: one is assigned.
    #[serde(default)]
    pub id: u64,
    /// Display name; the handle when omitted.
    #[serde(default)]
    pub name: String,
    /// A credential-like text that generation 1 shows; generated when omitted.
    #[serde(default)]
    pub token: String,
    /// Shown by generation 1; the handle when omitted.
    #[serde(default)]
    pub domain: String,
    /// Shown by generation 1.
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_private_domain: bool,
    /// Inactive organizations are missing from `organizations/`, and nothing else (recorded).
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub active: bool,
    /// True: the user of `tokens` is not a member.
    #[serde(default, skip_serializing_if = "is_default")]
    pub foreign: bool,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
}

impl SimulatedOrganization {
    /// An active organization whose id is assigned later.
    pub fn new(handle: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            handle: handle.into(),
            id: 0,
            name: name.into(),
            token: String::new(),
            domain: String::new(),
            is_private_domain: false,
            active: true,
            foreign: false,
            created_at: None,
        }
    }
}

/// A user with separate credentials (section 2.2).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct User {
    /// For people who read the file.
    pub name: String,
    /// Whether the account works.
    pub state: UserState,
    /// API tokens (`Authorization: Token ...`).
    pub tokens: Vec<String>,
    /// Values accepted under `JWT` and `Bearer`.
    pub jwts: Vec<String>,
    /// (organization handle, role); one element of `organizations/` each.
    pub memberships: Vec<(String, String)>,
}

/// Whether a user's account works.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserState {
    /// It does.
    #[default]
    Active,
    /// Switched off.
    Inactive,
    /// Deleted, while its JWTs still circulate.
    Deleted,
}

/// One row of the providers' catalogue (section 4.2).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SimulatedProvider {
    /// Not portable between installations.
    pub id: u64,
    /// Display name; not unique.
    pub name: String,
    /// Generation 2's key; absent in generation 1.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub slug: String,
    /// Generation 1: `VOICE_INFRA` (listed), `TELEPHONY` or `MODEL` (not listed).
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Generation 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Generation 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// Generation 1, nested in bridges.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Generation 1, nested in bridges.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub model_types: Vec<String>,
    /// Generation 1, nested in bridges; the field is omitted from answers when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form_slug: Option<String>,
    /// Generation 1, nested in bridges; empty reads as `active`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
}

/// The next id of each table. The usual ranges do not overlap, so that a join on the wrong id finds nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NextIds {
    /// Organizations.
    pub organization: u64,
    /// Provider configurations.
    pub configuration: u64,
    /// Bridges.
    pub bridge: u64,
    /// Numbers.
    pub number: u64,
    /// Links of a number to a bridge.
    pub link: u64,
}

impl Default for NextIds {
    fn default() -> Self {
        Self { organization: 11, configuration: 41, bridge: 301, number: 501, link: 701 }
    }
}
