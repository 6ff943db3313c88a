//! The words for an attribute that names another object: by its address in the YAML, by its id at the service.

use std::convert::Infallible;

use super::{AttributeType, Field, Kind};
use crate::model::resource::{Address, DesiredObject, DesiredValue};
use crate::model::value::CompactValue;

/// The address that a text names in a place that refers to objects of this kind: `KIND.NAME`. Any other text is an id.
pub fn reference_in(kind: &str, text: &str) -> Option<Address> {
    Address::parse(text).filter(|address| address.kind == kind)
}

impl Field {
    /// Whether its values, or parts of them, name other objects.
    pub fn has_references(&self) -> bool {
        self.reference_kinds().next().is_some()
    }

    /// The kinds of the objects that its values name.
    pub fn reference_kinds(&self) -> impl Iterator<Item = &'static str> {
        let own = match self.ty {
            AttributeType::Reference(kind) => Some(kind),
            _ => self.elements_refer_to,
        };
        own.into_iter().chain(self.nested_keys.iter().filter_map(|part| part.refers_to))
    }

    /// The value with each text that names an object replaced, where `replace` gives another one. It is called with the kind of
    /// the object and the text.
    pub fn map_references(
        &self,
        value: &CompactValue,
        replace: &mut dyn FnMut(&'static str, &str) -> Option<CompactValue>,
    ) -> CompactValue {
        let mut at = |_: &str, kind: &'static str, text: &str| Ok::<_, Infallible>(replace(kind, text));
        self.walk_references(value, &mut at).unwrap_or_else(|never| match never {})
    }

    /// Calls this with the JSON pointer inside the value, the kind and the text of each part that names an object.
    pub fn for_each_reference(&self, value: &CompactValue, seen: &mut dyn FnMut(&str, &'static str, &str)) {
        let mut at = |pointer: &str, kind: &'static str, text: &str| {
            seen(pointer, kind, text);
            Ok::<_, Infallible>(None)
        };
        self.walk_references(value, &mut at).unwrap_or_else(|never| match never {});
    }

    fn walk_references<E>(&self, value: &CompactValue, at: &mut ReferenceVisitor<'_, E>) -> Result<CompactValue, E> {
        if let AttributeType::Reference(kind) = self.ty {
            return reference_or_list("", kind, value, at);
        }
        let element =
            |pointer: String, value: &CompactValue, at: &mut ReferenceVisitor<'_, E>| match (value, self.elements_refer_to) {
                (CompactValue::Map(entries), None) => self.walk_parts(&pointer, entries, at),
                (_, Some(kind)) => reference_or_list(&pointer, kind, value, at),
                _ => Ok(value.clone()),
            };
        match value {
            CompactValue::List(items) => {
                let items = items.iter().enumerate().map(|(index, item)| element(format!("/{index}"), item, at));
                Ok(CompactValue::List(items.collect::<Result<_, E>>()?))
            }
            CompactValue::Map(entries) if self.elements_refer_to.is_none() => self.walk_parts("", entries, at),
            CompactValue::Map(entries) => {
                let entry = |(key, value): &(smol_str::SmolStr, CompactValue)| {
                    Ok((key.clone(), element(format!("/{}", pointer_key(key)), value, at)?))
                };
                Ok(CompactValue::Map(entries.iter().map(entry).collect::<Result<_, E>>()?))
            }
            _ => Ok(value.clone()),
        }
    }

    fn walk_parts<E>(
        &self,
        pointer: &str,
        entries: &[(smol_str::SmolStr, CompactValue)],
        at: &mut ReferenceVisitor<'_, E>,
    ) -> Result<CompactValue, E> {
        let entry = |(key, value): &(smol_str::SmolStr, CompactValue)| {
            let part = self.nested_keys.iter().find(|part| part.name == key.as_str());
            let value = match part.and_then(|part| part.refers_to) {
                Some(kind) => reference_or_list(&format!("{pointer}/{}", pointer_key(key)), kind, value, at)?,
                None => value.clone(),
            };
            Ok((key.clone(), value))
        };
        Ok(CompactValue::Map(entries.iter().map(entry).collect::<Result<_, E>>()?))
    }
}

/// Called with pointer, kind and text; what it returns replaces the text.
type ReferenceVisitor<'a, E> = dyn FnMut(&str, &'static str, &str) -> Result<Option<CompactValue>, E> + 'a;

/// One reference, or a list of them. An id may be a number.
fn reference_or_list<E>(
    pointer: &str,
    kind: &'static str,
    value: &CompactValue,
    at: &mut ReferenceVisitor<'_, E>,
) -> Result<CompactValue, E> {
    match value {
        CompactValue::List(items) => {
            let items = items.iter().enumerate();
            let items = items.map(|(index, item)| reference_or_list(&format!("{pointer}/{index}"), kind, item, at));
            Ok(CompactValue::List(items.collect::<Result<_, E>>()?))
        }
        _ => match value.text().filter(|text| !text.is_empty()) {
            Some(text) => Ok(at(pointer, kind, &text)?.unwrap_or_else(|| value.clone())),
            None => Ok(value.clone()),
        },
    }
}

