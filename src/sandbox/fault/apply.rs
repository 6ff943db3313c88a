//! Which faults hit a request, and what happens to its answer.

use serde_json::json;

use super::super::answer::{SandboxRequest, SandboxResponse};
use super::super::core::SandboxCore;
use super::super::log::is_write;
use super::super::world::{ConfigPath, Profile, World};
use super::super::{carrierx, telnyx, unpod};
use super::lists::ListFault;
use super::{FakeAnswer, FakeBody, FaultEffect, FaultRule, FaultTiming, ForeignEdit, RequestMatcher, reshape};

/// The effects that hit one request, in the order of the rules.
#[derive(Debug, Default)]
pub(in super::super) struct RequestFaults {
    pub(in super::super) effects: Vec<FaultEffect>,
    moments: Vec<FaultTiming>,
}

impl RequestFaults {
    fn effects_at(&self, moment: FaultTiming) -> impl Iterator<Item = &FaultEffect> {
        self.effects.iter().zip(&self.moments).filter(move |(_, m)| **m == moment).map(|(effect, _)| effect)
    }

    fn delay(&self, moment: FaultTiming) -> u64 {
        self.effects_at(moment).map(|effect| if let FaultEffect::DelayMs(ms) = effect { *ms } else { 0 }).sum()
    }

    /// Milliseconds to wait before the request is carried out.
    pub(in super::super) fn delay_before(&self) -> u64 {
        self.delay(FaultTiming::Before)
    }

    /// Milliseconds to wait afterwards.
    pub(in super::super) fn delay_after(&self) -> u64 {
        self.delay(FaultTiming::After)
    }

    /// Milliseconds after which it is carried out, whether or not the client still waits for the answer.
    pub(in super::super) fn carried_out_after(&self) -> Option<u64> {
        let late = |effect: &FaultEffect| {
            if let FaultEffect::CarriedOutLateMs(ms) = effect { Some(*ms) } else { None }
        };
        self.effects.iter().find_map(late)
    }

    /// Whether it is held at this point.
    pub(in super::super) fn holds(&self, moment: FaultTiming) -> bool {
        self.effects_at(moment).any(|effect| *effect == FaultEffect::Hold)
    }

    /// What happens to the requested list.
    pub(in super::super) fn list_fault(&self) -> ListFault {
        ListFault::from_effects(&self.effects)
    }
}

/// Counts the request in every rule that matches, and makes the changes of others "just before" it.
pub(in super::super) fn match_faults(core: &mut SandboxCore, asked: &SandboxRequest) -> RequestFaults {
    let mut plan = RequestFaults::default();
    for fault in &mut core.world.faults {
        if rule_applies(fault, asked) {
            plan.effects.push(fault.effect.clone());
            plan.moments.push(fault.when);
        }
    }
    for effect in &plan.effects {
        match effect {
            FaultEffect::SwapConfigPath => swap_config_path(&mut core.world),
            FaultEffect::Foreign(edits) => core.edit(|world| edits.iter().for_each(|edit| carry_out(world, edit))),
            _ => {}
        }
    }
    plan
}

fn rule_applies(fault: &mut FaultRule, asked: &SandboxRequest) -> bool {
    let RequestMatcher { nth, times, .. } = fault.matcher;
    if !request_matches(&fault.matcher, asked) {
        return false;
    }
    fault.seen = fault.seen.saturating_add(1);
    fault.seen >= nth && (times == 0 || fault.seen - nth.min(fault.seen) < times)
}

fn request_matches(matcher: &RequestMatcher, asked: &SandboxRequest) -> bool {
    let method = |wanted: &String| match wanted.as_str() {
        "WRITE" => is_write(&asked.method),
        wanted => wanted.eq_ignore_ascii_case(&asked.method),
    };
    matcher.service.is_none_or(|service| service == asked.service)
        && matcher.method.as_ref().is_none_or(method)
        && matcher.path.as_ref().is_none_or(|pattern| path_fits(pattern, &asked.path))
        && matcher.query.as_ref().is_none_or(|part| asked.raw_query.contains(part))
}

