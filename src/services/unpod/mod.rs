//! Unpod telephony: provider configurations (two generations under one address, unpod.md 3) and bridges.

use crate::model::kind::{
    AccountSetting, AttributeType, CollectionListing, Field, Kind, Link, LinkEntry, LinkRequests, LinkRoles, NumberParameter,
    PageWords, ReadServedBy, SentIn, ServiceTable, SettingRole, SettingType, Spellings, TextGrammar,
};

use super::Service;

pub mod attribution;
mod bridges;
pub mod catalogue;
pub mod error_texts;
pub mod generation;
mod links;
mod organization;
mod read;
pub mod rows;
mod world;

/// The service.
pub const SERVICE: Service = Service::new(&TABLE).read_by(&read::UnpodReading).copied_by(world::world);

/// Its tables.
pub static TABLE: ServiceTable = ServiceTable::new("unpod", "Unpod", "https://unpod.ai/api/v2/platform")
    .kinds(&[&PROVIDERS_G2, &PROVIDERS_G1, &BRIDGES_G2, &BRIDGES_G1])
    .auth_scheme("Token")
    .limits(60, 4, 1)
    .settings(SETTINGS)
    // A configuration, and a bridge that is read by its slug; the answer to a write of a bridge (unpod.md 5.2, 6.2, recorded).
    // Handles are compared exactly: letter case counts (2.3). The documented generation does not show an owner.
    .owned_at(&[&["org_handle"], &["organization_details", "domain_handle"]])
    .refuses_with(206)
    .repeats_throttled_post()
    .html_404_is_no_path()
    .gone_in_400(error_texts::says_gone);

/// Settings of its accounts (unpod.md 2.3, 3, 7, 10.1).
const SETTINGS: &[AccountSetting] = &[
    AccountSetting::new("org_handle", SettingType::Text)
        .role(SettingRole::Organization)
        .required("the handle of its organization")
        .sent(SentIn::Header("org-handle"))
        .examples(&["acme.example"])
        .doc("Handle of the organization."),
    AccountSetting::new("product_id", SettingType::Text)
        .role(SettingRole::Product)
        .sent(SentIn::Header("product-id"))
        .examples(&["unpod.ai"])
        .doc("Sent on every call when set."),
    AccountSetting::new("product_ids", SettingType::Texts)
        .role(SettingRole::Products)
        .examples(&["unpod.ai", "support.example"])
        .doc("Products whose bridges are read."),
    AccountSetting::new("generation", SettingType::Choice(&[1, 2]))
        .role(SettingRole::Generation)
        .doc("Which generation of the service answers."),
    AccountSetting::new("disconnect_works", SettingType::Switch)
        .role(SettingRole::Disconnect)
        .doc("The older generation of this service can disconnect a number after all."),
    AccountSetting::new("all_products", SettingType::Switch)
        .role(SettingRole::AllProducts)
        .doc("Whether `product_ids` names every product of the organization."),
];

/// Spellings of the collection of provider configurations, the documented one first (unpod.md fact 2).
pub static CONFIGURATIONS: Spellings =
    Spellings { part: "{configurations}", words: &["providers-configurations", "provider-configurations"] };

/// What rows of configurations show beside their attributes (unpod.md 5.1, 5.2).
const BESIDE_PROVIDERS: &[&str] =
    &["org_handle", "organization", "organization_details", "provider_details", "is_valid", "created_at", "updated_at"];

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
pub static PROVIDERS_G2: Kind = Kind::new("providers", "provider configuration", "unpod.md 5.1")
    .generation(2)
    .at("telephony/{configurations}/", "telephony/{configurations}/{id}/")
    .spelled(&CONFIGURATIONS)
    .numeric_id()
    .found_by(&["provider", "account_sid"])
    .fields(
        &[
            Field::new("provider", AttributeType::CatalogueEntry)
                .names_entry_of(&catalogue::CATALOGUE)
                .required()
                .replace_on_change()
                .example("twilio")
                .with_known_values(&["twilio", "plivo", "exotel"])
                .doc("Provider of the catalogue: slug, name or id. A change replaces the configuration.", "unpod.md 5.1, 4.2"),
            Field::new("account_sid", AttributeType::Text)
                .required()
                .risky()
                .masked_lightly()
                .made_of(TextGrammar::Code)
                .example("AC0123456789abcdef0123456789abcdef")
                .doc("Account at the carrier; not secret. Changing it may affect connected bridges.", "unpod.md 5.1, U4"),
            Field::new("auth_token", AttributeType::Secret)
                .required()
                .doc("Token at the carrier; never read back.", "unpod.md 5.1"),
            Field::new("created_at", AttributeType::Text).read_only().doc("When the service made it.", "unpod.md 5.1"),
        ],
        BESIDE_PROVIDERS,
    )
    .connected()
    .order(1, 2);

