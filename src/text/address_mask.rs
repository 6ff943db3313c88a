//! Addresses inside texts: user information and the values of a query or a fragment are secrets until someone proves otherwise.
//! Only this module decides where they begin and end; everything that shows or keeps a text uses it.

use std::borrow::Cow;
use std::ops::Range;

/// What replaces a secret part where no print distinguishes it from another.
const HIDDEN: &str = "(hidden)";

/// How an `@` that may belong to a path is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtSignReading {
    /// By the rules of addresses: what follows the first slash is a path.
    Exact,
    /// A password that was not encoded may hold a slash: everything before the last `@` of the word counts as a login.
    Wary,
}

/// Where an address begins in a text.
struct AddressMark {
    /// First byte of `://`, `//` or `sip:`.
    begin: usize,
    /// First byte behind that.
    start: usize,
    /// The user of a telephone address is shown; only what follows its colon is secret.
    is_telephone: bool,
    /// The address is percent-encoded as a whole: `https%3A%2F%2F…`.
    is_encoded: bool,
    /// Only a scheme precedes it, so the whole text is meant to be an address.
    is_whole_text: bool,
}

/// Longest login that is looked for after a blank or a slash that should have been encoded, in bytes.
const LOGIN: usize = 128;

/// The spans of a text that hold a secret part of an address, in order. Takes linear time.
pub fn secret_parts(text: &str, reading: AtSignReading) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    if !text.bytes().any(|byte| matches!(byte, b'@' | b'?' | b'#' | b'%')) {
        return parts;
    }
    let mut next = next_mark(text, 0);
    let mut word = 0;
    while let Some(mark) = next {
        if word <= mark.start {
            let ends = |char: char| char.is_whitespace() || matches!(char, '"' | '<' | '>' | '`');
            word = text[mark.start..].find(ends).map_or(text.len(), |at| mark.start + at);
        }
        let following = next_mark(text, mark.start);
        let own = following.as_ref().map_or(word, |next| next.begin.clamp(mark.start, word));
        let rest = AddressTail { text: &text[mark.start..], mark_end: own - mark.start, word_end: word - mark.start };
        let taken = mark.start + scan_address(rest, &mark, reading, &mut parts);
        next = if following.as_ref().is_some_and(|next| next.begin < taken) { next_mark(text, taken) } else { following };
    }
    parts.retain(|part| !is_veiled(&text[part.clone()]));
    parts
}

/// What follows a mark.
#[derive(Clone, Copy)]
struct AddressTail<'a> {
    text: &'a str,
    /// As far as the next mark of the same word, or to its end.
    mark_end: usize,
    /// To the end of the word.
    word_end: usize,
}

impl AddressTail<'_> {
    /// To the end of the line, at most as far as a login may reach.
    fn line_end(self) -> usize {
        let mut chars = self.text.char_indices().take(self.word_end.max(LOGIN));
        chars.find(|(_, char)| matches!(char, '\n' | '\r')).map_or_else(
            || self.text.char_indices().nth(self.word_end.max(LOGIN)).map_or(self.text.len(), |(at, _)| at),
            |(at, _)| at,
        )
    }
}

