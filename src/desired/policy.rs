//! The program that is asked about each plan.

use super::{Item, Loader};
use crate::policy::Policy;
use crate::problem::Problem;
use crate::schema;

const FORM: &str =
    "no shell is involved, so each word stands by itself:\npolicy: { command: [python3, rules.py] }";

impl<'a> Loader<'a> {
    pub(super) fn collect_policy(&mut self, item: Item<'a>) {
        if let Some(first) = self.policy {
            let (first, again) = ((first.file, first.entry.key_span), (item.file, item.entry.key_span));
            self.twice(
                "telform::yaml::duplicate",
                "`policy` is said twice",
                first,
                again,
                "keep one of them; one program may hold all rules",
            );
        }
        self.policy.get_or_insert(item);
    }

    pub(super) fn read_policy(&mut self) {
        let Some(item) = self.policy else { return };
        let Some(entries) = self.section(item) else { return };
        let mut command = None;
        for entry in entries {
            if &*entry.key == schema::POLICY[0] {
                command = Some(entry);
            } else {
                self.unknown(item.file, entry, &schema::POLICY, "under `policy`");
            }
        }
        let Some(entry) = command else {
            self.report(
                Problem::new(
                    "telform::yaml::policy",
                    "`policy` names no program",
                    &item.file.source,
                    item.entry.key_span,
                )
                .label("`command` is missing")
                .help(FORM),
            );
            return;
        };
        let words = entry.value.list().and_then(|items| {
            let word = |scalar: &crate::yaml::Scalar| scalar.text.to_string();
            let words = items.iter().map(|item| item.scalar().filter(|_| !item.is_null()).map(word));
            words.collect::<Option<Vec<_>>>()
        });
        let good = words.filter(|words| {
            words.first().is_some_and(|program| !program.trim().is_empty())
                && !words.iter().any(|word| word.contains('\0'))
        });
        match good {
            Some(words) => {
                let policy = Policy { words, folder: Some(item.file.folder.clone()) };
                self.desired.policy = Some((policy, item.file.source.place(entry.key_span)));
            }
            None => self.report(
                Problem::new(
                    "telform::yaml::policy",
                    "`command` takes a list: a program and its arguments",
                    &item.file.source,
                    super::values::spot(entry),
                )
                .label("no such list")
                .help(FORM),
            ),
        }
    }
}
