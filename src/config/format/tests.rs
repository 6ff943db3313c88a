//! The layout of handwritten and of generated files.

use proptest::prelude::*;

use super::*;

/// Lays a text out and checks that it stays so.
fn formatted(text: &str) -> String {
    let after = format_text(text).unwrap_or_else(|span| panic!("left alone at {}:{}: {text:?}", span.line(), span.column()));
    assert_eq!(format_text(&after).as_deref(), Ok(&*after), "not the same again: {text:?}");
    after
}

#[test]
fn indentation_is_two_columns_a_level() {
    let text = "
alpha:
    a:
        x: 1


        list:
        - one
        -   two:   2
            three: 3
        # about the next
        - - deep
          - deeper
    b:     {x:  1,y: 2 , z : 3}


";
    let expected = "\
alpha:
  a:
    x: 1

    list:
      - one
      - two: 2
        three: 3
      # about the next
      - - deep
        - deeper
  b: {x: 1, y: 2, z: 3}
";
    assert_eq!(formatted(text), expected);
}

#[test]
fn the_order_of_keys_quotes_anchors_and_comments_stay() {
    let text = "\
# head
z: &one 'a'   # why
a: \"b\"
m: *one

# before
--- # second
- !!str 012
- &x
  k: v
-   # only a comment
  q: 1
  # last of the entry
# last of all
...
";
    assert_eq!(formatted(text), text);
}

#[test]
fn comments_follow_what_they_are_about() {
    let text = "\
a:
# about b
      b:
            c: 1
            # still in b
      # still in a
# about d
d:
      # about nothing
e: 1
    # below e
    #   deeper
";
    let expected = "\
a:
  # about b
  b:
    c: 1
    # still in b
  # still in a
# about d
d:
  # about nothing
e: 1
  # below e
  #   deeper
";
    assert_eq!(formatted(text), expected);
}

#[test]
fn comments_behind_values_stay_aligned() {
    let text = "\
a:
    long_name:   value   # one
    short: 1             # two
    other: 2  # alone
";
    let expected = "\
a:
  long_name: value   # one
  short: 1           # two
  other: 2  # alone
";
    assert_eq!(formatted(text), expected);
}

#[test]
fn block_scalars_keep_their_text() {
    let text = "\
a:
      clip: |
            one
              two~~

            three


      # about keep
      keep: >+
            text


      digit: |2-
           three more
        two
      empty: |
list:
- |
 x
- key: >-
     y
  # not part of y
"
    .replace('~', " ");
    let expected = "\
a:
  clip: |
    one
      two~~

    three

  # about keep
  keep: >+
    text


  digit: |2-
       three more
    two
  empty: |
list:
  - |
    x
  - key: >-
      y
    # not part of y
"
    .replace('~', " ");
    assert_eq!(formatted(&text), expected);
    assert_eq!(formatted("a: |+\n  x"), "a: |+\n  x\n");
    assert_eq!(formatted("a: |+\n  x\n\n\n"), "a: |+\n  x\n\n\n");
    assert_eq!(formatted("a: |\n  x\n\n\n"), "a: |\n  x\n");
}

#[test]
fn a_comment_below_a_block_scalar_does_not_become_part_of_it() {
    assert_eq!(formatted("a: |\n      text\n   # comment\nb: 1\n"), "a: |\n  text\n# comment\nb: 1\n");
}

#[test]
fn scalars_of_several_lines_are_indented_below_their_key() {
    let text = "a:\n    b: one\n            two\n\n     three\n    c: \"x  \\\n         \\  y   \n\n     z\"   # end\n    d:\n         plain\n         text\n";
    let expected = "a:\n  b: one\n    two\n\n    three\n  c: \"x  \\\n    \\  y\n\n    z\"   # end\n  d:\n    plain\n    text\n";
    assert_eq!(formatted(text), expected);
}

#[test]
fn brackets_of_several_lines_keep_their_shape() {
    let text = "a:\n    b: [\n        1,2,   # one\n\n\n        {x: 'a\n             b'},\n    ]\n    c: {\n      d: 1 }\n";
    let expected = "a:\n  b: [\n      1, 2,   # one\n\n      {x: 'a\n        b'},\n  ]\n  c: {\n    d: 1 }\n";
    assert_eq!(formatted(text), expected);
}

