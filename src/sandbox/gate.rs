//! Access control: a client must know the token in the URL, use the server's own address, and not be a web page.
//!
//! Every local user can connect to a port of the loopback interface, and every page in a browser can make it connect. What the
//! simulator holds may be a copy of a real account.

use std::net::SocketAddr;

use axum::http::{HeaderMap, Uri, header};
use serde_json::json;

use super::answer::SandboxResponse;

/// What every request must show.
pub(super) struct RequestGate {
    address: SocketAddr,
    /// `/TOKEN`: 32 hexadecimal digits, 122 of their bits from the system's random source.
    mount: String,
}

impl RequestGate {
    /// A gate with its own token.
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address, mount: format!("/{}", uuid::Uuid::new_v4().simple()) }
    }

    /// The prefix of every path.
    pub(super) fn mount(&self) -> &str {
        &self.mount
    }

    /// The path after the token, or the answer to a request that must not be processed further.
    pub(super) fn admit<'a>(&self, uri: &'a Uri, headers: &HeaderMap) -> Result<&'a str, SandboxResponse> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok());
        let named = uri.authority().is_none_or(|authority| self.is_own(authority.as_str()));
        if !host.is_some_and(|host| self.is_own(host)) || hosts.next().is_some() || !named {
            return Err(refused("the Host header does not name the address that the sandbox listens on"));
        }
        if headers.contains_key(header::ORIGIN) {
            return Err(refused("the request has an Origin header, and the sandbox serves no web page"));
        }
        let path = uri.path();
        let (shown, rest) = path.split_at_checked(self.mount.len()).unwrap_or((path, ""));
        if !constant_time_eq(shown.as_bytes(), self.mount.as_bytes()) || !rest.starts_with('/') {
            return Err(refused("the URL lacks the token that the sandbox printed in its addresses"));
        }
        Ok(rest)
    }

    /// The address, or the name that every system has for it. A web page whose own host name resolves here is detected by that
    /// name.
    fn is_own(&self, host: &str) -> bool {
        host == self.address.to_string() || host == format!("localhost:{}", self.address.port())
    }
}

/// Whether two texts are equal, in constant time.
fn constant_time_eq(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

fn refused(why: &str) -> SandboxResponse {
    SandboxResponse::json(403, json!({"message": why}))
}
