//! An explanation for people: labelled lines, from the YAML to the request.

use super::text::{TextDetail, wrap_text};
use super::value::cut_middle;
use super::{BAD, CARE, FAINT, GOOD, STRONG, paint, wording};
use crate::analysis::explain::{AttributeReason, ExplainedAttribute, Explanation, ObjectDecision, YamlValue};
use crate::model::ledger::ObjectOrigin;
use crate::model::value::{Value, to_spaced_json};
use crate::plan::{MatchedBy, NoticeCode, PlanNotice, Prerequisite, ShownValue};
use crate::services;
use crate::text::{distinguish_pair, escape, shell_quote};

/// Column in which the text after a label begins.
const INDENT: usize = 12;

/// The explanation as text.
pub fn render_explanation(explained: &Explanation, detail: TextDetail) -> String {
    let mut page = ExplanationText { out: String::new(), columns: detail.columns };
    match (&explained.attribute, explained.attributes.as_slice()) {
        (Some(name), [attribute]) => page.push_attribute(explained, name, attribute),
        _ => page.push_object(explained),
    }
    page.out
}

struct ExplanationText {
    out: String,
    columns: usize,
}

impl ExplanationText {
    fn push_line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    /// `  Label     text`, wrapped into aligned lines.
    fn push_row(&mut self, label: &str, text: &str) {
        let room = self.columns.saturating_sub(INDENT).max(30);
        for (index, part) in wrap_text(&escape(text), room).into_iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            let head = paint(FAINT, format!("{label:width$}", width = INDENT - 2));
            self.push_line(&format!("  {head}{part}"));
        }
    }

    fn push_title(&mut self, subject: &str, word: &str) {
        self.push_line(&format!("{}: {word}", paint(STRONG, escape(subject))));
        self.push_line("");
    }

    fn push_object(&mut self, it: &Explanation) {
        self.push_title(&it.address.to_string(), it.verdict.describe());
        self.push_row("YAML", &describe_yaml(it));
        self.push_row("Live", &describe_live(it));
        self.push_row("Ledger", &describe_ledger(it));
        let mut rule = released_rule(it).unwrap_or(it.verdict.deciding_rule()).to_owned();
        if let Some(reason) = &it.reason {
            rule = format!("{rule}: {reason}");
        }
        self.push_row("Rule", &rule);
        self.push_refusals(it);
        self.push_notices(it, |notice| notice.attribute.is_none());
        if it.verdict == ObjectDecision::Unmanaged {
            let id = it.found.id().unwrap_or_default();
            self.push_row("Next", &format!("`telform adopt {} {id}` starts to manage it", it.address));
        }
        self.push_attributes(it);
        self.push_requests(it);
    }

    fn push_attributes(&mut self, it: &Explanation) {
        let (mentioned, rest): (Vec<&ExplainedAttribute>, Vec<&ExplainedAttribute>) =
            it.attributes.iter().partition(|attribute| attribute.wanted.is_some());
        if mentioned.is_empty() {
            return;
        }
        self.push_line("");
        self.push_line(&paint(STRONG, "Attributes"));
        let width = mentioned.iter().map(|attribute| attribute.name.len()).max().unwrap_or(0);
        for attribute in mentioned {
            let (sign, style) = match attribute.because {
                AttributeReason::Created => ("+", GOOD),
                AttributeReason::Differs
                | AttributeReason::SecretChanged
                | AttributeReason::SecretDiffers
                | AttributeReason::Replaced => ("~", CARE),
                AttributeReason::Refused | AttributeReason::Undecided => ("!", BAD),
                AttributeReason::InSync | AttributeReason::SecretUnchanged => ("=", FAINT),
                _ => ("i", FAINT),
            };
            let carried = match attribute.steps.as_slice() {
                [] => String::new(),
                steps => format!(", {}", steps.join(" ")),
            };
            let place = attribute.place.as_ref().map(|place| format!("  {}", escape(place))).unwrap_or_default();
            let word = format!("{}{carried}", attribute.because.describe());
            self.push_line(&format!("  {} {:width$}  {word}{}", paint(style, sign), attribute.name, paint(FAINT, place)));
        }
        let rest = rest.iter().filter(|attribute| attribute.because == AttributeReason::NotMentioned);
        let rest: Vec<&str> = rest.map(|attribute| attribute.name).collect();
        if !rest.is_empty() {
            let text = format!("not in the YAML and left alone: {}", rest.join(", "));
            for (index, part) in wrap_text(&text, self.columns.saturating_sub(4).max(30)).into_iter().enumerate() {
                let head = if index == 0 { "." } else { " " };
                self.push_line(&paint(FAINT, format!("  {head} {part}")));
            }
        }
        self.push_line("");
        let one = it.attributes.first().map(|attribute| attribute.name).unwrap_or_default();
        let more = escape(&shell_quote(&format!("{}.{one}", it.address)));
        let text = format!("More about one of them: `telform explain {more}`");
        for (index, part) in wrap_text(&text, self.columns.saturating_sub(2).max(30)).into_iter().enumerate() {
            // Not painted: a command that ends in the next line is found where it is printed.
            self.push_line(&format!("{}{part}", if index == 0 { "" } else { "  " }));
        }
    }

    fn push_attribute(&mut self, it: &Explanation, name: &str, attribute: &ExplainedAttribute) {
        self.push_title(&format!("{}.{name}", it.address), attribute.because.describe());
        let value = |value: Option<&Value>| value.map(to_spaced_json).unwrap_or_default();
        let said = match &attribute.wanted {
            Some(YamlValue::Value(value)) => Some(value),
            _ => None,
        };
        let seen = match &attribute.live {
            ShownValue::Value(value) => Some(value.json()),
            _ => None,
        };
        let (wanted, observed) = distinguish_pair(value(said), value(seen.as_ref()));
        let says = match (&attribute.wanted, &attribute.place) {
            (None, _) => format!("not mentioned; the object is {}", describe_yaml(it)),
            (Some(says), place) => {
                let what = match says {
                    YamlValue::Value(_) => cut_middle(wanted),
                    YamlValue::Secret(source) => format!("a secret from {source}"),
                };
                place.as_ref().map_or(what.clone(), |place| format!("{what}, at {place}"))
            }
        };
        self.push_row("YAML", &says);
        let table = &attribute.table;
        let mut facts = vec![table.ty, table.access, table.compared];
        facts.extend(table.update);
        self.push_row("Attribute", &facts.join("; "));
        self.push_row("", table.doc);
        let shown = match &attribute.live {
            ShownValue::Absent => "not shown".to_owned(),
            ShownValue::Value(_) => cut_middle(observed),
            ShownValue::Secret(word) => word.placeholder().to_owned(),
        };
        self.push_row("Live", &format!("{shown}; {}", describe_live(it)));
        let facts = attribute.ledger.join("; ");
        self.push_row(
            "Ledger",
            &if facts.is_empty() { describe_ledger(it) } else { format!("{}; {facts}", describe_ledger(it)) },
        );
        // The refusal follows with its own message.
        let detail = attribute.detail.as_ref().filter(|_| it.refusals.is_empty());
        let detail = detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
        self.push_row("Rule", &format!("{}{detail}", attribute.because.deciding_rule()));
        self.push_refusals(it);
        let about_numbers = [NoticeCode::RecordedOnly, NoticeCode::DoesNotRing, NoticeCode::StaysDark, NoticeCode::NotListed];
        self.push_notices(it, |notice| about_numbers.contains(&notice.code));
        self.push_requests(it);
    }

    fn push_notices(&mut self, it: &Explanation, is_shown: impl Fn(&PlanNotice) -> bool) {
        for notice in it.notices.iter().filter(|notice| is_shown(notice)) {
            let detail = notice.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
            self.push_row("Notice", &format!("{}{detail}", notice.describe()));
        }
    }

    fn push_refusals(&mut self, it: &Explanation) {
        for refusal in &it.refusals {
            self.push_row("Refused", &format!("{}: {}", refusal.code.as_str(), refusal.detail));
            self.push_row("", &format!("help: {}", refusal.help()));
        }
        // A number that is connected despite the refusals has a notice that says so.
        let goes_on = it.notices.iter().any(|notice| notice.code == NoticeCode::GoesOn);
        if it.other_refusals > 0 && !it.requests.is_empty() && !goes_on {
            let (more, shows) = match it.other_refusals {
                1 => ("1 refusal".to_owned(), "shows it"),
                many => (format!("{many} refusals"), "shows them"),
            };
            let more = if it.refusals.is_empty() { more } else { more.replacen(' ', " more ", 1) };
            self.push_row("But", &format!("the plan has {more}, so it is not applied; `telform plan` {shows}"));
        }
    }

    fn push_requests(&mut self, it: &Explanation) {
        if it.requests.is_empty() {
            return;
        }
        self.push_line("");
        self.push_line(&paint(STRONG, "Requests"));
        for request in &it.requests {
            let number = request.number.as_ref().map(|number| format!(" {number}")).unwrap_or_default();
            let head = escape(&format!("  {:>4} {:9}  {}{number}", request.id, request.phase, request.method));
            let path = escape(&request.path);
            if head.len() + 1 + path.len() <= self.columns {
                self.push_line(&format!("{head} {path}"));
            } else {
                self.push_line(&head);
                self.push_line(&format!("       {path}"));
            }
            let waits = match request.waits_for.as_slice() {
                [] => "waits for nothing".to_owned(),
                needed => {
                    let word = |it: &String| match Prerequisite::try_from(it.clone()) {
                        Ok(Prerequisite::Phase(phase)) => wording::whole_phase(phase).to_owned(),
                        _ => it.clone(),
                    };
                    format!("after {}", needed.iter().map(word).collect::<Vec<_>>().join(", "))
                }
            };
            for part in wrap_text(&escape(&format!("{}; {waits}", request.why)), self.columns.saturating_sub(7).max(30)) {
                self.push_line(&paint(FAINT, format!("       {part}")));
            }
        }
    }
}

