//! Access control rules and DID groups: plain rows, found by their names (carrierx.md 2.5, 2.6).

use super::UPDATE;
use crate::model::kind::{
    AccountSetting, AttributeType, CollectionListing, DeleteSupport, Field, Kind, Normaliser, SettingType, TextGrammar,
};

pub(super) const DID_GROUP_DELETE: AccountSetting = AccountSetting::new("did_group_delete", SettingType::Switch)
    .doc("Allows a DELETE of a DID group, which the service does not document.");

/// Access control rules. Those of the parent are listed too, and cannot be changed (carrierx.md 2.5).
pub static ACCESS_RULES: Kind = Kind::new("access_rules", "access control rule", "carrierx.md 2.5")
    .at("accesscontrol/rules", "accesscontrol/rules/{id}")
    .id("rule_sid")
    .found_by(&["name"])
    .fields(RULE, &[])
    .update(UPDATE)
    .inherited_when("read_only", true)
    .list(CollectionListing::Offset { size: 1000, order: "rule_sid asc" })
    .scope("accesscontrol")
    .order(2, 4);

const RULE: &[Field] = &[
    Field::new("name", AttributeType::Text)
        .required()
        .example("Premium numbers")
        .doc("Name; the natural key here, though the service does not say that it is unique.", "carrierx.md 2.5"),
    Field::new("field", AttributeType::Text)
        .required()
        .with_known_values(&["calling", "called", "from", "to", "message", "from_did", "to_did"])
        .example("called")
        .doc("Part of a call or message that is compared with the entries.", "carrierx.md 2.5"),
    Field::new("operation", AttributeType::Text)
        .required()
        .with_known_values(&["exact", "prefix", "regexp"])
        .example("prefix")
        .doc("How it is compared.", "carrierx.md 2.5"),
    Field::new("quantifier", AttributeType::Text)
        .required()
        .with_known_values(&["all", "any", "none"])
        .example("any")
        .doc("How many entries must fit.", "carrierx.md 2.5"),
    Field::new("entries", AttributeType::List)
        .required()
        .of_texts()
        .compared_as(Normaliser::Set)
        .doc("Texts to compare with, in any order.", "carrierx.md 2.5"),
    Field::new("read_only", AttributeType::Bool)
        .read_only()
        .state()
        .doc("True for a rule of the parent, which telform never changes.", "carrierx.md 2.5"),
    Field::new("rule_sid", AttributeType::Text).read_only().doc("Identity at the service.", "carrierx.md 2.5"),
];

/// DID groups (carrierx.md 2.6).
pub static DID_GROUPS: Kind = Kind::new("did_groups", "DID group", "carrierx.md 2.6")
    .at("phonenumber/did_groups", "phonenumber/did_groups/{id}")
    .id("did_group_sid")
    .found_by(&["name"])
    .fields(DID_GROUP, &[])
    .update(UPDATE)
    .delete(DeleteSupport::Undocumented { switch: DID_GROUP_DELETE.name })
    .list(CollectionListing::Offset { size: 1000, order: "did_group_sid asc" })
    .scope("phonenumber")
    .order(3, 3);

const DID_GROUP: &[Field] = &[
    Field::new("name", AttributeType::Text)
        .required()
        .example("Support")
        .doc("Name; the natural key here, though the service does not say that it is unique.", "carrierx.md 2.6"),
    Field::new("callback_url", AttributeType::Text)
        .made_of(TextGrammar::Url)
        .doc("Address that is called for messages to its numbers.", "carrierx.md 2.6"),
    Field::new("partner_sid", AttributeType::Text).read_only().doc("Partner that it belongs to.", "carrierx.md 2.6"),
    Field::new("did_group_sid", AttributeType::Text).read_only().doc("Identity at the service.", "carrierx.md 2.6"),
];