/// A text without the secret parts of its addresses; `None` when it has none. `print` makes the replacement of each.
pub fn mask_address_secrets(text: &str, print: &dyn Fn(&str) -> String) -> Option<String> {
    let parts = secret_parts(text, AtSignReading::Exact);
    if parts.is_empty() {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for part in &parts {
        out.push_str(&text[from..part.start]);
        out.push_str(&print(&text[part.clone()]));
        from = part.end;
    }
    out.push_str(&text[from..]);
    Some(out)
}

/// The same for display only.
pub fn masked_for_display(text: &str) -> Cow<'_, str> {
    mask_address_secrets(text, &|_| HIDDEN.to_owned()).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Whether a part is already hidden: by a mark, by the mask of a secret, or by the stars of a service.
fn is_veiled(part: &str) -> bool {
    let part = part.trim_end_matches(['.', ',', ';', '\'', ']', '}', '`', '|']);
    let mark = || {
        let inner = part.strip_prefix("(hidden")?.strip_suffix(')')?;
        let print = |print: &str| print.bytes().all(|byte| byte.is_ascii_hexdigit());
        Some(inner.is_empty() || inner.strip_prefix(':').is_some_and(print))
    };
    part.chars().all(|char| matches!(char, '*' | '•' | '…')) || part == "(secret)" || mark() == Some(true)
}

fn next_mark(text: &str, from: usize) -> Option<AddressMark> {
    let bytes = text.as_bytes();
    for at in from..bytes.len() {
        let rest = &bytes[at..];
        let starts = |mark: &str| rest.len() >= mark.len() && rest[..mark.len()].eq_ignore_ascii_case(mark.as_bytes());
        let (length, telephone, coded) = match bytes[at] {
            b':' if starts("://") => (3, is_telephone(&text[..at]), false),
            // As JSON may write it.
            b':' if starts(":\\/\\/") => (5, is_telephone(&text[..at]), false),
            b':' if is_telephone(&text[..at]) => (1, true, false),
            b'%' if starts("%3A%2F%2F") => (9, is_telephone(&text[..at]), true),
            b'/' if starts("//") && is_bare(bytes, at) => (2, false, false),
            _ => continue,
        };
        let scheme = |char: char| char.is_ascii_alphanumeric() || matches!(char, '+' | '-' | '.');
        let whole = text[..at].trim_start().chars().all(scheme);
        return Some(AddressMark {
            begin: at,
            start: at + length,
            is_telephone: telephone,
            is_encoded: coded,
            is_whole_text: whole,
        });
    }
    None
}

/// Whether the scheme that ends here is one of telephony.
fn is_telephone(before: &str) -> bool {
    let word = before.rsplit(|char: char| !char.is_ascii_alphanumeric()).next().unwrap_or_default();
    word.eq_ignore_ascii_case("sip") || word.eq_ignore_ascii_case("sips")
}

/// Whether two slashes begin an address without a scheme, rather than being part of a path, a comment or a sentence.
fn is_bare(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).map(|at| bytes[at]);
    let begins = before.is_none_or(|byte| byte.is_ascii_whitespace() || b"\"'`(<=,[{>|".contains(&byte));
    begins && bytes.get(at + 2).is_some_and(|byte| !byte.is_ascii_whitespace() && *byte != b'/')
}

/// Handles the address that begins here; returns its length in the text.
fn scan_address(rest: AddressTail<'_>, mark: &AddressMark, reading: AtSignReading, parts: &mut Vec<Range<usize>>) -> usize {
    let text = rest.text;
    let mut add = |part: Range<usize>| {
        if !part.is_empty() {
            parts.push(mark.start + part.start..mark.start + part.end);
        }
    };
    if mark.is_encoded {
        // This form is not parsed into parts: everything after the question mark is hidden.
        let text = text[..rest.mark_end].to_ascii_lowercase();
        let authority = find_first_sign(&text, &["/", "?", "#", "%2f", "%3f", "%23"]).map_or(text.len(), |(at, _)| at);
        add(0..text[..authority].rfind("%40").or_else(|| text[..authority].rfind('@')).unwrap_or(0));
        let Some((at, sign)) = find_first_sign(&text, &["?", "%3f", "#", "%23"]) else {
            return rest.mark_end;
        };
        add(at + sign..rest.word_end);
        return rest.word_end;
    }
    let login =
        if mark.is_telephone { telephone_login(&text[..rest.mark_end]) } else { 0..login_end(rest, mark.is_whole_text, reading) };
    let host = login.end;
    add(login);
    let Some(query) = text[host..rest.mark_end.max(host)].find(['?', '#']) else {
        return rest.mark_end.max(host);
    };
    // Where the whole text is one address, a query that holds a blank continues to the end of the line.
    let end = if mark.is_whole_text { rest.line_end() } else { rest.word_end }.max(host + query);
    let mut at = host + query;
    let mut asked = false;
    for pair in text[at..end].split_inclusive(['&', '#']) {
        let bare = pair.trim_end_matches(['&', '#']);
        let lead = usize::from(bare.starts_with('?'));
        // A fragment names a position in a page, unless it looks like a query.
        asked |= bare.contains('?');
        let value = bare.find('=').map(|equals| equals + 1).or(asked.then_some(lead));
        if let Some(value) = value {
            add(at + value..at + bare.len());
        }
        asked &= !pair.ends_with('#');
        at += pair.len();
    }
    end
}

