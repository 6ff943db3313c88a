//! CarrierX Core v2: partners (carrierx.md).

use crate::kind::{Backend, Delete, Field, Grammar, Kind, List, Normaliser, Part, Reading, Type, Update};

pub mod page;

/// The service.
pub static BACKEND: Backend = Backend {
    api: "carrierx",
    title: "CarrierX",
    base_url: "https://api.carrierx.com/core/v2",
    auth_scheme: "Bearer",
    kinds: &[&PARTNERS],
    requests_per_minute: 240,
    reads_in_flight: 2,
    writes_in_flight: 2,
    organization: false,
    owner: &[],
    generations: &[],
    refuses_with: None,
    repeats_throttled_post: false,
    html_404_is_no_path: false,
    gone_in_400: None,
    reading: Reading::ByKind,
};

/// Partners: carrierx.md 4.1 for the fields, 4.2 for what can be changed, 4.3 for what creation needs.
pub static PARTNERS: Kind = Kind {
    name: "partners",
    singular: "partner",
    generation: None,
    collection: "partners",
    member: "partners/{id}",
    id: "partner_sid",
    numeric_id: false,
    natural_key: &["login"],
    fields: FIELDS,
    beside: &["brand_sid", "id"],
    update: Update::PatchOrPut { nested: ("nested_objects", "replace") },
    delete: Delete::Undocumented { switch: "partner_delete" },
    list: List::Offset { size: 1000, order: "partner_sid asc" },
    link: None,
    connected: false,
    hidden_until_verified: true,
    made_though_refused: false,
    shares_ids: false,
    scope: Some("partners"),
    rank: 3,
    delete_rank: 3,
    source: "carrierx.md 4",
};

/// Money stays out of a partner that pays later: the service drops it to null (carrierx.md 4.3).
const PREPAY: (&str, &str) = ("payment_type", "prepay");

/// Actions of a rule for messages, and for calls (carrierx.md 5.1).
const SMS: &[&str] = &["accept", "reject"];
const VOICE: &[&str] = &["accept", "reject403", "reject503"];

/// One access rule (carrierx.md 5.1).
const ACL: &[Part] = &[
    Part { name: "access_control_rules", words: &[] },
    Part { name: "direction", words: &["any", "inbound", "outbound", "undirected"] },
    Part { name: "sms_action_true", words: SMS },
    Part { name: "sms_action_false", words: SMS },
    Part { name: "voice_action_true", words: VOICE },
    Part { name: "voice_action_false", words: VOICE },
];

/// Events that call back (carrierx.md 5.3).
const CALLBACKS: &[Part] = &[
    Part { name: "app_conference_call", words: &[] },
    Part { name: "app_conference_meeting", words: &[] },
    Part { name: "app_mediator", words: &[] },
    Part { name: "sms", words: &[] },
    Part { name: "phonenumber_order", words: &[] },
    Part { name: "phonenumber_messaging_update", words: &[] },
];

