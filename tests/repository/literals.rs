//! The texts in the sources: every string literal outside comments and tests, with its place.

use super::house::{Source, sources};

/// One string literal.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Literal {
    /// Line on which it begins.
    pub(super) line: usize,
    /// Its content, with escapes as they are written; lines that a backslash joins are one.
    pub(super) text: String,
}

/// The literals of all sources, each with the source that it is in. Code of tests is left out.
pub(super) fn literals() -> Vec<(Source, Vec<Literal>)> {
    let all = sources().into_iter().map(|source| {
        let found = literals_of(untested(&source.code));
        (source, found)
    });
    all.collect()
}

/// The code of a file up to its own tests.
fn untested(code: &str) -> &str {
    code.split("#[cfg(test)]\nmod ").next().unwrap_or_default()
}

/// String literals of Rust code, raw ones too. Characters in single quotes and lifetimes are passed over.
fn literals_of(code: &str) -> Vec<Literal> {
    let letters: Vec<char> = code.chars().collect();
    let (mut found, mut at, mut line) = (Vec::new(), 0, 1);
    while at < letters.len() {
        let begins = line;
        let (text, next) = match letters[at] {
            '"' => plain(&letters, at + 1),
            'r' if !is_in_word(&letters, at) => match raw(&letters, at + 1) {
                Some(literal) => literal,
                None => {
                    at += 1;
                    continue;
                }
            },
            '\'' => {
                at = after_character(&letters, at);
                continue;
            }
            letter => {
                line += usize::from(letter == '\n');
                at += 1;
                continue;
            }
        };
        line += letters[at..next].iter().filter(|letter| **letter == '\n').count();
        found.push(Literal { line: begins, text });
        at = next;
    }
    found
}

/// Whether the letter is a part of a longer name. A `b` before it makes bytes of the literal.
fn is_in_word(letters: &[char], at: usize) -> bool {
    let before = at.checked_sub(1).map(|at| letters[at]);
    before.is_some_and(|letter| (letter.is_alphanumeric() && letter != 'b') || letter == '_')
}

/// The content of a literal that began, and the place after its end.
fn plain(letters: &[char], mut at: usize) -> (String, usize) {
    let mut text = String::new();
    while at < letters.len() && letters[at] != '"' {
        if letters[at] == '\\' && letters.get(at + 1) == Some(&'\n') {
            at += 1;
            while letters.get(at).is_some_and(|letter| letter.is_whitespace()) {
                at += 1;
            }
            continue;
        }
        let length = if letters[at] == '\\' { 2 } else { 1 };
        text.extend(letters[at..].iter().take(length));
        at += length;
    }
    (text, at + 1)
}

/// The same of `r"…"` and `r#"…"#`, after the `r`.
fn raw(letters: &[char], at: usize) -> Option<(String, usize)> {
    let marks = letters[at..].iter().take_while(|letter| **letter == '#').count();
    let begin = at + marks + 1;
    (letters.get(begin - 1) == Some(&'"')).then_some(())?;
    let ends = |at: usize| letters[at] == '"' && letters[at + 1..].iter().take(marks).filter(|it| **it == '#').count() == marks;
    let end = (begin..letters.len()).find(|at| ends(*at))?;
    Some((letters[begin..end].iter().collect(), end + 1 + marks))
}

/// The place after a character in single quotes, or after the quote of a lifetime.
fn after_character(letters: &[char], at: usize) -> usize {
    if letters.get(at + 1) == Some(&'\\') {
        let end = letters[at + 3..].iter().position(|letter| *letter == '\'');
        return end.map_or(letters.len(), |end| at + 3 + end + 1);
    }
    if letters.get(at + 2) == Some(&'\'') { at + 3 } else { at + 1 }
}

#[test]
fn literals_are_read_as_the_compiler_reads_them() {
    let code = "fn f<'a>(b: &'a str) {\n g(\"one \\\"two\\\"\", 'x', '\"', '\\'', \"a \\\n   b\");\n h(r#\"raw \"text\"\"#, br\"c\");\n for_r(\"d\")}";
    let found: Vec<(usize, String)> = literals_of(code).into_iter().map(|it| (it.line, it.text)).collect();
    let wanted = [(2, "one \\\"two\\\""), (2, "a b"), (4, "raw \"text\""), (4, "c"), (5, "d")];
    assert_eq!(found, wanted.map(|(line, text)| (line, text.to_owned())));
    let all = literals();
    assert!(all.iter().map(|(_, found)| found.len()).sum::<usize>() > 5_000, "the sources are full of texts");
}
