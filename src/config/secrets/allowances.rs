//! Which sources the YAML may name. On a pull request another person wrote the YAML, and what it takes from a source is sent
//! to the host that it names. So some sources are never read for it, and an external list narrows the rest.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::token_hosts::disallowed_hosts;
use crate::config::problem::{Problem, Problems};
use crate::disk;
use crate::model::resource::{Account, Desired, SecretFile, SecretSource, SourceUse, normalize_lexically};
use crate::process::Environment;
use crate::text::fits_pattern;

/// What the user allows the YAML to read.
#[derive(Debug, Clone, Default)]
pub struct SecretAllowances {
    /// The environment of programs; none where no program may run.
    pub commands: Option<Environment>,
    /// Patterns of variables. When these or the folders are not empty, no other variable and no other file is read.
    pub variables: Vec<String>,
    /// Folders of files.
    pub folders: Vec<PathBuf>,
    /// The file of the fingerprint key, where it is known.
    pub key_file: Option<PathBuf>,
    /// Patterns of hosts, besides those of the services, to which a token may be sent. Without patterns, any host.
    pub hosts: Vec<String>,
}

/// Folder in which telform keeps its own files.
const OWN: &str = ".telform";

/// Prefixes of variables that are never a source of secrets, and what they are.
const VARIABLES: [(&str, &str); 16] = [
    ("TELFORM_", "it is one of telform's own variables"),
    ("AWS_", CLOUD),
    ("AZURE_", CLOUD),
    ("GOOGLE_", CLOUD),
    // What an object store also reads: object_store, `azure/builder.rs` and `azure/credential.rs`.
    ("IDENTITY_ENDPOINT", CLOUD),
    ("IDENTITY_HEADER", CLOUD),
    ("SERVICE_ACCOUNT", CLOUD),
    ("ACTIONS_", RUNNER),
    ("GITHUB_TOKEN", RUNNER),
    ("GH_TOKEN", RUNNER),
    ("CI_JOB_", RUNNER),
    ("CI_REGISTRY_PASSWORD", RUNNER),
    ("SYSTEM_ACCESSTOKEN", RUNNER),
    ("BUILDKITE_AGENT_", RUNNER),
    ("CIRCLE_OIDC_", RUNNER),
    ("BITBUCKET_STEP_OIDC_", RUNNER),
];

const CLOUD: &str = "cloud credentials are not a secret of a telephony service";
const RUNNER: &str = "it belongs to the CI runner";

const SIGNING: &str = "signing keys are not a secret of a telephony service";
const SYSTEM: &str = "/proc, /sys and /dev hold processes and devices";
const PROGRAM: &str = "another program keeps its own credentials there";

/// Files and folders of the system that are never a source of secrets, and what they hold.
const PLACES: [(&str, &str); 6] = [
    ("/proc", SYSTEM),
    ("/sys", SYSTEM),
    ("/dev", SYSTEM),
    ("/var/run/secrets/kubernetes.io", CLOUD),
    ("/var/run/secrets/eks.amazonaws.com", CLOUD),
    ("/var/run/secrets/azure", CLOUD),
];

/// The same below the home folder.
const BELOW_HOME: [(&str, &str); 13] = [
    (".aws", CLOUD),
    (".azure", CLOUD),
    (".config/gcloud", CLOUD),
    (".ssh", SIGNING),
    (".gnupg", SIGNING),
    (".kube", CLOUD),
    (".docker", PROGRAM),
    (".netrc", PROGRAM),
    (".git-credentials", PROGRAM),
    (".config/gh", PROGRAM),
    (".npmrc", PROGRAM),
    (".cargo/credentials.toml", PROGRAM),
    (".vault-token", PROGRAM),
];

/// Variables that name a file or folder of credentials.
const CLOUD_FILES: [&str; 12] = [
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AZURE_AUTH_LOCATION",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_CONFIG_DIR",
    "AZURE_FEDERATED_TOKEN_FILE",
    "CLOUDSDK_CONFIG",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_SERVICE_ACCOUNT",
    "SERVICE_ACCOUNT",
];

/// A file by its two paths: as written, and without links.
struct PathNames {
    as_written: PathBuf,
    resolved: PathBuf,
}