const FIELDS: &[Field] = &[
    Field::new("login", Type::Text)
        .required()
        .create_only()
        .made_of(Grammar::Identifier)
        .example("acme-west")
        .doc("Login; the natural key.", "carrierx.md 4.4"),
    Field::new("password", Type::Secret)
        .required()
        .create_only()
        .internal()
        .changed_with("partner_password", "patch")
        .doc(
            "Password; sent on create, and later only where the account says `partner_password: patch`.",
            "carrierx.md 4.2",
        ),
    Field::new("name", Type::Text).required().example("Acme West").doc("Name.", "carrierx.md 4.1"),
    Field::new("company_name", Type::Text).required().example("Acme").doc("Company.", "carrierx.md 4.1"),
    Field::new("country_code", Type::Text)
        .required()
        .create_only()
        .made_of(Grammar::Country)
        .example("USA")
        .doc("Country, ISO 3166-1 alpha-3.", "carrierx.md 4.1"),
    Field::new("zip", Type::Text)
        .required()
        .example("90804")
        .doc("Postal code, always a text.", "carrierx.md 4.1"),
    Field::new("owner_email", Type::Text)
        .required()
        .verified()
        .compared(Normaliser::Mail)
        .example("ops@acme.example")
        .doc("Primary mail address; shown as null until its link was clicked.", "carrierx.md 7"),
    Field::new("phonenumber", Type::Text)
        .required()
        .compared(Normaliser::Digits)
        .example("15162065574")
        .doc("Phone number, digits only.", "carrierx.md 8.1"),
    Field::new("payment_type", Type::Text)
        .required()
        .create_only()
        .seen(&["prepay", "postpay"])
        .example("postpay")
        .doc("How it pays.", "carrierx.md 4.1"),
    Field::new("address1", Type::Text).doc("First line of the address.", "carrierx.md 4.2"),
    Field::new("address2", Type::Text).doc("Second line of the address.", "carrierx.md 4.2"),
    Field::new("city", Type::Text).doc("City.", "carrierx.md 4.2"),
    Field::new("state", Type::Text)
        .create_only()
        .doc("Region; cannot be changed, though city and zip can.", "carrierx.md 4.1"),
    Field::new("billing_email", Type::Text)
        .verified()
        .compared(Normaliser::Mails)
        .doc("Addresses for bills, separated by commas; the owner's address when empty.", "carrierx.md 7"),
    Field::new("tech_email", Type::Text)
        .verified()
        .compared(Normaliser::Mail)
        .doc("Technical contact.", "carrierx.md 7"),
    Field::new("parent_sid", Type::Text)
        .create_only()
        .made_of(Grammar::Code)
        .of_account()
        .doc("Partner above this one; the caller when left out.", "carrierx.md 4.3"),
    Field::new("charge_at", Type::Decimal)
        .create_only()
        .only_with(PREPAY.0, PREPAY.1)
        .doc("Balance at which a prepay account is charged.", "carrierx.md 4.1"),
    Field::new("prepay_amount", Type::Decimal)
        .create_only()
        .only_with(PREPAY.0, PREPAY.1)
        .doc("Amount of one charge.", "carrierx.md 4.1"),
    Field::new("daily_spending_limit", Type::Decimal)
        .create_only()
        .doc("Most that may be spent in a day.", "carrierx.md 4.1"),
    Field::new("spending_limit", Type::Decimal)
        .create_only()
        .doc("Most that may be spent.", "carrierx.md 4.1"),
    Field::new("acls", Type::List)
        .inside(ACL)
        .doc("Access rules set directly on this partner; a parent cannot assign them.", "carrierx.md 5.1"),
    Field::new("attributes", Type::Map).sourced().doc("Free-form texts.", "carrierx.md 5.4"),
    Field::new("callbacks", Type::Map)
        .made_of(Grammar::Url)
        .sourced()
        .inside(CALLBACKS)
        .doc("Event name to address.", "carrierx.md 5.3"),
    Field::new("parent_assigned_acls", Type::List)
        .inside(ACL)
        .doc("Access rules put on by the parent.", "carrierx.md 5.1"),
    Field::new("transformations", Type::List).doc("Call data rewriting, in this order.", "carrierx.md 5.2"),
    Field::new("partner_sid", Type::Text).read_only().doc("Identity at the service.", "carrierx.md 4.4"),
    Field::new("status", Type::Text)
        .read_only()
        .doc("Open set of words; `unverified` until a mail link was clicked.", "carrierx.md 2.2"),
    Field::new("available_scopes", Type::List).read_only().doc("Internal use.", "carrierx.md 4.1"),
    Field::new("balance", Type::Decimal).read_only().doc("Account balance.", "carrierx.md 4.1"),
    Field::new("daily_spent_amount", Type::Decimal).read_only().doc("Spent today.", "carrierx.md 4.1"),
    Field::new("date_created", Type::Text).read_only().doc("When the service made it.", "carrierx.md 4.1"),
    Field::new("display_id", Type::Text).read_only().doc("Identity for people.", "carrierx.md 4.4"),
];
