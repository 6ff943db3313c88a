//! Every code that telform itself can raise: what it means, what to do, and the exit code. `docs/errors.md` is made from
//! these tables, and a test compares them with the sources in both directions.

mod files;
mod plans;
mod runs;
mod signatures;
mod steps;
mod tables;

/// One code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeEntry {
    /// As messages write it.
    pub code: &'static str,
    /// Exit code of a command that ends with it; none where it does not end the command by itself.
    pub exit: Option<u8>,
    /// What it means; empty where the plan's own message says it (`crate::plan`).
    pub means: &'static str,
    /// What to do; empty where the plan's own message says it. `{organization}` and the like mean the setting with that role.
    pub help: &'static str,
}

/// Codes of one type.
#[derive(Debug, Clone, Copy)]
pub struct CodeGroup {
    /// Heading.
    pub title: &'static str,
    /// The common part.
    pub about: &'static str,
    /// The codes.
    pub codes: &'static [CodeEntry],
}

/// All groups, in the order of the page.
pub const GROUPS: &[CodeGroup] = &[
    files::FILES,
    files::YAML,
    tables::TABLES,
    files::SECRETS,
    runs::SERVICES,
    runs::LEDGER,
    runs::JOURNAL,
    runs::COMMANDS,
    signatures::SIGNATURES,
    steps::STEPS,
    plans::GUARDS,
    plans::REFUSALS,
    plans::NOTICES,
    plans::CHECKER,
    plans::CHECKER_JOURNAL,
];

/// What is known about a code.
pub fn find_code(code: &str) -> Option<&'static CodeEntry> {
    all_codes().find(|known| known.code == code)
}

/// The codes that a text may mean: in any letter case, with underscores, hyphens, colons, dots, slashes or blanks between its
/// words, with or without its first words, or as a message quotes it. The whole code counts more than its end.
pub fn find_codes(text: &str) -> Vec<&'static CodeEntry> {
    let wanted = code_words(text);
    let wanted = match wanted.split_first() {
        // `error[telform::yaml::syntax]: …`, as a message begins.
        Some((first, rest)) if matches!(first.as_str(), "error" | "warning") && !rest.is_empty() => rest,
        _ => wanted.as_slice(),
    };
    if wanted.is_empty() {
        return Vec::new();
    }
    let fits = |whole: bool| {
        move |code: &&CodeEntry| {
            let words = code_words(code.code);
            if whole { words == wanted } else { words.ends_with(wanted) }
        }
    };
    let whole: Vec<_> = all_codes().filter(fits(true)).collect();
    match wanted {
        _ if !whole.is_empty() => whole,
        // Most codes begin so, and those of a plan do not.
        [first, rest @ ..] if first == "telform" && !rest.is_empty() => {
            all_codes().filter(|code| code_words(code.code) == rest).collect()
        }
        _ => all_codes().filter(fits(false)).collect(),
    }
}

/// The words of a code, in small letters.
fn code_words(text: &str) -> Vec<String> {
    let text = text.split_once("]").map_or(text, |(before, _)| before);
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// The codes that are spelled most like a text, the nearest first.
pub fn near_codes(text: &str, most: usize) -> Vec<&'static str> {
    let wanted = code_words(text).join(" ");
    let likeness = |code: &str| {
        let words = code_words(code);
        // Most people leave the first words out.
        let ends = (0..words.len()).map(|from| strsim::normalized_damerau_levenshtein(&words[from..].join(" "), &wanted));
        ends.fold(0.0, f64::max)
    };
    let mut near: Vec<(f64, &'static str)> = all_codes().map(|code| (likeness(code.code), code.code)).collect();
    near.retain(|(likeness, _)| *likeness > 0.6);
    near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    near.into_iter().map(|(_, code)| code).take(most).collect()
}

/// All codes.
pub fn all_codes() -> impl Iterator<Item = &'static CodeEntry> {
    GROUPS.iter().flat_map(|group| group.codes)
}

/// One row per code: the code, the exit code (`-` for none), what it means, what to do.
macro_rules! table {
    (@exit -) => { None };
    (@exit $exit:literal) => { Some($exit) };
    ($($code:literal $exit:tt $means:literal $help:literal)*) => {
        &[$($crate::model::codes::CodeEntry {
            code: $code,
            exit: $crate::model::codes::table!(@exit $exit),
            means: $means,
            help: $help,
        }),*]
    };
}
use table;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&'static str> {
        find_codes(text).iter().map(|code| code.code).collect()
    }

    #[test]
    fn a_code_is_found_in_any_spelling() {
        let max_deletes = [
            "guard::max_deletes",
            "GUARD::MAX_DELETES",
            "max_deletes",
            "Max-Deletes",
            "max deletes",
            " guard / max deletes ",
            "guard.max-deletes",
            "telform::guard::max_deletes",
        ];
        for text in max_deletes {
            assert_eq!(found(text), ["guard::max_deletes"], "{text}");
        }
        for text in
            ["telform::live::incomplete", "live::incomplete", "error[telform::live::incomplete]: a listing", "LIVE-INCOMPLETE"]
        {
            assert_eq!(found(text), ["telform::live::incomplete"], "{text}");
        }
        assert_eq!(found("telform::verify::digest"), ["telform::verify::digest"], "the whole code counts more than its end");
        let several = found("digest");
        assert!(several.len() > 1 && several.contains(&"telform::verify::journal::digest"), "{several:?}");
        for nothing in ["", "::", "deletes max", "nosuch"] {
            assert_eq!(found(nothing), [""; 0], "{nothing}");
        }
    }

    #[test]
    fn every_code_is_found_by_its_name() {
        for code in all_codes() {
            assert_eq!(find_codes(code.code), [code]);
            assert_eq!(find_codes(&code.code.to_uppercase().replace("::", " ").replace('_', "-")), [code], "{}", code.code);
        }
    }

    #[test]
    fn typing_mistakes_find_the_nearest() {
        assert_eq!(near_codes("telform::live::incompleet", 1), ["telform::live::incomplete"]);
        assert_eq!(near_codes("max-delets", 1), ["guard::max_deletes"]);
        assert_eq!(near_codes("zzzzzzzzzz", 3), [""; 0]);
    }
}