/// Provider configurations of the older generation: named, with key, secret and addresses.
pub static PROVIDERS_G1: Kind = Kind::new("providers", "provider configuration", "unpod.md 5.2")
    .generation(1)
    .at("telephony/{configurations}/", "telephony/{configurations}/{id}/")
    .spelled(&CONFIGURATIONS)
    .numeric_id()
    .found_by(&["name"])
    .fields(
        &[
            Field::new("name", AttributeType::Text)
                .required()
                .example("LiveKit main")
                .doc("Name; the natural key here, though the service does not keep it unique.", "unpod.md 5.2"),
            Field::new("provider", AttributeType::CatalogueEntry)
                .names_entry_of(&catalogue::CATALOGUE)
                .required()
                .example("LiveKit")
                .with_known_values(&["LiveKit", "Daily", "Vapi", "Unpod.ai", "WebSocket"])
                .doc("Provider of the catalogue: name or id. Changed in place: the numbers stay.", "unpod.md 5.2, 4.2"),
            Field::new("api_key", AttributeType::Secret)
                .read_back()
                .doc("Key at the provider; given back in clear, or masked.", "unpod.md 5.2"),
            Field::new("api_secret", AttributeType::Secret)
                .read_back()
                .doc("Secret at the provider; given back in clear, or masked.", "unpod.md 5.2"),
            Field::new("active", AttributeType::Bool).state().doc("Whether the service uses it.", "unpod.md 5.2"),
            Field::new("base_url", AttributeType::Text)
                .made_of(TextGrammar::Url)
                .doc("Address of the provider's API.", "unpod.md 5.2"),
            Field::new("sip_url", AttributeType::Text)
                .made_of(TextGrammar::Url)
                .doc("Address of the provider's SIP side.", "unpod.md 5.2"),
            Field::new("meta_json", AttributeType::Opaque)
                .carried_over()
                .doc("Data that other programs keep with it; any value.", "unpod.md 5.2, 12"),
        ],
        BESIDE_PROVIDERS,
    )
    .connected()
    .order(1, 2);

static ROLES: LinkRoles = LinkRoles::new("bridges", "numbers", &["providers"]).entry(&NUMBER_ENTRY);

static NUMBER_ENTRY: LinkEntry = LinkEntry { kind: "numbers", singular: "number", holder: "bridge", target: "provider" };

const fn link_requests(number: NumberParameter, served_by: ReadServedBy) -> LinkRequests {
    LinkRequests::PostToHolder {
        connect: "telephony/bridges/{id}/connect-provider/",
        disconnect: "telephony/bridges/{id}/disconnect-provider/",
        number,
        served_by,
    }
}

static LINK_G2: Link =
    Link::new(&ROLES, link_requests(NumberParameter::E164("phone_number"), rows::served_by_g2), "provider_config_id");

/// Recorded: disconnect always answers 500, and a number joins a bridge only at its creation (unpod.md 7).
static LINK_G1: Link =
    Link::new(&ROLES, link_requests(NumberParameter::Id("number_id"), rows::served_by_g1), "provider_credential_id")
        .cannot_disconnect()
        .listed_by_product()
        .assigned_on_create("numberIds");

const NAME: Field = Field::new("name", AttributeType::Text)
    .required()
    .within(1, 100)
    .example("Sales")
    .doc("Display name of at most 100 characters.", "unpod.md 6.1");
const SLUG: Field = Field::new("slug", AttributeType::Text)
    .required()
    .replace_on_change()
    .example("sales-bridge-001")
    .doc("Its address at the service; never changes.", "unpod.md 6.1");
const NUMBERS: Field = Field::new("numbers", AttributeType::Numbers)
    .doc("Numbers on the bridge, each with the provider that serves it. Owned whole.", "unpod.md 7");

/// Bridges of the documented generation.
pub static BRIDGES_G2: Kind = Kind::new("bridges", "bridge", "unpod.md 6.1")
    .generation(2)
    .at("telephony/bridges/", "telephony/bridges/{id}/")
    .id("slug")
    .found_by(&["slug"])
    .fields(&[NAME, SLUG, NUMBERS], BESIDE_BRIDGES)
    .list(CollectionListing::Pages { size: 100, largest: Some(10_000), words: PageWords::DEFAULT })
    .link(&LINK_G2)
    .order(2, 1);

/// Bridges of the older generation.
pub static BRIDGES_G1: Kind = Kind::new("bridges", "bridge", "unpod.md 6.2")
    .generation(1)
    .at("telephony/bridges/", "telephony/bridges/{id}/")
    .id("slug")
    .found_by(&["slug"])
    .fields(
        &[
            NAME,
            SLUG,
            NUMBERS,
            Field::new("description", AttributeType::Text).doc("Free text.", "unpod.md 6.2"),
            Field::new("region", AttributeType::Text)
                .create_only()
                .with_known_values(&["IN", "US", "EU", "AUS", "UAE"])
                .doc("Where it runs.", "unpod.md 6.2"),
            Field::new("status", AttributeType::Text)
                .carried_over()
                .state()
                .with_known_values(&["ACTIVE", "INACTIVE", "DRAFT"])
                .doc("Its state, which other parts of the service change.", "unpod.md 6.2; 12, 20"),
            Field::new("documents_status", AttributeType::Text)
                .carried_over()
                .with_known_values(&["pending", "review", "approve"])
                .doc("State of its documents.", "unpod.md 6.2"),
        ],
        BESIDE_BRIDGES,
    )
    .list(CollectionListing::Pages { size: 100, largest: Some(10_000), words: PageWords::DEFAULT })
    .link(&LINK_G1)
    .made_though_refused()
    .shares_ids()
    .order(2, 1);
