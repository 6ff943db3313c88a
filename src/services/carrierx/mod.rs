//! CarrierX Core v2: partners, the access control rules that they name, and DID groups (carrierx.md).

use crate::model::kind::{
    AccountSetting, AttributeType, CollectionListing, DeleteSupport, Field, Kind, Normaliser, Part, ServiceTable, SettingRole,
    SettingType, TextGrammar, TokenOwnerQuery, UpdateMethod,
};

use super::Service;

mod rows;
mod world;

pub use rows::{ACCESS_RULES, DID_GROUPS};

/// The service.
pub const SERVICE: Service = Service::new(&TABLE).copied_by(world::world);

/// Its tables.
pub static TABLE: ServiceTable = ServiceTable::new("carrierx", "CarrierX", "https://api.carrierx.com/core/v2")
    .kinds(&[&PARTNERS, &ACCESS_RULES, &DID_GROUPS])
    .limits(240, 2, 2)
    .settings(&[PARTNER_DELETE, PARTNER_PASSWORD, rows::DID_GROUP_DELETE])
    .whoami(&WHOAMI);

const PARTNER_DELETE: AccountSetting = AccountSetting::new("partner_delete", SettingType::Switch)
    .role(SettingRole::UndocumentedDelete)
    .doc("Allows a DELETE that the service does not document.");

const PARTNER_PASSWORD: AccountSetting = AccountSetting::new("partner_password", SettingType::Word("patch"))
    .doc("Sends what the service does not list as changeable, by PATCH.");

/// The owner of a token; the shape of the answer is not documented (carrierx.md 1.3).
static WHOAMI: TokenOwnerQuery = TokenOwnerQuery { path: "oauth/whoami", id: "partner_sid", login: "login", scopes: "scopes" };

/// Nested values are sent whole, and the query asks to replace what is there (carrierx.md 6).
const UPDATE: UpdateMethod = UpdateMethod::PatchOrPut { nested: ("nested_objects", "replace") };

/// Partners: carrierx.md 4.1 for the fields, 4.2 for what can be changed, 4.3 for what creation needs.
pub static PARTNERS: Kind = Kind::new("partners", "partner", "carrierx.md 4")
    .at("partners", "partners/{id}")
    .id("partner_sid")
    .found_by(&["login"])
    .fields(FIELDS, &["brand_sid", "id"])
    .update(UPDATE)
    .delete(DeleteSupport::Undocumented { switch: PARTNER_DELETE.name })
    .list(CollectionListing::Offset { size: 1000, order: "partner_sid asc" })
    .hidden_until_verified()
    .scope("partners")
    .order(3, 3);

/// Amounts are left out of a partner that pays later: the service sets them to null (carrierx.md 4.3).
const PREPAY: (&str, &str) = ("payment_type", "prepay");

/// Actions of a rule for messages, and for calls (carrierx.md 5.1).
const SMS: &[&str] = &["accept", "reject"];
const VOICE: &[&str] = &["accept", "reject403", "reject503"];

/// One access rule (carrierx.md 5.1).
const ACL: &[Part] = &[
    Part::new("access_control_rules").refers_to(ACCESS_RULES.name),
    Part::new("direction").with_known_values(&["any", "inbound", "outbound", "undirected"]),
    Part::new("sms_action_true").with_known_values(SMS),
    Part::new("sms_action_false").with_known_values(SMS),
    Part::new("voice_action_true").with_known_values(VOICE),
    Part::new("voice_action_false").with_known_values(VOICE),
];

/// Events that call back (carrierx.md 5.3).
const CALLBACKS: &[Part] = &[
    Part::new("app_conference_call"),
    Part::new("app_conference_meeting"),
    Part::new("app_mediator"),
    Part::new("sms"),
    Part::new("phonenumber_order"),
    Part::new("phonenumber_messaging_update"),
];

