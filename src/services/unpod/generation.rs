//! Which of the two generations answers (unpod.md 3): detected from what is read, never by writing.

use crate::model::value::Value;

/// What the answers show is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GenerationConflict {
    /// Rows of both generations in one listing.
    Mixed,
    /// The user requires one, the answers show the other.
    Setting {
        /// What the user wrote.
        setting: u8,
        /// What the answers show.
        shown: u8,
    },
}

/// The generation. Configurations decide first, then the catalogue; the user's setting decides where neither does, and must
/// not contradict them. `None`: not known.
pub fn detect_generation(
    setting: Option<u8>,
    configurations: &[Value],
    catalogue: &[Value],
) -> Result<Option<u8>, GenerationConflict> {
    let of_configurations = common_generation(configurations.iter().filter_map(of_configuration))?;
    // Evidence of the catalogue is weaker: its rows carry decoration that a later version may add or drop.
    let shown = match of_configurations {
        Some(generation) => Some(generation),
        None => common_generation(catalogue.iter().filter_map(of_provider))?,
    };
    match (setting, shown) {
        (Some(setting), Some(shown)) if setting != shown => Err(GenerationConflict::Setting { setting, shown }),
        (setting, shown) => Ok(setting.or(shown)),
    }
}

fn common_generation(mut generations: impl Iterator<Item = u8>) -> Result<Option<u8>, GenerationConflict> {
    let first = generations.next();
    if generations.any(|other| Some(other) != first) { Err(GenerationConflict::Mixed) } else { Ok(first) }
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
