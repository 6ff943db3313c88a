//! Limits that a plan must keep: at the top for the whole plan, in an account for that account.

use super::{In, Item, Loader};
use crate::problem::Problem;
use crate::resource::Guards;
use crate::schema;
use crate::yaml::Entry;

impl<'a> Loader<'a> {
    pub(super) fn collect_guards(&mut self, item: Item<'a>) {
        for entry in self.section(item).unwrap_or_default() {
            let here = Item { file: item.file, entry };
            let first = self.guards.insert(&entry.key, here);
            if let Some(first) = first.filter(|_| !self.overlay) {
                let what = format!("the guard `{}` is set twice", super::names::short(&entry.key));
                let (first, again) = ((first.file, first.entry.key_span), (here.file, entry.key_span));
                self.twice("telform::yaml::duplicate", &what, first, again, "keep one of them");
            }
        }
    }

    pub(super) fn read_top_guards(&mut self) {
        let items: Vec<Item<'a>> = self.guards.values().copied().collect();
        let mut guards = Guards::default();
        for item in items {
            self.guard(item.file, item.entry, &mut guards);
        }
        self.desired.guards = guards;
    }

    /// Guards of an account.
    pub(super) fn read_guards(&mut self, item: Item<'a>, guards: &mut Guards) {
        for entry in self.section(item).unwrap_or_default() {
            self.guard(item.file, entry, guards);
        }
    }

    fn guard(&mut self, file: In<'_>, entry: &Entry, guards: &mut Guards) {
        let slot = match &*entry.key {
            "max_deletes" => &mut guards.max_deletes,
            "max_delete_percent" => &mut guards.max_delete_percent,
            "max_numbers_dark" => &mut guards.max_numbers_dark,
            _ => return self.unknown(file, entry, &schema::GUARDS, "under `guards`"),
        };
        let Some(number) = self.whole(file, entry) else { return };
        *slot = Some(number);
        if &*entry.key == "max_delete_percent" && number > 100 {
            self.report(
                Problem::new(
                    "telform::yaml::range",
                    "a percentage goes up to 100",
                    &file.source,
                    entry.value.at,
                )
                .label("more than everything"),
            );
        }
    }
}
