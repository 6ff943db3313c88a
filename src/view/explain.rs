//! An explanation for people: labelled lines, from the YAML to the request.

use super::text::{Detail, wrap};
use super::value::cut;
use super::{BAD, CARE, FAINT, GOOD, STRONG, paint};
use crate::explain::{Attribute, Because, Explanation, Says, Verdict};
use crate::ledger::Origin;
use crate::plan::{Found, Shown};
use crate::text::{apart, clean};
use crate::value::{Value, spaced};

/// Column in which the text behind a label begins.
const INDENT: usize = 12;

/// The explanation as text.
pub fn explanation(explained: &Explanation, detail: Detail) -> String {
    let mut page = Page { out: String::new(), columns: detail.columns };
    match (&explained.attribute, explained.attributes.as_slice()) {
        (Some(name), [attribute]) => page.attribute(explained, name, attribute),
        _ => page.object(explained),
    }
    page.out
}

struct Page {
    out: String,
    columns: usize,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    /// `  Label     text`, broken into lines that stand below each other.
    fn row(&mut self, label: &str, text: &str) {
        let room = self.columns.saturating_sub(INDENT).max(30);
        for (index, part) in wrap(&clean(text), room).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            let head = paint(FAINT, format!("{label:width$}", width = INDENT - 2));
            self.line(&format!("  {head}{part}"));
        }
    }

    fn title(&mut self, subject: &str, word: &str) {
        self.line(&format!("{}: {word}", paint(STRONG, clean(subject))));
        self.line("");
    }

    fn object(&mut self, it: &Explanation) {
        self.title(&it.address.to_string(), it.verdict.word());
        self.row("YAML", &in_yaml(it));
        self.row("Live", &live(it));
        self.row("Ledger", &ledger(it));
        let mut rule = it.verdict.rule().to_owned();
        if let Some(reason) = &it.reason {
            rule = format!("{rule}: {reason}");
        }
        self.row("Rule", &rule);
        self.refused(it);
        for notice in it.notices.iter().filter(|notice| notice.attribute.is_none()) {
            let detail = notice.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
            self.row("Notice", &format!("{}{detail}", notice.code.text()));
        }
        if it.verdict == Verdict::Unmanaged {
            let id = it.found.id().unwrap_or_default();
            self.row("Way on", &format!("`telform adopt {} {id}` takes it under management", it.address));
        }
        self.attributes(it);
        self.requests(it);
    }

    fn attributes(&mut self, it: &Explanation) {
        let (mentioned, rest): (Vec<&Attribute>, Vec<&Attribute>) =
            it.attributes.iter().partition(|attribute| attribute.wanted.is_some());
        if mentioned.is_empty() {
            return;
        }
        self.line("");
        self.line(&paint(STRONG, "Attributes"));
        let width = mentioned.iter().map(|attribute| attribute.name.len()).max().unwrap_or(0);
        for attribute in mentioned {
            let (sign, style) = match attribute.because {
                Because::Created => ("+", GOOD),
                Because::Differs | Because::SecretChanged | Because::SecretDiffers | Because::Replaced => {
                    ("~", CARE)
                }
                Because::Refused | Because::Undecided => ("!", BAD),
                Because::InSync | Because::SecretUnchanged => ("=", FAINT),
                _ => ("i", FAINT),
            };
            let carried = match attribute.steps.as_slice() {
                [] => String::new(),
                steps => format!(", {}", steps.join(" ")),
            };
            let place =
                attribute.place.as_ref().map(|place| format!("  {}", clean(place))).unwrap_or_default();
            let word = format!("{}{carried}", attribute.because.word());
            self.line(&format!(
                "  {} {:width$}  {word}{}",
                paint(style, sign),
                attribute.name,
                paint(FAINT, place)
            ));
        }
        let rest = rest.iter().filter(|attribute| attribute.because == Because::NotMentioned);
        let rest: Vec<&str> = rest.map(|attribute| attribute.name).collect();
        if !rest.is_empty() {
            let text = format!("not in the YAML and left alone: {}", rest.join(", "));
            for (index, part) in wrap(&text, self.columns.saturating_sub(4).max(30)).into_iter().enumerate() {
                let head = if index == 0 { "." } else { " " };
                self.line(&paint(FAINT, format!("  {head} {part}")));
            }
        }
        self.line("");
        let one = it.attributes.first().map(|attribute| attribute.name).unwrap_or_default();
        self.line(&paint(FAINT, "More about one of them, with the same options:"));
        self.line(&paint(FAINT, format!("  telform explain {}.{one}", it.address)));
    }

    fn attribute(&mut self, it: &Explanation, name: &str, attribute: &Attribute) {
        self.title(&format!("{}.{name}", it.address), attribute.because.word());
        let value = |value: Option<&Value>| value.map(spaced).unwrap_or_default();
        let said = match &attribute.wanted {
            Some(Says::Value(value)) => Some(value),
            _ => None,
        };
        let seen = match &attribute.live {
            Shown::Value(value) => Some(value),
            _ => None,
        };
        let (wanted, observed) = apart(value(said), value(seen));
        let says = match (&attribute.wanted, &attribute.place) {
            (None, _) => format!("not mentioned; the object is {}", in_yaml(it)),
            (Some(says), place) => {
                let what = match says {
                    Says::Value(_) => cut(wanted),
                    Says::Secret(source) => format!("a secret from {source}"),
                };
                place.as_ref().map_or(what.clone(), |place| format!("{what}, at {place}"))
            }
        };
        self.row("YAML", &says);
        let table = &attribute.table;
        let mut facts = vec![table.ty, table.access, table.compared];
        facts.extend(table.update);
        self.row("Attribute", &facts.join("; "));
        self.row("", table.doc);
        let shown = match &attribute.live {
            Shown::Absent => "not shown".to_owned(),
            Shown::Value(_) => cut(observed),
            Shown::Secret(word) => word.text().to_owned(),
        };
        self.row("Live", &format!("{shown}; {}", live(it)));
        let facts = attribute.ledger.join("; ");
        self.row("Ledger", &if facts.is_empty() { ledger(it) } else { format!("{}; {facts}", ledger(it)) });
        // What refuses it follows with its own words.
        let detail = attribute.detail.as_ref().filter(|_| it.refusals.is_empty());
        let detail = detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
        self.row("Rule", &format!("{}{detail}", attribute.because.rule()));
        self.refused(it);
        self.requests(it);
    }

    fn refused(&mut self, it: &Explanation) {
        for refusal in &it.refusals {
            self.row("Refused", &format!("{}: {}", refusal.code.word(), refusal.detail));
            self.row("", &format!("help: {}", refusal.help()));
        }
        if it.other_refusals > 0 && !it.requests.is_empty() {
            let them = if it.other_refusals == 1 {
                "1 refusal".to_owned()
            } else {
                format!("{} refusals", it.other_refusals)
            };
            self.row("But", &format!("the plan has {them} about something else, so it is not applied; `telform plan` shows them"));
        }
    }

    fn requests(&mut self, it: &Explanation) {
        if it.requests.is_empty() {
            return;
        }
        self.line("");
        self.line(&paint(STRONG, "Requests"));
        for request in &it.requests {
            let number = request.number.as_ref().map(|number| format!(" {number}")).unwrap_or_default();
            let head = clean(&format!("  {:>4} {:9}  {}{number}", request.id, request.phase, request.method));
            let path = clean(&request.path);
            if head.len() + 1 + path.len() <= self.columns {
                self.line(&format!("{head} {path}"));
            } else {
                self.line(&head);
                self.line(&format!("       {path}"));
            }
            let waits = match request.waits_for.as_slice() {
                [] => "waits for nothing".to_owned(),
                steps => format!("after {}", steps.join(", ")),
            };
            for part in
                wrap(&clean(&format!("{}; {waits}", request.why)), self.columns.saturating_sub(7).max(30))
            {
                self.line(&paint(FAINT, format!("       {part}")));
            }
        }
    }
}