/// Why an object is released that no entry under `removed` keeps.
fn released_rule(it: &Explanation) -> Option<&'static str> {
    let kept = it.yaml.as_ref().is_some_and(|written| written.as_what == "released");
    if it.verdict != ObjectDecision::Released || kept {
        return None;
    }
    let never_deleted = services::shapes_of_kind(&it.address.kind).iter().any(|kind| kind.adopted_only);
    Some(match never_deleted {
        true => "telform never deletes one of this kind: the next apply forgets it and leaves the object",
        false => "another entry names the object: the next apply forgets this address",
    })
}

fn describe_yaml(it: &Explanation) -> String {
    let Some(written) = &it.yaml else { return "not there".to_owned() };
    let account = it.account.as_ref().map(|account| format!(", account {account}")).unwrap_or_default();
    let protected = if written.prevent_delete { ", protected by prevent_delete" } else { "" };
    match (written.as_what, &written.reason) {
        ("declared", _) => format!("declared at {}{account}{protected}", written.place),
        ("existing", _) => format!("under `existing` at {}{account}", written.place),
        (_, Some(reason)) => format!("under `removed` at {}: {reason}", written.place),
        (_, None) => format!("under `removed` at {}", written.place),
    }
}

fn describe_live(it: &Explanation) -> String {
    let account = it.account.as_deref().unwrap_or("no account");
    let key = it.natural_key.join(" + ");
    match &it.found {
        MatchedBy::Nothing if services::link_entry(&it.address.kind).is_some() => {
            format!("nothing that was read in {account} serves it")
        }
        MatchedBy::NaturalKey(id) if it.verdict == ObjectDecision::FreeNumber => {
            format!("{} {id} in {account}, on nothing that was read", it.kind)
        }
        MatchedBy::NaturalKey(id) if matches!(it.verdict, ObjectDecision::Unmanaged | ObjectDecision::Inherited) => {
            format!("{} {id} in {account}", it.kind)
        }
        MatchedBy::Pinned(id) => format!("{} {id} in {account}, pinned by `id:`", it.kind),
        MatchedBy::Ledger(id) => format!("{} {id} in {account}, found by its id in the ledger", it.kind),
        MatchedBy::NaturalKey(id) => {
            format!("{} {id} in {account}, found by its natural key ({key})", it.kind)
        }
        MatchedBy::Nothing => format!("no {} in {account} has its id or its natural key ({key})", it.kind),
        MatchedBy::Hidden => format!("{account} does not show it until it is confirmed"),
        MatchedBy::Stuck => format!("it is not known which {} of {account} it is", it.kind),
        MatchedBy::NotLookedFor if it.verdict == ObjectDecision::AlreadyGone => "no live object matches it".to_owned(),
        MatchedBy::NotLookedFor => "not read".to_owned(),
    }
}

fn describe_ledger(it: &Explanation) -> String {
    let Some(known) = &it.ledger else { return "no record of it".to_owned() };
    let origin = match known.origin {
        ObjectOrigin::Created if services::link_entry(&it.address.kind).is_some() => "connected by telform at",
        ObjectOrigin::Created => "created by telform at",
        ObjectOrigin::Adopted => "managed since",
    };
    let protected = if known.prevent_delete { ", protected by prevent_delete" } else { "" };
    let hidden = known.hidden_since.as_ref().map(|since| format!(", waiting to be confirmed since {since}"));
    format!("{} {}, {origin} {}{protected}{}", it.kind, known.id, known.since, hidden.unwrap_or_default())
}
