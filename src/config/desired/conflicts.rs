//! Two addresses must not mean one live object, and one number must not be on two bridges.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::objects::ParsedObject;
use super::{ConfigLoader, FileEntry, values};
use crate::config::problem::{Label, Problem, Span};
use crate::model::kind::Kind;
use crate::model::resource::{Account, Address, DesiredValue};
use crate::model::value::CompactValue;
use crate::text::fold_for_comparison;

/// What identifies a live object: account by the first of its names, kind, and an id or a natural key in canonical spelling.
type ObjectIdentity<'a> = (&'a str, &'static str, String);

/// Where the claim is made: the line that states the identity, in whichever layer it is; else the entry.
#[derive(Clone, Copy)]
struct IdentityClaim<'a> {
    parsed: &'a ParsedObject<'a>,
    line: Option<FileEntry<'a>>,
}

impl IdentityClaim<'_> {
    fn address(&self) -> &Address {
        &self.parsed.object.address
    }

    fn label(&self) -> Label {
        match self.line {
            Some(line) => label_at(line, values::value_span(line.entry)),
            None => label_at(self.parsed.block.head, self.parsed.block.head.entry.key_span),
        }
    }

    /// Two pinned objects are distinguished by their ids, whatever their natural keys.
    fn may_be_same(&self, other: &Self) -> bool {
        let (one, two) = (&self.parsed.object.id, &other.parsed.object.id);
        self.address() != other.address() && (one.is_none() || two.is_none() || one == two)
    }
}

