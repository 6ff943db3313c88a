//! Connections: what devices, switches and hosts are reached through (telnyx.md 4, 5).

use super::{BESIDE, pages_by};
use crate::model::kind::{AttributeType, Field, Kind, Normaliser, TextGrammar};

/// Credential connections: devices and switches that log in with a name and a password.
pub(super) static CREDENTIAL_CONNECTIONS: Kind = connection("credential_connections", "credential connection")
    .at("credential_connections", "credential_connections/{id}")
    .fields(&joined::<{ CREDENTIAL.len() + COMMON.len() }>([CREDENTIAL, COMMON]), BESIDE)
    .order(6, 7);

/// IP connections: switches that are known by the addresses that calls go to and come from.
pub(super) static IP_CONNECTIONS: Kind = connection("ip_connections", "IP connection")
    .at("ip_connections", "ip_connections/{id}")
    .fields(&joined::<{ IP.len() + COMMON.len() }>([IP, COMMON]), BESIDE)
    .order(7, 8);

/// FQDN connections: hosts that are found by their names.
pub(super) static FQDN_CONNECTIONS: Kind = connection("fqdn_connections", "FQDN connection")
    .at("fqdn_connections", "fqdn_connections/{id}")
    .fields(&joined::<{ FQDN.len() + COMMON.len() }>([FQDN, COMMON]), BESIDE_FQDN)
    .order(8, 9);

/// What a row of an FQDN connection shows beside its attributes: its login is in no request (telnyx.md 5.3).
const BESIDE_FQDN: &[&str] = &[
    "id",
    "record_type",
    "created_at",
    "updated_at",
    "user_name",
    "password",
    "adjust_dtmf_timestamp",
    "call_cost_enabled",
    "ignore_dtmf_duration",
    "ignore_mark_bit",
    "rtp_pass_codecs_on_stream_change",
    "send_normalized_timestamps",
    "third_party_control_enabled",
    "txt_name",
    "txt_value",
    "txt_ttl",
];

/// What connections take null for (telnyx.md 4).
const NULLABLE: &[&str] = &[
    "encrypted_media",
    "android_push_credential_id",
    "ios_push_credential_id",
    "webhook_event_failover_url",
    "webhook_timeout_secs",
];

const fn connection(name: &'static str, singular: &'static str) -> Kind {
    Kind::new(name, singular, "telnyx.md 4")
        .found_by(&["connection_name"])
        .list(pages_by(&[("sort", "created_at")]))
        .nullable(NULLABLE)
        .connected()
}

/// What connections of one sort have, and what all have.
const fn joined<const N: usize>(parts: [&[Field]; 2]) -> [Field; N] {
    let mut all = [NAME; N];
    let (mut at, mut part) = (0, 0);
    while part < 2 {
        let mut place = 0;
        while place < parts[part].len() {
            all[at] = parts[part][place];
            (at, place) = (at + 1, place + 1);
        }
        part += 1;
    }
    all
}

const fn text(name: &'static str) -> Field {
    Field::new(name, AttributeType::Text)
}

const fn flag(name: &'static str) -> Field {
    Field::new(name, AttributeType::Bool)
}

const fn whole(name: &'static str) -> Field {
    Field::new(name, AttributeType::Integer)
}

const NAME: Field = text("connection_name")
    .required()
    .example("North")
    .doc("Name; the natural key here, though the service does not say that it is unique.", "telnyx.md 4, 6.1");

const CREDENTIAL: &[Field] = &[
    NAME,
    text("user_name")
        .required()
        .risky()
        .made_of(TextGrammar::Login)
        .within(4, 32)
        .example("northdesk1")
        .doc("Login of the devices, 4 to 32 letters and digits; one login in all of the service.", "telnyx.md 4, 6.1"),
    Field::new("password", AttributeType::Secret)
        .required()
        .read_back()
        .risky()
        .within(8, 128)
        .doc("Password of the devices, 8 to 128 characters; read back in clear, or as stars.", "telnyx.md 4, 7"),
    text("sip_uri_calling_preference")
        .with_known_values(&["disabled", "unrestricted", "internal"])
        .doc("Who may call its SIP address.", "telnyx.md 4"),
    text("inbound.simultaneous_ringing")
        .with_known_values(&["disabled", "enabled"])
        .doc("Whether all registered devices ring.", "telnyx.md 5.1"),
];

const TRANSPORT: Field =
    text("transport_protocol").with_known_values(&["UDP", "TCP", "TLS"]).risky().doc("Transport of signalling.", "telnyx.md 4");

const REGION: Field =
    text("inbound.sip_region").with_known_values(&["US", "Europe", "Australia"]).doc("Region of signalling.", "telnyx.md 5.1");

