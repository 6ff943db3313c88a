//! Whether each request is the one that its step claims to be.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::check::{Check, kind_of};
use super::shape::{Body, Entries, Operation, Payload, Ref, Shown, Step};

/// Kind, its service, where its objects are (in each spelling), what they are found by (in each generation).
type Row = (&'static str, &'static str, &'static [&'static str], &'static [&'static [&'static str]]);

macro_rules! checked {
    ($($(#[$when:meta])* $name:ident)*) => {
        &[$($(#[$when])* include!(concat!("../backend/", stringify!($name), "/checker.in"))),*]
    };
}

/// What is known of each service. The rows stand in its folder and were written a second time, from its documents; nothing
/// but this reads them.
const SERVICES: &[&[Row]] = services!(checked);

/// All kinds, in the order of deletes.
pub(super) fn kinds() -> impl Iterator<Item = &'static Row> {
    SERVICES.iter().copied().flatten()
}

/// Attributes that a PATCH would merge with what is there, unless the query asks to replace them.
const NESTED: [&str; 5] = ["acls", "attributes", "callbacks", "parent_assigned_acls", "transformations"];

/// All fields of a partner that a PUT must hold: it blanks what it leaves out.
const PUBLIC: [&str; 31] = [
    "login",
    "name",
    "company_name",
    "country_code",
    "zip",
    "owner_email",
    "phonenumber",
    "payment_type",
    "address1",
    "address2",
    "city",
    "state",
    "billing_email",
    "tech_email",
    "parent_sid",
    "charge_at",
    "prepay_amount",
    "daily_spending_limit",
    "spending_limit",
    "acls",
    "attributes",
    "callbacks",
    "parent_assigned_acls",
    "transformations",
    "partner_sid",
    "status",
    "available_scopes",
    "balance",
    "daily_spent_amount",
    "date_created",
    "display_id",
];

/// Where the token goes is part of what was approved: each step's account is listed once and leads to its own service.
pub(super) fn accounts(check: &mut Check<'_>) {
    if check.accounts.len() != check.plan.accounts.len() {
        check.no("/accounts", "two accounts have one name");
    }
    for (at, account) in check.plan.accounts.iter().enumerate() {
        let local = ["http://localhost", "http://127.", "http://[::1]"];
        let url = account.base_url.as_str();
        let good = url == "(sandbox)"
            || (url.starts_with("https://") || local.iter().any(|start| url.starts_with(start)))
                && !url.contains(['@', '?', '#', '\\', ' ']);
        let generation = account.generation.is_none_or(|it| account.api == "unpod" && (1..=2).contains(&it));
        if !good || !generation || !kinds().any(|(_, api, ..)| *api == account.api) {
            check.no(&format!("/accounts/{at}"), "an account leads to no known service");
        }
    }
    let kind = |step: &Step| {
        match step.operation {
            Operation::Connect { .. } | Operation::Disconnect { .. } | Operation::ReadBack { .. } => {
                "bridges"
            }
            _ => kind_of(step.address.as_deref().unwrap_or_default()),
        }
        .to_owned()
    };
    for (at, step) in check.steps() {
        let api = check.accounts.get(step.call.account.as_str()).map(|account| account.api.as_str());
        let kind = kind(step);
        let fits = kinds().any(|(name, service, ..)| *name == kind && Some(*service) == api);
        check.must(fits, at, "/call/account", "goes to an account that is not listed or cannot hold this");
    }
}

/// Method, path and query carry out the operation on that very object, and lead nowhere else.
pub(super) fn requests(check: &mut Check<'_>) {
    for (at, step) in check.steps() {
        let address = step.address.as_deref().unwrap_or_default();
        let places = kinds().find(|(kind, ..)| *kind == kind_of(address)).map_or(&[][..], |kind| kind.2);
        let members = |id: &str| places.iter().map(|place| member(place, id)).collect::<Vec<_>>();
        let bridge = |id: &str, verb: &str| vec![format!("telephony/bridges/{id}/{verb}")];
        let (methods, paths, id): (&[&str], _, _) = match &step.operation {
            Operation::Create { .. } => {
                (&["POST"], places.iter().map(|place| (*place).to_owned()).collect(), None)
            }
            Operation::Update { id, .. } => (&["PATCH", "PUT"], members(id), Some(id)),
            Operation::Delete { id, .. } => (&["DELETE"], members(id), Some(id)),
            Operation::Connect { bridge: on, .. } => {
                (&["POST"], bridge(&in_path(on), "connect-provider/"), known(on))
            }
            Operation::Disconnect { bridge: on, .. } => {
                (&["POST"], bridge(on, "disconnect-provider/"), Some(on))
            }
            Operation::ReadBack { bridge: on, .. } => (&["GET"], bridge(&in_path(on), ""), known(on)),
        };
        check.must(
            methods.contains(&step.call.method.as_str()),
            at,
            "/call/method",
            "has a method that does not fit what it does",
        );
        check.must(
            paths.contains(&step.call.path),
            at,
            "/call/path",
            "goes to a path that is not that of its object",
        );
        check.must(
            id.is_none_or(|id| is_segment(id)),
            at,
            "/operation",
            "has an id that would change the path",
        );
        let nested = matches!((&step.operation, &step.call.body), (Operation::Update { .. }, Some(Body::Object(entries)))
            if entries.keys().any(|name| NESTED.contains(&name.as_str())));
        let query: &[(String, String)] =
            if nested { &[("nested_objects".to_owned(), "replace".to_owned())] } else { &[] };
        check.must(step.call.query == query, at, "/call/query", "has a query that does not fit its body");
    }
}

fn member(place: &str, id: &str) -> String {
    match place.strip_suffix('/') {
        Some(place) => format!("{place}/{id}/"),
        None => format!("{place}/{id}"),
    }
}

fn in_path(at: &Ref) -> String {
    match at {
        Ref::Id(id) => id.clone(),
        Ref::Step(step) => format!("{{{step}}}"),
    }
}

fn known(at: &Ref) -> Option<&String> {
    match at {
        Ref::Id(id) => Some(id),
        Ref::Step(_) => None,
    }
}

/// Whether an id stays one part of a path.
fn is_segment(id: &str) -> bool {
    !matches!(id, "" | "." | "..") && !id.contains(['/', '\\', '{', '}']) && !id.chars().any(char::is_control)
}

/// The entries that a body holds, whatever its form.
pub(super) fn entries(step: &Step) -> Option<&Entries> {
    match step.call.body.as_ref()? {
        Body::Object(entries) | Body::Overlay { set: entries, .. } => Some(entries),
    }
}

/// A body belongs to its operation; a connect or disconnect names that very number and configuration, in the words of the
/// account's generation.
pub(super) fn bodies(check: &mut Check<'_>) {
    let mut ids: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut owners: BTreeMap<(&str, u64), &str> = BTreeMap::new();
    for (at, step) in check.steps() {
        let put = step.call.method == "PUT";
        let fits = match (&step.operation, &step.call.body) {
            (Operation::Delete { .. } | Operation::ReadBack { .. }, body) => body.is_none(),
            (Operation::Update { .. }, Some(Body::Overlay { fields, set })) => {
                put && *fields == PUBLIC && set.keys().all(|name| fields.contains(name))
            }
            (_, body) => !put && matches!(body, Some(Body::Object(entries)) if !entries.is_empty()),
        };
        check.must(fits, at, "/call/body", "has a body that does not fit what it does");
        let (Operation::Connect { number, .. } | Operation::Disconnect { number, .. }) = &step.operation
        else {
            continue;
        };
        let account = step.call.account.as_str();
        let Some(words) = check.accounts.get(account).and_then(|account| words(account.generation)) else {
            check.no_step(at, "/call/account", "goes to an account whose generation is not known");
            continue;
        };
        let sent = entries(step);
        let mut expected = 1;
        if let Operation::Connect { provider, .. } = &step.operation {
            expected += 1;
            let right = sent.and_then(|sent| sent.get(words.0)) == Some(&payload(provider));
            check.must(right, at, "/call/body", "connects another configuration than it says");
        }
        let right = match (words.1, sent.and_then(|sent| sent.get(words.1))) {
            // The service is told a number as it spells it itself.
            ("phone_number", Some(Payload::Value(value))) => {
                value.as_str().is_some_and(|sent| sent == number || same_digits(sent, number))
            }
            ("number_id", Some(Payload::Value(value))) => value.as_u64().is_some_and(|id| {
                // Nobody can tell whose id it is, but that it is one number's throughout.
                *ids.entry((account, number)).or_insert(id) == id
                    && *owners.entry((account, id)).or_insert(number) == number
            }),
            _ => false,
        };
        check.must(right, at, "/call/body", "is about another number than it says");
        check.must(
            sent.is_some_and(|sent| sent.len() == expected),
            at,
            "/call/body",
            "sends more than it says",
        );
    }
    assigned(check, &owners);
}

/// Whether two texts are one number: the same digits between marks that mean nothing.
fn same_digits(a: &str, b: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let plain = |text: &str| !text.chars().any(char::is_alphabetic);
    plain(a) && plain(b) && !digits(a).is_empty() && digits(a) == digits(b)
}

/// Where numbers join a bridge only when it is made, it takes along just those that are connected on it.
fn assigned(check: &mut Check<'_>, owners: &BTreeMap<(&str, u64), &str>) {
    let mut joins: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (_, step) in check.steps() {
        if let Operation::Connect { bridge: Ref::Step(made), number, .. } = &step.operation {
            joins.entry(made).or_default().insert(number);
        }
    }
    for (at, step) in check.steps().filter(|(_, step)| matches!(step.operation, Operation::Create { .. })) {
        let account = step.call.account.as_str();
        let list = entries(step).and_then(|sent| sent.get("numberIds"));
        if list.is_none() && check.accounts.get(account).is_none_or(|account| account.generation != Some(1)) {
            continue;
        }
        let ids: Option<Vec<u64>> = match list {
            None => Some(Vec::new()),
            Some(Payload::Value(Value::Array(ids))) => ids.iter().map(Value::as_u64).collect(),
            Some(_) => None,
        };
        let joined = joins.remove(step.id.as_str()).unwrap_or_default();
        let idle = idle(check, step);
        let good = ids.is_some_and(|ids| {
            let taken: BTreeSet<&str> =
                ids.iter().filter_map(|id| owners.get(&(account, *id)).copied()).collect();
            taken == joined && ids.len() == joined.len() + idle
        });
        check.must(good, at, "/call/body", "takes other numbers along than its change shows on it");
    }
}

/// How many numbers its change shows on a new bridge that nobody serves there.
fn idle(check: &Check<'_>, step: &Step) -> usize {
    let change = step.address.as_deref().and_then(|address| check.changes.get(address));
    let shown = change.and_then(|change| change.attributes.iter().find(|shown| shown.name == "numbers"));
    match shown.map(|shown| &shown.after) {
        Some(Shown::Value(Value::Object(map))) => map.values().filter(|by| *by == "unserved").count(),
        _ => 0,
    }
}

/// The words for configuration and number.
fn words(generation: Option<u8>) -> Option<(&'static str, &'static str)> {
    match generation {
        Some(1) => Some(("provider_credential_id", "number_id")),
        Some(2) => Some(("provider_config_id", "phone_number")),
        _ => None,
    }
}

fn payload(provider: &Ref) -> Payload {
    match provider {
        Ref::Step(step) => Payload::IdOf(step.clone()),
        Ref::Id(id) => {
            Payload::Value(id.parse::<u64>().map_or_else(|_| Value::from(id.as_str()), Value::from))
        }
    }
}

/// An id that is not there yet comes from a create that is done before: of the right kind, in the same account.
pub(super) fn references(check: &mut Check<'_>) {
    for (at, step) in check.steps() {
        let mut used: Vec<(&Ref, &str)> = Vec::new();
        match &step.operation {
            Operation::Connect { bridge, provider, .. } => {
                used.extend([(bridge, "bridges"), (provider, "providers")])
            }
            Operation::ReadBack { bridge, numbers } => {
                used.push((bridge, "bridges"));
                used.extend(numbers.values().flatten().map(|provider| (provider, "providers")));
            }
            _ => {
                let borrowed =
                    entries(step).into_iter().flatten().any(|(_, sent)| matches!(sent, Payload::IdOf(_)));
                check.must(
                    !borrowed,
                    at,
                    "/call/body",
                    "takes an id of another step, which only a connect does",
                );
            }
        }
        let reads = matches!(step.operation, Operation::ReadBack { .. });
        for (of, kind) in used {
            let Ref::Step(id) = of else { continue };
            check.must(
                check.made(at, of, kind).is_some(),
                at,
                "/operation",
                "needs an id that no earlier create of this account makes",
            );
            // A read-back waits for the connects, which wait for the configurations.
            let waits = check.waits[at].contains(id.as_str()) || (reads && kind == "providers");
            check.must(waits, at, "/waits_for", &format!("needs the id of {id} and does not wait for it"));
        }
    }
}

/// A seal is of a secret that is sent, and no more than a hash.
fn seals(check: &mut Check<'_>) {
    let sealed = check.document.seals.iter().flat_map(|seals| &seals.steps);
    for (id, of) in sealed {
        let Some(&at) = check.at.get(id.as_str()) else {
            check.no("/steps", "lacks a step whose secret is sealed");
            continue;
        };
        let step = &check.plan.steps[at];
        for (name, seal) in of {
            let sends = |(key, payload): (&String, &Payload)| match payload {
                Payload::Secret { attribute, .. } => attribute == name,
                // What is hidden in a value is sealed as well.
                Payload::Value(value) => key == name && value.to_string().contains("hidden:"),
                Payload::IdOf(_) => false,
            };
            let fits = seal.len() == 64 && seal.bytes().all(|it| it.is_ascii_hexdigit());
            let sent = entries(step).into_iter().flatten().any(sends);
            check.must(sent && fits, at, "/call/body", "does not send the secret that is sealed for it");
        }
    }
}

/// A plan can be published: a secret stands in it as the place that it comes from, never as itself, and only in its own place.
pub(super) fn secrets(check: &mut Check<'_>) {
    let bare = |name: &str, value: &Value| is_secret(name) && !value.is_null();
    for (at, step) in check.steps() {
        let mut sent = Vec::new();
        for (name, payload) in entries(step).into_iter().flatten() {
            match payload {
                Payload::Value(value) => {
                    check.must(!bare(name, value), at, "/call/body", &format!("sends a literal as {name}"));
                }
                Payload::Secret { address, attribute } => {
                    sent.push(name.as_str());
                    let own = Some(address) == step.address.as_ref() && attribute == name;
                    check.must(own, at, "/call/body", "sends the secret of another object or attribute");
                }
                Payload::IdOf(_) => {}
            }
        }
        let (told, maps): (&[String], Vec<_>) = match &step.operation {
            Operation::Create { key, expect, secrets, .. } => (secrets, vec![key, expect]),
            Operation::Update { before, expect, untouched, secrets, .. } => {
                (secrets, vec![before, expect, untouched])
            }
            Operation::Delete { before, .. } => (&[], vec![before]),
            _ => (&[], Vec::new()),
        };
        let same = told.len() == sent.len()
            && told.iter().all(|name| sent.contains(&name.as_str()))
            && told.iter().collect::<BTreeSet<_>>().len() == told.len();
        check.must(same, at, "/operation/secrets", "does not name the secrets that it sends");
        let bare = maps.iter().any(|map| map.iter().any(|(name, value)| bare(name, value)));
        check.must(!bare, at, "/operation", "shows a secret");
    }
    seals(check);
    for (at, change) in check.plan.changes.iter().enumerate() {
        let bare = |shown: &Shown, name: &str| matches!(shown, Shown::Value(value) if bare(name, value));
        if change
            .attributes
            .iter()
            .any(|shown| bare(&shown.before, &shown.name) || bare(&shown.after, &shown.name))
        {
            check.no(&format!("/changes/{at}/attributes"), &format!("{} shows a secret", change.address));
        }
    }
}

/// Attributes whose names say that nobody may read them.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["token", "secret", "password", "api_key", "credential", "passphrase"]
        .iter()
        .any(|word| name.contains(word))
        && name != "provider_credential_id"
}