#[test]
fn line_breaks_of_other_systems_stay() {
    assert_eq!(formatted("a:\r\n    b: 1\r\n\r\n\r\n    c: |\r\n        x\r\n"), "a:\r\n  b: 1\r\n\r\n  c: |\r\n    x\r\n");
    assert_eq!(formatted("a:   1"), "a: 1\n");
    assert_eq!(formatted("\u{feff}a:   1\n"), "\u{feff}a: 1\n");
    assert_eq!(formatted("\n\n# only a comment\n\n"), "# only a comment\n");
    assert_eq!(formatted("%YAML 1.2\n---\na:   1\n"), "%YAML 1.2\n---\na: 1\n");
}

#[test]
fn keys_in_long_form_and_aliases_as_keys() {
    assert_eq!(formatted("?   a\n:    - 1\n     - 2\n"), "? a\n: - 1\n  - 2\n");
    assert_eq!(formatted("x: &k key\n*k :   1\n"), "x: &k key\n*k : 1\n");
    assert_eq!(formatted("{ \"a\":1,b:   2,c:   }\n"), "{ \"a\":1, b: 2, c: }\n");
}

#[test]
fn what_would_say_something_else_is_found() {
    for (before, after) in [
        ("a: 1\n", "a: 2\n"),
        ("a: 1\n", "a: '1'\n"),
        ("a: |\n  x\n", "a: |\n   x\n# c\n"),
        ("a: 1 # c\n", "a: 1\n"),
        ("a:\n  b: 1\n", "a:\nb: 1\n"),
        ("a: [1]\n", "a:\n  - 1\n"),
        ("a: |+\n  x\n\n", "a: |+\n  x\n"),
        ("a: 1\n", "a: 1\n  b: [\n"),
    ] {
        assert!(tokens::first_difference(before, after).is_some(), "{before:?} {after:?}");
    }
    assert!(tokens::first_difference("a:   1\n", "a: 1\n").is_none());
}

/// A node of a generated file.
#[derive(Debug, Clone)]
enum Made {
    Text(String),
    Lines(bool, char, usize, Vec<(usize, String)>),
    Map(Vec<(String, Made)>),
    List(Vec<Made>),
    Flow(Vec<String>),
}

fn made() -> impl Strategy<Value = Made> {
    let word = || "[a-z]{1,4}";
    let text = prop_oneof![
        word(),
        Just("\"q:  # no  \\\" 'x\"".to_owned()),
        Just("'it''s  # fine'".to_owned()),
        Just("+1415".to_owned()),
        Just("a:b #c".to_owned()),
        Just("~".to_owned()),
        Just("-1".to_owned()),
    ];
    let line = (0_usize..3, prop_oneof![word(), Just("# no comment".to_owned()), Just("k: v ".to_owned()), Just(String::new())]);
    let leaf = prop_oneof![
        text.prop_map(Made::Text),
        (any::<bool>(), prop_oneof![Just(' '), Just('+'), Just('-')], 0_usize..3, prop::collection::vec(line, 0..4))
            .prop_map(|(folded, chomp, digit, lines)| Made::Lines(folded, chomp, digit, lines)),
        prop::collection::vec(word(), 0..3).prop_map(Made::Flow),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(("[a-z]{1,3}", inner.clone()), 1..4).prop_map(Made::Map),
            prop::collection::vec(inner, 1..4).prop_map(Made::List),
        ]
    })
}

/// Decides about white space and comments, from a list of numbers that repeats.
struct Mess<'a> {
    dice: &'a [usize],
    at: usize,
}

