//! Limits that a plan must keep: at the top for the whole plan, in an account for that account.

use super::{ConfigLoader, FileEntry, FileRef};
use crate::config::problem::Problem;
use crate::config::yaml::MapEntry;
use crate::model::guards::{GUARDS, Guards, guard_names};

impl<'a> ConfigLoader<'a> {
    pub(super) fn collect_guards(&mut self, item: FileEntry<'a>) {
        for entry in self.read_section(item).unwrap_or_default() {
            let here = FileEntry { file: item.file, entry };
            let first = self.guards.insert(&entry.key, here);
            if let Some(first) = first.filter(|_| !self.overlay) {
                let what = format!("the guard `{}` is set twice", super::suggestions::shorten_name(&entry.key));
                let (first, again) = ((first.file, first.entry.key_span), (here.file, entry.key_span));
                self.report_duplicate("telform::yaml::duplicate", &what, first, again, "keep one of them");
            }
        }
    }

    pub(super) fn read_top_guards(&mut self) {
        let items: Vec<FileEntry<'a>> = self.guards.values().copied().collect();
        let mut guards = Guards::default();
        for item in items {
            self.read_guard(item.file, item.entry, &mut guards);
        }
        self.desired.guards = guards;
    }

    /// Guards of an account.
    pub(super) fn read_guards(&mut self, item: FileEntry<'a>, guards: &mut Guards) {
        for entry in self.read_section(item).unwrap_or_default() {
            self.read_guard(item.file, entry, guards);
        }
    }

    fn read_guard(&mut self, file: FileRef<'_>, entry: &MapEntry, guards: &mut Guards) {
        let Some(guard) = GUARDS.iter().find(|guard| guard.name == &*entry.key) else {
            return self.report_unknown_key(file, entry, &guard_names(), "under `guards`");
        };
        let Some(number) = self.read_whole_number(file, entry) else { return };
        *(guard.slot)(guards) = Some(number);
        if guard.most.is_some_and(|most| number > most) {
            self.report_problem(
                Problem::new("telform::yaml::range", "a percentage goes up to 100", &file.source, entry.value.used_at)
                    .label("more than everything"),
            );
        }
    }
}
