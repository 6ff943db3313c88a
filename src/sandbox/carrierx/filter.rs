//! `filter` and `order` of a list (`api/carrierx.md`, sections 3 and 3.1).

use std::cmp::Ordering;

use serde_json::Value;

use super::super::world::Partner;
use super::{Refusal, refuse, shape};

/// One comparison; a filter is several of them joined by `and`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Test {
    path: Vec<String>,
    operator: Operator,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Eq,
    Gt,
    Ge,
    Lt,
    Like,
}

/// Reads a filter; everything outside the documented subset is 400 (section 3.1).
pub(super) fn parse(text: &str) -> Result<Vec<Test>, Refusal> {
    let bad = |why: &str| refuse(400, "filter", why);
    let words = words(text)?;
    let mut tests = Vec::new();
    for part in words.split(|word| *word == Word::Bare("and".to_owned())) {
        let [Word::Bare(field), Word::Bare(operator), value] = part else {
            return bad("<field> <operator> <value> is expected");
        };
        let operator = match operator.as_str() {
            "eq" => Operator::Eq,
            "gt" => Operator::Gt,
            "ge" => Operator::Ge,
            "lt" => Operator::Lt,
            "like" => Operator::Like,
            other => return bad(&format!("unknown operator {other}")),
        };
        let (Word::Bare(value) | Word::Quoted(value)) = value.clone();
        tests.push(Test { path: field.split('.').map(str::to_owned).collect(), operator, value });
    }
    Ok(tests)
}

#[derive(Debug, Clone, PartialEq)]
enum Word {
    Bare(String),
    Quoted(String),
}

fn words(text: &str) -> Result<Vec<Word>, Refusal> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = if matches!(first, '"' | '\'') {
            match rest[1..].split_once(first) {
                Some((inside, after)) => (Word::Quoted(inside.to_owned()), after),
                None => return refuse(400, "filter", "a quote is not closed"),
            }
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            (Word::Bare(rest[..end].to_owned()), &rest[end..])
        };
        words.push(word);
        rest = after.trim_start();
    }
    Ok(words)
}

impl Test {
    pub(super) fn fits(&self, partner: &Partner) -> bool {
        let Some((field, deeper)) = self.path.split_first() else { return false };
        let top = shape::value(partner, field);
        let Some(found) = deeper.iter().try_fold(&top, |value, key| value.get(key)) else { return false };
        let text = match found {
            Value::Null => return self.operator == Operator::Eq && self.value == "null",
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match self.operator {
            Operator::Eq => text == self.value,
            Operator::Gt => compare(&text, &self.value) == Ordering::Greater,
            Operator::Ge => compare(&text, &self.value) != Ordering::Less,
            Operator::Lt => compare(&text, &self.value) == Ordering::Less,
            Operator::Like => like(&self.value, &text),
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
pub(super) fn order(text: &str) -> Result<Order, Refusal> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        [] => Ok(Order::Created),
        ["shuffle"] => Ok(Order::Shuffle),
        [field] | [field, "asc"] => Ok(Order::By { field: (*field).to_owned(), descending: false }),
        [field, "desc"] => Ok(Order::By { field: (*field).to_owned(), descending: true }),
        _ => refuse(400, "order", "<field> asc, <field> desc or shuffle is expected"),
    }
}

/// The order of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Order {
    /// As they were made.
    Created,
    /// A mess, but the same mess every time.
    Shuffle,
    /// By one field.
    By { field: String, descending: bool },
}
