//! Base URLs: where the account's token goes, so they are read strictly.

use url::{Host, Url};

/// Reads a base URL, or says in one sentence why it is none. The sentence never repeats the text, which may hold a login.
pub(super) fn base_url(text: &str) -> Result<Url, &'static str> {
    if text.contains(|char: char| char.is_whitespace() || char.is_control() || char == '\\') {
        return Err("a base URL holds no spaces, control characters or backslashes");
    }
    let mut url = Url::parse(text).map_err(|_| "this is no absolute URL")?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("a base URL begins with https:// and a host");
    }
    if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
        return Err("a base URL holds no login");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("a base URL has no query and no fragment");
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(
            "http is for loopback only (localhost, 127.0.0.0/8, [::1]); the token would travel in clear",
        );
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_ones() {
        for (text, read) in [
            ("https://unpod.ai/api/v2/platform/", "https://unpod.ai/api/v2/platform"),
            ("http://localhost:8080", "http://localhost:8080/"),
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
        ] {
            assert!(base_url(text).is_err(), "{text}");
        }
    }
}
