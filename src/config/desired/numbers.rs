//! Numbers of a bridge, and who serves each.

use std::collections::BTreeMap;

use super::number_entries::{describe_known, names_of_kind};
use super::{ConfigLoader, FileEntry, FileRef, LayeredBlock, phone, suggestions, texts, values};
use crate::config::problem::{Problem, Span};
use crate::config::yaml::double_quote;
use crate::model::kind::{AttributeType, Kind, LinkRequests};
use crate::model::resource::{Address, DesiredNumber, DesiredObject, DesiredValue};
use crate::services;
use crate::text;

/// Key under a number that names the configuration that serves it.
const PROVIDER: &str = "provider";

/// Key under a number that says that its name is the service's own.
pub(super) const AS_SHOWN: &str = "as_shown";

impl<'a> ConfigLoader<'a> {
    /// The numbers of one object. References are checked when all objects are known.
    pub(super) fn read_numbers(&mut self, item: FileEntry<'a>, kind: &str) -> Option<BTreeMap<String, DesiredNumber>> {
        let entries = self.read_section(item)?;
        let targets = served_by(kind)?;
        let mut numbers = BTreeMap::new();
        for entry in entries {
            let here = FileEntry { file: item.file, entry };
            let marked = entry.value.get(AS_SHOWN).is_some_and(|mark| self.read_boolean(item.file, mark) == Some(true));
            let as_shown = self.check_number(here, marked, "{ provider: NAME, as_shown: true }");
            let provider = self.read_provider(here, targets);
            if let (Some(as_shown), Some(provider)) = (as_shown, provider) {
                let place = item.file.source.location_of(entry.key_span);
                let wanted = DesiredNumber { provider, as_shown, location: place };
                numbers.insert(text::normalize_phone_number(&entry.key), wanted);
            }
        }
        Some(numbers)
    }

