//! Checks that each request is the one that its step claims to be.

use std::collections::{BTreeMap, BTreeSet};

use litemap::LiteMap;
use serde_json::Value;
use smol_str::SmolStr;

use super::context::{CheckerContext, kind_of};
use super::facts::{LinkRequests, Links, MemberKey, all_links, kind, service};
use super::shape::{CheckerBody, CheckerOperation, CheckerPayload, CheckerRef, CheckerShownValue, CheckerStep};
use super::strict::CheckerValue;

/// The destination of the token is part of the approval: each step's account is listed once and leads to its own service.
pub(super) fn check_account_lines(check: &mut CheckerContext<'_>) {
    if check.accounts.len() != check.plan.accounts.len() {
        check.report("/accounts", "two accounts have one name");
    }
    for (at, account) in check.plan.accounts.iter().enumerate() {
        let local = ["http://localhost", "http://127.", "http://[::1]"];
        let url = account.base_url.as_str();
        let good = url == "(sandbox)"
            || (url.starts_with("https://") || local.iter().any(|start| url.starts_with(start)))
                && !url.contains(['@', '?', '#', '\\', ' ']);
        let known =
            service(&account.api).is_some_and(|service| account.generation.is_none_or(|it| service.generations.contains(&it)));
        if !good || !known {
            check.report(&format!("/accounts/{at}"), "an account leads to no known service");
        }
    }
    for (at, step) in check.numbered_steps() {
        let service = check.service(&step.call.account);
        let kind = match step.operation.is_link() {
            true => service.and_then(|service| service.links).map_or("", |links| links.holder),
            false => kind_of(step.address.as_deref().unwrap_or_default()),
        };
        let fits = service.is_some_and(|service| service.kinds.iter().any(|it| it.name == kind));
        check.require(fits, at, "/call/account", "goes to an account that is not listed or cannot hold this");
    }
}

