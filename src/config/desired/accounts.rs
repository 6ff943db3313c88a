//! Accounts: one login on one service.

use std::time::Duration;

use url::Url;

use super::{ConfigLoader, FileEntry, LayeredBlock, TWICE, secret, suggestions, texts, urls, values};
use crate::config::problem::{Problem, Span};
use crate::config::schema;
use crate::config::yaml::{PlainScalar, ScalarStyle};
use crate::model::call::is_segment;
use crate::model::guards::Guards;
use crate::model::kind::{AccountSetting, Detach, SentIn, ServiceTable, SettingType};
use crate::model::resource::{Account, AccountSettings, SETTLE_AFTER, SettingValue, required_generation};
use crate::services;

/// What other modules need to know about an account, even when the account itself has problems.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AccountSummary {
    /// `None` when it does not name a known service.
    pub(super) service: Option<&'static ServiceTable>,
    /// The generation that it requires.
    pub(super) generation: Option<u8>,
}

/// Longest `settle_after`.
const LONGEST_SETTLE: Duration = Duration::from_secs(24 * 60 * 60);

/// Values of an account while they are read.
#[derive(Default)]
struct AccountDraft {
    base_url: Option<Url>,
    previous_base_url: Option<Url>,
    settings: AccountSettings,
    requests_per_minute: Option<u32>,
    max_in_flight: Option<usize>,
    settle_after: Option<Duration>,
    guards: Guards,
}

impl<'a> ConfigLoader<'a> {
    pub(super) fn collect_accounts(&mut self, item: FileEntry<'a>) {
        for entry in self.read_section(item).unwrap_or_default() {
            let here = FileEntry { file: item.file, entry };
            self.name(here, "an account");
            if let Some(mut block) = self.overlay.then(|| self.accounts.get(&*entry.key).cloned()).flatten() {
                self.apply_overlay(&mut block, here);
                self.accounts.insert(&entry.key, block);
            } else if let Some(first) = self.accounts.get(&*entry.key).map(|block| block.head) {
                let what = format!("the account `{}` is defined twice", suggestions::shorten_name(&entry.key));
                let (first, again) = ((first.file, first.entry.key_span), (here.file, entry.key_span));
                self.report_duplicate("telform::yaml::duplicate", &what, first, again, TWICE);
            } else {
                let block = self.define_block(here);
                self.accounts.insert(&entry.key, block);
            }
        }
    }

    /// Checks the syntax of a name that the user chooses.
    pub(super) fn name(&mut self, item: FileEntry<'_>, what: &str) {
        let entry = item.entry;
        if !suggestions::is_name(&entry.key) && texts::first_template(&entry.key).is_none() {
            self.report_problem(
                Problem::new(
                    "telform::yaml::name",
                    format!("`{}` cannot be the name of {what}", suggestions::shorten_name(&entry.key)),
                    &item.file.source,
                    entry.key_span,
                )
                .label("this name")
                .help("letters, digits, `_`, `.` and `-`, beginning with a letter, digit or `_`; at most 200"),
            );
        } else {
            self.check_key(item.file, entry);
        }
    }

    pub(super) fn read_accounts(&mut self) {
        let blocks: Vec<LayeredBlock<'a>> = self.accounts.values().cloned().collect();
        for block in blocks {
            let login = self.read_account(&block);
            self.account_summaries.insert(block.head.key(), login);
        }
    }