    /// What serves an object that is its own holder, as its only number: none where null says so.
    pub(super) fn read_served_by(&mut self, block: &LayeredBlock<'a>, rows: &[&'static Kind], object: &mut DesiredObject) {
        let field = rows.iter().flat_map(|kind| kind.fields).find(|field| field.ty == AttributeType::ServedBy);
        let Some((item, link)) = field.and_then(|field| block.get(field.name)).zip(rows.iter().find_map(|kind| kind.link)) else {
            return;
        };
        let LinkRequests::PatchMember { number, .. } = link.requests else { return };
        if item.entry.value.is_null() {
            object.numbers = Some(BTreeMap::new());
            return;
        }
        let Some(text) = self.text(item.file, item.entry) else { return };
        let Some(DesiredValue::Value(named)) = object.attributes.get(number) else {
            if block.get(number).is_some() {
                return; // What is wrong with it was reported.
            }
            let problem = Problem::new(
                "telform::yaml::missing",
                format!("`{}` says what serves it, but its `{number}` is missing", object.address),
                &item.file.source,
                item.entry.key_span,
            );
            self.report_problem(problem.label("serves which number?").help(format!("write its `{number}`")));
            return;
        };
        let named = text::normalize_phone_number(named.as_str().unwrap_or_default());
        let Some(provider) = self.target_named(item, &text, link.roles.targets) else { return };
        let location = item.file.source.location_of(item.entry.key_span);
        object.numbers = Some(BTreeMap::from([(named, DesiredNumber { provider, as_shown: false, location })]));
    }

    /// The name of a number, and whether it is valid only where the service shows it in this form; `None` after a problem.
    pub(super) fn check_number(&mut self, item: FileEntry<'_>, marked: bool, example: &str) -> Option<bool> {
        let (text, entry) = (item.key(), item.entry);
        if text::is_e164(text) || marked || texts::first_template(text).is_some() {
            return self.check_key(item.file, entry).then_some(marked && !text::is_e164(text));
        }
        let meant = phone::parse_phone(text).and_then(|phone| phone.to_e164());
        let unmeant = meant.is_err();
        let (label, help) = match meant {
            Ok(number) => ("not in this form", format!("did you mean {}?", double_quote(&number))),
            Err(instead) => (instead.label, instead.help.to_owned()),
        };
        let problem = Problem::new(
            "telform::yaml::number",
            format!("`{}` is not a phone number in E.164 form", suggestions::shorten_name(text)),
            &item.file.source,
            entry.key_span,
        )
        .label(label);
        let quotes = if item.file.source.is_in_table(entry.key_span) { "" } else { ", in quotes" };
        let help = format!("{help}\nE.164: `+`, the country code and the number, at most 15 digits{quotes}");
        // A text that cannot be an E.164 number may still exist: a run that asks the service can tell.
        let bare = text.strip_prefix('+').unwrap_or(text);
        let odd = unmeant && (1..=15).contains(&bare.len()) && bare.bytes().all(|byte| byte.is_ascii_digit());
        if odd && !text::is_e164(&text::normalize_phone_number(text)) {
            let mark = format!("where the service shows the number so: {example}");
            self.conditional_problems.push(problem.help(format!("{help}\n{mark}")));
            return Some(true);
        }
        self.report_problem(problem.help(help));
        None
    }

    fn read_provider(&mut self, item: FileEntry<'a>, targets: &[&str]) -> Option<Address> {
        let known = [PROVIDER, AS_SHOWN];
        let entries = item.entry.value.as_map().unwrap_or_default();
        for entry in entries.iter().filter(|entry| !known.contains(&&*entry.key)) {
            self.report_unknown_key(item.file, entry, &known, "under a number");
        }
        let Some(entry) = item.entry.value.get(PROVIDER) else {
            if let Some(name) = item.entry.value.as_scalar().filter(|_| !item.entry.value.is_null()) {
                let shown = suggestions::shorten_name(&name.text);
                self.report_problem(
                    Problem::new(
                        "telform::yaml::wrong_type",
                        format!("what serves this number is a map, not `{shown}` alone"),
                        &item.file.source,
                        item.entry.value.used_at,
                    )
                    .label("here")
                    .help(format!("write {{ {PROVIDER}: {shown} }}")),
                );
                return None;
            }
            self.report_problem(
                Problem::new(
                    "telform::yaml::missing",
                    "this number does not say what serves it",
                    &item.file.source,
                    item.entry.key_span,
                )
                .label("what serves it?")
                .help(format!("write {{ provider: NAME }}, with a name from `{}`", targets.join("` or `"))),
            );
            return None;
        };
        let text = self.text(item.file, entry)?;
        self.target_named(FileEntry { entry, ..item }, &text, targets)
    }

    /// The address of one of these kinds that a text names: by a name alone where only one of them has it, or whole.
    pub(super) fn target_named(&mut self, item: FileEntry<'a>, text: &str, kinds: &[&str]) -> Option<Address> {
        if let Some(whole) = Address::parse(text).filter(|address| kinds.contains(&address.kind.as_str())) {
            return Some(whole);
        }
        let named: Vec<Address> = kinds.iter().map(|kind| Address::new(kind, text)).collect();
        let mut found =
            named.iter().filter(|address| self.objects.contains_key(*address) || self.existing.contains_key(*address));
        match (found.next(), found.next()) {
            (Some(one), Some(other)) => {
                let what = format!("`{}` may be `{one}` or `{other}`", suggestions::shorten_name(text));
                let problem = reference_problem(what, item.into());
                self.report_problem(problem.help("write the whole address"));
                None
            }
            (found, _) => found.or(named.first()).cloned(),
        }
    }

    /// Checks that every number leads to a provider of the same account.
    pub(super) fn check_references(&mut self) {
        let mut problems = Vec::new();
        for parsed in self.parsed.values() {
            for line in parsed.number_entries() {
                let wanted =
                    parsed.object.numbers.as_ref().and_then(|numbers| numbers.get(&text::normalize_phone_number(line.key())));
                let named = line.entry.value.get(PROVIDER);
                problems.extend(named.zip(wanted).and_then(|(entry, wanted)| {
                    let (account, owner) = (&parsed.object.account, &parsed.object.address);
                    self.check_reference(account, owner, FileEntry { entry, ..line }.into(), &wanted.provider)
                }));
            }
            if let (Some(line), Some(numbers)) = (parsed.served_by_entry(), &parsed.object.numbers) {
                let (account, owner) = (&parsed.object.account, &parsed.object.address);
                problems.extend(
                    numbers.values().filter_map(|wanted| self.check_reference(account, owner, line.into(), &wanted.provider)),
                );
            }
        }
        for problem in problems {
            self.report_problem(problem);
        }
    }

    /// What is wrong with a reference of an owner in this account.
    pub(super) fn check_reference(
        &self,
        account: &str,
        owner: &Address,
        at: ReferencePlace<'a>,
        target: &Address,
    ) -> Option<Problem> {
        let problem = |what: String| reference_problem(what, at);
        if let Some(other) = self.parsed.get(target).or(self.parsed_existing.get(target)) {
            if other.object.account == account {
                return None;
            }
            let what = format!("`{target}` belongs to the account `{}`, and `{owner}` to `{account}`", other.object.account);
            let (source, span) = (&other.block.head.file.source, other.block.head.entry.key_span);
            let homes = self.account_identities();
            let help = if homes.get(account) == homes.get(other.object.account.as_str()) {
                services::name_settings(&format!(
                    "both are names of the same account. Write `account: {}` in both entries: nothing is sent, and the ledger follows. An account reads several products with `{{products}}`",
                    other.object.account
                ))
            } else {
                "both must be in the same account".to_owned()
            };
            return Some(problem(what).also_at(source, span, "defined here").help(help));
        }
        self.unknown_reference(at, target)
    }

    /// A reference to an address that no file has; none while a file could not be read.
    pub(super) fn unknown_reference(&self, at: ReferencePlace<'a>, target: &Address) -> Option<Problem> {
        if self.objects.contains_key(target) || self.existing.contains_key(target) || !self.all_files_read {
            return None;
        }
        // A name alone may mean any of the kinds that serve numbers.
        let written = at.file.source.text().get(at.span.start()..at.span.end()).unwrap_or_default();
        let names_kind = written.trim_start_matches(['"', '\'']).starts_with(&format!("{}.", target.kind));
        let kinds = served_by(&target.kind).filter(|kinds| !names_kind && kinds.contains(&target.kind.as_str()));
        let kinds = kinds.map_or_else(|| target.kind.to_string(), |kinds| kinds.join(" or "));
        let addresses = || self.objects.keys().chain(self.existing.keys());
        let mut known: Vec<&str> = kinds.split(" or ").flat_map(|kind| names_of_kind(kind, addresses())).collect();
        known.sort_unstable();
        known.dedup();
        let what = format!("`{}` is not among the {kinds}", suggestions::shorten_name(&target.name));
        Some(reference_problem(what, at).help(describe_known(&kinds, &target.name, &known)))
    }
}

/// Where an address is named.
#[derive(Clone, Copy)]
pub(super) struct ReferencePlace<'a> {
    pub(super) file: FileRef<'a>,
    pub(super) span: Span,
}

impl<'a> From<FileEntry<'a>> for ReferencePlace<'a> {
    fn from(line: FileEntry<'a>) -> Self {
        Self { file: line.file, span: values::value_span(line.entry) }
    }
}

fn reference_problem(what: String, at: ReferencePlace<'_>) -> Problem {
    Problem::new("telform::yaml::reference", what, &at.file.source, at.span).label("this reference")
}

/// The kinds that serve numbers at the service of this kind.
pub(super) fn served_by(kind: &str) -> Option<&'static [&'static str]> {
    services::of_kind(kind)?.link_roles().map(|roles| roles.targets)
}
