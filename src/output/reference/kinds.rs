//! The description of a kind: its attributes, and how it is listed, changed and deleted.

use super::facts::link_citation;
use super::{GENERATED, escape_cell, push_paragraph};
use crate::model::kind::{
    AttributeAccess, AttributeType, CollectionListing, DeleteSupport, Detach, Field, Kind, LinkEntry, LinkRoles, Normaliser,
    Part, ServiceTable, UpdateMethod,
};
use crate::output::{KindPage, KindShape, KindTable};
use crate::services::{self, tables};
use crate::text::with_article;

const ABOUT: &str = "An attribute that the YAML does not mention is left alone. `*`: needed to create the object. \
                     Access: modifiable (set on create, changed later), create-only (a later difference is refused), \
                     replaces (a later difference makes a new object), read-only (set by the service), kept (set \
                     elsewhere and left as it is), write-only (a secret that the service does not give back: \
                     compared by fingerprint). Compared: which spellings \
                     count as the same value. The source is the section of the page about the service, in \
                     `docs/services/`, that states the fact.";

/// Tables of a kind, one for each shape, with the service that has them.
fn kind_shapes(name: &str) -> impl Iterator<Item = (&'static ServiceTable, &'static Kind)> {
    let all = tables().iter().flat_map(|service| service.kinds.iter().map(move |kind| (*service, *kind)));
    all.filter(move |(_, kind)| kind.name == name)
}

fn shape_title(service: &ServiceTable, kind: &Kind) -> String {
    let generation = kind.generation.map_or_else(String::new, |number| format!(", generation {number}"));
    format!("{} ({}{generation}): {}", kind.name, service.title, with_article(kind.singular))
}

fn describe_type(field: &Field) -> &'static str {
    match field.ty {
        AttributeType::Text => "text",
        AttributeType::Secret => "secret",
        AttributeType::Decimal => "decimal",
        AttributeType::Integer => "integer",
        AttributeType::Number => "number",
        AttributeType::Bool => "bool",
        AttributeType::List => "list",
        AttributeType::Map => "map",
        AttributeType::Reference(_) => "reference",
        AttributeType::CatalogueEntry => "catalogue",
        AttributeType::Numbers => "numbers",
        AttributeType::ServedBy => "what serves it",
        AttributeType::Opaque => "any value",
    }
}

fn describe_access(field: &Field) -> String {
    let word = match field.access {
        AttributeAccess::Modifiable => "modifiable",
        AttributeAccess::CreateOnly => "create-only",
        AttributeAccess::Replace => "replaces",
        AttributeAccess::ReadOnly => "read-only",
        AttributeAccess::CarriedOver => "carried over",
        AttributeAccess::Kept => "kept",
    };
    let hidden = field.ty == AttributeType::Secret && !field.secret_is_read_back;
    if hidden { format!("{word}, write-only") } else { word.to_owned() }
}

fn describe_comparison(field: &Field) -> &'static str {
    if field.ty == AttributeType::Secret {
        return if field.secret_is_read_back { "as read back" } else { "by fingerprint" };
    }
    match field.normaliser {
        Normaliser::Exact => "exact",
        Normaliser::EmptyIsNull => "trimmed, \"\" = null",
        Normaliser::Decimal => "decimal value",
        Normaliser::Digits => "digits only",
        Normaliser::Mail => "mail address",
        Normaliser::Mails => "set of mails",
        Normaliser::Catalogue => "any letter case",
        Normaliser::Collection => "empty = null",
        Normaliser::Set => "set, empty = null",
        Normaliser::Time => "time of day",
    }
}

/// The sentence of a row, with its other properties.
fn describe_field(field: &Field) -> String {
    let mut text = field.doc.to_owned();
    let mut say = |more: String| text.push_str(&format!(" {more}"));
    if field.risky {
        say("Risky: a change may have effects that the service does not describe.".to_owned());
    }
    if field.needs_verification {
        say("A new value stays invisible until it is confirmed.".to_owned());
    }
    if let Some((other, value)) = field.only_with {
        say(format!("Dropped by the service unless `{other}` is `{value}`."));
    }
    if !field.known_values.is_empty() {
        // A value may hold a comma.
        let quoted: Vec<String> = field.known_values.iter().map(|value| format!("`{value}`")).collect();
        let known = quoted.join(", ");
        say(match field.ty {
            AttributeType::CatalogueEntry => format!("Known values: {known}; the service's catalogue has the rest."),
            _ => format!("Known values: {known}; others are sent with a warning."),
        });
    }
    if let AttributeType::Reference(kind) = field.ty {
        say(format!("Names one of the {kind}: `{kind}.NAME`, or its id."));
    }
    if let Some(kind) = field.elements_refer_to {
        say(format!("Each element names one of the {kind}: `{kind}.NAME`, or its id."));
    }
    if !field.nested_keys.is_empty() {
        let part = |part: &Part| match (part.known_values, part.refers_to) {
            ([], None) => part.name.to_owned(),
            ([], Some(kind)) => format!("{} (`{kind}.NAME`, or an id)", part.name),
            (words, _) => format!("{} ({})", part.name, words.join(", ")),
        };
        let parts: Vec<String> = field.nested_keys.iter().map(part).collect();
        say(format!("Known inside: {}; others are sent with a warning.", parts.join("; ")));
    }
    text
}

