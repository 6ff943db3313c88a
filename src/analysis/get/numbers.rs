//! Numbers: what each is on, what serves it, and who looks after that.

use std::borrow::Cow;
use std::collections::HashSet;

use super::ownership::Ownership;
use super::{Column, ColumnContent, InventoryRow, Management, accounts_once};
use crate::analysis::adopt::{double_quoted, mapping_key};
use crate::model::kind::{AttributeType, Kind, LinkEntry, LinkRoles, ServiceTable};
use crate::model::resource::{Address, Connection, Known, LiveAccount, ServedBy};
use crate::plan::Inputs;
use crate::services;
use crate::text::is_e164;

/// A number of an account.
#[derive(Debug)]
pub struct NumberRow<'a> {
    /// The word for numbers of its service.
    pub kind: &'static str,
    /// Its words as an entry of its own, where it can be one.
    pub words: Option<&'static LinkEntry>,
    /// The account.
    pub account: &'a str,
    /// The number: in E.164, or as the service spells it where that is something else.
    pub number: &'a str,
    /// Identity of what it is on, and the address of that; none for a free number.
    pub holder: Option<(&'a str, Option<&'a Address>)>,
    /// What serves it.
    pub service: Service<'a>,
    /// The address whose entry says what serves it.
    pub address: Option<&'a Address>,
    /// Who looks after it.
    pub management: Management,
}

/// What serves a number.
#[derive(Debug, Clone)]
pub enum Service<'a> {
    /// Nothing.
    None,
    /// An object with this identity, and its address, and how that is known.
    By(&'a str, Option<&'a Address>, Known),
    /// An object of another organization.
    Foreign(&'a str),
    /// It is not known which of these; none of them: nothing is known.
    Unknown(Vec<(&'a str, Option<&'a Address>)>),
}

impl<'a> Service<'a> {
    fn new(served_by: &'a ServedBy, address: impl Fn(&'a str) -> Option<&'a Address>) -> Self {
        match served_by {
            ServedBy::NotThere | ServedBy::Unserved => Self::None,
            ServedBy::By { id, known } => Self::By(id, address(id), *known),
            ServedBy::Foreign { id, .. } => Self::Foreign(id),
            ServedBy::OneOf(ids) => Self::Unknown(ids.iter().map(|id| (id.as_str(), address(id))).collect()),
            ServedBy::NotTold => Self::Unknown(Vec::new()),
        }
    }

    /// As a cell: the name of its entry, or its identity. Words in brackets are no name that an entry can have, so a table that is
    /// read back never takes them for one.
    pub(in crate::analysis) fn cell(&self) -> Cow<'a, str> {
        match self {
            Self::None => Cow::Borrowed(""),
            Self::By(id, address, _) => target_name(id, *address),
            Self::Foreign(id) => Cow::Owned(format!("(foreign: {id})")),
            Self::Unknown(ids) if ids.is_empty() => Cow::Borrowed("(unknown)"),
            Self::Unknown(ids) => {
                let mut names: Vec<Cow<'_, str>> = ids.iter().map(|(id, address)| target_name(id, *address)).collect();
                if names.len() == 1 {
                    names.push(Cow::Borrowed("nothing"));
                }
                Cow::Owned(format!("(unknown: {})", names.join(" or ")))
            }
        }
    }
}

fn name_of<'a>(id: &'a str, address: Option<&'a Address>) -> &'a str {
    address.map_or(id, |address| &address.name)
}

/// What serves a number, as the YAML names it there.
fn target_name<'a>(id: &'a str, address: Option<&'a Address>) -> Cow<'a, str> {
    let Some(address) = address else { return Cow::Borrowed(id) };
    let roles = services::of_kind(&address.kind).and_then(ServiceTable::link_roles);
    roles.map_or(Cow::Borrowed(&*address.name), |roles| roles.name_of(address))
}

/// Every number of the accounts whose holders list them, also those that are on nothing.
pub(super) fn number_rows<'a>(
    inputs: &Inputs<'a>,
    roles: &'static LinkRoles,
    ownership: &Ownership<'a>,
) -> Vec<InventoryRow<'a>> {
    let mut rows = Vec::new();
    for account in accounts_once(inputs) {
        let Some(live) = inputs.live.accounts.get(account) else { continue };
        // Without it nothing can be said about any number; the coverage says why.
        let Some(connections) = &live.connections else { continue };
        let shape = |name| services::shape_of_generation(name, live.facts.generation);
        let Some(holder) = shape(roles.holder) else { continue };
        let of_account = NumbersOfAccount {
            inputs,
            roles,
            ownership,
            account,
            names: inputs.names_of_same_account(account),
            live,
            holder,
            targets: roles.targets.iter().copied().filter_map(shape).collect(),
        };
        let connected: HashSet<&str> = connections.iter().map(|connection| connection.number.as_str()).collect();
        rows.extend(connections.iter().filter(|it| it.served_by != ServedBy::NotThere).map(|it| of_account.connected(it)));
        let others = live.numbers.iter().filter(|(number, _)| !connected.contains(number.as_str()));
        rows.extend(others.map(|(number, it)| of_account.unconnected(number, it.bridge.as_deref())));
    }
    rows.into_iter().map(InventoryRow::Number).collect()
}

