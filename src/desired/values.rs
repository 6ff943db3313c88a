//! From scalars without a type to values of the type that a table row or a setting asks for.

use super::{In, Loader, names, phone, secret};
use serde_json::Number;
use smol_str::SmolStr;

use crate::kind::{self, Access, Field, Grammar, Normaliser, Type};
use crate::problem::{Problem, Span};
use crate::resource::{SecretSource, SourcedValue, Wanted, WantedSecret};
use crate::text::{unsecret, unseen};
use crate::value::{Packed, hidden};
use crate::yaml::{Data, Entry, Node, Plain, Scalar, quoted};

/// Largest whole number that every JSON reader keeps.
const MAX_EXACT: u64 = 1 << 53;

impl Loader<'_> {
    /// Reads one attribute as its row says. A source of a secret comes back with it, for the caller to note.
    pub(super) fn attribute(
        &mut self,
        file: In<'_>,
        field: &Field,
        entry: &Entry,
        holder: &[&str],
    ) -> Option<Wanted> {
        if field.ty == Type::Secret {
            return self.source(file, entry, holder).map(wanted_secret);
        }
        if entry.value.is_null() {
            return self.null(file, field, entry).map(Wanted::Value);
        }
        let value = match field.ty {
            Type::Text => self.text(file, entry).map(Packed::Text),
            Type::CatalogueEntry => self.catalogue_entry(file, entry).map(Packed::Text),
            Type::Decimal => self.decimal(file, entry).map(Packed::Text),
            Type::Integer => self.whole(file, entry).map(|number| Packed::Number(number.into())),
            Type::Bool => self.boolean(file, entry).map(Packed::Bool),
            Type::List | Type::Map => self.nested(file, field, entry, holder),
            Type::Secret | Type::Numbers | Type::Opaque => None,
        }?;
        self.check(file, field, entry, &value).then_some(Wanted::Value(value))
    }

    /// Null clears, where something may be cleared.
    fn null(&mut self, file: In<'_>, field: &Field, entry: &Entry) -> Option<Packed> {
        let name = field.name;
        let why = if field.required {
            format!("`{name}` is required and cannot be cleared")
        } else if field.access != Access::Modifiable {
            format!("`{name}` can only be set when the object is made, so it cannot be cleared")
        } else {
            return Some(field.cleared());
        };
        let help = if field.required {
            format!("give `{name}` a value")
        } else {
            "leave the line out: what is not mentioned is left alone".to_owned()
        };
        let problem = Problem::new("telform::yaml::null", why, &file.source, spot(entry));
        self.report(problem.label("null").help(help));
        None
    }

    /// A text. Digits and other texts without quotes that some readers would change are refused.
    pub(super) fn text(&mut self, file: In<'_>, entry: &Entry) -> Option<SmolStr> {
        let Some(scalar) = entry.value.scalar().filter(|_| !entry.value.is_null()) else {
            self.wrong(file, entry, "a text");
            return None;
        };
        if !self.settled(file, scalar, entry.value.at, &|| format!("`{}`", names::short(&entry.key))) {
            return None;
        }
        Some(scalar.text.clone())
    }

    /// Whether every reader takes a scalar for the same text; if not, that is reported.
    pub(super) fn settled(
        &mut self,
        file: In<'_>,
        scalar: &Scalar,
        at: Span,
        what: &dyn Fn() -> String,
    ) -> bool {
        let text = &*scalar.text;
        if let Some(taken) = scalar.reading().taken_for() {
            let shown =
                if text.is_empty() { "nothing".to_owned() } else { format!("`{}`", names::short(text)) };
            self.report(
                Problem::new(
                    "telform::yaml::quote",
                    format!(
                        "{} is a text, but {shown} without quotes is {taken} to many readers of YAML",
                        what()
                    ),
                    &file.source,
                    at,
                )
                .label("put this in quotes")
                .help(format!("write {}", quoted(text))),
            );
            return false;
        }
        if text.chars().any(|char| char.is_control() && !matches!(char, '\n' | '\t')) {
            let message = format!("{} holds a control character", what());
            self.report(Problem::new("telform::yaml::control", message, &file.source, at).label("in here"));
            return false;
        }
        self.rendered(file, text, at, what)
    }

    fn catalogue_entry(&mut self, file: In<'_>, entry: &Entry) -> Option<SmolStr> {
        match entry.value.scalar() {
            // An id; it has only one spelling, so it needs no quotes.
            Some(scalar) if scalar.reading() == Plain::Integer && !scalar.text.starts_with('-') => {
                Some(scalar.text.clone())
            }
            _ => self.text(file, entry),
        }
    }

    fn decimal(&mut self, file: In<'_>, entry: &Entry) -> Option<SmolStr> {
        let text = entry.value.scalar().filter(|scalar| {
            !scalar.plain || matches!(scalar.reading(), Plain::Integer | Plain::Number | Plain::OddNumber)
        });
        let Some(scalar) = text.filter(|scalar| kind::decimal(&scalar.text).is_some()) else {
            self.wrong(file, entry, "a decimal number such as \"20\" or 4.50");
            return None;
        };
        if scalar.reading() == Plain::OddNumber {
            let what =
                format!("many readers of YAML change `{}` when it has no quotes", names::short(&scalar.text));
            self.report(
                Problem::new("telform::yaml::quote", what, &file.source, entry.value.at)
                    .label("put this in quotes")
                    .help(format!("write {}", quoted(&scalar.text))),
            );
            return None;
        }
        Some(scalar.text.trim().into())
    }

    /// A whole number from 0.
    pub(super) fn whole(&mut self, file: In<'_>, entry: &Entry) -> Option<u64> {
        let scalar = entry.value.scalar().filter(|scalar| scalar.reading() == Plain::Integer);
        let number = scalar.and_then(|scalar| scalar.text.parse().ok()).filter(|number| *number <= MAX_EXACT);
        if number.is_none() {
            self.wrong(file, entry, "a whole number, 0 or more, without quotes");
        }
        number
    }

    /// true or false, in these two spellings.
    pub(super) fn boolean(&mut self, file: In<'_>, entry: &Entry) -> Option<bool> {
        let value = entry.value.scalar().filter(|scalar| scalar.reading() == Plain::Bool);
        if value.is_none() {
            self.wrong(file, entry, "true or false, spelled so and without quotes");
        }
        value.map(|scalar| &*scalar.text == "true")
    }

    fn nested(&mut self, file: In<'_>, field: &Field, entry: &Entry, holder: &[&str]) -> Option<Packed> {
        let fits = match entry.value.data {
            Data::List(_) => field.ty == Type::List,
            Data::Map(_) => field.ty == Type::Map,
            Data::Scalar(_) => false,
        };
        if !fits {
            self.wrong(file, entry, if field.ty == Type::List { "a list" } else { "a map" });
            return None;
        }
        match entry.value.map().filter(|_| field.sourced) {
            Some(entries) => self.with_sources(file, field, entries, holder),
            None => self.free(file, &entry.value),
        }
    }

    /// A map whose values may come from secret sources.
    fn with_sources(
        &mut self,
        file: In<'_>,
        field: &Field,
        entries: &[Entry],
        holder: &[&str],
    ) -> Option<Packed> {
        let mut map = Vec::with_capacity(entries.len());
        for part in entries {
            let good = self.key(file, part);
            let value = if secret::is_source(&part.value) {
                self.source(file, part, &[holder, &[&*part.key]].concat()).map(|source| {
                    let mark = hidden::from_source(&source.to_string(), None);
                    let (attribute, place) = (field.name, file.source.place(part.key_span));
                    self.sourced.push(SourcedValue { attribute, part: part.key.clone(), source, place });
                    Packed::from(mark)
                })
            } else {
                self.free(file, &part.value)
            };
            if let (true, Some(value)) = (good, &value) {
                self.credential(file, part, value, holder);
                map.push((part.key.clone(), value.clone()));
            }
        }
        (map.len() == entries.len()).then(|| Packed::map(map))
    }

    /// A text that looks like a secret where a source could stand.
    fn credential(&mut self, file: In<'_>, part: &Entry, value: &Packed, holder: &[&str]) {
        let mut looks = false;
        hidden::texts(value, &mut |text| looks |= hidden::looks_secret(text) || hidden::holds_login(text));
        if !looks {
            return;
        }
        let variable = super::accounts::variable(&[holder, &[&*part.key]].concat());
        let key = names::short(&part.key);
        self.report(
            Problem::new(
                "telform::yaml::credential",
                format!("`{key}` looks like a credential, and everybody who reads this file can use it"),
                &file.source,
                part.key_span,
            )
            .label("its value is hidden in every output")
            .help(format!("name where it comes from instead: {key}: {{ env: {variable} }}"))
            .warning(),
        );
    }

    /// A value without a table row. Texts, numbers, true, false and null are what they look like to every reader; what
    /// readers disagree about needs quotes.
    pub(super) fn free(&mut self, file: In<'_>, node: &Node) -> Option<Packed> {
        match &node.data {
            Data::List(items) => {
                let values: Vec<Option<Packed>> = items.iter().map(|item| self.free(file, item)).collect();
                values.into_iter().collect::<Option<_>>().map(Packed::List)
            }
            Data::Map(entries) => {
                let mut map = Vec::with_capacity(entries.len());
                let mut good = true;
                for entry in entries.iter() {
                    good &= self.key(file, entry);
                    match self.free(file, &entry.value) {
                        Some(value) => map.push((entry.key.clone(), value)),
                        None => good = false,
                    }
                }
                good.then(|| Packed::map(map))
            }
            Data::Scalar(scalar) => match scalar.reading() {
                Plain::Null => Some(Packed::Null),
                Plain::Bool => Some(Packed::Bool(&*scalar.text == "true")),
                Plain::Integer | Plain::Number => {
                    let number = exact(&scalar.text);
                    if number.is_none() {
                        self.report(
                            Problem::new(
                                "telform::yaml::quote",
                                "this number has too many digits to be kept as a number",
                                &file.source,
                                node.at,
                            )
                            .label("put this in quotes")
                            .help(format!("write {}", quoted(&scalar.text))),
                        );
                    }
                    number
                }
                _ => self
                    .settled(file, scalar, node.at, &|| "this value".to_owned())
                    .then(|| Packed::Text(scalar.text.clone())),
            },
        }
    }

    /// A key that some readers would change.
    pub(super) fn key(&mut self, file: In<'_>, entry: &Entry) -> bool {
        let scalar = Scalar { text: entry.key.clone(), plain: entry.key_plain };
        self.settled(file, &scalar, entry.key_span, &|| "a key".to_owned())
    }

    /// What the row asks of the value beyond its type.
    fn check(&mut self, file: In<'_>, field: &Field, entry: &Entry, value: &Packed) -> bool {
        let name = field.name;
        let problem = |code, what: String| Problem::new(code, what, &file.source, entry.value.at);
        let text = value.as_str().unwrap_or_default();
        let empty = value.as_str().is_some_and(|text| text.trim().is_empty());
        if empty && field.required {
            let what = format!("`{name}` is required and must not be empty");
            self.report(problem("telform::yaml::empty_value", what).label("empty"));
            return false;
        }
        let fault = match field.normaliser {
            _ if empty => None,
            Normaliser::Mail if !is_mail(text) => Some(mail_fault(name, text)),
            Normaliser::Mails => {
                text.split(',').map(str::trim).find(|part| !is_mail(part)).map(|part| mail_fault(name, part))
            }
            Normaliser::Digits if !text.bytes().all(|byte| byte.is_ascii_digit()) => {
                let what = format!("`{name}` takes digits only");
                let (label, help) = match phone::read(text) {
                    Ok(phone) => ("here", format!("write {}", quoted(&phone.digits))),
                    Err(instead) => (instead.label, format!("{}, in quotes", instead.help)),
                };
                self.report(problem("telform::yaml::digits", what).label(label).help(help));
                return false;
            }
            _ => None,
        };
        if let Some((code, what, help)) = fault {
            self.report(problem(code, what).label("here").help(help));
            return false;
        }
        if !empty && value.as_str().is_some() && !self.grammar(file, field, entry, text) {
            return false;
        }
        if !field.seen.is_empty()
            && !empty
            && !self.word(file, &format!("a value of `{name}`"), text, field.seen, entry.value.at)
        {
            return false;
        }
        if field.grammar == Grammar::Url && field.ty == Type::Map {
            self.urls(file, entry);
        }
        self.inside(file, field, entry)
    }

    /// Values of a map that must be absolute addresses in the web (carrierx.md 8.1).
    fn urls(&mut self, file: In<'_>, entry: &Entry) {
        for part in entry.value.map().unwrap_or_default() {
            if secret::is_source(&part.value) {
                continue;
            }
            let good = part.value.scalar().is_some_and(|scalar| {
                scalar.text.is_empty()
                    || url::Url::parse(&scalar.text)
                        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
            });
            let gaps = |char: char| char.is_whitespace() || unseen(char);
            if let Some(scalar) = part.value.scalar().filter(|scalar| scalar.text.contains(gaps)) {
                let what = format!(
                    "`{}` of `{}` holds a blank or a character that cannot be seen",
                    names::short(&part.key),
                    entry.key
                );
                let bare = scalar.text.replace(gaps, "");
                self.report(
                    Problem::new("telform::yaml::url", what, &file.source, part.value.at)
                        .label("not an address")
                        .help(format!(
                            "did you mean {}? a blank inside an address is written %20",
                            quoted(&unsecret(&bare))
                        )),
                );
            } else if !good && !part.value.is_null() {
                let what = format!(
                    "`{}` of `{}` is no absolute http or https URL",
                    names::short(&part.key),
                    entry.key
                );
                self.report(
                    Problem::new("telform::yaml::url", what, &file.source, part.value.at)
                        .label("not an address")
                        .help("write an absolute URL such as https://hooks.example/sms"),
                );
            }
        }
    }

    /// The value is of another sort than it should be.
    pub(super) fn wrong(&mut self, file: In<'_>, entry: &Entry, wanted: &str) {
        let what = format!("`{}` must be {wanted}", names::short(&entry.key));
        let found = match &entry.value.data {
            Data::Scalar(scalar) if scalar.text.is_empty() && scalar.plain => "nothing".to_owned(),
            _ => entry.value.sort().to_owned(),
        };
        self.report(
            Problem::new("telform::yaml::wrong_type", what, &file.source, spot(entry))
                .label(format!("this is {found}")),
        );
    }
}

