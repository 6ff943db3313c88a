//! What the checker knows of the services. Each service tells it in `checker.in` in its own folder, written a second time from
//! its documents; nothing but this module reads those files.

use std::sync::OnceLock;

/// One service.
#[derive(Debug)]
pub struct ServiceFacts {
    /// The word in `accounts.NAME.api`.
    pub api: &'static str,
    /// Generations that may answer; empty for a service that has only one.
    pub generations: &'static [u8],
    /// Its kinds, in the order in which objects are deleted.
    pub kinds: &'static [KindFacts],
    /// How objects of these kinds are linked, where they are.
    pub links: Option<&'static Links>,
}

/// One kind of objects.
#[derive(Debug)]
pub struct KindFacts {
    /// First part of an address.
    pub name: &'static str,
    /// Path of the collection, in each spelling.
    pub collections: &'static [&'static str],
    /// What an object is found by, in each generation; names in order.
    pub keys: &'static [&'static [&'static str]],
    /// Attributes that the service may complete, so that no answer is expected to repeat them.
    pub completed: &'static [&'static str],
    /// Attributes that a plan shows by a name and sends as the service says it.
    pub translated: &'static [&'static str],
    /// Attributes of which only the digits count.
    pub digits: &'static [&'static str],
    /// Attributes that stay invisible until a person confirms them, so that no answer is expected to show them.
    pub verified: &'static [&'static str],
    /// Attributes that are changed by a separate request, because the service does not list them as changeable.
    pub alone: &'static [&'static str],
    /// Attributes that a PATCH merges with what is there, unless its query asks to replace them.
    pub nested: &'static [&'static str],
    /// That query.
    pub replace_nested: Option<(&'static str, &'static str)>,
    /// Attributes that name other objects.
    pub references: &'static [ReferenceFacts],
    /// All fields that a PUT must hold, in order: it blanks what it leaves out.
    pub put: &'static [&'static str],
    /// Attributes that every PATCH carries.
    pub always: &'static [&'static str],
    /// Whether its objects are never made and never deleted.
    pub adopted: bool,
    /// Below the path of an object, what a POST goes to in place of a DELETE.
    pub ended_by: Option<&'static str>,
    /// The attribute, and its value, with which an object lets no call through.
    pub darkens: Option<(&'static str, bool)>,
    /// The attribute that names the target whose calls go to its objects, and without any of them nowhere.
    pub destination_of: Option<&'static str>,
}

/// A kind of which nothing is said.
pub const KIND: KindFacts = KindFacts {
    name: "",
    collections: &[],
    keys: &[],
    completed: &[],
    translated: &[],
    digits: &[],
    verified: &[],
    alone: &[],
    nested: &[],
    replace_nested: None,
    references: &[],
    put: &[],
    always: &[],
    adopted: false,
    ended_by: None,
    darkens: None,
    destination_of: None,
};

/// An attribute whose value, or each element of whose list, is the id of another object.
#[derive(Debug)]
pub struct ReferenceFacts {
    /// The attribute.
    pub attribute: &'static str,
    /// A key inside it, or inside each map of its list, where only that names objects.
    pub part: Option<&'static str>,
    /// The kind of the objects that it names.
    pub kind: &'static str,
    /// Whether the service writes these ids as numbers.
    pub numeric: bool,
}

/// How objects are linked: a holder lists members, and a target serves each of them.
#[derive(Debug)]
pub struct Links {
    /// Kind of the holders.
    pub holder: &'static str,
    /// Attribute of a holder that shows its members.
    pub members: &'static str,
    /// Kinds of the targets, which share one space of ids.
    pub targets: &'static [&'static str],
    /// The words of members that are entries of their own, where there are such.
    pub entry: Option<LinkEntry>,
    /// The requests that link a member to a target and take it off.
    pub requests: LinkRequests,
    /// What those requests say, in each generation.
    pub bodies: &'static [LinkBody],
}

/// A member that is an entry of its own: it owns its link, and nothing else of its holder.
#[derive(Debug)]
pub struct LinkEntry {
    /// First part of its address.
    pub kind: &'static str,
    /// Attribute that shows its holder.
    pub holder: &'static str,
    /// Attribute that shows its target.
    pub target: &'static str,
}

