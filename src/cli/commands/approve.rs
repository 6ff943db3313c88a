//! `telform approve`: a person signs that a saved plan may be applied.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use crate::cli::args::SignersArgs;
use crate::cli::args::lock::parse_duration;
use crate::cli::console::Console;
use crate::cli::signing;
use crate::output::Approved;
use crate::output::view::text;
use crate::run::files::{self, FileReaders};
use crate::run::signing::{PlanFileWithPapers, path_with_suffix, read_allowed_signers};
use crate::run::{Exit, RunError, SavedPlan};
use crate::signature::{ApprovalStatement, NotAllowed, PublicKey, SignatureNamespace};
use crate::text::escape;
use crate::text::shell_quote;
use crate::verify;

/// `telform approve`.
#[derive(Debug, Args, Clone)]
pub struct ApproveArgs {
    /// The saved plan
    pub plan: PathBuf,
    /// Sign with this SSH key
    ///
    /// A private key file, or a public one whose private half the agent holds.
    #[arg(long, value_name = "KEY", required = true)]
    pub sign: PathBuf,
    /// How long the approval counts
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = parse_duration)]
    pub valid_for: Duration,
    /// Name of the signer, as in the allowed signers
    #[arg(long, value_name = "NAME")]
    pub identity: Option<String>,
    /// Whose signatures are valid.
    #[command(flatten)]
    pub signers: SignersArgs,
}

/// Shows the plan and what is approved, and signs.
pub(crate) fn run(out: &Console, args: &ApproveArgs) -> Result<Exit, RunError> {
    let reviewed = SavedPlan::read(&args.plan)?;
    let name = args.plan.display().to_string();
    worth_it(&reviewed, &name)?;
    let plan = PlanFileWithPapers::read(&args.plan, reviewed.bytes(), reviewed.digest())?;
    let allowed = args.signers.allowed_signers.as_deref().map(read_allowed_signers).transpose()?;
    let made_by = plan.signature_report(allowed.as_ref());
    if let Some(refused) = made_by.as_ref().filter(|made_by| made_by.is_refused()) {
        return Err(RunError::other(
            refused.code.unwrap_or_default(),
            format!("the signature of the plan {name}: {}", refused.why.as_deref().unwrap_or_default()),
            "do not approve it; use the unchanged plan and signature",
        ));
    }
    let signer = signing::open_key(out, &args.sign)?;
    let at = Timestamp::now();
    let until = at.checked_add(args.valid_for).ok().filter(|until| until.as_second() > at.as_second());
    let until = until.ok_or_else(|| {
        RunError::other(
            "telform::approval::valid_for",
            "an approval needs an end in the future",
            "give a duration such as `--valid-for 24h`",
        )
    })?;
    let identity = match &allowed {
        Some(allowed) => {
            let line = allowed.find_allowed(signer.public_key().key_data(), SignatureNamespace::Approval, at);
            let line = line.map_err(|why| unknown_signer(signer.public_key(), &why))?;
            if let Some(name) = args.identity.as_ref().filter(|name| !line.is_called(name)) {
                return Err(other_name(name, &line.principals));
            }
            let plain = !line.principals.contains(['*', '?', '!', ',']);
            args.identity.clone().or_else(|| plain.then(|| line.principals.clone()))
        }
        None => args.identity.clone(),
    };
    let key = signer.public_key().fingerprint();
    let statement = ApprovalStatement::new(plan.identity().clone(), identity, key, at, until);
    let bytes = statement.text();
    let signature = signer.sign(SignatureNamespace::Approval, bytes.as_bytes())?;
    // One per key: a new approval replaces the earlier one.
    let short: String = statement.key.chars().take("SHA256:".len() + 16).collect();
    let short = short.replace([':', '+', '/'], "-");
    let file = path_with_suffix(&args.plan, ".approvals").join(format!("{short}.json"));
    let signed = path_with_suffix(&file, ".sig");
    if !out.global.json && !out.global.quiet {
        out.print(&text::plan_as_text(reviewed.plan(), out.plan_detail()));
        out.print(&format!(
            "\n{}",
            describe_approval(&name, &statement, made_by.map(|it| signing::render_signatures(&[it], out.width())))
        ));
    }
    files::write_file(&file, &bytes, FileReaders::Anybody)?;
    files::write_file(&signed, &signature, FileReaders::Anybody)?;
    let (file, signed) = (file.display().to_string(), signed.display().to_string());
    if out.global.json {
        out.print_document(&Approved {
            statement: file,
            signature: signed,
            plan: &statement.plan,
            digest: &statement.digest,
            identity: statement.identity.as_deref(),
            key: &statement.key,
            at: statement.at,
            until: statement.until,
        });
    } else {
        let (file, signed) = (escape(&shell_quote(&file)), escape(&shell_quote(&signed)));
        out.print(&format!("Wrote {file} and its signature {signed}\n"));
    }
    Ok(Exit::Done)
}

/// A plan that cannot be applied cannot be approved.
fn worth_it(reviewed: &SavedPlan, name: &str) -> Result<(), RunError> {
    let verdict = verify::verify_plan(reviewed.text().as_bytes());
    let why = match (verdict.verified, verdict.applicable) {
        (true, true) => return Ok(()),
        (true, false) => "it has refusals, so it cannot be applied",
        (false, _) => "it does not pass the independent checker",
    };
    Err(RunError::other(
        "telform::approval::plan",
        format!("the plan {name} cannot be approved: {why}"),
        format!("`telform show {0}` and `telform verify {0}` say more; plan again", shell_quote(name)),
    ))
}

fn describe_approval(name: &str, statement: &ApprovalStatement, made_by: Option<String>) -> String {
    let who = match &statement.identity {
        Some(identity) => escape(&format!("{identity} ({})", statement.key)),
        None => statement.key.clone(),
    };
    let made_by = made_by.unwrap_or_else(|| "Plan not signed\n".to_owned());
    let text = format!(
        "Approves {}\n  sha256  {}\n  digest  {}\n  signer  {who}\n  until   {}\n",
        escape(name),
        statement.plan,
        statement.digest,
        statement.until
    );
    format!("{made_by}{text}")
}

fn unknown_signer(key: &PublicKey, why: &NotAllowed) -> RunError {
    RunError::other(
        "telform::approval::unknown_signer",
        format!("an approval by {} would not count: {why}", key.fingerprint()),
        "sign with a key of the allowed signers, or have the key added to them",
    )
}

fn other_name(said: &str, is: &str) -> RunError {
    RunError::other(
        "telform::approval::other_name",
        format!("the allowed signers call the owner of this key {is}, not {said}"),
        "leave out --identity, or use one of these names",
    )
}
