//! Credentials that a program gives: the `credential_process` of a profile, or the tool of the cloud, which knows SSO, roles and what
//! keyless CI writes. They are kept in memory and obtained again before they expire.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use object_store::CredentialProvider;
use tokio::sync::Mutex;

use crate::process::{Environment, ProcessJob, StreamLimits};

/// Longest time that the program may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most of what it may write.
const LIMITS: StreamLimits = StreamLimits { keep_bytes: 64 * 1024, max_bytes: 64 * 1024 };
const ERROR_LIMITS: StreamLimits = StreamLimits { keep_bytes: 0, max_bytes: usize::MAX };

/// Credentials are obtained again this long before they expire.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// What each program gets of the environment beside the usual: the way to the network.
const NETWORK: [&str; 6] = ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy"];

/// A program that gives credentials.
#[derive(Debug, Clone)]
pub(super) struct CredentialProgram {
    /// Program and arguments.
    pub(super) command: Vec<String>,
    /// What it gets of the environment beside what each gets: to find its files.
    pub(super) variables: &'static [&'static str],
}

/// What it gave, and when that expires, where it says so.
pub(super) struct Obtained<C> {
    pub(super) credential: Arc<C>,
    pub(super) expires: Option<Timestamp>,
}

/// Reads what a program wrote; the reason may not quote it.
pub(super) type ReadOutput<C> = fn(&[u8]) -> Result<Obtained<C>, String>;

/// Gives the credentials of a program to the client.
pub(super) struct ObtainedCredentials<C> {
    program: CredentialProgram,
    read: ReadOutput<C>,
    current: Mutex<Obtained<C>>,
}

/// The program alone: what it gave is secret.
impl<C> fmt::Debug for ObtainedCredentials<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObtainedCredentials").field("program", &self.program).finish_non_exhaustive()
    }
}

impl<C> ObtainedCredentials<C> {
    /// Obtains them the first time, or says why that does not work.
    pub(super) fn obtain(program: CredentialProgram, read: ReadOutput<C>) -> Result<Self, String> {
        let current = Mutex::new(program.run().and_then(|output| read(&output))?);
        Ok(Self { program, read, current })
    }
}

impl CredentialProgram {
    /// What it writes. It gets no input, and what it says on standard error is not shown: it may hold a secret.
    fn run(&self) -> Result<Vec<u8>, String> {
        let name = self.command.first().map_or("", String::as_str);
        let named: Vec<String> = self.variables.iter().chain(&NETWORK).map(|&name| name.to_owned()).collect();
        let job = ProcessJob {
            command: &self.command,
            folder: None,
            environment: &Environment::from_process(&named),
            input: None,
            output: LIMITS,
            errors: Some(ERROR_LIMITS),
            timeout: PATIENCE,
            output_grace: None,
            cancel: None,
        };
        let ran = job.run().map_err(|error| format!("`{name}` cannot be run: {}", error.kind()))?;
        match ran.end {
            Ok(status) if status.success() && ran.output_complete => Ok(ran.output),
            Ok(status) if !status.success() => Err(format!("`{name}` failed: {status}")),
            _ => Err(format!("`{name}` took longer than {} seconds, or wrote too much", PATIENCE.as_secs())),
        }
    }
}

type Given<'a, C> = Pin<Box<dyn Future<Output = object_store::Result<Arc<C>>> + Send + 'a>>;

impl<C: Send + Sync + 'static> CredentialProvider for ObtainedCredentials<C> {
    type Credential = C;

    fn get_credential<'s, 'a>(&'s self) -> Given<'a, C>
    where
        's: 'a,
        Self: 'a,
    {
        Box::pin(async move {
            let mut current = self.current.lock().await;
            if current.expires.is_some_and(|expires| expires.duration_since(Timestamp::now()) < AHEAD) {
                let (program, read) = (self.program.clone(), self.read);
                let again = tokio::task::spawn_blocking(move || program.run().and_then(|output| read(&output))).await;
                *current = again
                    .unwrap_or_else(|_| Err("the credentials were not obtained again".to_owned()))
                    .map_err(|why| object_store::Error::Generic { store: "credentials", source: why.into() })?;
            }
            Ok(Arc::clone(&current.credential))
        })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sh(script: &str) -> CredentialProgram {
        CredentialProgram { command: ["sh", "-c", script].map(str::to_owned).to_vec(), variables: &["AWS_PROFILE"] }
    }

    fn lasts(seconds: i64) -> ReadOutput<String> {
        let read: [ReadOutput<String>; 2] = [
            |output| {
                let credential = Arc::new(String::from_utf8_lossy(output).into_owned());
                Ok(Obtained { credential, expires: Some(Timestamp::now() + SignedDuration::from_secs(60)) })
            },
            |output| {
                let credential = Arc::new(String::from_utf8_lossy(output).into_owned());
                Ok(Obtained { credential, expires: Some(Timestamp::now() + SignedDuration::from_hours(1)) })
            },
        ];
        read[usize::from(seconds > 60)]
    }

    #[tokio::test]
    async fn they_are_obtained_again_before_they_expire_and_else_kept() {
        let folder = tempfile::tempdir().unwrap();
        let counted = format!("echo x >> {0}/runs; wc -l < {0}/runs", folder.path().display());
        for (seconds, second) in [(60, "2"), (3_600, "3")] {
            let given = ObtainedCredentials::obtain(sh(&counted), lasts(seconds)).unwrap();
            let credential = given.get_credential().await.unwrap();
            assert_eq!(credential.trim(), second, "{seconds}");
        }
    }

    #[test]
    fn a_program_that_fails_is_named_without_what_it_said() {
        let why = |script: &str| ObtainedCredentials::obtain(sh(script), lasts(60)).map(drop).unwrap_err();
        assert!(why("echo canary >&2; exit 3").starts_with("`sh` failed: exit status: 3"));
        assert!(why("head -c 200000 /dev/zero").contains("wrote too much"));
        let missing = CredentialProgram { command: vec!["/nowhere/aws".to_owned()], variables: &[] };
        let why = ObtainedCredentials::obtain(missing, lasts(60)).map(drop).unwrap_err();
        assert_eq!(why, "`/nowhere/aws` cannot be run: entity not found");
    }

    #[test]
    fn a_program_sees_no_token_of_an_account() {
        let given = ObtainedCredentials::obtain(sh("env"), lasts(60)).unwrap();
        let seen = given.current.blocking_lock().credential.clone();
        assert!(seen.contains("PATH=") && !seen.contains("CARGO"), "{seen}");
    }
}
