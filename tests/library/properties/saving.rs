//! Plans and snapshots as files: what is read is what was written, and nothing else is accepted.

use std::collections::BTreeMap;

use proptest::prelude::*;
use telform::document::{self, DocumentError, Origin};
use telform::model::ledger::{AccountEntry, FingerprintKey};
use telform::model::resource::{LiveAccount, LiveState};
use telform::output::view::json;
use telform::state::snapshot::{self, SnapshotPurpose};

use crate::properties::case::{Case, plan};
use crate::properties::cases;
use crate::properties::dice::dice;
use crate::properties::planning::ROLLS;
use crate::properties::values::CANARY;

fn taken_for(case: &Case) -> SnapshotPurpose {
    let entry = |name: &String| AccountEntry {
        api: case.desired.accounts[name].service.api.to_owned(),
        base_url: "https://x.example".to_owned(),
        organization: None,
    };
    SnapshotPurpose {
        configuration: "sha256:1".to_owned(),
        destroy: false,
        accounts: case.live().accounts.keys().map(|name| (name.clone(), entry(name))).collect(),
    }
}

/// Every secret that a service gave back is one that cannot be compared.
fn without_secrets(mut live: LiveState) -> LiveState {
    let objects = live.accounts.values_mut().flat_map(|account: &mut LiveAccount| account.objects.values_mut());
    for secret in objects.flatten().flat_map(|object| object.secrets.iter_mut().map(|(_, secret)| secret)) {
        *secret = None;
    }
    live
}

/// For a plan whose ledger does not exist yet.
fn origin() -> Origin {
    Origin { ledger_place: Some(String::new()), ..Origin::default() }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_saved_plan_is_the_plan(mut dice in dice(ROLLS), at in any::<prop::sample::Index>(), flip in 1..=127_u8) {
        let case = Case::roll(&mut dice);
        let plan = plan(&case, &case.live());
        let text = json::render_document(&document::from_plan(&plan, origin()));
        let document = document::read_plan_document(&text).expect("what was written can be read");
        let again = document.to_plan().expect("it is whole");
        prop_assert_eq!(&again, &plan);
        prop_assert_eq!(json::render_document(&document), text.clone());
        prop_assert!(document::plan_differences(&again, &plan).is_empty());
        // Any flipped byte shows. Bits above ASCII would leave no text, which is refused before.
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(text) = String::from_utf8(bytes) {
            let refused = document::read_plan_document(&text).err();
            prop_assert!(refused.is_some(), "byte {} may be changed", at);
        }
    }

    #[test]
    fn two_plans_never_look_alike(mut dice in dice(ROLLS), mut other in dice(ROLLS)) {
        let (one, two) = (Case::roll(&mut dice), Case::roll(&mut other));
        let (one, two) = (plan(&one, &one.live()), plan(&two, &two.live()));
        prop_assert_eq!(document::plan_differences(&one, &two).is_empty(), one.digest == two.digest);
    }

    #[test]
    fn a_snapshot_is_the_live_state(mut dice in dice(ROLLS)) {
        let case = Case::roll(&mut dice);
        let live = case.live();
        let text = snapshot::write_snapshot(&live, &taken_for(&case), &case.key);
        prop_assert!(!text.contains(CANARY), "a secret stands in the snapshot");
        let again = snapshot::read_snapshot(&text, &taken_for(&case), &case.key).expect("what was written can be read");
        prop_assert_eq!(format!("{live:?}"), format!("{again:?}"));
        prop_assert_eq!(&plan(&case, &again), &plan(&case, &live));
        prop_assert_eq!(snapshot::write_snapshot(&again, &taken_for(&case), &case.key), text.clone());
        let stranger = FingerprintKey::from_text("another-key-91e0f7d2b84c3e5f0c1e9a7b3d").expect("long enough");
        let blind = snapshot::read_snapshot(&text, &taken_for(&case), &stranger).expect("it can be read without its key");
        prop_assert_eq!(&plan(&case, &blind), &plan(&case, &without_secrets(live)));
    }
}

#[test]
fn what_is_no_plan_is_told_apart() {
    let error = |text: &str| document::read_plan_document(text).expect_err("it is no plan");
    assert!(matches!(error("{"), DocumentError::NotAPlan(_)));
    assert!(matches!(error("[]"), DocumentError::NotAPlan(_)));
    assert!(matches!(error("{\"format\": \"telform-snapshot\"}"), DocumentError::NotAPlan(_)));
    let newer = "{\"format\": \"telform-plan\", \"format_version\": 2, \"more\": 1}";
    assert_eq!(error(newer), DocumentError::Newer(2));
    let bare = "{\"format\": \"telform-plan\", \"format_version\": 1}";
    assert!(matches!(error(bare), DocumentError::Changed(_)));
    let none = SnapshotPurpose { configuration: String::new(), destroy: false, accounts: BTreeMap::new() };
    let key = FingerprintKey::from_text("5f0c1e9a7b3d284c6a91e0f7d2b84c3e").expect("long enough");
    for text in ["{", "{\"format\": \"telform-plan\", \"format_version\": 1}"] {
        assert!(snapshot::read_snapshot(text, &none, &key).is_err());
    }
}
