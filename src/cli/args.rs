//! The command line as it is typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::resource::Address;

/// Plan and apply for telephony: Unpod providers and bridges, CarrierX partners.
#[derive(Debug, Parser)]
#[command(name = "telform", version, about, long_about = None, max_term_width = 100, arg_required_else_help = true)]
#[command(
    after_help = "First run, no account needed:\n  telform init --quickstart && telform apply --sandbox world.yaml\n\nExit codes: 0 done, 1 failed before any write, 2 changes pending (--detailed-exitcode), 3 refused,\n4 stale, 5 applied in part, 6 applied but not converged, 130 interrupted."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
}

/// Options of every command.
#[derive(Debug, Args, Clone)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// YAML file or folder, repeatable [default: ./telform.yaml, else every YAML file under ./telform/]
    #[arg(short, long = "file", value_name = "PATH", global = true)]
    pub files: Vec<PathBuf>,
    /// Where the ledger is kept [default: .telform/ledger.json, or `ledger:` in the YAML]
    #[arg(long, value_name = "PATH", global = true, env = "TELFORM_LEDGER")]
    pub ledger: Option<String>,
    /// Colour: auto looks at the terminal, NO_COLOR and CLICOLOR_FORCE
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto")]
    pub color: Color,
    /// Show more: every request, and why each one is what it is
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Show only the verdict
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Machine output: one JSON document, or one event a line for apply
    #[arg(long, global = true)]
    pub json: bool,
    /// Never ask: a question is an error (implied without a terminal, or with CI=true)
    #[arg(long, global = true)]
    pub non_interactive: bool,
    /// Allow secrets that come from `{command: […]}`
    #[arg(long, global = true)]
    pub allow_commands: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// Where a terminal wants it.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a commented telform.yaml, .gitignore lines and the editor schema line
    #[command(
        after_help = "Examples:\n  telform init\n  telform init --quickstart    # with a sandbox world, runs without an account"
    )]
    Init(InitArgs),
    /// Check the YAML: everything at once, offline, each problem with file, line, column and help
    #[command(after_help = "Examples:\n  telform validate\n  telform validate -f envs/staging --json")]
    Validate,
    /// Show what would change; sends nothing but GET
    #[command(
        after_help = "Examples:\n  telform plan\n  telform plan --detailed-exitcode             # 2 when something is pending\n  telform plan --target bridges.sales --format json\n  telform plan --sandbox world.yaml            # against the embedded simulator"
    )]
    Plan(PlanArgs),
    /// Plan, show, ask, and carry it out
    #[command(
        after_help = "Examples:\n  telform apply\n  telform apply --auto-approve --on-error continue\n  telform apply --max-deletes 1 --max-numbers-dark 3"
    )]
    Apply(ApplyArgs),
    /// Take existing objects under management: writes their YAML and enters them in the ledger
    #[command(
        visible_alias = "import",
        after_help = "Examples:\n  telform adopt --all --out telform -f accounts.yaml    # everything, a file for each account and kind\n  telform adopt --all --kind bridges --out bridges\n  telform adopt providers.twilio-main 42               # one object by its id\n\nNothing but GET is sent. Before anything is written, a plan over the new files must be empty."
    )]
    Adopt(AdoptArgs),
    /// Show what was changed outside telform since it last looked; sends nothing but GET
    #[command(
        after_help = "Examples:\n  telform drift             # exits with 2 when something drifted\n  telform drift --accept    # writes what is there into the YAML\n  telform apply             # puts back what the YAML says"
    )]
    Drift(DriftArgs),
    /// Release an address without deleting its object
    #[command(after_help = "Example:\n  telform forget providers.old-plivo")]
    Forget(ForgetArgs),
    /// Look after the ledger: what telform manages and remembers
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Serve both APIs on loopback from a YAML world, until Ctrl-C
    #[command(after_help = "Example:\n  telform sandbox world.yaml --listen 127.0.0.1:8080")]
    Sandbox(SandboxArgs),
    /// Print the JSON Schema of the YAML, or of one kind
    #[command(after_help = "Examples:\n  telform schema > telform.schema.json\n  telform schema partners")]
    Schema(SchemaArgs),
}

/// Options that choose what a plan is about.
#[derive(Debug, Args, Clone, Default)]
pub struct Choice {
    /// Only this address and what it needs, repeatable
    #[arg(long = "target", value_name = "ADDRESS", value_parser = address)]
    pub targets: Vec<Address>,
    /// Not this address, repeatable
    #[arg(long = "exclude", value_name = "ADDRESS", value_parser = address)]
    pub excludes: Vec<Address>,
    /// Delete everything that the configuration names
    #[arg(long)]
    pub destroy: bool,
    /// Allow this many deletes in each account for this run [default: 0, or guards.max_deletes]
    #[arg(long, value_name = "N")]
    pub max_deletes: Option<u64>,
    /// Allow deletes of this share of an account's objects of a kind for this run
    #[arg(long, value_name = "PERCENT")]
    pub max_delete_percent: Option<u64>,
    /// Allow this many numbers to lose their connection for this run [default: 0, or guards.max_numbers_dark]
    #[arg(long, value_name = "N")]
    pub max_numbers_dark: Option<u64>,
    /// Write a secret again although nobody knows whether it changed: ADDRESS or ADDRESS:ATTRIBUTE, repeatable
    #[arg(long = "rewrite-secret", value_name = "ADDRESS[:ATTRIBUTE]", value_parser = secret)]
    pub rewrite_secrets: Vec<(Address, Option<String>)>,
    /// Run against the embedded simulator, started from this world file, instead of the accounts' services
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
}

