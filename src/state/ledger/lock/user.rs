//! Who runs this, where, and in which CI run: for messages, locks and records, which must not differ.

use std::fs;

pub(in crate::state::ledger) fn env_variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The machine that this process runs on, for messages and records.
pub fn host_name() -> String {
    fs::read_to_string("/etc/hostname")
        .ok()
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .or_else(|| env_variable("HOSTNAME"))
        .unwrap_or_else(|| "this machine".to_owned())
}

/// Who runs this, for messages and records: in CI the person who started it, else the user of this process.
pub fn user_name() -> String {
    let started_by = env_variable("GITHUB_ACTOR").or_else(|| env_variable("GITLAB_USER_LOGIN"));
    let user = || env_variable("USER").or_else(|| env_variable("LOGNAME"));
    started_by.or_else(user).unwrap_or_else(account_of_process)
}

/// The CI run that this is a part of, as a link.
pub fn ci_run() -> Option<String> {
    let on_github = || {
        let (server, repository) = (env_variable("GITHUB_SERVER_URL")?, env_variable("GITHUB_REPOSITORY")?);
        Some(format!("{server}/{repository}/actions/runs/{}", env_variable("GITHUB_RUN_ID")?))
    };
    env_variable("CI_JOB_URL").or_else(on_github).or_else(|| env_variable("BUILD_URL"))
}

/// Whether a process of this machine is still running, under any user.
#[cfg(unix)]
pub(super) fn lives(process: u32) -> bool {
    use rustix::process::{Pid, test_kill_process};
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    process.is_some_and(|process| test_kill_process(process) != Err(rustix::io::Errno::SRCH))
}

#[cfg(not(unix))]
pub(super) fn lives(_: u32) -> bool {
    true
}

/// The name of the user that this process runs as: a service manager or a container sets no variable for it.
#[cfg(unix)]
fn account_of_process() -> String {
    let uid = rustix::process::getuid().as_raw();
    let known = fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_of(&known, uid).unwrap_or_else(|| format!("uid {uid}"))
}

#[cfg(not(unix))]
fn account_of_process() -> String {
    env_variable("USERNAME").unwrap_or_else(|| "unknown user".to_owned())
}

/// The first account with this number (passwd(5)).
#[cfg(unix)]
fn name_of(passwd: &str, uid: u32) -> Option<String> {
    let line = passwd.lines().find(|line| line.split(':').nth(2) == Some(uid.to_string().as_str()))?;
    line.split(':').next().filter(|name| !name.is_empty()).map(str::to_owned)
}
