//! Reference pages, made from the tables: error codes and kinds. `telform docs` prints them, `docs/` keeps them, and a test
//! proves that both are equal.

pub mod errors;
pub mod facts;
pub mod kinds;
pub mod topics;

/// A cell of a table in Markdown: characters that separate columns or begin a tag are escaped.
fn escape_cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

/// A paragraph with an indent, wrapped for a terminal.
fn push_paragraph(out: &mut String, text: &str, indent: usize, width: usize) {
    for line in crate::output::view::text::wrap_text(text, width.saturating_sub(indent).max(20)) {
        out.push_str(&" ".repeat(indent));
        out.push_str(&line);
        out.push('\n');
    }
}

/// The header of each generated page.
const GENERATED: &str = "<!-- Made by `telform docs` from the tables in the source; TELFORM_BLESS=1 cargo test --test repository docs rewrites it. -->\n\n";
