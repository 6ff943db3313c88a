//! Live text inside Markdown. It appears only in code spans, fenced blocks and `<code>`, where it is not interpreted as
//! links, mentions, issue numbers, quick actions or HTML. In a table a bar inside a cell cannot follow a backslash (GitHub's
//! Markdown, "Tables"): the backslash is shown by its code.

use crate::text::{escape, escape_multiline, truncate_middle};

/// Longest live text that is shown, in characters.
const LONGEST: usize = 200;

/// One line of live text, cut, in a code span.
pub(in crate::output::view) fn code_span(text: &str) -> String {
    uncut_code_span(&cut_text(text))
}

/// A sentence that may hold live text, as one code span: the backticks that set off a part of it at a terminal are left out.
pub(super) fn sentence_span(text: &str) -> String {
    code_span(&text.replace('`', ""))
}

/// The same for a text that is short enough.
pub(super) fn uncut_code_span(text: &str) -> String {
    let text = escape(text);
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    // Every reader removes one blank at each end again; it preserves a backtick or a blank at the ends of the text.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// One line of live text in a cell of a table; nothing for an empty one.
pub(in crate::output::view) fn table_cell(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    uncut_code_span(text).replace("\\|", "\\u{5c}|").replace('|', "\\|")
}

/// The same, cut.
pub(super) fn cut_table_cell(text: &str) -> String {
    table_cell(&cut_text(text))
}

/// One line of live text, cut, as HTML: the summary of a folded block is not Markdown.
pub(super) fn html_code(text: &str) -> String {
    let mut out = String::from("<code>");
    for character in escape(&cut_text(text)).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out.push_str("</code>");
    out
}

/// Lines in a fenced block. The fence is longer than every run of backticks in it.
pub(super) fn fenced_block(language: &str, lines: &[String]) -> String {
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}{language}\n{}\n{fence}\n", lines.join("\n"))
}

/// A line of a fenced block after its sign, cut.
pub(super) fn fenced_line(sign: &str, text: &str) -> String {
    format!("{sign}{}", escape_multiline(&cut_text(text)).replace('\n', "\\n"))
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}

fn cut_text(text: &str) -> String {
    truncate_middle(text, LONGEST).text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_span_holds_whatever_stands_in_it() {
        assert_eq!(code_span("plain"), "`plain`");
        assert_eq!(code_span("a``b`"), "``` a``b` ```");
        assert_eq!(code_span(" x "), "`  x  `");
        assert_eq!(code_span(""), "(empty)");
        assert_eq!(code_span("a\n# b\u{202e}"), "`a\\u{a}# b\\u{202e}`");
        assert!(code_span(&"y".repeat(1_000_000)).len() < 300);
        assert_eq!(sentence_span("PUT because of `update: put`"), "`PUT because of update: put`");
    }

    #[test]
    fn a_cell_of_a_table_keeps_its_bars() {
        assert_eq!(table_cell(""), "");
        assert_eq!(table_cell("a|b"), "`a\\|b`");
        assert_eq!(table_cell("a\\|b"), "`a\\u{5c}\\|b`");
        assert_eq!(table_cell("a``|"), "``` a``\\| ```".replace("``` a", "```a").replace("| ```", "|```"));
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        let block = fenced_block("diff", &["+ ```".to_owned(), "  ````".to_owned()]);
        assert_eq!(block, "`````diff\n+ ```\n  ````\n`````\n");
    }

    #[test]
    fn the_head_of_a_fold_is_html() {
        assert_eq!(html_code("<b a='\"'>&\n"), "<code>&lt;b a=&#39;&quot;&#39;&gt;&amp;\\u{a}</code>");
    }
}
