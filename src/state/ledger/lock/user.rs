//! The user of this run, for messages and records.

use std::fs;

use super::env_variable;

/// The user of this process, for messages and records.
pub fn user_name() -> String {
    env_variable("USER").or_else(|| env_variable("LOGNAME")).unwrap_or_else(account_of_process)
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
