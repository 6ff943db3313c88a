//! The providers' catalogue of each profile (`api/unpod.md`, section 4.2).

use super::world::{Profile, Provider};

/// The usual catalogue: three carriers with slugs for G2; for G1 the rows of the recorded seed that a test is likely to
/// meet, with ids, names and types as recorded and without their descriptions.
pub(super) fn of(profile: Profile) -> Vec<Provider> {
    let rows: &[(u64, &str, &str)] = match profile {
        Profile::G2Documented => &[(1, "Twilio", "twilio"), (2, "Plivo", "plivo"), (3, "Exotel", "exotel")],
        Profile::G1Snapshot | Profile::G1July => &[
            (1, "Airtel", "TELEPHONY"),
            (2, "Jio", "TELEPHONY"),
            (3, "Twilio", "TELEPHONY"),
            (4, "LiveKit", "VOICE_INFRA"),
            (5, "Daily", "VOICE_INFRA"),
            (6, "Vapi", "VOICE_INFRA"),
            (7, "OpenAI", "MODEL"),
            (36, "Unpod.ai", "VOICE_INFRA"),
            (38, "WebSocket", "VOICE_INFRA"),
            // Two rows of one name, so that nobody takes a name for a key.
            (58, "Vodafone", "TELEPHONY"),
            (65, "Vodafone", "TELEPHONY"),
        ],
    };
    let row = |&(id, name, third): &(u64, &str, &str)| {
        let mut provider = Provider { id, name: name.to_owned(), ..Provider::default() };
        match profile {
            Profile::G2Documented => third.clone_into(&mut provider.slug),
            Profile::G1Snapshot | Profile::G1July => third.clone_into(&mut provider.kind),
        }
        provider
    };
    rows.iter().map(row).collect()
}

/// The row with this slug, id or name, in that order.
pub(super) fn find<'a>(providers: &'a [Provider], written: &str) -> Option<&'a Provider> {
    let by_slug = providers.iter().find(|p| !p.slug.is_empty() && p.slug == written);
    let id = written.parse::<u64>().ok();
    by_slug
        .or_else(|| providers.iter().find(|p| Some(p.id) == id))
        .or_else(|| providers.iter().find(|p| p.name.eq_ignore_ascii_case(written)))
}

/// How a row is named in the state: by slug in generation 2, by id in generation 1.
pub(super) fn key(profile: Profile, provider: &Provider) -> String {
    match profile {
        Profile::G2Documented if !provider.slug.is_empty() => provider.slug.clone(),
        _ => provider.id.to_string(),
    }
}
