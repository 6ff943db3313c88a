//! A copy of the live state: what was read becomes the world in which a plan is rehearsed. No real secret goes into it;
//! where a service returns secrets, made-up ones replace them, which differ where the real ones differ.

use crate::model::ledger::{FingerprintKey, Ledger, ValueIdentity};
use crate::model::resource::{Desired, DesiredValue, LiveAccount};
use crate::model::value::Secret;
use crate::sandbox::DEFAULT_TOKEN;
use crate::services::copy::{FakeSecret, FakeSecrets, other_secret};

/// Replaces the real secrets with made-up ones: in the desired state, and in the ledger's record of it.
pub fn replace_secrets(desired: &mut Desired, ledger: &mut Ledger, key: &FingerprintKey) -> FakeSecrets {
    let mut all = FakeSecrets::new();
    for (address, object) in &mut desired.objects {
        for (attribute, wanted) in &mut object.attributes {
            let DesiredValue::Secret(secret) = wanted else { continue };
            let Some(real) = secret.fingerprint.clone() else { continue };
            let text = format!("rehearsal-{}", key.seal_fingerprint("rehearsal", &address.name, attribute, &real).short_form());
            let made = key.fingerprint_secret(&address.kind, attribute, &Secret::new(&text));
            secret.fingerprint = Some(made.clone());
            if let Some(entry) = ledger.objects.get_mut(address) {
                let seal = |print| key.seal_fingerprint(entry.seal_account(), &entry.id, attribute, print);
                let (known, now) = (seal(&real), seal(&made));
                let named = entry.seal_account().to_owned();
                let reshaped = entry.reshaped.get_mut(*attribute).map(|it| (&mut it.sent, &mut it.observed));
                let untaken = entry.not_taken.get_mut(*attribute).map(|it| (&mut it.sent, &mut it.observed));
                let other = key.fingerprint_secret(&address.kind, attribute, &Secret::new(&other_secret(&entry.id, attribute)));
                for (sent, observed) in reshaped.into_iter().chain(untaken) {
                    if *sent == ValueIdentity::Secret(known.clone()) {
                        *sent = ValueIdentity::Secret(now.clone());
                        *observed = ValueIdentity::Secret(key.seal_fingerprint(&named, &entry.id, attribute, &other));
                    }
                }
                if let Some(kept) = entry.secrets.get_mut(*attribute).filter(|kept| **kept == known) {
                    *kept = now;
                }
            }
            all.insert((address.clone(), (*attribute).to_owned()), FakeSecret { real: Some(real), text });
        }
    }
    all
}

/// What an account did not show.
pub fn unread_parts(live: &LiveAccount) -> LiveAccount {
    LiveAccount {
        unreadable: live.unreadable.clone(),
        malformed_rows: live.malformed_rows.clone(),
        listing_failures: live.listing_failures.clone(),
        connections_failure: live.connections_failure.clone(),
        ..LiveAccount::default()
    }
}

/// Removes from what a simulator shows what the service did not show.
pub fn hide_unread(live: &mut LiveAccount, unread: &LiveAccount) {
    live.unreadable.extend(unread.unreadable.clone());
    live.malformed_rows.extend(unread.malformed_rows.clone());
    live.listing_failures.extend(unread.listing_failures.clone());
    live.objects.retain(|kind, _| !unread.listing_failures.contains_key(kind));
    if unread.connections_failure.is_some() {
        live.connections_failure.clone_from(&unread.connections_failure);
        live.connections = None;
    }
}

/// The token of every rehearsal.
pub fn rehearsal_token() -> Secret {
    Secret::new(DEFAULT_TOKEN)
}
