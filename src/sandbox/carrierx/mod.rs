//! The CarrierX simulator (`api/carrierx.md`, section 11).

mod create;
mod filter;
mod index;
mod list;
mod related;
mod rows;
mod shape;
mod update;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::answer::{SandboxRequest, SandboxResponse};
use super::core::SandboxCore;
use super::ids;
use super::world::{
    CarrierxCaller, CarrierxKnobs, CarrierxWorld, Delete, ErrorShape, GetUnverified, MailChange, Partner, VerificationMail,
    Whoami, World,
};
pub(super) use index::PartnerIndex;

/// The prefix of every Core path (section 1).
const PREFIX: &str = "/core/v2/";

/// The three fields that hold addresses (section 7).
const MAIL_FIELDS: [&str; 3] = ["owner_email", "tech_email", "billing_email"];

/// Why a request is refused.
#[derive(Debug, Clone)]
struct RequestRefusal {
    status: u16,
    /// The field at fault, empty when there is none.
    field: String,
    message: String,
}

fn refuse<T>(status: u16, field: &str, message: impl Into<String>) -> Result<T, RequestRefusal> {
    Err(RequestRefusal { status, field: field.to_owned(), message: message.into() })
}

/// Answers one request under `/core/v2/`.
pub(super) fn answer(core: &mut SandboxCore, asked: &SandboxRequest) -> SandboxResponse {
    handled(core, asked).unwrap_or_else(|refusal| {
        let world = &mut core.world.carrierx;
        let turn = world.errors_answered;
        world.errors_answered += 1;
        error(world.knobs.error_shape, turn, &refusal)
    })
}

/// An error in one of the four shapes a client has to survive (section 9).
fn error(shape: ErrorShape, turn: u64, refusal: &RequestRefusal) -> SandboxResponse {
    let RequestRefusal { status, field, message } = refusal;
    let shape = match (shape, turn % 4) {
        (ErrorShape::InTurn, 0) => ErrorShape::Objects,
        (ErrorShape::InTurn, 1) => ErrorShape::Fields,
        (ErrorShape::InTurn, 2) => ErrorShape::Texts,
        (ErrorShape::InTurn, _) => ErrorShape::Message,
        (other, _) => other,
    };
    let text = if field.is_empty() { message.clone() } else { format!("{field}: {message}") };
    let body = match shape {
        ErrorShape::Fields if !field.is_empty() => {
            let fields: Map<String, Value> = [(field.clone(), json!([message]))].into_iter().collect();
            json!({"errors": fields})
        }
        ErrorShape::Objects if field.is_empty() => json!({"errors": [{"message": message}]}),
        ErrorShape::Objects => json!({"errors": [{"field": field, "message": message}]}),
        ErrorShape::Message => json!({"message": text}),
        ErrorShape::Texts | ErrorShape::Fields | ErrorShape::InTurn => json!({"errors": [text]}),
    };
    SandboxResponse::json(*status, body)
}

fn handled(core: &mut SandboxCore, asked: &SandboxRequest) -> Result<SandboxResponse, RequestRefusal> {
    let caller = caller(&core.world.carrierx, asked)?;
    let may = |any_of: &[&str]| match caller.scopes.iter().any(|have| any_of.contains(&have.as_str())) {
        true => Ok(()),
        false => refuse(403, "", format!("scope {} is needed", any_of.join(" or "))),
    };
    let parts: Vec<&str> = asked.path.trim_start_matches(PREFIX).split('/').collect();
    match (asked.method.as_str(), parts.as_slice()) {
        ("GET", ["partners"]) => {
            may(&["partners.manage", "partners.read"])?;
            list::list(core, asked)
        }
        ("POST", ["partners"]) => {
            may(&["partners.manage", "partners.create"])?;
            let body = read_object_body(asked)?;
            create::create(core, body, asked.argument("verification_token"))
        }
        ("GET", ["partners", sid]) => {
            may(&["partners.manage", "partners.read"])?;
            let place = find_reachable(core, sid)?;
            let partner = &core.world.carrierx.partners[place];
            Ok(SandboxResponse::json(200, shape::shown_in_part(partner, asked.argument("includeFields"))))
        }
        (method @ ("PATCH" | "PUT"), ["partners", sid]) => {
            may(&["partners.manage", "partners.update"])?;
            let body = read_object_body(asked)?;
            let place = find_reachable(core, sid)?;
            update::update(core, place, &body, method == "PUT", wants_replace(asked)?)
        }
        ("DELETE", ["partners", sid]) if core.world.carrierx.knobs.delete == Delete::NoContent => {
            may(&["partners.manage", "partners.delete"])?;
            let place = find_reachable(core, sid)?;
            core.world.carrierx.partners.remove(place);
            core.partners.forget();
            Ok(SandboxResponse::empty(204))
        }
        (_, ["partners"] | ["partners", _]) => refuse(405, "", "method not allowed"),
        ("POST", ["admin", "partners", sid, "activate"]) => {
            may(&["admin.manage"])?;
            activate(core, sid)
        }
        ("GET", ["oauth", "whoami"]) => whoami(core.world.carrierx.knobs.whoami, &caller),
        _ => match rows::kind(&parts) {
            Some((kind, below)) => rows::answer(kind, &mut core.world.carrierx, (asked, below), &may),
            None => related::answer(&mut core.world, asked, &parts, &may),
        },
    }
}

