//! Where the YAML says that the ledger is kept.

use super::{ConfigLoader, FileEntry, urls, values};
use crate::config::problem::Problem;
use crate::model::resource::LedgerSetting;

impl<'a> ConfigLoader<'a> {
    pub(super) fn collect_ledger(&mut self, item: FileEntry<'a>) {
        if let Some(first) = self.ledger.filter(|_| !self.overlay) {
            let what = "`ledger` is given twice";
            let (first, again) = ((first.file, first.entry.key_span), (item.file, item.entry.key_span));
            self.report_duplicate("telform::yaml::duplicate", what, first, again, "there is one ledger; keep one of them");
        }
        if self.overlay || self.ledger.is_none() {
            self.ledger = Some(item);
        }
    }

    pub(super) fn read_ledger(&mut self) {
        let Some(item) = self.ledger else { return };
        let Some(text) = self.text(item.file, item.entry) else { return };
        let wrong = match text.split_once("://") {
            _ if text.trim().is_empty() => Some("`ledger` must not be empty"),
            Some((_, rest)) => rest.contains('@').then_some("the ledger's address must not contain a login"),
            None => (!urls::stays_below(&text))
                .then_some("`ledger` takes an address, or a path below its own folder that ends in .json"),
        };
        if let Some(what) = wrong {
            self.report_problem(
                Problem::new("telform::yaml::ledger", what, &item.file.source, values::value_span(item.entry))
                    .label("here")
                    .help(
                        "write a path below this file's folder that ends in .json, such as .telform/west.json, or an \
                         address such as s3://bucket/telform.json; any other file is named with --ledger or TELFORM_LEDGER",
                    ),
            );
            return;
        }
        self.desired.ledger = Some(LedgerSetting { place: text.to_string(), folder: item.file.folder.clone() });
    }
}
