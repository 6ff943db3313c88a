//! The Telnyx simulator (`api/telnyx.md`, section 17).

mod connections;
mod fields;
mod list;
mod meter;
mod number_fields;
mod numbers;
mod rows;
mod rules;
mod shape;
mod tables;
mod write;

use serde_json::{Value, json};

use super::answer::{SandboxRequest, SandboxResponse};
use super::core::SandboxCore;
use super::fault::raw;
use super::ids;
use super::world::{TelnyxErrorShape, TelnyxWorld};
use fields::{Row, Table, text};
pub(super) use meter::Meter;
pub(super) use rows::{problems, tidy};
use shape::View;
use tables::{COLLECTIONS, Collection, EVERY_CONNECTION};
pub(super) use write::foreign;

/// The prefix of every path.
const PREFIX: &str = "/v2/";

/// Why a request is refused.
#[derive(Debug)]
struct Refusal {
    status: u16,
    code: &'static str,
    detail: String,
    place: Place,
}

/// What an error points to.
#[derive(Debug)]
enum Place {
    Nowhere,
    /// Into the body.
    Pointer(String),
    /// An argument of the query.
    Parameter(String),
}

impl Refusal {
    fn of(status: u16, code: &'static str, detail: &str) -> Self {
        Self { status, code, detail: detail.to_owned(), place: Place::Nowhere }
    }

    fn not_found() -> Self {
        Self::of(404, "10005", "The requested resource or URL could not be found.")
    }
}

/// A body that is refused by its content.
fn invalid(pointer: &str, why: &str) -> Refusal {
    let place = Place::Pointer(pointer.to_owned());
    Refusal { place, ..Refusal::of(422, "10015", &format!("{} {why}", pointer.trim_start_matches('/'))) }
}

/// An argument of the query that is refused.
fn bad_parameter(name: &str, why: &str) -> Refusal {
    let place = Place::Parameter(name.to_owned());
    Refusal { place, ..Refusal::of(400, "10015", &format!("{name} {why}")) }
}

fn title(code: &str) -> &'static str {
    match code {
        "10005" => "Resource not found",
        "10007" => "Unexpected error",
        "10009" => "Authentication failed",
        "10011" => "Too many requests",
        "10012" => "Duplicate resource",
        "10021" => "Resource in use",
        "10029" => "Unsupported media type",
        "10030" => "Method not allowed",
        "10031" => "Invalid filter",
        "10032" => "Invalid enumerated value",
        "10033" => "Value outside of range",
        "40333" => "Daily spend limit reached",
        _ => "Bad Request",
    }
}

/// Answers one request under `/v2/`.
pub(super) fn answer(core: &mut SandboxCore, asked: &SandboxRequest) -> SandboxResponse {
    let quota = core.telnyx.count(&core.world.telnyx.knobs);
    let groups = asked.path.starts_with("/v2/billing_groups");
    let shape = match core.world.telnyx.knobs.error_shape {
        // The schema of billing groups, and only that one, has a number here (section 2.4).
        TelnyxErrorShape::List if groups => TelnyxErrorShape::CodeInteger,
        shape => shape,
    };
    if let Some((refusal, headers)) = core.telnyx.refused(&core.world.telnyx.knobs, &quota) {
        return meter::with_headers(error(shape, &refusal), headers);
    }
    let answer = handled(core, asked).unwrap_or_else(|refusal| error(shape, &refusal));
    meter::with_headers(answer, quota.headers())
}

fn error(shape: TelnyxErrorShape, refusal: &Refusal) -> SandboxResponse {
    let Refusal { status, code, detail, place } = refusal;
    let url = format!("https://developers.telnyx.com/docs/overview/errors/{code}");
    let mut one = json!({"code": code, "title": title(code), "detail": detail, "meta": {"url": url}});
    match (shape, place) {
        (TelnyxErrorShape::SourceText, Place::Pointer(at) | Place::Parameter(at)) => one["source"] = at.as_str().into(),
        (_, Place::Pointer(at)) => one["source"] = json!({"pointer": at}),
        (_, Place::Parameter(name)) => one["source"] = json!({"parameter": name}),
        (_, Place::Nowhere) => {}
    }
    match shape {
        TelnyxErrorShape::CodeInteger => one["code"] = code.parse::<u64>().unwrap_or_default().into(),
        TelnyxErrorShape::ErrorsObject => return SandboxResponse::json(*status, json!({"errors": {"status": detail}})),
        TelnyxErrorShape::Html502 => return SandboxResponse::html(502, "Bad gateway"),
        TelnyxErrorShape::Empty500 => return SandboxResponse::empty(500),
        TelnyxErrorShape::TruncatedJson => {
            let text = json!({"errors": [one]}).to_string();
            return raw(*status, "application/json", &text.as_bytes()[..text.len() / 2]);
        }
        TelnyxErrorShape::List | TelnyxErrorShape::SourceText => {}
    }
    SandboxResponse::json(*status, json!({"errors": [one]}))
}

/// One object.
fn data(status: u16, value: Value) -> SandboxResponse {
    SandboxResponse::json(status, json!({"data": value}))
}