/// The requests of a link; `{id}` in a path is the holder.
#[derive(Debug, Clone, Copy)]
pub enum LinkRequests {
    /// A POST for each.
    Post {
        /// Path of the POST that links a member to a target.
        connect: &'static str,
        /// Path of the POST that takes a member off its target.
        disconnect: &'static str,
    },
    /// A PATCH of the member, which is its own holder: the id of the target, which takes the place of the earlier one.
    Patch {
        /// Path of the member.
        member: &'static str,
        /// What it may say in place of an id to take it off: texts, or null.
        off: &'static [Option<&'static str>],
    },
}

/// The keys of a connect and a disconnect.
#[derive(Debug)]
pub struct LinkBody {
    /// Key of the target's id.
    pub target: &'static str,
    /// Whether that id is written as a number.
    pub numeric: bool,
    /// How the member is named.
    pub member: MemberKey,
    /// Key under which a new holder takes members along, by their ids, where that is the only way.
    pub taken_along: Option<&'static str>,
}

/// How a request names a member.
#[derive(Debug, Clone, Copy)]
pub enum MemberKey {
    /// By its text, as the service spells it, under this key.
    Text(&'static str),
    /// By its own id under this key.
    Id(&'static str),
    /// Not at all: the path does.
    Unnamed,
}

macro_rules! checked {
    ($($name:ident)*) => {
        &[$(include!(concat!("../services/", stringify!($name), "/checker.in"))),*]
    };
}

/// The services of this crate.
const BUILT_IN: &[ServiceFacts] = services!(checked);

/// Those that whoever embeds the crate added.
static ADDED: OnceLock<Vec<&'static ServiceFacts>> = OnceLock::new();

/// Adds services to those of this crate; done once, before anything is checked. False when that was done before.
pub(crate) fn add(services: Vec<&'static ServiceFacts>) -> bool {
    ADDED.set(services).is_ok()
}

/// All services.
fn services() -> impl Iterator<Item = &'static ServiceFacts> {
    BUILT_IN.iter().chain(ADDED.get().into_iter().flatten().copied())
}

/// All kinds, in the order of deletes.
pub(super) fn kinds() -> impl Iterator<Item = &'static KindFacts> {
    services().flat_map(|service| service.kinds)
}

/// The kind of an address that begins with this name.
pub(super) fn kind(name: &str) -> Option<&'static KindFacts> {
    kinds().find(|kind| kind.name == name)
}

/// The links of all services.
pub(super) fn all_links() -> impl Iterator<Item = &'static Links> {
    services().filter_map(|service| service.links)
}

/// The service whose accounts say this word.
pub(super) fn service(api: &str) -> Option<&'static ServiceFacts> {
    services().find(|service| service.api == api)
}

impl ServiceFacts {
    /// The entry of a list with one for each generation; none where it is not known which one answers.
    pub fn of_generation<T>(&self, all: &'static [T], generation: Option<u8>) -> Option<&'static T> {
        match generation {
            _ if self.generations.is_empty() => all.first(),
            None => None,
            Some(generation) => all.get(self.generations.iter().position(|it| *it == generation)?),
        }
    }
}

impl KindFacts {
    /// Whether a PATCH carries an attribute that it does not change, because it always does, or because these are in one map.
    pub fn carries<'n>(&self, name: &str, mut changed: impl Iterator<Item = &'n &'n str>) -> bool {
        let map = |name: &str| name.split_once('.').map(|(map, _)| map.to_owned());
        self.always.contains(&name) || map(name).is_some_and(|of| changed.any(|name| map(name).as_ref() == Some(&of)))
    }

    /// Paths of one object, in each spelling.
    pub fn members(&self, id: &str) -> Vec<String> {
        let member = |collection: &&str| match collection.strip_suffix('/') {
            Some(collection) => format!("{collection}/{id}/"),
            None => format!("{collection}/{id}"),
        };
        self.collections.iter().map(member).collect()
    }
}

impl Links {
    /// Method and path of a connect.
    pub fn connect(&self, holder: &str) -> (&'static str, String) {
        match self.requests {
            LinkRequests::Post { connect, .. } => ("POST", connect.replace("{id}", holder)),
            LinkRequests::Patch { member, .. } => ("PATCH", member.replace("{id}", holder)),
        }
    }

    /// Method and path of a disconnect.
    pub fn disconnect(&self, holder: &str) -> (&'static str, String) {
        match self.requests {
            LinkRequests::Post { disconnect, .. } => ("POST", disconnect.replace("{id}", holder)),
            LinkRequests::Patch { .. } => self.connect(holder),
        }
    }

    /// Whether a connect takes the place of an earlier one, so that nothing is disconnected for it.
    pub fn replaces(&self) -> bool {
        matches!(self.requests, LinkRequests::Patch { .. })
    }
}
