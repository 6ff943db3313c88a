//! Formats of texts: templates that were not filled in, identities, web addresses, countries, and near misses of words that
//! a service knows.

use smol_str::SmolStr;

use super::{ConfigLoader, FileRef, country, suggestions, values};
use crate::config::problem::{Problem, Span};
use crate::config::yaml::{MapEntry, NodeData, PlainScalar, YamlNode, is_variable};
use crate::model::kind::{AttributeType, Field, Part, TextGrammar, canonical_time};
use crate::text::{is_e164, is_invisible_char, masked_for_display};

/// A template in a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TemplateVariable<'a> {
    /// Verbatim.
    pub(super) text: &'a str,
    /// The variable that it names.
    pub(super) variable: Option<&'a str>,
}

/// The delimiters of placeholders in template languages.
const ENCLOSED: [(&str, &str); 7] =
    [("${", "}"), ("{{", "}}"), ("<%", "%>"), ("{%", "%}"), ("#{", "}"), ("%{", "}"), ("$(", ")")];

/// Words before the name of a variable that takes up the rest of the text.
const SPELLED: [&str; 4] = ["env:", "env://", "$env:", "!env "];

/// The first template in a text.
pub(super) fn first_template(text: &str) -> Option<TemplateVariable<'_>> {
    if !text.bytes().any(|byte| matches!(byte, b'$' | b'{' | b'%' | b':' | b'!')) {
        return None;
    }
    let enclosed = ENCLOSED.iter().filter_map(|(open, close)| {
        let (before, rest) = text.split_once(open)?;
        let (inner, _) = rest.split_once(close)?;
        let name = inner.trim().trim_start_matches(['=', '-', '.', '$']).trim();
        // `${1}` is a match of a pattern, not a name.
        name.starts_with(|char: char| char.is_alphabetic() || char == '_').then(|| {
            let (start, end) = (before.len(), before.len() + open.len() + inner.len() + close.len());
            (start, TemplateVariable { text: &text[start..end], variable: is_variable(name).then_some(name) })
        })
    });
    if let Some((_, found)) = enclosed.min_by_key(|(start, _)| *start) {
        return Some(found);
    }
    let whole = text.trim();
    let named = |name: &str| is_variable(name);
    let after = |prefix: &&str| {
        whole.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix)).map(|_| &whole[prefix.len()..])
    };
    let spelled = SPELLED.iter().find_map(after).map(str::trim).filter(|name| named(name));
    let shell = || whole.strip_prefix('$').filter(|name| named(name));
    let windows = || whole.strip_prefix('%')?.strip_suffix('%').filter(|name| named(name));
    let name = spelled.or_else(shell).or_else(windows)?;
    Some(TemplateVariable { text: whole, variable: Some(name) })
}

/// How well a text fits words that are known.
enum WordMatch<'a> {
    Known,
    Near(&'a str),
    Strange,
}

/// Most characters of another script that one message names.
const MOST_ODD: usize = 3;

/// Fewest letters of a word that can count as a misspelling of another by its letters alone.
const TELLING: usize = 4;

/// Most letters in which a misspelled name of a catalogue differs: the catalogue may have names that are not known here.
const MOST_EDITS: usize = 2;

fn match_word<'a>(text: &str, known: &[&'a str]) -> WordMatch<'a> {
    if known.contains(&text) {
        return WordMatch::Known;
    }
    let plain = |text: &str| text.to_lowercase().replace(|char: char| !char.is_alphanumeric(), "");
    let near =
        known.iter().find(|word| plain(word) == plain(text)).copied().or_else(|| {
            (text.chars().count() >= TELLING).then(|| suggestions::closest_name(text, known.iter().copied())).flatten()
        });
    near.map_or(WordMatch::Strange, WordMatch::Near)
}

/// Whether a text is ASCII letters and digits, with a letter among the first five.
fn is_login(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric()) && text.bytes().take(5).any(|byte| byte.is_ascii_alphabetic())
}

