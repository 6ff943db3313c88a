//! Names that a user means with `*` and `?`.

/// Whether a text means other names than itself.
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether a name matches a pattern: `*` matches any text, `?` one character.
pub fn fits_pattern(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern, name);
    // What follows the last `*`, and where in the name it was tried.
    let mut tried: Option<(&str, &str)> = None;
    loop {
        let (mut wanted, mut is) = (pattern.chars(), name.chars());
        match (wanted.next(), is.next()) {
            (Some('*'), _) => {
                pattern = wanted.as_str();
                tried = Some((pattern, name));
            }
            (None, None) => return true,
            (_, None) => return false,
            (Some(wanted_char), Some(char)) if wanted_char == '?' || wanted_char == char => {
                (pattern, name) = (wanted.as_str(), is.as_str());
            }
            // The last `*` takes one character more; an earlier one need not, because the first place that fits leaves most.
            (_, Some(_)) => {
                let Some((after, at)) = tried else { return false };
                let mut longer = at.chars();
                longer.next();
                (pattern, name) = (after, longer.as_str());
                tried = Some((pattern, name));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::fits_pattern as fits;

    #[test]
    fn a_pattern_fits_the_whole_name() {
        for (pattern, name) in [("west", "west"), ("w*", "west"), ("*", ""), ("*s?", "west"), ("é*", "été"), ("**t", "west")] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("west", "west2"), ("es", "west"), ("w?", "west"), ("", "a"), ("W*", "west"), ("?", "")] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }

    /// Each `*` is tried at every place, which takes exponential time.
    fn fits_by_definition(pattern: &[char], name: &[char]) -> bool {
        match pattern {
            [] => name.is_empty(),
            ['*', rest @ ..] => (0..=name.len()).any(|taken| fits_by_definition(rest, &name[taken..])),
            [wanted, rest @ ..] => {
                name.first().is_some_and(|is| *wanted == '?' || wanted == is) && fits_by_definition(rest, &name[1..])
            }
        }
    }

    proptest! {
        #[test]
        fn one_pass_agrees_with_the_definition(pattern in "[abé*?]{0,8}", name in "[abé]{0,10}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(fits(&pattern, &name), fits_by_definition(&chars(&pattern), &chars(&name)));
        }

        #[test]
        fn a_name_with_parts_replaced_still_fits(name in "[a-c.]{1,12}", from in 0_usize..12, to in 0_usize..12, one in 0_usize..12) {
            let (from, to) = (from.min(to).min(name.len()), from.max(to).min(name.len()));
            let many = format!("{}*{}", &name[..from], &name[to..]);
            prop_assert!(fits(&many, &name), "{} {}", many, name);
            let at = one % name.len();
            let single = format!("{}?{}", &name[..at], &name[at + 1..]);
            prop_assert!(fits(&single, &name) && !fits(&single, &format!("{name}a")), "{} {}", single, name);
        }
    }

    /// A pattern of many stars over a long name takes no noticeable time.
    #[test]
    fn many_stars_are_tried_once_each() {
        assert!(!fits(&format!("{}b", "a*".repeat(60)), &"a".repeat(5000)));
    }
}
