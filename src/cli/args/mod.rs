//! The command line as it is typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::program::{Environment, variable};
use crate::resource::Address;

mod adopt;
mod explain;
mod format;
mod init;
mod journal;
mod ledger;
mod lock;
mod plan;
mod policy;
mod small;

pub(crate) use adopt::{AdoptArgs, DriftArgs, ForgetArgs, ReleaseArgs};
pub(crate) use explain::ExplainArgs;
pub(crate) use format::{CheckFormat, PlanFormat, Target, ValidateArgs};
pub(crate) use init::InitArgs;
pub(crate) use journal::{
    BlameArgs, ExportArgs, ExportFormat, JournalArgs, JournalCommand, RestartArgs, ShowRunArgs,
};
pub(crate) use ledger::{LedgerArgs, LedgerCommand, MoveArgs, RebuildArgs, RekeyArgs, ShowArgs, UnlockArgs};
pub(crate) use lock::LockArgs;
pub(crate) use plan::{
    ApplyArgs, Choice, PlanArgs, RehearseArgs, ResumeArgs, RunArgs, ShowPlanArgs, UndoArgs, WhenFailed,
};
pub(crate) use policy::PolicyArgs;
pub(crate) use small::{
    CompletionsArgs, DocsArgs, DocsFormat, DoctorArgs, ManArgs, SandboxArgs, SchemaArgs, VerifyArgs,
};

/// Plan and apply for telephony: Unpod providers and bridges, CarrierX partners.
#[derive(Debug, Parser)]
#[command(name = "telform", version, about, long_about = None, max_term_width = 100, arg_required_else_help = true)]
#[command(
    after_help = "First run, no account needed:\n  telform init --quickstart\n  telform plan --sandbox world.yaml\n  telform apply --sandbox world.yaml\n\nExit codes: 0 done, 1 failed before any write, 2 changes pending (--detailed-exitcode), 3 refused, 4 stale, 5 applied in part, 6 applied but not converged, 130 interrupted."
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
    /// Where the ledger is kept: a file, s3://, gs:// or az:// [default: .telform/ledger.json, or `ledger:` in the YAML]
    #[arg(long, value_name = "PLACE", global = true, env = "TELFORM_LEDGER")]
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
    /// Machine output: one JSON document, or one event a line where a plan is carried out
    #[arg(long, global = true)]
    pub json: bool,
    /// Never ask: a question is an error (implied without a terminal, or with CI=true)
    #[arg(long, global = true)]
    pub non_interactive: bool,
    /// Allow the programs that the YAML names: secrets from `{command: […]}`, and `policy`
    #[arg(long, global = true)]
    pub allow_commands: bool,
    /// Give this variable to the programs that secrets come from, beside PATH, HOME, TMPDIR and the language; repeatable
    #[arg(
        long,
        value_name = "NAME",
        global = true,
        env = "TELFORM_SECRET_COMMAND_ENV",
        value_delimiter = ',',
        value_parser = variable
    )]
    pub secret_command_env: Vec<String>,
}

