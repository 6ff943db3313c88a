//! The commands that need a few lines only: validate, sandbox, schema.

use super::args::{CheckFormat, SandboxArgs, SchemaArgs, ValidateArgs};
use super::embedded::state_of;
use super::exit::{Exit, Failure};
use super::formats::Wanted;
use super::out::Out;
use crate::backend;
use crate::desired;
use crate::document;
use crate::sandbox::{Sandbox, World};
use crate::schema as schemas;

/// Checks the YAML offline.
pub(super) fn validate(out: &Out, args: &ValidateArgs) -> Result<Exit, Failure> {
    let wanted = Wanted::new(out, &args.formats, CheckFormat::Text, CheckFormat::Json)?;
    let loaded = match desired::load(&out.global.files) {
        Ok(loaded) => loaded,
        Err(problems) => {
            wanted.problems(out, &problems)?;
            let failure = Failure::from(problems);
            // With --json the end of the program prints it.
            if wanted.printed() == CheckFormat::Json && !out.global.json {
                out.json_line(&failure.json());
            }
            return Err(failure);
        }
    };
    wanted.problems(out, &loaded.warnings)?;
    if wanted.printed() == CheckFormat::Json {
        out.json_line(&serde_json::json!({ "ok": true, "warnings": loaded.warnings.to_json() }));
        return Ok(Exit::Done);
    }
    if !loaded.warnings.is_empty() && !out.global.quiet {
        out.note(&crate::problem::render(&loaded.warnings, out.color_on_stderr(), out.width()));
    }
    if wanted.printed() != CheckFormat::Text {
        return Ok(Exit::Done);
    }
    let desired = &loaded.desired;
    let mut parts: Vec<String> = backend::kind_names()
        .into_iter()
        .map(|kind| (kind, desired.objects.keys().filter(|address| address.kind == kind).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{count} {}", crate::view::plural(count, kind)))
        .collect();
    if !desired.removed.is_empty() {
        parts.push(format!("{} removed", desired.removed.len()));
    }
    if parts.is_empty() {
        parts.push("nothing declared".to_owned());
    }
    let accounts = desired.accounts.len();
    out.print(&format!(
        "Valid: {} in {accounts} account{}.\n",
        parts.join(", "),
        if accounts == 1 { "" } else { "s" }
    ));
    Ok(Exit::Done)
}

/// Serves the simulator until somebody stops it.
pub(super) async fn sandbox(out: &Out, args: &SandboxArgs) -> Result<Exit, Failure> {
    if !args.listen.ip().is_loopback() {
        return Err(Failure::other(
            "telform::sandbox::not_loopback",
            format!("{} is not a loopback address", args.listen),
            "the simulator has no real security; it listens on 127.0.0.1 or [::1] only",
        ));
    }
    let failed =
        |code, help: &str, error: &dyn std::fmt::Display| Failure::other(code, error.to_string(), help);
    let state = state_of(&args.world);
    let world = World::load(if state.exists() { &state } else { &args.world })
        .map_err(|error| failed("telform::sandbox::world", "check the world file", &error))?;
    let sandbox = Sandbox::start_on(world, args.listen)
        .await
        .map_err(|error| failed("telform::sandbox::start", "give another address with --listen", &error))?;
    out.print(&format!(
        "Unpod     {}\nCarrierX  {}\nToken     {}\nControl   {}/_sim/  (log, world, faults, verify/SID/FIELD)\nStop with Ctrl-C; the state is kept in {}.\n",
        sandbox.unpod_url(),
        sandbox.carrierx_url(),
        sandbox.token(),
        sandbox.carrierx_url().trim_end_matches("/core/v2"),
        state.display(),
    ));
    let _ = tokio::signal::ctrl_c().await;
    sandbox.world().save(&state).map_err(|error| {
        failed("telform::sandbox::state", "check that the folder of the world may be written", &error)
    })?;
    sandbox.shutdown().await;
    Ok(Exit::Done)
}

/// Prints a JSON Schema.
pub(super) fn schema(out: &Out, args: &SchemaArgs) -> Result<Exit, Failure> {
    if args.kind.as_deref() == Some("plan") {
        out.print(&format!("{}\n", serde_json::to_string_pretty(&document::schema()).unwrap_or_default()));
        return Ok(Exit::Done);
    }
    if let Some(kind) = &args.kind
        && !backend::kind_names().contains(&kind.as_str())
    {
        return Err(Failure::other(
            "telform::cli::unknown_kind",
            format!("`{kind}` is no kind"),
            format!("the kinds are {}; or `plan` for saved plans", backend::kind_names().join(", ")),
        ));
    }
    let schema = schemas::of(args.kind.as_deref()).unwrap_or_default();
    out.print(&format!("{}\n", serde_json::to_string_pretty(&schema).unwrap_or_default()));
    Ok(Exit::Done)
}
