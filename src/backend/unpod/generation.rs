//! Which of the two generations answers (unpod.md 3): told from what is read, never by writing.

use crate::value::Value;

/// What the answers show is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contradiction {
    /// Rows of both generations in one listing.
    Mixed,
    /// The user insists on one, the answers show the other.
    Setting {
        /// What the user wrote.
        setting: u8,
        /// What the answers show.
        shown: u8,
    },
}

/// The generation. Configurations tell first, then the catalogue; the user's word decides where neither tells, and must not
/// contradict what they tell. `None`: cannot be told.
pub fn detect(
    setting: Option<u8>,
    configurations: &[Value],
    catalogue: &[Value],
) -> Result<Option<u8>, Contradiction> {
    let of_configurations = common(configurations.iter().filter_map(of_configuration))?;
    // Evidence of the catalogue is weaker: its rows carry decoration that a later version may add or drop.
    let shown = match of_configurations {
        Some(generation) => Some(generation),
        None => common(catalogue.iter().filter_map(of_provider))?,
    };
    match (setting, shown) {
        (Some(setting), Some(shown)) if setting != shown => Err(Contradiction::Setting { setting, shown }),
        (setting, shown) => Ok(setting.or(shown)),
    }
}

fn common(mut generations: impl Iterator<Item = u8>) -> Result<Option<u8>, Contradiction> {
    let first = generations.next();
    if generations.any(|other| Some(other) != first) { Err(Contradiction::Mixed) } else { Ok(first) }
}

fn of_configuration(row: &Value) -> Option<u8> {
    if row.get("account_sid").is_some() {
        return Some(2);
    }
    ["provider_details", "api_key", "meta_json"].iter().any(|key| row.get(key).is_some()).then_some(1)
}

fn of_provider(row: &Value) -> Option<u8> {
    if row.get("slug").is_some() {
        return Some(2);
    }
    ["description", "icon"].iter().any(|key| row.get(key).is_some()).then_some(1)
}