/// The owner of the token (section 11, 12). The real shape of the answer is not known.
fn whoami(knob: Whoami, caller: &CarrierxCaller) -> Result<SandboxResponse, RequestRefusal> {
    let CarrierxCaller { partner_sid, login, scopes } = caller;
    let answer = |scopes| Ok(SandboxResponse::json(200, json!({"login": login, "partner_sid": partner_sid, "scopes": scopes})));
    match knob {
        Whoami::Answer => answer(json!(scopes)),
        Whoami::ScopesAsText => answer(json!(scopes.join(" "))),
        Whoami::NotFound => refuse(404, "", "no such resource"),
        Whoami::Forbidden => refuse(403, "", "not for this token"),
    }
}

/// The caller, and what it may do; 401 without a known token, or the login and password of an account that has one (section 1).
fn caller(world: &CarrierxWorld, asked: &SandboxRequest) -> Result<CarrierxCaller, RequestRefusal> {
    let header = asked.header("authorization").unwrap_or_default();
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    let token = token.trim();
    if scheme.eq_ignore_ascii_case("basic")
        && let Some(password) = &world.account_password
        && STANDARD.decode(token).is_ok_and(|given| given == format!("{}:{password}", world.account_login).into_bytes())
    {
        let (partner_sid, login) = (world.account_sid.clone(), world.account_login.clone());
        return Ok(CarrierxCaller { partner_sid, login, scopes: world.scopes.clone() });
    }
    if scheme.eq_ignore_ascii_case("bearer") {
        let own = |scopes: &[String]| CarrierxCaller {
            partner_sid: world.account_sid.clone(),
            login: world.account_login.clone(),
            scopes: scopes.to_vec(),
        };
        if let Some(caller) = world.callers.get(token) {
            return Ok(caller.clone());
        }
        if let Some(scopes) = world.limited_tokens.get(token) {
            return Ok(own(scopes));
        }
        if world.tokens.iter().any(|known| known == token) {
            return Ok(own(&world.scopes));
        }
    }
    refuse(401, "", "authorization is required")
}

/// The body as an object: 415 for another type, 400 for no JSON (sections 1 and 9).
fn read_object_body(asked: &SandboxRequest) -> Result<Map<String, Value>, RequestRefusal> {
    if asked.media_type() != "application/json" {
        return refuse(415, "", "unsupported media type");
    }
    match serde_json::from_slice(&asked.body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => refuse(422, "", "an object is expected"),
        Err(_) => refuse(400, "", "no JSON object could be decoded"),
    }
}

/// The position of a partner that get-by-sid and PATCH can reach: a knob makes an unverified one unreachable (section 11, 4).
fn find_reachable(core: &mut SandboxCore, sid: &str) -> Result<usize, RequestRefusal> {
    let hidden = core.world.carrierx.knobs.get_unverified == GetUnverified::NotFound;
    match core.partners.place(&core.world.carrierx, sid) {
        Some(place) if core.world.carrierx.partners[place].verified || !hidden => Ok(place),
        _ => refuse(404, "", format!("no partner {sid}")),
    }
}

