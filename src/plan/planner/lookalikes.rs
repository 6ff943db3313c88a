//! Names, hosts and codes that a reviewer may mistake for others.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::kind::{Field, Normaliser, TextGrammar};
use crate::model::resource::{Address, LiveObject};
use crate::model::value::Value;
use crate::plan::Inputs;
use crate::plan::change::{Change, ShownValue};
use crate::plan::diagnostics::{NoticeCode, PlanNotice};
use crate::plan::matching::Matches;
use crate::plan::selection::Selection;
use crate::services;
use crate::text::{
    TextSort, host_as_read, host_in_letters, hosts_in_text, is_deceptive, is_invisible_char, list_first_few, shorten,
    spell_code_points, to_lookup_ascii,
};

/// Longest text that is spelled out from its beginning, in characters.
const MOST_SPELLED: usize = 160;

/// What is worth a second look in the values of these changes.
pub(super) fn lookalike_notices<'c>(changes: impl Iterator<Item = &'c Change>) -> Vec<PlanNotice> {
    let mut notices = Vec::new();
    for change in changes {
        let mut tell = |attribute: Option<&str>, (code, detail)| {
            notices.push(lookalike_notice(&change.account, Some(&change.address), attribute, code, detail));
        };
        inspect_address(&change.address).into_iter().for_each(|found| tell(None, found));
        for attribute in &change.attributes {
            for side in [&attribute.before, &attribute.after] {
                if let ShownValue::Value(value) = side {
                    let found = inspect_value(&change.address.kind, &attribute.name, &value.json());
                    found.into_iter().for_each(|found| tell(Some(&attribute.name), found));
                }
            }
        }
    }
    notices
}

/// The same in everything that the services show, whether it changes, is managed or is not: one notice for each value of a
/// managed object, and one for each kind and type among the others.
pub(super) fn lookalike_notices_of_live(inputs: &Inputs<'_>, findings: &Matches<'_>, selection: &Selection) -> Vec<PlanNotice> {
    let mut notices = Vec::new();
    for (address, object) in inputs.desired.objects.iter().filter(|(address, _)| selection.includes(address)) {
        let found = inspect_address(address).into_iter();
        notices.extend(found.map(|(code, detail)| lookalike_notice(&object.account, Some(address), None, code, detail)));
    }
    let managed = LazyCell::new(|| inputs.ledger.addresses_by_identity());
    for (account, read) in &inputs.live.accounts {
        for (kind, objects) in &read.objects {
            let mut others: BTreeMap<NoticeCode, Vec<String>> = BTreeMap::new();
            for object in objects {
                let found = inspect_object(kind, object);
                if found.is_empty() {
                    continue;
                }
                let claimed = findings.claimed.get(&(account.as_str(), *kind, object.id.as_str())).copied();
                let address = claimed.or_else(|| managed.get(&(account.as_str(), *kind, object.id.as_str())).copied());
                if address.is_some_and(|address| !selection.includes(address)) {
                    continue;
                }
                for (name, (code, detail)) in found {
                    match address {
                        Some(address) => {
                            notices.push(lookalike_notice(account, Some(address), Some(&name), code, detail));
                        }
                        None if code == NoticeCode::HostReadsAs => {}
                        None => others.entry(code).or_default().push(format!("{name} {detail}")),
                    }
                }
            }
            for (code, found) in others {
                let detail = format!("{} of {kind}, not managed: {}", found.len(), list_first_few(&found));
                notices.push(lookalike_notice(account, None, None, code, detail));
            }
        }
        let numbers: BTreeSet<&str> = read
            .spellings
            .values()
            .chain(read.numbers.keys())
            .chain(read.connections.iter().flatten().map(|made| &made.number))
            .map(String::as_str)
            .collect();
        let odd: Vec<String> = numbers.into_iter().filter_map(|number| spell_out_odd_characters(number, true)).collect();
        if !odd.is_empty() {
            let detail = format!("phone numbers ({}): {}", odd.len(), list_first_few(&odd));
            notices.push(lookalike_notice(account, None, None, NoticeCode::OddCharacters, detail));
        }
    }
    notices
}

fn lookalike_notice(
    account: &str,
    address: Option<&Address>,
    attribute: Option<&str>,
    code: NoticeCode,
    detail: String,
) -> PlanNotice {
    let (address, attribute) = (address.cloned(), attribute.map(str::to_owned));
    PlanNotice { code, account: account.to_owned(), address, attribute, detail: Some(detail) }
}

