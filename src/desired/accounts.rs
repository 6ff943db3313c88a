//! Accounts: one login on one service.

use std::collections::BTreeSet;
use std::time::Duration;

use url::Url;

use super::{Block, Item, Loader, TWICE, names, secret, texts, urls, values};
use crate::backend;
use crate::kind::Backend;
use crate::problem::{Problem, Span};
use crate::resource::{Account, Guards, SETTLE_AFTER};
use crate::schema;
use crate::yaml::Plain;

/// What other parts need to know of an account, even when it has faults of its own.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Login {
    /// `None` when it does not say a known service.
    pub(super) backend: Option<&'static Backend>,
    /// The generation it insists on.
    pub(super) generation: Option<u8>,
}

/// Longest `settle_after`.
const LONGEST_SETTLE: Duration = Duration::from_secs(24 * 60 * 60);

/// Values of an account while they are read.
#[derive(Default)]
struct Draft {
    base_url: Option<Url>,
    was: Option<Url>,
    org_handle: Option<String>,
    product_id: Option<String>,
    product_ids: Vec<String>,
    generation: Option<u8>,
    requests_per_minute: Option<u32>,
    max_in_flight: Option<usize>,
    settle_after: Option<Duration>,
    switches: BTreeSet<String>,
    guards: Guards,
}

impl<'a> Loader<'a> {
    pub(super) fn collect_accounts(&mut self, item: Item<'a>) {
        for entry in self.section(item).unwrap_or_default() {
            let here = Item { file: item.file, entry };
            self.name(here, "an account");
            if let Some(mut block) = self.overlay.then(|| self.accounts.get(&*entry.key).cloned()).flatten() {
                self.lay(&mut block, here);
                self.accounts.insert(&entry.key, block);
            } else if let Some(first) = self.accounts.get(&*entry.key).map(|block| block.head) {
                let what = format!("the account `{}` is defined twice", names::short(&entry.key));
                let (first, again) = ((first.file, first.entry.key_span), (here.file, entry.key_span));
                self.twice("telform::yaml::duplicate", &what, first, again, TWICE);
            } else {
                let block = self.block(here);
                self.accounts.insert(&entry.key, block);
            }
        }
    }

    /// Checks the grammar of a name that the user gives.
    pub(super) fn name(&mut self, item: Item<'_>, what: &str) {
        let entry = item.entry;
        if !names::is_name(&entry.key) && texts::template(&entry.key).is_none() {
            self.report(
                Problem::new(
                    "telform::yaml::name",
                    format!("`{}` cannot be the name of {what}", names::short(&entry.key)),
                    &item.file.source,
                    entry.key_span,
                )
                .label("this name")
                .help(
                    "letters, digits, `_`, `.` and `-`, beginning with a letter, digit or `_`; at most 200",
                ),
            );
        } else {
            self.key(item.file, entry);
        }
    }

    pub(super) fn read_accounts(&mut self) {
        let blocks: Vec<Block<'a>> = self.accounts.values().cloned().collect();
        for block in blocks {
            let login = self.read_account(&block);
            self.logins.insert(block.head.key(), login);
        }
    }

    fn read_account(&mut self, block: &Block<'a>) -> Login {
        let mut login = Login::default();
        let item = block.head;
        if !block.sound {
            return login;
        }
        login.backend = self.api(block);
        let Some(backend) = login.backend else { return login };
        for line in &block.overridden {
            self.setting(*line, backend, &mut Draft::default());
        }
        let mut draft = Draft::default();
        for line in &block.lines {
            self.setting(*line, backend, &mut draft);
        }
        login.generation = draft.generation;
        let name = item.key().to_owned();
        let known = schema::account_keys(backend);
        // A key that is nearly the missing one is reported where it stands.
        let misspelt = |name: &str| {
            let strange = block.lines.iter().map(Item::key).filter(|key| !known.contains(key));
            strange.filter_map(|key| names::meant(key, known.iter().copied())).any(|meant| meant == name)
        };
        if backend.organization && block.get("org_handle").is_none() && !misspelt("org_handle") {
            self.lacks(item, "org_handle", "the handle of its organization");
        }
        let tokens = block.overridden.iter().filter(|line| line.key() == secret::TOKEN);
        for line in tokens {
            self.source(line.file, line.entry, &[&name, secret::TOKEN]);
        }
        let token = block.get(secret::TOKEN);
        if token.is_none() && !misspelt(secret::TOKEN) {
            self.lacks(
                item,
                secret::TOKEN,
                &format!("`token: {{ env: {} }}`", variable(&[&name, secret::TOKEN])),
            );
        }
        let Some(token) = token else { return login };
        let Some(source) = self.source(token.file, token.entry, &[&name, secret::TOKEN]) else {
            return login;
        };
        let standard =
            || Url::parse(backend.base_url).expect("the tables hold valid base URLs; a test reads them");
        let account = Account {
            name: name.clone(),
            backend,
            base_url: draft.base_url.unwrap_or_else(standard),
            was: draft.was,
            org_handle: draft.org_handle,
            product_ids: merged(draft.product_id, draft.product_ids),
            generation: draft.generation,
            token: source,
            token_place: token.file.source.place(token.entry.key_span),
            requests_per_minute: draft.requests_per_minute,
            max_in_flight: draft.max_in_flight,
            settle_after: draft.settle_after.unwrap_or(SETTLE_AFTER),
            switches: draft.switches,
            guards: draft.guards,
            place: item.file.source.place(item.entry.key_span),
        };
        self.desired.accounts.insert(name, account);
        login
    }