impl ConfigLoader<'_> {
    pub(super) fn check_claims(&mut self) {
        self.check_references();
        self.check_attribute_references();
        self.check_identities();
        self.check_numbers();
    }

    /// An account is its service, address and organization: each of its names leads to the first of them. Where a service has no
    /// organizations and the tokens differ, only a reading can tell.
    pub(super) fn account_identities(&self) -> HashMap<&str, &str> {
        let all = self.desired.accounts.values();
        let home = |account: &Account| {
            let first = self.desired.accounts.values().find(|first| {
                let is = |account: &Account| {
                    (account.service.api, account.base_url.clone(), account.organization().map(str::to_owned))
                };
                is(first) == is(account) && first.is_same_account(account)
            });
            first.map_or("", |first| first.name.as_str())
        };
        all.map(|account| (account.name.as_str(), home(account))).collect()
    }

    fn check_identities(&mut self) {
        let mut claims: BTreeMap<ObjectIdentity<'_>, Vec<IdentityClaim<'_>>> = BTreeMap::new();
        let homes = self.account_identities();
        for parsed in self.parsed.values().chain(self.parsed_existing.values()) {
            let object = &parsed.object;
            let home = homes.get(object.account.as_str()).copied().unwrap_or(&object.account);
            for kind in &object.shapes {
                if let Some(id) = &object.id {
                    let claim = IdentityClaim { parsed, line: parsed.key_entry("id") };
                    claims.entry(by_id(home, kind, id)).or_default().push(claim);
                }
                let value = |name: &str| match object.attributes.get(name) {
                    Some(DesiredValue::Value(value)) => Some(value),
                    _ => None,
                };
                if let Some(identity) = by_key(home, kind, &value) {
                    let line = kind.natural_key.last().and_then(|name| parsed.key_entry(name));
                    claims.entry(identity).or_default().push(IdentityClaim { parsed, line });
                }
            }
        }
        let mut found: BTreeMap<(&Address, &Address), Problem> = BTreeMap::new();
        for claims in claims.values() {
            for (index, later) in claims.iter().enumerate().skip(1) {
                let Some(first) = claims[..index].iter().find(|first| first.may_be_same(later)) else {
                    continue;
                };
                let (one, two) = (&first.parsed.object.account, &later.parsed.object.account);
                let (whose, twice) = if one == two {
                    (format!("the account `{one}`"), String::new())
                } else {
                    let names = format!("`{one}` and `{two}` have the same service, address and organization");
                    (format!("one account, which `{one}` and `{two}` name"), format!("{names}\n"))
                };
                let what = format!("`{}` and `{}` mean the same object of {whose}", first.address(), later.address());
                let refers = |claim: &IdentityClaim<'_>| self.parsed_existing.contains_key(claim.address());
                let keep = match refers(first) || refers(later) {
                    true => "what is declared here is managed here: refer to that address, and take the other out of `existing`",
                    false => "keep one, or correct what identifies it",
                };
                let help = format!("{twice}an object has one address; {keep}");
                let problem = conflict_problem("telform::yaml::same_object", &what, &first.label(), &later.label());
                found.insert((first.address(), later.address()), problem.help(help));
            }
        }
        let mut alike: BTreeMap<ObjectIdentity<'_>, Vec<&IdentityClaim<'_>>> = BTreeMap::new();
        for ((account, kind, key), claims) in &claims {
            alike.entry((*account, *kind, fold_for_comparison(key))).or_default().extend(claims.first());
        }
        for ((account, kind, _), claims) in &alike {
            for later in claims.iter().skip(1).filter(|later| claims[0].may_be_same(later)) {
                let (mut first, mut later) = (claims[0], *later);
                if first.address() > later.address() {
                    (first, later) = (later, first);
                }
                let what = format!(
                    "`{}` and `{}` are distinguished only by letter case, spaces or Unicode form",
                    first.address(),
                    later.address()
                );
                let help = format!("correct one of them, unless account `{account}` should have both {kind}");
                let problem = conflict_problem("telform::yaml::alike", &what, &first.label(), &later.label());
                let pair = (first.address(), later.address());
                found.entry(pair).or_insert_with(|| problem.help(help).warning());
            }
        }
        let problems: Vec<Problem> = found.into_values().chain(self.tombstone_claims(&claims)).collect();
        for problem in problems {
            self.report_problem(problem);
        }
    }

    /// A tombstone that names an object which a declared address claims would delete it under that address.
    fn tombstone_claims(&self, claims: &BTreeMap<ObjectIdentity<'_>, Vec<IdentityClaim<'_>>>) -> Vec<Problem> {
        let mut problems = Vec::new();
        let homes = self.account_identities();
        for removal in &self.desired.removed {
            let only = || self.only_account(&removal.address.kind);
            let Some(account) = removal.account.as_deref().or_else(only) else { continue };
            let account = homes.get(account).copied().unwrap_or(account);
            for kind in crate::services::shapes_of_kind(&removal.address.kind) {
                let by_id = removal.id.as_ref().map(|id| by_id(account, kind, id));
                let key = by_key(account, kind, &|name| removal.key.get(name));
                let Some(claim) = by_id.into_iter().chain(key).filter_map(|it| claims.get(&it)?.first()).next() else {
                    continue;
                };
                let what = format!("`{}` is removed, and `{}` means the same object", removal.address, claim.address());
                let label = claim.label();
                problems.push(
                    Problem::new("telform::yaml::same_object", what, &label.source, label.span)
                        .label("declared here")
                        .help(format!("its entry under `removed` is at {}; keep one of them", removal.location)),
                );
                break;
            }
        }
        problems
    }

    fn check_numbers(&mut self) {
        let mut seen: HashMap<(String, String), (Address, Label)> = HashMap::new();
        let mut problems = Vec::new();
        let homes = self.account_identities();
        for parsed in self.parsed.values() {
            for line in parsed.number_entries() {
                let number = crate::text::normalize_phone_number(line.key());
                let label = label_at(line, line.entry.key_span);
                let account = parsed.object.account.as_str();
                let key = (homes.get(account).copied().unwrap_or(account).to_owned(), number);
                let Some((first, place)) = seen.get(&key) else {
                    seen.insert(key, (parsed.object.address.clone(), label));
                    continue;
                };
                let what = format!("{} is on `{first}` and on `{}`", line.key(), parsed.object.address);
                let problem = conflict_problem("telform::yaml::number_twice", &what, place, &label);
                problems.push(problem.help("a number can be on one of them only; keep one"));
            }
        }
        for parsed in self.parsed_numbers.values() {
            let (head, entry) = (parsed.block.head, &parsed.entry);
            let label = label_at(head, head.entry.key_span);
            let account = homes.get(entry.account.as_str()).copied().unwrap_or(&entry.account).to_owned();
            let Some((first, place)) = seen.get(&(account.clone(), entry.number.clone())) else {
                seen.insert((account, entry.number.clone()), (entry.address.clone(), label));
                continue;
            };
            let what = format!("`{first}` and `{}` are one number", entry.address);
            let what = if first.kind == entry.address.kind { what } else { format!("`{}` is on `{first}` too", entry.address) };
            let problem = conflict_problem("telform::yaml::number_twice", &what, place, &label);
            problems.push(problem.help("a number is in one place"));
        }
        problems.extend(self.conflicting_tombstones());
        for problem in problems {
            self.report_problem(problem);
        }
    }
}

fn label_at(item: FileEntry<'_>, span: Span) -> Label {
    Label { source: item.file.source.clone(), span, text: String::new() }
}

/// A problem with two positions, the later of which is at fault.
fn conflict_problem(code: &'static str, what: &str, a: &Label, b: &Label) -> Problem {
    let (first, again) = if a.location() <= b.location() { (a, b) } else { (b, a) };
    Problem::new(code, what, &again.source, again.span).label("again").also_at(&first.source, first.span, "first")
}

fn by_id<'a>(account: &'a str, kind: &'static Kind, id: &str) -> ObjectIdentity<'a> {
    (account, kind.name, format!("id {id}"))
}

/// The natural key in canonical spelling; a natural key that is the identity itself counts as an id.
fn by_key<'a, 'v>(
    account: &'a str,
    kind: &'static Kind,
    value: &dyn Fn(&str) -> Option<&'v CompactValue>,
) -> Option<ObjectIdentity<'a>> {
    if let [name] = kind.natural_key
        && *name == kind.id
    {
        return value(name)?.as_str().map(|id| by_id(account, kind, id));
    }
    let mut key = format!("key {}", kind.generation.unwrap_or_default());
    for name in kind.natural_key {
        write!(key, " {}", kind.field(name)?.normaliser.canonicalize(value(name)?)).ok()?;
    }
    Some((account, kind.name, key))
}
