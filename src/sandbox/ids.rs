//! Values that the services generate: sids, slugs, tokens, times.
//!
//! They look random and are not: the same world gives the same names to the same requests, so a failed test can be
//! run again, and a saved world continues where it stopped.

use jiff::Timestamp;
use uuid::Uuid;

use super::world::Partner;

/// A well mixed number for each `(kind, n)`; the constants are those of the public splitmix64 generator.
fn mix_bits(kind: u64, n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(kind.rotate_left(32));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn letters(mut number: u64, alphabet: &[u8], count: usize) -> String {
    let base = alphabet.len() as u64;
    let mut text = String::with_capacity(count);
    for _ in 0..count {
        let index = usize::try_from(number % base).unwrap_or_default();
        text.push(char::from(alphabet[index]));
        number /= base;
    }
    text
}

/// Gives a new partner its sid and display id: a UUID v4 and `CX` with eight digits (`api/carrierx.md`, section 11, 3).
pub(super) fn name_partner(partner: &mut Partner, next: &mut u64) {
    let n = *next;
    *next += 1;
    partner.fields.insert("partner_sid".into(), sid(1, n).into());
    if !partner.fields.contains_key("display_id") {
        partner.fields.insert("display_id".into(), format!("CX{:08}", (10_000_000 + n) % 100_000_000).into());
    }
}

/// A UUID v4 for the n-th thing of a kind.
pub(super) fn sid(kind: u64, n: u64) -> String {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&mix_bits(kind, n).to_be_bytes());
    bytes[8..].copy_from_slice(&mix_bits(kind + 0x5EED, n).to_be_bytes());
    uuid::Builder::from_random_bytes(bytes).into_uuid().hyphenated().to_string()
}

/// Whether a text is a sid at all.
pub(super) fn is_sid(text: &str) -> bool {
    Uuid::try_parse(text).is_ok()
}

/// A bridge's slug: the name made plain, a hyphen, eight lowercase letters or digits (`api/unpod.md`, section 6.2).
pub(super) fn slug(name: &str, bridge: u64) -> String {
    let tail = letters(mix_bits(2, bridge), b"abcdefghijklmnopqrstuvwxyz0123456789", 8);
    let plain = plain(name);
    if plain.is_empty() { tail } else { format!("{plain}-{tail}") }
}

/// Twenty capital letters and digits, as organizations of generation 1 show them.
pub(super) fn organization_token(organization: u64) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    letters(mix_bits(3, organization), ALPHABET, 10) + &letters(mix_bits(4, organization), ALPHABET, 10)
}

/// Letters, digits and underscores, everything else one hyphen; accents of western Europe are dropped, other scripts
/// are dropped (recorded: `19-bridge-slugs`).
fn plain(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        match unaccented(c) {
            c if c.is_ascii_alphanumeric() || c == '_' => text.push(c),
            c if (c.is_whitespace() || c == '-') && !text.ends_with('-') => text.push('-'),
            _ => {}
        }
    }
    text.trim_matches(['-', '_']).to_owned()
}

fn unaccented(c: char) -> char {
    match c {
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' => 'o',
        'ù'..='ü' => 'u',
        'ý' | 'ÿ' => 'y',
        other => other,
    }
}

/// `2026-02-07T10:00:00Z`, as Unpod writes times (`api/unpod.md`, section 5.1).
pub(super) fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-02-07T10:00:00.000Z`, as CarrierX writes times (`api/carrierx.md`, section 4.1).
pub(super) fn milliseconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
