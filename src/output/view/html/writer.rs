//! The only way in which text gets into the page. Markup must be a part of the program (`&'static str`), so the compiler
//! prevents live text from becoming markup; that is why this is a separate writer and not a template engine with an escape
//! hatch.

use crate::text::{escape_multiline, truncate_middle};

/// Longest text that is shown whole, in characters.
const LONGEST: usize = 20_000;

/// A page that grows.
#[derive(Debug, Default)]
pub(super) struct HtmlWriter(String);

impl HtmlWriter {
    /// Markup of the program's own.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Untrusted text, between tags or inside a quoted attribute. A very long text is cut in the middle and says how much is
    /// missing.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.push_escaped(&truncate_middle(text, LONGEST).text)
    }

    fn push_escaped(&mut self, text: &str) -> &mut Self {
        for character in escape_multiline(text).chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // Only the program's own markup begins a line.
                '\n' => self.0.push_str("&#10;"),
                other => self.0.push(other),
            }
        }
        self
    }

    /// Live text in `<code>`.
    pub(super) fn code(&mut self, text: &str) -> &mut Self {
        self.raw("<code>").text(text).raw("</code>")
    }

    /// A number.
    pub(super) fn number(&mut self, number: usize) -> &mut Self {
        self.0.push_str(&number.to_string());
        self
    }

    /// The page.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        let mut page = HtmlWriter::default();
        page.raw("<p title=\"").text("a\" onload='x").raw("\">").text("</p><script>\u{202e}&").raw("</p>");
        assert_eq!(page.finish(), "<p title=\"a&quot; onload=&#39;x\">&lt;/p&gt;&lt;script&gt;\\u{202e}&amp;</p>");
    }

    #[test]
    fn a_megabyte_is_cut() {
        let mut page = HtmlWriter::default();
        page.text(&"x".repeat(1_000_000));
        let page = page.finish();
        assert!(page.len() < LONGEST + 100 && page.contains("x…(980000 more characters)…x"));
    }
}
