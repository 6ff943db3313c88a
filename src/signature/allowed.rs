//! Whose signatures are valid: the file of allowed signers, in the format of `ssh-keygen` (ALLOWED SIGNERS in its manual page).

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use ssh_key::PublicKey;
use ssh_key::public::KeyData;

use super::{SignatureNamespace, check_strength};
use crate::text::fits_pattern;

/// Why a file of allowed signers cannot be used. It is refused whole: a line that is not understood may be one that narrows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct SignersError {
    /// Line of the file, from 1.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

/// Why the signature of a key is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// No line has the key.
    #[error("no line of the allowed signers has its key")]
    Unknown,
    /// Lines list it for a different purpose.
    #[error("the allowed signers have its key for other namespaces only")]
    Namespace,
    /// It is valid only from a later time on.
    #[error("its key is valid only from {0} on")]
    NotYet(Timestamp),
    /// It was valid until then.
    #[error("its key was valid only until {0}")]
    Expired(Timestamp),
}

impl NotAllowed {
    /// Code, such as `telform::signature::unknown_signer`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown | Self::Namespace => "telform::signature::unknown_signer",
            Self::NotYet(_) | Self::Expired(_) => "telform::signature::key_expired",
        }
    }
}

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedSigner {
    /// The owner of the key: names, or patterns of names, separated by commas.
    pub principals: String,
    namespaces: Option<String>,
    after: Option<Timestamp>,
    before: Option<Timestamp>,
    key: KeyData,
}

/// The file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedSigners(Vec<AllowedSigner>);

impl AllowedSigners {
    /// Reads it. Times without a `Z` are in this zone.
    pub fn read(text: &str, zone: &TimeZone) -> Result<Self, SignersError> {
        let mut signers = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let signer = parse_line(line, zone).map_err(|why| SignersError { line: index + 1, why })?;
            signers.push(signer);
        }
        if signers.is_empty() {
            return Err(SignersError { line: 1, why: "no line of the file names a signer".to_owned() });
        }
        Ok(Self(signers))
    }

    /// The line that lets a key sign for something at a time.
    pub fn find_allowed(
        &self,
        key: &KeyData,
        namespace: SignatureNamespace,
        at: Timestamp,
    ) -> Result<&AllowedSigner, NotAllowed> {
        let mut why = NotAllowed::Unknown;
        for signer in self.0.iter().filter(|signer| signer.key == *key) {
            match signer.check_allowed(namespace, at) {
                Ok(()) => return Ok(signer),
                Err(other) => why = other,
            }
        }
        Err(why)
    }
}

impl AllowedSigner {
    fn check_allowed(&self, namespace: SignatureNamespace, at: Timestamp) -> Result<(), NotAllowed> {
        if self.namespaces.as_ref().is_some_and(|list| !fits_list(list, namespace.as_str())) {
            return Err(NotAllowed::Namespace);
        }
        if let Some(after) = self.after.filter(|after| at < *after) {
            return Err(NotAllowed::NotYet(after));
        }
        if let Some(before) = self.before.filter(|before| at > *before) {
            return Err(NotAllowed::Expired(before));
        }
        Ok(())
    }

    /// Whether a name belongs to this signer.
    pub fn is_called(&self, name: &str) -> bool {
        fits_list(&self.principals, name)
    }
}

/// Matches a list of patterns like OpenSSH: one matches, and none that begins with `!` does.
fn fits_list(list: &str, name: &str) -> bool {
    let mut fits = false;
    for pattern in list.split(',') {
        match pattern.strip_prefix('!') {
            Some(denied) if fits_pattern(denied, name) => return false,
            Some(_) => {}
            None => fits |= fits_pattern(pattern, name),
        }
    }
    fits
}

/// One line: principals, perhaps options, the key.
fn parse_line(line: &str, zone: &TimeZone) -> Result<AllowedSigner, String> {
    let (principals, rest) = split_first_word(line)?;
    if principals.is_empty() {
        return Err("it does not name a principal".to_owned());
    }
    let mut signer = AllowedSigner {
        principals: principals.to_owned(),
        namespaces: None,
        after: None,
        before: None,
        key: KeyData::Ed25519(ssh_key::public::Ed25519PublicKey([0; 32])),
    };
    let key = match PublicKey::from_openssh(rest) {
        Ok(key) => key,
        Err(_) => {
            let (options, key) = options_end(rest)?;
            signer.take(options, zone)?;
            PublicKey::from_openssh(key)
                .map_err(|_| "what follows the principals and options is not a public key that is known here".to_owned())?
        }
    };
    check_strength(key.key_data())?;
    signer.key = key.key_data().clone();
    if let (Some(after), Some(before)) = (signer.after, signer.before)
        && before <= after
    {
        return Err("valid-before is not after valid-after".to_owned());
    }
    Ok(signer)
}

impl AllowedSigner {
    fn take(&mut self, options: &str, zone: &TimeZone) -> Result<(), String> {
        for option in split_options(options)? {
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name.to_ascii_lowercase(), Some(value)),
                None => (option.to_ascii_lowercase(), None),
            };
            let quoted = || {
                let inner = value.and_then(|value| value.strip_prefix('"')?.strip_suffix('"'));
                let inner = inner.filter(|inner| !inner.is_empty());
                inner.ok_or_else(|| format!("the value of `{name}` has to be in double quotes: {name}=\"…\""))
            };
            let twice = match name.as_str() {
                "namespaces" => self.namespaces.replace(quoted()?.to_owned()).is_some(),
                "valid-after" => self.after.replace(parse_time(quoted()?, zone)?).is_some(),
                "valid-before" => self.before.replace(parse_time(quoted()?, zone)?).is_some(),
                "cert-authority" => {
                    return Err("`cert-authority` is not supported: certificates are not checked here; name the keys themselves"
                        .to_owned());
                }
                _ if name.starts_with("aaaa") => {
                    return Err(
                        "it begins with a public key; a line of this file begins with who may sign: NAME KEYTYPE KEY".to_owned()
                    );
                }
                _ => return Err(format!("the option `{name}` is not known here")),
            };
            if twice {
                return Err(format!("the option `{name}` appears there twice"));
            }
        }
        Ok(())
    }
}