    fn read_account(&mut self, block: &LayeredBlock<'a>) -> AccountSummary {
        let mut login = AccountSummary::default();
        let item = block.head;
        if !block.is_well_formed {
            return login;
        }
        login.service = self.read_api(block);
        let Some(service) = login.service else { return login };
        for line in &block.overridden {
            self.read_setting(*line, service, &mut AccountDraft::default());
        }
        let mut draft = AccountDraft::default();
        for line in &block.entries {
            self.read_setting(*line, service, &mut draft);
        }
        login.generation = required_generation(service, &draft.settings);
        let name = item.key().to_owned();
        let known = schema::account_keys(service);
        // A key that is nearly the missing one is reported at its own position.
        let misspelt = |name: &str| {
            let strange = block.entries.iter().map(FileEntry::key).filter(|key| !known.contains(key));
            strange.filter_map(|key| suggestions::closest_name(key, known.iter().copied())).any(|meant| meant == name)
        };
        for setting in service.settings {
            if let Some(what) = setting.required.filter(|_| block.get(setting.name).is_none() && !misspelt(setting.name)) {
                self.report_lacking(item, setting.name, what);
            }
        }
        let tokens = block.overridden.iter().filter(|line| line.key() == secret::TOKEN);
        for line in tokens {
            self.source(line.file, line.entry, &[&name, secret::TOKEN]);
        }
        let token = block.get(secret::TOKEN);
        if token.is_none() && !misspelt(secret::TOKEN) {
            self.report_lacking(item, secret::TOKEN, &format!("`token: {{ env: {} }}`", variable_name(&[&name, secret::TOKEN])));
        }
        let Some(token) = token else { return login };
        let Some(source) = self.source(token.file, token.entry, &[&name, secret::TOKEN]) else {
            return login;
        };
        let standard = || Url::parse(service.base_url).expect("the tables hold valid base URLs; a test reads them");
        let account = Account {
            name: name.clone(),
            service,
            base_url: draft.base_url.unwrap_or_else(standard),
            previous_base_url: draft.previous_base_url,
            settings: draft.settings,
            token: source,
            token_location: token.file.source.location_of(token.entry.key_span),
            requests_per_minute: draft.requests_per_minute,
            max_in_flight: draft.max_in_flight,
            settle_after: draft.settle_after.unwrap_or(SETTLE_AFTER),
            guards: draft.guards,
            location: item.file.source.location_of(item.entry.key_span),
        };
        self.desired.accounts.insert(name, account);
        login
    }

