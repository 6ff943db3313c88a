//! Where the calls of IP and FQDN connections go: addresses and hosts, each below one connection (telnyx.md 5.4).

use super::{BESIDE, pages_by};
use crate::model::kind::{AttributeType, Field, Kind, Normaliser, TextGrammar};

/// IP addresses of IP connections.
pub(super) static IPS: Kind = Kind::new("ips", "IP address", "telnyx.md 5.4")
    .at("ips", "ips/{id}")
    .found_by(&["connection_id", "ip_address", "port"])
    .fields(
        &[
            below("ip_connections").doc("IP connection whose calls go there, by its address or its id.", "telnyx.md 5.4"),
            Field::new("ip_address", AttributeType::Text)
                .required()
                .always_sent()
                .risky()
                .made_of(TextGrammar::IpAddress)
                .example("198.51.100.7")
                .doc("Address that calls go to and come from. Every PATCH carries it.", "telnyx.md 5.4"),
            Field::new("port", AttributeType::Integer)
                .required()
                .risky()
                .within(1, 65_535)
                .example("5060")
                .doc("Port, 1 to 65535.", "telnyx.md 5.4"),
        ],
        BESIDE,
    )
    .list(pages_by(&[]))
    .destination_of("connection_id")
    .order(9, 5);

/// Hosts of FQDN connections. Two with one name and type at different ports are not told apart (telnyx.md 5.4).
pub(super) static FQDNS: Kind = Kind::new("fqdns", "FQDN", "telnyx.md 5.4")
    .at("fqdns", "fqdns/{id}")
    .found_by(&["connection_id", "fqdn", "dns_record_type"])
    .fields(
        &[
            below("fqdn_connections").doc("FQDN connection whose calls go there, by its address or its id.", "telnyx.md 5.4"),
            Field::new("fqdn", AttributeType::Text)
                .required()
                .risky()
                .made_of(TextGrammar::Url)
                .example("sip.example.com")
                .doc("Name of the host.", "telnyx.md 5.4"),
            Field::new("dns_record_type", AttributeType::Text)
                .required()
                .risky()
                .with_known_values(&["a", "srv"])
                .example("a")
                .doc("How it is looked up: `a`, with a port; `srv`, without one.", "telnyx.md 5.4"),
            Field::new("port", AttributeType::Integer)
                .risky()
                .within(1, 65_535)
                .doc("Port of a record of type `a`; 5060 when left out.", "telnyx.md 5.4"),
        ],
        BESIDE,
    )
    .list(pages_by(&[]))
    .destination_of("connection_id")
    .order(10, 6);

/// The connection that an address is below. The service shows its id as a text or as a number. One that is to be below another
/// connection is made there, and deleted here.
const fn below(kind: &'static str) -> Field {
    Field::new("connection_id", AttributeType::Reference(kind))
        .required()
        .replace_on_change()
        .compared_as(Normaliser::Decimal)
        .made_of(TextGrammar::Code)
        .of_account()
}
