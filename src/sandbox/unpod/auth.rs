//! The caller (`api/unpod.md`, sections 2.2 and 9.2; recorded: `01-auth-schemes`, `02-organizations`).

use super::super::answer::{SandboxRequest, SandboxResponse};
use super::super::world::{UnpodWorld, User, UserState};
use super::plain;
use super::route::Route;

/// An authenticated user.
#[derive(Debug, Clone, Default)]
pub(super) struct UnpodCaller {
    /// (organization handle, role), in order.
    pub(super) memberships: Vec<(String, String)>,
}

impl UnpodCaller {
    fn from_user(user: &User) -> Self {
        Self { memberships: user.memberships.clone() }
    }

    /// Whether the caller belongs to the organization.
    pub(super) fn belongs_to(&self, handle: &str) -> bool {
        self.memberships.iter().any(|(member_of, _)| member_of == handle)
    }
}

/// Identifies the caller, or answers 401.
pub(super) fn authenticate(world: &UnpodWorld, asked: &SandboxRequest, route: &Route) -> Result<UnpodCaller, SandboxResponse> {
    // In generation 1 `organizations/` (and the internal route) does not accept API tokens; it answers as if nothing had been
    // sent (section 4.1).
    let jwt_only = matches!(route, Route::Organizations | Route::Unlink(_)) && world.profile.is_first();
    identify(world, asked.header("authorization").unwrap_or_default(), jwt_only).map_err(|message| {
        let challenge = if jwt_only { "JWT realm=\"api\"" } else { "Token" };
        plain(401, message).with("www-authenticate", challenge)
    })
}

fn identify(world: &UnpodWorld, header: &str, jwt_only: bool) -> Result<UnpodCaller, &'static str> {
    let mut words = header.split_whitespace();
    let scheme = words.next().unwrap_or_default().to_ascii_lowercase();
    let value = words.next();
    match (scheme.as_str(), value) {
        ("token", _) if jwt_only => Err("Authentication credentials were not provided."),
        ("token", None) => Err("Invalid token header. No credentials provided."),
        ("token", Some(_)) if words.next().is_some() => Err("Invalid token header. Token string should not contain spaces."),
        ("token", Some(token)) => by_token(world, token),
        ("jwt" | "bearer", None) => Err("Invalid Authorization header. No credentials provided."),
        ("jwt" | "bearer", Some(jwt)) => by_jwt(world, jwt),
        _ => Err("Authentication credentials were not provided."),
    }
}

fn by_token(world: &UnpodWorld, token: &str) -> Result<UnpodCaller, &'static str> {
    if world.tokens.iter().any(|t| t == token) {
        let own = world.organizations.iter().filter(|o| !o.foreign);
        let memberships = own.map(|o| (o.handle.clone(), "owner".to_owned())).collect();
        return Ok(UnpodCaller { memberships });
    }
    match world.users.iter().find(|u| u.tokens.iter().any(|t| t == token)) {
        Some(user) if user.state == UserState::Active => Ok(UnpodCaller::from_user(user)),
        Some(user) if user.state == UserState::Inactive => Err("User inactive or deleted."),
        _ => Err("Invalid token."),
    }
}

fn by_jwt(world: &UnpodWorld, jwt: &str) -> Result<UnpodCaller, &'static str> {
    match world.users.iter().find(|u| u.jwts.iter().any(|j| j == jwt)) {
        Some(user) => match user.state {
            UserState::Active => Ok(UnpodCaller::from_user(user)),
            UserState::Inactive => Err("User account is disabled."),
            UserState::Deleted => Err("User not found."),
        },
        None => Err("Invalid or expired token."),
    }
}
