//! Where the token of an account is sent.

use url::{Host, Url};

use super::Account;

/// A host that is neither the service's own nor this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherHost {
    /// It, as it is looked up.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The service's own host.
    pub service_host: String,
}

impl OtherHost {
    /// What a base URL names instead of the service's default.
    pub fn from_base_url(own: &str, base_url: &Url) -> Option<Self> {
        let own = Url::parse(own).ok()?.host_str()?.to_owned();
        let loopback = match base_url.host()? {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let host = base_url.host_str()?.to_owned();
        let port = base_url.port_or_known_default().unwrap_or_default();
        (!loopback && host != own).then_some(Self { host, port, service_host: own })
    }
}

impl Account {
    /// The host that its token is sent to, where that is neither the service's own nor this machine.
    pub fn other_host(&self) -> Option<OtherHost> {
        OtherHost::from_base_url(self.service.base_url, &self.base_url)
    }
}