/// Where the user information of an address ends: before its `@`, or at 0.
fn login_end(rest: AddressTail<'_>, whole: bool, reading: AtSignReading) -> usize {
    let (text, own) = (rest.text, rest.mark_end);
    if reading == AtSignReading::Wary
        && let Some(at) = text[..own].rfind('@')
    {
        return at;
    }
    let after = |text: &str| text.find(['/', '?', '#', '\\']).unwrap_or(text.len());
    let authority = after(&text[..own]);
    let found = |text: &str| text.rfind('@').or_else(|| text.to_ascii_lowercase().rfind("%40"));
    if let Some(at) = found(&text[..authority]) {
        return at;
    }
    if authority == own && whole {
        // A quote or a bracket inside the login of a text that consists of one address.
        let line = &text[..rest.line_end()];
        let space = line.find(char::is_whitespace).unwrap_or(line.len());
        if let Some(at) = found(&line[..after(&line[..space])]) {
            return at;
        }
    }
    // A port has only digits: this is a password with characters that should have been encoded.
    let odd = text[..authority].rsplit_once(':').is_some_and(|(host, port)| {
        (!host.starts_with('[') || host.ends_with(']')) && !port.bytes().all(|byte| byte.is_ascii_digit())
    });
    if !odd {
        return 0;
    }
    text[..own].rfind('@').or_else(|| text[..rest.line_end()].find('@')).unwrap_or(0)
}

/// The password of a telephone address: `trunk:password@host`.
fn telephone_login(word: &str) -> Range<usize> {
    let Some(first) = word.find('@') else { return 0..0 };
    let headers = word[first..].find('?').map_or(word.len(), |at| first + at);
    let at = word[..headers].rfind('@').unwrap_or(first);
    word[..at].find(':').map_or(at..at, |colon| colon + 1..at)
}

