//! What a text is made of: templates that nobody filled in, identities, addresses in the web, countries, and words that are
//! nearly those that a service knows.

use super::{In, Loader, country, names, values};
use crate::kind::{Field, Grammar, Part, Type};
use crate::problem::{Problem, Span};
use crate::text::{unsecret, unseen};
use crate::yaml::{Data, Entry, Node, is_variable};

/// A template in a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Template<'a> {
    /// As it stands there.
    pub(super) text: &'a str,
    /// The variable that it names.
    pub(super) variable: Option<&'a str>,
}

/// How template languages enclose what they fill in.
const ENCLOSED: [(&str, &str); 7] =
    [("${", "}"), ("{{", "}}"), ("<%", "%>"), ("{%", "%}"), ("#{", "}"), ("%{", "}"), ("$(", ")")];

/// Words before the name of a variable, where the name is the rest of the text.
const SPELLED: [&str; 4] = ["env:", "env://", "$env:", "!env "];

/// The first template in a text.
pub(super) fn template(text: &str) -> Option<Template<'_>> {
    let enclosed = ENCLOSED.iter().filter_map(|(open, close)| {
        let (before, rest) = text.split_once(open)?;
        let (inner, _) = rest.split_once(close)?;
        let name = inner.trim().trim_start_matches(['=', '-', '.', '$']).trim();
        // `${1}` is what a pattern has found, and no name.
        name.starts_with(|char: char| char.is_alphabetic() || char == '_').then(|| {
            let (start, end) = (before.len(), before.len() + open.len() + inner.len() + close.len());
            (start, Template { text: &text[start..end], variable: is_variable(name).then_some(name) })
        })
    });
    if let Some((_, found)) = enclosed.min_by_key(|(start, _)| *start) {
        return Some(found);
    }
    let whole = text.trim();
    let named = |name: &str| is_variable(name);
    let after = |prefix: &&str| {
        whole
            .get(..prefix.len())
            .filter(|start| start.eq_ignore_ascii_case(prefix))
            .map(|_| &whole[prefix.len()..])
    };
    let spelled = SPELLED.iter().find_map(after).map(str::trim).filter(|name| named(name));
    let shell = || whole.strip_prefix('$').filter(|name| named(name));
    let windows = || whole.strip_prefix('%')?.strip_suffix('%').filter(|name| named(name));
    let name = spelled.or_else(shell).or_else(windows)?;
    Some(Template { text: whole, variable: Some(name) })
}

/// How well a text fits words that are known.
enum Fit<'a> {
    Known,
    Near(&'a str),
    Strange,
}

/// Most characters of another script that one message names.
const MOST_ODD: usize = 3;

/// Fewest letters of a word that can be a slip of another by its letters alone.
const TELLING: usize = 4;

fn fit<'a>(text: &str, known: &[&'a str]) -> Fit<'a> {
    if known.contains(&text) {
        return Fit::Known;
    }
    let plain = |text: &str| text.to_lowercase().replace(|char: char| !char.is_alphanumeric(), "");
    let near = known.iter().find(|word| plain(word) == plain(text)).copied().or_else(|| {
        (text.chars().count() >= TELLING).then(|| names::meant(text, known.iter().copied())).flatten()
    });
    near.map_or(Fit::Strange, Fit::Near)
}