impl PathNames {
    fn from_path(path: &Path) -> Self {
        Self { as_written: normalize_lexically(path), resolved: resolve_links(path) }
    }

    /// Whether it is that file or folder, or lies below it.
    fn lie_in(&self, folder: &Self) -> bool {
        [&self.as_written, &self.resolved]
            .into_iter()
            .any(|name| name.starts_with(&folder.as_written) || name.starts_with(&folder.resolved))
            || same_file(&self.resolved, &folder.resolved)
    }
}

/// Sources that are never allowed, whoever allows them.
struct ForbiddenSources<'a> {
    key_file: Option<PathNames>,
    places: Vec<(PathNames, &'static str)>,
    tokens: Vec<(&'a Account, Option<PathNames>)>,
}

impl<'a> ForbiddenSources<'a> {
    fn from_desired(desired: &'a Desired, allowed: &SecretAllowances, env: &dyn Fn(&str) -> Option<String>) -> Self {
        let there = |name: &str| env(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        let home = there("HOME").or_else(|| there("USERPROFILE"));
        let below_home = home.iter().flat_map(|home| BELOW_HOME.map(|(name, why)| (home.join(name), why)));
        let named = CLOUD_FILES.iter().filter_map(|name| Some((there(name)?, CLOUD)));
        let places = PLACES.map(|(place, why)| (PathBuf::from(place), why));
        let places = places.into_iter().chain(below_home).chain(named);
        let token = |account: &'a Account| {
            let names = match &account.token {
                SecretSource::File(file) => Some(PathNames::from_path(&file.path)),
                SecretSource::Env(_) | SecretSource::Command(_) => None,
            };
            (account, names)
        };
        Self {
            key_file: allowed.key_file.as_deref().filter(|key| !key.as_os_str().is_empty()).map(PathNames::from_path),
            places: places.map(|(path, why)| (PathNames::from_path(&path), why)).collect(),
            tokens: desired.accounts.values().map(token).collect(),
        }
    }

    /// Why a source is not allowed for this secret.
    fn why_forbidden(&self, it: &SourceUse<'_>, file: Option<&PathNames>, allowed: &[PathNames]) -> Option<String> {
        let out = |path: &SecretFile| {
            let mut folders: Vec<&Path> = allowed.iter().map(|folder| &*folder.as_written).collect();
            folders.push(&path.root_folder);
            disk::link_outside(&folders, &path.path)
        };
        let own = match it.source {
            SecretSource::Env(name) => {
                let upper = name.to_ascii_uppercase();
                VARIABLES.iter().find(|(start, _)| upper.starts_with(start)).map(|(_, why)| (*why).to_owned())
            }
            SecretSource::File(path) => {
                let own = file.and_then(|file| self.why_file_forbidden(file)).map(str::to_owned);
                let link = || format!("a link leads out of its folder, to {}", out(path)?.display()).into();
                own.or_else(link)
            }
            SecretSource::Command(_) => None,
        };
        // The account's own token comes from there; for any other attribute it would be sent where it does not belong.
        own.or_else(|| {
            it.address?;
            let is_token = |(account, names): &&(&Account, Option<PathNames>)| {
                account.token == *it.source || names.as_ref().zip(file).is_some_and(|(token, file)| file.lie_in(token))
            };
            let (account, _) = self.tokens.iter().find(is_token)?;
            Some(format!("it holds the token of the account `{}`", account.name))
        })
    }

    fn why_file_forbidden(&self, file: &PathNames) -> Option<&'static str> {
        let own = |name: &Path| name.components().any(|part| part.as_os_str().eq_ignore_ascii_case(OsStr::new(OWN)));
        if own(&file.as_written) || own(&file.resolved) {
            return Some("telform keeps its own files in .telform");
        }
        if self.key_file.as_ref().is_some_and(|key| file.lie_in(key)) {
            return Some("it is the fingerprint key");
        }
        self.places.iter().find(|(place, _)| file.lie_in(place)).map(|(_, why)| *why)
    }
}

