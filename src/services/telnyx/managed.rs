//! Managed accounts: accounts below the one of the token, each with separate keys and numbers (telnyx.md 13).

use super::pages_by;
use crate::model::kind::{
    AccountSetting, AttributeType, DeleteSupport, Field, Kind, Normaliser, SettingRole, SettingType, StateFilter,
};

/// Disabling is what comes closest to a delete (telnyx.md 13).
pub(super) const DISABLE: AccountSetting = AccountSetting::new("managed_account_disable", SettingType::Switch)
    .role(SettingRole::UndocumentedDelete)
    .doc("Disables a managed account that is to be deleted: there is no delete.");

/// The state is in no row: the listing is read once for each (telnyx.md 13).
static STATE: StateFilter = StateFilter {
    attribute: "status",
    argument: "filter[status][eq]",
    states: &["disabled", "blocked", "cancelled"],
    otherwise: "enabled",
    ended: &["disabled", "cancelled"],
};

/// Managed accounts. Answers about one of them hold its keys, so they are read from the listing only (telnyx.md 7).
pub(super) static MANAGED_ACCOUNTS: Kind = Kind::new("managed_accounts", "managed account", "telnyx.md 13")
    .at("managed_accounts", "managed_accounts/{id}")
    .found_by(&["email"])
    .fields(
        &[
            Field::new("business_name", AttributeType::Text)
                .read_as("organization_name")
                .required()
                .create_only()
                .example("Acme West")
                .doc("Name of the business; answers call it `organization_name`.", "telnyx.md 13"),
            Field::new("email", AttributeType::Text)
                .required()
                .create_only()
                .compared_as(Normaliser::Mail)
                .example("west@acme.example")
                .doc("Mail address, which is its login; the natural key.", "telnyx.md 13, 6.1"),
            Field::new("password", AttributeType::Secret)
                .create_only()
                .doc("Password of its portal login, sent on create only; without one it has no login.", "telnyx.md 13, 7"),
            Field::new("managed_account_allow_custom_pricing", AttributeType::Bool)
                .risky()
                .doc("Whether it may have separate prices; the only attribute that can be changed.", "telnyx.md 13"),
            Field::new("rollup_billing", AttributeType::Bool)
                .create_only()
                .doc("Whether its bills go to the account above; only the service's support can change it.", "telnyx.md 13"),
            Field::new("status", AttributeType::Text)
                .read_only()
                .state()
                .doc("`enabled`, `disabled`, `blocked` or `cancelled`; read by filters of the listing.", "telnyx.md 13, 2.3"),
        ],
        BESIDE,
    )
    .delete(DeleteSupport::Ends {
        switch: DISABLE.name,
        path: "managed_accounts/{id}/actions/disable",
        verb: "disable",
        word: "disabled",
        hides_numbers: true,
    })
    .list(pages_by(&[("sort", "email"), ("filter[status][eq]", "all"), ("include_cancelled_accounts", "true")]))
    .state_filter(&STATE)
    .order(12, 12);

/// What rows show beside these; the keys and the balance are in answers about one account only, and are never read.
const BESIDE: &[&str] =
    &["id", "record_type", "created_at", "updated_at", "manager_account_id", "api_user", "api_key", "api_token", "balance"];
