//! The embedded simulator, when it stands in for the services: started from a world file, its state kept beside it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::exit::Failure;
use super::files::{self, Readers};
use super::out::Out;
use crate::ledger::Key;
use crate::resource::{Desired, SecretSource};
use crate::sandbox::{Sandbox, World};
use crate::secrets;
use crate::value::Secret;

/// The embedded simulator and where its state is kept.
pub(crate) struct Embedded {
    /// The simulator.
    pub sandbox: Sandbox,
    /// File of its state.
    pub state: PathBuf,
}

impl Embedded {
    /// Pauses between tries and looks: nothing here is away for longer than its faults say.
    pub(super) const PAUSE: Duration = Duration::from_millis(20);

    pub(super) async fn start(world: &Path) -> Result<Self, Failure> {
        let state = state_of(world);
        let from = if state.exists() { &state } else { world };
        let world = World::load(from).map_err(|error| {
            Failure::other(
                "telform::sandbox::world",
                error.to_string(),
                "`telform init --quickstart` writes a world to start from",
            )
        })?;
        let anywhere = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let sandbox = Sandbox::start_on(world, anywhere).await.map_err(|error| {
            Failure::other("telform::sandbox::start", error.to_string(), "free a loopback port")
        })?;
        // After each write, before its answer: whoever is killed the moment after finds what was written.
        let kept = state.clone();
        sandbox.after_each_write(move |world| {
            // What could not be kept is told at the end, when it is kept once more.
            let _ = keep(world, &kept);
        });
        Ok(Self { sandbox, state })
    }

    /// Sends the accounts to the simulator.
    pub(super) fn redirect(&self, desired: &mut Desired) {
        for account in desired.accounts.values_mut() {
            let url = if account.backend.api == "unpod" {
                self.sandbox.unpod_url()
            } else {
                self.sandbox.carrierx_url()
            };
            if let Ok(url) = url.parse() {
                account.base_url = url;
            }
        }
    }

    /// Nothing real is needed here: the simulator's own tokens, and made-up values for secrets that nobody supplied.
    pub(super) fn stand_in(
        &self,
        out: &Out,
        desired: &mut Desired,
        resolved: &mut secrets::Resolved,
        key: &Key,
    ) {
        let token = |account: &crate::resource::Account| match account.backend.api {
            "carrierx" => self.sandbox.carrierx_token(),
            _ => self.sandbox.token(),
        };
        resolved.tokens = desired
            .accounts
            .iter()
            .map(|(name, account)| (name.clone(), Secret::new(&token(account))))
            .collect::<BTreeMap<_, _>>();
        let missing = std::mem::take(&mut resolved.missing);
        // Said until something was applied in this world; whoever has done that knows it.
        let news = out.global.verbose > 0 || !self.state.exists();
        if !missing.is_empty() && news && !out.global.json && !out.global.quiet {
            let count = missing.len();
            let them = if count == 1 { "1 secret is".to_owned() } else { format!("{count} secrets are") };
            out.note(&format!("sandbox: {them} not supplied and made up here\n"));
        }
        // A real secret is never given to the simulator, which keeps what it gets in a file. Its fingerprint stands in, so that
        // a rotation still shows.
        let supplied = std::mem::take(&mut resolved.vault);
        for object in desired.objects.values_mut() {
            for value in object.sourced.clone() {
                let source = value.source.to_string().replace([' ', '/'], "-");
                let made_up = format!("https://sandbox.example/{source}/{}", value.part);
                let mark = key.mark_of(&value.source, &Secret::new(&made_up));
                object.put_mark(value.attribute, &value.part, &mark);
            }
        }
        for (address, object) in &mut desired.objects {
            for (attribute, wanted) in &mut object.attributes {
                let crate::resource::Wanted::Secret(secret) = wanted else { continue };
                let at = (address.clone(), (*attribute).to_owned());
                let made_up = made_up(key, &address.kind, attribute, supplied.get(&at), &secret.source);
                secret.fingerprint = Some(key.fingerprint(&address.kind, attribute, &made_up));
                resolved.vault.insert(at, made_up);
            }
        }
    }

    pub(super) fn keep(&self) -> Result<(), Failure> {
        keep(&self.sandbox.world(), &self.state)
    }
}

/// Keeps a world, which holds secrets in clear.
pub(super) fn keep(world: &World, state: &Path) -> Result<(), Failure> {
    let failed = |why: String| {
        Failure::other("telform::sandbox::state", why, "check that the folder of the world may be written")
    };
    let text = world.to_yaml().map_err(|error| failed(error.to_string()))?;
    files::write(state, &text, Readers::Owner).map_err(|failure| failed(failure.parts().1))
}

/// What stands in for a secret in the sandbox: the same for the same secret, or for the same source that supplies none, whatever
/// the address of its object. So a rotation shows, and a rename writes nothing.
pub(super) fn made_up(
    key: &Key,
    kind: &str,
    attribute: &str,
    real: Option<&Secret>,
    source: &SecretSource,
) -> Secret {
    let print = match real {
        Some(secret) => key.fingerprint(kind, attribute, secret),
        None => return Secret::new(&format!("sandbox-{}", source.to_string().replace([' ', '/'], "-"))),
    };
    Secret::new(&format!("sandbox-{}", key.seal("sandbox", kind, attribute, &print).short()))
}

/// `world.yaml` keeps its state in `world.state.yaml`, so that the world to start from stays as it was written.
pub(crate) fn state_of(world: &Path) -> PathBuf {
    world.with_extension("state.yaml")
}