const SUBDOMAIN: Field = text("inbound.sip_subdomain")
    .made_of(TextGrammar::Url)
    .risky()
    .doc("Own name under sip.telnyx.com; one in all of the service.", "telnyx.md 5.1, 6.1");

/// An empty text comes back as the default (telnyx.md 8.1).
const SUBDOMAIN_SETTINGS: Field = text("inbound.sip_subdomain_receive_settings")
    .with_known_values(&["only_my_connections", "from_anyone"])
    .doc("Who may call that name.", "telnyx.md 5.1, 8.1");

const PREFIX: Field = text("outbound.tech_prefix").risky().doc("Four digits before each number that is called.", "telnyx.md 5.2");

/// A default names an address of the connection, which exists only after it; the portal sets it (telnyx.md 5.4).
const fn default_destination(name: &'static str, kind: &'static str) -> Field {
    Field::new(name, AttributeType::Reference(kind)).kept().made_of(TextGrammar::Code).of_account().doc(
        "Address that is tried in this order; set in the portal, and none is deleted while it is named here.",
        "telnyx.md 5.1, 5.4",
    )
}

const IP: &[Field] = &[
    NAME,
    TRANSPORT,
    REGION,
    SUBDOMAIN,
    SUBDOMAIN_SETTINGS,
    default_destination("inbound.default_primary_ip_id", "ips"),
    default_destination("inbound.default_secondary_ip_id", "ips"),
    default_destination("inbound.default_tertiary_ip_id", "ips"),
    text("outbound.ip_authentication_method")
        .with_known_values(&["tech-prefixp-charge-info", "token"])
        .risky()
        .doc("How its calls are recognised.", "telnyx.md 5.2"),
    PREFIX,
];

const FQDN: &[Field] = &[
    NAME,
    TRANSPORT,
    flag("microsoft_teams_sbc")
        .replace_on_change()
        .doc("Whether it is a border controller of Microsoft Teams; set only on create.", "telnyx.md 4"),
    REGION,
    SUBDOMAIN,
    SUBDOMAIN_SETTINGS,
    default_destination("inbound.default_primary_fqdn_id", "fqdns"),
    default_destination("inbound.default_secondary_fqdn_id", "fqdns"),
    default_destination("inbound.default_tertiary_fqdn_id", "fqdns"),
    text("outbound.ip_authentication_method")
        .with_known_values(&["credential-authentication", "ip-authentication"])
        .risky()
        .doc("How its calls are recognised.", "telnyx.md 5.2, 5.3"),
    PREFIX,
    text("outbound.encrypted_media").with_known_values(&["SRTP"]).doc("Encryption of media out; null for none.", "telnyx.md 5.2"),
    whole("outbound.timeout_1xx_secs").doc("Seconds until a first answer, 1 to 120.", "telnyx.md 5.2"),
    whole("outbound.timeout_2xx_secs").doc("Seconds until the call is taken, 1 to 600.", "telnyx.md 5.2"),
];