const FIELDS: &[Field] = &[
    Field::new("login", AttributeType::Text)
        .required()
        .create_only()
        .made_of(TextGrammar::Identifier)
        .example("acme-west")
        .doc("Login; the natural key.", "carrierx.md 4.4"),
    Field::new("password", AttributeType::Secret)
        .required()
        .create_only()
        .internal()
        .changed_with(&PARTNER_PASSWORD)
        .doc("Password; sent on create, and later only where the account says `partner_password: patch`.", "carrierx.md 4.2"),
    Field::new("name", AttributeType::Text).required().example("Acme West").doc("Name.", "carrierx.md 4.1"),
    Field::new("company_name", AttributeType::Text).required().example("Acme").doc("Company.", "carrierx.md 4.1"),
    Field::new("country_code", AttributeType::Text)
        .required()
        .create_only()
        .made_of(TextGrammar::Country)
        .example("USA")
        .doc("Country, ISO 3166-1 alpha-3.", "carrierx.md 4.1"),
    Field::new("zip", AttributeType::Text).required().example("90804").doc("Postal code, always a text.", "carrierx.md 4.1"),
    Field::new("owner_email", AttributeType::Text)
        .required()
        .verified()
        .compared_as(Normaliser::Mail)
        .example("ops@acme.example")
        .doc("Primary mail address; shown as null until its link was clicked.", "carrierx.md 7"),
    Field::new("phonenumber", AttributeType::Text)
        .required()
        .compared_as(Normaliser::Digits)
        .example("15162065574")
        .doc("Phone number, digits only.", "carrierx.md 8.1"),
    Field::new("payment_type", AttributeType::Text)
        .required()
        .create_only()
        .with_known_values(&["prepay", "postpay"])
        .example("postpay")
        .doc("How it pays.", "carrierx.md 4.1"),
    Field::new("address1", AttributeType::Text).doc("First line of the address.", "carrierx.md 4.2"),
    Field::new("address2", AttributeType::Text).doc("Second line of the address.", "carrierx.md 4.2"),
    Field::new("city", AttributeType::Text).doc("City.", "carrierx.md 4.2"),
    Field::new("state", AttributeType::Text)
        .create_only()
        .doc("Region; cannot be changed, though city and zip can.", "carrierx.md 4.1"),
    Field::new("billing_email", AttributeType::Text)
        .verified()
        .compared_as(Normaliser::Mails)
        .doc("Addresses for bills, separated by commas; the owner's address when empty.", "carrierx.md 7"),
    Field::new("tech_email", AttributeType::Text)
        .verified()
        .compared_as(Normaliser::Mail)
        .doc("Technical contact.", "carrierx.md 7"),
    Field::new("parent_sid", AttributeType::Reference("partners"))
        .create_only()
        .made_of(TextGrammar::Code)
        .of_account()
        .doc("Partner above this one, by its address or its id; the caller when left out.", "carrierx.md 4.3"),
    Field::new("charge_at", AttributeType::Decimal)
        .create_only()
        .only_with(PREPAY.0, PREPAY.1)
        .doc("Balance at which a prepay account is charged.", "carrierx.md 4.1"),
    Field::new("prepay_amount", AttributeType::Decimal)
        .create_only()
        .only_with(PREPAY.0, PREPAY.1)
        .doc("Amount of one charge.", "carrierx.md 4.1"),
    Field::new("daily_spending_limit", AttributeType::Decimal)
        .create_only()
        .doc("Maximum that may be spent in a day.", "carrierx.md 4.1"),
    Field::new("spending_limit", AttributeType::Decimal).create_only().doc("Maximum that may be spent.", "carrierx.md 4.1"),
    Field::new("acls", AttributeType::List)
        .with_nested_keys(ACL)
        .of_account()
        .doc("Access rules set directly on this partner; a parent cannot assign them.", "carrierx.md 5.1"),
    Field::new("attributes", AttributeType::Map).allow_secret_sources().doc("Free-form texts.", "carrierx.md 5.4"),
    Field::new("callbacks", AttributeType::Map)
        .made_of(TextGrammar::Url)
        .allow_secret_sources()
        .with_nested_keys(CALLBACKS)
        .doc("Event name to address.", "carrierx.md 5.3"),
    Field::new("parent_assigned_acls", AttributeType::List)
        .with_nested_keys(ACL)
        .of_account()
        .doc("Access rules put on by the parent.", "carrierx.md 5.1"),
    Field::new("transformations", AttributeType::List).doc("Call data rewriting, in this order.", "carrierx.md 5.2"),
    Field::new("partner_sid", AttributeType::Text).read_only().doc("Identity at the service.", "carrierx.md 4.4"),
    Field::new("status", AttributeType::Text)
        .read_only()
        .state()
        .doc("Open set of words; `unverified` until a mail link was clicked.", "carrierx.md 2.2"),
    Field::new("available_scopes", AttributeType::List).read_only().doc("Internal use.", "carrierx.md 4.1"),
    Field::new("balance", AttributeType::Decimal).read_only().doc("Account balance.", "carrierx.md 4.1"),
    Field::new("daily_spent_amount", AttributeType::Decimal).read_only().doc("Spent today.", "carrierx.md 4.1"),
    Field::new("date_created", AttributeType::Text).read_only().doc("When the service made it.", "carrierx.md 4.1"),
    Field::new("display_id", AttributeType::Text).read_only().doc("Identity for people.", "carrierx.md 4.4"),
];