/// Every source that the YAML may not name and every host to which no token may be sent, with their positions. No source is
/// read for this.
pub fn forbidden_sources(desired: &Desired, allowed: &SecretAllowances, env: &dyn Fn(&str) -> Option<String>) -> Problems {
    let forbidden = ForbiddenSources::from_desired(desired, allowed, env);
    let folders = allowed.folders.iter().filter(|folder| !folder.as_os_str().is_empty());
    let folders: Vec<PathNames> = folders.map(|folder| PathNames::from_path(folder)).collect();
    let narrowed = !allowed.variables.is_empty() || !allowed.folders.is_empty();
    let mut problems = disallowed_hosts(desired, allowed);
    for it in desired.secret_sources() {
        let file = match it.source {
            SecretSource::File(file) => Some(PathNames::from_path(&file.path)),
            SecretSource::Env(_) | SecretSource::Command(_) => None,
        };
        if let Some(why) = forbidden.why_forbidden(&it, file.as_ref(), &folders) {
            let message = format!("{it} may not come from {}: {why}", it.source);
            let problem = Problem::at_location("telform::secret::refused", message, it.location.clone());
            problems.push(problem.help("name a source that holds this secret and nothing else"));
        } else if narrowed
            && !is_usual_token(desired, &it)
            && let Some((why, help)) = why_not_allowed(it.source, file.as_ref(), allowed, &folders)
        {
            let message = format!("{it} may not come from {}: {why}", it.source);
            problems.push(Problem::at_location("telform::secret::not_allowed", message, it.location.clone()).help(help));
        }
    }
    problems
}

/// Whether it is the token of an account, in the variable that is named after its service (`UNPOD_TOKEN`): setting that variable
/// is consent to send it there, so no list needs to name it.
fn is_usual_token(desired: &Desired, it: &SourceUse<'_>) -> bool {
    let account = desired.accounts.get(it.account).filter(|_| it.address.is_none());
    let usual = account.map(|account| format!("{}_TOKEN", account.service.api.to_ascii_uppercase()));
    matches!(it.source, SecretSource::Env(name) if Some(name) == usual.as_ref())
}

/// Why a source is not on the list, and how to add it. Commands have a separate switch.
fn why_not_allowed(
    source: &SecretSource,
    file: Option<&PathNames>,
    allowed: &SecretAllowances,
    folders: &[PathNames],
) -> Option<(String, String)> {
    match source {
        SecretSource::Env(name) => {
            let fits = |pattern: &String| fits_pattern(pattern.trim(), name);
            (!allowed.variables.iter().any(fits)).then(|| {
                let why = "no --secret-env allows this variable".to_owned();
                (why, format!("if it may be sent there, start telform with --secret-env {name} (CI: TELFORM_SECRET_ENV)"))
            })
        }
        SecretSource::File(path) => {
            let file = file?;
            if folders.iter().any(|folder| file.resolved.starts_with(&folder.resolved)) {
                return None;
            }
            let parent = path.path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let parent = parent.unwrap_or(Path::new(".")).display();
            let help = format!("if it may be sent there, start telform with --secret-dir {parent} (CI: TELFORM_SECRET_DIR)");
            Some(if folders.iter().any(|folder| file.as_written.starts_with(&folder.as_written)) {
                let why = "a link leads out of the folder that --secret-dir allows".to_owned();
                (why, "put the file itself there".to_owned())
            } else {
                ("no --secret-dir allows this file".to_owned(), help)
            })
        }
        SecretSource::Command(_) => None,
    }
}

/// A path without links, as far as it exists.
fn resolve_links(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for base in whole.ancestors() {
        if let (Ok(real), Ok(rest)) = (fs::canonicalize(base), whole.strip_prefix(base)) {
            return normalize_lexically(&real.join(rest));
        }
    }
    normalize_lexically(path)
}

/// Whether two paths lead to one file: one of them may be a hard link.
#[cfg(unix)]
fn same_file(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let of = |path: &Path| fs::metadata(path).ok().map(|about| (about.dev(), about.ino()));
    of(one).is_some_and(|one| Some(one) == of(other))
}

#[cfg(not(unix))]
fn same_file(_: &Path, _: &Path) -> bool {
    false
}