/// What serves an object that is its own holder; none for any other.
pub(super) fn service_of_holder<'a>(
    live: &'a LiveAccount,
    kind: &'static Kind,
    id: &str,
    names: &[&'a str],
    ownership: &Ownership<'a>,
) -> Option<Service<'a>> {
    let link = kind.link.filter(|_| kind.fields.iter().any(|field| field.ty == AttributeType::ServedBy))?;
    let targets = link.roles.targets.iter().filter_map(|kind| services::shape_of_generation(kind, live.facts.generation));
    // Sorted by holder.
    let Some(connections) = &live.connections else { return Some(Service::Unknown(Vec::new())) };
    let at = connections.binary_search_by(|connection| connection.bridge.as_str().cmp(id)).ok()?;
    Some(Service::new(&connections[at].served_by, |id| targets.clone().find_map(|kind| ownership.of_server(names, kind, id))))
}

/// The numbers of one account.
struct NumbersOfAccount<'n, 'a> {
    inputs: &'n Inputs<'a>,
    roles: &'static LinkRoles,
    ownership: &'n Ownership<'a>,
    account: &'a str,
    /// All names of that account.
    names: Vec<&'a str>,
    live: &'a LiveAccount,
    holder: &'static Kind,
    targets: Vec<&'static Kind>,
}

impl<'a> NumbersOfAccount<'_, 'a> {
    fn connected(&self, connection: &'a Connection) -> NumberRow<'a> {
        let address = |id| self.targets.iter().find_map(|kind| self.ownership.of_server(&self.names, kind, id));
        let service = Service::new(&connection.served_by, address);
        self.row(&connection.number, Some(&connection.bridge), service)
    }

    /// A number that no readable holder lists. One that is said to be on a holder may be served by anything.
    fn unconnected(&self, number: &'a str, holder: Option<&'a str>) -> NumberRow<'a> {
        let service = if holder.is_some() { Service::Unknown(Vec::new()) } else { Service::None };
        self.row(number, holder, service)
    }

    fn row(&self, number: &'a str, holder: Option<&'a str>, service: Service<'a>) -> NumberRow<'a> {
        let on = holder.map(|id| (id, self.ownership.of_object(&self.names, self.holder, id)));
        // A holder whose entry names numbers owns all that are on it.
        let owner = self.ownership.of_number(&self.names, number);
        let owner = owner.or_else(|| {
            let (_, (address, management)) = on?;
            let address = address?;
            self.inputs.desired.objects.get(address)?.numbers.as_ref()?;
            Some((address, management))
        });
        let owner = owner.or_else(|| Some((self.ownership.wanting(&self.names, number)?, Management::Declared)));
        NumberRow {
            kind: self.roles.entry.map_or(self.roles.members, |entry| entry.kind),
            words: self.roles.entry,
            account: self.account,
            number: self.shown(number, holder),
            holder: on.map(|(id, (address, _))| (id, address)),
            service,
            address: owner.map(|(address, _)| address),
            management: owner.map_or(Management::Unmanaged, |(_, management)| management),
        }
    }

    /// In E.164 where the service spells it so; without a plus sign it is not known whether the country code is there.
    fn shown(&self, number: &'a str, holder: Option<&str>) -> &'a str {
        let spelling = self.live.spellings.get(&(holder.unwrap_or_default().to_owned(), number.to_owned()));
        let shown = spelling.map_or(number, String::as_str);
        if is_e164(number) && shown.contains('+') { number } else { shown }
    }
}

impl<'a> NumberRow<'a> {
    /// Its line as an entry of the YAML, or why there is none.
    pub fn entry(&self) -> Result<String, String> {
        let Some(words) = self.words else { return Err("its service has no entries for numbers".to_owned()) };
        let on = match self.holder {
            None => return Err("it is not connected".to_owned()),
            Some((id, None)) => return Err(format!("it is on {id}, which is not declared")),
            Some((_, Some(address))) => mapping_key(&address.name),
        };
        let by = match &self.service {
            Service::By(id, Some(address), _) => mapping_key(&target_name(id, Some(address))),
            Service::By(id, None, _) => return Err(format!("{id} serves it and is not declared")),
            Service::None => return Err("nothing serves it".to_owned()),
            unknown @ (Service::Foreign(_) | Service::Unknown(_)) => return Err(format!("what serves it is {}", unknown.cell())),
        };
        let mark = if is_e164(self.number) { "" } else { ", as_shown: true" };
        Ok(format!("{}: {{ {}: {on}, {}: {by}{mark} }}", double_quoted(self.number), words.holder, words.target))
    }

    pub(super) fn cell(&self, column: &Column) -> Cow<'a, str> {
        match column.content {
            ColumnContent::Kind => Cow::Borrowed(self.kind),
            ColumnContent::Account => Cow::Borrowed(self.account),
            ColumnContent::Address => self.address.map_or(Cow::Borrowed(""), |address| Cow::Owned(address.to_string())),
            ColumnContent::Managed => Cow::Borrowed(self.management.as_str()),
            ColumnContent::Number => Cow::Borrowed(self.number),
            ColumnContent::Holder => Cow::Borrowed(self.holder.map_or("", |(id, address)| name_of(id, address))),
            ColumnContent::Target => self.service.cell(),
            ColumnContent::Entry | ColumnContent::Id | ColumnContent::Attribute => Cow::Borrowed(""),
        }
    }
}
