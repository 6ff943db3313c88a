//! The objects but connections (`api/telnyx.md`, sections 3, 5.4, 9 and 11 to 14).

use super::connections::CONNECTION;
use super::fields::Type::{Bool, Group, Int, Like, Number, OneOf, Ref, RefOrNumber, Text, Texts};
use super::fields::{ANY, CREATE, CREDENTIAL, FQDN, Field, IP, READ, Table};
use super::number_fields::{NUMBER, NUMBER_FILTERS};

/// The ids of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Ids {
    /// 19 digits, above 2^53.
    Decimal,
    Uuid,
}

/// One collection of the API.
#[derive(Debug)]
pub(in super::super) struct Collection {
    /// Its path.
    pub(in super::super) path: &'static str,
    pub(in super::super) table: Table,
    pub(in super::super) record_type: &'static str,
    /// The sort of connection; [`ANY`] for other objects.
    pub(super) types: u8,
    pub(in super::super) ids: Ids,
    pub(super) fields: &'static [Field],
    /// Methods of the collection and of a member.
    pub(super) methods: (&'static [&'static str], &'static [&'static str]),
    /// Status of a POST.
    pub(super) created: u16,
    /// Rows of a page when the request does not say.
    pub(super) page: usize,
    /// Words of `sort`, and whether `-` may stand before one.
    pub(super) sort: (&'static [&'static str], bool),
    pub(super) filters: &'static [Filter],
}

/// One `filter[...]` of a list: what is between the words `filter` and `=`, the field by its path, and the comparison.
#[derive(Debug)]
pub(super) struct Filter(pub(super) &'static str, pub(super) &'static str, pub(super) Test);

/// How a filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    Eq,
    /// The literal word `null` is no value.
    EqOrNull,
    /// Three characters at least; case does not matter.
    Contains,
    StartsWith,
    EndsWith,
    /// A part of the digits; anything else finds nothing.
    Digits,
    /// A list that has it.
    Has,
    /// `true`: lists without an element.
    Empty,
    /// The state of a managed account, which no answer shows.
    Status,
}

const READ_WRITE: (&[&str], &[&str]) = (&["GET", "POST"], &["GET", "PATCH", "DELETE"]);

const CONNECTION_FILTERS: &[Filter] = &[
    Filter("[connection_name][contains]", "connection_name", Test::Contains),
    Filter("[fqdn]", "fqdn", Test::Has),
    Filter("[outbound_voice_profile_id]", "outbound.outbound_voice_profile_id", Test::Eq),
    Filter("[outbound.outbound_voice_profile_id]", "outbound.outbound_voice_profile_id", Test::Eq),
];

const CONNECTION_SORT: (&[&str], bool) = (&["created_at", "connection_name", "active"], true);

const fn connections(path: &'static str, record_type: &'static str, types: u8) -> Collection {
    Collection {
        path,
        table: Table::Connections,
        record_type,
        types,
        ids: Ids::Decimal,
        fields: CONNECTION,
        methods: READ_WRITE,
        created: 201,
        page: 250,
        sort: CONNECTION_SORT,
        filters: CONNECTION_FILTERS,
    }
}

/// Connections of every type, with the fields that all have; read only.
pub(super) static EVERY_CONNECTION: Collection = Collection {
    fields: &[
        Field::own("id"),
        Field::own("record_type"),
        Field::own("connection_name"),
        Field::own("active"),
        Field::own("outbound_voice_profile_id"),
        Field::own("anchorsite_override"),
        Field::own("tags"),
        Field::own("webhook_api_version"),
        Field::own("webhook_event_url"),
        Field::own("webhook_event_failover_url"),
        Field::own("created_at"),
        Field::own("updated_at"),
    ],
    methods: (&["GET"], &["GET"]),
    ..connections("connections", "", ANY)
};

