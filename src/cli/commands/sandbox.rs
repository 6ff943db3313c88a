//! `telform sandbox`: serves the simulator until it is stopped.

use std::path::PathBuf;

use clap::Args;

use crate::cli::console::Console;
use crate::output::{Served, ServedService};
use crate::run::embedded::{load_world, save_world, state_of};
use crate::run::{Exit, RunError};
use crate::sandbox::{SIMULATORS, Sandbox, Simulator};

/// `telform sandbox`.
#[derive(Debug, Args, Clone)]
pub struct SandboxArgs {
    /// World to start from
    ///
    /// Changes are saved next to it in WORLD.state.yaml.
    pub world: PathBuf,
    /// Address to listen on; loopback only
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: std::net::SocketAddr,
}

/// Serves the simulator until it is stopped.
pub(crate) async fn run(out: &Console, args: &SandboxArgs) -> Result<Exit, RunError> {
    if !args.listen.ip().is_loopback() {
        return Err(RunError::other(
            "telform::sandbox::not_loopback",
            format!("{} is not a loopback address", args.listen),
            "the simulator may contain a copy of an account, so it listens only on 127.0.0.1 or [::1]",
        ));
    }
    let failed = |code, help: &str, error: &dyn std::fmt::Display| RunError::other(code, error.to_string(), help);
    let state = state_of(&args.world);
    let world = load_world(&args.world)?;
    let sandbox = Sandbox::start_on(world, args.listen)
        .await
        .map_err(|error| failed("telform::sandbox::start", "choose another address with --listen", &error))?;
    // A user who has read the addresses may stop it at once, and its state is then saved, too.
    let stopped = out.signals.nth_signal(1);
    let control = sandbox.base() + "/_sim/";
    if out.global.json {
        out.print_document(&Served {
            unpod: sandbox.unpod_url(),
            carrierx: sandbox.carrierx_url(),
            token: sandbox.token(),
            services: SIMULATORS
                .iter()
                .map(|it| ServedService { api: it.api, url: (it.url)(&sandbox), token: (it.token)(&sandbox) })
                .collect(),
            control,
            state: state.display().to_string(),
        });
    } else {
        let services: String = SIMULATORS.iter().map(|it| format!("{:<10}{}\n", it.title, (it.url)(&sandbox))).collect();
        let own = |it: &Simulator| (it.token)(&sandbox);
        let tokens = match SIMULATORS.iter().all(|it| own(it) == sandbox.token()) {
            true => sandbox.token(),
            false => SIMULATORS.iter().map(|it| format!("{} ({})", own(it), it.title)).collect::<Vec<_>>().join(", "),
        };
        out.print(&format!(
        "{services}Token     {}\nControl   {}\n          log, world, faults, verify/SID/FIELD\nThe addresses contain a token of this run: anyone who has them may read and change\neverything here. Keep them secret.\nStop with Ctrl-C. The state is saved in {}.\n",
        tokens,
        control,
        state.display(),
    ));
    }
    stopped.await;
    save_world(&sandbox.world(), &state)?;
    sandbox.shutdown().await;
    Ok(Exit::Done)
}
