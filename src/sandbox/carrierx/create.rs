//! POST /partners (`api/carrierx.md`, sections 4.3, 7 and 11, 3).

use serde_json::{Map, Value, json};

use super::super::answer::SandboxResponse;
use super::super::core::SandboxCore;
use super::super::ids;
use super::super::world::{CarrierxKnobs, DuplicateLogin, MODIFIABLE, MailChange, Partner, VerificationToken};
use super::shape::{self, checked};
use super::{MAIL_FIELDS, RequestRefusal, is_sid, kept_phone, refuse, related, send_mails};

/// Required fields of a create; the official list was not accessible, this is the tool's rule (section 4.3).
const REQUIRED: [&str; 9] =
    ["login", "password", "name", "company_name", "country_code", "zip", "owner_email", "phonenumber", "payment_type"];

/// Fields that a create may set besides the modifiable ones (section 4.1, class CRE).
const SETTABLE: [&str; 10] = [
    "charge_at",
    "country_code",
    "daily_spending_limit",
    "login",
    "parent_sid",
    "password",
    "payment_type",
    "prepay_amount",
    "spending_limit",
    "state",
];

/// `token`: of a mail that its owner confirmed before (section 7.2).
pub(super) fn create(
    core: &mut SandboxCore,
    body: Map<String, Value>,
    token: Option<&str>,
) -> Result<SandboxResponse, RequestRefusal> {
    for field in REQUIRED {
        if body.get(field).and_then(Value::as_str).is_none_or(str::is_empty) {
            return refuse(422, field, "value is required");
        }
    }
    check_login(core, body.get("login").and_then(Value::as_str).unwrap_or_default())?;
    check_parent(core, &body)?;
    let is_confirmed = token.map_or(Ok(false), |token| is_confirmed_by(core, &body, token))?;
    let now = core.world.now();
    let world = &mut core.world.carrierx;
    let rules = world.rules_to_name();
    let (mut partner, mails) = partner_from_body(&world.knobs, rules.as_deref(), &body)?;
    // Values that do not apply are silently dropped (section 4.3).
    if partner.text("payment_type") == "postpay" {
        for field in ["charge_at", "prepay_amount"] {
            partner.fields.insert(field.into(), Value::Null);
        }
    }
    if let Some(url) = &world.knobs.callbacks_sms {
        let callbacks = partner.fields.entry("callbacks").or_insert_with(|| json!({}));
        if callbacks.get("sms").is_none() {
            callbacks["sms"] = url.as_str().into();
        }
    }
    if !partner.fields.contains_key("parent_sid") {
        partner.fields.insert("parent_sid".into(), world.account_sid.clone().into());
    }
    ids::name_partner(&mut partner, &mut world.next_partner);
    partner.fields.insert("date_created".into(), ids::milliseconds(now).into());
    partner.fields.insert("status".into(), "unverified".into());
    if is_confirmed {
        partner.verified = true;
        partner.fields.insert("status".into(), "active".into());
        let address = partner.pending.shift_remove("owner_email");
        partner.fields.extend(address.map(|address| ("owner_email".to_owned(), address.into())));
    }
    let (sid, shown) = (partner.sid().to_owned(), shape::shown(&partner));
    world.partners.push(partner);
    core.partners.added(&core.world.carrierx);
    let mails = mails.into_iter().filter(|(field, _)| !is_confirmed || field != "owner_email").collect();
    send_mails(&mut core.world, &sid, mails);
    Ok(SandboxResponse::json(200, shown))
}

/// Whether the token of a mail confirms the address of the owner. Its life, and whether it works twice, are unknown: it stays valid.
fn is_confirmed_by(core: &SandboxCore, body: &Map<String, Value>, token: &str) -> Result<bool, RequestRefusal> {
    let world = &core.world.carrierx;
    match world.knobs.verification_token {
        VerificationToken::Ignored => return Ok(false),
        VerificationToken::Reject => return refuse(422, "verification_token", "not accepted here"),
        VerificationToken::VisibleAtOnce => {}
    }
    let owner = body.get("owner_email").and_then(Value::as_str).unwrap_or_default();
    match related::mail_of_token(world, token).filter(|mail| mail.address.eq_ignore_ascii_case(owner)) {
        Some(_) => Ok(true),
        None => refuse(422, "verification_token", "no such token for this address"),
    }
}

/// A partner that is still invisible nevertheless occupies its login.
fn check_login(core: &mut SandboxCore, login: &str) -> Result<(), RequestRefusal> {
    if !core.partners.has_login(&core.world.carrierx, login) {
        return Ok(());
    }
    let status = match core.world.carrierx.knobs.duplicate_login {
        DuplicateLogin::Conflict => 409,
        DuplicateLogin::Invalid => 422,
        DuplicateLogin::Malformed => 400,
        DuplicateLogin::Accept => return Ok(()),
    };
    refuse(status, "login", "this login is taken")
}

/// A parent is a partner below the account, visible or not, the account itself, or one that other partners already name.
fn check_parent(core: &mut SandboxCore, body: &Map<String, Value>) -> Result<(), RequestRefusal> {
    let Some(parent) = body.get("parent_sid").and_then(Value::as_str).filter(|sid| !sid.is_empty()) else { return Ok(()) };
    let world = &core.world.carrierx;
    let known = parent == world.account_sid
        || core.partners.place(world, parent).is_some()
        || world.partners.iter().any(|partner| partner.text("parent_sid") == parent);
    if known { Ok(()) } else { refuse(422, "parent_sid", "no such partner") }
}

/// The partner that a body describes, and the mails that are sent for it. Fields that must not be set are ignored.
fn partner_from_body(
    knobs: &CarrierxKnobs,
    rules: Option<&[String]>,
    body: &Map<String, Value>,
) -> Result<(Partner, Vec<(String, String)>), RequestRefusal> {
    let mut partner = Partner { verified: false, ..Partner::default() };
    let mut mails = Vec::new();
    for (field, value) in body {
        let name = field.as_str();
        if !SETTABLE.contains(&name) && !MODIFIABLE.contains(&name) {
            continue;
        }
        let value = checked(name, value, rules)?;
        match name {
            // No knob makes a new partner show an address before its click (section 7).
            name if MAIL_FIELDS.contains(&name) => {
                let address = super::submit_address(&mut partner, name, &value, MailChange::NullUntilVerified);
                mails.extend(address.map(|address| (field.clone(), address)));
            }
            // An empty parent appears to mean "under the caller" (section 4.3).
            "parent_sid" if value.as_str().is_none_or(str::is_empty) => {}
            "parent_sid" if !value.as_str().is_some_and(is_sid) => {
                return refuse(422, "parent_sid", "no such partner");
            }
            _ => {
                let value = if name == "phonenumber" { kept_phone(knobs, &value) } else { value };
                partner.fields.insert(field.clone(), value);
            }
        }
    }
    Ok((partner, mails))
}
