//! The commands that need a few lines only: validate, sandbox, schema.

use std::collections::BTreeMap;

use super::args::{CheckFormat, SandboxArgs, SchemaArgs, ValidateArgs};
use super::embedded::{keep, state_of};
use super::exit::{Exit, Failure};
use super::formats::Wanted;
use super::out::Out;
use crate::backend;
use crate::desired;
use crate::output::{self, Served, Validation};
use crate::problem::Problems;
use crate::resource::Desired;
use crate::sandbox::{Sandbox, World};
use crate::schema as schemas;

/// Checks the YAML offline.
pub(super) fn validate(out: &Out, args: &ValidateArgs) -> Result<Exit, Failure> {
    let wanted = Wanted::new(out, &args.formats, CheckFormat::Text, CheckFormat::Json)?;
    let loaded = desired::load(&out.global.files).and_then(|mut loaded| {
        if loaded.unsure.is_empty() {
            return Ok(loaded);
        }
        loaded.unsure.extend(loaded.warnings);
        Err(loaded.unsure.sorted())
    });
    let loaded = match loaded {
        Ok(mut loaded) => {
            // Only a run knows whether what a note is about matters.
            loaded.warnings.extend(loaded.notes);
            loaded.warnings = loaded.warnings.sorted();
            desired::Loaded { notes: Problems::default(), ..loaded }
        }
        Err(problems) => {
            wanted.problems(out, &problems, None)?;
            if wanted.printed() == CheckFormat::Json {
                out.document(&validation(&problems, None));
                // What is wrong is the result of this command, and not what kept it from having one.
                return Ok(Exit::Failed);
            }
            return Err(problems.into());
        }
    };
    wanted.problems(out, &loaded.warnings, Some(&loaded.desired))?;
    if wanted.printed() == CheckFormat::Json {
        out.document(&validation(&loaded.warnings, Some(&loaded.desired)));
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

/// What is known about the YAML: its problems, and what it declares when there is none that counts.
pub(super) fn validation(problems: &Problems, desired: Option<&Desired>) -> Validation {
    let mut objects = BTreeMap::new();
    for address in desired.into_iter().flat_map(|desired| desired.objects.keys()) {
        *objects.entry(address.kind.to_string()).or_insert(0) += 1;
    }
    Validation {
        valid: desired.is_some(),
        problems: problems.told(),
        accounts: desired.map_or(0, |desired| desired.accounts.len()),
        objects,
        removed: desired.map_or(0, |desired| desired.removed.len()),
    }
}

/// Serves the simulator until somebody stops it.
pub(super) async fn sandbox(out: &Out, args: &SandboxArgs) -> Result<Exit, Failure> {
    if !args.listen.ip().is_loopback() {
        return Err(Failure::other(
            "telform::sandbox::not_loopback",
            format!("{} is not a loopback address", args.listen),
            "the simulator may hold a copy of an account; it listens on 127.0.0.1 or [::1] only",
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
    // Whoever has read the addresses may stop it at once, and its state is kept then too.
    let stopped = out.signals.nth(1);
    let control = sandbox.base() + "/_sim/";
    if out.global.json {
        out.document(&Served {
            unpod: sandbox.unpod_url(),
            carrierx: sandbox.carrierx_url(),
            token: sandbox.token().to_owned(),
            control,
            state: state.display().to_string(),
        });
    } else {
        out.print(&format!(
        "Unpod     {}\nCarrierX  {}\nToken     {}\nControl   {}\n          log, world, faults, verify/SID/FIELD\nThe addresses hold a token of this run: whoever has them may read and change\neverything here. Keep them to yourself.\nStop with Ctrl-C; the state is kept in {}.\n",
        sandbox.unpod_url(),
        sandbox.carrierx_url(),
        sandbox.token(),
        control,
        state.display(),
    ));
    }
    stopped.await;
    keep(&sandbox.world(), &state)?;
    sandbox.shutdown().await;
    Ok(Exit::Done)
}

/// Prints a JSON Schema.
pub(super) fn schema(out: &Out, args: &SchemaArgs) -> Result<Exit, Failure> {
    if let Some(shape) = args.kind.as_deref().and_then(output::find) {
        out.print(&format!("{}\n", serde_json::to_string_pretty(&shape.schema()).unwrap_or_default()));
        return Ok(Exit::Done);
    }
    if let Some(kind) = &args.kind
        && !backend::kind_names().contains(&kind.as_str())
    {
        return Err(Failure::other(
            "telform::cli::unknown_kind",
            format!("`{kind}` is no kind"),
            format!(
                "the kinds are {}; or `plan` for saved plans, or what a document of --json calls itself",
                backend::kind_names().join(", ")
            ),
        ));
    }
    let schema = schemas::of(args.kind.as_deref()).unwrap_or_default();
    out.print(&format!("{}\n", serde_json::to_string_pretty(&schema).unwrap_or_default()));
    Ok(Exit::Done)
}
