//! What the core knows of a service, as data.

use super::{AccountSetting, Envelope, Kind, Link, LinkEntry, LinkRoles, LinkWords, SettingRole, SettingType};
use crate::model::value::Value;

/// One service that telform can talk to, as data.
#[derive(Debug)]
pub struct ServiceTable {
    /// The word in `accounts.NAME.api`.
    pub api: &'static str,
    /// The service's name for people.
    pub title: &'static str,
    /// Used when the account names no `base_url`.
    pub base_url: &'static str,
    /// The word before the token in the `Authorization` header.
    pub auth_scheme: &'static str,
    /// Tables of this service, one for each kind and generation.
    pub kinds: &'static [&'static Kind],
    /// Requests per minute when the account names none; not used on loopback, where no server needs a rate limit.
    pub requests_per_minute: u32,
    /// Reads in flight when the account names no `max_in_flight`.
    pub reads_in_flight: usize,
    /// Writes in flight when the account names no `max_in_flight`.
    pub writes_in_flight: usize,
    /// Settings that its accounts have beside those of every account.
    pub settings: &'static [AccountSetting],
    /// Where a row names the organization that owns its object, as paths of keys; the first path that exists decides. Null or
    /// an empty text at its end means that the object has no owner. An object of another organization, or of none, is not
    /// managed from here.
    pub owner: &'static [&'static [&'static str]],
    /// How to ask for the owner and the scopes of a token; none where the organization already identifies the owner
    /// of the account.
    pub whoami: Option<&'static TokenOwnerQuery>,
    /// A success status with which the service nevertheless refuses, in words for people (unpod.md fact 5).
    pub refusal_status: Option<u16>,
    /// Whether a POST that was answered 429 may be sent again. Only where the documentation asks for it (unpod.md 11):
    /// what a CarrierX POST created is invisible, so a second POST could create a second object (carrierx.md 7.1).
    pub repeats_throttled_post: bool,
    /// Whether a 404 without JSON (an HTML page) says that the path is unknown, and only one with JSON that the object is
    /// not there (unpod.md 9.3, recorded). Elsewhere every 404 is about the object (carrierx.md 9).
    pub html_404_is_no_path: bool,
    /// Recognises from the text of a 400 that the object does not exist, at a service that reports it with this status.
    pub gone_in_400: Option<fn(&str) -> bool>,
    /// How its answers are wrapped.
    pub envelope: Envelope,
    /// The code in the errors of a 429 that says that waiting helps, where the service gives one; with any other code a 429 is
    /// final. None where each 429 asks to wait.
    pub throttled_code: Option<&'static str>,
    /// The header with the seconds until requests are answered again, where it is not `Retry-After`, in small letters.
    pub reset_header: Option<&'static str>,
}

impl ServiceTable {
    /// A service with one kind of login and no peculiarities; the builders below say what differs.
    pub const fn new(api: &'static str, title: &'static str, base_url: &'static str) -> Self {
        Self {
            api,
            title,
            base_url,
            auth_scheme: "Bearer",
            kinds: &[],
            requests_per_minute: 60,
            reads_in_flight: 2,
            writes_in_flight: 1,
            settings: &[],
            owner: &[],
            whoami: None,
            refusal_status: None,
            repeats_throttled_post: false,
            html_404_is_no_path: false,
            gone_in_400: None,
            envelope: Envelope::DATA,
            throttled_code: None,
            reset_header: None,
        }
    }

