//! Paths (`api/unpod.md`, sections 1, 5, 6, 7, 9.3).

use super::super::answer::{SandboxRequest, SandboxResponse};
use super::super::world::{ConfigPath, Profile, UnpodWorld};

/// The prefix of every platform path (section 2.1).
const PREFIX: &str = "/api/v2/platform/";

/// What a path means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    Organizations,
    Providers,
    Configurations,
    /// By its digits; absent when they exceed any id.
    Configuration(Option<u64>),
    Numbers,
    /// The state of each number (section 8.1); generation 1 of July 2026 only.
    Overview,
    Bridges,
    Bridge(String),
    Connect(String),
    Disconnect(String),
    /// The internal route behind disconnect, outside the platform (section 7.2); generation 1 only.
    Unlink(Option<u64>),
}

impl Route {
    /// The methods of `Allow`, in the recorded order.
    pub(super) fn methods(&self) -> &'static [&'static str] {
        match self {
            Self::Organizations | Self::Providers | Self::Numbers | Self::Overview => &["GET", "HEAD", "OPTIONS"],
            Self::Configurations | Self::Bridges => &["GET", "POST", "HEAD", "OPTIONS"],
            Self::Configuration(_) | Self::Bridge(_) => &["GET", "PATCH", "DELETE", "HEAD", "OPTIONS"],
            Self::Connect(_) | Self::Disconnect(_) | Self::Unlink(_) => &["POST", "OPTIONS"],
        }
    }
}

/// The endpoint of a path, or the answer for an unknown path.
///
/// Without the trailing slash every method gets a 301 before authentication, whose `Location` is a path with the query
/// kept; a path that is also unknown with the slash is a 404 page (section 9.3, recorded).
pub(super) fn resolve_route(world: &UnpodWorld, asked: &SandboxRequest) -> Result<Route, SandboxResponse> {
    let segment = config_segment(world);
    let unlink = || unlink(&asked.path).filter(|_| world.profile.is_first());
    let known = |path: &str| route(path, segment).filter(|it| *it != Route::Overview || world.profile == Profile::G1July);
    if let Some(route) = known(&asked.path).or_else(unlink) {
        return Ok(route);
    }
    if !asked.path.ends_with('/') && known(&format!("{}/", asked.path)).is_some() {
        let query = if asked.raw_query.is_empty() { String::new() } else { format!("?{}", asked.raw_query) };
        return Err(SandboxResponse::empty(301).with("location", format!("{}{}/{query}", asked.mount, asked.raw_path)));
    }
    Err(SandboxResponse::html(404, "Page not found"))
}

fn config_segment(world: &UnpodWorld) -> &'static str {
    match (world.knobs.config_path, world.profile) {
        (ConfigPath::Documented, _) | (ConfigPath::Profile, Profile::G2Documented) => "providers-configurations",
        (ConfigPath::Snapshot, _) | (ConfigPath::Profile, Profile::G1Snapshot | Profile::G1July) => "provider-configurations",
    }
}

fn route(path: &str, config_segment: &str) -> Option<Route> {
    let inside = path.strip_prefix(PREFIX)?.strip_suffix('/')?;
    let parts: Vec<&str> = inside.split('/').collect();
    match parts.as_slice() {
        ["organizations"] => Some(Route::Organizations),
        ["telephony", rest @ ..] => match rest {
            ["providers"] => Some(Route::Providers),
            ["numbers"] => Some(Route::Numbers),
            ["overview"] => Some(Route::Overview),
            ["bridges"] => Some(Route::Bridges),
            ["bridges", slug] if !slug.is_empty() => Some(Route::Bridge((*slug).to_owned())),
            ["bridges", slug, "connect-provider"] if !slug.is_empty() => Some(Route::Connect((*slug).to_owned())),
            ["bridges", slug, "disconnect-provider"] if !slug.is_empty() => Some(Route::Disconnect((*slug).to_owned())),
            [segment] if *segment == config_segment => Some(Route::Configurations),
            [segment, id] if *segment == config_segment => digits(id).map(Route::Configuration),
            _ => None,
        },
        _ => None,
    }
}

fn unlink(path: &str) -> Option<Route> {
    let id = path.strip_prefix("/api/v1/telephony/numbers/")?.strip_suffix("/unlink-provider/")?;
    digits(id).map(Route::Unlink)
}

/// An id in a path: digits only, leading zeros accepted (section 5, recorded); too many digits match no id.
fn digits(id: &str) -> Option<Option<u64>> {
    (!id.is_empty() && id.bytes().all(|b| b.is_ascii_digit())).then(|| id.parse().ok())
}
