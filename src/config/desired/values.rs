//! From untyped scalars to values of the type that a table row or a setting requires.

use super::{ConfigLoader, FileRef, phone, secret, suggestions};
use smol_str::SmolStr;

use crate::config::problem::{Problem, Span};
use crate::config::yaml::{MapEntry, NodeData, PlainScalar, Scalar, ScalarStyle, YamlNode, double_quote};
use crate::model::kind::{self, AttributeAccess, AttributeType, Field, Kind, Normaliser, TextGrammar};
use crate::model::resource::{DesiredValue, SourcedValue};
use crate::model::value::{CompactValue, hidden};
use crate::text::{is_invisible_char, masked_for_display};

impl ConfigLoader<'_> {
    /// Reads one attribute as its row says. The source of a secret is returned with it, for the caller to record.
    pub(super) fn read_attribute(
        &mut self,
        file: FileRef<'_>,
        field: &Field,
        entry: &MapEntry,
        holder: &[&str],
    ) -> Option<DesiredValue> {
        if field.ty == AttributeType::Secret {
            return self.source(file, entry, holder).map(secret::wanted_secret);
        }
        let value = match field.ty {
            AttributeType::Text => self.text_of(file, field, entry).map(CompactValue::Text),
            AttributeType::CatalogueEntry | AttributeType::Reference(_) => self.text_or_id(file, entry).map(CompactValue::Text),
            AttributeType::Decimal => self.read_decimal(file, entry).map(CompactValue::Text),
            AttributeType::Integer => self.read_whole_number(file, entry).map(|number| CompactValue::Number(number.into())),
            AttributeType::Number => self.read_number(file, entry),
            AttributeType::Bool => self.read_boolean(file, entry).map(CompactValue::Bool),
            AttributeType::List | AttributeType::Map => self.read_nested(file, field, entry, holder),
            AttributeType::Secret | AttributeType::Numbers | AttributeType::ServedBy | AttributeType::Opaque => None,
        }?;
        self.check_value(file, field, entry, &value).then_some(DesiredValue::Value(value))
    }

    /// Null clears the value, where it may be cleared.
    pub(super) fn read_null(
        &mut self,
        file: FileRef<'_>,
        rows: &[&'static Kind],
        field: &Field,
        entry: &MapEntry,
    ) -> Option<DesiredValue> {
        let name = field.name;
        let why = if field.required {
            format!("`{name}` is required and cannot be cleared")
        } else if field.access != AttributeAccess::Modifiable {
            format!("`{name}` can only be set when the object is made, so it cannot be cleared")
        } else if rows.iter().any(|kind| kind.can_clear(field)) {
            return Some(DesiredValue::Value(field.cleared_value()));
        } else {
            format!("the service documents no null for `{name}`")
        };
        let help = if field.required {
            format!("give `{name}` a value")
        } else if field.access == AttributeAccess::Modifiable && field.ty == AttributeType::Text {
            "write \"\" to empty it, or leave the line out: what is not mentioned is left alone".to_owned()
        } else {
            "leave the line out: what is not mentioned is left alone".to_owned()
        };
        let problem = Problem::new("telform::yaml::null", why, &file.source, value_span(entry));
        self.report_problem(problem.label("null").help(help));
        None
    }

    /// A text. Digits and other unquoted texts that some readers would change are refused.
    pub(super) fn text(&mut self, file: FileRef<'_>, entry: &MapEntry) -> Option<SmolStr> {
        let Some(scalar) = entry.value.as_scalar().filter(|_| !entry.value.is_null()) else {
            self.report_wrong_type(file, entry, "a text");
            return None;
        };
        if !self.check_unambiguous(file, scalar, entry.value.used_at, &|| format!("`{}`", suggestions::shorten_name(&entry.key)))
        {
            return None;
        }
        Some(scalar.text.clone())
    }

    /// Whether every reader reads a scalar as the same text; if not, that is reported.
    pub(super) fn check_unambiguous(&mut self, file: FileRef<'_>, scalar: &Scalar, at: Span, what: &dyn Fn() -> String) -> bool {
        let text = &*scalar.text;
        if let Some(taken) = scalar.classify_scalar().taken_for() {
            let shown = if text.is_empty() { "nothing".to_owned() } else { format!("`{}`", suggestions::shorten_name(text)) };
            self.report_problem(
                Problem::new(
                    "telform::yaml::quote",
                    format!("{} is text, but many YAML parsers read {shown} without quotes as {taken}", what()),
                    &file.source,
                    at,
                )
                .label("put this in quotes")
                .help(format!("write {}", double_quote(text))),
            );
            return false;
        }
        if text.chars().any(|char| char.is_control() && !matches!(char, '\n' | '\t')) {
            let message = format!("{} contains a control character", what());
            self.report_problem(Problem::new("telform::yaml::control", message, &file.source, at).label("in here"));
            return false;
        }
        scalar.style == ScalarStyle::Escaped || self.refuse_template(file, text, at, what)
    }

    /// A text, or the id of something.
    fn text_or_id(&mut self, file: FileRef<'_>, entry: &MapEntry) -> Option<SmolStr> {
        match entry.value.as_scalar() {
            // An id; it has only one spelling, so it needs no quotes.
            Some(scalar) if scalar.classify_scalar() == PlainScalar::Integer && !scalar.text.starts_with('-') => {
                Some(scalar.text.clone())
            }
            _ => self.text(file, entry),
        }
    }

    fn read_decimal(&mut self, file: FileRef<'_>, entry: &MapEntry) -> Option<SmolStr> {
        let text = entry.value.as_scalar().filter(|scalar| {
            scalar.style != ScalarStyle::Plain
                || matches!(scalar.classify_scalar(), PlainScalar::Integer | PlainScalar::Number | PlainScalar::OddNumber)
        });
        let Some(scalar) = text.filter(|it| !it.text.contains(['e', 'E']) && kind::canonical_decimal(&it.text).is_some()) else {
            self.report_wrong_type(file, entry, "a decimal number such as \"20\" or 4.50");
            return None;
        };
        if scalar.classify_scalar() == PlainScalar::OddNumber {
            let what = format!("many YAML parsers change `{}` when it has no quotes", suggestions::shorten_name(&scalar.text));
            self.report_problem(
                Problem::new("telform::yaml::quote", what, &file.source, entry.value.used_at)
                    .label("put this in quotes")
                    .help(format!("write {}", double_quote(&scalar.text))),
            );
            return None;
        }
        Some(scalar.text.trim().into())
    }

    /// A decimal number that is sent as a JSON number.
    fn read_number(&mut self, file: FileRef<'_>, entry: &MapEntry) -> Option<CompactValue> {
        let text = self.read_decimal(file, entry)?;
        let number = kind::canonical_decimal(&text).and_then(|text| kind::exact_number(&text));
        if number.is_none() {
            self.report_wrong_type(file, entry, "a number of at most 15 digits, which JSON keeps exactly");
        }
        number.map(CompactValue::Number)
    }

    /// A whole number from 0.
    pub(super) fn read_whole_number(&mut self, file: FileRef<'_>, entry: &MapEntry) -> Option<u64> {
        let scalar = entry.value.as_scalar().filter(|scalar| scalar.classify_value() == PlainScalar::Integer);
        let number = scalar.and_then(|scalar| scalar.text.parse().ok()).filter(|number| *number <= kind::MOST_EXACT);
        if number.is_none() {
            self.report_wrong_type(file, entry, "a whole number, 0 or more, without quotes");
        }
        number
    }

    /// true or false, in these two spellings.
    pub(super) fn read_boolean(&mut self, file: FileRef<'_>, entry: &MapEntry) -> Option<bool> {
        let value = entry.value.as_scalar().filter(|scalar| scalar.classify_value() == PlainScalar::Bool);
        if value.is_none() {
            self.report_wrong_type(file, entry, "true or false, without quotes");
        }
        value.map(|scalar| scalar.text.eq_ignore_ascii_case("true"))
    }

    fn read_nested(&mut self, file: FileRef<'_>, field: &Field, entry: &MapEntry, holder: &[&str]) -> Option<CompactValue> {
        let fits = match entry.value.data {
            NodeData::List(_) => field.ty == AttributeType::List,
            NodeData::Map(_) => field.ty == AttributeType::Map,
            NodeData::Scalar(_) => false,
        };
        if !fits {
            self.report_wrong_type(file, entry, if field.ty == AttributeType::List { "a list" } else { "a map" });
            return None;
        }
        match (entry.value.as_map().filter(|_| field.allows_secret_sources), entry.value.as_list()) {
            (Some(entries), _) => self.with_sources(file, field, entries, holder),
            (None, Some(items)) if field.holds_texts => {
                let texts: Vec<_> = items.iter().map(|item| self.read_text_element(file, field, item)).collect();
                texts.into_iter().collect::<Option<_>>().map(CompactValue::List)
            }
            _ => self.read_untyped(file, &entry.value),
        }
    }

    /// One text of a list of texts.
    fn read_text_element(&mut self, file: FileRef<'_>, field: &Field, item: &YamlNode) -> Option<CompactValue> {
        let (key, key_style, key_span) = (SmolStr::new_static(field.name), ScalarStyle::Plain, item.used_at);
        let element = MapEntry { key, key_style, key_span, value: item.clone() };
        self.text(file, &element).map(CompactValue::Text)
    }

    /// A map whose values may come from secret sources.
    fn with_sources(&mut self, file: FileRef<'_>, field: &Field, entries: &[MapEntry], holder: &[&str]) -> Option<CompactValue> {
        let mut map = Vec::with_capacity(entries.len());
        for part in entries {
            let good = self.check_key(file, part);
            let value = if secret::is_source(&part.value) {
                self.source(file, part, &[holder, &[&*part.key]].concat()).map(|source| {
                    let mark = hidden::from_source(&source.to_string(), None);
                    let (attribute, place) = (field.name, file.source.location_of(part.key_span));
                    self.sourced.push(SourcedValue { attribute, part: part.key.clone(), source, location: place });
                    CompactValue::from(mark)
                })
            } else {
                self.read_untyped(file, &part.value)
            };
            if let (true, Some(value)) = (good, &value) {
                self.warn_credential(file, part, value, holder);
                map.push((part.key.clone(), value.clone()));
            }
        }
        (map.len() == entries.len()).then(|| CompactValue::from_entries(map))
    }

    /// A text that looks like a secret where a source is allowed.
    fn warn_credential(&mut self, file: FileRef<'_>, part: &MapEntry, value: &CompactValue, holder: &[&str]) {
        let mut looks = false;
        hidden::for_each_text(value, &mut |text| looks |= hidden::looks_secret(text) || hidden::holds_login(text));
        if !looks {
            return;
        }
        let variable = super::accounts::variable_name(&[holder, &[&*part.key]].concat());
        let key = suggestions::shorten_name(&part.key);
        self.report_problem(
            Problem::new(
                "telform::yaml::credential",
                format!("`{key}` looks like a credential, and anyone who can read this file can use it"),
                &file.source,
                part.key_span,
            )
            .label("its value is hidden in every output")
            .help(format!("name its source instead: {key}: {{ env: {variable} }}"))
            .warning(),
        );
    }

    /// A value without a table row. Texts, numbers, true, false and null are what they are to every reader; texts that
    /// readers disagree about need quotes.
    pub(super) fn read_untyped(&mut self, file: FileRef<'_>, node: &YamlNode) -> Option<CompactValue> {
        match &node.data {
            NodeData::List(items) => {
                let values: Vec<Option<CompactValue>> = items.iter().map(|item| self.read_untyped(file, item)).collect();
                values.into_iter().collect::<Option<_>>().map(CompactValue::List)
            }
            NodeData::Map(entries) => {
                let mut map = Vec::with_capacity(entries.len());
                let mut good = true;
                for entry in entries.iter() {
                    good &= self.check_key(file, entry);
                    match self.read_untyped(file, &entry.value) {
                        Some(value) => map.push((entry.key.clone(), value)),
                        None => good = false,
                    }
                }
                good.then(|| CompactValue::from_entries(map))
            }
            NodeData::Scalar(scalar) => match scalar.classify_scalar() {
                PlainScalar::Null => Some(CompactValue::Null),
                PlainScalar::Bool => Some(CompactValue::Bool(&*scalar.text == "true")),
                PlainScalar::Integer | PlainScalar::Number => {
                    let number = kind::exact_number(&scalar.text).map(CompactValue::Number);
                    if number.is_none() {
                        let what = "this number has too many digits to be kept as a number";
                        self.report_problem(
                            Problem::new("telform::yaml::quote", what, &file.source, node.used_at)
                                .label("put this in quotes")
                                .help(format!("write {}", double_quote(&scalar.text))),
                        );
                    }
                    number
                }
                _ => self
                    .check_unambiguous(file, scalar, node.used_at, &|| "this value".to_owned())
                    .then(|| CompactValue::Text(scalar.text.clone())),
            },
        }
    }

    /// A key that some readers would change.
    pub(super) fn check_key(&mut self, file: FileRef<'_>, entry: &MapEntry) -> bool {
        let scalar = Scalar { text: entry.key.clone(), style: entry.key_style };
        self.check_unambiguous(file, &scalar, entry.key_span, &|| "a key".to_owned())
    }

    /// Checks what the row requires of the value beyond its type.
    fn check_value(&mut self, file: FileRef<'_>, field: &Field, entry: &MapEntry, value: &CompactValue) -> bool {
        let name = field.name;
        let problem = |code, what: String| Problem::new(code, what, &file.source, entry.value.used_at);
        let text = value.as_str().unwrap_or_default();
        let empty = value.as_str().is_some_and(|text| text.trim().is_empty());
        if empty && field.required {
            let what = format!("`{name}` is required and must not be empty");
            self.report_problem(problem("telform::yaml::empty_value", what).label("empty"));
            return false;
        }
        let fault = match field.normaliser {
            _ if empty => None,
            Normaliser::Mail if !is_mail(text) => Some(mail_fault(name, text)),
            Normaliser::Mails => text.split(',').map(str::trim).find(|part| !is_mail(part)).map(|part| mail_fault(name, part)),
            Normaliser::Digits if !text.bytes().all(|byte| byte.is_ascii_digit()) => {
                let what = format!("`{name}` takes digits only");
                let (label, help) = match phone::parse_phone(text) {
                    Ok(phone) => ("here", format!("write {}", double_quote(&phone.digits))),
                    Err(instead) => {
                        let quotes = if file.source.is_in_table(entry.value.used_at) { "" } else { ", in quotes" };
                        (instead.label, format!("{}{quotes}", instead.help))
                    }
                };
                self.report_problem(problem("telform::yaml::digits", what).label(label).help(help));
                return false;
            }
            _ => None,
        };
        if let Some((code, what, help)) = fault {
            self.report_problem(problem(code, what).label("here").help(help));
            return false;
        }
        let number = || entry.value.as_scalar().filter(|_| field.ty == AttributeType::Integer)?.text.parse::<u64>().ok();
        let outside = match (field.bounds, number()) {
            (Some((least, most)), Some(number)) if number < least || number > most => {
                Some(format!("is {number}, and the service takes {least} to {most}"))
            }
            _ => value.as_str().filter(|_| !empty).and_then(|text| field.length_fault(text)),
        };
        if let Some(outside) = outside {
            self.report_problem(problem("telform::yaml::bounds", format!("`{name}` {outside}")).label("here"));
            return false;
        }
        if !empty && value.as_str().is_some() && !self.check_grammar(file, field, entry, text) {
            return false;
        }
        let lists_all = field.ty != AttributeType::CatalogueEntry;
        if !lists_all && !empty {
            self.warn_of_near_word(file, name, text, field.known_values, entry.value.used_at);
        }
        if !field.known_values.is_empty()
            && lists_all
            && !empty
            && !self.check_known_word(file, &format!("a value of `{name}`"), text, field.known_values, entry.value.used_at)
        {
            return false;
        }
        if field.grammar == TextGrammar::Url && field.ty == AttributeType::Map {
            self.check_urls(file, entry);
        }
        self.check_nested_keys(file, field, entry)
    }

    /// Values of a map that must be absolute web addresses (carrierx.md 8.1).
    fn check_urls(&mut self, file: FileRef<'_>, entry: &MapEntry) {
        for part in entry.value.as_map().unwrap_or_default() {
            if secret::is_source(&part.value) {
                continue;
            }
            let good = part.value.as_scalar().is_some_and(|scalar| {
                scalar.text.is_empty()
                    || url::Url::parse(&scalar.text)
                        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
            });
            let gaps = |char: char| char.is_whitespace() || is_invisible_char(char);
            if let Some(scalar) = part.value.as_scalar().filter(|scalar| scalar.text.contains(gaps)) {
                let what = format!(
                    "`{}` of `{}` contains a space or an invisible character",
                    suggestions::shorten_name(&part.key),
                    entry.key
                );
                let bare = scalar.text.replace(gaps, "");
                self.report_problem(
                    Problem::new("telform::yaml::url", what, &file.source, part.value.used_at).label("not an address").help(
                        format!(
                            "did you mean {}? write a space inside an address as %20",
                            double_quote(&masked_for_display(&bare))
                        ),
                    ),
                );
            } else if !good && !part.value.is_null() {
                let what =
                    format!("`{}` of `{}` is not an absolute http or https URL", suggestions::shorten_name(&part.key), entry.key);
                self.report_problem(
                    Problem::new("telform::yaml::url", what, &file.source, part.value.used_at)
                        .label("not an address")
                        .help("write an absolute URL such as https://hooks.example/sms"),
                );
            }
        }
    }

    /// The value has the wrong type.
    pub(super) fn report_wrong_type(&mut self, file: FileRef<'_>, entry: &MapEntry, wanted: &str) {
        let what = format!("`{}` must be {wanted}", suggestions::shorten_name(&entry.key));
        let found = match &entry.value.data {
            NodeData::Scalar(scalar) if scalar.text.is_empty() && scalar.style == ScalarStyle::Plain => "nothing".to_owned(),
            NodeData::Scalar(scalar) if scalar.classify_scalar() == PlainScalar::Integer && scalar.text.starts_with('-') => {
                "less than 0".to_owned()
            }
            _ => entry.value.type_name().to_owned(),
        };
        self.report_problem(
            Problem::new("telform::yaml::wrong_type", what, &file.source, value_span(entry)).label(format!("this is {found}")),
        );
    }
}

/// The value, or its key when the value was left out.
pub(super) fn value_span(entry: &MapEntry) -> Span {
    if entry.value.used_at.start() == entry.value.used_at.end() { entry.key_span } else { entry.value.used_at }
}

fn is_mail(text: &str) -> bool {
    let mut parts = text.split('@');
    let (Some(local), Some(domain), None) = (parts.next(), parts.next(), parts.next()) else { return false };
    !local.is_empty() && !domain.is_empty() && !text.contains(|char: char| char.is_whitespace() || char == ',')
}

fn mail_fault(name: &str, part: &str) -> (&'static str, String, String) {
    let what = format!("`{}` in `{name}` is not a mail address", suggestions::shorten_name(part));
    ("telform::yaml::mail", what, "a mail address has one `@` with text on both sides, and no spaces".to_owned())
}
