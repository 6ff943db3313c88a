//! The settings of an account that only its service has, as the YAML states them.

use std::collections::BTreeMap;

use super::Account;
use crate::model::kind::{AccountSetting, Detach, Link, SentIn, ServiceTable, SettingRole};

/// Settings by name; those that the YAML leaves out are missing.
pub type AccountSettings = BTreeMap<&'static str, SettingValue>;

/// What the YAML says for one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingValue {
    /// A text.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
    /// One of the numbers of a choice.
    Number(u32),
    /// The switch is on, or the only possible word is there.
    On,
    /// An empty text or null.
    Nothing(Detach),
}

impl SettingValue {
    /// As requests carry it.
    fn texts(&self) -> Vec<String> {
        match self {
            Self::Text(text) => vec![text.clone()],
            Self::Texts(texts) => texts.clone(),
            Self::Number(number) => vec![number.to_string()],
            Self::On => vec!["true".to_owned()],
            Self::Nothing(_) => Vec::new(),
        }
    }
}

/// The generation that settings require; `None` means detect it.
pub fn required_generation(service: &ServiceTable, settings: &AccountSettings) -> Option<u8> {
    match settings.get(service.setting_of(SettingRole::Generation)?.name)? {
        SettingValue::Number(number) => u8::try_from(*number).ok(),
        _ => None,
    }
}

impl Account {
    fn setting_of(&self, role: SettingRole) -> Option<&SettingValue> {
        self.settings.get(self.service.setting_of(role)?.name)
    }

    /// The organization that owns its objects, where the service has any.
    pub fn organization(&self) -> Option<&str> {
        match self.setting_of(SettingRole::Organization)? {
            SettingValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The products that are read, each once. The first one is also sent with every other call.
    pub fn products(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for value in [SettingRole::Product, SettingRole::Products].into_iter().filter_map(|role| self.setting_of(role)) {
            let texts = match value {
                SettingValue::Text(text) => std::slice::from_ref(text),
                SettingValue::Texts(texts) => texts,
                _ => &[],
            };
            for text in texts {
                if !all.contains(&text.as_str()) {
                    all.push(text);
                }
            }
        }
        all
    }

    /// The generation that must answer; `None` means detect it.
    pub fn generation(&self) -> Option<u8> {
        required_generation(self.service, &self.settings)
    }

    /// Whether the switch with this role is on.
    pub fn allows(&self, role: SettingRole) -> bool {
        self.setting_of(role).is_some()
    }

    /// The value that takes a member off its target, where a link is a PATCH of the member.
    pub fn detach(&self, link: &Link) -> Option<Detach> {
        let detach = link.detach()?;
        match self.setting_of(SettingRole::Detach) {
            Some(SettingValue::Nothing(stated)) => Some(*stated),
            _ => Some(detach),
        }
    }

    /// What every request carries beside the token, in the order of the table.
    pub fn sent_settings(&self) -> impl Iterator<Item = (&'static AccountSetting, SentIn, Vec<String>)> {
        self.service.settings.iter().filter_map(|setting| {
            let texts = match setting.role {
                Some(SettingRole::Product | SettingRole::Products) => {
                    self.products().into_iter().take(1).map(str::to_owned).collect()
                }
                _ => self.settings.get(setting.name)?.texts(),
            };
            Some((setting, setting.sent?, texts))
        })
    }
}