/// Every collection that has rows of its own.
pub(in super::super) static COLLECTIONS: &[Collection] = &[
    Collection {
        path: "billing_groups",
        table: Table::BillingGroups,
        record_type: "billing_group",
        types: ANY,
        ids: Ids::Uuid,
        fields: BILLING_GROUP,
        methods: READ_WRITE,
        created: 200,
        page: 20,
        sort: (&[], false),
        filters: &[],
    },
    Collection {
        path: "outbound_voice_profiles",
        table: Table::Profiles,
        record_type: "outbound_voice_profile",
        types: ANY,
        ids: Ids::Decimal,
        fields: PROFILE,
        methods: READ_WRITE,
        created: 200,
        page: 20,
        sort: (&["created_at", "name", "enabled", "service_plan", "traffic_type", "usage_payment_method"], true),
        filters: &[Filter("[name][contains]", "name", Test::Contains)],
    },
    connections("credential_connections", "credential_connection", CREDENTIAL),
    connections("ip_connections", "ip_connection", IP),
    connections("fqdn_connections", "fqdn_connection", FQDN),
    Collection {
        path: "ips",
        table: Table::Ips,
        record_type: "ip",
        types: ANY,
        ids: Ids::Decimal,
        fields: ADDRESS,
        methods: READ_WRITE,
        created: 201,
        page: 250,
        sort: (&[], false),
        filters: &[
            Filter("[connection_id]", "connection_id", Test::Eq),
            Filter("[ip_address]", "ip_address", Test::Eq),
            Filter("[port]", "port", Test::Eq),
        ],
    },
    Collection {
        path: "fqdns",
        table: Table::Fqdns,
        record_type: "fqdn",
        types: ANY,
        ids: Ids::Decimal,
        fields: HOST,
        methods: READ_WRITE,
        created: 201,
        page: 250,
        sort: (&[], false),
        filters: &[
            Filter("[connection_id]", "connection_id", Test::Eq),
            Filter("[fqdn]", "fqdn", Test::Eq),
            Filter("[port]", "port", Test::Eq),
            Filter("[dns_record_type]", "dns_record_type", Test::Eq),
        ],
    },
    Collection {
        path: "phone_numbers",
        table: Table::Numbers,
        record_type: "phone_number",
        types: ANY,
        ids: Ids::Decimal,
        fields: NUMBER,
        methods: (&["GET"], &["GET", "PATCH", "DELETE"]),
        created: 201,
        page: 20,
        sort: (&["purchased_at", "phone_number", "connection_name", "usage_payment_method"], false),
        filters: NUMBER_FILTERS,
    },
    Collection {
        path: "managed_accounts",
        table: Table::Accounts,
        record_type: "managed_account",
        types: ANY,
        ids: Ids::Uuid,
        fields: ACCOUNT,
        methods: (&["GET", "POST"], &["GET", "PATCH"]),
        created: 200,
        page: 20,
        sort: (&["created_at", "email"], true),
        filters: &[
            Filter("[email][eq]", "email", Test::Eq),
            Filter("[email][contains]", "email", Test::Contains),
            Filter("[organization_name][eq]", "organization_name", Test::Eq),
            Filter("[organization_name][contains]", "organization_name", Test::Contains),
            Filter("[status][eq]", "status", Test::Status),
        ],
    },
    Collection {
        path: "integration_secrets",
        table: Table::Secrets,
        record_type: "integration_secret",
        types: ANY,
        ids: Ids::Uuid,
        fields: SECRET,
        methods: (&["GET", "POST"], &["DELETE"]),
        created: 201,
        page: 25,
        sort: (&[], false),
        filters: &[Filter("[type]", "type", Test::Eq)],
    },
];

const BILLING_GROUP: &[Field] = &[
    Field::own("id"),
    Field::own("record_type"),
    Field::own("organization_id"),
    Field::of("name", Text(1, 1000)),
    Field::own("created_at"),
    Field::own("updated_at"),
    Field::own("deleted_at").or("null"),
];