impl ConfigLoader<'_> {
    /// The text of an attribute. For digits that are a phone number, the advice is a number that the next run takes.
    pub(super) fn text_of(&mut self, file: FileRef<'_>, field: &Field, entry: &MapEntry) -> Option<SmolStr> {
        let bare = entry.value.as_scalar().filter(|scalar| scalar.classify_scalar() == PlainScalar::Integer);
        let Some(scalar) = bare.filter(|_| field.grammar == TextGrammar::PhoneNumber) else {
            return self.text(file, entry);
        };
        let (name, text) = (field.name, suggestions::shorten_name(&scalar.text));
        // The whole of it, where its first digits are a country code; nothing tells a national number from that.
        let whole = format!("+{}", scalar.text.trim_start_matches('+'));
        let help = match is_e164(&whole) {
            true => format!("with the country code first: {}", crate::config::yaml::double_quote(&whole)),
            false => "write `+`, the country code and the number, in quotes".to_owned(),
        };
        self.report_problem(
            Problem::new(
                "telform::yaml::quote",
                format!("`{name}` is a text in E.164 form, and `{text}` without quotes is a number"),
                &file.source,
                entry.value.used_at,
            )
            .label("put this in quotes, with a plus sign")
            .help(help),
        );
        None
    }

    /// Whether a value is a text, and not a template that was not filled in.
    pub(super) fn refuse_template(&mut self, file: FileRef<'_>, text: &str, at: Span, what: &dyn Fn() -> String) -> bool {
        let Some(found) = first_template(text) else { return true };
        let name = found.variable.unwrap_or("NAME");
        let shown = suggestions::shorten_name(found.text);
        self.report_problem(
            Problem::new(
                "telform::yaml::unrendered",
                format!("{} contains `{shown}`, which is not filled in", what()),
                &file.source,
                at,
            )
            .label("sent as written")
            .help(format!(
                "telform fills in ${{column}} where an entry has `for_each`, and no other template\n\
                 write the value, or fill the file in before telform reads it\n\
                 name the source of a secret: {{ env: {name} }}"
            )),
        );
        false
    }

    /// Checks a text against the format in its row. `false` after a problem.
    pub(super) fn check_grammar(&mut self, file: FileRef<'_>, field: &Field, entry: &MapEntry, text: &str) -> bool {
        let blank = text.chars().any(char::is_whitespace);
        let hidden = text.chars().any(is_invisible_char);
        let found = match (blank, hidden) {
            (true, true) => "spaces and invisible characters",
            (true, false) => "a blank",
            _ => "an invisible character",
        };
        let name = &entry.key;
        let (code, what, help) = match field.grammar {
            TextGrammar::Identifier | TextGrammar::Code if blank || hidden => {
                let what = format!("`{name}` contains {found}, which an id at a service cannot contain");
                ("telform::yaml::blank", what, None)
            }
            TextGrammar::Code if !text.is_ascii() => {
                let odd = text.chars().filter(|char| !char.is_ascii()).take(MOST_ODD);
                let odd: Vec<String> = odd.map(|char| format!("`{char}` (U+{:04X})", u32::from(char))).collect();
                let what = format!("`{name}` contains {}, but is ASCII at the service", odd.join(", "));
                let help = "write it with the letters of the service; some of another script look the same";
                ("telform::yaml::ascii", what, Some(help.to_owned()))
            }
            TextGrammar::Url if blank || hidden => {
                let what = format!("`{name}` contains {found}, which a web address cannot contain");
                ("telform::yaml::url", what, None)
            }
            TextGrammar::IpAddress if text.parse::<std::net::IpAddr>().is_err() => {
                let what = format!("`{}` is not an IP address", suggestions::shorten_name(text));
                ("telform::yaml::ip_address", what, Some("such as 198.51.100.7: four numbers of 0 to 255".to_owned()))
            }
            TextGrammar::Any if hidden && field.ty == AttributeType::CatalogueEntry => {
                let what = format!("`{name}` holds an invisible character");
                ("telform::yaml::blank", what, None)
            }
            TextGrammar::PhoneNumber if !is_e164(text) || !text.starts_with('+') => {
                let what = format!("`{}` is not a phone number: `{name}` takes E.164", suggestions::shorten_name(text));
                let help = "write it with plus sign and country code, such as \"+14155550101\"";
                ("telform::yaml::number", what, Some(help.to_owned()))
            }
            TextGrammar::Time if canonical_time(text).is_none() => {
                let what = format!("`{}` is not a time of day in UTC", suggestions::shorten_name(text));
                ("telform::yaml::time", what, Some("such as \"08:00\": hours and minutes, in quotes".to_owned()))
            }
            TextGrammar::Login if !is_login(text) => {
                let what = format!("`{name}` takes ASCII letters and digits only, with a letter among the first five");
                ("telform::yaml::login", what, Some("such as `desk2026`".to_owned()))
            }
            TextGrammar::Country if !country::is_alpha3(text) => {
                let what = format!(
                    "`{}` is not a country code: `{name}` takes the three capital letters of ISO 3166-1",
                    suggestions::shorten_name(text)
                );
                let meant = country::guess_country_code(text).map(|code| format!("did you mean `{code}`?"));
                let help = meant.unwrap_or_else(|| "such as `USA`, `GBR` or `DEU`".to_owned());
                ("telform::yaml::country", what, Some(help))
            }
            _ => return true,
        };
        let seen: String = text.chars().filter(|char| !char.is_whitespace() && !is_invisible_char(*char)).collect();
        let help =
            help.unwrap_or_else(|| format!("did you mean {}?", crate::config::yaml::double_quote(&masked_for_display(&seen))));
        let problem = Problem::new(code, what, &file.source, values::value_span(entry));
        self.report_problem(problem.label("here").help(help));
        false
    }

    /// A value with known words: a near miss is an error, any other value a warning.
    pub(super) fn check_known_word(&mut self, file: FileRef<'_>, what: &str, text: &str, known: &[&str], at: Span) -> bool {
        let list = suggestions::join_names(known);
        let shown = suggestions::shorten_name(text);
        match match_word(text, known) {
            WordMatch::Known => true,
            WordMatch::Near(meant) => {
                let problem = Problem::new("telform::yaml::word", format!("`{shown}` is not {what}"), &file.source, at);
                self.report_problem(problem.label("here").help(format!("did you mean `{meant}`?\nknown: {list}")));
                false
            }
            WordMatch::Strange => {
                self.report_problem(
                    Problem::new("telform::yaml::unseen", format!("`{shown}` is not known as {what}"), &file.source, at)
                        .label("is this right?")
                        .help(format!("known: {list}; it is sent as written"))
                        .warning(),
                );
                true
            }
        }
    }

    /// A name of the service's catalogue, which only the service knows: a near miss of one that has been seen is a warning.
    pub(super) fn warn_of_near_word(&mut self, file: FileRef<'_>, name: &str, text: &str, seen: &[&str], at: Span) {
        let WordMatch::Near(meant) = match_word(text, seen) else { return };
        // The catalogue is read without regard to case.
        let (written, known) = (text.to_lowercase(), meant.to_lowercase());
        if written == known || strsim::damerau_levenshtein(&written, &known) > MOST_EDITS {
            return;
        }
        let what = format!("`{}` is not known as a value of `{name}`", suggestions::shorten_name(text));
        let problem = Problem::new("telform::yaml::unseen", what, &file.source, at).label("is this right?");
        self.report_problem(problem.help(format!("did you mean `{meant}`? it is sent as written")).warning());
    }

    /// Checks the content of a list or a map of which parts are known.
    pub(super) fn check_nested_keys(&mut self, file: FileRef<'_>, field: &Field, entry: &MapEntry) -> bool {
        if field.nested_keys.is_empty() {
            return true;
        }
        let maps: Vec<&YamlNode> = match &entry.value.data {
            NodeData::List(items) => items.iter().collect(),
            _ => vec![&entry.value],
        };
        let parts = maps.into_iter().flat_map(|node| node.as_map().unwrap_or_default());
        // Each is checked, so that all problems are reported at once.
        let mut good = true;
        for part in parts {
            good &= self.check_nested_key(file, field, part);
        }
        good
    }

    fn check_nested_key(&mut self, file: FileRef<'_>, field: &Field, part: &MapEntry) -> bool {
        let Some(Part { known_values: words, name, .. }) = field.nested_keys.iter().find(|known| *known.name == *part.key) else {
            let known: Vec<&str> = field.nested_keys.iter().map(|known| known.name).collect();
            return self.check_known_word(file, &format!("a key of `{}`", field.name), &part.key, &known, part.key_span);
        };
        if words.is_empty() || part.value.is_null() {
            return true;
        }
        let text = part.value.as_scalar().map_or(part.value.type_name(), |scalar| &*scalar.text);
        self.check_known_word(file, &format!("a value of `{name}`"), text, words, values::value_span(part))
    }
}

/// Whether the text in place of a secret is a template, and the variable that it names when naming it reveals nothing.
pub(super) fn secret_template(text: &str) -> Option<Option<&str>> {
    let found = first_template(text).filter(|found| found.text == text.trim())?;
    let plain = |name: &&str| name.bytes().all(|byte| !byte.is_ascii_lowercase());
    Some(found.variable.filter(plain))
}