/// The first word, which may be in double quotes, and the rest.
fn split_first_word(line: &str) -> Result<(&str, &str), String> {
    let (word, rest) = match line.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or("a double quote is not closed")?,
        None => line.split_once([' ', '\t']).unwrap_or((line, "")),
    };
    Ok((word, rest.trim_start()))
}

/// Options up to the first blank outside of quotes, and the rest.
fn options_end(text: &str) -> Result<(&str, &str), String> {
    let mut quoted = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            ' ' | '\t' if !quoted => return Ok((&text[..at], text[at..].trim_start())),
            _ => {}
        }
    }
    Err("it does not contain a key".to_owned())
}

fn split_options(text: &str) -> Result<Vec<&str>, String> {
    let (mut found, mut quoted, mut start) = (Vec::new(), false, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    if quoted { Err("a double quote is not closed".to_owned()) } else { Ok(found) }
}

/// `YYYYMMDD[Z]`, `YYYYMMDDHHMM[Z]`, `YYYYMMDDHHMMSS[Z]`.
fn parse_time(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    let wrong = || format!("`{text}` is not a time: YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with Z for UTC");
    let (digits, zone) = match text.strip_suffix(['Z', 'z']) {
        Some(digits) => (digits, &TimeZone::UTC),
        None => (text, zone),
    };
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let part =
        |at: usize, length: usize| -> i16 { digits.get(at..at + length).and_then(|part| part.parse().ok()).unwrap_or_default() };
    let small = |at: usize| i8::try_from(part(at, 2)).unwrap_or_default();
    let date = civil::Date::new(part(0, 4), small(4), small(6)).map_err(|_| wrong())?;
    let time = civil::Time::new(small(8), small(10), small(12), 0).map_err(|_| wrong())?;
    let zoned = DateTime::from_parts(date, time).to_zoned(zone.clone()).map_err(|_| wrong())?;
    Ok(zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The boundaries of validity periods, which `ssh-keygen` shows only when their time comes.
    #[test]
    fn times_are_those_of_the_zone_or_of_utc() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        for (text, means) in [
            ("20260301", "2026-02-28T22:00:00Z"),
            ("20260301Z", "2026-03-01T00:00:00Z"),
            ("202603011530", "2026-03-01T13:30:00Z"),
            ("20260301153045Z", "2026-03-01T15:30:45Z"),
        ] {
            assert_eq!(parse_time(text, &zone), Ok(means.parse().expect("a time")), "{text}");
        }
        for text in ["", "Z", "2026", "20261301", "20260230", "2026030125", "202603012500", "2026-03-01", "+2026030"] {
            assert!(parse_time(text, &zone).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_counts_from_its_first_to_its_last_second() {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFmpkcxB9GmCVOTDuLZLYp7I5s0LPdXPKSoKBlqDDdFm";
        let line = format!("ann valid-after=\"20260301Z\",valid-before=\"20260401Z\" {key}");
        let signers = AllowedSigners::read(&line, &TimeZone::UTC).expect("a line");
        let data = signers.0[0].key.clone();
        let at = |time: &str| signers.find_allowed(&data, SignatureNamespace::Plan, time.parse().expect("a time")).map(|_| ());
        assert!(matches!(at("2026-02-28T23:59:59Z"), Err(NotAllowed::NotYet(_))));
        assert_eq!(at("2026-03-01T00:00:00Z"), Ok(()));
        assert_eq!(at("2026-04-01T00:00:00Z"), Ok(()));
        assert!(matches!(at("2026-04-01T00:00:01Z"), Err(NotAllowed::Expired(_))));
    }

    #[test]
    fn a_line_that_says_something_twice_or_names_a_weak_key_is_refused() {
        let strong = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFmpkcxB9GmCVOTDuLZLYp7I5s0LPdXPKSoKBlqDDdFm";
        for (line, why) in [
            (format!("ann namespaces=\"a\",namespaces=\"b\" {strong}"), "appears there twice"),
            (format!("ann valid-after=\"20260301Z\",valid-after=\"20260302Z\" {strong}"), "appears there twice"),
            (format!("ann {}", super::super::WEAK_KEY), "is too short"),
        ] {
            let error = AllowedSigners::read(&line, &TimeZone::UTC).expect_err("refused");
            assert!(error.why.contains(why), "{line}: {error}");
        }
    }

    #[test]
    fn a_name_that_is_denied_fits_no_list() {
        for (list, name, fits) in [
            ("ann", "ann", true),
            ("ann,bob", "bob", true),
            ("*@x", "ann@x", true),
            ("*@x,!eve@x", "eve@x", false),
            ("!eve@x,*", "ann@x", true),
            ("!eve@x", "ann@x", false),
            ("Ann", "ann", false),
        ] {
            assert_eq!(fits_list(list, name), fits, "{list} {name}");
        }
    }
}
