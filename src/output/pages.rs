//! Documents of the auxiliary commands: reference, init, simulator, shells.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::documents::documents;

documents! {
    ErrorCodes => "telform-errors"
    KindPage => "telform-kind"
    DocsIndex => "telform-docs"
    Initialized => "telform-init"
    Served => "telform-sandbox"
    Completions => "telform-completions"
    ManPages => "telform-man"
}

/// Codes that telform raises.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ErrorCodes {
    /// All, or the requested one.
    pub codes: Vec<ErrorCode>,
}

/// One code.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ErrorCode {
    /// As messages write it.
    pub code: &'static str,
    /// Exit code of a command that ends with it; null where it does not end a command by itself.
    pub exit: Option<u8>,
    /// What it means.
    pub means: String,
    /// What to do.
    pub help: String,
}

/// The reference pages.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DocsIndex {
    /// The pages, each with its topic.
    pub pages: Vec<DocsPage>,
    /// Every code, which is also a topic.
    pub codes: Vec<&'static str>,
}

/// One reference page.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DocsPage {
    /// What `telform docs` is asked for.
    pub topic: &'static str,
    /// What it is about.
    pub about: String,
}

/// The attributes of a kind.
#[derive(Debug, Serialize, JsonSchema)]
pub struct KindPage {
    /// One for each service and generation that has the kind.
    pub shapes: Vec<KindShape>,
}

/// A kind of one service.
#[derive(Debug, Serialize, JsonSchema)]
pub struct KindShape {
    /// Name of the service.
    pub service: &'static str,
    /// Name of the service in the YAML.
    pub api: &'static str,
    /// Generation, where there are several.
    pub generation: Option<u8>,
    /// Name of the kind.
    pub kind: &'static str,
    /// Facts about it, by heading.
    pub facts: BTreeMap<&'static str, String>,
    /// Its attributes.
    pub attributes: Vec<KindTable>,
}

/// One attribute.
#[derive(Debug, Serialize, JsonSchema)]
pub struct KindTable {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: &'static str,
    /// When it may be set.
    pub access: String,
    /// Whether a create needs it.
    pub required: bool,
    /// Which spellings count as the same value.
    pub compared: &'static str,
    /// What it is.
    pub doc: String,
    /// Section of the notes about the service that states it.
    pub source: &'static str,
}

/// Files that were written as a start.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Initialized {
    /// Files that were written.
    pub files: Vec<String>,
}

/// Where the simulator listens. Printed when it starts to listen; the command ends when it is stopped.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Served {
    /// Base URL of Unpod.
    pub unpod: String,
    /// Base URL of CarrierX.
    pub carrierx: String,
    /// The token that Unpod accepts, and the others unless the world says otherwise.
    pub token: String,
    /// Every service that is simulated.
    pub services: Vec<ServedService>,
    /// Where faults are set and requests are listed.
    pub control: String,
    /// File that keeps the state of the world.
    pub state: String,
}

/// One service that the simulator serves.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ServedService {
    /// Its word in the YAML.
    pub api: &'static str,
    /// Its base URL.
    pub url: String,
    /// A token that it accepts.
    pub token: String,
}

/// What a shell needs to complete commands and options.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Completions {
    /// Which shell.
    pub shell: String,
    /// Its script.
    pub script: String,
}

/// Manual pages.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ManPages {
    /// The page of the program; empty with `--out`.
    pub pages: Vec<ManPage>,
    /// Files that were written with `--out`.
    pub files: Vec<String>,
}

/// One manual page.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ManPage {
    /// `telform-plan`.
    pub name: String,
    /// In the language of man pages.
    pub page: String,
}
