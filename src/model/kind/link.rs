//! The words for connections between objects.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Map;

use super::{id_of, text_of};
use crate::model::call::RequestMethod;
use crate::model::resource::{Address, ServedBy};
use crate::model::value::Value;
use crate::text;

/// The three roles of linked objects: a holder lists members, and a target serves each of them. A member may be its own holder.
#[derive(Debug, PartialEq, Eq)]
pub struct LinkRoles {
    /// Kind of the holders: `bridges`.
    pub holder: &'static str,
    /// Attribute in which a holder lists its members, and the word for them: `numbers`. Where a member is its own holder, the
    /// attribute in which it says what serves it.
    pub members: &'static str,
    /// Kinds of the targets: `providers`. Where there are several, a member names the id alone: no two of them share one.
    pub targets: &'static [&'static str],
    /// What messages call a target of whatever kind, where there are several; none: the word for the one kind.
    pub target: Option<&'static str>,
    /// Whether objects of kinds that are not read may serve members, too.
    pub served_by_others: bool,
    /// The words for links that are entries of their own, beside their holder; none where a member is an object itself.
    pub entry: Option<&'static LinkEntry>,
}

impl LinkRoles {
    /// Roles in which the targets are of these kinds and nothing else serves a member; the builders below say what differs.
    pub const fn new(holder: &'static str, members: &'static str, targets: &'static [&'static str]) -> Self {
        Self { holder, members, targets, target: None, served_by_others: false, entry: None }
    }

    /// What messages call a target of whatever kind.
    pub const fn target_called(mut self, word: &'static str) -> Self {
        self.target = Some(word);
        self
    }

    /// Objects of kinds that are not read may serve members, too.
    pub const fn served_by_others(mut self) -> Self {
        self.served_by_others = true;
        self
    }

    /// Links are entries of their own, in these words.
    pub const fn entry(mut self, entry: &'static LinkEntry) -> Self {
        self.entry = Some(entry);
        self
    }

    /// Whether objects of this kind serve members.
    pub fn is_target(&self, kind: &str) -> bool {
        self.targets.contains(&kind)
    }

    /// The kinds of both ends.
    pub fn ends(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.holder).chain(self.targets.iter().copied())
    }

    /// What the YAML calls a target: its name, or its address where there are several kinds.
    pub fn name_of<'a>(&self, target: &'a Address) -> Cow<'a, str> {
        match self.targets {
            [_, _, ..] => Cow::Owned(target.to_string()),
            _ => Cow::Borrowed(target.name.as_ref()),
        }
    }
}

/// What messages call linked objects, in the words of the service's own kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkWords {
    /// One holder: `bridge`.
    pub holder: &'static str,
    /// One target: `provider configuration`.
    pub target: &'static str,
}

/// A link that is an entry of its own: `numbers."+14155550101": { bridge: sales, provider: main }`. It owns the link of one member,
/// and nothing else of its holder.
#[derive(Debug, PartialEq, Eq)]
pub struct LinkEntry {
    /// The key in the YAML and the first part of an address, which no kind has: `numbers`.
    pub kind: &'static str,
    /// One of them: `number`.
    pub singular: &'static str,
    /// Key of the holder's address: `bridge`.
    pub holder: &'static str,
    /// Key of the target's address: `provider`.
    pub target: &'static str,
}

/// The requests that make and cut a link. Paths are below the base URL; `{id}` is the holder's identity.
#[derive(Debug, Clone, Copy)]
pub enum LinkRequests {
    /// A POST below the holder for each.
    PostToHolder {
        /// Path of the POST that links a member to a target.
        connect: &'static str,
        /// Path of the POST that takes a member off its target.
        disconnect: &'static str,
        /// How the body names the member.
        number: NumberParameter,
        /// Who serves each member of a holder, as the holder's own row says.
        served_by: ReadServedBy,
    },
    /// A PATCH of the member, which names its target in one field. The member is an object of its own, declared like any other:
    /// it is its own holder and holds itself. The new target takes the place of the earlier one, so a move is one request and
    /// the member is served throughout; null takes it off its target, or an empty text.
    PatchMember {
        /// Path of the member.
        path: &'static str,
        /// Attribute of the member that names it: its number.
        number: &'static str,
        /// What takes it off its target, unless a setting of the account says otherwise ([`SettingRole::Detach`]).
        ///
        /// [`SettingRole::Detach`]: super::SettingRole::Detach
        detach: Detach,
    },
}

/// The value that takes a member off its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detach {
    /// Null.
    Null,
    /// An empty text.
    Empty,
}

impl Detach {
    /// As a request carries it.
    pub fn value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Empty => Value::from(""),
        }
    }
}