impl Mess<'_> {
    fn roll(&mut self, sides: usize) -> usize {
        self.at += 1;
        self.dice.get(self.at % self.dice.len().max(1)).copied().unwrap_or_default().wrapping_add(self.at / 7) % sides
    }

    fn gap(&mut self) -> String {
        " ".repeat(1 + self.roll(3))
    }

    /// What may stand behind a value.
    fn tail(&mut self, out: &mut String) {
        match self.roll(6) {
            0 => out.push_str("   # why: x"),
            1 => out.push_str("  "),
            _ => {}
        }
        out.push('\n');
        if self.roll(5) == 0 {
            out.push_str(&"\n".repeat(self.roll(3)));
        }
    }

    /// Writes a value behind `key:` or `-`; `indent` is the column of what is around it.
    fn write(&mut self, out: &mut String, made: &Made, indent: usize, is_item: bool) {
        match made {
            Made::Text(text) => {
                out.push_str(&self.gap());
                out.push_str(text);
                self.tail(out);
            }
            Made::Flow(words) => {
                out.push_str(&self.gap());
                out.push('[');
                for word in words {
                    if self.roll(3) == 0 {
                        out.push_str(&format!("\n{}", " ".repeat(indent + 1 + self.roll(4))));
                    }
                    out.push_str(&format!("{word}{},", " ".repeat(self.roll(2))));
                }
                out.push(']');
                self.tail(out);
            }
            Made::Lines(folded, chomp, digit, lines) => {
                let (mark, step) = (if *folded { '>' } else { '|' }, 1 + self.roll(5));
                let starts_deeper = lines.iter().find(|(_, text)| !text.is_empty()).is_some_and(|(more, _)| *more > 0);
                let digit = if *digit > 0 || starts_deeper { step.to_string() } else { String::new() };
                out.push_str(&format!("{}{mark}{digit}{}\n", self.gap(), chomp.to_string().trim()));
                for (more, text) in lines {
                    let lead = if text.is_empty() { 0 } else { indent + step + more };
                    out.push_str(&format!("{}{text}\n", " ".repeat(lead)));
                }
            }
            Made::Map(entries) => {
                let same_line = is_item && self.roll(2) == 0;
                let column = if same_line { self.same_line(out, indent) } else { self.next_line(out, indent, 1) };
                for (at, (key, value)) in entries.iter().enumerate() {
                    if at > 0 || !same_line {
                        self.comment(out, column);
                        out.push_str(&" ".repeat(column));
                    }
                    out.push_str(&format!("{key}{at}{}:", " ".repeat(self.roll(2))));
                    self.write(out, value, column, false);
                }
            }
            Made::List(items) => {
                let same_line = is_item && self.roll(2) == 0;
                let least = usize::from(is_item);
                let column = if same_line { self.same_line(out, indent) } else { self.next_line(out, indent, least) };
                for (at, item) in items.iter().enumerate() {
                    if at > 0 || !same_line {
                        self.comment(out, column);
                        out.push_str(&" ".repeat(column));
                    }
                    out.push('-');
                    self.write(out, item, column, true);
                }
            }
        }
    }

    fn same_line(&mut self, out: &mut String, indent: usize) -> usize {
        let gap = self.gap();
        out.push_str(&gap);
        indent + 1 + gap.len()
    }

    fn next_line(&mut self, out: &mut String, indent: usize, least: usize) -> usize {
        out.push_str(if self.roll(4) == 0 { "  # below\n" } else { "\n" });
        indent + least + self.roll(4)
    }

    fn comment(&mut self, out: &mut String, column: usize) {
        if self.roll(6) == 0 {
            out.push_str(&format!("{}# about this\n", " ".repeat(column + self.roll(2))));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_files_say_the_same_and_stay_as_they_are(made in made(), dice in prop::collection::vec(0_usize..60, 1..40)) {
        let mut text = String::from("top:");
        Mess { dice: &dice, at: 0 }.write(&mut text, &made, 0, false);
        prop_assume!(tokens::tokens(&text).is_some());
        let after = format_text(&text);
        prop_assert!(after.is_ok(), "left alone at {:?}:\n{}", after, text);
        let after = after.unwrap_or_default();
        prop_assert!(tokens::first_difference(&text, &after).is_none());
        prop_assert_eq!(format_text(&after), Ok(after.clone()), "from\n{}", text);
    }

    #[test]
    fn text_of_any_sort_never_changes_its_meaning(text in "([ \n]{0,3}[-?:|>#&*!\\[\\]{},'\"%a1+~ \t\r\n]{0,3}){0,12}") {
        if tokens::tokens(&text).is_some() && let Ok(after) = format_text(&text) {
            prop_assert!(tokens::first_difference(&text, &after).is_none());
            if let Ok(again) = format_text(&after) {
                prop_assert_eq!(again, after, "from {:?}", text);
            }
        }
    }
}
