//! Countries by ISO 3166-1 alpha-3, and the code that another word probably means.

use celes::Country;

/// Names of countries that are in wide use and not in the standard: reserved codes, codes of sports and of number plates, and
/// common names.
const OTHERS: [(&str, &str); 36] = [
    ("uk", "GBR"),
    ("el", "GRC"),
    ("eng", "GBR"),
    ("sco", "GBR"),
    ("wal", "GBR"),
    ("ger", "DEU"),
    ("deutschland", "DEU"),
    ("sui", "CHE"),
    ("ned", "NLD"),
    ("hol", "NLD"),
    ("thenetherlands", "NLD"),
    ("den", "DNK"),
    ("por", "PRT"),
    ("gre", "GRC"),
    ("cro", "HRV"),
    ("slo", "SVN"),
    ("bul", "BGR"),
    ("lat", "LVA"),
    ("rsa", "ZAF"),
    ("uae", "ARE"),
    ("ksa", "SAU"),
    ("chi", "CHL"),
    ("uru", "URY"),
    ("par", "PRY"),
    ("crc", "CRI"),
    ("gua", "GTM"),
    ("hon", "HND"),
    ("phi", "PHL"),
    ("mas", "MYS"),
    ("ina", "IDN"),
    ("vie", "VNM"),
    ("tpe", "TWN"),
    ("iri", "IRN"),
    ("alg", "DZA"),
    ("ngr", "NGA"),
    ("españa", "ESP"),
];

/// Whether the standard has this code. Codes that begin with X are reserved for private use, and services need not know them.
pub(super) fn is_alpha3(text: &str) -> bool {
    !text.starts_with('X') && Country::from_alpha3(text).is_ok_and(|country| country.alpha3 == text)
}

/// The code of the country that a word probably means.
pub(super) fn guess_country_code(text: &str) -> Option<&'static str> {
    let word: String = text.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if let Some((_, code)) = OTHERS.iter().find(|(other, _)| *other == word) {
        return Some(code);
    }
    let by_code = || word.parse::<Country>().ok().filter(|_| !word.is_empty());
    let found = by_code().or_else(|| {
        let named = |country: &&Country| {
            let name: String = country.long_name.chars().filter(|char| char.is_alphanumeric()).collect();
            strsim::normalized_damerau_levenshtein(&name.to_lowercase(), &word) > 0.8
        };
        Country::get_countries().iter().filter(|_| word.chars().count() > 4).find(named).copied()
    });
    found.map(|country| country.alpha3).filter(|code| is_alpha3(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_other_word_leads_to_a_code() {
        for (word, code) in OTHERS {
            assert!(is_alpha3(code) && !is_alpha3(word) && !is_alpha3(&word.to_uppercase()), "{word}");
        }
    }

    #[test]
    fn suggestions() {
        for (text, code) in [
            ("US", "USA"),
            ("u.s.a.", "USA"),
            ("United States", "USA"),
            ("840", "USA"),
            ("Great Britain", "GBR"),
            ("FR", "FRA"),
            ("aut", "AUT"),
            ("Switzerland", "CHE"),
            ("Germny", "DEU"),
            ("Deutschland", "DEU"),
        ] {
            assert_eq!(guess_country_code(text), Some(code), "{text}");
        }
        for text in ["", "XXX", "XKX", "QQ", "Acme", "Atlantis", "1"] {
            assert_eq!(guess_country_code(text), None, "{text}");
        }
    }
}
