//! The program that is asked about each plan.

use super::{ConfigLoader, FileEntry};
use crate::config::problem::Problem;
use crate::config::schema;
use crate::process::policy::Policy;

const FORM: &str = "telform does not use a shell, so write each word separately:\npolicy: { command: [python3, rules.py] }";

impl<'a> ConfigLoader<'a> {
    pub(super) fn collect_policy(&mut self, item: FileEntry<'a>) {
        if let Some(first) = self.policy {
            let (first, again) = ((first.file, first.entry.key_span), (item.file, item.entry.key_span));
            self.report_duplicate(
                "telform::yaml::duplicate",
                "`policy` is given twice",
                first,
                again,
                "keep one of them; one program may hold all rules",
            );
        }
        self.policy.get_or_insert(item);
    }

    pub(super) fn read_policy(&mut self) {
        let Some(item) = self.policy else { return };
        let Some(entries) = self.read_section(item) else { return };
        let mut command = None;
        for entry in entries {
            if &*entry.key == schema::POLICY[0] {
                command = Some(entry);
            } else {
                self.report_unknown_key(item.file, entry, &schema::POLICY, "under `policy`");
            }
        }
        let Some(entry) = command else {
            self.report_problem(
                Problem::new("telform::yaml::policy", "`policy` names no program", &item.file.source, item.entry.key_span)
                    .label("`command` is missing")
                    .help(FORM),
            );
            return;
        };
        let words = entry.value.as_list().and_then(|items| {
            let word = |scalar: &crate::config::yaml::Scalar| scalar.text.to_string();
            let words = items.iter().map(|item| item.as_scalar().filter(|_| !item.is_null()).map(word));
            words.collect::<Option<Vec<_>>>()
        });
        let good = words.filter(|words| {
            words.first().is_some_and(|program| !program.trim().is_empty()) && !words.iter().any(|word| word.contains('\0'))
        });
        match good {
            Some(words) => {
                let policy = Policy { command: words, folder: Some(item.file.folder.clone()) };
                self.desired.policy = Some((policy, item.file.source.location_of(entry.key_span)));
            }
            None => self.report_problem(
                Problem::new(
                    "telform::yaml::policy",
                    "`command` takes a list: a program and its arguments",
                    &item.file.source,
                    super::values::value_span(entry),
                )
                .label("no such list")
                .help(FORM),
            ),
        }
    }
}
