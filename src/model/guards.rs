//! Guards: limits that a plan must keep, in one account or in the whole run. One table says what each is called, and what people
//! read about it; the YAML, its schema, the command line, the plan document and the planner read the table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The limits of one account, or of the whole run; `None` means not set, see [`Guards::or`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Guards {
    /// `--max-deletes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_deletes: Option<u64>,
    /// `--max-delete-percent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_delete_percent: Option<u64>,
    /// `--max-updates`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_updates: Option<u64>,
    /// `--max-update-percent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_update_percent: Option<u64>,
    /// `--max-numbers-dark`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_numbers_dark: Option<u64>,
    /// `--max-connections-muted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_connections_muted: Option<u64>,
}

/// One guard.
#[derive(Debug)]
pub struct Guard {
    /// Its key under `guards` in the YAML and in the plan document.
    pub name: &'static str,
    /// Its option on the command line, without the hyphens.
    pub option: &'static str,
    /// What its number counts, as the help of the command line writes it.
    pub unit: &'static str,
    /// Largest number that means anything; `None` where there is none.
    pub most: Option<u64>,
    /// Sentence of the YAML's schema.
    pub schema: &'static str,
    /// Sentence of the command line's help; what follows an empty line is for the manual page.
    pub help: &'static str,
    /// The limit if none is set; `None`: there is no limit.
    pub default: Option<u64>,
    /// The default holds from this many managed objects on. A limit that is set always holds.
    pub default_from: u64,
    /// Reads the limit.
    pub get: fn(&Guards) -> Option<u64>,
    /// Where the limit is kept.
    pub slot: fn(&mut Guards) -> &mut Option<u64>,
}

/// All guards, in the order in which the command line and the documents list them.
pub const GUARDS: &[Guard] = &[
    Guard {
        name: "max_deletes",
        option: "max-deletes",
        unit: "N",
        most: None,
        schema: "Maximum number of deletes; 0 by default.",
        help: "Allow this many deletes [default: 0]\n\nIn this run, over all accounts [default: 0, or guards.max_deletes].",
        default: Some(0),
        default_from: 0,
        get: |guards| guards.max_deletes,
        slot: |guards| &mut guards.max_deletes,
    },
    Guard {
        name: "max_delete_percent",
        option: "max-delete-percent",
        unit: "PERCENT",
        most: Some(100),
        schema: "Maximum share of the managed objects of a kind to delete, in percent.",
        help: "Allow deletes of this share of a kind's objects\n\nOf the managed objects, in this run, in each account and over all.",
        default: None,
        default_from: 0,
        get: |guards| guards.max_delete_percent,
        slot: |guards| &mut guards.max_delete_percent,
    },
    Guard {
        name: "max_updates",
        option: "max-updates",
        unit: "N",
        most: None,
        schema: "Maximum number of objects to update; no limit by default.",
        help: "Allow this many updates\n\nIn this run, over all accounts.",
        default: None,
        default_from: 0,
        get: |guards| guards.max_updates,
        slot: |guards| &mut guards.max_updates,
    },
    Guard {
        name: "max_update_percent",
        option: "max-update-percent",
        unit: "PERCENT",
        most: Some(100),
        schema: "Maximum share of the managed objects of a kind to update, in percent; by default 30 from 10 objects on.",
        help: "Allow updates of this share of a kind's objects\n\nOf the managed objects, in this run, in each account and over all \
               [default: 30 from 10 objects on, or guards.max_update_percent].",
        default: Some(30),
        default_from: 10,
        get: |guards| guards.max_update_percent,
        slot: |guards| &mut guards.max_update_percent,
    },
    Guard {
        name: "max_numbers_dark",
        option: "max-numbers-dark",
        unit: "N",
        most: None,
        schema: "Maximum count of numbers that lose their connection without getting another; 0 by default.",
        help: "Allow this many numbers to lose their connection [default: 0]\n\nIn this run [default: 0, or guards.max_numbers_dark].",
        default: Some(0),
        default_from: 0,
        get: |guards| guards.max_numbers_dark,
        slot: |guards| &mut guards.max_numbers_dark,
    },
    Guard {
        name: "max_connections_muted",
        option: "max-connections-muted",
        unit: "N",
        most: None,
        schema: "Maximum count of connections that can no longer call out; 0 by default.",
        help: "Allow this many connections to be muted [default: 0]\n\nThey can no longer call out after this run [default: 0, or \
               guards.max_connections_muted].",
        default: Some(0),
        default_from: 0,
        get: |guards| guards.max_connections_muted,
        slot: |guards| &mut guards.max_connections_muted,
    },
];

/// The keys under `guards` in the YAML.
pub fn guard_names() -> Vec<&'static str> {
    GUARDS.iter().map(|guard| guard.name).collect()
}

impl Guards {
    /// These limits; where one is not set, that of `other`.
    pub fn or(mut self, other: Self) -> Self {
        for guard in GUARDS {
            let slot = (guard.slot)(&mut self);
            *slot = slot.or((guard.get)(&other));
        }
        self
    }

    /// Limits that allow everything.
    pub fn unlimited() -> Self {
        let mut all = Self::default();
        for guard in GUARDS.iter().filter(|guard| guard.default.is_some()) {
            *(guard.slot)(&mut all) = Some(u64::MAX);
        }
        all
    }
}
