//! What an account holds, as a world of the simulator.

use serde_json::json;

use crate::model::kind::{Kind, SettingRole};
use crate::sandbox::{CarrierxKnobs, CarrierxWorld, Delete, Partner, Whoami, World};
use crate::services::copy::Source;

/// The world of this account.
pub(super) fn world(source: &Source<'_>) -> Result<World, String> {
    let allowed = source.account.allows(SettingRole::UndocumentedDelete);
    let delete = if allowed { Delete::NoContent } else { CarrierxKnobs::default().delete };
    let known = CarrierxWorld::default();
    let (whoami, account_sid, account_login) = match source.live.facts.token_owner.identity() {
        Some(owner) => (Whoami::Answer, owner.id.clone(), owner.login.clone().unwrap_or_default()),
        None => (Whoami::NotFound, known.account_sid, known.account_login),
    };
    let partners = source.live_objects("partners").iter().map(|live| {
        let mut fields = source.writable_attributes("partners", live);
        fields.extend(live.attributes.iter().map(|(name, value)| ((*name).to_owned(), value.json())));
        fields.insert("partner_sid".to_owned(), json!(live.id));
        Partner::new(fields)
    });
    let rows = |kind: &'static Kind| {
        source.live_objects(kind.name).iter().map(|live| {
            let shown = live.attributes.iter().map(|(name, value)| ((*name).to_owned(), value.json()));
            shown.chain([(kind.id.to_owned(), json!(live.id))]).collect()
        })
    };
    let did_group_delete = match source.account.settings.contains_key(super::rows::DID_GROUP_DELETE.name) {
        true => Delete::NoContent,
        false => CarrierxKnobs::default().did_group_delete,
    };
    let carrierx = CarrierxWorld {
        partners: partners.collect(),
        rules: rows(&super::ACCESS_RULES).collect(),
        did_groups: rows(&super::DID_GROUPS).collect(),
        knobs: CarrierxKnobs { delete, did_group_delete, whoami, ..CarrierxKnobs::default() },
        account_sid,
        account_login,
        // Far from the sids that a simulator assigned before: a new sid must be unused.
        next_partner: 1 << 40,
        ..CarrierxWorld::default()
    };
    Ok(World { carrierx, ..World::default() })
}