/// Makes a partner active; a welcome mail is not simulated (section 2.2).
fn activate(core: &mut SandboxCore, sid: &str) -> Result<SandboxResponse, RequestRefusal> {
    let Some(place) = core.partners.place(&core.world.carrierx, sid) else {
        return refuse(404, "", format!("no partner {sid}"));
    };
    let partner = &mut core.world.carrierx.partners[place];
    partner.verified = true;
    partner.fields.insert("status".into(), "active".into());
    let mut shown = shape::shown(partner);
    for field in ["brand_sid", "id", "system_attributes", "system_data"] {
        shown[field] = partner.fields.get(field).cloned().unwrap_or_default();
    }
    core.partners.changed();
    Ok(SandboxResponse::json(200, shown))
}

/// Acts as the human who clicks: the pending address appears, and with `owner_email` the partner becomes visible and
/// active (section 11, 5). `all` clicks every link. False when no such partner or field exists.
pub(super) fn verify(world: &mut World, partner: &str, field: &str) -> bool {
    if field != "all" && !MAIL_FIELDS.contains(&field) {
        return false;
    }
    let Some(partner) = find_mut(world, partner) else { return false };
    for name in MAIL_FIELDS.into_iter().filter(|name| field == "all" || *name == field) {
        if let Some(address) = partner.pending.shift_remove(name) {
            partner.fields.insert(name.into(), address.into());
        }
    }
    if !partner.verified && matches!(field, "owner_email" | "all") {
        partner.verified = true;
        partner.fields.insert("status".into(), "active".into());
    }
    true
}

/// A partner by sid or login.
pub(super) fn find_mut<'a>(world: &'a mut World, who: &str) -> Option<&'a mut Partner> {
    world.carrierx.partners.iter_mut().find(|p| p.sid() == who || p.text("login") == who)
}

/// Accepts a new address: a knob decides what is shown until the click, and a mail is sent (sections 7 and 11, 6).
fn submit_address(partner: &mut Partner, field: &str, address: &Value, shown: MailChange) -> Option<String> {
    let old = partner.fields.get(field).cloned().unwrap_or_default();
    match address {
        Value::String(text) if !text.is_empty() => {
            if old == *address || partner.pending.get(field) == Some(text) {
                return None;
            }
            let now = match shown {
                MailChange::NullUntilVerified => Value::Null,
                MailChange::OldUntilVerified => old,
                MailChange::Immediate => address.clone(),
            };
            partner.fields.insert(field.to_owned(), now);
            if shown != MailChange::Immediate {
                partner.pending.insert(field.to_owned(), text.clone());
            }
            Some(text.clone())
        }
        // Clearing an address also clears the one that waits: this is how a careless PUT loses it (section 6.4).
        _ => {
            partner.pending.shift_remove(field);
            partner.fields.insert(field.to_owned(), Value::Null);
            None
        }
    }
}

/// Records the mails of one change.
fn send_mails(world: &mut World, sid: &str, mails: Vec<(String, String)>) {
    let at = world.now();
    let mail = |(field, address)| VerificationMail { partner_sid: sid.to_owned(), field, address, at };
    world.carrierx.mails.extend(mails.into_iter().map(mail));
}

/// A phone number as this copy of the service keeps it (section 8.1).
fn kept_phone(knobs: &CarrierxKnobs, value: &Value) -> Value {
    match value.as_str() {
        Some(digits)
            if knobs.phonenumber == super::world::PhoneNumber::DropCountryCode
                && digits.len() == 11
                && digits.starts_with('1') =>
        {
            digits[1..].into()
        }
        _ => value.clone(),
    }
}

/// Whether a text is the sid of something.
fn is_sid(text: &str) -> bool {
    ids::is_sid(text)
}

/// Whether nested values are to be replaced and not merged.
fn wants_replace(asked: &SandboxRequest) -> Result<bool, RequestRefusal> {
    match asked.argument("nested_objects") {
        None => Ok(false),
        Some("replace") => Ok(true),
        Some(_) => refuse(400, "nested_objects", "the only value is replace"),
    }
}
