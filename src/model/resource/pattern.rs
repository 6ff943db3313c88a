//! Addresses that a user means with `*` and `?`.

use std::fmt;

use super::Address;
use crate::text::{fits_pattern, is_pattern};

/// An address, or a pattern of addresses: `partners.west-*`, `*.acme`, `bridges.*`. Kind and name are matched each by itself, so
/// `*` in the kind never reaches into the name. A name holds neither `*` nor `?`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AddressPattern(Address);

impl AddressPattern {
    /// Reads `kind.name`.
    pub fn parse(text: &str) -> Option<Self> {
        Address::parse(text).map(Self)
    }

    /// The pattern of the kind.
    pub fn kind(&self) -> &str {
        &self.0.kind
    }

    /// The pattern of the name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The only address that it stands for; none where it holds `*` or `?`.
    pub fn as_address(&self) -> Option<&Address> {
        let holds_many = is_pattern(&self.0.kind) || is_pattern(&self.0.name);
        (!holds_many).then_some(&self.0)
    }

    /// Whether it stands for this address.
    pub fn fits(&self, address: &Address) -> bool {
        fits_pattern(&self.0.kind, &address.kind) && fits_pattern(&self.0.name, &address.name)
    }
}

impl From<Address> for AddressPattern {
    fn from(address: Address) -> Self {
        Self(address)
    }
}

impl fmt::Display for AddressPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Address {
    /// An address and an attribute, where this is a known address with the name of an attribute behind it. Names of both may have
    /// dots in them.
    pub fn split_attribute(&self, known: impl Fn(&Self) -> bool) -> Option<(Self, String)> {
        let dots = self.name.rmatch_indices('.').map(|(at, _)| (&self.name[..at], &self.name[at + 1..]));
        let name = |name: &str| name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name).to_owned();
        let mut parts = dots.map(|(before, attribute)| (Self::new(&self.kind, &name(before)), name(attribute)));
        parts.find(|(address, _)| known(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_and_name_are_matched_each_by_itself() {
        let fits = |pattern: &str, address: &str| {
            AddressPattern::parse(pattern).expect("a pattern").fits(&Address::parse(address).expect("an address"))
        };
        for (pattern, address) in [
            ("partners.west-*", "partners.west-1"),
            ("*.acme", "bridges.acme"),
            ("bridges.*", "bridges.a.b"),
            ("p*.a?", "providers.ab"),
            ("partners.a.b", "partners.a.b"),
        ] {
            assert!(fits(pattern, address), "{pattern} {address}");
        }
        for (pattern, address) in [
            ("*.acme", "bridges.x.acme"),
            ("bridges.*", "partners.bridges.a"),
            ("partners.a", "partners.ab"),
            ("*.a", "bridges.A"),
        ] {
            assert!(!fits(pattern, address), "{pattern} {address}");
        }
        assert!(AddressPattern::parse("*").is_none() && AddressPattern::parse("*.").is_none());
        let exact = AddressPattern::parse("partners.a").expect("an address");
        assert_eq!(exact.as_address(), Address::parse("partners.a").as_ref());
        assert!(AddressPattern::parse("partner?.a").is_some_and(|it| it.as_address().is_none()));
    }
}
