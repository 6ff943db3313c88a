//! To which hosts the tokens of accounts may be sent.

use super::SecretAllowances;
use crate::config::problem::{Problem, Problems};
use crate::model::resource::{Desired, OtherHost};
use crate::text::fits_pattern;

/// Accounts whose token would be sent to a host that is neither the service's own nor on the list.
pub(super) fn disallowed_hosts(desired: &Desired, allowed: &SecretAllowances) -> Problems {
    let mut problems = Problems::default();
    for account in desired.accounts.values().filter(|_| !allowed.hosts.is_empty()) {
        let Some(other) = account.other_host() else { continue };
        if allowed.hosts.iter().any(|pattern| names_host(pattern, &other)) {
            continue;
        }
        let OtherHost { host, service_host: own, .. } = other;
        let message = format!(
            "account `{}` would send its token to {host}, which is not the service's own host ({own}): no --allow-host allows it",
            account.name
        );
        let help = format!("if the token may go there, start telform with --allow-host {host} (CI: TELFORM_ALLOW_HOST)");
        let code = "telform::account::host_not_allowed";
        problems.push(Problem::at_location(code, message, account.location.clone()).help(help));
    }
    problems
}

/// Whether a pattern means this host: `gateway.example`, `*.example`, `gateway.example:8443`.
fn names_host(pattern: &str, other: &OtherHost) -> bool {
    let pattern = pattern.trim().to_ascii_lowercase();
    let port = pattern.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    let port = port.filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
    match port {
        Some((host, port)) => port == other.port && fits_pattern(host, &other.host),
        None => fits_pattern(&pattern, &other.host),
    }
}
