//! The commands that need a few lines only: validate, forget, sandbox, schema.

use super::args::{Choice, ForgetArgs, SandboxArgs, SchemaArgs};
use super::exit::{Exit, Failure};
use super::out::Out;
use super::session::{now, place, state_of};
use crate::backend;
use crate::desired;
use crate::ledger::Store;
use crate::resource::Address;
use crate::sandbox::{Sandbox, World};
use crate::schema as schemas;

/// Checks the YAML offline.
pub(super) fn validate(out: &Out) -> Result<Exit, Failure> {
    let loaded = desired::load(&out.global.files)?;
    if out.global.json {
        out.json_line(&serde_json::json!({ "ok": true, "warnings": loaded.warnings.to_json() }));
        return Ok(Exit::Done);
    }
    if !loaded.warnings.is_empty() && !out.global.quiet {
        out.note(&crate::problem::render(&loaded.warnings, out.color_on_stderr(), out.width()));
    }
    let desired = &loaded.desired;
    let mut parts: Vec<String> = backend::kind_names()
        .into_iter()
        .map(|kind| (kind, desired.objects.keys().filter(|address| address.kind == kind).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{count} {}", crate::view::text::plural(count, kind)))
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

/// Takes an address out of the ledger; its object stays as it is.
pub(super) fn forget(out: &Out, args: &ForgetArgs) -> Result<Exit, Failure> {
    let place = match &out.global.ledger {
        Some(place) => place.clone(),
        // The YAML may name the place of the ledger; without any YAML the default stands.
        None => desired::load(&out.global.files).map_or_else(
            |_| ".telform/ledger.json".to_owned(),
            |loaded| place(&out.global, &loaded.desired, &Choice::default()),
        ),
    };
    let store = Store::at(&place)?;
    let Some(_) = store.load()? else {
        return Err(Failure::other(
            "telform::ledger::none",
            format!("there is no ledger at {place}"),
            "name it with --ledger",
        ));
    };
    let _lock = store.lock(&now())?;
    // Read again under the lock: another run may just have ended.
    let mut ledger = store.load()?.unwrap_or_default();
    if ledger.attempts.remove(&args.address).is_some() && !ledger.objects.contains_key(&args.address) {
        store.save(&mut ledger)?;
        out.print(&format!(
            "Noted: the create of {} that was cut off made nothing. The next apply creates it.\n",
            args.address
        ));
        return Ok(Exit::Done);
    }
    let Some(entry) = ledger.objects.remove(&args.address) else {
        let known: Vec<String> = ledger.objects.keys().map(Address::to_string).collect();
        return Err(Failure::other(
            "telform::ledger::unknown_address",
            format!("the ledger knows no {}", args.address),
            if known.is_empty() {
                "it is empty".to_owned()
            } else {
                format!("it knows {}", known.join(", "))
            },
        ));
    };
    store.save(&mut ledger)?;
    out.print(&format!(
        "Released {}: {} in account {} stays as it is, and telform no longer manages it.\n",
        args.address, entry.id, entry.account
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
    let failed = |error: &dyn std::fmt::Display| {
        Failure::other("telform::sandbox", error.to_string(), "check the world file and the address")
    };
    let state = state_of(&args.world);
    let world =
        World::load(if state.exists() { &state } else { &args.world }).map_err(|error| failed(&error))?;
    let sandbox = Sandbox::start_on(world, args.listen).await.map_err(|error| failed(&error))?;
    out.print(&format!(
        "Unpod     {}\nCarrierX  {}\nToken     {}\nControl   {}/_sim/  (log, world, faults, verify/SID/FIELD)\nStop with Ctrl-C; the state is kept in {}.\n",
        sandbox.unpod_url(),
        sandbox.carrierx_url(),
        sandbox.token(),
        sandbox.carrierx_url().trim_end_matches("/core/v2"),
        state.display(),
    ));
    let _ = tokio::signal::ctrl_c().await;
    sandbox.world().save(&state).map_err(|error| failed(&error))?;
    sandbox.shutdown().await;
    Ok(Exit::Done)
}

/// Prints a JSON Schema.
pub(super) fn schema(out: &Out, args: &SchemaArgs) -> Result<Exit, Failure> {
    if let Some(kind) = &args.kind
        && !backend::kind_names().contains(&kind.as_str())
    {
        return Err(Failure::other(
            "telform::cli::unknown_kind",
            format!("`{kind}` is no kind"),
            format!("the kinds are {}", backend::kind_names().join(", ")),
        ));
    }
    let schema = schemas::of(args.kind.as_deref()).unwrap_or_default();
    out.print(&format!("{}\n", serde_json::to_string_pretty(&schema).unwrap_or_default()));
    Ok(Exit::Done)
}
