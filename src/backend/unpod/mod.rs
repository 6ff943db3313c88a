//! Unpod telephony: provider configurations (two generations under one address, unpod.md 3) and bridges.

use crate::kind::{Backend, Delete, Field, Grammar, Kind, Link, List, NumberWord, Reading, Type, Update};

pub mod answer;
pub mod attribution;
pub mod catalogue;
pub mod generation;
pub mod rows;

/// The service.
pub static BACKEND: Backend = Backend {
    api: "unpod",
    title: "Unpod",
    base_url: "https://unpod.ai/api/v2/platform",
    auth_scheme: "Token",
    kinds: &[&PROVIDERS_G2, &PROVIDERS_G1, &BRIDGES_G2, &BRIDGES_G1],
    requests_per_minute: 60,
    reads_in_flight: 4,
    writes_in_flight: 1,
    organization: true,
    // A configuration, and a bridge that is read by its slug; the answer to a write of a bridge (unpod.md 5.2, 6.2, recorded).
    // Handles are compared exactly: letter case counts (2.3). The documented generation does not say.
    owner: &[&["org_handle"], &["organization_details", "domain_handle"]],
    generations: &[1, 2],
    refuses_with: Some(206),
    repeats_throttled_post: true,
    html_404_is_no_path: true,
    gone_in_400: Some(answer::says_gone),
    reading: Reading::Together,
};

/// Spellings of the collection of provider configurations, the documented one first (unpod.md fact 2).
pub const CONFIGURATION_SPELLINGS: [&str; 2] = ["providers-configurations", "provider-configurations"];

/// What rows of configurations show beside their attributes (unpod.md 5.1, 5.2).
const BESIDE_PROVIDERS: &[&str] = &[
    "org_handle",
    "organization",
    "organization_details",
    "provider_details",
    "is_valid",
    "created_at",
    "updated_at",
];

/// What rows of bridges show beside their attributes, and those of their numbers (unpod.md 6.1, 6.2).
const BESIDE_BRIDGES: &[&str] = &[
    "id",
    "provider",
    "org_handle",
    "organization",
    "organization_details",
    "product_id",
    "hub",
    "created_at",
    "updated_at",
    "numbers.id",
    "numbers.number_id",
    "numbers.number",
    "numbers.state",
    "numbers.active",
    "numbers.status",
    "numbers.channels_count",
    "numbers.connectivity_type",
    "numbers.provider",
    "numbers.provider_details",
    "numbers.provider_config_id",
    "numbers.provider_configuration",
    "numbers.provider_credential",
];

/// Provider configurations of the documented generation: slug, account and a write-only token.
pub static PROVIDERS_G2: Kind = Kind {
    name: "providers",
    singular: "provider configuration",
    generation: Some(2),
    collection: "telephony/{configurations}/",
    member: "telephony/{configurations}/{id}/",
    id: "id",
    numeric_id: true,
    natural_key: &["provider", "account_sid"],
    fields: &[
        Field::new("provider", Type::CatalogueEntry).required().replaces().example("twilio").doc(
            "Provider of the catalogue: slug, name or id. A change replaces the configuration.",
            "unpod.md 5.1",
        ),
        Field::new("account_sid", Type::Text)
            .required()
            .risky()
            .masked_lightly()
            .made_of(Grammar::Code)
            .example("AC0123456789abcdef0123456789abcdef")
            .doc(
                "Account at the carrier; not secret. Changing it may affect connected bridges.",
                "unpod.md 5.1, U4",
            ),
        Field::new("auth_token", Type::Secret)
            .required()
            .doc("Token at the carrier; never read back.", "unpod.md 5.1"),
        Field::new("created_at", Type::Text).read_only().doc("When the service made it.", "unpod.md 5.1"),
    ],
    beside: BESIDE_PROVIDERS,
    update: Update::Patch,
    delete: Delete::Supported,
    list: List::Whole,
    link: None,
    connected: true,
    hidden_until_verified: false,
    made_though_refused: false,
    shares_ids: false,
    scope: None,
    rank: 1,
    delete_rank: 2,
    source: "unpod.md 5.1",
};

