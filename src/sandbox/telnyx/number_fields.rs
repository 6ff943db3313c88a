//! The fields of numbers and of their settings (`api/telnyx.md`, section 9).

use super::fields::Type::{Bool, Group, Like, OneOf, Ref, Text, Texts};
use super::fields::{Field, READ, Table, UPDATE};
use super::tables::{Filter, Test};

/// `connection_id` and `messaging_profile_id` are written by rules of their own (sections 9.2 and 9.4).
pub(super) const NUMBER: &[Field] = &[
    Field::own("id"),
    Field::own("record_type"),
    Field::own("phone_number"),
    Field::own("country_iso_alpha2").or("US"),
    Field::own("phone_number_type").or("local"),
    Field::own("status").or("active"),
    Field::of("tags", Texts).access(UPDATE | READ).or("[]"),
    Field::of("connection_id", Ref(Table::Connections)).access(UPDATE | READ).or("null"),
    Field::own("connection_name"),
    Field::of("billing_group_id", Ref(Table::BillingGroups)).access(UPDATE | READ).or("null"),
    Field::of("customer_reference", Text(0, 1000)).access(UPDATE | READ).or("null"),
    Field::of("external_pin", Text(0, 100)).access(UPDATE | READ).or("null"),
    Field::of("address_id", Text(0, 100)).access(UPDATE),
    Field::of("hd_voice_enabled", Bool).access(UPDATE | READ).or("false"),
    Field::own("messaging_profile_id").or("null"),
    Field::own("messaging_profile_name").or("null"),
    Field::own("messaging_campaign_id").or("null"),
    Field::own("call_forwarding_enabled"),
    Field::own("call_recording_enabled"),
    Field::own("caller_id_name_enabled"),
    Field::own("cnam_listing_enabled"),
    Field::own("t38_fax_gateway_enabled"),
    Field::own("inbound_call_screening"),
    Field::own("emergency_enabled").or("false"),
    Field::own("emergency_address_id").or("null"),
    Field::own("emergency_status").or("disabled"),
    Field::own("deletion_lock_enabled").or("false"),
    Field::own("source_type").or("number_order"),
    Field::own("purchased_at"),
    Field::own("created_at"),
    Field::own("activated_at"),
    Field::own("updated_at"),
    Field::of("voice", Group(VOICE)).access(0).or("{}"),
    Field::of("messaging", Group(MESSAGING)).access(0).or("{}"),
];

pub(super) const NUMBER_FILTERS: &[Filter] = &[
    Filter("[phone_number]", "phone_number", Test::Digits),
    Filter("[connection_id]", "connection_id", Test::Eq),
    Filter("[billing_group_id]", "billing_group_id", Test::EqOrNull),
    Filter("[customer_reference]", "customer_reference", Test::Eq),
    Filter("[tag]", "tags", Test::Has),
    Filter("[without_tags]", "tags", Test::Empty),
    Filter("[status]", "status", Test::Eq),
    Filter("[country_iso_alpha2]", "country_iso_alpha2", Test::Eq),
    Filter("[emergency_address_id]", "emergency_address_id", Test::EqOrNull),
    Filter("[number_type][eq]", "phone_number_type", Test::Eq),
    Filter("[voice.connection_name][contains]", "connection_name", Test::Contains),
    Filter("[voice.connection_name][starts_with]", "connection_name", Test::StartsWith),
    Filter("[voice.connection_name][ends_with]", "connection_name", Test::EndsWith),
    Filter("[voice.connection_name][eq]", "connection_name", Test::Eq),
    Filter("[voice.usage_payment_method]", "voice.usage_payment_method", Test::Eq),
];

/// The voice settings of a number (section 9.3).
pub(super) const VOICE: &[Field] = &[
    Field::of("tech_prefix_enabled", Bool).or("false"),
    Field::of("translated_number", Text(0, 100)).or(""),
    // Written here, read on the number itself.
    Field::of("caller_id_name_enabled", Bool).access(UPDATE).or("false"),
    Field::of("inbound_call_screening", OneOf(&["disabled", "reject_calls", "flag_calls"])).or("disabled"),
    Field::of("usage_payment_method", OneOf(&["pay-per-minute", "channel"])).or("pay-per-minute"),
    Field::of(
        "call_forwarding",
        Group(&[
            Field::of("call_forwarding_enabled", Bool).or("true"),
            Field::of("forwards_to", Like(is_forward, "must be a number with its country code")).or(""),
            Field::of("forwarding_type", OneOf(&["always", "on-failure"])),
        ]),
    )
    .or("{}"),
    Field::of(
        "cnam_listing",
        Group(&[
            Field::of("cnam_listing_enabled", Bool).or("false"),
            Field::of("cnam_listing_details", Like(is_listing, "must be at most 15 letters, digits and spaces")).or(""),
        ]),
    )
    .or("{}"),
    Field::of(
        "media_features",
        Group(&[
            Field::of("rtp_auto_adjust_enabled", Bool).or("true"),
            Field::of("accept_any_rtp_packets_enabled", Bool).or("false"),
            Field::of("t38_fax_gateway_enabled", Bool).or("false"),
        ]),
    )
    .or("{}"),
    Field::of(
        "call_recording",
        Group(&[
            Field::of("inbound_call_recording_enabled", Bool).or("false"),
            Field::of("inbound_call_recording_format", OneOf(&["wav", "mp3"])).or("wav"),
            Field::of("inbound_call_recording_channels", OneOf(&["single", "dual"])).or("single"),
        ]),
    )
    .or("{}"),
];

/// The messaging settings that are kept besides the profile, which stands on the number (section 9.4).
pub(super) const MESSAGING: &[Field] = &[Field::of("messaging_product", Text(1, 100)).or("A2P")];

fn is_forward(text: &str) -> bool {
    text.is_empty() || text.strip_prefix('+').is_some_and(|digits| digits.len() > 6 && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn is_listing(text: &str) -> bool {
    text.len() <= 15 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ')
}
