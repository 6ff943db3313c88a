//! Who asks (`api/unpod.md`, sections 2.2 and 9.2; recorded: `01-auth-schemes`, `02-organizations`).

use super::super::answer::{Answer, Asked};
use super::super::world::{UnpodWorld, User, UserState};
use super::plain;
use super::route::Route;

/// Somebody who is logged in.
#[derive(Debug, Clone, Default)]
pub(super) struct Caller {
    /// (organization handle, role), in order.
    pub(super) memberships: Vec<(String, String)>,
}

impl Caller {
    fn of(user: &User) -> Self {
        Self { memberships: user.memberships.clone() }
    }

    /// Whether the organization is one of the caller's.
    pub(super) fn belongs_to(&self, handle: &str) -> bool {
        self.memberships.iter().any(|(member_of, _)| member_of == handle)
    }
}

/// Settles who asks, or answers 401.
pub(super) fn authenticate(world: &UnpodWorld, asked: &Asked, route: &Route) -> Result<Caller, Answer> {
    // In generation 1 `organizations/` (and the internal route) knows no API tokens; it says so as if nothing had been sent (section 4.1).
    let jwt_only = matches!(route, Route::Organizations | Route::Unlink(_)) && world.profile.is_first();
    identify(world, asked.header("authorization").unwrap_or_default(), jwt_only).map_err(|message| {
        let challenge = if jwt_only { "JWT realm=\"api\"" } else { "Token" };
        plain(401, message).with("www-authenticate", challenge)
    })
}

fn identify(world: &UnpodWorld, header: &str, jwt_only: bool) -> Result<Caller, &'static str> {
    let mut words = header.split_whitespace();
    let scheme = words.next().unwrap_or_default().to_ascii_lowercase();
    let value = words.next();
    match (scheme.as_str(), value) {
        ("token", _) if jwt_only => Err("Authentication credentials were not provided."),
        ("token", None) => Err("Invalid token header. No credentials provided."),
        ("token", Some(_)) if words.next().is_some() => {
            Err("Invalid token header. Token string should not contain spaces.")
        }
        ("token", Some(token)) => by_token(world, token),
        ("jwt" | "bearer", None) => Err("Invalid Authorization header. No credentials provided."),
        ("jwt" | "bearer", Some(jwt)) => by_jwt(world, jwt),
        _ => Err("Authentication credentials were not provided."),
    }
}

fn by_token(world: &UnpodWorld, token: &str) -> Result<Caller, &'static str> {
    if world.tokens.iter().any(|t| t == token) {
        let own = world.organizations.iter().filter(|o| !o.foreign);
        let memberships = own.map(|o| (o.handle.clone(), "owner".to_owned())).collect();
        return Ok(Caller { memberships });
    }
    match world.users.iter().find(|u| u.tokens.iter().any(|t| t == token)) {
        Some(user) if user.state == UserState::Active => Ok(Caller::of(user)),
        Some(user) if user.state == UserState::Inactive => Err("User inactive or deleted."),
        _ => Err("Invalid token."),
    }
}

fn by_jwt(world: &UnpodWorld, jwt: &str) -> Result<Caller, &'static str> {
    match world.users.iter().find(|u| u.jwts.iter().any(|j| j == jwt)) {
        Some(user) => match user.state {
            UserState::Active => Ok(Caller::of(user)),
            UserState::Inactive => Err("User account is disabled."),
            UserState::Deleted => Err("User not found."),
        },
        None => Err("Invalid or expired token."),
    }
}