fn in_yaml(it: &Explanation) -> String {
    let Some(written) = &it.yaml else { return "not there".to_owned() };
    let account = it.account.as_ref().map(|account| format!(", account {account}")).unwrap_or_default();
    let protected = if written.prevent_delete { ", protected by prevent_delete" } else { "" };
    match (written.as_what, &written.reason) {
        ("declared", _) => format!("declared at {}{account}{protected}", written.place),
        (_, Some(reason)) => format!("under `removed` at {}: {reason}", written.place),
        (_, None) => format!("under `removed` at {}", written.place),
    }
}

fn live(it: &Explanation) -> String {
    let account = it.account.as_deref().unwrap_or("no account");
    let key = it.natural_key.join(" + ");
    match &it.found {
        Found::NaturalKey(id) if it.verdict == Verdict::Unmanaged => format!("{} {id} in {account}", it.kind),
        Found::Pinned(id) => format!("{} {id} in {account}, pinned by `id:`", it.kind),
        Found::Ledger(id) => format!("{} {id} in {account}, found by its id in the ledger", it.kind),
        Found::NaturalKey(id) => format!("{} {id} in {account}, found by its natural key ({key})", it.kind),
        Found::Nothing => format!("no {} in {account} has its id or its natural key ({key})", it.kind),
        Found::Hidden => format!("{account} does not show it until somebody confirms it"),
        Found::Stuck => format!("which {} of {account} it is could not be settled", it.kind),
        Found::NotLookedFor if it.verdict == Verdict::AlreadyGone => "no live object fits it".to_owned(),
        Found::NotLookedFor => "not looked at".to_owned(),
    }
}

fn ledger(it: &Explanation) -> String {
    let Some(known) = &it.ledger else { return "not there".to_owned() };
    let origin = match known.origin {
        Origin::Created => "created by telform",
        Origin::Adopted => "adopted",
    };
    let protected = if known.prevent_delete { ", protected by prevent_delete" } else { "" };
    let hidden = known.hidden_since.as_ref().map(|since| format!(", waiting to be confirmed since {since}"));
    format!("{} {}, {origin} {}{protected}{}", it.kind, known.id, known.since, hidden.unwrap_or_default())
}
