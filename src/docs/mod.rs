//! Reference pages, made from the tables: error codes and kinds. `telform docs` prints them, `docs/` keeps them, and a test
//! holds both the same.

pub mod errors;
pub mod kinds;

/// A cell of a table in Markdown: what stands for a column or begins a tag there is escaped.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

/// A paragraph with an indent, broken for a terminal.
fn paragraph(out: &mut String, text: &str, indent: usize, width: usize) {
    for line in crate::view::text::wrap(text, width.saturating_sub(indent).max(20)) {
        out.push_str(&" ".repeat(indent));
        out.push_str(&line);
        out.push('\n');
    }
}

/// Said on top of each generated page.
const GENERATED: &str = "<!-- Made by `telform docs` from the tables in the source; TELFORM_BLESS=1 cargo test --test docs rewrites it. -->\n\n";
