//! The embedded simulator, when it replaces the services: started from a world file, with its state kept beside it.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::files::{self, FileReaders};
use super::progress::Warning;
use super::{Context, RunError};
use crate::config::secrets;
use crate::disk::{self, Folder};
use crate::model::ledger::FingerprintKey;
use crate::model::resource::{Account, Desired, SecretSource};
use crate::model::value::Secret;
use crate::sandbox::{SIMULATORS, Sandbox, Simulator, World, simulator_of};

/// The embedded simulator and where its state is kept.
pub(crate) struct EmbeddedSandbox {
    /// The simulator.
    pub sandbox: Sandbox,
    /// File of its state.
    pub state: PathBuf,
}

impl EmbeddedSandbox {
    /// Pauses between retries and reads: nothing here is unavailable for longer than its faults say.
    pub(crate) const PAUSE: Duration = Duration::from_millis(20);

    pub(crate) async fn start(world: &Path) -> Result<Self, RunError> {
        let state = state_of(world);
        let world = load_world(world)?;
        let anywhere = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let sandbox = Sandbox::start_on(world, anywhere)
            .await
            .map_err(|error| RunError::other("telform::sandbox::start", error.to_string(), "free a loopback port"))?;
        // After each write, before its answer: a run that is killed right afterwards finds what was written.
        let kept = state.clone();
        sandbox.after_each_write(move |world| {
            // A state that could not be saved is reported at the end, when it is saved again.
            let _ = save_world(world, &kept);
        });
        Ok(Self { sandbox, state })
    }

    /// Sends the accounts to the simulators of their services.
    pub(crate) fn redirect_accounts(&self, desired: &mut Desired) -> Result<(), RunError> {
        for account in desired.accounts.values_mut() {
            if let Ok(url) = (simulator_for(account)?.url)(&self.sandbox).parse() {
                account.base_url = url;
            }
        }
        Ok(())
    }

    /// Nothing real is needed here: the simulator's own tokens, and made-up values for secrets that were not supplied.
    pub(crate) fn supply_simulator_secrets(
        &self,
        context: &Context,
        desired: &mut Desired,
        resolved: &mut secrets::ResolvedSecrets,
        key: &FingerprintKey,
    ) {
        let tokens = desired.accounts.iter().filter_map(|(name, account)| {
            let simulator = simulator_of(account.service.api)?;
            Some((name.clone(), Secret::new(&(simulator.token)(&self.sandbox))))
        });
        resolved.tokens = tokens.collect::<BTreeMap<_, _>>();
        let missing = std::mem::take(&mut resolved.missing);
        if !missing.is_empty() {
            // Whoever has applied something in this world knows it.
            let (count, repeated) = (missing.len(), self.state.exists());
            context.progress.on_warning(&Warning::SecretsMadeUp { count, repeated });
        }
        // A real secret is never given to the simulator, which keeps what it gets in a file. Its fingerprint replaces it, so
        // that a rotation is still visible.
        let supplied = std::mem::take(&mut resolved.object_secrets);
        for object in desired.objects.values_mut() {
            for value in object.sourced_values.clone() {
                let source = value.source.to_string().replace([' ', '/'], "-");
                let made_up = format!("https://sandbox.example/{source}/{}", value.part);
                let mark = key.mark_of(&value.source, &Secret::new(&made_up));
                object.put_mark(value.attribute, &value.part, &mark);
            }
        }
        for (address, object) in &mut desired.objects {
            for (attribute, wanted) in &mut object.attributes {
                let crate::model::resource::DesiredValue::Secret(secret) = wanted else { continue };
                let at = (address.clone(), (*attribute).to_owned());
                let made_up = made_up_secret(key, &address.kind, attribute, supplied.get(&at), &secret.source);
                secret.made_up = !supplied.contains_key(&at);
                secret.fingerprint = Some(key.fingerprint_secret(&address.kind, attribute, &made_up));
                resolved.object_secrets.insert(at, made_up);
            }
        }
    }

