//! The words of a service in what a refusal advises.

use std::collections::BTreeSet;

use crate::model::kind::{Kind, LinkWords, ServiceTable, SettingRole};
use crate::model::resource::Address;
use crate::services;

/// What help calls the things of a service: the words of its own tables.
pub(super) struct HelpWords<'a> {
    table: Option<&'static ServiceTable>,
    service: &'a str,
    kind: &'a str,
    one: &'a str,
    holder: &'a str,
    target: &'a str,
    /// The setting that allows a delete that the service does not document.
    switch: String,
}

impl<'a> HelpWords<'a> {
    /// The words of the service that this address belongs to; without an address, neutral ones.
    pub(super) fn about(address: Option<&'a Address>) -> Self {
        let kind = address.map_or("KIND", |address| address.kind.as_str());
        let of = services::of_kind(kind);
        let links = of.map_or(LinkWords { holder: "object", target: "object" }, ServiceTable::link_words);
        let one = of.map_or("object", |service| service.singular_of(kind));
        Self {
            table: of,
            service: of.map_or("the service", |it| it.title),
            kind,
            one,
            holder: links.holder,
            target: links.target,
            switch: delete_switches(address),
        }
    }

    /// Puts them in place of `{service}`, `{kind}`, `{one}`, `{holder}`, `{target}` and `{switch}`, and the names of its settings in
    /// place of their roles.
    pub(super) fn fill(&self, template: &str) -> String {
        let words = [
            ("service", self.service),
            ("kind", self.kind),
            ("one", self.one),
            ("holder", self.holder),
            ("target", self.target),
            ("switch", &self.switch),
        ];
        let text = words.iter().fold(template.to_owned(), |text, (word, with)| text.replace(&format!("{{{word}}}"), with));
        let own = SettingRole::ALL.iter().filter_map(|role| Some((role.as_str(), self.table?.setting_of(*role)?.name)));
        services::name_settings(&own.fold(text, |text, (role, name)| text.replace(&format!("{{{role}}}"), name)))
    }
}

/// The settings that allow an undocumented delete: of the kind of this address, or of any kind.
fn delete_switches(address: Option<&Address>) -> String {
    let about = |kind: &&&Kind| address.is_none_or(|address| address.kind == kind.name);
    let kinds = services::tables().iter().flat_map(|service| service.kinds);
    let switches: BTreeSet<&str> = kinds.filter(about).filter_map(|kind| kind.delete.switch()).collect();
    Vec::from_iter(switches).join("` or `")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "{service}: this {one} of {kind}, on this {holder}, by this {target}";

    #[test]
    fn the_words_are_those_of_the_address() {
        for service in services::tables() {
            for shape in service.kinds {
                let filled = HelpWords::about(Some(&Address::new(shape.name, "x"))).fill(TEMPLATE);
                let (title, one, kind) = (service.title, shape.singular, shape.name);
                assert!(filled.starts_with(&format!("{title}: this {one} of {kind}, on this ")), "{filled}");
                assert!(!filled.contains('{'), "{filled}");
            }
        }
        let neutral = HelpWords::about(None).fill(TEMPLATE);
        assert_eq!(neutral, "the service: this object of KIND, on this object, by this object");
    }
}
