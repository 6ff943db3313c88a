//! Texts with placeholders: `acme-${code}`, `${code|upper}`, and `$${` for a literal `${`.

use smol_str::SmolStr;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What a placeholder does to its cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextFormat {
    /// Nothing.
    AsIs,
    /// Capital letters.
    Upper,
    /// Small letters.
    Lower,
    /// Small letters and digits without accents, in groups joined by single `-`.
    Slug,
}

/// The formats by their names.
pub(super) const FORMATS: [(&str, TextFormat); 3] =
    [("upper", TextFormat::Upper), ("lower", TextFormat::Lower), ("slug", TextFormat::Slug)];

impl TextFormat {
    /// A cell in this format.
    pub(super) fn apply(self, cell: &str) -> SmolStr {
        match self {
            Self::AsIs => cell.into(),
            Self::Upper => cell.to_uppercase().into(),
            Self::Lower => cell.to_lowercase().into(),
            Self::Slug => slug(cell).into(),
        }
    }
}

fn slug(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.nfkd().filter(|char| !is_combining_mark(*char)) {
        if char.is_ascii_alphanumeric() {
            out.push(char.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.truncate(out.trim_end_matches('-').len());
    out
}

/// A piece of a text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TextPart<C> {
    /// Taken as it is.
    Literal(SmolStr),
    /// Filled in from a column.
    Placeholder(C, TextFormat),
}

/// A text with placeholders, or with the mark of a literal `${`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextTemplate<C> {
    /// In order.
    pub(super) parts: Vec<TextPart<C>>,
    /// Whether a `${` in the result is meant as it is.
    pub(super) has_literal_mark: bool,
}

/// Why a text cannot be read as a template.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TemplateFault<'a> {
    /// A placeholder without its end.
    Unclosed,
    /// A placeholder that names no column.
    Unnamed,
    /// A format that does not exist.
    Format(&'a str),
}

/// Reads a text; none where it has neither a placeholder nor the mark of one.
pub(super) fn parse_template(text: &str) -> Result<Option<TextTemplate<&str>>, TemplateFault<'_>> {
    if !text.contains("${") {
        return Ok(None);
    }
    let (mut parts, mut literal, mut marked, mut rest) = (Vec::new(), String::new(), false, text);
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            literal.push_str(&rest[..at - 1]);
            literal.push_str("${");
            marked = true;
            rest = &rest[at + 2..];
            continue;
        }
        literal.push_str(&rest[..at]);
        let inside = &rest[at + 2..];
        let end = inside.find('}').ok_or(TemplateFault::Unclosed)?;
        let (name, format) = match inside[..end].split_once('|') {
            Some((name, format)) => {
                let named = FORMATS.iter().find(|(known, _)| *known == format.trim());
                (name, named.ok_or(TemplateFault::Format(format.trim()))?.1)
            }
            None => (&inside[..end], TextFormat::AsIs),
        };
        let name = name.trim();
        if name.is_empty() {
            return Err(TemplateFault::Unnamed);
        }
        if !literal.is_empty() {
            parts.push(TextPart::Literal(std::mem::take(&mut literal).into()));
        }
        parts.push(TextPart::Placeholder(name, format));
        rest = &inside[end + 1..];
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(TextPart::Literal(literal.into()));
    }
    Ok(Some(TextTemplate { parts, has_literal_mark: marked }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<TextPart<&str>> {
        parse_template(text).unwrap().unwrap().parts
    }

    #[test]
    fn placeholders_formats_and_literal_marks() {
        let literal = |text: &str| TextPart::Literal(text.into());
        assert_eq!(parse_template("acme $ {x} $(y)"), Ok(None));
        assert_eq!(parts("${ Company Name }"), [TextPart::Placeholder("Company Name", TextFormat::AsIs)]);
        assert_eq!(
            parts("a-${x|upper}-${y | slug}z"),
            [
                literal("a-"),
                TextPart::Placeholder("x", TextFormat::Upper),
                literal("-"),
                TextPart::Placeholder("y", TextFormat::Slug),
                literal("z"),
            ]
        );
        assert_eq!(parts("$${x} $$${y}"), [literal("${x} $${y}")]);
        assert_eq!(parts("$5 ${x}"), [literal("$5 "), TextPart::Placeholder("x", TextFormat::AsIs)]);
        assert!(parse_template("$${").unwrap().unwrap().has_literal_mark);
        for (text, fault) in [
            ("${x", TemplateFault::Unclosed),
            ("${ }", TemplateFault::Unnamed),
            ("${|upper}", TemplateFault::Unnamed),
            ("${x|title}", TemplateFault::Format("title")),
            ("${x|upper|slug}", TemplateFault::Format("upper|slug")),
        ] {
            assert_eq!(parse_template(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn formats() {
        for (cell, upper, lower, slug) in [
            ("West 1", "WEST 1", "west 1", "west-1"),
            ("Müller & Söhne", "MÜLLER & SÖHNE", "müller & söhne", "muller-sohne"),
            ("–", "–", "–", ""),
        ] {
            assert_eq!(TextFormat::Upper.apply(cell), upper);
            assert_eq!(TextFormat::Lower.apply(cell), lower);
            assert_eq!(TextFormat::Slug.apply(cell), slug);
        }
    }
}
