//! What must be true of a whole row: several fields at once, and other rows (`api/telnyx.md`, sections 4 to 6).

use serde_json::Value;

use super::super::world::{DuplicateName, DuplicateUserName, TelnyxWorld};
use super::connections::DEFAULT_TARGETS;
use super::fields::{Row, Table, at, text};
use super::tables::Collection;
use super::{Place, Refusal, invalid};

/// Checks a row before it is kept; `own` is its id if it exists already.
pub(super) fn consistent(
    world: &TelnyxWorld,
    collection: &Collection,
    row: &mut Row,
    body: &Row,
    own: Option<&str>,
) -> Result<(), Refusal> {
    match collection.table {
        Table::BillingGroups | Table::Profiles => unique_name(world, collection.table, "name", row, own),
        Table::Connections => connection(world, row, own),
        Table::Ips => belongs_to(world, row, "ip_connection"),
        Table::Fqdns => host(world, row, body),
        Table::Accounts => unique(world, Table::Accounts, "email", row, own, 422),
        Table::Secrets => secret(world, row, own),
        Table::Numbers => Ok(()),
    }
}

fn others<'a>(world: &'a TelnyxWorld, table: Table, own: Option<&'a str>) -> impl Iterator<Item = &'a Row> {
    world.rows(table).iter().filter(move |row| own != Some(text(row, "id")) && at(row, "deleted_at").is_null())
}

fn unique(world: &TelnyxWorld, table: Table, path: &str, row: &Row, own: Option<&str>, status: u16) -> Result<(), Refusal> {
    let wanted = text(row, path);
    if wanted.is_empty() || others(world, table, own).all(|other| text(other, path) != wanted) {
        return Ok(());
    }
    let code = if status == 409 { "10012" } else { "10015" };
    let place = Place::Pointer(format!("/{}", path.replace('.', "/")));
    Err(Refusal { place, ..Refusal::of(status, code, "has already been taken") })
}

fn unique_name(world: &TelnyxWorld, table: Table, path: &str, row: &Row, own: Option<&str>) -> Result<(), Refusal> {
    match world.knobs.duplicate_name {
        DuplicateName::Allow => Ok(()),
        DuplicateName::Refuse => unique(world, table, path, row, own, 422),
    }
}

fn connection(world: &TelnyxWorld, row: &Row, own: Option<&str>) -> Result<(), Refusal> {
    unique_name(world, Table::Connections, "connection_name", row, own)?;
    let status = match world.knobs.duplicate_user_name {
        DuplicateUserName::Invalid => 422,
        DuplicateUserName::Conflict => 409,
    };
    for path in ["user_name", "outbound.ip_authentication_token", "inbound.sip_subdomain"] {
        unique(world, Table::Connections, path, row, own, status)?;
    }
    if text(row, "webhook_api_version") == "texml" && at(row, "outbound.call_parking_enabled") != &Value::Bool(true) {
        return Err(invalid("/webhook_api_version", "texml needs outbound.call_parking_enabled"));
    }
    for name in DEFAULT_TARGETS {
        let target = text(row, &format!("inbound.{name}"));
        let table = if name.ends_with("ip_id") { Table::Ips } else { Table::Fqdns };
        let holder = world.row(table, target).map(|row| text(row, "connection_id"));
        if !target.is_empty() && holder != own {
            return Err(invalid(&format!("/inbound/{name}"), "does not belong to this connection"));
        }
    }
    Ok(())
}

/// The IPs and hosts that a connection names.
pub(super) fn targets(row: &Row) -> impl Iterator<Item = &str> {
    DEFAULT_TARGETS.iter().map(|name| text(row, &format!("inbound.{name}"))).filter(|id| !id.is_empty())
}

/// An IP or a host stands below a connection of its sort.
fn belongs_to(world: &TelnyxWorld, row: &Row, record_type: &str) -> Result<(), Refusal> {
    let holder = world.row(Table::Connections, text(row, "connection_id"));
    match holder.is_none_or(|holder| text(holder, "record_type") == record_type) {
        true => Ok(()),
        false => Err(invalid("/connection_id", "is a connection of another type")),
    }
}

/// `a` has a port, `srv` has none (section 5.4).
fn host(world: &TelnyxWorld, row: &mut Row, body: &Row) -> Result<(), Refusal> {
    belongs_to(world, row, "fqdn_connection")?;
    let sent = body.get("port").is_some_and(|port| !port.is_null());
    match text(row, "dns_record_type") {
        "srv" if sent => return Err(invalid("/port", "must be left out for a record of type srv")),
        "srv" => row.insert("port".to_owned(), Value::Null),
        _ if at(row, "port").is_null() => row.insert("port".to_owned(), 5060.into()),
        _ => None,
    };
    Ok(())
}

fn secret(world: &TelnyxWorld, row: &Row, own: Option<&str>) -> Result<(), Refusal> {
    unique(world, Table::Secrets, "identifier", row, own, 422)?;
    let needed: &[&str] = if text(row, "type") == "bearer" { &["token"] } else { &["username", "password"] };
    match needed.iter().find(|name| text(row, name).is_empty()) {
        Some(name) => Err(invalid(&format!("/{name}"), "is required for this type")),
        None => Ok(()),
    }
}

/// A listed name and the switch need each other (section 9.3).
pub(super) fn listing(voice: &Row, body: &Row) -> Result<(), Refusal> {
    let on = at(voice, "cnam_listing.cnam_listing_enabled") == &Value::Bool(true);
    let named = !text(voice, "cnam_listing.cnam_listing_details").is_empty();
    let names = !text(body, "cnam_listing.cnam_listing_details").is_empty();
    match on && !named || names && !on {
        true => Err(invalid("/cnam_listing", "cnam_listing_enabled and cnam_listing_details need each other")),
        false => Ok(()),
    }
}