/// A key inside a JSON pointer.
fn pointer_key(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl Kind {
    /// The attributes whose values name other objects.
    pub fn reference_fields(&self) -> impl Iterator<Item = &'static Field> {
        self.fields.iter().filter(|field| field.has_references())
    }

    /// The attributes that the YAML may state, in the order in which it is written: those of one map are beside each other, because
    /// a map is opened once.
    pub fn stated_fields(&self) -> Vec<&'static Field> {
        let stated = || self.fields.iter().filter(|field| field.is_stated());
        let mut ordered: Vec<&'static Field> = Vec::with_capacity(self.fields.len());
        for field in stated() {
            match field.group() {
                None => ordered.push(field),
                Some(group) if ordered.iter().any(|earlier| earlier.group() == Some(group)) => {}
                group => ordered.extend(stated().filter(|field| field.group() == group)),
            }
        }
        ordered
    }

    /// The attribute that names the object whose calls go to objects of this kind, and the kind of that object.
    pub fn destination_owner(&self) -> Option<(&'static Field, &'static str)> {
        let field = self.field(self.destination_of?)?;
        Some((field, field.reference_kinds().next()?))
    }

    /// Attributes of the natural key that name another object: what is found by it is looked for below that object.
    pub fn key_references(&self) -> impl Iterator<Item = &'static Field> {
        self.natural_key.iter().filter_map(|name| self.field(name)).filter(|field| field.has_references())
    }

    /// Whether some attribute names objects of this kind.
    pub fn refers_to(&self, kind: &str) -> bool {
        self.reference_fields().any(|field| field.reference_kinds().any(|other| other == kind))
    }
}

impl DesiredObject {
    /// The addresses that its attributes name, each with the attribute.
    pub fn references(&self) -> Vec<(&'static str, Address)> {
        let mut found = Vec::new();
        for field in self.shapes.iter().flat_map(|kind| kind.reference_fields()) {
            if let Some(DesiredValue::Value(value)) = self.attributes.get(field.name) {
                field.for_each_reference(value, &mut |_, kind, text| {
                    let named = reference_in(kind, text).map(|address| (field.name, address));
                    found.extend(named.filter(|named| !found.contains(named)));
                });
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kind::Part;
    use serde_json::json;

    const PARTS: &[Part] = &[Part::new("rules").refers_to("rules"), Part::new("direction")];

    fn found(field: &Field, value: serde_json::Value) -> Vec<String> {
        let mut all = Vec::new();
        field.for_each_reference(&CompactValue::from(value), &mut |pointer, kind, text| {
            all.push(format!("{pointer} {kind} {text}"))
        });
        all
    }

    #[test]
    fn a_reference_is_the_value_an_element_or_a_member() {
        let whole = Field::new("parent", AttributeType::Reference("partners"));
        assert_eq!(found(&whole, json!("partners.a")), [" partners partners.a"]);
        assert_eq!(found(&whole, json!(17)), [" partners 17"]);
        assert_eq!(found(&whole, json!(null)), [""; 0]);
        assert_eq!(found(&whole, json!("")), [""; 0]);
        let list = Field::new("tags", AttributeType::List).elements_refer_to("tags");
        assert_eq!(found(&list, json!(["x", "tags.y", null])), ["/0 tags x", "/1 tags tags.y"]);
        let map = Field::new("tags", AttributeType::Map).elements_refer_to("tags");
        assert_eq!(found(&map, json!({"a/b": "x"})), ["/a~1b tags x"]);
        let parts = Field::new("acls", AttributeType::List).with_nested_keys(PARTS);
        let value = json!([{"direction": "rules.no", "rules": ["rules.a", "b"]}, {"rules": "c"}, "rules.stray"]);
        assert_eq!(found(&parts, value), ["/0/rules/0 rules rules.a", "/0/rules/1 rules b", "/1/rules rules c"]);
        assert!(found(&Field::new("name", AttributeType::Text), json!("partners.a")).is_empty());
    }

    #[test]
    fn only_an_address_of_the_kind_is_a_reference() {
        assert_eq!(reference_in("partners", "partners.a.b"), Some(Address::new("partners", "a.b")));
        for id in ["partners", "partners.", "providers.a", "0f3c-1", ""] {
            assert_eq!(reference_in("partners", id), None, "{id}");
        }
    }

    #[test]
    fn what_is_replaced_stays_in_its_place() {
        let field = Field::new("acls", AttributeType::List).with_nested_keys(PARTS);
        let value = CompactValue::from(json!([{"direction": "any", "rules": ["rules.a", "b"]}]));
        let mapped = field.map_references(&value, &mut |_, text| (text == "rules.a").then(|| CompactValue::from("17")));
        assert_eq!(mapped.json(), json!([{"direction": "any", "rules": ["17", "b"]}]));
    }
}