/// `telform plan`.
#[derive(Debug, Args, Clone)]
pub struct PlanArgs {
    /// What the plan is about.
    #[command(flatten)]
    pub choice: Choice,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
    /// Exit with 2 when something is pending
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// `telform apply`.
#[derive(Debug, Args, Clone)]
pub struct ApplyArgs {
    /// What the plan is about.
    #[command(flatten)]
    pub choice: Choice,
    /// Do not ask
    #[arg(long)]
    pub auto_approve: bool,
    /// Run only if the plan has this digest, else exit with 4: what was reviewed is what runs
    #[arg(long, value_name = "DIGEST")]
    pub expect: Option<String>,
    /// Most writes at the same time in each account, where fewer than the account allows are wanted
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub parallelism: Option<u16>,
    /// What happens to the rest when a step fails
    #[arg(long, value_name = "WHAT", default_value = "stop")]
    pub on_error: WhenFailed,
}

/// What happens to the rest when a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WhenFailed {
    /// Start nothing new.
    Stop,
    /// Go on with what does not depend on it.
    Continue,
}

/// `telform init`.
#[derive(Debug, Args, Clone)]
pub struct InitArgs {
    /// Write an example that runs against the sandbox, with its world
    #[arg(long)]
    pub quickstart: bool,
}

/// `telform adopt`.
#[derive(Debug, Args, Clone)]
pub struct AdoptArgs {
    /// Its address from now on; where the YAML declares it already, only the ledger is written
    #[arg(value_parser = address, requires = "id", required_unless_present = "all", conflicts_with = "all")]
    pub address: Option<Address>,
    /// Its identity at the service: a number, a partner_sid, the slug of a bridge
    pub id: Option<String>,
    /// Every object that no address claims
    #[arg(long, requires = "out")]
    pub all: bool,
    /// Only this account
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Only this kind: providers, bridges or partners
    #[arg(long, value_name = "KIND", value_parser = kind, requires = "all")]
    pub kind: Option<String>,
    /// Folder for the files; a file that is there and says something else is never overwritten
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Read from the embedded simulator, started from this world file, instead of the accounts' services
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
}

/// `telform drift`.
#[derive(Debug, Args, Clone)]
pub struct DriftArgs {
    /// Only this address, repeatable
    #[arg(long = "target", value_name = "ADDRESS", value_parser = address)]
    pub targets: Vec<Address>,
    /// Write the values that are there into the YAML; comments and the order of the file stay
    #[arg(long)]
    pub accept: bool,
    /// Read from the embedded simulator, started from this world file, instead of the accounts' services
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
}

/// `telform forget`.
#[derive(Debug, Args, Clone)]
pub struct ForgetArgs {
    /// What to release
    #[arg(value_parser = address)]
    pub address: Address,
}

/// `telform ledger`.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Every managed object with its id
    #[command(after_help = "Examples:\n  telform ledger list\n  telform ledger list --json")]
    List,
    /// All that is remembered about one object
    #[command(after_help = "Example:\n  telform ledger show providers.twilio-main")]
    Show(ShowArgs),
    /// Give an object another address, as `moved:` does
    #[command(after_help = "Example:\n  telform ledger move providers.twilio providers.twilio-main")]
    Move(MoveArgs),
    /// Release an address without deleting its object, as `telform forget` does
    #[command(after_help = "Example:\n  telform ledger forget providers.old-plivo")]
    Forget(ForgetArgs),
    /// Make a ledger from the YAML and the services alone, and say what could not be known
    #[command(
        after_help = "Examples:\n  telform ledger rebuild\n  telform ledger rebuild --replace    # keeps the old one beside it"
    )]
    Rebuild(RebuildArgs),
}

/// `telform ledger show`.
#[derive(Debug, Args, Clone)]
pub struct ShowArgs {
    /// Which object
    #[arg(value_parser = address)]
    pub address: Address,
}

/// `telform ledger move`.
#[derive(Debug, Args, Clone)]
pub struct MoveArgs {
    /// The address that it has
    #[arg(value_parser = address)]
    pub from: Address,
    /// The address that it gets
    #[arg(value_parser = address)]
    pub to: Address,
}

/// `telform ledger rebuild`.
#[derive(Debug, Args, Clone)]
pub struct RebuildArgs {
    /// Put it in the place of the ledger that is there, which is kept beside it
    #[arg(long)]
    pub replace: bool,
    /// Read from the embedded simulator, started from this world file, instead of the accounts' services
    #[arg(long, value_name = "WORLD.yaml")]
    pub sandbox: Option<PathBuf>,
}

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
    /// Kind: providers, bridges or partners [default: the whole file]
    pub kind: Option<String>,
}

fn address(text: &str) -> Result<Address, String> {
    let address = Address::parse(text).ok_or("an address looks like providers.twilio-main")?;
    let kinds = crate::backend::kind_names();
    if kinds.contains(&address.kind.as_str()) {
        Ok(address)
    } else {
        Err(format!("`{}` is no kind; the kinds are {}", address.kind, kinds.join(", ")))
    }
}

fn kind(text: &str) -> Result<String, String> {
    let kinds = crate::backend::kind_names();
    if kinds.contains(&text) {
        Ok(text.to_owned())
    } else {
        Err(format!("the kinds are {}", kinds.join(", ")))
    }
}

fn secret(text: &str) -> Result<(Address, Option<String>), String> {
    match text.split_once(':') {
        Some((left, attribute)) => Ok((address(left)?, Some(attribute.to_owned()))),
        None => Ok((address(text)?, None)),
    }
}
