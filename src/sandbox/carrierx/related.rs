//! Verification mails (`api/carrierx.md`, section 2.4).

use serde_json::{Map, Value, json};

use super::super::answer::{SandboxRequest, SandboxResponse};
use super::super::ids;
use super::super::world::{CarrierxWorld, VerificationMail, World};
use super::{RequestRefusal, find_mut, read_object_body, refuse};

/// Answers requests about mails; everything unknown is a 404 with a JSON error (section 11, 1).
pub(super) fn answer(
    world: &mut World,
    asked: &SandboxRequest,
    parts: &[&str],
    may: &dyn Fn(&[&str]) -> Result<(), RequestRefusal>,
) -> Result<SandboxResponse, RequestRefusal> {
    match (asked.method.as_str(), parts) {
        ("POST", ["verification", "email"]) => {
            may(&["verification.manage", "verification.create"])?;
            let body = read_object_body(asked)?;
            send_again(world, &body)
        }
        ("GET", ["verification", "email", "tokens", token]) => {
            may(&["verification.manage", "verification.read"])?;
            match mail_of_token(&world.carrierx, token) {
                Some(mail) => Ok(SandboxResponse::json(200, shown(mail, "sent_email"))),
                None => refuse(404, "", "no such token"),
            }
        }
        _ => refuse(404, "", "no such resource"),
    }
}

/// The mail with this token in its link: its number among all mails.
pub(super) fn mail_of_token<'w>(world: &'w CarrierxWorld, token: &str) -> Option<&'w VerificationMail> {
    token.parse::<usize>().ok().and_then(|number| world.mails.get(number.checked_sub(1)?))
}

/// Sends a mail to `to_address`, or to the owner of `partner_sid`. The token in its link is its index among all mails.
fn send_again(world: &mut World, body: &Map<String, Value>) -> Result<SandboxResponse, RequestRefusal> {
    let text = |field: &str| body.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (mut address, sid) = (text("to_address"), text("partner_sid"));
    if address.is_empty() {
        let Some(partner) = find_mut(world, &sid) else { return refuse(404, "", "no such partner") };
        let pending = partner.pending.get("owner_email").cloned();
        address = pending.unwrap_or_else(|| partner.text("owner_email").to_owned());
    }
    let mail = VerificationMail { partner_sid: sid, field: "owner_email".to_owned(), address, at: world.now() };
    let answer = SandboxResponse::json(200, shown(&mail, "sent_email"));
    world.carrierx.mails.push(mail);
    Ok(answer)
}

fn shown(mail: &VerificationMail, status: &str) -> Value {
    json!({"to_address": mail.address, "partner_sid": mail.partner_sid, "status": status,
           "date_created": ids::milliseconds(mail.at)})
}
