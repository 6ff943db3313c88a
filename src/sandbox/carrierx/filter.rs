//! `filter` and `order` of a list (`api/carrierx.md`, sections 3 and 3.1).

use std::cmp::Ordering;

use serde_json::Value;

use super::{RequestRefusal, refuse};

/// One comparison; a filter is several of them joined by `and`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FilterTerm {
    path: Vec<String>,
    operator: FilterOperator,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FilterOperator {
    Eq,
    Gt,
    Ge,
    Lt,
    Like,
}

/// Reads a filter; everything outside the documented subset is 400 (section 3.1).
pub(super) fn parse_filter(text: &str) -> Result<Vec<FilterTerm>, RequestRefusal> {
    let bad = |why: &str| refuse(400, "filter", why);
    let words = tokenize_filter(text)?;
    let mut tests = Vec::new();
    for part in words.split(|word| *word == FilterToken::Bare("and".to_owned())) {
        let [FilterToken::Bare(field), FilterToken::Bare(operator), value] = part else {
            return bad("<field> <operator> <value> is expected");
        };
        let operator = match operator.as_str() {
            "eq" => FilterOperator::Eq,
            "gt" => FilterOperator::Gt,
            "ge" => FilterOperator::Ge,
            "lt" => FilterOperator::Lt,
            "like" => FilterOperator::Like,
            other => return bad(&format!("unknown operator {other}")),
        };
        let (FilterToken::Bare(value) | FilterToken::Quoted(value)) = value.clone();
        tests.push(FilterTerm { path: field.split('.').map(str::to_owned).collect(), operator, value });
    }
    Ok(tests)
}

#[derive(Debug, Clone, PartialEq)]
enum FilterToken {
    Bare(String),
    Quoted(String),
}

fn tokenize_filter(text: &str) -> Result<Vec<FilterToken>, RequestRefusal> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = if matches!(first, '"' | '\'') {
            match rest[1..].split_once(first) {
                Some((inside, after)) => (FilterToken::Quoted(inside.to_owned()), after),
                None => return refuse(400, "filter", "a quote is not closed"),
            }
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            (FilterToken::Bare(rest[..end].to_owned()), &rest[end..])
        };
        words.push(word);
        rest = after.trim_start();
    }
    Ok(words)
}

impl FilterTerm {
    /// Whether an object with these values is meant.
    pub(super) fn matches(&self, value: impl Fn(&str) -> Value) -> bool {
        let Some((field, deeper)) = self.path.split_first() else { return false };
        let top = value(field);
        let Some(found) = deeper.iter().try_fold(&top, |value, key| value.get(key)) else { return false };
        let text = match found {
            Value::Null => return self.operator == FilterOperator::Eq && self.value == "null",
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match self.operator {
            FilterOperator::Eq => text == self.value,
            FilterOperator::Gt => compare(&text, &self.value) == Ordering::Greater,
            FilterOperator::Ge => compare(&text, &self.value) != Ordering::Less,
            FilterOperator::Lt => compare(&text, &self.value) == Ordering::Less,
            FilterOperator::Like => like(&self.value, &text),
        }
    }
}

/// As numbers when both are numbers, else as texts.
fn compare(a: &str, b: &str) -> Ordering {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.total_cmp(&b),
        _ => a.cmp(b),
    }
}

/// `%` is any run of characters.
fn like(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('%') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('%').unwrap_or(("", rest));
    for part in middle.split('%') {
        match left.find(part) {
            Some(place) => left = &left[place + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}

/// Reads `order`: `<field> asc`, `<field> desc`, `<field>`, or `shuffle`.
pub(super) fn order(text: &str) -> Result<ListingOrder, RequestRefusal> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        [] => Ok(ListingOrder::Created),
        ["shuffle"] => Ok(ListingOrder::Shuffle),
        [field] | [field, "asc"] => Ok(ListingOrder::By { field: (*field).to_owned(), descending: false }),
        [field, "desc"] => Ok(ListingOrder::By { field: (*field).to_owned(), descending: true }),
        _ => refuse(400, "order", "<field> asc, <field> desc or shuffle is expected"),
    }
}

/// The order of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ListingOrder {
    /// As they were made.
    Created,
    /// Shuffled, but in the same way every time.
    Shuffle,
    /// By one field.
    By { field: String, descending: bool },
}
