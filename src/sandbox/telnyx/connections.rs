//! The fields of connections, with the defaults of each sort (`api/telnyx.md`, sections 4 and 5).

use super::fields::Type::{Bool, Group, Int, Like, OneOf, Ref, Text, Texts};
use super::fields::{ANY, CREATE, CREDENTIAL, FQDN, Field, IP, READ, Table, UPDATE};

const ANCHORSITES: &[&str] = &[
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
];

const ENGINES: &[&str] = &[
    "denoiser",
    "deep_filter_net",
    "deep_filter_net_large",
    "krisp_viva_tel",
    "krisp_viva_tel_lite",
    "krisp_viva_promodel",
    "krisp_viva_ss",
    "quail_voice_focus",
];

const T38: &[&str] = &["telnyx", "customer", "disabled", "passthru", "caller-passthru", "callee-passthru"];

pub(super) const CONNECTION: &[Field] = &[
    Field::own("id"),
    Field::own("record_type"),
    Field::of("connection_name", Text(1, 1000)).required(CREDENTIAL | FQDN),
    Field::of("active", Bool).or("true"),
    // On FQDN connections in no request schema, and sent by others all the same (section 5.3).
    Field::of("user_name", Like(is_user_name, "must be 4 to 32 letters and digits, with a letter among the first five"))
        .only(CREDENTIAL | FQDN)
        .required(CREDENTIAL),
    Field::of("password", Text(8, 128)).only(CREDENTIAL | FQDN).required(CREDENTIAL),
    Field::of("sip_uri_calling_preference", OneOf(&["disabled", "unrestricted", "internal"])).only(CREDENTIAL).or("disabled"),
    Field::of("transport_protocol", OneOf(&["UDP", "TCP", "TLS"])).only(IP | FQDN).or("UDP"),
    Field::of("anchorsite_override", OneOf(ANCHORSITES)).or("Latency"),
    Field::of("dtmf_type", OneOf(&["RFC 2833", "Inband", "SIP INFO"])).or("RFC 2833"),
    Field::of("encode_contact_header_enabled", Bool).or("false"),
    Field::of("encrypted_media", OneOf(&["SRTP"])).null().or("null"),
    Field::of("default_on_hold_comfort_noise_enabled", Bool).only(CREDENTIAL).or("false"),
    Field::of("default_on_hold_comfort_noise_enabled", Bool).only(IP | FQDN).or("true"),
    Field::of("onnet_t38_passthrough_enabled", Bool).or("false"),
    Field::of("call_cost_in_webhooks", Bool).or("false"),
    Field::of("bridge_generate_comfort_noise_on_cn", Bool).or("false"),
    Field::of("conversation_persistence", Bool).access(UPDATE | READ).or("false"),
    Field::of("android_push_credential_id", Text(0, 100)).null().or("null"),
    Field::of("ios_push_credential_id", Text(0, 100)).null().or("null"),
    Field::of("webhook_api_version", OneOf(&["1", "2", "texml"])).only(CREDENTIAL).or("\"1\""),
    Field::of("webhook_api_version", OneOf(&["1", "2"])).only(IP | FQDN).or("\"1\""),
    Field::of("webhook_event_url", Like(is_url, "must be a URL with a scheme, of 2000 characters at most")),
    Field::of("webhook_event_failover_url", Like(is_url, "must be a URL with a scheme, of 2000 characters at most"))
        .null()
        .or(""),
    Field::of("webhook_timeout_secs", Int(0, 30)).null().or("null"),
    Field::of("tags", Texts).or("[]"),
    Field::of("noise_suppression", OneOf(&["inbound", "outbound", "both", "disabled"])),
    Field::of(
        "noise_suppression_details",
        Group(&[Field::of("engine", OneOf(ENGINES)).or("denoiser"), Field::of("attenuation_limit", Int(0, 100))]),
    )
    .or("{}"),
    Field::of(
        "jitter_buffer",
        Group(&[
            Field::of("enable_jitter_buffer", Bool).or("false"),
            Field::of("jitterbuffer_msec_min", Int(40, 400)).or("60"),
            Field::of("jitterbuffer_msec_max", Int(40, 400)).or("200"),
        ]),
    )
    .or("{}"),
    Field::of(
        "rtcp_settings",
        Group(&[
            Field::of("port", OneOf(&["rtcp-mux", "rtp+1"])).or("rtp+1"),
            Field::of("capture_enabled", Bool).or("false"),
            Field::of("report_frequency_secs", Int(5, 3000)).or("5"),
        ]),
    )
    .or("{}"),
    Field::of("microsoft_teams_sbc", Bool).only(FQDN).access(CREATE | READ).or("false"),
    Field::of("inbound", Group(INBOUND)).or("{}"),
    Field::of("outbound", Group(OUTBOUND)).or("{}"),
    Field::own("adjust_dtmf_timestamp").only(FQDN).or("false"),
    Field::own("call_cost_enabled").only(FQDN).or("false"),
    Field::own("ignore_dtmf_duration").only(FQDN).or("false"),
    Field::own("ignore_mark_bit").only(FQDN).or("false"),
    Field::own("rtp_pass_codecs_on_stream_change").only(FQDN).or("false"),
    Field::own("send_normalized_timestamps").only(FQDN).or("false"),
    Field::own("third_party_control_enabled").only(FQDN).or("false"),
    Field::own("created_at"),
    Field::own("updated_at"),
];