    /// Its tables, one for each kind and generation.
    pub const fn kinds(mut self, kinds: &'static [&'static Kind]) -> Self {
        self.kinds = kinds;
        self
    }

    /// The word before the token, where it is not `Bearer`.
    pub const fn auth_scheme(mut self, word: &'static str) -> Self {
        self.auth_scheme = word;
        self
    }

    /// Requests per minute, reads in flight and writes in flight when the account names none.
    pub const fn limits(mut self, requests_per_minute: u32, reads: usize, writes: usize) -> Self {
        self.requests_per_minute = requests_per_minute;
        self.reads_in_flight = reads;
        self.writes_in_flight = writes;
        self
    }

    /// Settings of its accounts.
    pub const fn settings(mut self, settings: &'static [AccountSetting]) -> Self {
        self.settings = settings;
        self
    }

    /// Rows name the organization that owns their object at the end of one of these paths.
    pub const fn owned_at(mut self, owner: &'static [&'static [&'static str]]) -> Self {
        self.owner = owner;
        self
    }

    /// How a token is asked whose it is.
    pub const fn whoami(mut self, whoami: &'static TokenOwnerQuery) -> Self {
        self.whoami = Some(whoami);
        self
    }

    /// A status among the successes with which the service says no.
    pub const fn refuses_with(mut self, status: u16) -> Self {
        self.refusal_status = Some(status);
        self
    }

    /// A POST that was answered 429 may be sent again.
    pub const fn repeats_throttled_post(mut self) -> Self {
        self.repeats_throttled_post = true;
        self
    }

    /// A 429 asks to wait only with this code in its errors, for as many seconds as this header says.
    pub const fn throttles_with(mut self, code: &'static str, reset_header: &'static str) -> Self {
        (self.throttled_code, self.reset_header) = (Some(code), Some(reset_header));
        self
    }

    /// How its answers are wrapped.
    pub const fn envelope(mut self, envelope: Envelope) -> Self {
        self.envelope = envelope;
        self
    }

    /// A 404 without JSON says that the path is unknown.
    pub const fn html_404_is_no_path(mut self) -> Self {
        self.html_404_is_no_path = true;
        self
    }

    /// Tells from the text of a 400 that the object is not there.
    pub const fn gone_in_400(mut self, says_gone: fn(&str) -> bool) -> Self {
        self.gone_in_400 = Some(says_gone);
        self
    }

    /// The setting of this name.
    pub fn setting(&self, name: &str) -> Option<&'static AccountSetting> {
        self.settings.iter().find(|setting| setting.name == name)
    }

    /// The setting with this role.
    pub fn setting_of(&self, role: SettingRole) -> Option<&'static AccountSetting> {
        self.settings.iter().find(|setting| setting.role == Some(role))
    }

    /// The name of the setting with this role; where it has none, the word for the role.
    pub fn setting_name(&self, role: SettingRole) -> &'static str {
        self.setting_of(role).map_or(role.as_str(), |setting| setting.name)
    }

    /// Whether an account names its organization.
    pub fn has_organizations(&self) -> bool {
        self.setting_of(SettingRole::Organization).is_some()
    }

    /// Generations that may answer; empty when the service has only one.
    pub fn generations(&self) -> &'static [u32] {
        match self.setting_of(SettingRole::Generation).map(|setting| setting.ty) {
            Some(SettingType::Choice(numbers)) => numbers,
            _ => &[],
        }
    }

    /// All shapes of a kind, over the generations.
    pub fn shapes(&self, name: &str) -> impl Iterator<Item = &'static Kind> {
        self.kinds.iter().copied().filter(move |kind| kind.name == name)
    }

    /// The shape of a kind in one generation (`None` where the service has only one).
    pub fn shape(&self, name: &str, generation: Option<u8>) -> Option<&'static Kind> {
        self.shapes(name).find(|kind| kind.generation.is_none() || kind.generation == generation)
    }

    /// The words for links that are entries of their own, where the service has any.
    pub fn link_entry(&self) -> Option<&'static LinkEntry> {
        self.link_roles()?.entry
    }

    /// Whether its accounts hold what a kind names: objects, or links that are entries of their own.
    pub fn holds(&self, kind: &str) -> bool {
        self.kinds.iter().any(|it| it.name == kind) || self.link_entry().is_some_and(|entry| entry.kind == kind)
    }

    /// The roles of linked objects, where the service has any. They are the same in every generation.
    pub fn link_roles(&self) -> Option<&'static LinkRoles> {
        self.kinds.iter().find_map(|kind| kind.link).map(|link| link.roles)
    }

    /// One object of a kind, in words; the kind's own name where the service has no such kind.
    pub fn singular_of<'k>(&self, kind: &'k str) -> &'k str {
        self.shapes(kind).next().map_or(kind, |shape| shape.singular)
    }

    /// What messages call linked objects.
    pub fn link_words(&self) -> LinkWords {
        let word = |kind: &'static str| self.singular_of(kind);
        let target = |roles: &LinkRoles| roles.target.or(roles.targets.first().map(|kind| word(kind))).unwrap_or("object");
        let words = self.link_roles().map(|roles| LinkWords { holder: word(roles.holder), target: target(roles) });
        words.unwrap_or(LinkWords { holder: "object", target: "object" })
    }

    /// The kind that holds links, in one generation, and how they are made there.
    pub fn link_holder(&self, generation: Option<u8>) -> Option<(&'static Kind, &'static Link)> {
        let shapes = self.kinds.iter().filter(|kind| kind.generation.is_none() || kind.generation == generation);
        shapes.filter_map(|kind| Some((*kind, kind.link?))).next()
    }

    /// Words of its own: names of kinds and attributes, and what is in some of these. Each is in many answers.
    pub fn words(&self) -> impl Iterator<Item = &'static str> {
        self.kinds.iter().flat_map(|kind| {
            let fields = kind.fields.iter();
            let fields = fields.flat_map(|field| [field.name].into_iter().chain(field.known_values.iter().copied()));
            [kind.name, kind.singular].into_iter().chain(kind.ignored_keys.iter().copied()).chain(fields)
        })
    }

    /// The organization that owns the object in a row. `None`: the row does not say. `Some(None)`: the row says that the
    /// object has no owner.
    pub fn owner_in(&self, row: &Value) -> Option<Option<String>> {
        let told = |path: &&[&str]| path.iter().try_fold(row, |at, key| if at.is_null() { Some(at) } else { at.get(*key) });
        match self.owner.iter().find_map(told)? {
            Value::Null => Some(None),
            Value::String(handle) => Some((!handle.is_empty()).then(|| handle.clone())),
            _ => None,
        }
    }
}

/// How a service reports the owner of a token. The names are looked for anywhere in the answer.
#[derive(Debug)]
pub struct TokenOwnerQuery {
    /// Path below the base URL, GET.
    pub path: &'static str,
    /// Name of the owner's identity.
    pub id: &'static str,
    /// Name of what people call the owner.
    pub login: &'static str,
    /// Name of the token's scopes: a list of texts, or one text separated by blanks.
    pub scopes: &'static str,
}