/// With a star a pattern matches the whole path, without one it is a prefix.
fn path_fits(pattern: &str, path: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return path.starts_with(pattern);
    };
    let Some(mut left) = path.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        match left.find(part) {
            Some(place) => left = &left[place + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}

/// Removes from the request what the service ignores.
pub(in super::super) fn drop_ignored_fields(plan: &RequestFaults, asked: &mut SandboxRequest) {
    let ignored = plan.effects.iter().flat_map(|effect| match effect {
        FaultEffect::Ignores(names) => names.as_slice(),
        _ => &[],
    });
    let ignored: Vec<&String> = ignored.collect();
    if ignored.is_empty() {
        return;
    }
    if let Ok(serde_json::Value::Object(mut entries)) = serde_json::from_slice(&asked.body) {
        entries.retain(|name, _| !ignored.contains(&name));
        asked.body = serde_json::Value::Object(entries).to_string().into();
    }
}

/// The answer without carrying the request out: `Some(None)` is a cut connection.
pub(in super::super) fn answer_early(plan: &RequestFaults) -> Option<Option<SandboxResponse>> {
    plan.effects_at(FaultTiming::Before).find_map(replacement)
}

/// The rest of the true answer; `None` is a cut connection.
pub(in super::super) fn answer_late(
    plan: &RequestFaults,
    asked: &SandboxRequest,
    truth: SandboxResponse,
) -> Option<SandboxResponse> {
    if let Some(replaced) = plan.effects_at(FaultTiming::After).find_map(replacement) {
        return replaced;
    }
    Some(plan.effects.iter().fold(truth, |answer, effect| reshape::reshape(effect, asked, answer)))
}

fn replacement(effect: &FaultEffect) -> Option<Option<SandboxResponse>> {
    match effect {
        FaultEffect::Answer(fake) => Some(Some(fake_answer(fake))),
        FaultEffect::Cut => Some(None),
        _ => None,
    }
}

fn fake_answer(fake: &FakeAnswer) -> SandboxResponse {
    let status = fake.status;
    let wait = fake.retry_after.clone().unwrap_or_else(|| "7".to_owned());
    let words = match status {
        429 => format!("Request was throttled. Expected available in {wait} seconds."),
        _ => format!("The sandbox answers {status} because a fault says so."),
    };
    let framework = json!({"message": words, "status_code": status});
    let mut answer = match &fake.body {
        FakeBody::Usual if status >= 500 => SandboxResponse::html(status, "Server error"),
        FakeBody::Usual if (300..400).contains(&status) || status == 204 => SandboxResponse::empty(status),
        FakeBody::Usual if status == 206 => business(status),
        FakeBody::Usual | FakeBody::Framework => SandboxResponse::json(status, framework),
        FakeBody::Html => SandboxResponse::html(status, "Server error"),
        FakeBody::Empty => SandboxResponse::empty(status),
        FakeBody::Docs => {
            let code = if status == 429 { "rate_limit_exceeded" } else { "sandbox_fault" };
            SandboxResponse::json(status, json!({"error": {"code": code, "message": words}}))
        }
        FakeBody::Business => business(status),
        FakeBody::Errors(code) => {
            SandboxResponse::json(status, json!({"errors": [{"code": code, "title": "Sandbox fault", "detail": words}]}))
        }
        FakeBody::Truncated => reshape::raw(status, "application/json", br#"{"status_code":200,"data":[{"id":4"#),
        FakeBody::Json(value) => SandboxResponse::json(status, value.clone()),
        FakeBody::Text(text) => reshape::raw(status, "text/plain; charset=utf-8", text.as_bytes()),
    };
    if let Some(wait) = &fake.retry_after {
        answer = answer.with("retry-after", wait);
    }
    if let Some(location) = &fake.location {
        answer = answer.with("location", location);
    }
    answer
}

fn business(status: u16) -> SandboxResponse {
    SandboxResponse::json(status, json!({"status_code": status, "message": "Organization not found", "data": {}}))
}

fn swap_config_path(world: &mut World) {
    let knobs = &mut world.unpod.knobs;
    knobs.config_path = match (knobs.config_path, world.unpod.profile) {
        (ConfigPath::Documented, _) | (ConfigPath::Profile, Profile::G2Documented) => ConfigPath::Snapshot,
        _ => ConfigPath::Documented,
    };
}

fn carry_out(world: &mut World, edit: &ForeignEdit) {
    match edit {
        ForeignEdit::Partner { partner, set } => {
            if let Some(found) = carrierx::find_mut(world, partner) {
                found.fields.extend(set.clone());
            }
        }
        ForeignEdit::Telnyx { collection, which, set } => {
            let now = world.now();
            telnyx::foreign(&mut world.telnyx, collection, which, set, now);
        }
        ForeignEdit::Verify { partner, field } => {
            carrierx::verify(world, partner, field);
        }
        ForeignEdit::Connect { bridge, number, configuration } => unpod::put_on(world, bridge, number, *configuration),
        ForeignEdit::Disconnect { bridge, number } => unpod::take_off(world, bridge, number),
        ForeignEdit::Configuration { id, set } => {
            if let Some(found) = world.unpod.configurations.iter_mut().find(|c| c.id == *id) {
                for (field, value) in set {
                    unpod::set_text(found, field, value.clone());
                }
            }
        }
        ForeignEdit::DeleteConfiguration(id) => unpod::drop_configuration(&mut world.unpod, *id),
        ForeignEdit::RenameBridge { bridge, name } => {
            if let Some(found) = world.unpod.bridges.iter_mut().find(|b| b.slug == *bridge) {
                found.name.clone_from(name);
            }
        }
        ForeignEdit::DeleteBridge(bridge) => {
            if let Some(id) = world.unpod.bridges.iter().find(|b| b.slug == *bridge).map(|b| b.id) {
                unpod::drop_bridge(&mut world.unpod, id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::path_fits;

    #[test]
    fn patterns() {
        assert!(path_fits("/core/v2/partners", "/core/v2/partners/abc"));
        assert!(path_fits("*/connect-provider/", "/api/v2/platform/telephony/bridges/x/connect-provider/"));
        assert!(!path_fits("*/connect-provider/", "/api/v2/platform/telephony/bridges/x/disconnect-provider/x"));
        assert!(path_fits("/a/*/c/*", "/a/b/c/"));
        assert!(!path_fits("/a/*/c/*/e", "/a/b/c/e"));
    }
}
