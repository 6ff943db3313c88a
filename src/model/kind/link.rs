//! The words for connections between objects.

use std::collections::BTreeMap;

use serde_json::Map;

use crate::model::call::RequestMethod;
use crate::model::resource::ServedBy;
use crate::model::value::Value;

/// The three roles of linked objects: a holder lists members, and a target serves each of them.
#[derive(Debug, PartialEq, Eq)]
pub struct LinkRoles {
    /// Kind of the holders: `bridges`.
    pub holder: &'static str,
    /// Attribute in which a holder lists its members, and the word for them: `numbers`.
    pub members: &'static str,
    /// Kind of the targets: `providers`.
    pub target: &'static str,
}

/// The requests that make and cut a link. Paths are below the base URL; `{id}` is the identity of the object that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkRequests {
    /// A POST below the holder for each.
    PostToHolder {
        /// Path of the POST that links a member to a target.
        connect: &'static str,
        /// Path of the POST that takes a member off its target.
        disconnect: &'static str,
    },
    /// A PATCH of the member, which names its target in one field. The member is an object of its own, declared like any other:
    /// it is its own holder and holds itself. The new target takes the place of the earlier one, so a move is one request and
    /// the member is served throughout; null takes it off its target.
    PatchMember {
        /// Path of the member.
        path: &'static str,
    },
}

/// Reads who serves each member from the row of a holder. The error says what is wrong with the row.
pub type ReadServedBy = fn(&Map<String, Value>) -> Result<BTreeMap<String, ServedBy>, &'static str>;

/// How a link (a number on a bridge, served by a configuration) is made and cut.
#[derive(Debug)]
pub struct Link {
    /// Which kind plays which role.
    pub roles: &'static LinkRoles,
    /// The requests.
    pub requests: LinkRequests,
    /// Body key of the target's id; for a PATCH the field of the member.
    pub target_key: &'static str,
    /// How the body names the number.
    pub number: NumberParameter,
    /// Whether `disconnect` works at all. Where it does not (generation 1, recorded: always 500), a connection ends only
    /// by connecting another configuration or by deleting the bridge.
    pub can_disconnect: bool,
    /// Whether a listing shows the bridges of one product only (unpod.md 10.1): a configuration that no listed bridge uses may
    /// then still be in use.
    pub listed_by_product: bool,
    /// Where a number joins a bridge only when the bridge is created, and not by being connected: the body key that
    /// lists the numbers' ids.
    pub assigned_on_create: Option<&'static str>,
    /// Who serves each member of a holder, as the holder's own row says.
    pub served_by: ReadServedBy,
}

impl Link {
    /// Method and path of the request that links a member of this holder.
    pub fn connect(&self, holder: &str) -> (RequestMethod, String) {
        match self.requests {
            LinkRequests::PostToHolder { connect, .. } => (RequestMethod::Post, connect.replace("{id}", holder)),
            LinkRequests::PatchMember { path } => (RequestMethod::Patch, path.replace("{id}", holder)),
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
}

/// How a connect or disconnect body names the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberParameter {
    /// The E.164 text under this key.
    E164(&'static str),
    /// The number's own id under this key.
    Id(&'static str),
    /// Not at all: the path names it.
    InPath,
}