/// The position of the first of these signs, and its length.
fn find_first_sign(text: &str, signs: &[&str]) -> Option<(usize, usize)> {
    signs.iter().filter_map(|sign| Some((text.find(sign)?, sign.len()))).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_show_neither_logins_nor_queries() {
        for (text, seen) in [
            ("https://u:p@a.example/x", "https://(hidden)@a.example/x"),
            ("https://token@a.example", "https://(hidden)@a.example"),
            ("https://a.example/x?k=v&m=&n=w#f", "https://a.example/x?k=(hidden)&m=&n=(hidden)#f"),
            ("https://a.example?token", "https://a.example?(hidden)"),
            (
                "see https://a@b.example/ and wss://c:d@e.example?x=1",
                "see https://(hidden)@b.example/ and wss://(hidden)@e.example?x=(hidden)",
            ),
            ("sip:trunk:pass@a.example", "sip:trunk:(hidden)@a.example"),
            ("SIPS:trunk:pa@ss@a.example;transport=tls", "SIPS:trunk:(hidden)@a.example;transport=tls"),
            ("<sip:t:p?q@a.example?Subject=x>", "<sip:t:(hidden)@a.example?Subject=(hidden)>"),
            ("https://a@b@c.example/@x", "https://(hidden)@c.example/@x"),
            ("HTTPS://u:p@[::1]:8443/x", "HTTPS://(hidden)@[::1]:8443/x"),
            ("https://[2001:db8::1]/x?k=v", "https://[2001:db8::1]/x?k=(hidden)"),
            ("//u:p@a.example/x", "//(hidden)@a.example/x"),
            ("go to //u:p@a.example", "go to //(hidden)@a.example"),
            ("https://u:p%40a.example/x", "https://(hidden)%40a.example/x"),
            ("via https%3A%2F%2Fu%3Ap%40a.example%2Fx%3Fk%3Dv", "via https%3A%2F%2F(hidden)%40a.example%2Fx%3F(hidden)"),
            ("https:\\/\\/u:p@a.example\\/x", "https:\\/\\/(hidden)@a.example\\/x"),
            ("https://a.example/cb#access_token=t&state=s", "https://a.example/cb#access_token=(hidden)&state=(hidden)"),
            ("https://a.example/#/cb?code=c", "https://a.example/#/cb?code=(hidden)"),
            ("https://u:p/q@a.example/x", "https://(hidden)@a.example/x"),
            ("https://u:p?q#r@a.example/x", "https://(hidden)@a.example/x"),
            ("https://u:p q@a.example/x", "https://(hidden)@a.example/x"),
            ("https://t\"o<k@a.example/x", "https://(hidden)@a.example/x"),
            ("https://a.example/?k=v w&n=x", "https://a.example/?k=(hidden)&n=(hidden)"),
            ("ftp+x://ü:é@a.example/ö?ä=ß", "ftp+x://(hidden)@a.example/ö?ä=(hidden)"),
            ("https://a.example,https://u:p@b.example/x,//c", "https://a.example,https://(hidden)@b.example/x,//c"),
            ("https://a.example/https://u:p@b.example", "https://a.example/https://(hidden)@b.example"),
            ("https://a.example/?next=https://u:p@b.example/x", "https://a.example/?next=(hidden)"),
            ("mongodb://u:p@a:1,b:2/?x=y", "mongodb://(hidden)@a:1,b:2/?x=(hidden)"),
        ] {
            assert_eq!(masked_for_display(text), seen, "{text}");
            assert_eq!(masked_for_display(seen), seen, "hidden once is hidden");
        }
        for text in [
            "https://a.example/@x",
            "ops@a.example",
            "why? a=b",
            "sip:trunk@a.example",
            "sip:+15550101@a.example;user=phone",
            "a:b@c",
            "",
            "https://",
            "?:@",
            "a//b@c",
            "one // ops@a.example",
            "https://[::1]:8080/@x",
            "https://a.example:8080/@x#part",
            "gossip:a:b@c",
            "100%3A",
            "sip:",
            "//",
            "https://a.example/?k=***&n=(secret)",
        ] {
            assert_eq!(masked_for_display(text), text);
        }
    }

    #[test]
    fn what_only_looks_like_a_mark_is_hidden() {
        for part in ["x(hidden:0123456789ab)", "(hidden:canary)", "(hidden)x", "*x", "(secret)x"] {
            let text = format!("https://a.example/?k={part}");
            assert_eq!(masked_for_display(&text), "https://a.example/?k=(hidden)", "{part}");
        }
    }

    #[test]
    fn long_texts_take_no_longer_than_they_must() {
        for text in ["://a:b", "https://a:b ", "//a@", "sip:a:", "%3A%2F%2Fa", "https://a/?b", ":", "https://a,"] {
            let text = text.repeat(200_000 / text.len()) + "@?";
            let begun = std::time::Instant::now();
            secret_parts(&text, AtSignReading::Exact);
            secret_parts(&text, AtSignReading::Wary);
            assert!(begun.elapsed().as_secs() < 10, "{}", &text[..20]);
        }
    }

    #[test]
    fn a_wary_reader_takes_every_at_sign_for_the_end_of_a_login() {
        let part = |text| secret_parts(text, AtSignReading::Wary).first().cloned();
        assert_eq!(part("https://u/p@a.example"), Some(8..11));
        assert_eq!(part("https://a.example/x"), None);
    }
}
