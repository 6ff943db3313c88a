//! Telnyx v2: billing groups, outbound voice profiles, connections with their addresses, the phone numbers that they serve, and
//! managed accounts (telnyx.md).

use crate::model::kind::{
    AccountSetting, AttributeType, CollectionListing, Detach, Envelope, Field, Kind, Link, LinkRequests, LinkRoles, Normaliser,
    PageWords, ServiceTable, SettingRole, SettingType, TextGrammar,
};

use super::Service;

mod addresses;
mod connections;
mod managed;
mod world;

/// The service.
pub const SERVICE: Service = Service::new(&TABLE).copied_by(world::world);

/// Its tables.
pub static TABLE: ServiceTable = ServiceTable::new("telnyx", "Telnyx", "https://api.telnyx.com/v2")
    .kinds(&[
        &BILLING_GROUPS,
        &OUTBOUND_VOICE_PROFILES,
        &connections::CREDENTIAL_CONNECTIONS,
        &connections::IP_CONNECTIONS,
        &connections::FQDN_CONNECTIONS,
        &addresses::IPS,
        &addresses::FQDNS,
        &PHONE_NUMBERS,
        &managed::MANAGED_ACCOUNTS,
    ])
    .limits(60, 2, 1)
    .settings(SETTINGS)
    .envelope(ENVELOPE)
    // A throttled request was refused before anything was done (telnyx.md 1.2).
    .repeats_throttled_post()
    .throttles_with("10011", "x-ratelimit-reset");

/// `data` without anything beside it that tells a wrapped object from a bare one, so it always counts (telnyx.md 2.1).
const ENVELOPE: Envelope = Envelope { key: "data", beside: &["errors"], always: "errors" };

/// How a number is taken off its connection is not documented (telnyx.md 9.2).
const SETTINGS: &[AccountSetting] = &[
    AccountSetting::new("detach_with", SettingType::EmptyOrNull)
        .role(SettingRole::Detach)
        .doc("What takes a number off its connection: an empty text, or null."),
    managed::DISABLE,
];

/// Pages of 250 rows, numbered from 1, in the default order (telnyx.md 2.2).
const PAGES: PageWords = PageWords { page: "page[number]", size: "page[size]", count: "meta.total_results", beside: &[] };

/// Rows of a page; more are refused (telnyx.md 2.2).
const PAGE: usize = 250;

/// A listing in an order in which a new row shifts no other one.
const fn pages_by(beside: &'static [(&'static str, &'static str)]) -> CollectionListing {
    CollectionListing::Pages { size: PAGE, largest: None, words: PAGES.with(beside) }
}

/// What every row shows beside its attributes.
const BESIDE: &[&str] = &["id", "record_type", "created_at", "updated_at"];

/// Billing groups; a deleted one may still be listed (telnyx.md 12).
pub static BILLING_GROUPS: Kind = Kind::new("billing_groups", "billing group", "telnyx.md 12")
    .at("billing_groups", "billing_groups/{id}")
    .found_by(&["name"])
    .nullable(&[])
    .fields(
        &[Field::new("name", AttributeType::Text)
            .required()
            .example("Sales")
            .doc("Name; the natural key here, though the service does not say that it is unique.", "telnyx.md 12")],
        &["id", "record_type", "created_at", "updated_at", "organization_id", "deleted_at"],
    )
    .gone_when(&[("deleted_at", &[])])
    .list(pages_by(&[]))
    .order(4, 11);

/// Outbound voice profiles (telnyx.md 11).
pub static OUTBOUND_VOICE_PROFILES: Kind = Kind::new("outbound_voice_profiles", "outbound voice profile", "telnyx.md 11")
    .at("outbound_voice_profiles", "outbound_voice_profiles/{id}")
    .found_by(&["name"])
    .fields(PROFILE, &["id", "record_type", "created_at", "updated_at", "connections_count"])
    .list(pages_by(&[("sort", "created_at")]))
    .nullable(&["billing_group_id", "concurrent_call_limit"])
    .order(5, 10);