/// Provider configurations of the older generation: named, with key, secret and addresses.
pub static PROVIDERS_G1: Kind = Kind {
    name: "providers",
    singular: "provider configuration",
    generation: Some(1),
    collection: "telephony/{configurations}/",
    member: "telephony/{configurations}/{id}/",
    id: "id",
    numeric_id: true,
    natural_key: &["name"],
    fields: &[
        Field::new("name", Type::Text)
            .required()
            .example("LiveKit main")
            .doc("Name; the natural key here, though the service does not keep it unique.", "unpod.md 5.2"),
        Field::new("provider", Type::CatalogueEntry).required().example("LiveKit").doc(
            "Provider of the catalogue: name or id. Changed in place: the numbers stay.",
            "unpod.md 5.2",
        ),
        Field::new("api_key", Type::Secret)
            .read_back()
            .doc("Key at the provider; given back in clear, or masked.", "unpod.md 5.2"),
        Field::new("api_secret", Type::Secret)
            .read_back()
            .doc("Secret at the provider; given back in clear, or masked.", "unpod.md 5.2"),
        Field::new("active", Type::Bool).doc("Whether the service uses it.", "unpod.md 5.2"),
        Field::new("base_url", Type::Text)
            .made_of(Grammar::Url)
            .doc("Address of the provider's API.", "unpod.md 5.2"),
        Field::new("sip_url", Type::Text)
            .made_of(Grammar::Url)
            .doc("Address of the provider's SIP side.", "unpod.md 5.2"),
        Field::new("meta_json", Type::Opaque)
            .carried_over()
            .doc("What others keep with it; any value.", "unpod.md 5.2, 12"),
    ],
    beside: BESIDE_PROVIDERS,
    update: Update::Patch,
    delete: Delete::Supported,
    list: List::Whole,
    link: None,
    connected: true,
    hidden_until_verified: false,
    made_though_refused: false,
    shares_ids: false,
    scope: None,
    rank: 1,
    delete_rank: 2,
    source: "unpod.md 5.2",
};

static LINK_G2: Link = Link {
    connect: "telephony/bridges/{id}/connect-provider/",
    disconnect: "telephony/bridges/{id}/disconnect-provider/",
    target_key: "provider_config_id",
    number: NumberWord::E164("phone_number"),
    can_disconnect: true,
    listed_by_product: false,
    assigned_on_create: None,
};

/// Recorded: disconnect always answers 500, and a number joins a bridge only at its creation (unpod.md 7).
static LINK_G1: Link = Link {
    connect: "telephony/bridges/{id}/connect-provider/",
    disconnect: "telephony/bridges/{id}/disconnect-provider/",
    target_key: "provider_credential_id",
    number: NumberWord::Id("number_id"),
    can_disconnect: false,
    listed_by_product: true,
    assigned_on_create: Some("numberIds"),
};

const NAME: Field =
    Field::new("name", Type::Text).required().example("Sales").doc("Display name.", "unpod.md 6.1");
const SLUG: Field = Field::new("slug", Type::Text)
    .required()
    .replaces()
    .example("sales-bridge-001")
    .doc("Its address at the service; never changes.", "unpod.md 6.1");
const NUMBERS: Field = Field::new("numbers", Type::Numbers)
    .doc("Numbers on the bridge, each with the provider that serves it. Owned whole.", "unpod.md 7");

/// Bridges of the documented generation.
pub static BRIDGES_G2: Kind = Kind {
    name: "bridges",
    singular: "bridge",
    generation: Some(2),
    collection: "telephony/bridges/",
    member: "telephony/bridges/{id}/",
    id: "slug",
    numeric_id: false,
    natural_key: &["slug"],
    fields: &[NAME, SLUG, NUMBERS],
    beside: BESIDE_BRIDGES,
    update: Update::Patch,
    delete: Delete::Supported,
    list: List::Pages { size: 100, largest: Some(10_000) },
    link: Some(&LINK_G2),
    connected: false,
    hidden_until_verified: false,
    made_though_refused: false,
    shares_ids: false,
    scope: None,
    rank: 2,
    delete_rank: 1,
    source: "unpod.md 6.1",
};

/// Bridges of the older generation.
pub static BRIDGES_G1: Kind = Kind {
    name: "bridges",
    singular: "bridge",
    generation: Some(1),
    collection: "telephony/bridges/",
    member: "telephony/bridges/{id}/",
    id: "slug",
    numeric_id: false,
    natural_key: &["slug"],
    fields: &[
        NAME,
        SLUG,
        NUMBERS,
        Field::new("description", Type::Text).doc("Free text.", "unpod.md 6.2"),
        Field::new("region", Type::Text)
            .create_only()
            .seen(&["IN", "US", "EU", "AUS", "UAE"])
            .doc("Where it runs.", "unpod.md 6.2"),
        Field::new("status", Type::Text)
            .carried_over()
            .seen(&["ACTIVE", "INACTIVE", "DRAFT"])
            .doc("Its state, which other parts of the service change.", "unpod.md 6.2; 12, 20"),
        Field::new("documents_status", Type::Text)
            .carried_over()
            .seen(&["pending", "review", "approve"])
            .doc("State of its documents.", "unpod.md 6.2"),
    ],
    beside: BESIDE_BRIDGES,
    update: Update::Patch,
    delete: Delete::Supported,
    list: List::Pages { size: 100, largest: Some(10_000) },
    link: Some(&LINK_G1),
    connected: false,
    hidden_until_verified: false,
    made_though_refused: true,
    shares_ids: true,
    scope: None,
    rank: 2,
    delete_rank: 1,
    source: "unpod.md 6.2",
};
