//! The commands, one file each, called as the command is: its arguments, and what it does.

use std::path::Path;

use clap::Subcommand;

use super::console::Console;
use crate::run::{Exit, RunError};

mod adopt;
mod apply;
mod approve;
mod completions;
mod destroy;
mod diff;
mod docs;
mod doctor;
mod drift;
mod explain;
mod fmt;
mod forget;
mod get;
mod graph;
pub(crate) mod init;
mod journal;
mod ledger;
mod man;
mod plan;
mod rehearse;
mod resume;
mod sandbox;
mod schema;
mod show;
mod undo;
pub(crate) mod validate;
mod verify;

use adopt::AdoptArgs;
pub(crate) use apply::ApplyArgs;
use approve::ApproveArgs;
use completions::CompletionsArgs;
use destroy::DestroyArgs;
use diff::DiffArgs;
use docs::DocsArgs;
use doctor::DoctorArgs;
use drift::DriftArgs;
use explain::ExplainArgs;
use fmt::FmtArgs;
use forget::ForgetCommandArgs;
use get::GetArgs;
use graph::GraphArgs;
use init::InitArgs;
use journal::JournalArgs;
use ledger::LedgerArgs;
use man::ManArgs;
use plan::PlanArgs;
use rehearse::RehearseArgs;
use resume::ResumeArgs;
use sandbox::SandboxArgs;
use schema::SchemaArgs;
use show::ShowPlanArgs;
use undo::UndoArgs;
use validate::ValidateArgs;
use verify::VerifyArgs;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a configuration: asks for services and accounts
    ///
    /// Checks the tokens and offers to adopt existing objects.
    #[command(
        after_help = "Examples:\n  telform init                  # asks; without a terminal writes a template\n  telform init --quickstart     # with a sandbox world; needs no account\n  telform init --account unpod --set unpod.org_handle=acme.example --adopt\n  telform init --account west=carrierx --token west=file:secrets/west\n\nOne GET per account checks its token. Existing files are never overwritten."
    )]
    Init(InitArgs),
    /// Check the YAML offline
    ///
    /// Reports every problem at once, each with file, line, column and help.
    #[command(
        after_help = "Examples:\n  telform validate\n  telform validate -f envs/staging --json\n  telform validate --format github --format gitlab=gl-code-quality.json"
    )]
    Validate(ValidateArgs),
    /// Format the YAML
    ///
    /// Changes indentation, blanks and blank lines. Values, comments and quotes stay.
    #[command(
        after_help = "Examples:\n  telform fmt\n  telform fmt --check         # exits with 1 if a file would change\n  telform fmt --diff envs/    # shows what would change; writes nothing\n  telform fmt - < generated.yaml > telform.yaml\n\nOnly white space changes. Before a file is written, its new text is read again and must say the same as the old one. JSON and CSV files are left alone."
    )]
    Fmt(FmtArgs),
    /// Show what would change; sends only GET
    #[command(
        after_help = "Examples:\n  telform plan\n  telform plan --detailed-exitcode     # exits with 2 if there are changes\n  telform plan --out plan.json         # for review; `apply plan.json` runs it\n  telform plan --target bridges.sales --format json\n  telform plan --target 'partners.west-*' --exclude 'partners.west-old*'\n  telform plan --format markdown=comment.md --format html=plan.html\n  telform plan --sandbox world.yaml    # against the embedded simulator"
    )]
    Plan(PlanArgs),
    /// Plan, show, ask, and apply
    #[command(
        after_help = "Examples:\n  telform apply\n  telform apply plan.json     # exactly the reviewed plan, or nothing\n  telform apply --auto-approve --on-error continue\n  telform apply --max-deletes 1 --max-numbers-dark 3\n  telform apply --target 'partners.west-*' --account 'org*'"
    )]
    Apply(ApplyArgs),
    /// Settle an interrupted run, then apply the rest
    ///
    /// Reads what became of its open requests, then plans, shows, asks, and applies the rest.
    #[command(
        after_help = "Examples:\n  telform resume\n  telform resume --auto-approve\n\ntelform reads whether each request that may have been sent was carried out: done, not done, or unknown with what to do. Nothing is created twice. `telform apply` does the same before it plans."
    )]
    Resume(ResumeArgs),
    /// Apply the plan in the simulator, to a copy of the live state
    ///
    /// The services get only GET.
    #[command(
        after_help = "Examples:\n  telform rehearse\n  telform rehearse plan.json --json\n  telform rehearse --undo last\n  telform rehearse --fault faults.yaml --on-error continue\n  telform rehearse --fault \\\n    '{match: {method: DELETE, times: 0}, effect: {answer: {status: 500}}}'\n\nExits as the apply would. Nothing is written: the rehearsal keeps its ledger and journal in a temporary folder."
    )]
    Rehearse(RehearseArgs),
    /// Undo a run: shows its plan, asks, and applies it
    ///
    /// The plan is like any other. It is made from the journal and the live state.
    #[command(
        after_help = "Examples:\n  telform undo last\n  telform undo last --plan              # what it would do; sends only GET\n  telform undo last --plan --out undo.json    # `apply undo.json` runs it\n  telform undo 0193 --max-deletes 1\n\ntelform undoes only what is still as the run left it, and names the rest. It does not change the YAML, so the next apply makes the run's changes again unless you change the YAML too."
    )]
    Undo(UndoArgs),
    /// Delete everything that the configuration names
    ///
    /// Plans, shows, asks, and applies. The same as `telform apply --destroy`: every guard holds, and the question repeats the consequences.
    #[command(
        after_help = "Examples:\n  telform destroy --plan                # what it would do; sends only GET\n  telform destroy --max-deletes 3 --max-numbers-dark 2\n  telform destroy --target 'partners.west-*'\n  telform rehearse --destroy            # in the simulator\n\nThe YAML is not changed. A kind that no file mentions is left alone."
    )]
    Destroy(DestroyArgs),
    /// Show a saved plan, offline
    ///
    /// Needs no network, credentials or YAML.
    #[command(after_help = "Examples:\n  telform show plan.json\n  telform show plan.json --format html --out plan.html")]
    Show(ShowPlanArgs),
    /// Compare two saved plans, offline
    ///
    /// Shows what only one of them does, and what both do differently. Needs no network, credentials or YAML.
    #[command(
        after_help = "Examples:\n  telform diff reviewed.json today.json\n  telform diff reviewed.json today.json --format markdown=comment.md\n  telform plan --format json | telform diff reviewed.json -\n\nExit codes: 0 both plans do the same, 2 they differ, 1 a file cannot be read or was changed. Commit, ledger, options and notices are shown separately and do not count as differences."
    )]
    Diff(DiffArgs),
    /// Draw a plan as a graph for Graphviz or Mermaid
    ///
    /// The order of its requests, or who serves the phone numbers. Sends only GET.
    #[command(
        after_help = "Examples:\n  telform graph plan.json | dot -Tsvg > plan.svg\n  telform graph plan.json --format mermaid --out plan.mmd\n  telform graph plan.json --show wiring | dot -Tsvg > wiring.svg\n  telform graph --target bridges.sales     # plans first\n\nAn arrow leads from a request to one that waits for it. Above 40 requests, alike ones are drawn as one."
    )]
    Graph(GraphArgs),
    /// Approve a saved plan with a signature, offline
    ///
    /// Needs no network, credentials or YAML.
    #[command(
        after_help = "Examples:\n  telform approve plan.json --sign ~/.ssh/id_ed25519\n  telform approve plan.json --sign ~/.ssh/id.pub --valid-for 2h    # agent\n\nStatement and signature are written to plan.json.approvals, where `telform apply plan.json --approvals N` finds them. To check one without telform:\n  ssh-keygen -Y verify -n telform-approval -f allowed_signers -I NAME \\\n    -s FILE.json.sig < FILE.json"
    )]
    Approve(ApproveArgs),
    /// Check a plan or a journal independently of the planner
    ///
    /// Needs no network or credentials.
    #[command(
        after_help = "Examples:\n  telform plan --format json > plan.json; telform verify plan.json\n  telform plan --format json | telform verify - --json\n  telform verify .telform/ledger.journal\n\nExit codes: 0 every rule holds, 1 a rule is violated. A plan with refusals can pass, but is not applied."
    )]
    Verify(VerifyArgs),
    /// Explain why something is changed or not; sends only GET
    ///
    /// Follows an address or an attribute from the YAML to the request. An error code is looked up as `telform docs CODE` does.
    #[command(
        after_help = "Examples:\n  telform explain partners.acme-west\n  telform explain partners.acme-west.zip\n  telform explain bridges.sales.numbers --json\n  telform explain guard::max_deletes"
    )]
    Explain(ExplainArgs),
    /// Show live objects, managed or not; sends only GET
    ///
    /// As a table, CSV, JSON, YAML or Markdown.
    #[command(
        after_help = "Examples:\n  telform get                           # everything\n  telform get partners --where status=suspended\n  telform get numbers -o csv            # including free numbers\n  telform get numbers --where provider=twilio-main --sort bridge\n  telform get partners -o csv=partners.csv -o markdown=partners.md\n  telform get 'partners.west-*' --columns login,zip,managed\n\nExit codes: 0 everything was read, 1 something could not be read (see standard error). `for_each` accepts the CSV as a table."
    )]
    Get(GetArgs),
    /// Start managing existing objects
    ///
    /// Writes their YAML and records them in the ledger.
    #[command(
        visible_alias = "import",
        after_help = "Examples:\n  telform adopt --all --out adopted         # a file for each account and kind\n  telform adopt --all --kind bridges --out bridges\n  telform adopt providers.twilio-main 42    # one object by its id\n\nSends only GET. Before anything is written, a plan for the new files must be empty."
    )]
    Adopt(AdoptArgs),
    /// Show what was changed outside telform; sends only GET
    ///
    /// Compares the live state with what telform saw in its last run.
    #[command(
        after_help = "Examples:\n  telform drift             # exits with 2 if something drifted\n  telform drift --accept    # writes the live values into the YAML\n  telform apply             # restores what the YAML states\n\nExit codes: 0 nothing drifted, 2 something drifted, 1 something could not be compared, 5 an account was left out with --skip-unreadable."
    )]
    Drift(DriftArgs),
    /// Stop managing an object without deleting it
    ///
    /// Releases its address from the ledger.
    #[command(
        after_help = "Examples:\n  telform forget providers.old-plivo\n  telform forget providers.old-plivo --sandbox world.yaml"
    )]
    Forget(ForgetCommandArgs),
    /// Show and maintain the record of what telform manages
    Ledger(LedgerArgs),
    /// Read and check the record of all runs
    ///
    /// Who did what, when, from which plan, and whether the record was altered.
    Journal(JournalArgs),
    /// Serve simulated services on loopback, until Ctrl-C
    ///
    /// Serves the APIs of all services from a YAML world.
    #[command(after_help = "Examples:\n  telform sandbox world.yaml --listen 127.0.0.1:8080")]
    Sandbox(SandboxArgs),
    /// Print the JSON Schema of the YAML, or of one kind
    #[command(after_help = "Examples:\n  telform schema > telform.schema.json\n  telform schema partners")]
    Schema(SchemaArgs),
    /// Check credentials, clock, ledger and lock; sends only GET
    ///
    /// Each check has a verdict and what to do.
    #[command(
        after_help = "Examples:\n  telform doctor\n  telform doctor --json\n  telform doctor --sandbox world.yaml\n\nExit codes: 0 nothing is wrong, 1 something is wrong. Nothing is written."
    )]
    Doctor(DoctorArgs),
    /// Print a reference page: a kind, or an error code
    ///
    /// Without a topic, an index of the pages.
    #[command(
        after_help = "Examples:\n  telform docs                  # all pages\n  telform docs partners\n  telform docs max-deletes      # a code in any spelling\n  telform docs guard::max_deletes\n  telform docs errors --format markdown"
    )]
    Docs(DocsArgs),
    /// Print the completion script of a shell
    #[command(
        after_help = "Examples:\n  telform completions bash > /etc/bash_completion.d/telform\n  telform completions zsh > ~/.zfunc/_telform\n  telform completions fish > ~/.config/fish/completions/telform.fish"
    )]
    Completions(CompletionsArgs),
    /// Print the manual page, or write one for each command
    #[command(after_help = "Examples:\n  telform man | man -l -\n  telform man --out /usr/local/share/man/man1")]
    Man(ManArgs),
}

