//! The pages about the services in `docs/services/`: where a citation such as `unpod.md 6.2` leads.

macro_rules! pages {
    ($($name:ident)*) => {
        &[$((concat!(stringify!($name), ".md"), include_str!(concat!("../../../docs/services/", stringify!($name), ".md")))),*]
    };
}

/// The pages, by the name that citations use.
const PAGES: &[(&str, &str)] = services!(pages);

/// A citation as a link from a page beside `docs/services/`: `unpod.md 6.2, 12` links its section 6.2. A citation without a
/// matching page or section is left unchanged; a test proves that none exists.
pub fn link_citation(citation: &str) -> String {
    let link = || {
        let (page, rest) = citation.split_once(' ')?;
        let (_, text) = PAGES.iter().find(|(name, _)| *name == page)?;
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        let (section, rest) = rest.split_at(end);
        let heading = text
            .lines()
            .filter(|line| line.starts_with('#'))
            .map(|line| line.trim_start_matches(['#', ' ']))
            .find(|heading| heading.split(' ').next().is_some_and(|first| first.trim_end_matches('.') == section))?;
        Some(format!("[{page} {section}](../services/{page}#{}){rest}", heading_anchor(heading)))
    };
    link().unwrap_or_else(|| citation.to_owned())
}

/// The anchor of a heading, as forges and mdBook generate it.
fn heading_anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter.to_ascii_lowercase() }).collect()
}