impl Global {
    /// What the programs that secrets come from see of the environment; none where they may not run.
    pub(crate) fn commands(&self) -> Option<Environment> {
        self.allow_commands.then(|| Environment::own(&self.secret_command_env))
    }
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
    /// Write a commented configuration: asks for services and accounts, checks the tokens, offers to adopt what exists
    #[command(
        after_help = "Examples:\n  telform init                  # asks; without a terminal: a template\n  telform init --quickstart     # with a sandbox world; needs no account\n  telform init --account unpod --set unpod.org_handle=acme.example --adopt\n  telform init --account west=carrierx --token west=file:secrets/west\n\nEach account gets one GET, which checks its token. No file that exists is overwritten."
    )]
    Init(InitArgs),
    /// Check the YAML: everything at once, offline, each problem with file, line, column and help
    #[command(
        after_help = "Examples:\n  telform validate\n  telform validate -f envs/staging --json\n  telform validate --format github --format gitlab=gl-code-quality.json"
    )]
    Validate(ValidateArgs),
    /// Show what would change; sends nothing but GET
    #[command(
        after_help = "Examples:\n  telform plan\n  telform plan --detailed-exitcode     # 2 when something is pending\n  telform plan --out plan.json         # for review; `apply plan.json` runs it\n  telform plan --target bridges.sales --format json\n  telform plan --format markdown=comment.md --format html=plan.html\n  telform plan --sandbox world.yaml    # against the embedded simulator"
    )]
    Plan(PlanArgs),
    /// Plan, show, ask, and carry it out
    #[command(
        after_help = "Examples:\n  telform apply\n  telform apply plan.json     # exactly the reviewed plan, or nothing\n  telform apply --auto-approve --on-error continue\n  telform apply --max-deletes 1 --max-numbers-dark 3"
    )]
    Apply(ApplyArgs),
    /// Settle a run that was cut off by reading, then plan, show, ask, and carry on
    #[command(
        after_help = "Examples:\n  telform resume\n  telform resume --auto-approve\n\nEach step whose request may have gone out is looked for: done, not done, or unknown with what to do. Nothing is made twice. `telform apply` does the same before it plans."
    )]
    Resume(ResumeArgs),
    /// Carry the plan out in the embedded simulator, on a copy of what is there now; the services get nothing but GET
    #[command(
        after_help = "Examples:\n  telform rehearse\n  telform rehearse plan.json --json\n  telform rehearse --fault faults.yaml --on-error continue\n  telform rehearse --fault \\\n    '{ match: { method: DELETE }, effect: { answer: { status: 500 } } }'\n\nExits as the apply would. Nothing is written: ledger and journal of the rehearsal are in a temporary folder."
    )]
    Rehearse(RehearseArgs),
    /// Take a run back: a plan like any other, made from the journal and from what is there now
    #[command(
        after_help = "Examples:\n  telform undo last\n  telform undo 0193 --max-deletes 1\n\nOnly what is still as the run left it is taken back; the rest is named. The YAML stays as it is, so the next apply does the run's changes again unless the YAML is changed too."
    )]
    Undo(UndoArgs),
    /// Show a saved plan; needs no network, no credentials, no YAML
    #[command(after_help = "Examples:\n  telform show plan.json\n  telform show plan.json --format json")]
    Show(ShowPlanArgs),
    /// Check a plan or a journal independently of the planner; needs no network, no credentials
    #[command(
        after_help = "Examples:\n  telform plan --format json > plan.json; telform verify plan.json\n  telform plan --format json | telform verify - --json\n  telform verify .telform/ledger.journal\n\nExit codes: 0 every rule holds, 1 one does not. A plan that refuses something may be in order; it is not applied."
    )]
    Verify(VerifyArgs),
    /// Say why something is changed or is not: from the YAML to the request; sends nothing but GET
    #[command(
        after_help = "Examples:\n  telform explain partners.acme-west\n  telform explain partners.acme-west.zip\n  telform explain bridges.sales.numbers --json"
    )]
    Explain(ExplainArgs),
    /// Take existing objects under management: writes their YAML and enters them in the ledger
    #[command(
        visible_alias = "import",
        after_help = "Examples:\n  telform adopt --all --out adopted         # a file for each account and kind\n  telform adopt --all --kind bridges --out bridges\n  telform adopt providers.twilio-main 42    # one object by its id\n\nNothing but GET is sent. Before anything is written, a plan over the new files must be empty."
    )]
    Adopt(AdoptArgs),
    /// Show what was changed outside telform since it last looked; sends nothing but GET
    #[command(
        after_help = "Examples:\n  telform drift             # exits with 2 when something drifted\n  telform drift --accept    # writes what is there into the YAML\n  telform apply             # puts back what the YAML says"
    )]
    Drift(DriftArgs),
    /// Release an address without deleting its object
    #[command(
        after_help = "Examples:\n  telform forget providers.old-plivo\n  telform forget providers.old-plivo --sandbox world.yaml"
    )]
    Forget(ReleaseArgs),
    /// Look after the ledger: what telform manages and remembers
    Ledger(LedgerArgs),
    /// Look at the trail that runs leave: who did what, when, from which plan, and that nobody touched it
    Journal(JournalArgs),
    /// Serve both APIs on loopback from a YAML world, until Ctrl-C
    #[command(after_help = "Examples:\n  telform sandbox world.yaml --listen 127.0.0.1:8080")]
    Sandbox(SandboxArgs),
    /// Print the JSON Schema of the YAML, or of one kind
    #[command(after_help = "Examples:\n  telform schema > telform.schema.json\n  telform schema partners")]
    Schema(SchemaArgs),
    /// Look whether everything is there that a run needs: credentials, clock, ledger, lock; sends nothing but GET
    #[command(
        after_help = "Examples:\n  telform doctor\n  telform doctor --json\n  telform doctor --sandbox world.yaml\n\nExit codes: 0 nothing is wrong, 1 something is. Nothing is written, here or there."
    )]
    Doctor(DoctorArgs),
    /// Print a reference page: the attributes of a kind, all error codes, or one of them
    #[command(
        after_help = "Examples:\n  telform docs partners\n  telform docs guard::max_deletes\n  telform docs errors --format markdown"
    )]
    Docs(DocsArgs),
    /// Print what a shell needs to complete commands and options
    #[command(
        after_help = "Examples:\n  telform completions bash > /etc/bash_completion.d/telform\n  telform completions zsh > ~/.zfunc/_telform\n  telform completions fish > ~/.config/fish/completions/telform.fish"
    )]
    Completions(CompletionsArgs),
    /// Print the manual page, or write one for every command into a folder
    #[command(
        after_help = "Examples:\n  telform man | man -l -\n  telform man --out /usr/local/share/man/man1"
    )]
    Man(ManArgs),
}

impl Command {
    /// Whether `--json` means a line for each thing that happens, and not one document.
    pub(super) fn tells_events(&self) -> bool {
        matches!(self, Self::Apply(_) | Self::Resume(_) | Self::Undo(_) | Self::Rehearse(_))
    }
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