    fn read_api(&mut self, block: &LayeredBlock<'a>) -> Option<&'static ServiceTable> {
        let words: Vec<&str> = services::tables().iter().map(|service| service.api).collect();
        let Some(FileEntry { file, entry }) = block.get("api") else {
            if block.from_overlay {
                let own = block.head.key();
                let others = self.accounts.keys().copied().filter(|name| *name != own);
                let near = suggestions::closest_name(own, others);
                let what = format!("the account `{}`", suggestions::shorten_name(own));
                self.overrides_nothing(block.head, &what, near, "`api` is missing");
            } else {
                self.report_lacking(block.head, "api", &format!("one of {}", suggestions::join_names(&words)));
            }
            return None;
        };
        let word = self.text(file, entry)?;
        let service = services::by_api(&word);
        if service.is_none() {
            self.report_problem(
                Problem::new(
                    "telform::yaml::api",
                    format!("`{}` is not a service that telform knows", suggestions::shorten_name(&word)),
                    &file.source,
                    entry.value.used_at,
                )
                .label("here")
                .help(suggestions::suggest_names(&word, &words, "known")),
            );
        }
        service
    }

    fn report_lacking(&mut self, item: FileEntry<'_>, key: &str, wanted: &str) {
        self.report_problem(
            Problem::new(
                "telform::yaml::missing",
                format!("the account `{}` has no `{key}`", suggestions::shorten_name(item.key())),
                &item.file.source,
                item.entry.key_span,
            )
            .label(format!("`{key}` is missing"))
            .help(format!("add {wanted}")),
        );
    }

    fn read_setting(&mut self, item: FileEntry<'a>, service: &'static ServiceTable, draft: &mut AccountDraft) {
        let known = schema::account_keys(service);
        let key = item.key();
        if !known.contains(&key) {
            return self.report_foreign_key(item, service, &known);
        }
        match key {
            "base_url" => draft.base_url = self.base_url(item),
            "was" => draft.previous_base_url = self.base_url(item),
            "requests_per_minute" => draft.requests_per_minute = self.read_positive(item).and_then(|it| u32::try_from(it).ok()),
            "max_in_flight" => draft.max_in_flight = self.read_positive(item).and_then(|it| usize::try_from(it).ok()),
            "settle_after" => draft.settle_after = self.read_duration(item),
            "guards" => self.read_guards(item, &mut draft.guards),
            // Read when all accounts are known.
            schema::DEFAULTS => {}
            key => {
                let setting = service.setting(key);
                let value = setting.and_then(|setting| self.read_setting_value(item, setting));
                draft.settings.extend(setting.map(|setting| setting.name).zip(value));
            }
        }
    }

    /// What the YAML says for a setting of the service.
    fn read_setting_value(&mut self, item: FileEntry<'a>, setting: &AccountSetting) -> Option<SettingValue> {
        let (file, entry) = (item.file, item.entry);
        match setting.ty {
            SettingType::Text => {
                let text = self.text(file, entry)?;
                self.check_setting_text(item, setting, &text, values::value_span(entry)).map(SettingValue::Text)
            }
            SettingType::Texts => {
                Some(self.read_setting_texts(item, setting)).filter(|it| !it.is_empty()).map(SettingValue::Texts)
            }
            SettingType::Choice(numbers) => self.read_choice(item, setting, numbers).map(SettingValue::Number),
            SettingType::Switch => (self.read_boolean(file, entry) == Some(true)).then_some(SettingValue::On),
            SettingType::EmptyOrNull => {
                let empty = entry.value.as_scalar().is_some_and(|text| text.text.is_empty() && text.style == ScalarStyle::Quoted);
                if entry.value.is_null() || empty {
                    return Some(SettingValue::Nothing(if empty { Detach::Empty } else { Detach::Null }));
                }
                self.report_wrong_type(file, entry, "`\"\"` or `null`");
                None
            }
            SettingType::Word(word) => {
                if *self.text(file, entry)? == *word {
                    return Some(SettingValue::On);
                }
                self.report_wrong_type(file, entry, &format!("`{word}`, or no such line"));
                None
            }
        }
    }

    /// A key that is unknown to accounts of this service, and perhaps known to those of another.
    fn report_foreign_key(&mut self, item: FileEntry<'_>, service: &'static ServiceTable, known: &[&str]) {
        let other = services::tables().iter().find(|other| schema::account_keys(other).contains(&item.key()));
        let Some(other) = other else {
            let place = format!("in an account of {}", service.title);
            return self.report_unknown_key(item.file, item.entry, known, &place);
        };
        self.report_problem(
            Problem::new(
                "telform::yaml::unknown_key",
                format!("`{}` is for accounts of {}, and this one is of {}", item.key(), other.title, service.title),
                &item.file.source,
                item.entry.key_span,
            )
            .label("not here")
            .help(format!("known here: {}", suggestions::join_names(known))),
        );
    }

    fn base_url(&mut self, item: FileEntry<'_>) -> Option<Url> {
        let text = self.text(item.file, item.entry)?;
        match urls::base_url(&text) {
            Ok(url) => Some(url),
            Err(why) => {
                self.report_problem(
                    Problem::new("telform::yaml::base_url", why, &item.file.source, values::value_span(item.entry))
                        .label("here")
                        .help("such as https://host/path; leave it out for the service's own address"),
                );
                None
            }
        }
    }

    /// The texts of a list, each once.
    fn read_setting_texts(&mut self, item: FileEntry<'a>, setting: &AccountSetting) -> Vec<String> {
        let Some(list) = item.entry.value.as_list().filter(|list| !list.is_empty()) else {
            self.report_wrong_type(item.file, item.entry, "a list with at least one text in it");
            return Vec::new();
        };
        let mut handles: Vec<String> = Vec::new();
        for node in list {
            let Some(scalar) = node.as_scalar().filter(|scalar| matches!(scalar.classify_scalar(), PlainScalar::Text)) else {
                let what = format!("`{}` takes a list of texts", item.key());
                let problem = Problem::new("telform::yaml::wrong_type", what, &item.file.source, node.used_at);
                self.report_problem(problem.label(format!("this is {}", node.type_name())));
                continue;
            };
            let Some(handle) = self.check_setting_text(item, setting, &scalar.text, node.used_at) else { continue };
            if handles.contains(&handle) {
                let what = format!("`{}` has `{}` twice", item.key(), suggestions::shorten_name(&handle));
                let problem = Problem::new("telform::yaml::duplicate", what, &item.file.source, node.used_at);
                self.report_problem(problem.label("again").help("keep one of them"));
                continue;
            }
            handles.push(handle);
        }
        handles
    }

    fn check_setting_text(&mut self, item: FileEntry<'_>, setting: &AccountSetting, text: &str, at: Span) -> Option<String> {
        let (label, fits) = match setting.sent {
            Some(SentIn::Path) => ("it is sent as a part of the path", is_segment(text)),
            Some(SentIn::Query(_)) => ("it is sent in the query", true),
            Some(SentIn::Header(_)) | None => ("it is sent as a header", true),
        };
        if !fits || text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let without = if fits { "" } else { " and slashes" };
            self.report_problem(
                Problem::new(
                    "telform::yaml::handle",
                    format!("`{}` takes visible ASCII characters without spaces{without}", item.key()),
                    &item.file.source,
                    at,
                )
                .label(label),
            );
            return None;
        }
        Some(text.to_owned())
    }