    fn api(&mut self, block: &Block<'a>) -> Option<&'static Backend> {
        let words: Vec<&str> = backend::ALL.iter().map(|backend| backend.api).collect();
        let Some(Item { file, entry }) = block.get("api") else {
            if block.added {
                let own = block.head.key();
                let others = self.accounts.keys().copied().filter(|name| *name != own);
                let near = names::meant(own, others);
                let what = format!("the account `{}`", names::short(own));
                self.overrides_nothing(block.head, &what, near, "this lacks `api`");
            } else {
                self.lacks(block.head, "api", &format!("one of {}", names::listed(&words)));
            }
            return None;
        };
        let word = self.text(file, entry)?;
        let backend = backend::by_api(&word);
        if backend.is_none() {
            self.report(
                Problem::new(
                    "telform::yaml::api",
                    format!("`{}` is no service that telform knows", names::short(&word)),
                    &file.source,
                    entry.value.at,
                )
                .label("here")
                .help(names::advice(&word, &words, "known")),
            );
        }
        backend
    }

    fn lacks(&mut self, item: Item<'_>, key: &str, wanted: &str) {
        self.report(
            Problem::new(
                "telform::yaml::missing",
                format!("the account `{}` has no `{key}`", names::short(item.key())),
                &item.file.source,
                item.entry.key_span,
            )
            .label(format!("`{key}` is missing"))
            .help(format!("add {wanted}")),
        );
    }

    fn setting(&mut self, item: Item<'a>, backend: &'static Backend, draft: &mut Draft) {
        let (file, entry) = (item.file, item.entry);
        let known = schema::account_keys(backend);
        let key = item.key();
        if !known.contains(&key) {
            return self.foreign(item, backend, &known);
        }
        match key {
            "base_url" => draft.base_url = self.base_url(item),
            "was" => draft.was = self.base_url(item),
            "org_handle" => draft.org_handle = self.handle(item),
            "product_id" => draft.product_id = self.handle(item),
            "product_ids" => draft.product_ids = self.handles(item),
            "generation" => draft.generation = self.generation(item, backend),
            "requests_per_minute" => {
                draft.requests_per_minute = self.positive(item).and_then(|it| u32::try_from(it).ok())
            }
            "max_in_flight" => {
                draft.max_in_flight = self.positive(item).and_then(|it| usize::try_from(it).ok())
            }
            "settle_after" => draft.settle_after = self.duration(item),
            "guards" => self.read_guards(item, &mut draft.guards),
            switch
                if schema::switches(backend).contains(&switch) && self.boolean(file, entry) == Some(true) =>
            {
                draft.switches.insert(switch.to_owned());
            }
            key => {
                if let Some((_, word)) = schema::words(backend).into_iter().find(|(known, _)| *known == key)
                    && let Some(text) = self.text(file, entry)
                {
                    if *text != *word {
                        return self.wrong(file, entry, &format!("`{word}`, or no such line"));
                    }
                    draft.switches.insert(key.to_owned());
                }
            }
        }
    }

    /// A key that accounts of this service do not know; perhaps those of another do.
    fn foreign(&mut self, item: Item<'_>, backend: &'static Backend, known: &[&str]) {
        let other = backend::ALL.iter().find(|other| schema::account_keys(other).contains(&item.key()));
        let Some(other) = other else {
            let place = format!("in an account of {}", backend.title);
            return self.unknown(item.file, item.entry, known, &place);
        };
        self.report(
            Problem::new(
                "telform::yaml::unknown_key",
                format!(
                    "`{}` is for accounts of {}, and this one is of {}",
                    item.key(),
                    other.title,
                    backend.title
                ),
                &item.file.source,
                item.entry.key_span,
            )
            .label("not here")
            .help(format!("known here: {}", names::listed(known))),
        );
    }

    fn base_url(&mut self, item: Item<'_>) -> Option<Url> {
        let text = self.text(item.file, item.entry)?;
        match urls::base_url(&text) {
            Ok(url) => Some(url),
            Err(why) => {
                self.report(
                    Problem::new("telform::yaml::base_url", why, &item.file.source, values::spot(item.entry))
                        .label("here")
                        .help("such as https://host/path; leave it out for the service's own address"),
                );
                None
            }
        }
    }

    /// A text that becomes a header.
    fn handle(&mut self, item: Item<'_>) -> Option<String> {
        let text = self.text(item.file, item.entry)?;
        self.header(item, &text, values::spot(item.entry))
    }

    /// Texts that become headers, each once.
    fn handles(&mut self, item: Item<'a>) -> Vec<String> {
        let Some(list) = item.entry.value.list().filter(|list| !list.is_empty()) else {
            self.wrong(item.file, item.entry, "a list with at least one text in it");
            return Vec::new();
        };
        let mut handles: Vec<String> = Vec::new();
        for node in list {
            let Some(scalar) = node.scalar().filter(|scalar| matches!(scalar.reading(), Plain::Text)) else {
                let what = format!("`{}` takes a list of texts", item.key());
                let problem = Problem::new("telform::yaml::wrong_type", what, &item.file.source, node.at);
                self.report(problem.label(format!("this is {}", node.sort())));
                continue;
            };
            let Some(handle) = self.header(item, &scalar.text, node.at) else { continue };
            if handles.contains(&handle) {
                let what = format!("`{}` has `{}` twice", item.key(), names::short(&handle));
                let problem = Problem::new("telform::yaml::duplicate", what, &item.file.source, node.at);
                self.report(problem.label("again").help("keep one of them"));
                continue;
            }
            handles.push(handle);
        }
        handles
    }

    fn header(&mut self, item: Item<'_>, text: &str, at: Span) -> Option<String> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.report(
                Problem::new(
                    "telform::yaml::handle",
                    format!("`{}` takes visible ASCII characters without spaces", item.key()),
                    &item.file.source,
                    at,
                )
                .label("it is sent as a header"),
            );
            return None;
        }
        Some(text.to_owned())
    }

    fn generation(&mut self, item: Item<'_>, backend: &'static Backend) -> Option<u8> {
        let scalar = item.entry.value.scalar();
        if scalar.is_some_and(|scalar| &*scalar.text == "auto") {
            return None;
        }
        let number = scalar.filter(|scalar| matches!(scalar.reading(), Plain::Integer | Plain::Text));
        let found =
            number.and_then(|scalar| scalar.text.parse().ok()).filter(|it| backend.generations.contains(it));
        if found.is_none() {
            let known: Vec<String> = backend.generations.iter().map(u8::to_string).collect();
            self.wrong(item.file, item.entry, &format!("auto, or one of {}", known.join(", ")));
        }
        found
    }

    /// A length of time with its unit, up to a day.
    fn duration(&mut self, item: Item<'_>) -> Option<Duration> {
        let text = self.text(item.file, item.entry)?;
        let length = text.parse::<jiff::SignedDuration>().ok().and_then(|it| Duration::try_from(it).ok());
        if length.is_none_or(|it| it > LONGEST_SETTLE) {
            self.report(
                Problem::new(
                    "telform::yaml::range",
                    format!("`{}` takes a duration with its unit, from 0s to 24h", item.key()),
                    &item.file.source,
                    values::spot(item.entry),
                )
                .label("not a duration in this range")
                .help("such as 90s, 5m or 1h"),
            );
            return None;
        }
        length
    }

    fn positive(&mut self, item: Item<'_>) -> Option<u64> {
        let number = self.whole(item.file, item.entry)?;
        if number == 0 || number > 1_000_000 {
            self.report(
                Problem::new(
                    "telform::yaml::range",
                    format!("`{}` goes from 1 to 1000000", item.key()),
                    &item.file.source,
                    item.entry.value.at,
                )
                .label("out of range"),
            );
            return None;
        }
        Some(number)
    }
}

/// The products of an account, the one that goes with every call first.
fn merged(first: Option<String>, others: Vec<String>) -> Vec<String> {
    let mut all: Vec<String> = first.into_iter().collect();
    for other in others {
        if !all.contains(&other) {
            all.push(other);
        }
    }
    all
}

/// A variable's name made of these parts: `CARRIERX_TOKEN`.
pub(crate) fn variable(parts: &[&str]) -> String {
    let word: String = parts
        .join("_")
        .chars()
        .map(|char| if char.is_ascii_alphanumeric() { char.to_ascii_uppercase() } else { '_' })
        .collect();
    if word.starts_with(|char: char| char.is_ascii_digit()) { format!("_{word}") } else { word }
}
