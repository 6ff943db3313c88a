//! One file: the objects of one kind in one account.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::scalar::{block, key, quoted};
use super::{Adoption, Found};
use crate::backend::unpod::catalogue;
use crate::kind::{Access, Field, Kind, Type};
use crate::plan::Inputs;
use crate::resource::{Address, CatalogueEntry, Connection, Target, owned_by};
use crate::text::{self, escape};
use crate::value::{Packed, hidden::holds_mark};

/// A secret that the user has to supply before telform can manage it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    /// Object that holds it.
    pub address: Address,
    /// Which attribute.
    pub attribute: &'static str,
    /// The environment variable that stands for it.
    pub variable: String,
}

/// Something that could not be written down, and why; it stands as a comment in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Object that it is about.
    pub address: Address,
    /// Which attribute.
    pub attribute: &'static str,
    /// Why.
    pub why: String,
}

/// A file in the making.
#[derive(Debug, Default)]
pub struct Page {
    /// Its text.
    pub text: String,
    /// How many lines that are.
    ended: usize,
    /// Addresses that it declares.
    pub addresses: Vec<Address>,
    /// Numbers that it connects.
    pub numbers: usize,
    /// Line of each address, counted from 1.
    pub heads: BTreeMap<usize, Address>,
    /// First line of each attribute, counted from 1.
    pub lines: BTreeMap<usize, (Address, &'static str)>,
    /// Secrets to supply.
    pub placeholders: Vec<Placeholder>,
    /// What stands there as a comment only.
    pub left_out: Vec<LeftOut>,
}

/// Writes the objects of one group. `without`: attributes that the loader or the plan did not take, with the reason.
pub fn page(
    inputs: &Inputs<'_>,
    adoption: &Adoption<'_>,
    group: &[Found<'_>],
    without: &BTreeMap<(Address, String), String>,
) -> Page {
    let mut page = Page::default();
    let Some(first) = group.first() else { return page };
    let org = inputs.desired.accounts.get(first.account).and_then(|account| account.org_handle.as_ref());
    let of = org.map(|org| format!(" (organization {})", escape(org))).unwrap_or_default();
    page.line(&format!("# Written by `telform adopt` from account {}{of}.", first.account));
    page.line(
        "# An attribute that is not mentioned is left alone; delete lines that you do not want to manage.",
    );
    page.line("version: 1");
    page.line("");
    page.line(&format!("{}:", first.kind.name));
    for found in group {
        page.object(inputs, adoption, found, without);
    }
    page
}

impl Page {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
        self.ended += 1 + text.bytes().filter(|byte| *byte == b'\n').count();
    }

    fn object(
        &mut self,
        inputs: &Inputs<'_>,
        adoption: &Adoption<'_>,
        found: &Found<'_>,
        without: &BTreeMap<(Address, String), String>,
    ) {
        self.addresses.push(found.address.clone());
        self.heads.insert(self.ended + 1, found.address.clone());
        self.line(&format!("  {}:", key(&found.address.name)));
        self.line(&format!("    account: {}", key(found.account)));
        let refused = |field: &Field| without.contains_key(&(found.address.clone(), field.name.to_owned()));
        let unwritten = |field: &&Field| {
            let shown = found.live.attributes.get(field.name).unwrap_or(&Packed::Null);
            field.required && (refused(field) || is_empty(shown))
        };
        // The chosen identity of a bridge is an attribute already; a pin makes up for what is required and cannot be written.
        if found.kind.field(found.kind.id).is_none_or(|field| field.access == Access::ReadOnly)
            || found.kind.fields.iter().any(|field| unwritten(&field))
        {
            let id = if found.kind.numeric_id { found.live.id.clone() } else { quoted(&found.live.id) };
            self.line(&format!("    id: {id}"));
        }
        for field in found.kind.fields.iter().filter(|field| field.is_stated()) {
            let refused = without.get(&(found.address.clone(), field.name.to_owned()));
            if let Some(why) = refused {
                self.leave_out(found, field.name, why.clone());
            } else if let Some(shape) = found.live.odd.get(field.name) {
                let why = format!("it is {shape}, a shape that the service does not document");
                self.leave_out(found, field.name, why);
            } else {
                match field.ty {
                    Type::Secret => self.secret(found, field),
                    Type::Numbers => self.numbers(inputs, adoption, found, field.name),
                    _ => self.attribute(inputs, found, field),
                }
            }
        }
    }

    fn mark(&mut self, found: &Found<'_>, attribute: &'static str) {
        self.lines.insert(self.ended + 1, (found.address.clone(), attribute));
    }

    fn leave_out(&mut self, found: &Found<'_>, attribute: &'static str, why: String) {
        self.line(&format!("    # {attribute}: {}", escape(&why)));
        self.left_out.push(LeftOut { address: found.address.clone(), attribute, why });
    }

    fn attribute(&mut self, inputs: &Inputs<'_>, found: &Found<'_>, field: &'static Field) {
        if let Some(masked) = found.live.masked.get(field.name) {
            let why = format!("the service shows {masked} only");
            return self.leave_out(found, field.name, why);
        }
        let shown = found.live.attributes.get(field.name).unwrap_or(&Packed::Null);
        if is_empty(shown) {
            if field.verified && field.required {
                let why = "waits to be verified; the service shows nothing until then".to_owned();
                self.leave_out(found, field.name, why);
            }
            return;
        }
        if holds_mark(shown) && !(field.sourced && matches!(shown, Packed::Map(_))) {
            let why = "a secret stands in it, and a secret is never written into the YAML".to_owned();
            return self.leave_out(found, field.name, why);
        }
        self.mark(found, field.name);
        let shown = match (field.ty, shown) {
            // Numbers of any length stay texts: no reader then changes them.
            (Type::Decimal, Packed::Number(number)) => &Packed::from(number.to_string()),
            (Type::CatalogueEntry, _) => {
                let live = inputs.live.accounts.get(found.account);
                &entry_word(live.map_or(&[][..], |live| &live.facts.catalogue), shown)
            }
            (_, shown) => shown,
        };
        match shown {
            Packed::Map(entries) if field.sourced && holds_mark(shown) => {
                self.line(&format!("    {}:", field.name));
                for (part, value) in entries {
                    if !holds_mark(value) {
                        self.line(&format!("      {}:{}", key(part), block(&value.json(), 6)));
                        continue;
                    }
                    // A secret is never written down: whoever has it supplies it.
                    let variable = variable(&found.address, &format!("{}_{part}", field.name));
                    self.line(&format!("      {}: {{ env: {variable} }}", key(part)));
                    let address = found.address.clone();
                    self.placeholders.push(Placeholder { address, attribute: field.name, variable });
                }
            }
            _ => self.line(&format!("    {}:{}", field.name, block(&shown.json(), 4))),
        }
    }

    /// A secret that can be changed later gets a placeholder; one that is only sent on create is not needed any more.
    fn secret(&mut self, found: &Found<'_>, field: &'static Field) {
        let unset = field.secret_is_read_back && !found.live.shows_secret(field.name);
        if field.access == Access::CreateOnly || unset {
            return;
        }
        let variable = variable(&found.address, field.name);
        self.mark(found, field.name);
        self.line(&format!("    {}: {{ env: {variable} }}", field.name));
        let address = found.address.clone();
        self.placeholders.push(Placeholder { address, attribute: field.name, variable });
    }

    /// The numbers of a bridge are owned whole, so they are written only when it is known who serves each of them.
    fn numbers(
        &mut self,
        inputs: &Inputs<'_>,
        adoption: &Adoption<'_>,
        found: &Found<'_>,
        attribute: &'static str,
    ) {
        let Some(live) = inputs.live.accounts.get(found.account) else { return };
        let on: Vec<&Connection> = (live.connections.iter().flatten())
            .filter(|connection| connection.bridge == found.live.id)
            .collect();
        if let Some(candidates) = live.unseen.get(&found.live.id) {
            let why = format!("something serves this bridge and no number shows: {}", one_of(candidates));
            return self.leave_out(found, attribute, why);
        }
        let provider = |id: &str| {
            let kinds = adoption
                .known
                .iter()
                .filter(|((account, _, known), _)| account == found.account && known == id);
            kinds
                .map(|((_, kind, _), address)| (kind, address))
                .find(|(kind, _)| serves(kind))
                .map(|(_, it)| it)
        };
        let doubtful: Vec<String> = on
            .iter()
            .filter_map(|connection| match &connection.target {
                Target::Ambiguous(candidates) => {
                    Some(format!("{}: {}", connection.number, one_of(candidates)))
                }
                Target::Unserved => None,
                Target::Foreign { id, owner } => Some(format!(
                    "{}: served by configuration {id} of {}",
                    connection.number,
                    owned_by(owner.as_deref())
                )),
                known => {
                    let id = known.id()?;
                    provider(id).is_none().then(|| {
                        format!("{}: served by configuration {id}, which is not declared", connection.number)
                    })
                }
            })
            .collect();
        if !doubtful.is_empty() {
            let why = format!("owned whole, and not everything is known: {}", doubtful.join("; "));
            return self.leave_out(found, attribute, why);
        }
        let served: Vec<(&str, &Address)> = on
            .iter()
            .filter_map(|connection| Some((connection.number.as_str(), provider(connection.target.id()?)?)))
            .collect();
        if served.is_empty() {
            return;
        }
        self.mark(found, attribute);
        self.line(&format!("    {attribute}:"));
        for (number, address) in &served {
            let shown = live
                .spellings
                .get(&(found.live.id.clone(), (*number).to_owned()))
                .map_or(*number, String::as_str);
            // Without a plus sign nobody knows whether the country code is there: the service's own words are kept.
            let (name, mark) = if text::is_e164(number) && shown.contains('+') {
                (*number, "")
            } else {
                (shown, ", as_shown: true")
            };
            self.line(&format!("      {}: {{ provider: {}{mark} }}", quoted(name), key(&address.name)));
        }
        self.numbers += served.len();
        for connection in on.iter().filter(|connection| connection.target == Target::Unserved) {
            self.line(&format!(
                "      # {}: on the bridge, and nothing serves it",
                escape(&connection.number)
            ));
        }
    }
}

/// Whether numbers are connected to objects of this kind.
fn serves(kind: &str) -> bool {
    crate::backend::shapes(kind).iter().any(|kind: &&Kind| kind.connected)
}

fn one_of(candidates: &BTreeSet<String>) -> String {
    if candidates.is_empty() {
        return "served by something that no configuration of the account accounts for".to_owned();
    }
    const MOST: usize = 5;
    let mut list: Vec<&str> = candidates.iter().map(String::as_str).collect();
    list.sort_by_key(|id| (id.len(), *id));
    match list.as_slice() {
        [one] => format!("served by {one} or by nothing"),
        few if few.len() <= MOST => format!("served by one of {}", few.join(", ")),
        many => format!("served by one of {} and {} more", many[..MOST].join(", "), many.len() - MOST),
    }
}

/// The word for a provider that people know: its slug, or its name where that is enough to find it again.
fn entry_word(entries: &[CatalogueEntry], shown: &Packed) -> Packed {
    let Some(entry) = catalogue::resolve(entries, shown) else { return shown.clone() };
    let words = [entry.slug.as_deref(), Some(entry.name.as_str())];
    let finds = |word: &&str| {
        catalogue::resolve(entries, &Packed::from(*word)).is_some_and(|found| found.id == entry.id)
    };
    words.into_iter().flatten().find(finds).map_or_else(|| shown.clone(), Packed::from)
}

fn is_empty(value: &Packed) -> bool {
    match value {
        Packed::Null => true,
        Packed::Text(text) => text.trim().is_empty(),
        Packed::List(items) => items.is_empty(),
        Packed::Map(map) => map.is_empty(),
        _ => false,
    }
}

/// `TWILIO_MAIN_AUTH_TOKEN` for `auth_token` of `providers.twilio-main`.
fn variable(address: &Address, attribute: &str) -> String {
    let mut name = String::new();
    for char in address.name.chars().chain(['_']).chain(attribute.chars()) {
        let _ =
            write!(name, "{}", if char.is_ascii_alphanumeric() { char.to_ascii_uppercase() } else { '_' });
    }
    if name.starts_with(|char: char| char.is_ascii_digit()) { format!("_{name}") } else { name }
}
