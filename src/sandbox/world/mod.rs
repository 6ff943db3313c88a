//! The world file: the complete state of the simulated services, as one value that can be written by hand.
//!
//! The same type is the live state of a running [`Sandbox`](super::Sandbox), so a saved world continues exactly where
//! it stopped: ids are never assigned twice and secrets are kept, because here we *are* the server.

mod carrierx;
mod carrierx_knobs;
mod telnyx;
mod telnyx_knobs;
mod tidy;
mod unpod;
mod unpod_knobs;
mod unpod_objects;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::fault::FaultRule;
pub use carrierx::*;
pub use carrierx_knobs::*;
pub use telnyx::*;
pub use telnyx_knobs::*;
pub use unpod::*;
pub use unpod_knobs::*;
pub use unpod_objects::{NumberState, SimulatedBridge, SimulatedConfiguration, SimulatedLink, SimulatedNumber};

/// State of the services, their knobs, and the pending faults.
///
/// Every field has a default, so `{}` is a complete world: one organization, one token, and nothing else.
///
/// ```yaml
/// unpod:
///   profile: g2-documented            # or g1-snapshot
///   organizations:                    # the first is home for everything that names none
///     - { handle: acme.example, name: Acme }
///   configurations:
///     - { id: 42, provider: twilio, account_sid: AC01, auth_token: not-a-real-one }
///   numbers:                          # numbers that stand on a bridge need no entry
///     - { number: "+14155550103", provider: twilio }
///   bridges:
///     - { slug: sales, name: Sales, numbers: { "+14155550101": 42, "+14155550102": null } }
///   knobs: { bridge_get: configuration_id }
/// carrierx:
///   partners:
///     - { login: acme-west, name: Acme West, country_code: USA, zip: "90804" }
///     - { login: acme-east, verified: false, pending: { owner_email: ops@acme.example } }
///   knobs: { array_default: append, replace_scope: all_nested_fields }
/// telnyx:
///   outbound_voice_profiles:
///     - { name: world }
///   connections:                      # credential connections, unless record_type says otherwise
///     - { connection_name: north, user_name: north1, password: not-a-real-one, outbound: { outbound_voice_profile_id: world } }
///   phone_numbers:
///     - { phone_number: "+13125550101", connection_id: north }
///   knobs: { password_shown: stars, detach_with: "null" }
/// ```
///
/// A saved world holds the secrets that were sent to the simulator, in clear and readable by its owner only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct World {
    /// Fixed time for every timestamp of the services; absent means the real clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<Timestamp>,
    /// The Unpod side: providers' configurations, bridges, numbers.
    pub unpod: UnpodWorld,
    /// The CarrierX side: partners.
    pub carrierx: CarrierxWorld,
    /// The Telnyx side: connections, profiles, numbers.
    #[serde(skip_serializing_if = "is_default")]
    pub telnyx: TelnyxWorld,
    /// Faults that wait for a matching request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultRule>,
}

/// Why a world could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The file could not be opened or read.
    #[error("cannot read the world file {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's message.
        source: std::io::Error,
    },
    /// The text is not YAML, or has an unknown key.
    #[error("the world file {path} is not valid: {message}")]
    Parse {
        /// The file, or `(text)`.
        path: PathBuf,
        /// Place and reason.
        message: String,
    },
    /// The text is well formed, but inconsistent.
    #[error("the world file {path} contradicts itself: {}", problems.join("; "))]
    Inconsistent {
        /// The file, or `(text)`.
        path: PathBuf,
        /// All problems.
        problems: Vec<String>,
    },
    /// The file could not be replaced; the old one is untouched.
    #[error("cannot write the world file {path}: {message}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        message: String,
    },
}

/// Keys at the top of a world.
const TOP: [&str; 5] = ["clock", "unpod", "carrierx", "telnyx", "faults"];

impl World {
    /// Reads a world file.
    ///
    /// # Errors
    /// When the file cannot be read, is not YAML, has an unknown key, or contradicts itself.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, WorldError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|source| WorldError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Reads a world from YAML text.
    ///
    /// # Errors
    /// As [`World::load`].
    pub fn from_yaml(text: &str) -> Result<Self, WorldError> {
        Self::parse(text, Path::new("(text)"))
    }

    /// Reads a world from the text of a file.
    ///
    /// # Errors
    /// As [`World::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, WorldError> {
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(Self::default().tidied());
        }
        // A world of 100,000 partners is a realistic benchmark; the parser's limits are made for configuration files.
        // Only true and false are booleans: `state: ON` is a province.
        let options = serde_yaml::options! {
            strict_booleans: true,
            budget: serde_yaml::budget! {
                max_events: 100_000_000,
                max_nodes: 50_000_000,
                max_total_scalar_bytes: 2_000_000_000,
            },
        };
        let failed = |error: serde_yaml::Error| {
            // A file that was named by mistake, or reached through a link, is not quoted.
            let known = |line: &str| TOP.iter().any(|key| line.trim_start_matches(['{', ' ', '"']).starts_with(key));
            let message = match text.lines().any(known) {
                true => place_and_reason(&error),
                false => format!("it is not a map, or has none of the keys {}", TOP.join(", ")),
            };
            WorldError::Parse { path: path.to_owned(), message }
        };
        let world: Self = serde_yaml::from_str_with_options(text, options).map_err(failed)?;
        let world = world.tidied();
        let problems = world.problems();
        if problems.is_empty() { Ok(world) } else { Err(WorldError::Inconsistent { path: path.to_owned(), problems }) }
    }

    /// The world as YAML.
    ///
    /// # Errors
    /// When a value cannot be written as YAML.
    pub fn to_yaml(&self) -> Result<String, WorldError> {
        serde_yaml::to_string(self)
            .map_err(|error| WorldError::Write { path: PathBuf::from("(text)"), message: error.to_string() })
    }

    /// The time that the services assign to new objects.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.unwrap_or_else(Timestamp::now)
    }
}

/// The first line of an error, which names place and reason; what follows quotes the file.
fn place_and_reason(error: &serde_yaml::Error) -> String {
    let text = error.without_snippet().to_string();
    let line = text.lines().next().unwrap_or_default();
    let line = line.trim_start_matches("error: ");
    // The advice after it is for those who call the parser.
    line.split_once(", set DuplicateKeyPolicy").map_or(line, |(reason, _)| reason).to_owned()
}

/// For serde: omits a field from the file when it has its default value.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
