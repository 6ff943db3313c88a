//! Numbers of a bridge, and who serves each.

use std::collections::BTreeMap;

use super::objects::ParsedObject;
use super::{ConfigLoader, FileEntry, LayeredBlock, phone, suggestions, texts, values};
use crate::config::problem::Problem;
use crate::config::yaml::double_quote;
use crate::model::kind::{AttributeType, Kind, LinkRequests};
use crate::model::resource::{Address, DesiredNumber, DesiredObject, DesiredValue};
use crate::services;
use crate::text;

/// Key under a number that names the configuration that serves it.
const PROVIDER: &str = "provider";

/// Key under a number that says that its name is the service's own.
const AS_SHOWN: &str = "as_shown";

impl<'a> ConfigLoader<'a> {
    /// The numbers of one object. References are checked when all objects are known.
    pub(super) fn read_numbers(&mut self, item: FileEntry<'a>, kind: &str) -> Option<BTreeMap<String, DesiredNumber>> {
        let entries = self.read_section(item)?;
        let target = served_by(kind)?;
        let mut numbers = BTreeMap::new();
        for entry in entries {
            let here = FileEntry { file: item.file, entry };
            let as_shown = self.check_number(here);
            let provider = self.read_provider(here, target);
            if let (Some(as_shown), Some(provider)) = (as_shown, provider) {
                let place = item.file.source.location_of(entry.key_span);
                let wanted = DesiredNumber { provider: Address::new(target, &provider), as_shown, location: place };
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
            let problem = Problem::new(
                "telform::yaml::missing",
                format!("what serves `{}` is said, and its `{number}` is not", object.address),
                &item.file.source,
                item.entry.key_span,
            );
            self.report_problem(problem.label("serves which number?").help(format!("write its `{number}`")));
            return;
        };
        let named = text::normalize_phone_number(named.as_str().unwrap_or_default());
        let provider = Address::new(link.roles.target, &target_name(&text));
        let location = item.file.source.location_of(item.entry.key_span);
        object.numbers = Some(BTreeMap::from([(named, DesiredNumber { provider, as_shown: false, location })]));
    }

    /// The name of a number, and whether it is valid only where the service shows it in this form; `None` after a problem.
    fn check_number(&mut self, item: FileEntry<'_>) -> Option<bool> {
        let (text, entry) = (item.key(), item.entry);
        let marked = entry.value.get(AS_SHOWN).is_some_and(|mark| self.read_boolean(item.file, mark) == Some(true));
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
        let help = format!("{help}\nE.164: `+`, the country code and the number, at most 15 digits, in quotes");
        // A text that cannot be an E.164 number may still exist: a run that asks the service can tell.
        let bare = text.strip_prefix('+').unwrap_or(text);
        let odd = unmeant && (1..=15).contains(&bare.len()) && bare.bytes().all(|byte| byte.is_ascii_digit());
        if odd && !text::is_e164(&text::normalize_phone_number(text)) {
            let mark = "where the service shows the number so: { provider: NAME, as_shown: true }";
            self.conditional_problems.push(problem.help(format!("{help}\n{mark}")));
            return Some(true);
        }
        self.report_problem(problem.help(help));
        None
    }

    fn read_provider(&mut self, item: FileEntry<'a>, target: &str) -> Option<String> {
        let known = [PROVIDER, AS_SHOWN];
        let entries = item.entry.value.as_map().unwrap_or_default();
        for entry in entries.iter().filter(|entry| !known.contains(&&*entry.key)) {
            self.report_unknown_key(item.file, entry, &known, "under a number");
        }
        let Some(entry) = item.entry.value.get(PROVIDER) else {
            self.report_problem(
                Problem::new(
                    "telform::yaml::missing",
                    "this number does not say which provider serves it",
                    &item.file.source,
                    item.entry.key_span,
                )
                .label("served by whom?")
                .help(format!("write {{ provider: NAME }}, with a name from `{target}`")),
            );
            return None;
        };
        Some(target_name(&self.text(item.file, entry)?))
    }

    /// Checks that every number leads to a provider of the same account.
    pub(super) fn check_references(&mut self) {
        let mut problems = Vec::new();
        for parsed in self.parsed.values() {
            for line in parsed.number_entries() {
                let wanted =
                    parsed.object.numbers.as_ref().and_then(|numbers| numbers.get(&text::normalize_phone_number(line.key())));
                let named = line.entry.value.get(PROVIDER);
                problems.extend(
                    named
                        .zip(wanted)
                        .and_then(|(entry, wanted)| self.check_reference(parsed, FileEntry { entry, ..line }, &wanted.provider)),
                );
            }
            if let (Some(line), Some(numbers)) = (parsed.served_by_entry(), &parsed.object.numbers) {
                problems.extend(numbers.values().filter_map(|wanted| self.check_reference(parsed, line, &wanted.provider)));
            }
        }
        for problem in problems {
            self.report_problem(problem);
        }
    }

    fn check_reference(&self, bridge: &ParsedObject<'a>, line: FileEntry<'a>, target: &Address) -> Option<Problem> {
        let (account, entry) = (&bridge.object.account, line.entry);
        let problem = |what: String| {
            Problem::new("telform::yaml::reference", what, &line.file.source, values::value_span(entry)).label("this reference")
        };
        if let Some(other) = self.parsed.get(target).or(self.parsed_existing.get(target)) {
            if other.object.account == *account {
                return None;
            }
            let what = format!(
                "`{target}` belongs to the account `{}`, and `{}` to `{account}`",
                other.object.account, bridge.object.address
            );
            let (source, span) = (&other.block.head.file.source, other.block.head.entry.key_span);
            let homes = self.account_identities();
            let help = if homes.get(account.as_str()) == homes.get(other.object.account.as_str()) {
                services::name_settings(&format!(
                    "both name one account; write `account: {}` in both entries: nothing is sent, the ledger follows. An account reads several products with `{{products}}`",
                    other.object.account
                ))
            } else {
                "a number is served within one account".to_owned()
            };
            return Some(problem(what).also_at(source, span, "defined here").help(help));
        }
        if self.objects.contains_key(target) || self.existing.contains_key(target) || !self.all_files_read {
            return None;
        }
        let same_kind = self.objects.keys().chain(self.existing.keys()).filter(|address| address.kind == target.kind);
        let known: Vec<&str> = same_kind.map(|address| address.name.as_str()).collect();
        let help = if known.is_empty() {
            format!("no file defines any {}", target.kind)
        } else {
            suggestions::suggest_names(&target.name, &known, &target.kind)
        };
        Some(problem(format!("there is no `{}` among the {}", suggestions::shorten_name(&target.name), target.kind)).help(help))
    }
}

/// The kind that serves the numbers of this kind.
fn served_by(kind: &str) -> Option<&'static str> {
    services::of_kind(kind)?.link_roles().map(|roles| roles.target)
}

/// The name of what serves a number: written alone, or as a whole address.
fn target_name(text: &str) -> String {
    let address =
        Address::parse(text).filter(|address| services::shapes_of_kind(&address.kind).iter().any(|kind| kind.connected));
    address.map_or_else(|| text.to_owned(), |address| address.name.to_string())
}
