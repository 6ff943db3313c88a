//! The only way in which text gets into the page. Markup must be a part of the program (`&'static str`), so the compiler
//! prevents live text from becoming markup; that is why this is a separate writer and not a template engine with an escape
//! hatch.

use unicode_width::UnicodeWidthStr;

use super::super::commands::CommandOptions;
use super::super::provenance::{describe_time, is_safe_link};
use crate::text::{escape_multiline, truncate_middle};

/// Longest text that is shown whole, in characters.
const LONGEST: usize = 20_000;

/// Columns up to which a phone number or an id is kept on one line.
const WHOLE: usize = 38;

/// A page that grows.
#[derive(Debug, Default)]
pub(super) struct HtmlWriter {
    text: String,
    commands: CommandOptions,
}

impl HtmlWriter {
    /// A page whose advice repeats the options of this run.
    pub(super) fn with_commands(commands: CommandOptions) -> Self {
        Self { commands, ..Self::default() }
    }

    /// Markup of the program's own.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.text.push_str(markup);
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
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                '\'' => self.text.push_str("&#39;"),
                // Only the program's own markup begins a line.
                '\n' => self.text.push_str("&#10;"),
                other => self.text.push(other),
            }
        }
        self
    }

    /// A sentence that may name objects and numbers: none of them is broken across two lines. Not for attributes.
    pub(super) fn words(&mut self, text: &str) -> &mut Self {
        let text = truncate_middle(text, LONGEST).text;
        for (index, word) in text.split(' ').enumerate() {
            if index > 0 {
                self.text.push(' ');
            }
            if is_name(word) {
                self.raw("<span class=\"whole\">").push_escaped(word).raw("</span>");
            } else if word.contains('/') && word.width() > WHOLE {
                self.path(word);
            } else {
                self.push_escaped(word);
            }
        }
        self
    }

    /// Advice from the program itself, in which text in backticks is code.
    pub(super) fn advice(&mut self, text: &str) -> &mut Self {
        let text = self.commands.complete(text).into_owned();
        for (index, part) in text.split('`').enumerate() {
            if index % 2 == 0 {
                self.words(part)
            } else {
                self.code(part)
            };
        }
        self
    }

    /// Live text in `<code>`: on one line where it is short and without blanks.
    pub(super) fn code(&mut self, text: &str) -> &mut Self {
        if is_whole(text) {
            return self.raw("<code class=\"whole\">").text(text).raw("</code>");
        }
        self.raw("<code>").words(text).raw("</code>")
    }

    /// The path of a request, which breaks only behind its separators.
    pub(super) fn path(&mut self, text: &str) -> &mut Self {
        let text = truncate_middle(text, LONGEST).text;
        for part in text.split_inclusive(['/', '?', '&']) {
            if part.contains('-') && is_whole(part) {
                self.raw("<span class=\"whole\">").push_escaped(part).raw("</span>");
            } else {
                self.push_escaped(part);
            }
            if part.ends_with(['/', '?', '&']) {
                self.raw("<wbr>");
            }
        }
        self
    }

    /// A name in bold, such as an address.
    pub(super) fn name(&mut self, text: &str) -> &mut Self {
        let open = if is_whole(text) { "<strong class=\"address whole\">" } else { "<strong class=\"address\">" };
        self.raw(open).text(text).raw("</strong>")
    }

    /// A time as the journal writes it.
    pub(super) fn time(&mut self, at: &str) -> &mut Self {
        self.raw("<time datetime=\"").text(at).raw("\">").text(&describe_time(at)).raw("</time>")
    }

    /// Where something runs or is kept: a link, where it is a safe one, with itself as its text.
    pub(super) fn place(&mut self, place: &str) -> &mut Self {
        if !is_safe_link(place) {
            return self.text(place);
        }
        self.raw("<a rel=\"noreferrer\" href=\"").text(place).raw("\">").text(place).raw("</a>")
    }

    /// A cell of a table that is a card on a small screen, with the heading of its column.
    pub(super) fn cell(&mut self, heading: &str) -> &mut Self {
        self.raw("<td data-label=\"").text(heading).raw("\">")
    }

    /// The same for a count.
    pub(super) fn count_cell(&mut self, heading: &str, class: &'static str) -> &mut Self {
        self.raw("<td class=\"").raw(class).raw("\" data-label=\"").text(heading).raw("\">")
    }

    /// A number.
    pub(super) fn number(&mut self, number: usize) -> &mut Self {
        self.text.push_str(&number.to_string());
        self
    }

    /// The page.
    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// Whether a text is kept on one line.
fn is_whole(text: &str) -> bool {
    !text.is_empty() && text.width() <= WHOLE && !text.contains(char::is_whitespace)
}

/// Whether a word of a sentence is a phone number, an id or an address, or could be broken at a hyphen.
fn is_name(word: &str) -> bool {
    let is_number = || word.trim_start_matches('(').starts_with('+') && word.bytes().any(|byte| byte.is_ascii_digit());
    // An option is not broken behind its first hyphens.
    is_whole(word) && (word.trim_start_matches('-').contains('-') || is_number())
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
        for write in [HtmlWriter::text, HtmlWriter::words, HtmlWriter::path, HtmlWriter::advice] {
            let mut page = HtmlWriter::default();
            write(&mut page, &"x".repeat(1_000_000));
            let page = page.finish();
            assert!(page.len() < LONGEST + 100 && page.contains("x…(980000 more characters)…x"));
        }
    }

    #[test]
    fn names_and_numbers_stay_on_their_line() {
        let mut page = HtmlWriter::default();
        page.words("disconnect +14155550101 from sales-bridge-001 - at once");
        page.raw("|").code("3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410").raw("|").code("two words").raw("|").path("a-b/c/d-e?x=<y>");
        assert_eq!(
            page.finish(),
            "disconnect <span class=\"whole\">+14155550101</span> from <span class=\"whole\">sales-bridge-001</span> - at once\
             |<code class=\"whole\">3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410</code>|<code>two words</code>\
             |<span class=\"whole\">a-b/</span><wbr>c/<wbr><span class=\"whole\">d-e?</span><wbr>x=&lt;y&gt;"
        );
        // A word that no screen could hold is broken.
        let mut page = HtmlWriter::default();
        page.words(&"-x".repeat(100)).raw("|").code(&"x".repeat(100));
        assert!(!page.finish().contains("whole"));
    }

    #[test]
    fn only_a_safe_place_is_a_link() {
        let mut page = HtmlWriter::default();
        page.place("https://ci.example/1").raw("|").place("javascript:alert(1)");
        assert_eq!(
            page.finish(),
            "<a rel=\"noreferrer\" href=\"https://ci.example/1\">https://ci.example/1</a>|javascript:alert(1)"
        );
    }
}
