//! The services, one folder each. A new one is a new folder and its line in the list in `src/lib.rs`, or is added by whoever
//! embeds this crate.

use std::sync::OnceLock;

use self::copy::Source;
use crate::model::kind::{Kind, Link, LinkEntry, LinkRoles, ServiceTable, SettingRole};
use crate::model::resource::Account;
use crate::model::value::Value;
use crate::read::{KindByKind, ReadService};
use crate::sandbox::World;
use crate::verify::facts;

pub mod copy;

/// Makes a world of the simulator from what an account holds. The error says which object the simulator cannot hold.
pub type CopyAccount = fn(&Source<'_>) -> Result<World, String>;

/// What telform knows of a service: one value.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// Its tables, and the words for all that it does in its own way.
    pub table: &'static ServiceTable,
    /// How it is read.
    pub reading: &'static dyn ReadService,
    /// How what an account holds is carried into the service's simulator, where it has one.
    pub copied: Option<CopyAccount>,
    /// What the independent checker knows of a service that is added; it reads those of this crate itself.
    pub checked: Option<&'static facts::ServiceFacts>,
}

impl Service {
    /// A service that is read kind by kind, as its tables say.
    pub const fn new(table: &'static ServiceTable) -> Self {
        Self { table, reading: &KindByKind, copied: None, checked: None }
    }

    /// What the independent checker is to know of it.
    pub const fn checked_by(mut self, facts: &'static facts::ServiceFacts) -> Self {
        self.checked = Some(facts);
        self
    }

    /// A service with a reading of its own.
    pub const fn read_by(mut self, reading: &'static dyn ReadService) -> Self {
        self.reading = reading;
        self
    }

    /// What an account of it holds is carried into its simulator.
    pub const fn copied_by(mut self, copied: CopyAccount) -> Self {
        self.copied = Some(copied);
        self
    }
}

macro_rules! declared {
    ($($name:ident)*) => {
        $(pub mod $name;)*

        /// The services of this crate.
        pub const BUILT_IN: &[Service] = &[$($name::SERVICE),*];
    };
}
services!(declared);

/// All services of this process, and their tables in the same order.
struct Registry {
    services: Vec<Service>,
    tables: Vec<&'static ServiceTable>,
}

static REGISTRY: OnceLock<Registry> = OnceLock::new();

impl Registry {
    fn of(added: &[Service]) -> Self {
        let services = [BUILT_IN, added].concat();
        let tables = services.iter().map(|service| service.table).collect();
        Self { services, tables }
    }
}

fn registry() -> &'static Registry {
    REGISTRY.get_or_init(|| Registry::of(&[]))
}

/// The services cannot be added: some are in use already, or two have one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("services are added once, before any is used, under names and with kinds that no other service has")]
pub struct NotAdded;

/// Adds services to those of this crate. This is done once and before anything else of the crate is used, because what was read
/// with one list of services means nothing with another.
///
/// # Errors
/// When services were used or added before, or when two of them share a name or a kind.
pub fn add(services: &[Service]) -> Result<(), NotAdded> {
    let registry = Registry::of(services);
    let tables = &registry.tables;
    let clash = |at: usize, table: &ServiceTable| {
        tables[..at].iter().any(|other| {
            let entry = table.link_entry().is_some_and(|entry| other.holds(entry.kind));
            other.api == table.api || entry || table.kinds.iter().any(|kind| other.holds(kind.name))
        }) || table.link_entry().is_some_and(|entry| table.kinds.iter().any(|kind| kind.name == entry.kind))
    };
    if tables.iter().enumerate().any(|(at, table)| clash(at, table)) {
        return Err(NotAdded);
    }
    REGISTRY.set(registry).map_err(|_| NotAdded)?;
    facts::add(services.iter().filter_map(|service| service.checked).collect()).then_some(()).ok_or(NotAdded)
}

/// The tables of every service that telform can talk to.
pub fn tables() -> &'static [&'static ServiceTable] {
    &registry().tables
}

/// The service of an account.
fn service_of(account: &Account) -> Option<&'static Service> {
    registry().services.iter().find(|service| service.table.api == account.service.api)
}

/// How the service of an account is read.
pub fn reading_of(account: &Account) -> &'static dyn ReadService {
    service_of(account).map_or(&KindByKind, |service| service.reading)
}

/// What an account holds, as a world of its service's simulator. The error says which object it cannot hold.
pub fn world_of(source: &Source<'_>) -> Result<World, String> {
    let copied = service_of(source.account).and_then(|service| service.copied);
    copied.ok_or_else(|| format!("{} has no simulator", source.account.service.title))?(source)
}