    pub(crate) fn keep(&self) -> Result<(), RunError> {
        save_world(&self.sandbox.world(), &self.state)
    }
}

/// The simulator of an account's service.
pub(crate) fn simulator_for(account: &Account) -> Result<&'static Simulator, RunError> {
    simulator_of(account.service.api).ok_or_else(|| {
        let known: Vec<&str> = SIMULATORS.iter().map(|simulator| simulator.api).collect();
        RunError::other(
            "telform::sandbox::no_simulator",
            format!("account `{}`: telform has no simulator of {}", account.name, account.service.title),
            format!("leave out the account, or run against the service itself; simulators exist for {}", known.join(", ")),
        )
    })
}

/// A world as the last run left it, or as it was written. The user named the written one; the state kept beside it must not
/// be a link.
pub(crate) fn load_world(world: &Path) -> Result<World, RunError> {
    let failed = |why: String, help: &str| RunError::other("telform::sandbox::world", why, help);
    let state = state_of(world);
    let kept = || -> std::io::Result<String> {
        let folder = Folder::named(disk::folder_of(&state))?;
        let mut text = String::new();
        folder.open(state.file_name().unwrap_or_default())?.read_to_string(&mut text)?;
        Ok(text)
    };
    let (path, text) = if disk::path_exists(&state) { (&*state, kept()) } else { (world, disk::read_text(world)) };
    let text = text.map_err(|error| {
        let help = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "correct the path after `--sandbox`. A first world can be an empty file; in an empty folder, `telform init --quickstart` writes one with its configuration"
            }
            _ => "make the file readable, or name another one after `--sandbox`",
        };
        failed(format!("cannot read the world file {}: {error}", path.display()), help)
    })?;
    let state_help = "correct that file, or delete it to start again from the world that it was made from";
    let help = if path == world { "correct the file" } else { state_help };
    World::parse(&text, path).map_err(|error| failed(error.to_string(), help))
}

/// Saves a world, which holds secrets in clear.
pub(crate) fn save_world(world: &World, state: &Path) -> Result<(), RunError> {
    let failed = |why: String| RunError::other("telform::sandbox::state", why, "check that the folder of the world is writable");
    let text = world.to_yaml().map_err(|error| failed(error.to_string()))?;
    files::write_file(state, &text, FileReaders::Owner).map_err(|failure| failed(failure.parts().1))
}

/// The substitute of a secret in the sandbox: the same for the same secret, or for the same source that supplies none, whatever
/// the address of its object. So a rotation is visible, and a rename writes nothing.
pub(crate) fn made_up_secret(
    key: &FingerprintKey,
    kind: &str,
    attribute: &str,
    real: Option<&Secret>,
    source: &SecretSource,
) -> Secret {
    let print = match real {
        Some(secret) => key.fingerprint_secret(kind, attribute, secret),
        None => return Secret::new(&format!("sandbox{}", letters_and_digits(&source.to_string()))),
    };
    Secret::new(&format!("sandbox{}", letters_and_digits(key.seal_fingerprint("sandbox", kind, attribute, &print).short_form())))
}

/// A text of letters and digits, which every service takes as a secret; the code of each other character in its place.
fn letters_and_digits(text: &str) -> String {
    let spell = |letter: char| match letter.is_ascii_alphanumeric() {
        true => letter.to_string(),
        false => format!("x{:x}", u32::from(letter)),
    };
    text.chars().map(spell).take(MOST_OF_SOURCE).collect()
}

/// Characters of a source in a made-up secret: enough to distinguish sources, within what services take as a password.
const MOST_OF_SOURCE: usize = 48;

/// `world.yaml` keeps its state in `world.state.yaml`, so that the initial world stays as it was written.
pub(crate) fn state_of(world: &Path) -> PathBuf {
    world.with_extension("state.yaml")
}
