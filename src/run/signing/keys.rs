//! The key that signs: from its file, or held by an agent.

use std::path::{Path, PathBuf};

use crate::disk;
use crate::model::value::Secret;
use crate::run::RunError;
use crate::signature::{AgentError, LockedKey, PrivateKey, PublicKey, SignatureNamespace, SshAgent, StoredKey};

/// The variable that holds the passphrase of the key.
pub(crate) const PASSPHRASE: &str = "TELFORM_SIGN_PASSPHRASE";

/// The variable with the address of the agent.
const AGENT: &str = "SSH_AUTH_SOCK";

/// Largest key file.
const MOST_BYTES: u64 = 64 * 1024;

/// How long an agent may take: its owner may be asked, or has to touch a device.
#[cfg(unix)]
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

/// Asks for the passphrase of a key, and opens it: the key, and the name of its file.
pub(crate) type AskPassphrase<'a> = dyn Fn(&LockedKey, &str) -> Result<PrivateKey, RunError> + 'a;

/// Who signs.
#[derive(Debug)]
pub(crate) enum SigningIdentity {
    /// A private key from a file.
    Key(Box<PrivateKey>),
    /// The agent, with this key.
    Agent(PublicKey, PathBuf),
}

impl SigningIdentity {
    /// Opens a key before the work that is to be signed.
    pub(crate) fn open(path: &Path, ask: &AskPassphrase<'_>) -> Result<Self, RunError> {
        let name = path.display().to_string();
        let unusable =
            |what: String, help: String| RunError::other("telform::sign::file", format!("the key {name}: {what}"), help);
        let here = || "name a key file with --sign; `ssh-keygen -t ed25519 -f KEY` creates one".to_owned();
        let file = disk::open_itself(path).map_err(|error| unusable(error.to_string(), here()))?;
        let mode = mode(&file);
        let bytes = disk::read_bounded(file, MOST_BYTES).map_err(|error| unusable(error.to_string(), here()))?;
        let text = String::from_utf8(bytes).map(|text| Secret::from_exact(&text)).unwrap_or(Secret::from_exact(""));
        let quoted = crate::text::shell_quote(&name);
        if StoredKey::holds_private(&text) && mode & 0o077 != 0 {
            return Err(RunError::other(
                "telform::sign::open_key",
                format!("others may read or write the private key {name} (mode {mode:03o})"),
                format!("`chmod 600 {quoted}`; if others may have read it, make another key"),
            ));
        }
        let no_key = |error: crate::signature::SigningKeyError| {
            RunError::other(error.code(), format!("the key {name}: {error}"), error.help(&quoted))
        };
        match StoredKey::read(&text).map_err(no_key)? {
            StoredKey::Private(key) => Ok(Self::Key(Box::new(key))),
            StoredKey::Public(key) => Self::from_agent(key, &name),
            StoredKey::Locked(key) => {
                if let Some(passphrase) = std::env::var_os(PASSPHRASE).and_then(|it| it.into_string().ok()) {
                    return key.open(&Secret::from_exact(&passphrase)).map(Box::new).map(Self::Key).map_err(no_key);
                }
                if let Ok(held) = Self::from_agent(key.public_key().clone(), &name) {
                    return Ok(held);
                }
                ask(&key, &name).map(Box::new).map(Self::Key)
            }
        }
    }

    /// The agent, when it holds the key.
    fn from_agent(key: PublicKey, name: &str) -> Result<Self, RunError> {
        let no = |what: String| {
            let help = format!(
                "for a public key, the agent must hold its private half: `ssh-add -L` lists what it holds, `ssh-add KEY` adds one; or name the private key file with --sign (asked for: {name})"
            );
            RunError::other("telform::sign::agent", format!("cannot sign with {}: {what}", key.fingerprint()), help)
        };
        let Some(socket) = std::env::var_os(AGENT).filter(|socket| !socket.is_empty()) else {
            return Err(no(format!("no agent is known here; {AGENT} is not set")));
        };
        let socket = PathBuf::from(socket);
        let holds = agent(&socket).and_then(|mut agent| agent.has_key(&key)).map_err(|error| no(error.to_string()))?;
        if !holds {
            return Err(no(AgentError::Unknown(key.fingerprint()).to_string()));
        }
        Ok(Self::Agent(key, socket))
    }

    /// Its public half.
    pub(crate) fn public_key(&self) -> &PublicKey {
        match self {
            Self::Key(key) => key.public_key(),
            Self::Agent(key, _) => key,
        }
    }

    /// Signs bytes for something.
    pub(crate) fn sign(&self, namespace: SignatureNamespace, bytes: &[u8]) -> Result<String, RunError> {
        let no = |code, what: String| {
            let what = format!("cannot sign with {}: {what}", self.public_key().fingerprint());
            RunError::other(code, what, "check the key and the agent, then run the command again")
        };
        match self {
            Self::Key(key) => key.sign(namespace, bytes).map_err(|error| no(error.code(), error.to_string())),
            Self::Agent(key, socket) => agent(socket)
                .and_then(|mut agent| agent.sign_with(key, namespace, bytes))
                .map_err(|error| no("telform::sign::agent", error.to_string())),
        }
    }
}

#[cfg(unix)]
fn agent(socket: &Path) -> Result<SshAgent<std::os::unix::net::UnixStream>, AgentError> {
    let stream = std::os::unix::net::UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(SshAgent::from_stream(stream))
}

#[cfg(not(unix))]
fn agent(_: &Path) -> Result<SshAgent<std::net::TcpStream>, AgentError> {
    Err(AgentError::Io(std::io::ErrorKind::Unsupported.into()))
}

#[cfg(unix)]
fn mode(file: &std::fs::File) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().map(|there| there.permissions().mode() & 0o777).unwrap_or_default()
}

#[cfg(not(unix))]
fn mode(_: &std::fs::File) -> u32 {
    0
}
