//! Where an account's token may be sent and where a ledger may be kept: both are read strictly.

use url::{Host, Url};

/// Reads a base URL, or says in one sentence why it is invalid. The sentence never repeats the text, which may hold a login.
pub(super) fn base_url(text: &str) -> Result<Url, &'static str> {
    if text.contains(|char: char| char.is_whitespace() || char.is_control() || char == '\\') {
        return Err("a base URL must not contain spaces, control characters or backslashes");
    }
    if !text.is_ascii() {
        return Err(
            "a base URL is ASCII: a host with other letters is written in its xn-- form, so that it is not mistaken for another",
        );
    }
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('%') {
        return Err("a host is written as it is: without percent-encoding, and an address without a zone");
    }
    let mut url = Url::parse(text).map_err(|_| "this is not an absolute URL")?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("a base URL begins with https:// and a host");
    }
    if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
        return Err("a base URL must not contain a login");
    }
    let port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let host = authority.rsplit_once(':').filter(|(_, end)| port(end)).map_or(authority, |(host, _)| host);
    if host.ends_with('.') {
        return Err("a host must not end with a dot: that would be a second name of the same host");
    }
    // An address with colons has several usual spellings; any other host has one.
    if !host.starts_with('[') && !url.host_str().is_some_and(|read| read.eq_ignore_ascii_case(host)) {
        return Err("a host is written as it is looked up: https:// and a name, or four decimal numbers");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("a base URL must not have a query or a fragment");
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err("http is for loopback only (localhost, 127.0.0.0/8, [::1]); the token would travel in clear");
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether a path in YAML names a JSON file below the folder of its file, and not a file that a shell or another program
/// reads automatically: the author of a change under review must not choose which file of the machine is written.
pub(super) fn stays_below(path: &str) -> bool {
    let plain = |part: &str| !part.starts_with(['.', '~']) || matches!(part, "." | ".telform");
    path.ends_with(".json") && !path.contains(['\\', ':']) && path.split('/').all(|part| !part.is_empty() && plain(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_ones() {
        for (text, read) in [
            ("https://unpod.ai/api/v2/platform/", "https://unpod.ai/api/v2/platform"),
            ("http://localhost:8080", "http://localhost:8080/"),
            ("HTTPS://UNPOD.AI:443/x", "https://unpod.ai/x"),
            ("https://xn--80ak6aa92e.com", "https://xn--80ak6aa92e.com/"),
            ("https://192.0.2.1:8443/x", "https://192.0.2.1:8443/x"),
            ("http://127.9.9.9/x//", "http://127.9.9.9/x"),
            ("http://[::1]:1/x", "http://[::1]:1/x"),
        ] {
            assert_eq!(base_url(text).unwrap().as_str(), read);
        }
    }

    #[test]
    fn bad_ones() {
        for text in [
            "http://unpod.ai",
            "ftp://localhost",
            "https://",
            "unpod.ai",
            "https://a:b@c",
            "https://a@c",
            "https://c/?x=1",
            "https://c/#x",
            "https://c/?",
            "http://localhost.example",
            "http://128.0.0.1",
            "https:\\\\c",
            "https://c/ x",
            "",
            "file:///etc",
            "https://c/@x",
            "https://c\u{430}rrierx.example",
            "https://unpod.ai/\u{fc}",
            "https://[::1",
            "https://unpod.ai\u{ff0e}example",
            "https://unpod\u{3002}ai",
            "https://\u{ff55}npod.ai",
            "https://unpod%2Eai",
            "https://%75npod.ai",
            "https://[fe80::1%25eth0]/",
            "https://unpod.ai./x",
            "https://unpod.ai.:443/x",
            "https://2130706433/x",
            "https://0x7f000001/x",
            "https://0177.0.0.1/x",
            "https://127.1/x",
            "http://0x7f.1",
            "https:unpod.ai",
            "https:/unpod.ai",
            "https:///unpod.ai",
            "https://unpod.ai\\@c",
            "https://user@c",
            "https://:@c",
            "https://@c",
            "https://xn--a",
        ] {
            assert!(base_url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_ledger_in_yaml_stays_below_its_folder() {
        for path in [".telform/ledger.json", "west.json", "./state/west.json", ".telform/a/b.json"] {
            assert!(stays_below(path), "{path}");
        }
        for path in [
            "../../.profile",
            "../x.json",
            "a/../../x.json",
            "/etc/x.json",
            "~/x.json",
            ".git/x.json",
            ".json",
            "x.yaml",
            "x",
            ".telform",
            "a//x.json",
            "a\\x.json",
            "C:x.json",
        ] {
            assert!(!stays_below(path), "{path}");
        }
    }
}
