//! The Unpod toggles (`api/unpod.md`, section 14).

use serde::{Deserialize, Serialize};

/// The toggles of section 14, and a few that other sections leave open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UnpodKnobs {
    /// Which spelling of the configurations' path is routed (section 1, fact 2).
    pub config_path: ConfigPath,
    /// Both generations: rows that changed go to the end of their list, so pages overlap and skip (section 11).
    pub changed_rows_move: bool,
    /// Both generations: bytes after a 204, as the recorded server sent them (section 9.3).
    pub stray_body_after_204: bool,
    /// G2: what makes a second configuration a duplicate (U2).
    pub duplicate_configuration: DuplicateConfiguration,
    /// G2: answer to a taken slug, 409 or 400 (section 12, 12).
    pub duplicate_slug_status: u16,
    /// G2: append `-001` to the requested slug (section 6.1).
    pub slug_suffix: bool,
    /// G2: `account_sid` is returned with stars (U3).
    pub mask_account_sid: bool,
    /// G2: what a bridge read by slug says about configurations (section 14).
    pub bridge_get: BridgeGet,
    /// G2: what `provider` of a number means (section 10, caution on b).
    pub number_provider: NumberProvider,
    /// G2: connecting the same pair again is 400 instead of 200 (U5).
    pub refuse_connect_again: bool,
    /// G2: disconnect clears the configuration and leaves the number on the bridge (section 12, 7).
    pub disconnect_keeps_number: bool,
    /// G2: values of `auth_token` that the vendor refuses (section 5.1).
    pub refused_auth_tokens: Vec<String>,
    /// G1: `api_key` and `api_secret` are returned masked (section 3).
    pub mask_secrets: bool,
    /// G1: the task queue is installed; without it every bridge PATCH is 400 (section 6.2).
    pub queue_library: bool,
    /// G1: disconnect works as the internal route does, instead of always 500 (section 7.2).
    pub disconnect_repaired: bool,
    /// G1: key prefixes and addresses that the vendor accepts; sets the internal `is_valid` (section 5.2).
    pub vendor_accepts: Vec<String>,
}

impl Default for UnpodKnobs {
    fn default() -> Self {
        Self {
            config_path: ConfigPath::default(),
            changed_rows_move: true,
            stray_body_after_204: false,
            duplicate_configuration: DuplicateConfiguration::default(),
            duplicate_slug_status: 409,
            slug_suffix: false,
            mask_account_sid: false,
            bridge_get: BridgeGet::default(),
            number_provider: NumberProvider::default(),
            refuse_connect_again: false,
            disconnect_keeps_number: false,
            refused_auth_tokens: Vec::new(),
            mask_secrets: false,
            queue_library: true,
            disconnect_repaired: false,
            vendor_accepts: Vec::new(),
        }
    }
}

/// Spelling of the configurations' path segment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConfigPath {
    /// The profile's spelling: documented for G2, snapshot for G1.
    #[default]
    #[serde(rename = "profile")]
    Profile,
    /// As every page spells it.
    #[serde(rename = "providers-configurations")]
    Documented,
    /// The spelling of the snapshot.
    #[serde(rename = "provider-configurations")]
    Snapshot,
}

/// What makes a second configuration a duplicate (409).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateConfiguration {
    /// Same organization, provider and `account_sid`.
    #[default]
    ProviderAndAccount,
    /// Same organization and provider.
    Provider,
    /// Nothing.
    Allowed,
}

/// What a G2 bridge read by slug says about configurations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BridgeGet {
    /// Nothing, as the page shows it.
    #[default]
    Plain,
    /// `provider_configuration` with an id.
    ConfigurationId,
    /// `provider_configuration` and `provider_credential` with secrets, to prove that nothing logs them.
    Secrets,
}

/// What `provider` of a G2 number means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberProvider {
    /// The carrier that owns the number.
    #[default]
    Carrier,
    /// The provider of the connected configuration.
    Configuration,
}
