//! The providers' catalogue of each profile (`api/unpod.md`, section 4.2).

use super::world::{Profile, SimulatedProvider};

/// The usual catalogue: three carriers with slugs for G2; for G1 the rows of the recorded seed that a test is likely to
/// use, with ids, names and types as recorded and without their descriptions.
pub(super) fn usual_providers(profile: Profile) -> Vec<SimulatedProvider> {
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
            // Two rows with one name, so that a name is not used as a key.
            (58, "Vodafone", "TELEPHONY"),
            (65, "Vodafone", "TELEPHONY"),
        ],
    };
    let row = |&(id, name, third): &(u64, &str, &str)| {
        let mut provider = SimulatedProvider { id, name: name.to_owned(), ..SimulatedProvider::default() };
        match profile {
            Profile::G2Documented => third.clone_into(&mut provider.slug),
            Profile::G1Snapshot | Profile::G1July => third.clone_into(&mut provider.kind),
        }
        provider
    };
    rows.iter().map(row).collect()
}

/// The row with this slug, id or name, in that order.
pub(super) fn find<'a>(providers: &'a [SimulatedProvider], written: &str) -> Option<&'a SimulatedProvider> {
    let by_slug = providers.iter().find(|p| !p.slug.is_empty() && p.slug == written);
    let id = written.parse::<u64>().ok();
    by_slug
        .or_else(|| providers.iter().find(|p| Some(p.id) == id))
        .or_else(|| providers.iter().find(|p| p.name.eq_ignore_ascii_case(written)))
}

/// How the state refers to a row: by slug in generation 2, by id in generation 1.
pub(super) fn provider_key(profile: Profile, provider: &SimulatedProvider) -> String {
    match profile {
        Profile::G2Documented if !provider.slug.is_empty() => provider.slug.clone(),
        _ => provider.id.to_string(),
    }
}