const PROFILE: &[Field] = &[
    Field::own("id"),
    Field::own("record_type"),
    Field::of("name", Text(3, 1000)).always(),
    Field::of("billing_group_id", Ref(Table::BillingGroups)).null().or("null"),
    // An older word, `short_duration`, is only read (section 11).
    Field::of("traffic_type", OneOf(&["conversational"])).or("conversational"),
    Field::of("service_plan", OneOf(&["global"])).or("global"),
    Field::of("usage_payment_method", OneOf(&["rate-deck"])).or("rate-deck"),
    Field::of("enabled", Bool).or("true"),
    Field::of("concurrent_call_limit", Int(0, i64::MAX)).null().or("null"),
    Field::of("daily_spend_limit", Like(is_decimal, "must be a decimal number as text")),
    Field::of("daily_spend_limit_enabled", Bool).or("false"),
    Field::of("max_destination_rate", Number),
    Field::of("whitelisted_destinations", Texts).or(r#"["US","CA"]"#),
    Field::of("tags", Texts).or("[]"),
    Field::of(
        "call_recording",
        Group(&[
            Field::of("call_recording_type", OneOf(&["all", "none", "by_caller_phone_number"])).or("none"),
            Field::of("call_recording_caller_phone_numbers", Texts).or("[]"),
            Field::of("call_recording_channels", OneOf(&["single", "dual"])).or("single"),
            Field::of("call_recording_format", OneOf(&["wav", "mp3"])).or("wav"),
        ]),
    )
    .or("{}"),
    Field::of(
        "calling_window",
        Group(&[
            Field::of("start_time", Like(is_time, "must be a time of day")),
            Field::of("end_time", Like(is_time, "must be a time of day")),
            Field::of("calls_per_cld", Int(0, i64::MAX)),
        ]),
    ),
    Field::own("connections_count"),
    Field::own("created_at"),
    Field::own("updated_at"),
];

const ADDRESS: &[Field] = &[
    Field::own("id"),
    Field::own("record_type"),
    Field::of("ip_address", Like(is_address, "must be an IP address")).always(),
    Field::of("port", Int(1, 65535)).or("5060"),
    Field::of("connection_id", Ref(Table::Connections)),
    Field::own("created_at"),
    Field::own("updated_at"),
];

const HOST: &[Field] = &[
    Field::own("id"),
    Field::own("record_type"),
    Field::of("connection_id", RefOrNumber(Table::Connections)).required(ANY),
    Field::of("fqdn", Text(1, 253)).required(ANY),
    Field::of("port", Int(1, 65535)).null(),
    Field::of("dns_record_type", OneOf(&["a", "srv"])).required(ANY),
    Field::own("created_at"),
    Field::own("updated_at"),
];

const ACCOUNT: &[Field] = &[
    Field::own("id"),
    Field::own("record_type"),
    // Written as `business_name`, read as `organization_name`.
    Field::of("business_name", Text(1, 1000)).access(CREATE).required(ANY),
    Field::own("organization_name"),
    Field::of("email", Like(is_mail, "must be a mail address")).access(CREATE | READ),
    Field::of("password", Text(1, 128)).access(CREATE),
    Field::of("managed_account_allow_custom_pricing", Bool).or("false"),
    Field::of("rollup_billing", Bool).access(CREATE | READ).or("false"),
    Field::own("manager_account_id"),
    Field::own("api_user"),
    Field::own("api_key"),
    Field::own("api_token"),
    Field::own("balance"),
    Field::own("status").access(0).or("enabled"),
    Field::own("created_at"),
    Field::own("updated_at"),
];

const SECRET: &[Field] = &[
    Field::own("id"),
    Field::own("record_type"),
    Field::of("identifier", Text(1, 1000)).required(ANY),
    Field::of("type", OneOf(&["bearer", "basic"])).access(CREATE).required(ANY),
    Field::of("token", Text(1, 10_000)).access(CREATE),
    Field::of("username", Text(1, 1000)).access(CREATE),
    Field::of("password", Text(1, 10_000)).access(CREATE),
    Field::own("created_at").access(READ),
    Field::own("updated_at"),
];

fn is_decimal(text: &str) -> bool {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(part)
}

fn is_time(text: &str) -> bool {
    let digits = |from: usize, most: u8| text.get(from..from + 2).and_then(|two| two.parse().ok()).is_some_and(|n: u8| n <= most);
    digits(0, 23) && text.as_bytes().get(2) == Some(&b':') && digits(3, 59)
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

fn is_mail(text: &str) -> bool {
    text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'))
}
