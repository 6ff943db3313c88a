//! What a kind is made of: its attributes, and how it is listed, changed and deleted.

use super::{GENERATED, cell, paragraph};
use crate::backend::{self, ALL};
use crate::kind::{Access, Backend, Delete, Field, Kind, List, Normaliser, Part, Type, Update};
use crate::output::{KindPage, KindShape, KindTable};

const ABOUT: &str = "An attribute that the YAML does not mention is left alone. `*`: needed to create the object. \
                     Access: modifiable (set on create, changed later), create-only (a later difference is refused), \
                     replaces (a later difference makes a new object), read-only (set by the service), write-only (a \
                     secret that the service does not give back: compared by fingerprint). Compared: which spellings \
                     count as the same value. The source is the section of the notes about the service that states the \
                     fact.";

/// Tables of a kind, one for each shape, with the service that has them.
fn shapes(name: &str) -> impl Iterator<Item = (&'static Backend, &'static Kind)> {
    let all = ALL.iter().flat_map(|backend| backend.kinds.iter().map(move |kind| (*backend, *kind)));
    all.filter(move |(_, kind)| kind.name == name)
}

fn title(backend: &Backend, kind: &Kind) -> String {
    let generation = kind.generation.map_or_else(String::new, |number| format!(", generation {number}"));
    format!("{} ({}{generation}): a {}", kind.name, backend.title, kind.singular)
}

fn ty(field: &Field) -> &'static str {
    match field.ty {
        Type::Text => "text",
        Type::Secret => "secret",
        Type::Decimal => "decimal",
        Type::Integer => "integer",
        Type::Bool => "bool",
        Type::List => "list",
        Type::Map => "map",
        Type::CatalogueEntry => "catalogue",
        Type::Numbers => "numbers",
        Type::Opaque => "any value",
    }
}

fn access(field: &Field) -> String {
    let word = match field.access {
        Access::Modifiable => "modifiable",
        Access::CreateOnly => "create-only",
        Access::Replace => "replaces",
        Access::ReadOnly => "read-only",
        Access::CarriedOver => "carried over",
    };
    let hidden = field.ty == Type::Secret && !field.secret_is_read_back;
    if hidden { format!("{word}, write-only") } else { word.to_owned() }
}

fn compared(field: &Field) -> &'static str {
    if field.ty == Type::Secret {
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
    }
}

/// The sentence of a row, with what its other words say.
fn doc(field: &Field) -> String {
    let mut text = field.doc.to_owned();
    let mut say = |more: String| text.push_str(&format!(" {more}"));
    if field.risky {
        say("Risky: a change may have effects that the service does not describe.".to_owned());
    }
    if field.verified {
        say("A new value stays invisible until somebody confirms it.".to_owned());
    }
    if let Some((other, value)) = field.only_with {
        say(format!("Dropped by the service unless `{other}` is `{value}`."));
    }
    if !field.seen.is_empty() {
        say(format!("Seen: {}; others are sent with a warning.", field.seen.join(", ")));
    }
    if !field.inside.is_empty() {
        let part = |part: &Part| match part.words {
            [] => part.name.to_owned(),
            words => format!("{} ({})", part.name, words.join(", ")),
        };
        let parts: Vec<String> = field.inside.iter().map(part).collect();
        say(format!("Known inside: {}; others are sent with a warning.", parts.join("; ")));
    }
    text
}

/// What the service does with objects of this kind.
fn facts(kind: &Kind) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("listed", format!("GET {}, {}", kind.collection, listing(kind.list))),
        ("one object", format!("{}, identity `{}`", kind.member, kind.id)),
        ("found by", kind.natural_key.join(" + ")),
        ("created", format!("POST {}", kind.collection)),
        ("changed", changed(kind.update)),
        ("deleted", deleted(kind.delete)),
    ];
    if let Some(link) = kind.link {
        let cut = if link.can_disconnect { "" } else { ", which does not work here" };
        facts.push(("connected", format!("POST {}", link.connect)));
        facts.push(("cut", format!("POST {}{cut}", link.disconnect)));
    }
    if kind.hidden_until_verified {
        facts.push(("invisible", "a new object, until somebody confirms its mail address".to_owned()));
    }
    if let Some(scope) = kind.scope {
        facts.push(("scopes", format!("{scope}.read and so on")));
    }
    facts.push(("source", kind.source.to_owned()));
    facts
}