const COMMON: &[Field] = &[
    flag("active")
        .state()
        .darkens(false)
        .doc("Whether it takes calls; false makes every number on it dark, in and out.", "telnyx.md 4, 10"),
    text("anchorsite_override")
        .with_known_values(&[
            "Latency",
            "Chicago, IL",
            "Ashburn, VA",
            "San Jose, CA",
            "Sydney, Australia",
            "Amsterdam, Netherlands",
            "London, UK",
            "Toronto, Canada",
            "Vancouver, Canada",
            "Frankfurt, Germany",
        ])
        .doc("Where its media goes through; `Latency` for the nearest place.", "telnyx.md 4"),
    text("dtmf_type").with_known_values(&["RFC 2833", "Inband", "SIP INFO"]).doc("How tones are sent.", "telnyx.md 4"),
    flag("encode_contact_header_enabled").doc("Whether the contact header is encoded.", "telnyx.md 4"),
    text("encrypted_media").with_known_values(&["SRTP"]).doc("Encryption of media; null for none.", "telnyx.md 4"),
    flag("default_on_hold_comfort_noise_enabled").doc("Whether silence on hold has noise.", "telnyx.md 4"),
    flag("onnet_t38_passthrough_enabled").doc("Whether T.38 passes unchanged inside the network.", "telnyx.md 4"),
    flag("call_cost_in_webhooks").doc("Whether webhooks tell what a call costs.", "telnyx.md 4"),
    text("webhook_api_version").with_known_values(&["1", "2"]).doc("Version of its webhooks, as a text.", "telnyx.md 4"),
    text("webhook_event_url").made_of(TextGrammar::Url).within(0, 2000).doc("Address of its webhooks.", "telnyx.md 4"),
    text("webhook_event_failover_url")
        .made_of(TextGrammar::Url)
        .doc("Address that is used when the first one fails.", "telnyx.md 4"),
    whole("webhook_timeout_secs").within(0, 30).doc("Seconds until a webhook counts as failed, 0 to 30.", "telnyx.md 4"),
    Field::new("tags", AttributeType::List).compared_as(Normaliser::Set).doc("Texts, in any order.", "telnyx.md 4"),
    text("noise_suppression")
        .with_known_values(&["inbound", "outbound", "both", "disabled"])
        .doc("Direction whose noise is suppressed.", "telnyx.md 4"),
    text("noise_suppression_details.engine").doc("Engine that suppresses noise.", "telnyx.md 4"),
    whole("noise_suppression_details.attenuation_limit").within(0, 100).doc("How much it suppresses, 0 to 100.", "telnyx.md 4"),
    flag("jitter_buffer.enable_jitter_buffer").doc("Whether late packets are waited for.", "telnyx.md 4"),
    whole("jitter_buffer.jitterbuffer_msec_min").within(40, 400).doc("Shortest wait in milliseconds, 40 to 400.", "telnyx.md 4"),
    whole("jitter_buffer.jitterbuffer_msec_max").within(40, 400).doc("Longest wait in milliseconds, 40 to 400.", "telnyx.md 4"),
    text("rtcp_settings.port").with_known_values(&["rtcp-mux", "rtp+1"]).doc("Port of RTCP.", "telnyx.md 4"),
    flag("rtcp_settings.capture_enabled").doc("Whether RTCP is kept.", "telnyx.md 4"),
    whole("rtcp_settings.report_frequency_secs").within(5, 3000).doc("Seconds between reports, 5 to 3000.", "telnyx.md 4"),
    text("inbound.ani_number_format")
        .with_known_values(&["+E.164", "E.164", "+E.164-national", "E.164-national"])
        .doc("Form of the caller's number.", "telnyx.md 5.1"),
    text("inbound.dnis_number_format")
        .with_known_values(&["+e164", "e164", "national", "sip_username"])
        .doc("Form of the number that was called.", "telnyx.md 5.1"),
    Field::new("inbound.codecs", AttributeType::List).doc("Codecs, the first one preferred.", "telnyx.md 5.1"),
    text("inbound.default_routing_method")
        .with_known_values(&["sequential", "round-robin"])
        .doc("Order in which places are tried.", "telnyx.md 5.1"),
    whole("inbound.channel_limit").doc("Most calls in at one time; null for no separate limit.", "telnyx.md 5.1"),
    flag("inbound.generate_ringback_tone").doc("Whether the service makes the ringing tone.", "telnyx.md 5.1"),
    flag("inbound.isup_headers_enabled").doc("Whether ISUP headers are sent.", "telnyx.md 5.1"),
    flag("inbound.prack_enabled").doc("Whether PRACK is used.", "telnyx.md 5.1"),
    flag("inbound.shaken_stir_enabled").doc("Whether SHAKEN/STIR headers are sent.", "telnyx.md 5.1"),
    flag("inbound.sip_compact_headers_enabled").doc("Whether SIP headers are short.", "telnyx.md 5.1"),
    whole("inbound.timeout_1xx_secs").within(1, 120).doc("Seconds until a first answer, 1 to 120.", "telnyx.md 5.1"),
    whole("inbound.timeout_2xx_secs").within(1, 600).doc("Seconds until the call is taken, 1 to 600.", "telnyx.md 5.1"),
    Field::new("outbound.outbound_voice_profile_id", AttributeType::Reference("outbound_voice_profiles"))
        .made_of(TextGrammar::Code)
        .of_account()
        .doc("Profile of its calls out, by its address or its id.", "telnyx.md 5.2"),
    text("outbound.ani_override").doc("Number that is shown to those who are called.", "telnyx.md 5.2"),
    text("outbound.ani_override_type")
        .with_known_values(&["always", "normal", "emergency"])
        .doc("For which calls that number is shown.", "telnyx.md 5.2"),
    flag("outbound.call_parking_enabled").doc("Whether calls out are parked.", "telnyx.md 5.2"),
    whole("outbound.channel_limit").doc("Most calls out at one time; null for no separate limit.", "telnyx.md 5.2"),
    flag("outbound.generate_ringback_tone").doc("Whether the service makes the ringing tone.", "telnyx.md 5.2"),
    flag("outbound.instant_ringback_enabled").doc("Whether the ringing tone begins at once.", "telnyx.md 5.2"),
    text("outbound.localization")
        .example("US")
        .doc("Country of numbers without a country code, ISO 3166-1 alpha-2.", "telnyx.md 5.2"),
    text("outbound.t38_reinvite_source")
        .with_known_values(&["telnyx", "customer", "disabled", "passthru", "caller-passthru", "callee-passthru"])
        .doc("Who changes a call to T.38.", "telnyx.md 5.2"),
];