/// What a reviewer may mistake for another name in an address.
fn inspect_address(address: &Address) -> Option<(NoticeCode, String)> {
    is_deceptive(&address.name, TextSort::Name).then(|| (NoticeCode::MixedScripts, spell_code_points(&address.name)))
}

/// What is worth a second look in an object as the service shows it, each with its attribute.
fn inspect_object(kind: &str, object: &LiveObject) -> Vec<(String, (NoticeCode, String))> {
    let mut all = Vec::new();
    let values = object.attributes.iter().chain(&object.masked);
    for (name, value) in values.filter(|(_, value)| !value.is_plain()) {
        let found = inspect_value(kind, name, &value.json()).into_iter();
        all.extend(found.map(|found| (name.to_string(), found)));
    }
    all
}

/// What is worth a second look in a value of an attribute.
fn inspect_value(kind: &str, attribute: &str, value: &Value) -> Vec<(NoticeCode, String)> {
    let mut texts = BTreeSet::new();
    collect_texts(value, &mut texts);
    if texts.is_empty() {
        return Vec::new();
    }
    let shapes = services::shapes_of_kind(kind);
    let written = shapes.iter().find_map(|kind| {
        let key = kind.id == attribute || kind.natural_key.contains(&attribute);
        kind.field(attribute).map(|field| if key || is_name(field) { TextSort::Name } else { TextSort::Words })
    });
    let code = shapes.iter().any(|kind| kind.id == attribute || kind.field(attribute).is_some_and(is_code));
    let mut all = Vec::new();
    for text in texts {
        let found = hosts_in_text(text);
        let mut plain = text.to_lowercase();
        for host in &found {
            let ascii = to_lookup_ascii(host);
            let read = host_as_read(&ascii);
            if *read != *host {
                all.push((NoticeCode::HostReadsAs, read));
            }
            let letters = host_in_letters(&ascii);
            if letters.split('.').any(|label| is_deceptive(label, TextSort::Name)) {
                all.push((NoticeCode::MixedScripts, spell_out(&letters)));
            }
            plain = plain.replace(host.as_str(), "");
        }
        let written = if text.contains("://") { TextSort::Words } else { written.unwrap_or(TextSort::Words) };
        if is_deceptive(&plain, written) {
            all.push((NoticeCode::MixedScripts, spell_out(text)));
        }
        all.extend(spell_out_odd_characters(text, code).map(|detail| (NoticeCode::OddCharacters, detail)));
    }
    all
}

/// A text with its code points that are invisible or not allowed in its attribute. Joiners and variation selectors are part of
/// scripts that people write.
fn spell_out_odd_characters(text: &str, code: bool) -> Option<String> {
    let joins = |char: char| matches!(char, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}');
    let is_odd = |char: &char| if code { !char.is_ascii() } else { is_invisible_char(*char) && !joins(*char) };
    let all: BTreeSet<char> = text.chars().filter(is_odd).collect();
    let points: Vec<String> = all.into_iter().map(|char| format!("U+{:04X}", u32::from(char))).collect();
    (!points.is_empty()).then(|| format!("{}, {}", spell_out(text), list_first_few(&points)))
}

/// A text spelled out; of a long one, the part around its first non-ASCII character.
fn spell_out(text: &str) -> String {
    const BEFORE: usize = 40;
    let first = text.chars().position(|char| !char.is_ascii()).unwrap_or_default();
    let skipped = if text.chars().nth(MOST_SPELLED).is_some() { first.saturating_sub(BEFORE) } else { 0 };
    let part: String = text.chars().skip(skipped).collect();
    let cut = if skipped > 0 { "…" } else { "" };
    format!("{cut}{}", shorten(&spell_code_points(&part)))
}

/// Whether the service accepts only ASCII there.
fn is_code(field: &Field) -> bool {
    matches!(field.grammar, TextGrammar::Code | TextGrammar::Login) || field.normaliser == Normaliser::Digits
}

/// Whether people compare the values of an attribute letter by letter.
fn is_name(field: &Field) -> bool {
    matches!(field.grammar, TextGrammar::Identifier | TextGrammar::Code | TextGrammar::Login | TextGrammar::Url)
        || matches!(field.normaliser, Normaliser::Mail | Normaliser::Mails)
}

fn collect_texts<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
    match value {
        Value::String(text) if !text.is_ascii() || text.contains("xn--") => _ = found.insert(text),
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, found)),
        Value::Object(map) => map.iter().for_each(|(key, item)| {
            if !key.is_ascii() {
                found.insert(key);
            }
            collect_texts(item, found);
        }),
        _ => {}
    }
}
