//! Objects of a kind, for people.

use crate::services;

/// The name of a kind for this number of objects; kinds are named in the plural.
pub(crate) fn plural_kind(count: usize, kind: &str) -> &str {
    if count == 1 { kind.strip_suffix('s').unwrap_or(kind) } else { kind }
}

/// Objects of a kind for people: `1 phone number`, `2 phone numbers`.
pub(crate) fn count_of_kind(count: usize, kind: &str) -> String {
    format!("{count} {}", kind_in_words(count, kind))
}

/// The name of a kind for people: `phone number` for one of the `phone_numbers`, with the capitals that its table has. A kind may be
/// named after a part of the word that its table has.
pub(crate) fn kind_in_words(count: usize, kind: &str) -> String {
    let (plain, singular) = (plural_kind(count, kind).replace('_', " "), services::singular(kind));
    let is_other_word = singular != kind && singular.ends_with('s');
    let ending = match count {
        1 => "",
        _ if is_other_word => "es",
        _ => "s",
    };
    let written = format!("{singular}{ending}");
    if is_other_word || written.to_lowercase() == plain { written } else { plain }
}