fn listing(list: List) -> String {
    match list {
        List::Whole => "all at once".to_owned(),
        List::Pages { size, .. } => format!("by pages of {size}"),
        List::Offset { size, order } => format!("{size} at a time, in the order `{order}`"),
    }
}

fn changed(update: Update) -> String {
    match update {
        Update::Patch => "PATCH with the changed attributes".to_owned(),
        Update::PatchOrPut { nested: (name, value) } => format!(
            "PATCH with the changed attributes, with `?{name}={value}` when a list or map is among them; `update: put` \
             sends the whole object"
        ),
    }
}

fn deleted(delete: Delete) -> String {
    match delete {
        Delete::Supported => "DELETE".to_owned(),
        Delete::Undocumented { switch } => {
            format!("not documented: refused unless the account sets `{switch}: true`")
        }
    }
}

fn name(field: &Field) -> String {
    format!("{}{}", field.name, if field.required { "*" } else { "" })
}

/// A kind for a terminal.
pub fn text(kind: &str, width: usize) -> String {
    let mut out = String::new();
    for (index, (backend, kind)) in shapes(kind).enumerate() {
        if index > 0 {
            out.push('\n');
        }
        out.push_str(&format!("{}\n\n", title(backend, kind)));
        for (key, value) in facts(kind) {
            let mut lines = String::new();
            paragraph(&mut lines, &value, 14, width);
            lines.replace_range(2..2 + key.len(), key);
            out.push_str(&lines);
        }
        out.push_str(&format!("\n  {:21} {:9} {:24} {}\n", "attribute", "type", "access", "compared"));
        for field in kind.fields {
            out.push_str(&format!(
                "  {:21} {:9} {:24} {}\n",
                name(field),
                ty(field),
                access(field),
                compared(field)
            ));
            paragraph(&mut out, &format!("{} [{}]", doc(field), field.source), 6, width);
        }
    }
    out.push('\n');
    paragraph(&mut out, ABOUT, 0, width);
    out
}

/// The page of a kind.
pub fn markdown(kind: &str) -> String {
    let mut out = format!("{GENERATED}# {kind}\n\n{ABOUT}\n");
    for (backend, kind) in shapes(kind) {
        out.push_str(&format!("\n## {}\n\n| | |\n| --- | --- |\n", title(backend, kind)));
        for (key, value) in facts(kind) {
            out.push_str(&format!("| {key} | {} |\n", cell(&value)));
        }
        out.push_str(
            "\n| attribute | type | access | compared | | source |\n| --- | --- | --- | --- | --- | --- |\n",
        );
        for field in kind.fields {
            out.push_str(&format!(
                "| `{}`{} | {} | {} | {} | {} | {} |\n",
                field.name,
                if field.required { "*" } else { "" },
                ty(field),
                access(field),
                cell(compared(field)),
                cell(&doc(field)),
                field.source
            ));
        }
    }
    out
}

/// The list of the pages.
pub fn index() -> String {
    let mut out = format!("{GENERATED}# Kinds\n\nWhat can be declared, and where it lives.\n\n");
    for name in backend::kind_names() {
        let titles: Vec<String> = shapes(name).map(|(backend, kind)| title(backend, kind)).collect();
        out.push_str(&format!("- [{name}]({name}.md): {}\n", titles.join("; ")));
    }
    out
}

/// For programs.
pub fn document(kind: &str) -> KindPage {
    let shapes = shapes(kind).map(|(backend, kind)| {
        let attributes = kind.fields.iter().map(|field| KindTable {
            name: field.name,
            ty: ty(field),
            access: access(field),
            required: field.required,
            compared: compared(field),
            doc: doc(field),
            source: field.source,
        });
        KindShape {
            service: backend.title,
            api: backend.api,
            generation: kind.generation,
            kind: kind.name,
            facts: facts(kind).into_iter().collect(),
            attributes: attributes.collect(),
        }
    });
    KindPage { shapes: shapes.collect() }
}
