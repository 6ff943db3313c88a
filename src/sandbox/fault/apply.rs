//! Which faults hit a request, and what becomes of its answer.

use serde_json::json;

use super::super::answer::{Answer, Asked};
use super::super::core::Core;
use super::super::log::is_write;
use super::super::world::{ConfigPath, Profile, World};
use super::super::{carrierx, unpod};
use super::lists::Twist;
use super::{Edit, Effect, FakeAnswer, FakeBody, Fault, Matcher, When, reshape};

/// The effects that hit one request, in the order of the rules.
#[derive(Debug, Default)]
pub(in super::super) struct Plan {
    pub(in super::super) effects: Vec<Effect>,
    moments: Vec<When>,
}

impl Plan {
    fn at(&self, moment: When) -> impl Iterator<Item = &Effect> {
        self.effects.iter().zip(&self.moments).filter(move |(_, m)| **m == moment).map(|(effect, _)| effect)
    }

    fn delay(&self, moment: When) -> u64 {
        self.at(moment).map(|effect| if let Effect::DelayMs(ms) = effect { *ms } else { 0 }).sum()
    }

    /// Milliseconds to wait before the request is carried out.
    pub(in super::super) fn delay_before(&self) -> u64 {
        self.delay(When::Before)
    }

    /// Milliseconds to wait after it was.
    pub(in super::super) fn delay_after(&self) -> u64 {
        self.delay(When::After)
    }

    /// Milliseconds after which it is carried out, whether anybody still waits for the answer or not.
    pub(in super::super) fn late(&self) -> Option<u64> {
        let late = |effect: &Effect| if let Effect::CarriedOutLateMs(ms) = effect { Some(*ms) } else { None };
        self.effects.iter().find_map(late)
    }

    /// Whether it is held at this moment.
    pub(in super::super) fn holds(&self, moment: When) -> bool {
        self.at(moment).any(|effect| *effect == Effect::Hold)
    }

    /// What happens to the list that is asked for.
    pub(in super::super) fn twist(&self) -> Twist {
        Twist::of(&self.effects)
    }
}

/// Counts the request in every rule that fits, and carries out what others do "just before" it.
pub(in super::super) fn plan(core: &mut Core, asked: &Asked) -> Plan {
    let mut plan = Plan::default();
    for fault in &mut core.world.faults {
        if hits(fault, asked) {
            plan.effects.push(fault.effect.clone());
            plan.moments.push(fault.when);
        }
    }
    for effect in &plan.effects {
        match effect {
            Effect::SwapConfigPath => swap_config_path(&mut core.world),
            Effect::Foreign(edits) => core.edit(|world| edits.iter().for_each(|edit| carry_out(world, edit))),
            _ => {}
        }
    }
    plan
}

fn hits(fault: &mut Fault, asked: &Asked) -> bool {
    let Matcher { nth, times, .. } = fault.matcher;
    if !fits(&fault.matcher, asked) {
        return false;
    }
    fault.seen = fault.seen.saturating_add(1);
    fault.seen >= nth && (times == 0 || fault.seen - nth.min(fault.seen) < times)
}

fn fits(matcher: &Matcher, asked: &Asked) -> bool {
    let method = |wanted: &String| match wanted.as_str() {
        "WRITE" => is_write(&asked.method),
        wanted => wanted.eq_ignore_ascii_case(&asked.method),
    };
    matcher.service.is_none_or(|service| service == asked.service)
        && matcher.method.as_ref().is_none_or(method)
        && matcher.path.as_ref().is_none_or(|pattern| path_fits(pattern, &asked.path))
        && matcher.query.as_ref().is_none_or(|part| asked.raw_query.contains(part))
}

/// With a star a pattern fits the whole path, without one it is a beginning.
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