    fn read_choice(&mut self, item: FileEntry<'_>, setting: &AccountSetting, numbers: &[u32]) -> Option<u32> {
        let scalar = item.entry.value.as_scalar();
        if scalar.is_some_and(|scalar| setting.auto() == Some(&*scalar.text)) {
            return None;
        }
        let number = scalar.filter(|scalar| matches!(scalar.classify_scalar(), PlainScalar::Integer | PlainScalar::Text));
        let found = number.and_then(|scalar| scalar.text.parse().ok()).filter(|it| numbers.contains(it));
        if found.is_none() {
            let known: Vec<String> = numbers.iter().map(u32::to_string).collect();
            let auto = setting.auto().map(|auto| format!("{auto}, or ")).unwrap_or_default();
            self.report_wrong_type(item.file, item.entry, &format!("{auto}one of {}", known.join(", ")));
        }
        found
    }

    /// A length of time with its unit, up to a day.
    fn read_duration(&mut self, item: FileEntry<'_>) -> Option<Duration> {
        let text = self.text(item.file, item.entry)?;
        let length = text.parse::<jiff::SignedDuration>().ok().and_then(|it| Duration::try_from(it).ok());
        if length.is_none_or(|it| it > LONGEST_SETTLE) {
            self.report_problem(
                Problem::new(
                    "telform::yaml::range",
                    format!("`{}` takes a duration with its unit, from 0s to 24h", item.key()),
                    &item.file.source,
                    values::value_span(item.entry),
                )
                .label("not a duration in this range")
                .help("such as 90s, 5m or 1h"),
            );
            return None;
        }
        length
    }

    fn read_positive(&mut self, item: FileEntry<'_>) -> Option<u64> {
        let number = self.read_whole_number(item.file, item.entry)?;
        if number == 0 || number > 1_000_000 {
            self.report_problem(
                Problem::new(
                    "telform::yaml::range",
                    format!("`{}` goes from 1 to 1000000", item.key()),
                    &item.file.source,
                    item.entry.value.used_at,
                )
                .label("out of range"),
            );
            return None;
        }
        Some(number)
    }
}

/// A variable's name made of these parts: `CARRIERX_TOKEN`.
pub(crate) fn variable_name(parts: &[&str]) -> String {
    let word: String =
        parts.join("_").chars().map(|char| if char.is_ascii_alphanumeric() { char.to_ascii_uppercase() } else { '_' }).collect();
    if word.starts_with(|char: char| char.is_ascii_digit()) { format!("_{word}") } else { word }
}