impl Loader<'_> {
    /// Whether a text is one, and no template that nobody filled in.
    pub(super) fn rendered(&mut self, file: In<'_>, text: &str, at: Span, what: &dyn Fn() -> String) -> bool {
        let Some(found) = template(text) else { return true };
        let name = found.variable.unwrap_or("NAME");
        let shown = names::short(found.text);
        self.report(
            Problem::new(
                "telform::yaml::unrendered",
                format!("{} holds `{shown}`, which nothing has filled in", what()),
                &file.source,
                at,
            )
            .label("sent as it stands")
            .help(format!(
                "telform fills in no templates: write the value, or fill the file in before telform reads it\n\
                 a secret is named by its source: {{ env: {name} }}"
            )),
        );
        false
    }

    /// Checks a text against the grammar of its row. `false` after a problem.
    pub(super) fn grammar(&mut self, file: In<'_>, field: &Field, entry: &Entry, text: &str) -> bool {
        let blank = text.chars().any(char::is_whitespace);
        let hidden = text.chars().any(unseen);
        let found = match (blank, hidden) {
            (true, true) => "blanks and characters that cannot be seen",
            (true, false) => "a blank",
            _ => "a character that cannot be seen",
        };
        let name = &entry.key;
        let (code, what, help) = match field.grammar {
            Grammar::Identifier | Grammar::Code if blank || hidden => {
                let what = format!("`{name}` holds {found}, and no identity at a service does");
                ("telform::yaml::blank", what, None)
            }
            Grammar::Code if !text.is_ascii() => {
                let odd = text.chars().filter(|char| !char.is_ascii()).take(MOST_ODD);
                let odd: Vec<String> =
                    odd.map(|char| format!("`{char}` (U+{:04X})", u32::from(char))).collect();
                let what = format!("`{name}` holds {}, and is ASCII at the service", odd.join(", "));
                let help = "write it with the letters of the service; some of another script look the same";
                ("telform::yaml::ascii", what, Some(help.to_owned()))
            }
            Grammar::Url if blank || hidden => {
                let what = format!("`{name}` holds {found}, and no address in the web does");
                ("telform::yaml::url", what, None)
            }
            Grammar::Any if hidden && field.ty == Type::CatalogueEntry => {
                let what = format!("`{name}` holds a character that cannot be seen");
                ("telform::yaml::blank", what, None)
            }
            Grammar::Country if !country::is_alpha3(text) => {
                let what = format!(
                    "`{}` is not a country code: `{name}` takes the three capital letters of ISO 3166-1",
                    names::short(text)
                );
                let meant = country::meant(text).map(|code| format!("did you mean `{code}`?"));
                let help = meant.unwrap_or_else(|| "such as `USA`, `GBR` or `DEU`".to_owned());
                ("telform::yaml::country", what, Some(help))
            }
            _ => return true,
        };
        let seen: String = text.chars().filter(|char| !char.is_whitespace() && !unseen(*char)).collect();
        let help = help.unwrap_or_else(|| format!("did you mean {}?", crate::yaml::quoted(&unsecret(&seen))));
        let problem = Problem::new(code, what, &file.source, values::spot(entry));
        self.report(problem.label("here").help(help));
        false
    }

    /// A value that has words of its own: one that is nearly one of them is an error, any other a warning.
    pub(super) fn word(&mut self, file: In<'_>, what: &str, text: &str, known: &[&str], at: Span) -> bool {
        let list = names::listed(known);
        let shown = names::short(text);
        match fit(text, known) {
            Fit::Known => true,
            Fit::Near(meant) => {
                let problem =
                    Problem::new("telform::yaml::word", format!("`{shown}` is not {what}"), &file.source, at);
                self.report(problem.label("here").help(format!("did you mean `{meant}`?\nknown: {list}")));
                false
            }
            Fit::Strange => {
                self.report(
                    Problem::new(
                        "telform::yaml::unseen",
                        format!("`{shown}` has not been seen as {what}"),
                        &file.source,
                        at,
                    )
                    .label("is this right?")
                    .help(format!("known: {list}; it is sent as it stands"))
                    .warning(),
                );
                true
            }
        }
    }

    /// What stands inside a list or a map of which parts are known.
    pub(super) fn inside(&mut self, file: In<'_>, field: &Field, entry: &Entry) -> bool {
        if field.inside.is_empty() {
            return true;
        }
        let maps: Vec<&Node> = match &entry.value.data {
            Data::List(items) => items.iter().collect(),
            _ => vec![&entry.value],
        };
        let parts = maps.into_iter().flat_map(|node| node.map().unwrap_or_default());
        // Each is looked at, so that all problems are told at once.
        let mut good = true;
        for part in parts {
            good &= self.part(file, field, part);
        }
        good
    }

    fn part(&mut self, file: In<'_>, field: &Field, part: &Entry) -> bool {
        let Some(Part { words, name }) = field.inside.iter().find(|known| *known.name == *part.key) else {
            let known: Vec<&str> = field.inside.iter().map(|known| known.name).collect();
            return self.word(file, &format!("a key of `{}`", field.name), &part.key, &known, part.key_span);
        };
        if words.is_empty() || part.value.is_null() {
            return true;
        }
        let text = part.value.scalar().map_or(part.value.sort(), |scalar| &*scalar.text);
        self.word(file, &format!("a value of `{name}`"), text, words, values::spot(part))
    }
}

/// Whether the text of a secret's place is a template, and the variable that it names when naming it gives nothing away.
pub(super) fn secret_template(text: &str) -> Option<Option<&str>> {
    let found = template(text).filter(|found| found.text == text.trim())?;
    let plain = |name: &&str| name.bytes().all(|byte| !byte.is_ascii_lowercase());
    Some(found.variable.filter(plain))
}