/// The value, or its key when the value was left out.
pub(super) fn spot(entry: &Entry) -> Span {
    if entry.value.at.start() == entry.value.at.end() { entry.key_span } else { entry.value.at }
}

pub(super) fn wanted_secret(source: SecretSource) -> Wanted {
    Wanted::Secret(Box::new(WantedSecret { source, fingerprint: None }))
}

/// The number, when a JSON reader keeps every digit of it.
fn exact(text: &str) -> Option<Packed> {
    if !text.contains('.') {
        let number = text.parse::<i64>().ok().filter(|number| number.unsigned_abs() <= MAX_EXACT)?;
        return Some(Packed::Number(number.into()));
    }
    let number: f64 = text.parse().ok()?;
    (kind::decimal(&number.to_string()) == kind::decimal(text))
        .then(|| Number::from_f64(number).map(Packed::Number))
        .flatten()
}

fn is_mail(text: &str) -> bool {
    let mut parts = text.split('@');
    let (Some(local), Some(domain), None) = (parts.next(), parts.next(), parts.next()) else { return false };
    !local.is_empty()
        && !domain.is_empty()
        && !text.contains(|char: char| char.is_whitespace() || char == ',')
}

fn mail_fault(name: &str, part: &str) -> (&'static str, String, String) {
    let what = format!("`{}` in `{name}` is no mail address", names::short(part));
    (
        "telform::yaml::mail",
        what,
        "a mail address has one `@` with text on both sides, and no spaces".to_owned(),
    )
}