fn handled(core: &mut SandboxCore, asked: &SandboxRequest) -> Result<SandboxResponse, Refusal> {
    authenticate(&core.world.telnyx, asked)?;
    let parts: Vec<&str> = asked.path.trim_start_matches(PREFIX).split('/').collect();
    let only = |methods: &[&str]| match methods.contains(&asked.method.as_str()) {
        true => Ok(()),
        false => Err(Refusal::of(405, "10030", "the method is not allowed for this URL")),
    };
    let named = |path: &str| COLLECTIONS.iter().find(|it| it.path == path).ok_or_else(Refusal::not_found);
    match parts.as_slice() {
        ["balance"] => {
            only(&["GET"])?;
            Ok(data(200, balance()))
        }
        ["phone_numbers", part @ ("slim" | "voice")] => {
            only(&["GET"])?;
            numbers::list(core, named("phone_numbers")?, part, asked)
        }
        ["phone_numbers", id, part @ ("voice" | "messaging")] => {
            only(&["GET", "PATCH"])?;
            numbers::settings(core, named("phone_numbers")?, id, part, asked)
        }
        ["managed_accounts", id, "actions", action @ ("disable" | "enable")] => {
            only(&["POST"])?;
            set_account(core, named("managed_accounts")?, id, action)
        }
        ["credential_connections", id, "actions", "check_registration_status"] => {
            only(&["POST"])?;
            let row = write::find(&core.world.telnyx, named("credential_connections")?, id)?;
            let seen = json!({"record_type": "registration_status", "status": "Not Registered", "sip_username": text(&row, "user_name")});
            Ok(data(200, seen))
        }
        [path, rest @ ..] if rest.len() < 2 => {
            let collection = if *path == EVERY_CONNECTION.path { &EVERY_CONNECTION } else { named(path)? };
            match rest {
                [id] if !id.is_empty() => {
                    only(collection.methods.1)?;
                    member(core, collection, id, asked)
                }
                [] => {
                    only(collection.methods.0)?;
                    whole(core, collection, asked)
                }
                _ => Err(Refusal::not_found()),
            }
        }
        _ => Err(Refusal::not_found()),
    }
}

/// GET and POST of a collection.
fn whole(core: &mut SandboxCore, collection: &'static Collection, asked: &SandboxRequest) -> Result<SandboxResponse, Refusal> {
    if asked.method == "POST" {
        let (body, now) = (read_object_body(asked)?, ids::milliseconds(core.world.now()));
        core.telnyx.list_reads.before_write(&core.world.telnyx, collection.table);
        let row = write::create(&mut core.world.telnyx, collection, &body, &now)?;
        let shown = View::new(&core.world.telnyx, collection.table).shown(collection, &row, true);
        return Ok(data(collection.created, shape::with_password(shown, &row)));
    }
    if collection.table == Table::Numbers {
        return numbers::list(core, collection, "", asked);
    }
    let rows = core.telnyx.list_reads.rows(&core.world.telnyx, collection.table);
    let world = &core.world.telnyx;
    let view = View::new(world, collection.table);
    let page = list::page(&view, collection, rows.as_deref().unwrap_or(world.rows(collection.table)), asked)?;
    let rows: Vec<Value> = page.rows.iter().map(|row| view.shown(collection, row, false)).collect();
    Ok(SandboxResponse::json(200, json!({"data": rows, "meta": page.meta})))
}

/// GET, PATCH and DELETE of one object.
fn member(
    core: &mut SandboxCore,
    collection: &'static Collection,
    id: &str,
    asked: &SandboxRequest,
) -> Result<SandboxResponse, Refusal> {
    let now = ids::milliseconds(core.world.now());
    let world = &mut core.world.telnyx;
    if asked.method != "GET" {
        // What is deleted may be named by others, whose lists lag behind as well.
        for table in [collection.table, Table::Numbers, Table::Connections] {
            core.telnyx.list_reads.before_write(world, table);
        }
    }
    let (row, reset) = match asked.method.as_str() {
        "PATCH" => write::update(world, collection, id, &read_object_body(asked)?, &now)?,
        "DELETE" => {
            let gone = write::delete(world, collection, id, &now)?;
            if collection.table == Table::Secrets {
                return Ok(SandboxResponse::empty(204));
            }
            (gone, false)
        }
        _ if collection.path == EVERY_CONNECTION.path => {
            (world.row(Table::Connections, id).cloned().ok_or_else(Refusal::not_found)?, false)
        }
        _ => (write::find(world, collection, id)?, false),
    };
    let shown = View::new(world, collection.table).shown(collection, &row, true);
    Ok(data(200, if reset { shape::with_password(shown, &row) } else { shown }))
}

fn set_account(core: &mut SandboxCore, collection: &Collection, id: &str, action: &str) -> Result<SandboxResponse, Refusal> {
    let now = ids::milliseconds(core.world.now());
    let status = if action == "disable" { "disabled" } else { "enabled" };
    core.telnyx.list_reads.before_write(&core.world.telnyx, Table::Accounts);
    let row = write::set_status(&mut core.world.telnyx, collection, id, status, &now)?;
    Ok(data(200, View::new(&core.world.telnyx, Table::Accounts).shown(collection, &row, true)))
}

fn balance() -> Value {
    json!({"record_type": "balance", "balance": "100.00", "pending": "0.00", "credit_limit": "0.00",
           "available_credit": "100.00", "currency": "USD"})
}

/// 401 without a known key (section 1).
fn authenticate(world: &TelnyxWorld, asked: &SandboxRequest) -> Result<(), Refusal> {
    let header = asked.header("authorization").unwrap_or_default();
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    let known = world.tokens.iter().any(|known| known == token.trim());
    match scheme.eq_ignore_ascii_case("bearer") && known {
        true => Ok(()),
        false => Err(Refusal::of(401, "10009", "Could not understand the provided credentials.")),
    }
}

/// The body as an object.
fn read_object_body(asked: &SandboxRequest) -> Result<Row, Refusal> {
    if asked.media_type() != "application/json" {
        return Err(Refusal::of(415, "10029", "the body must be JSON"));
    }
    match serde_json::from_slice(&asked.body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(invalid("/", "must be an object")),
        Err(_) => Err(Refusal::of(400, "10015", "The request failed because it was not well-formed.")),
    }
}