impl Command {
    /// Whether `--json` means a line for each thing that happens, and not one document.
    pub(super) fn tells_events(&self) -> bool {
        match self {
            Self::Apply(_) | Self::Resume(_) | Self::Rehearse(_) => true,
            Self::Undo(args) => !args.only.plan,
            Self::Destroy(args) => !args.only.plan,
            _ => false,
        }
    }
}

/// The ledger that a sandbox keeps beside its world is used, unless `--ledger` names one.
fn beside(out: &Console, world: Option<&Path>) -> Console {
    let mut out = out.clone();
    out.global.world = world.map(Path::to_owned);
    out
}

/// Runs a command.
pub(super) async fn run(out: &Console, command: &Command) -> Result<Exit, RunError> {
    match command {
        Command::Init(args) => init::run(out, args).await,
        Command::Validate(args) => validate::run(out, args),
        Command::Fmt(args) => fmt::run(out, args),
        Command::Plan(args) => plan::run(out, args).await,
        Command::Apply(args) => apply::run(out, args).await,
        Command::Resume(args) => resume::run(out, args).await,
        Command::Rehearse(args) => rehearse::run(out, args).await,
        Command::Undo(args) => undo::run(out, args).await,
        Command::Destroy(args) => destroy::run(out, args).await,
        Command::Show(args) => show::run(out, args),
        Command::Diff(args) => diff::run(out, args),
        Command::Graph(args) => graph::run(out, args).await,
        Command::Approve(args) => approve::run(out, args),
        Command::Verify(args) => verify::run(out, args),
        Command::Adopt(args) => adopt::run(out, args).await,
        Command::Explain(args) => explain::run(out, args).await,
        Command::Drift(args) => drift::run(out, args).await,
        Command::Get(args) => get::run(out, args).await,
        Command::Forget(args) => forget::run(&beside(out, args.sandbox.as_deref()), &args.forget).await,
        Command::Ledger(args) => ledger::run(&beside(out, args.sandbox.as_deref()), &args.command).await,
        Command::Journal(args) => journal::run(&beside(out, args.sandbox.as_deref()), &args.command).await,
        Command::Sandbox(args) => sandbox::run(out, args).await,
        Command::Schema(args) => schema::run(out, args),
        Command::Doctor(args) => doctor::run(out, args).await,
        Command::Docs(args) => docs::run(out, args),
        Command::Completions(args) => completions::run(out, args),
        Command::Man(args) => man::run(out, args),
    }
}
