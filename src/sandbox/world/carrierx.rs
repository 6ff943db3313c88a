//! The CarrierX half of a world (`api/carrierx.md`, sections 4, 6.2, 7 and 11).

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::carrierx_knobs::{AclRules, CarrierxKnobs};
use super::is_default;

/// The state of the CarrierX simulator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CarrierxWorld {
    /// Bearer tokens that hold `scopes`.
    pub tokens: Vec<String>,
    /// What those tokens may do (section 1.2).
    pub scopes: Vec<String>,
    /// Tokens with other scopes, such as a reader for plans.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub limited_tokens: IndexMap<String, Vec<String>>,
    /// Tokens of partners other than the calling account. They see what it sees.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub callers: IndexMap<String, CarrierxCaller>,
    /// The calling account: parent of every partner that names none.
    pub account_sid: String,
    /// Its login.
    pub account_login: String,
    /// Its password, with which its login may authenticate (Basic, section 1); none where only tokens work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_password: Option<String>,
    /// Partners, in order of creation.
    pub partners: Vec<Partner>,
    /// Access control rules (section 2.5): a `read_only` one is the parent's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Map<String, Value>>,
    /// DID groups (section 2.6).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub did_groups: Vec<Map<String, Value>>,
    /// Verification mails that were sent, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mails: Vec<VerificationMail>,
    /// Behaviours that the pages leave open.
    #[serde(skip_serializing_if = "is_default")]
    pub knobs: CarrierxKnobs,
    /// Source of new sids and display ids; never lowered.
    pub next_partner: u64,
    /// Number of errors so far; decides the shape of the next one.
    #[serde(skip_serializing_if = "is_default")]
    pub errors_answered: u64,
}

impl Default for CarrierxWorld {
    fn default() -> Self {
        Self {
            tokens: vec![super::super::DEFAULT_TOKEN.to_owned()],
            scopes: ["partners.manage", "accesscontrol.manage", "phonenumber.manage", "verification.manage"]
                .map(str::to_owned)
                .into(),
            limited_tokens: IndexMap::new(),
            callers: IndexMap::new(),
            account_sid: "0a1b2c3d-0000-4000-8000-00000000ca11".to_owned(),
            account_login: "sandbox".to_owned(),
            account_password: None,
            partners: Vec::new(),
            rules: Vec::new(),
            did_groups: Vec::new(),
            mails: Vec::new(),
            knobs: CarrierxKnobs::default(),
            next_partner: 1,
            errors_answered: 0,
        }
    }
}

impl CarrierxWorld {
    /// Where an ACL may only name rules that there are: their sids.
    pub(in super::super) fn rules_to_name(&self) -> Option<Vec<String>> {
        let sid = |rule: &Map<String, Value>| rule.get("rule_sid").and_then(Value::as_str).map(str::to_owned);
        (self.knobs.acl_rules == AclRules::Existing).then(|| self.rules.iter().filter_map(sid).collect())
    }
}

/// The owner of a token, and what it may do (section 1.3).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarrierxCaller {
    /// The partner.
    pub partner_sid: String,
    /// Its login.
    pub login: String,
    /// Scopes of the token.
    pub scopes: Vec<String>,
}

/// One partner: the fields the API shows, and what it does not show.
///
/// In a world file all fields are on one level. An omitted field has the service's default value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Partner {
    /// Whether the owner's mail link was clicked: an unverified partner is in no list (section 7).
    #[serde(default = "verified_unless_told")]
    pub verified: bool,
    /// Submitted addresses that wait for their click, by field.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub pending: IndexMap<String, String>,
    /// The fields of section 4.1 by their exact names, and `password`.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl Partner {
    /// A verified partner with these fields; missing ones are filled in when a sandbox starts.
    pub fn new(fields: Map<String, Value>) -> Self {
        Self { verified: true, pending: IndexMap::new(), fields }
    }

    /// The sid, empty until one is assigned.
    pub fn sid(&self) -> &str {
        self.text("partner_sid")
    }

    /// A field as text, empty when it is not a text.
    pub fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }
}

/// A verification mail that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerificationMail {
    /// Whose.
    pub partner_sid: String,
    /// `owner_email`, `tech_email` or `billing_email`.
    pub field: String,
    /// The address that it was sent to.
    pub address: String,
    /// When.
    pub at: Timestamp,
}

fn verified_unless_told() -> bool {
    true
}

/// The 31 fields of the public samples, in the order of section 4.1.
pub const PUBLIC_FIELDS: [&str; 31] = [
    "acls",
    "address1",
    "address2",
    "attributes",
    "available_scopes",
    "balance",
    "billing_email",
    "callbacks",
    "charge_at",
    "city",
    "company_name",
    "country_code",
    "daily_spending_limit",
    "daily_spent_amount",
    "date_created",
    "display_id",
    "login",
    "name",
    "owner_email",
    "parent_assigned_acls",
    "parent_sid",
    "partner_sid",
    "payment_type",
    "phonenumber",
    "prepay_amount",
    "spending_limit",
    "state",
    "status",
    "tech_email",
    "transformations",
    "zip",
];

/// The modifiable list, complete (section 4.2).
pub const MODIFIABLE: [&str; 15] = [
    "acls",
    "address1",
    "address2",
    "attributes",
    "billing_email",
    "callbacks",
    "city",
    "company_name",
    "name",
    "owner_email",
    "parent_assigned_acls",
    "phonenumber",
    "tech_email",
    "transformations",
    "zip",
];

/// The fields of an access control rule (section 2.5).
pub const RULE_FIELDS: [&str; 7] = ["entries", "field", "name", "operation", "quantifier", "read_only", "rule_sid"];

/// The fields of a DID group (section 2.6).
pub const DID_GROUP_FIELDS: [&str; 4] = ["callback_url", "did_group_sid", "name", "partner_sid"];

/// Fields a world may hold besides [`PUBLIC_FIELDS`]: the write-only one and the four of the admin answer (section 4.1).
pub const OTHER_FIELDS: [&str; 5] = ["password", "brand_sid", "id", "system_attributes", "system_data"];
