//! Options of the small commands.

use std::path::PathBuf;

use clap::Args;

/// `telform sandbox`.
#[derive(Debug, Args, Clone)]
pub struct SandboxArgs {
    /// World to start from; what changes is kept beside it in WORLD.state.yaml
    pub world: PathBuf,
    /// Address to listen on; loopback only
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: std::net::SocketAddr,
}

/// `telform schema`.
#[derive(Debug, Args, Clone)]
pub struct SchemaArgs {
    /// Kind (providers, bridges or partners), `plan` for saved plans, or what a document of --json calls itself (telform-event)
    /// [default: the whole YAML file]
    pub kind: Option<String>,
}

/// `telform doctor`.
#[derive(Debug, Args, Clone)]
pub struct DoctorArgs {
    /// Only this account, repeatable; `*` stands for anything. The others are not asked and need no token
    #[arg(long = "account", value_name = "NAME")]
    pub accounts: Vec<String>,
    /// Against the embedded simulator, started from this world file
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
}

/// `telform docs`.
#[derive(Debug, Args, Clone)]
pub struct DocsArgs {
    /// Kind (providers, bridges or partners), `errors`, or one error code
    pub topic: String,
    /// How it is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: DocsFormat,
}

/// Forms of a reference page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DocsFormat {
    /// For a terminal.
    Text,
    /// As `docs/` keeps it.
    Markdown,
}

/// `telform verify`.
#[derive(Debug, Args, Clone)]
pub struct VerifyArgs {
    /// The JSON of a plan, as `telform plan --format json` prints it, or a journal; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `telform completions`.
#[derive(Debug, Args, Clone)]
pub struct CompletionsArgs {
    /// Which shell
    pub shell: clap_complete::Shell,
}

/// `telform man`.
#[derive(Debug, Args, Clone)]
pub struct ManArgs {
    /// Folder for the pages of all commands, made where it is missing
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
