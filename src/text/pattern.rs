//! Names that a user means with `*` and `?`.

/// Whether a name matches a pattern: `*` matches any text, `?` one character.
pub fn fits_pattern(pattern: &str, name: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => name.is_empty(),
        Some('*') => {
            let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.into_iter().any(|at| fits_pattern(rest.as_str(), &name[at..]))
        }
        Some(wanted) => {
            let mut name = name.chars();
            name.next().is_some_and(|is| wanted == '?' || wanted == is) && fits_pattern(rest.as_str(), name.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fits_pattern as fits;

    #[test]
    fn a_pattern_fits_the_whole_name() {
        for (pattern, name) in [("west", "west"), ("w*", "west"), ("*", ""), ("*s?", "west"), ("é*", "été")] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("west", "west2"), ("es", "west"), ("w?", "west"), ("", "a"), ("W*", "west")] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }
}