const PROFILE: &[Field] = &[
    Field::new("name", AttributeType::Text)
        .required()
        .always_sent()
        .within(3, u64::MAX)
        .example("Domestic")
        .doc("Name of at least three characters; the natural key. Every PATCH carries it.", "telnyx.md 11, 8"),
    Field::new("billing_group_id", AttributeType::Reference("billing_groups"))
        .made_of(TextGrammar::Code)
        .of_account()
        .doc("Billing group of its calls, by its address or its id.", "telnyx.md 11"),
    Field::new("enabled", AttributeType::Bool)
        .state()
        .risky()
        .mutes(false)
        .doc("Whether it lets calls out; false stops every outbound call of the connections that name it.", "telnyx.md 10, 11"),
    Field::new("traffic_type", AttributeType::Text)
        .with_known_values(&["conversational"])
        .doc("Sort of traffic.", "telnyx.md 11"),
    Field::new("service_plan", AttributeType::Text).with_known_values(&["global"]).doc("Plan of its calls.", "telnyx.md 11"),
    Field::new("usage_payment_method", AttributeType::Text)
        .with_known_values(&["rate-deck"])
        .doc("How its calls are paid.", "telnyx.md 11"),
    Field::new("concurrent_call_limit", AttributeType::Integer)
        .doc("Most calls at one time; null for no separate limit.", "telnyx.md 11"),
    Field::new("daily_spend_limit", AttributeType::Decimal)
        .doc("Most that may be spent in a day, in dollars.", "telnyx.md 11, 8.1"),
    Field::new("daily_spend_limit_enabled", AttributeType::Bool).doc("Whether that limit counts.", "telnyx.md 11"),
    Field::new("max_destination_rate", AttributeType::Number)
        .doc("Highest rate of a destination that may be called; a JSON number, kept exactly.", "telnyx.md 11, 8.1"),
    Field::new("whitelisted_destinations", AttributeType::List)
        .compared_as(Normaliser::Set)
        .doc("Countries that may be called, ISO 3166-1 alpha-2, in any order.", "telnyx.md 11"),
    Field::new("tags", AttributeType::List).compared_as(Normaliser::Set).doc("Texts, in any order.", "telnyx.md 11"),
    Field::new("call_recording.call_recording_type", AttributeType::Text)
        .with_known_values(&["all", "none", "by_caller_phone_number"])
        .doc("Which calls are recorded.", "telnyx.md 11"),
    Field::new("call_recording.call_recording_caller_phone_numbers", AttributeType::List)
        .compared_as(Normaliser::Set)
        .doc("Callers whose calls are recorded, in any order.", "telnyx.md 11"),
    Field::new("call_recording.call_recording_channels", AttributeType::Text)
        .with_known_values(&["single", "dual"])
        .doc("Channels of a recording.", "telnyx.md 11"),
    Field::new("call_recording.call_recording_format", AttributeType::Text)
        .with_known_values(&["wav", "mp3"])
        .doc("Format of a recording.", "telnyx.md 11"),
    time_of_day("calling_window.start_time").doc("From when on calls are let out, in UTC.", "telnyx.md 11, 8.1"),
    time_of_day("calling_window.end_time").doc("Until when calls are let out, in UTC.", "telnyx.md 11, 8.1"),
    Field::new("calling_window.calls_per_cld", AttributeType::Integer)
        .doc("Most calls to one number in that time.", "telnyx.md 11"),
];

/// A time of day, which the schema has as `HH:MM` and samples with seconds (telnyx.md 8.1).
const fn time_of_day(name: &'static str) -> Field {
    Field::new(name, AttributeType::Text).made_of(TextGrammar::Time).compared_as(Normaliser::Time).risky().example("08:00")
}

/// What serves numbers, in the order in which it is read.
const CONNECTIONS: &[&str] = &["credential_connections", "ip_connections", "fqdn_connections"];

/// Applications of other products serve numbers, too: their ids are of the same space (telnyx.md 9.2).
static ROLES: LinkRoles =
    LinkRoles::new("phone_numbers", "connection", CONNECTIONS).target_called("connection").served_by_others();

/// One PATCH attaches a number or moves it (telnyx.md 9.2).
static LINK: Link = Link::new(
    &ROLES,
    LinkRequests::PatchMember { path: "phone_numbers/{id}", number: "phone_number", detach: Detach::Empty },
    "connection_id",
);

/// Phone numbers: ordered and released elsewhere, because both cost money (telnyx.md 9).
pub static PHONE_NUMBERS: Kind = Kind::new("phone_numbers", "phone number", "telnyx.md 9")
    .at("phone_numbers", "phone_numbers/{id}")
    .found_by(&["phone_number"])
    .nullable(&[])
    .fields(
        &[
            Field::new("phone_number", AttributeType::Text)
                .required()
                .made_of(TextGrammar::PhoneNumber)
                .create_only()
                .example("+13125550101")
                .doc("Number with plus sign and country code; the natural key.", "telnyx.md 9.1"),
            Field::new("connection", AttributeType::ServedBy)
                .doc("The connection that takes its calls; null for none.", "telnyx.md 9.2"),
            Field::new("billing_group_id", AttributeType::Reference("billing_groups"))
                .made_of(TextGrammar::Code)
                .of_account()
                .doc("Billing group that pays for it, by its address or its id.", "telnyx.md 9.1"),
            Field::new("customer_reference", AttributeType::Text).doc("Text for people.", "telnyx.md 9.1"),
            Field::new("tags", AttributeType::List).compared_as(Normaliser::Set).doc("Texts, in any order.", "telnyx.md 9.1"),
            Field::new("status", AttributeType::Text)
                .read_only()
                .state()
                .doc("Where it is in its life at the service.", "telnyx.md 9.1"),
        ],
        BESIDE_NUMBERS,
    )
    .adopted_only()
    .gone_when(&[("status", &["deleted", "ported-out", "purchase-failed", "port-failed"])])
    // A fault of the messaging service must not hide the numbers (telnyx.md 9.1).
    .list(pages_by(&[("sort", "phone_number"), ("handle_messaging_profile_error", "true")]))
    .link(&LINK)
    .order(11, 4);

/// What rows of numbers show beside their attributes, and other pages of the service change (telnyx.md 9.1, 9.3, 9.4).
const BESIDE_NUMBERS: &[&str] = &[
    "id",
    "record_type",
    "created_at",
    "updated_at",
    "connection_id",
    "connection_name",
    "external_pin",
    "hd_voice_enabled",
    "deletion_lock_enabled",
    "messaging_profile_id",
    "messaging_profile_name",
    "messaging_campaign_id",
    "call_forwarding_enabled",
    "call_recording_enabled",
    "caller_id_name_enabled",
    "cnam_listing_enabled",
    "t38_fax_gateway_enabled",
    "inbound_call_screening",
    "emergency_enabled",
    "emergency_address_id",
    "emergency_status",
    "phone_number_type",
    "country_iso_alpha2",
    "source_type",
    "purchased_at",
    "activated_at",
];
