//! Where the YAML says that the ledger is kept.

use super::{ConfigLoader, FileEntry, urls, values};
use crate::config::problem::Problem;
use crate::model::resource::LedgerSetting;

/// The stores in which a ledger can be an object, as addresses begin.
const LEDGER_STORES: [&str; 3] = ["s3", "gs", "az"];

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
            Some((_, rest)) if rest.contains('@') => Some("the ledger's address must not contain a login"),
            Some((scheme, _)) if !LEDGER_STORES.contains(&scheme) => {
                Some("`ledger` takes an address that begins with s3://, gs:// or az://")
            }
            Some((_, rest)) => (!rest.split_once('/').is_some_and(|(bucket, path)| !bucket.is_empty() && !path.is_empty()))
                .then_some("the ledger's address does not name an object: add its path after the bucket"),
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