/// The service whose accounts say `api: WORD`.
pub fn by_api(word: &str) -> Option<&'static ServiceTable> {
    tables().iter().copied().find(|service| service.api == word)
}

/// A text in which `{organization}` and the words of the other roles become the names of the settings with these roles, and
/// `{generations}` the lines that name one, over all services.
pub fn name_settings(text: &str) -> String {
    let mut text = text.to_owned();
    for role in SettingRole::ALL {
        let names = tables().iter().filter_map(|table| table.setting_of(role)).map(|setting| setting.name);
        text = text.replace(&format!("{{{}}}", role.as_str()), &names.collect::<Vec<_>>().join("` or `"));
    }
    let lines = tables().iter().flat_map(|table| {
        let name = table.setting_name(SettingRole::Generation);
        table.generations().iter().map(move |number| format!("`{name}: {number}`"))
    });
    text.replace("{generations}", &lines.collect::<Vec<_>>().join(" or "))
}

/// The identity of an object of a kind as the service writes it: a number where its ids are numbers.
pub fn written_id(kind: &str, id: &str) -> Value {
    let numeric = shapes_of_kind(kind).first().is_some_and(|kind| kind.numeric_id);
    let number = id.parse::<u64>().ok().filter(|_| numeric);
    number.map_or_else(|| Value::from(id), Value::from)
}

/// The service that serves a kind.
pub fn of_kind(name: &str) -> Option<&'static ServiceTable> {
    tables().iter().copied().find(|service| service.holds(name))
}

/// Whether each number of this service is its own holder: what it is on is the number itself.
pub fn numbers_hold_themselves(service: &ServiceTable) -> bool {
    let mut links = service.kinds.iter().filter_map(|kind| kind.link);
    links.any(Link::member_is_holder)
}

/// A number and what it is on, for people: where a number is its own holder, that says nothing about it. `kind` is any of its service.
pub fn number_and_place(kind: &str, number: &str, holder: &str) -> String {
    if of_kind(kind).is_some_and(numbers_hold_themselves) { number.to_owned() } else { format!("{number} on {holder}") }
}

/// The roles and words of links that are entries of their own under this kind.
pub fn link_entry(kind: &str) -> Option<(&'static LinkRoles, &'static LinkEntry)> {
    let all = tables().iter().filter_map(|service| service.link_roles());
    all.filter_map(|roles| Some((roles, roles.entry?))).find(|(_, entry)| entry.kind == kind)
}

/// Names of everything that has an address: the kinds, then the links that are entries of their own.
pub fn address_kinds() -> Vec<&'static str> {
    let entries = tables().iter().filter_map(|service| service.link_entry()).map(|entry| entry.kind);
    kind_names().into_iter().chain(entries).collect()
}

/// One object of a kind, in words; the kind's own name where no service has it.
pub fn singular(kind: &str) -> &str {
    of_kind(kind).map_or(kind, |service| service.singular_of(kind))
}

/// All shapes of a kind, over the generations.
pub fn shapes_of_kind(name: &str) -> Vec<&'static Kind> {
    tables().iter().flat_map(|service| service.shapes(name)).collect()
}

/// Whether the service hides a new object of this kind until a person verifies it.
pub fn hides_until_verified(kind: &str) -> bool {
    shapes_of_kind(kind).iter().any(|kind| kind.hidden_until_verified)
}

/// What a delete of the object at an address does: some services only disable it.
pub fn delete_verb(address: &str) -> &'static str {
    let kind = address.split('.').next().unwrap_or_default();
    shapes_of_kind(kind).first().map_or("delete", |kind| kind.delete.verb())
}

/// The shape of a kind in one generation (`None` where the service has only one).
pub fn shape_of_generation(name: &str, generation: Option<u8>) -> Option<&'static Kind> {
    shapes_of_kind(name).into_iter().find(|kind| kind.generation.is_none() || kind.generation == generation)
}

/// Names of the kinds in the order of their rank, each once.
pub fn kind_names() -> Vec<&'static str> {
    let mut kinds: Vec<&Kind> = tables().iter().flat_map(|service| service.kinds.iter().copied()).collect();
    kinds.sort_by_key(|kind| kind.rank);
    let mut names: Vec<&'static str> = kinds.into_iter().map(|kind| kind.name).collect();
    names.dedup();
    names
}