const INBOUND: &[Field] = &[
    Field::of("ani_number_format", OneOf(&["+E.164", "E.164", "+E.164-national", "E.164-national"])).or("E.164-national"),
    Field::of("dnis_number_format", OneOf(&["+e164", "e164", "national", "sip_username"])).or("e164"),
    Field::of("codecs", Texts).or(r#"["G722","G711U","G711A","G729","OPUS","H.264"]"#),
    Field::of("default_routing_method", OneOf(&["sequential", "round-robin"])).only(CREDENTIAL | IP),
    Field::of("default_routing_method", OneOf(&["sequential", "round-robin"])).only(FQDN).null().or("sequential"),
    Field::of("channel_limit", Int(0, i64::MAX)).only(CREDENTIAL | IP),
    Field::of("channel_limit", Int(0, i64::MAX)).only(FQDN).null().or("null"),
    Field::of("generate_ringback_tone", Bool).or("false"),
    Field::of("isup_headers_enabled", Bool).or("false"),
    Field::of("prack_enabled", Bool).or("false"),
    Field::of("shaken_stir_enabled", Bool).or("false"),
    Field::of("sip_compact_headers_enabled", Bool).or("true"),
    Field::of("simultaneous_ringing", OneOf(&["disabled", "enabled"])).only(CREDENTIAL).or("disabled"),
    Field::of("timeout_1xx_secs", Int(1, 120)).or("3"),
    Field::of("timeout_2xx_secs", Int(1, 600)).or("90"),
    Field::of("sip_region", OneOf(&["US", "Europe", "Australia"])).only(IP | FQDN).or("US"),
    Field::of("sip_subdomain", Text(0, 63)).only(IP),
    Field::of("sip_subdomain", Text(0, 63)).only(FQDN).null().or("null"),
    // An empty text is taken, and the default comes back (section 8.1).
    Field::of("sip_subdomain_receive_settings", OneOf(&["only_my_connections", "from_anyone", ""]))
        .only(IP | FQDN)
        .or("from_anyone"),
    Field::of("default_primary_ip_id", Ref(Table::Ips)).only(IP).access(UPDATE | READ),
    Field::of("default_secondary_ip_id", Ref(Table::Ips)).only(IP).access(UPDATE | READ),
    Field::of("default_tertiary_ip_id", Ref(Table::Ips)).only(IP).access(UPDATE | READ),
    Field::of("default_primary_fqdn_id", Ref(Table::Fqdns)).only(FQDN).null().or("null"),
    Field::of("default_secondary_fqdn_id", Ref(Table::Fqdns)).only(FQDN).null().or("null"),
    Field::of("default_tertiary_fqdn_id", Ref(Table::Fqdns)).only(FQDN).null().or("null"),
];

/// The inner fields that name an IP or a host of the connection.
pub(super) const DEFAULT_TARGETS: [&str; 6] = [
    "default_primary_ip_id",
    "default_secondary_ip_id",
    "default_tertiary_ip_id",
    "default_primary_fqdn_id",
    "default_secondary_fqdn_id",
    "default_tertiary_fqdn_id",
];

const OUTBOUND: &[Field] = &[
    Field::of("outbound_voice_profile_id", Ref(Table::Profiles)),
    Field::of("ani_override", Text(0, 100)).only(CREDENTIAL | IP).or(""),
    Field::of("ani_override", Text(0, 100)).only(FQDN),
    Field::of("ani_override_type", OneOf(&["always", "normal", "emergency"])).or("always"),
    Field::of("call_parking_enabled", Bool).null().or("false"),
    Field::of("channel_limit", Int(0, i64::MAX)),
    Field::of("generate_ringback_tone", Bool).or("false"),
    Field::of("instant_ringback_enabled", Bool).only(CREDENTIAL | IP).or("true"),
    Field::of("instant_ringback_enabled", Bool).only(FQDN).or("false"),
    Field::of("localization", Like(is_country, "must be a country of two letters")).only(CREDENTIAL | FQDN).or("US"),
    Field::of("localization", Like(is_country, "must be a country of two letters")).only(IP),
    Field::of("t38_reinvite_source", OneOf(T38)).only(CREDENTIAL).or("telnyx"),
    Field::of("t38_reinvite_source", OneOf(T38)).only(IP | FQDN).or("customer"),
    Field::of("ip_authentication_method", OneOf(&["tech-prefixp-charge-info", "token"])).only(IP).or("tech-prefixp-charge-info"),
    Field::of("ip_authentication_method", OneOf(&["credential-authentication", "ip-authentication"]))
        .only(FQDN)
        .or("ip-authentication"),
    Field::of("ip_authentication_token", Like(is_token, "must be 12 to 48 letters, digits and hyphens")).only(IP | FQDN),
    Field::of("tech_prefix", Like(is_prefix, "must be four digits")).only(IP).or(""),
    Field::of("tech_prefix", Like(is_prefix, "must be four digits")).only(FQDN),
    Field::of("encrypted_media", OneOf(&["SRTP"])).only(FQDN).null().or("null"),
    Field::of("timeout_1xx_secs", Int(1, 120)).only(FQDN).or("3"),
    Field::of("timeout_2xx_secs", Int(1, 600)).only(FQDN).or("90"),
];

/// The sort of connection that a row is; [`ANY`] for one that another product made.
pub(super) fn sort_of(record_type: &str) -> u8 {
    match record_type {
        "credential_connection" => CREDENTIAL,
        "ip_connection" => IP,
        "fqdn_connection" => FQDN,
        _ => ANY,
    }
}

fn is_user_name(text: &str) -> bool {
    (4..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().take(5).any(|byte| byte.is_ascii_alphabetic())
}

fn is_url(text: &str) -> bool {
    let schemed = text.split_once("://").is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
    text.is_empty() || schemed && text.len() <= 2000
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_token(text: &str) -> bool {
    (12..=48).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_prefix(text: &str) -> bool {
    text.is_empty() || text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}