/// Method, path and query perform the operation on exactly that object, and lead nowhere else.
pub(super) fn check_requests(check: &mut CheckerContext<'_>) {
    for (at, step) in check.numbered_steps() {
        let address = step.address.as_deref().unwrap_or_default();
        let own = kind(kind_of(address));
        let members = |id: &str| own.map_or_else(Vec::new, |kind| kind.members(id));
        let links = check.links(&step.call.account);
        let linked = |request: &dyn Fn(&Links) -> (&'static str, String)| links.map(request).into_iter().unzip();
        let (methods, paths, id): (Vec<&str>, Vec<String>, _) = match &step.operation {
            CheckerOperation::Create { .. } => {
                let all = own.filter(|kind| !kind.adopted).map_or(&[][..], |kind| kind.collections);
                (vec!["POST"], all.iter().map(|path| (*path).to_owned()).collect(), None)
            }
            CheckerOperation::Update { id, .. } => (vec!["PATCH", "PUT"], members(id), Some(id)),
            CheckerOperation::Delete { .. } if own.is_some_and(|kind| kind.adopted) => Default::default(),
            CheckerOperation::Delete { id, .. } => match own.and_then(|kind| kind.ended_by) {
                Some(action) => (vec!["POST"], members(id).iter().map(|of| format!("{of}/{action}")).collect(), Some(id)),
                None => (vec!["DELETE"], members(id), Some(id)),
            },
            CheckerOperation::Connect { bridge: on, .. } => {
                let (methods, paths) = linked(&|links| links.connect(&ref_in_path(on)));
                (methods, paths, known_id(on))
            }
            CheckerOperation::Disconnect { bridge: on, .. } => {
                let (methods, paths) = linked(&|links| links.disconnect(on));
                (methods, paths, Some(on))
            }
            CheckerOperation::ReadBack { bridge: on, .. } => {
                let holder = links.and_then(|links| kind(links.holder));
                (vec!["GET"], holder.map_or_else(Vec::new, |kind| kind.members(&ref_in_path(on))), known_id(on))
            }
        };
        let fits = methods.contains(&step.call.method.as_str());
        check.require(fits, at, "/call/method", "has a method that does not fit what it does");
        let fits = paths.iter().any(|path| *path == step.call.path);
        check.require(fits, at, "/call/path", "goes to a path that is not that of its object");
        check.require(id.is_none_or(|id| is_segment(id)), at, "/operation", "has an id that would change the path");
        let nested = matches!((&step.operation, &step.call.body), (CheckerOperation::Update { .. }, Some(CheckerBody::Object(entries)))
            if entries.keys().any(|name| own.is_some_and(|kind| kind.nested.contains(&name.as_str()))));
        let replaces = own.and_then(|kind| kind.replace_nested).filter(|_| nested);
        let query = step.call.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        check.require(query.eq(replaces), at, "/call/query", "has a query that does not fit its body");
    }
}

fn ref_in_path(at: &CheckerRef) -> String {
    match at {
        CheckerRef::Id(id) => id.to_string(),
        CheckerRef::Step(step) => format!("{{{step}}}"),
    }
}

fn known_id(at: &CheckerRef) -> Option<&SmolStr> {
    if let CheckerRef::Id(id) = at { Some(id) } else { None }
}

/// Whether an id is a single path segment.
fn is_segment(id: &str) -> bool {
    !matches!(id, "" | "." | "..") && !id.contains(['/', '\\', '{', '}']) && !id.chars().any(char::is_control)
}

/// The entries that a body holds, whatever its form.
pub(super) fn request_entries(step: &CheckerStep) -> Option<&LiteMap<SmolStr, CheckerPayload>> {
    match step.call.body.as_ref()? {
        CheckerBody::Object(entries) | CheckerBody::Overlay { set: entries, .. } => Some(&**entries),
    }
}

/// A body matches its operation; a connect or disconnect names exactly that number and configuration, in the vocabulary
/// of the account's generation.
pub(super) fn check_bodies(check: &mut CheckerContext<'_>) {
    let mut ids: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut owners: BTreeMap<(&str, u64), &str> = BTreeMap::new();
    for (at, step) in check.numbered_steps() {
        let put = step.call.method == "PUT";
        let fits = match (&step.operation, &step.call.body) {
            (CheckerOperation::Delete { .. } | CheckerOperation::ReadBack { .. }, body) => body.is_none(),
            (CheckerOperation::Update { .. }, Some(CheckerBody::Overlay { fields, set })) => {
                let own = kind(kind_of(step.address.as_deref().unwrap_or_default()));
                let all = own.is_some_and(|kind| !kind.put.is_empty() && fields.iter().eq(kind.put));
                put && all && set.keys().all(|name| fields.iter().any(|field| field == name))
            }
            (_, body) => !put && matches!(body, Some(CheckerBody::Object(entries)) if !entries.is_empty()),
        };
        check.require(fits, at, "/call/body", "has a body that does not fit what it does");
        let (CheckerOperation::Connect { number, .. } | CheckerOperation::Disconnect { number, .. }) = &step.operation else {
            continue;
        };
        let account = step.call.account.as_str();
        let Some(keys) = check.link_body(account) else {
            check.report_step(at, "/call/account", "goes to an account whose generation is not known");
            continue;
        };
        let sent = request_entries(step);
        let targets = match &step.operation {
            CheckerOperation::Connect { provider, .. } => vec![ref_payload(provider, keys.numeric)],
            _ => check.links(account).map(Links::nothing).unwrap_or_default(),
        };
        let expected = usize::from(!targets.is_empty()) + usize::from(!matches!(keys.member, MemberKey::Unnamed));
        if !targets.is_empty() {
            let right = sent.and_then(|sent| sent.get(keys.target)).is_some_and(|sent| targets.contains(sent));
            check.require(right, at, "/call/body", "connects another target than it says");
        }
        let named = |key: &str| match sent.and_then(|sent| sent.get(key)) {
            Some(CheckerPayload::Value(value)) => Some(value.tree()),
            _ => None,
        };
        let right = match keys.member {
            MemberKey::Unnamed => true,
            // A number is sent in the service's own spelling.
            MemberKey::Text(key) => {
                named(key).is_some_and(|sent| sent.as_str().is_some_and(|sent| sent == number || same_digits(sent, number)))
            }
            MemberKey::Id(key) => named(key).as_ref().and_then(Value::as_u64).is_some_and(|id| {
                // It is not known which number has the id, only that it is the same number throughout.
                *ids.entry((account, number)).or_insert(id) == id && *owners.entry((account, id)).or_insert(number) == number
            }),
        };
        check.require(right, at, "/call/body", "is about another number than it says");
        check.require(sent.is_some_and(|sent| sent.len() == expected), at, "/call/body", "sends more than it says");
    }
    check_assigned_numbers(check, &owners);
}

/// Whether two texts are one number: the same digits, ignoring punctuation.
fn same_digits(a: &str, b: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let plain = |text: &str| !text.chars().any(char::is_alphabetic);
    plain(a) && plain(b) && !digits(a).is_empty() && digits(a) == digits(b)
}

/// Where numbers join a bridge only when it is created, it includes exactly those that are connected on it.
fn check_assigned_numbers(check: &mut CheckerContext<'_>, owners: &BTreeMap<(&str, u64), &str>) {
    let mut joins: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (_, step) in check.numbered_steps() {
        if let CheckerOperation::Connect { bridge: CheckerRef::Step(made), number, .. } = &step.operation {
            joins.entry(made).or_default().insert(number);
        }
    }
    for (at, step) in check.numbered_steps().filter(|(_, step)| matches!(step.operation, CheckerOperation::Create { .. })) {
        let account = step.call.account.as_str();
        let Some(links) = check.links(account) else { continue };
        let lists = links.bodies.iter().filter_map(|keys| keys.taken_along);
        let list = request_entries(step).and_then(|sent| lists.filter_map(|name| sent.get(name)).next());
        if list.is_none() && check.link_body(account).is_none_or(|keys| keys.taken_along.is_none()) {
            continue;
        }
        let ids: Option<Vec<u64>> = match list {
            None => Some(Vec::new()),
            Some(CheckerPayload::Value(ids)) => ids.tree().as_array().and_then(|ids| ids.iter().map(Value::as_u64).collect()),
            Some(_) => None,
        };
        let joined = joins.remove(step.id.as_str()).unwrap_or_default();
        let idle = unserved_on_new_bridge(check, step);
        let good = ids.is_some_and(|ids| {
            let taken: BTreeSet<&str> = ids.iter().filter_map(|id| owners.get(&(account, *id)).copied()).collect();
            taken == joined && ids.len() == joined.len() + idle
        });
        check.require(good, at, "/call/body", "takes other numbers along than its change shows on it");
    }
}

/// How many numbers without service its change shows on a new bridge.
fn unserved_on_new_bridge(check: &CheckerContext<'_>, step: &CheckerStep) -> usize {
    let change = step.address.as_deref().and_then(|address| check.changes.get(address));
    let members = check.links(&step.call.account).map_or("", |links| links.members);
    let shown = change.and_then(|change| change.attributes.iter().find(|shown| shown.name == members));
    match shown.map(|shown| &shown.after) {
        Some(CheckerShownValue::Value(value)) => {
            value.tree().as_object().map_or(0, |map| map.values().filter(|by| *by == "unserved").count())
        }
        _ => 0,
    }
}

fn ref_payload(provider: &CheckerRef, numeric: bool) -> CheckerPayload {
    match provider {
        CheckerRef::Step(step) => CheckerPayload::IdOf(step.clone()),
        CheckerRef::Id(id) => {
            let number = id.parse::<u64>().ok().filter(|_| numeric);
            CheckerPayload::Value(number.map_or_else(|| Value::from(id.as_str()), Value::from).into())
        }
    }
}

impl Links {
    /// What a disconnect may send in place of a target.
    fn nothing(&self) -> Vec<CheckerPayload> {
        let LinkRequests::Patch { off, .. } = self.requests else { return Vec::new() };
        off.iter().map(|word| CheckerPayload::Value(word.map_or(Value::Null, Value::from).into())).collect()
    }
}

/// An id that does not exist yet comes from an earlier create of the right kind, in the same account.
pub(super) fn check_created_references(check: &mut CheckerContext<'_>) {
    for (at, step) in check.numbered_steps() {
        let (mut holders, mut targets) = (Vec::new(), Vec::new());
        match &step.operation {
            CheckerOperation::Connect { bridge, provider, .. } => (holders, targets) = (vec![bridge], vec![provider]),
            CheckerOperation::ReadBack { bridge, numbers } => {
                (holders, targets) = (vec![bridge], numbers.values().flatten().collect());
            }
            _ => {
                let borrowed =
                    request_entries(step).into_iter().flatten().any(|(_, sent)| matches!(sent, CheckerPayload::IdOf(_)));
                check.require(!borrowed, at, "/call/body", "takes an id of another step, which only a connect does");
            }
        }
        let reads = matches!(step.operation, CheckerOperation::ReadBack { .. });
        let targets = targets.into_iter().map(|of| (of, true));
        for (of, is_target) in holders.into_iter().map(|of| (of, false)).chain(targets) {
            let CheckerRef::Step(id) = of else { continue };
            let made = if is_target { check.made_target(at, of) } else { check.made_holder(at, of) };
            check.require(made.is_some(), at, "/operation", "needs an id that no earlier create of this account makes");
            // A read-back waits for the connects, which wait for the configurations.
            let waits = check.waits[at].contains(id.as_str()) || (reads && is_target);
            check.require(waits, at, "/waits_for", format_args!("needs the id of {id} and does not wait for it"));
        }
    }
}

/// A seal belongs to a secret that is sent, and is only a hash.
fn check_seals(check: &mut CheckerContext<'_>) {
    let digits = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let bound = check.document.binding.as_ref();
    if bound.is_some_and(|it| it.mac.len() != 64 || !digits(&it.mac) || it.key.is_empty() || !digits(&it.key)) {
        check.report("/binding", "is not what a key makes");
    }
    let sealed = check.document.seals.iter().flat_map(|seals| &seals.steps);
    for (id, of) in sealed {
        let Some(&at) = check.positions.get(id.as_str()) else {
            check.report("/steps", "misses a step whose secret is sealed");
            continue;
        };
        let step = &check.plan.steps[at];
        for (name, seal) in of.iter() {
            let sends = |(key, payload): (&SmolStr, &CheckerPayload)| match payload {
                CheckerPayload::Secret { attribute, .. } => attribute == name,
                // The hidden part of a value is sealed as well.
                CheckerPayload::Value(value) | CheckerPayload::WithIds { value, .. } => {
                    key == name && value.text().contains("hidden:")
                }
                CheckerPayload::IdOf(_) => false,
            };
            let fits = seal.len() == 64 && seal.bytes().all(|it| it.is_ascii_hexdigit());
            let sent = request_entries(step).into_iter().flatten().any(sends);
            check.require(sent && fits, at, "/call/body", "does not send the secret that is sealed for it");
        }
    }
}

/// A plan can be published: a secret is represented by its source, never by its value, and only in its own attribute.
pub(super) fn check_secrets(check: &mut CheckerContext<'_>) {
    let bare = |name: &str, value: &CheckerValue| is_secret(name) && !value.is_null();
    for (at, step) in check.numbered_steps() {
        let mut sent = Vec::new();
        for (name, payload) in request_entries(step).into_iter().flatten() {
            match payload {
                CheckerPayload::Value(value) | CheckerPayload::WithIds { value, .. } => {
                    check.require(!bare(name, value), at, "/call/body", format_args!("sends a literal as {name}"));
                }
                CheckerPayload::Secret { address, attribute } => {
                    sent.push(name.as_str());
                    let own = Some(address) == step.address.as_ref() && attribute == name;
                    check.require(own, at, "/call/body", "sends the secret of another object or attribute");
                }
                CheckerPayload::IdOf(_) => {}
            }
        }
        let (told, maps): (&[SmolStr], Vec<_>) = match &step.operation {
            CheckerOperation::Create { key, expect, secrets, .. } => (secrets, vec![key, expect]),
            CheckerOperation::Update { before, expect, untouched, secrets, .. } => (secrets, vec![before, expect, untouched]),
            CheckerOperation::Delete { before, .. } => (&[], vec![before]),
            _ => (&[], Vec::new()),
        };
        let same = told.len() == sent.len()
            && told.iter().all(|name| sent.contains(&name.as_str()))
            && told.iter().collect::<BTreeSet<_>>().len() == told.len();
        check.require(same, at, "/operation/secrets", "does not name the secrets that it sends");
        let bare = maps.iter().any(|map| map.iter().any(|(name, value)| bare(name, value)));
        check.require(!bare, at, "/operation", "shows a secret");
    }
    check_seals(check);
    for (at, change) in check.plan.changes.iter().enumerate() {
        let bare = |shown: &CheckerShownValue, name: &str| matches!(shown, CheckerShownValue::Value(value) if bare(name, value));
        if change.attributes.iter().any(|shown| bare(&shown.before, &shown.name) || bare(&shown.after, &shown.name)) {
            check.report(&format!("/changes/{at}/attributes"), &format!("{} shows a secret", change.address));
        }
    }
}

/// Attributes whose names mark them as secret.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["token", "secret", "password", "api_key", "credential", "passphrase"].iter().any(|word| name.contains(word))
        && !all_links().any(|links| links.bodies.iter().any(|keys| keys.target == name))
}
