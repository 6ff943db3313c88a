//! Lists: filters, order, pages (`api/telnyx.md`, sections 2.2 and 2.3).

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::super::answer::SandboxRequest;
use super::fields::{Row, Table, text};
use super::shape::View;
use super::tables::{Collection, EVERY_CONNECTION, Filter, Test};
use super::{Refusal, bad_parameter};

/// Rows of a page at most.
const MOST: usize = 250;

/// One page of a list: its rows, and `meta`.
pub(super) struct Page<'a> {
    pub(super) rows: Vec<&'a Row>,
    pub(super) meta: Value,
}

/// The page that is asked for, of these rows.
pub(super) fn page<'a>(
    view: &View<'a>,
    collection: &Collection,
    all: &'a [Row],
    asked: &SandboxRequest,
) -> Result<Page<'a>, Refusal> {
    let number = count(asked, "page[number]", 1, usize::MAX)?;
    let size = count(asked, "page[size]", collection.page, MOST)?;
    let mut rows: Vec<&Row> = all.iter().filter(|row| belongs(collection, row)).collect();
    if collection.table == Table::Accounts {
        hide_accounts(asked, &mut rows);
    }
    for (name, wanted) in &asked.query {
        let Some(inside) = name.strip_prefix("filter") else { continue };
        let Some(filter) = collection.filters.iter().find(|filter| filter.0 == inside) else {
            return Err(Refusal { code: "10031", ..bad_parameter(name, "is not a filter of this list") });
        };
        if filter.2 == Test::Status && view.world.knobs.status_filter_ignored {
            continue;
        }
        let mut kept = Vec::new();
        for row in rows {
            if matches(view, collection, filter, row, wanted)? {
                kept.push(row);
            }
        }
        rows = kept;
    }
    sort(view, collection, asked, &mut rows)?;
    let start = if asked.list_fault.endless { 0 } else { asked.list_fault.start((number - 1).saturating_mul(size)) };
    let start = start.min(rows.len());
    let total = rows.len();
    let meta = json!({"page_number": number, "page_size": size, "total_pages": total.div_ceil(size), "total_results": total});
    Ok(Page { rows: rows[start..total.min(start + size)].to_vec(), meta })
}

fn belongs(collection: &Collection, row: &Row) -> bool {
    let every = collection.table != Table::Connections || collection.path == EVERY_CONNECTION.path;
    every || text(row, "record_type") == collection.record_type
}

/// Cancelled accounts are shown on request only (section 13).
fn hide_accounts(asked: &SandboxRequest, rows: &mut Vec<&Row>) {
    let asks = |status: &str| asked.argument("filter[status][eq]").is_some_and(|it| it == status);
    if asked.argument("include_cancelled_accounts") != Some("true") && !asks("cancelled") {
        rows.retain(|row| text(row, "status") != "cancelled");
    }
}

fn count(asked: &SandboxRequest, name: &str, usual: usize, most: usize) -> Result<usize, Refusal> {
    let Some(written) = asked.argument(name) else { return Ok(usual) };
    match written.parse() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err(Refusal { code: "10033", ..bad_parameter(name, "is out of range") }),
    }
}

fn matches(view: &View<'_>, collection: &Collection, filter: &Filter, row: &Row, wanted: &str) -> Result<bool, Refusal> {
    let Filter(name, path, test) = filter;
    let name = format!("filter{name}");
    let value = view.value(collection, row, path);
    let seen = match &value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    Ok(match test {
        Test::Eq => !value.is_null() && seen == wanted,
        Test::EqOrNull if wanted == "null" => seen.is_empty(),
        Test::EqOrNull => seen == wanted,
        Test::Contains if wanted.chars().count() < 3 => return Err(bad_parameter(&name, "needs three characters at least")),
        Test::Contains => seen.to_lowercase().contains(&wanted.to_lowercase()),
        Test::StartsWith => seen.starts_with(wanted),
        Test::EndsWith => seen.ends_with(wanted),
        Test::Digits if wanted.len() < 3 => return Err(bad_parameter(&name, "needs three digits at least")),
        Test::Digits => wanted.bytes().all(|byte| byte.is_ascii_digit()) && seen.contains(wanted),
        Test::Has => value.as_array().is_some_and(|list| list.iter().any(|item| item == wanted)),
        Test::Empty => wanted != "true" || value.as_array().is_none_or(Vec::is_empty),
        Test::Status => match wanted {
            "all" => true,
            "active" | "enabled" => seen == "enabled",
            "disabled" | "cancelled" | "blocked" => seen == wanted,
            _ => return Err(Refusal { code: "10032", ..bad_parameter(&name, "is not a status") }),
        },
    })
}

/// By `created_at`, newest first, unless the request says otherwise. Rows that are equal stay in the order of creation.
fn sort(view: &View<'_>, collection: &Collection, asked: &SandboxRequest, rows: &mut [&Row]) -> Result<(), Refusal> {
    let Some(written) = asked.argument("sort") else {
        rows.reverse();
        rows.sort_by(|a, b| text(b, "created_at").cmp(text(a, "created_at")));
        return Ok(());
    };
    let (words, reversible) = collection.sort;
    let (word, down) = written.strip_prefix('-').map_or((written, false), |word| (word, true));
    if !words.contains(&word) || down && !reversible {
        return Err(Refusal { code: "10032", ..bad_parameter("sort", "is not an order of this list") });
    }
    if down {
        rows.reverse();
    }
    rows.sort_by_cached_key(|row| Key(view.value(collection, row, word), down));
    Ok(())
}

/// A value to sort by, and whether downwards.
#[derive(PartialEq, Eq)]
struct Key(Value, bool);

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = match (&self.0, &other.0) {
            (Value::String(a), Value::String(b)) => a.cmp(b),
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (a, b) => a.is_null().cmp(&b.is_null()),
        };
        if self.1 { order.reverse() } else { order }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