/// What the service does with objects of this kind.
fn service_facts(kind: &Kind) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("listed", format!("GET {}, {}", kind.collection, describe_listing(kind.list))),
        ("one object", format!("{}, identity `{}`", kind.member, kind.id)),
        ("found by", kind.natural_key.join(" + ")),
        ("created", if kind.adopted_only { "never".to_owned() } else { format!("POST {}", kind.collection) }),
        ("changed", describe_update(kind.update)),
        ("deleted", if kind.adopted_only { "never: released".to_owned() } else { describe_delete(kind.delete) }),
    ];
    if let Some((field, value)) = kind.inherited_when {
        facts.push(("inherited", format!("rows with `{field}: {value}`: may be named, never changed, deleted or adopted")));
    }
    if let Some(link) = kind.link {
        let cut = if link.can_disconnect { "" } else { ", which does not work here" };
        let (method, path) = link.connect("{id}");
        facts.push(("connected", format!("{method} {path}")));
        let (method, path) = link.disconnect("{id}");
        let null = match link.detach() {
            Some(Detach::Null) => " with null",
            Some(Detach::Empty) => " with an empty text",
            None => "",
        };
        facts.push(("cut", format!("{method} {path}{null}{cut}")));
    }
    if let Some((field, owner)) = kind.destination_owner() {
        let owner = services::singular(owner);
        facts.push(("without any", format!("the {owner} that `{}` names lets no call through", field.name)));
    }
    if kind.hidden_until_verified {
        facts.push(("invisible", "a new object, until its mail address is confirmed".to_owned()));
    }
    if let Some(scope) = kind.scope {
        facts.push(("scopes", format!("{scope}.read and so on")));
    }
    facts.push(("source", kind.source.to_owned()));
    facts
}

fn describe_listing(list: CollectionListing) -> String {
    match list {
        CollectionListing::Whole => "all at once".to_owned(),
        CollectionListing::Pages { size, .. } => format!("by pages of {size}"),
        CollectionListing::Cursor { size: (_, size), .. } => {
            format!("{size} at a time, each page with what comes next")
        }
        CollectionListing::Offset { size, order } => format!("{size} at a time, in the order `{order}`"),
    }
}

fn describe_update(update: UpdateMethod) -> String {
    match update {
        UpdateMethod::Patch => "PATCH with the changed attributes".to_owned(),
        UpdateMethod::PatchOrPut { nested: (name, value) } => format!(
            "PATCH with the changed attributes, with `?{name}={value}` when a list or map is among them; `update: put` \
             sends the whole object"
        ),
    }
}

fn describe_delete(delete: DeleteSupport) -> String {
    match delete {
        DeleteSupport::Supported => "DELETE".to_owned(),
        DeleteSupport::Undocumented { switch } => {
            format!("not documented: refused unless the account sets `{switch}: true`")
        }
        DeleteSupport::Ends { switch, path, word, .. } => {
            format!("not documented: refused unless the account sets `{switch}: true`; then `POST {path}`, and it is {word}")
        }
    }
}

fn display_name(field: &Field) -> String {
    format!("{}{}", field.name, if field.required { "*" } else { "" })
}

/// A kind for a terminal.
pub fn kind_as_text(kind: &str, width: usize) -> String {
    let mut out = String::new();
    for (index, (service, kind)) in kind_shapes(kind).enumerate() {
        if index > 0 {
            out.push('\n');
        }
        out.push_str(&format!("{}\n\n", shape_title(service, kind)));
        for (key, value) in service_facts(kind) {
            let mut lines = String::new();
            push_paragraph(&mut lines, &value, 14, width);
            lines.replace_range(2..2 + key.len(), key);
            out.push_str(&lines);
        }
        out.push_str(&format!("\n  {:21} {:9} {:24} {}\n", "attribute", "type", "access", "compared"));
        for field in kind.fields {
            let mut name = display_name(field);
            if name.len() > 21 {
                out.push_str(&format!("  {}\n", std::mem::take(&mut name)));
            }
            out.push_str(&format!(
                "  {:21} {:9} {:24} {}\n",
                name,
                describe_type(field),
                describe_access(field),
                describe_comparison(field)
            ));
            push_paragraph(&mut out, &format!("{} [docs/services/{}]", describe_field(field), field.source), 6, width);
        }
    }
    for (service, roles, entry) in entries_on(kind) {
        out.push_str(&format!("\n{}\n\n", entry_title(service, entry)));
        push_paragraph(&mut out, &entry_about(roles, entry), 2, width);
        for (key, about) in entry_keys(entry) {
            out.push_str(&format!("\n  {key}\n"));
            push_paragraph(&mut out, &about, 6, width);
        }
    }
    out.push('\n');
    push_paragraph(&mut out, ABOUT, 0, width);
    out
}