/// Reads who serves each member from the row of a holder. The members are in the compared form of
/// [`text::normalize_phone_number`]. The error says what is wrong with the row.
pub type ReadServedBy = fn(&Map<String, Value>) -> Result<BTreeMap<String, ServedBy>, &'static str>;

/// How a link (a number on a bridge, served by a configuration) is made and cut.
#[derive(Debug)]
pub struct Link {
    /// Which kind plays which role.
    pub roles: &'static LinkRoles,
    /// The requests.
    pub requests: LinkRequests,
    /// Body key of the target's id; of a PATCH the field of the member.
    pub target_key: &'static str,
    /// Whether `disconnect` works at all. Where it does not (generation 1, recorded: always 500), a connection ends only
    /// by connecting another configuration or by deleting the bridge.
    pub can_disconnect: bool,
    /// Whether a listing shows the bridges of one product only (unpod.md 10.1): a configuration that no listed bridge uses may
    /// then still be in use.
    pub listed_by_product: bool,
    /// Where a number joins a bridge only when the bridge is created, and not by being connected: the body key that
    /// lists the numbers' ids.
    pub assigned_on_create: Option<&'static str>,
}

impl Link {
    /// A link that can be made and cut at any time; the builders below say what differs.
    pub const fn new(roles: &'static LinkRoles, requests: LinkRequests, target_key: &'static str) -> Self {
        let (can_disconnect, listed_by_product, assigned_on_create) = (true, false, None);
        Self { roles, requests, target_key, can_disconnect, listed_by_product, assigned_on_create }
    }

    /// `disconnect` never works.
    pub const fn cannot_disconnect(mut self) -> Self {
        self.can_disconnect = false;
        self
    }

    /// A listing shows the holders of one product only.
    pub const fn listed_by_product(mut self) -> Self {
        self.listed_by_product = true;
        self
    }

    /// A member joins only when the holder is created, by its id under this key.
    pub const fn assigned_on_create(mut self, key: &'static str) -> Self {
        self.assigned_on_create = Some(key);
        self
    }

    /// Method and path of the request that links a member of this holder.
    pub fn connect(&self, holder: &str) -> (RequestMethod, String) {
        match self.requests {
            LinkRequests::PostToHolder { connect, .. } => (RequestMethod::Post, connect.replace("{id}", holder)),
            LinkRequests::PatchMember { path, .. } => (RequestMethod::Patch, path.replace("{id}", holder)),
        }
    }

    /// Method and path of the request that takes a member of this holder off its target.
    pub fn disconnect(&self, holder: &str) -> (RequestMethod, String) {
        match self.requests {
            LinkRequests::PostToHolder { disconnect, .. } => (RequestMethod::Post, disconnect.replace("{id}", holder)),
            LinkRequests::PatchMember { .. } => self.connect(holder),
        }
    }

    /// Whether a connect takes the place of an earlier one, so that a member that moves is not taken off its target before.
    pub fn replaces(&self) -> bool {
        matches!(self.requests, LinkRequests::PatchMember { .. })
    }

    /// Whether a member is its own holder, so that its place says nothing about it.
    pub fn member_is_holder(&self) -> bool {
        matches!(self.requests, LinkRequests::PatchMember { .. })
    }

    /// What takes a member off its target, where that is a PATCH of the member.
    pub fn detach(&self) -> Option<Detach> {
        match self.requests {
            LinkRequests::PostToHolder { .. } => None,
            LinkRequests::PatchMember { detach, .. } => Some(detach),
        }
    }

    /// How the body of a request names the number; none where the path does.
    pub fn number(&self) -> Option<NumberParameter> {
        match self.requests {
            LinkRequests::PostToHolder { number, .. } => Some(number),
            LinkRequests::PatchMember { .. } => None,
        }
    }

    /// Who serves each member of a holder, as its row says. The error says what is wrong with the row.
    pub fn served_by(&self, row: &Map<String, Value>) -> Result<BTreeMap<String, ServedBy>, &'static str> {
        let number = match self.requests {
            LinkRequests::PostToHolder { served_by, .. } => return served_by(row),
            LinkRequests::PatchMember { number, .. } => number,
        };
        let number = row.get(number).and_then(text_of).ok_or("it does not show its number")?;
        let served = match row.get(self.target_key) {
            None => return Err("it does not say what serves it"),
            Some(Value::Null) => ServedBy::Unserved,
            Some(target) => match id_of(target).ok_or("what serves it does not have a usable id")? {
                none if none.is_empty() => ServedBy::Unserved,
                id => ServedBy::exact(id),
            },
        };
        Ok(BTreeMap::from([(text::normalize_phone_number(&number), served)]))
    }
}

/// How a connect or disconnect body names the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberParameter {
    /// The E.164 text under this key.
    E164(&'static str),
    /// The number's own id under this key.
    Id(&'static str),
}