/// Takes out of the request what the service ignores.
pub(in super::super) fn ignore(plan: &Plan, asked: &mut Asked) {
    let ignored = plan.effects.iter().flat_map(|effect| match effect {
        Effect::Ignores(names) => names.as_slice(),
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

/// The answer that is given without carrying the request out: `Some(None)` is a cut connection.
pub(in super::super) fn early(plan: &Plan) -> Option<Option<Answer>> {
    plan.at(When::Before).find_map(replacement)
}

/// What is left of the true answer; `None` is a cut connection.
pub(in super::super) fn late(plan: &Plan, asked: &Asked, truth: Answer) -> Option<Answer> {
    if let Some(replaced) = plan.at(When::After).find_map(replacement) {
        return replaced;
    }
    Some(plan.effects.iter().fold(truth, |answer, effect| reshape::reshape(effect, asked, answer)))
}

fn replacement(effect: &Effect) -> Option<Option<Answer>> {
    match effect {
        Effect::Answer(fake) => Some(Some(fake_answer(fake))),
        Effect::Cut => Some(None),
        _ => None,
    }
}

fn fake_answer(fake: &FakeAnswer) -> Answer {
    let status = fake.status;
    let wait = fake.retry_after.clone().unwrap_or_else(|| "7".to_owned());
    let words = match status {
        429 => format!("Request was throttled. Expected available in {wait} seconds."),
        _ => format!("The sandbox answers {status} because a fault says so."),
    };
    let framework = json!({"message": words, "status_code": status});
    let mut answer = match &fake.body {
        FakeBody::Usual if status >= 500 => Answer::html(status, "Server error"),
        FakeBody::Usual if (300..400).contains(&status) || status == 204 => Answer::empty(status),
        FakeBody::Usual if status == 206 => business(status),
        FakeBody::Usual | FakeBody::Framework => Answer::json(status, framework),
        FakeBody::Html => Answer::html(status, "Server error"),
        FakeBody::Empty => Answer::empty(status),
        FakeBody::Docs => {
            let code = if status == 429 { "rate_limit_exceeded" } else { "sandbox_fault" };
            Answer::json(status, json!({"error": {"code": code, "message": words}}))
        }
        FakeBody::Business => business(status),
        FakeBody::Truncated => {
            reshape::raw(status, "application/json", br#"{"status_code":200,"data":[{"id":4"#)
        }
        FakeBody::Json(value) => Answer::json(status, value.clone()),
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

fn business(status: u16) -> Answer {
    Answer::json(status, json!({"status_code": status, "message": "Organization not found", "data": {}}))
}

fn swap_config_path(world: &mut World) {
    let knobs = &mut world.unpod.knobs;
    knobs.config_path = match (knobs.config_path, world.unpod.profile) {
        (ConfigPath::Documented, _) | (ConfigPath::Profile, Profile::G2Documented) => ConfigPath::Snapshot,
        _ => ConfigPath::Documented,
    };
}

fn carry_out(world: &mut World, edit: &Edit) {
    match edit {
        Edit::Partner { partner, set } => {
            if let Some(found) = carrierx::find_mut(world, partner) {
                found.fields.extend(set.clone());
            }
        }
        Edit::Verify { partner, field } => {
            carrierx::verify(world, partner, field);
        }
        Edit::Connect { bridge, number, configuration } => {
            unpod::put_on(world, bridge, number, *configuration)
        }
        Edit::Disconnect { bridge, number } => unpod::take_off(world, bridge, number),
        Edit::Configuration { id, set } => {
            if let Some(found) = world.unpod.configurations.iter_mut().find(|c| c.id == *id) {
                for (field, value) in set {
                    unpod::set_text(found, field, value.clone());
                }
            }
        }
        Edit::DeleteConfiguration(id) => unpod::drop_configuration(&mut world.unpod, *id),
        Edit::RenameBridge { bridge, name } => {
            if let Some(found) = world.unpod.bridges.iter_mut().find(|b| b.slug == *bridge) {
                found.name.clone_from(name);
            }
        }
        Edit::DeleteBridge(bridge) => {
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
        assert!(!path_fits(
            "*/connect-provider/",
            "/api/v2/platform/telephony/bridges/x/disconnect-provider/x"
        ));
        assert!(path_fits("/a/*/c/*", "/a/b/c/"));
        assert!(!path_fits("/a/*/c/*/e", "/a/b/c/e"));
    }
}
