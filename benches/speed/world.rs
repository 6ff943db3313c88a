//! The account that is measured: partners as CarrierX shows them (carrierx.md 4.1), and the YAML that wants them.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

/// The variable that holds every partner's first password.
pub(crate) const PASSWORD: &str = "SPEED_PASSWORD";
/// The variable that holds the token.
pub(crate) const TOKEN: &str = "SPEED_TOKEN";
/// Partners in one file: people with many split them, by region or by reseller.
const PER_FILE: usize = 10_000;

/// Every field of a partner's answer. `moved` is one that somebody changed in the console.
pub(crate) fn partner(index: usize, moved: bool) -> Value {
    let company = if moved { format!("Reseller {index} of old") } else { company(index) };
    json!({
        "acls": [],
        "address1": format!("{index} Long Beach Boulevard"),
        "address2": null,
        "attributes": {"region": region(index), "tier": "gold"},
        "available_scopes": ["billing", "calls", "messaging", "numbers", "reports"],
        "balance": "351.52",
        "billing_email": null,
        "callbacks": {"sms": format!("https://hooks.example/sms/{index}")},
        "charge_at": null,
        "city": "Long Beach",
        "company_name": company,
        "country_code": "USA",
        "daily_spending_limit": "500",
        "daily_spent_amount": "0",
        "date_created": "2024-05-20T18:32:37.000Z",
        "display_id": format!("CX{index:08}"),
        "login": login(index),
        "name": format!("Partner {index}"),
        "owner_email": format!("ops{index}@reseller.example"),
        "parent_assigned_acls": [{
            "access_control_rules": ["7dbfc2f1-93d2-4e8c-8a37-2f5fb6d6f3a1"],
            "direction": "any",
            "sms_action_false": null,
            "sms_action_true": "accept",
            "voice_action_false": "reject403",
            "voice_action_true": "accept",
        }],
        "parent_sid": "9d7ae0d6-67b6-4b1e-a7d2-1c11c7a1f5f0",
        "partner_sid": sid(index),
        "payment_type": "postpay",
        "phonenumber": phone(index),
        "prepay_amount": null,
        "spending_limit": "100",
        "state": null,
        "status": "active",
        "tech_email": null,
        "transformations": [],
        "zip": "90804",
    })
}

/// Identity; ascending, as the listing is ordered by it.
pub(crate) fn sid(index: usize) -> String {
    format!("{index:08x}-0000-4000-8000-{index:012x}")
}

pub(crate) fn login(index: usize) -> String {
    format!("partner-{index:06}")
}

fn company(index: usize) -> String {
    format!("Reseller {index}")
}

fn region(index: usize) -> String {
    format!("region-{}", index % 7)
}

fn phone(index: usize) -> String {
    format!("1516{index:07}")
}

/// Whether a partner is one of the changed ones: every hundredth.
pub(crate) fn is_changed(index: usize) -> bool {
    index % 100 == 50
}

/// Writes the configuration into a folder.
pub(crate) fn write_yaml(folder: &Path, base_url: &str, partners: usize) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let head = format!(
        "version: 1\n\naccounts:\n  carrierx:\n    api: carrierx\n    base_url: {base_url}\n    token: {{ env: {TOKEN} }}\n"
    );
    fs::write(folder.join("accounts.yaml"), head)?;
    for (file, start) in (0..partners).step_by(PER_FILE).enumerate() {
        let mut text = "version: 1\n\npartners:\n".to_owned();
        for index in start..partners.min(start + PER_FILE) {
            entry(&mut text, index);
        }
        fs::write(folder.join(format!("partners-{file:03}.yaml")), text)?;
    }
    Ok(())
}

fn entry(text: &mut String, index: usize) {
    write!(
        text,
        "  {login}:\n    login: {login}\n    password: {{ env: {PASSWORD} }}\n    name: Partner {index}\n    company_name: {company}\n    country_code: USA\n    zip: \"90804\"\n    owner_email: ops{index}@reseller.example\n    phonenumber: \"{phone}\"\n    payment_type: postpay\n    city: Long Beach\n    callbacks: {{ sms: https://hooks.example/sms/{index} }}\n    attributes: {{ region: {region}, tier: gold }}\n",
        login = login(index),
        company = company(index),
        phone = phone(index),
        region = region(index),
    )
    .expect("a text takes everything");
}
