//! The index of the reference pages: which there are, and how each is asked for.

use super::{GENERATED, kinds, push_paragraph};
use crate::model::codes::GROUPS;
use crate::output::{DocsIndex, DocsPage};
use crate::services;

/// How a code is asked for.
const CODES: &str = "A code may be written in any letter case, with `-`, `_`, `:` or blanks between its words, and without its \
                     first words: `telform docs guard::max_deletes` and `telform docs max-deletes` print the same page.";

/// The width of the names in the index.
const NAMES: usize = 12;

fn docs_pages() -> Vec<DocsPage> {
    let kinds = services::kind_names()
        .into_iter()
        .map(|kind| DocsPage { topic: kind, about: format!("attributes of {}", kinds::shape_titles(kind).join("; ")) });
    let codes: usize = GROUPS.iter().map(|group| group.codes.len()).sum();
    let errors = DocsPage { topic: "errors", about: format!("all {codes} codes: what each means, and what to do") };
    kinds.chain([errors]).collect()
}

/// For a terminal.
pub fn topics_as_text(width: usize) -> String {
    let mut out = String::from("Pages: telform docs TOPIC\n\n");
    for page in docs_pages() {
        let mut lines = String::new();
        push_paragraph(&mut lines, &page.about, NAMES + 2, width);
        match page.topic.len() {
            fits if fits < NAMES => lines.replace_range(2..2 + fits, page.topic),
            _ => out.push_str(&format!("  {}\n", page.topic)),
        }
        out.push_str(&lines);
    }
    out.push_str("\nCodes: telform docs CODE\n\n");
    for group in GROUPS {
        let mut examples = group.codes.iter().map(|code| code.code);
        let first = examples.next().unwrap_or_default();
        let more = examples.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        push_paragraph(&mut out, &format!("{}: {first}{more}", group.title), 2, width);
    }
    out.push('\n');
    push_paragraph(&mut out, CODES, 0, width);
    out
}

/// In Markdown.
pub fn topics_as_markdown() -> String {
    let mut out = format!("{GENERATED}# Reference pages\n\n| `telform docs` | is about |\n| --- | --- |\n");
    for page in docs_pages() {
        out.push_str(&format!("| `{}` | {} |\n", page.topic, super::escape_cell(&page.about)));
    }
    out.push_str(&format!("\n{CODES}\n\n"));
    for group in GROUPS {
        let codes: Vec<String> = group.codes.iter().map(|code| format!("`{}`", code.code)).collect();
        out.push_str(&format!("- {}: {}\n", group.title, codes.join(", ")));
    }
    out
}

/// Every topic: the pages, then the codes.
pub fn topic_names() -> Vec<String> {
    let codes = GROUPS.iter().flat_map(|group| group.codes).map(|code| code.code.to_owned());
    docs_pages().into_iter().map(|page| page.topic.to_owned()).chain(codes).collect()
}

/// For programs.
pub fn topics_document() -> DocsIndex {
    DocsIndex { pages: docs_pages(), codes: GROUPS.iter().flat_map(|group| group.codes).map(|code| code.code).collect() }
}