/// Links that are entries of their own, on holders of this kind.
fn entries_on(kind: &str) -> impl Iterator<Item = (&'static ServiceTable, &'static LinkRoles, &'static LinkEntry)> {
    let all = tables().iter().filter_map(|service| Some((*service, service.link_roles()?, service.link_entry()?)));
    all.filter(move |(_, roles, _)| roles.holder == kind)
}

fn entry_title(service: &ServiceTable, entry: &LinkEntry) -> String {
    format!("{} ({}): each entry is one {}", entry.kind, service.title, entry.singular)
}

fn entry_about(roles: &LinkRoles, entry: &LinkEntry) -> String {
    format!(
        "`{0}: {{ \"+14155550101\": {{ {1}: NAME, {2}: NAME }} }}` owns the connection of that {3} and nothing else of the {1}, which is \
         declared without `{4}`, or listed under `existing`. The address is `{0}.\"+14155550101\"`.",
        entry.kind, entry.holder, entry.target, entry.singular, roles.members
    )
}

fn entry_keys(entry: &LinkEntry) -> [(&'static str, String); 3] {
    [
        (entry.holder, format!("Name of the {} that the {} is on; another one moves it.", entry.holder, entry.singular)),
        (entry.target, format!("Name of the {} that serves it there; another one replaces it.", entry.target)),
        ("as_shown", format!("The {} is named as the service shows it, and is not E.164.", entry.singular)),
    ]
}

/// The page of a kind.
pub fn kind_as_markdown(kind: &str) -> String {
    let mut out = format!("{GENERATED}# {kind}\n\n{ABOUT}\n");
    for (service, kind) in kind_shapes(kind) {
        out.push_str(&format!("\n## {}\n\n| | |\n| --- | --- |\n", shape_title(service, kind)));
        for (key, value) in service_facts(kind) {
            let value = if key == "source" { link_citation(kind.source) } else { escape_cell(&value) };
            out.push_str(&format!("| {key} | {value} |\n"));
        }
        out.push_str("\n| attribute | type | access | compared | | source |\n| --- | --- | --- | --- | --- | --- |\n");
        for field in kind.fields {
            out.push_str(&format!(
                "| `{}`{} | {} | {} | {} | {} | {} |\n",
                field.name,
                if field.required { "*" } else { "" },
                describe_type(field),
                describe_access(field),
                escape_cell(describe_comparison(field)),
                escape_cell(&describe_field(field)),
                link_citation(field.source)
            ));
        }
    }
    for (service, roles, entry) in entries_on(kind) {
        let title = entry_title(service, entry);
        out.push_str(&format!("\n## {title}\n\n{}\n\n| key | |\n| --- | --- |\n", entry_about(roles, entry)));
        for (key, about) in entry_keys(entry) {
            out.push_str(&format!("| `{key}` | {about} |\n"));
        }
    }
    out
}

/// The list of the pages.
pub fn kind_index_as_markdown() -> String {
    let mut out = format!("{GENERATED}# Kinds\n\nWhat can be declared, and where it lives.\n\n");
    for name in services::kind_names() {
        out.push_str(&format!("- [{name}]({name}.md): {}\n", shape_titles(name).join("; ")));
    }
    out
}

/// The forms of a kind: one for each service and generation that has it.
pub(super) fn shape_titles(name: &str) -> Vec<String> {
    kind_shapes(name).map(|(service, kind)| shape_title(service, kind)).collect()
}

/// For programs.
pub fn kind_document(kind: &str) -> KindPage {
    let shapes = kind_shapes(kind).map(|(service, kind)| {
        let attributes = kind.fields.iter().map(|field| KindTable {
            name: field.name,
            ty: describe_type(field),
            access: describe_access(field),
            required: field.required,
            compared: describe_comparison(field),
            doc: describe_field(field),
            source: field.source,
        });
        KindShape {
            service: service.title,
            api: service.api,
            generation: kind.generation,
            kind: kind.name,
            facts: service_facts(kind).into_iter().collect(),
            attributes: attributes.collect(),
        }
    });
    KindPage { shapes: shapes.collect() }
}
