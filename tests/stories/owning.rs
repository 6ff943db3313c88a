//! What an entry has to state: enough to find an existing object, and more only where it is to be created.

use crate::bench::Story;
use crate::deletes::CONNECTED;
use crate::partners::verified;

const SID: &str = "partners/3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410";

#[test]
fn a_partner_is_managed_by_its_login_and_one_attribute() {
    let story = verified("");
    story.carrierx("partners: { west: { login: west, zip: \"90804\" } }\n");
    story.expect(0, "validate").says("note[telform::yaml::partial]").says("`password`, `name`, `company_name`");
    story.expect(0, "plan").is_silent_about("telform::yaml::partial");
    story.apply();
    assert_eq!(story.writes(), [format!("PATCH {SID} {{\"zip\":\"90804\"}}")]);
    story.in_sync();
    story.carrierx("partners: { west: { login: west, zip: \"90804\", city: Rome } }\n");
    story.apply();
    assert_eq!(story.writes(), [format!("PATCH {SID} {{\"city\":\"Rome\"}}")]);
}

#[test]
fn what_is_not_there_is_not_made_from_half_an_entry() {
    let story = verified("");
    story.carrierx("partners: { east: { login: east, zip: \"90804\" } }\n");
    let ran = story.expect(3, "plan");
    ran.says("refusal::missing_for_create").says("password, name, company_name, country_code");
    story.expect(3, "apply --auto-approve");
    assert_eq!(story.writes(), [""; 0]);
    // Of two of them only the one that is to be created is a problem.
    story.carrierx("partners: { east: { login: east }, west: { login: west, zip: \"90804\" } }\n");
    story.expect(0, "apply --auto-approve --target partners.west");
    assert_eq!(story.writes().len(), 1);
}

#[test]
fn a_configuration_without_its_token_and_a_bridge_without_its_name() {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-new");
    let main = "providers: { main: { provider: twilio, account_sid: AC43 } }\n";
    story.unpod(&format!("{main}bridges: {{ fax: {{ slug: fax, numbers: {{ '+14155550103': {{ provider: main }} }} }} }}\n"));
    story.expect(0, "validate").says("`auth_token`").says("`name`");
    story.apply();
    assert_eq!(
        story.writes(),
        [
            r#"POST telephony/bridges/fax/disconnect-provider/ {"phone_number":"+14155550103"}"#,
            r#"POST telephony/bridges/fax/connect-provider/ {"provider_config_id":43,"phone_number":"+14155550103"}"#,
        ]
    );
    story.in_sync();
    // A deleted object is not recreated from an incomplete entry, either.
    story.unpod("providers: { other: { provider: twilio, account_sid: AC44 } }\nbridges: { new: { slug: new } }\n");
    let ran = story.expect(3, "plan --max-deletes 9");
    ran.says("auth_token").says("refusal::missing_for_create");
    story.expect(3, "plan --target bridges.new").says("a create needs name");
}

#[test]
fn the_older_generation_too() {
    let story = Story::new(
        "
unpod:
  profile: g1-snapshot
  configurations:
    - { id: 42, provider: LiveKit, name: spare, api_key: canary-key-spare, base_url: https://lk.example.net }
  numbers: [{ id: 501, number: '+14155550101' }]
  bridges: [{ id: 301, slug: sales, name: Sales, product_id: prod, numbers: { '+14155550101': 42 } }]
",
    );
    let with = |body: &str| story.unpod_with("product_id: prod, ", body);
    with(
        "providers: { spare: { name: spare, sip_url: 'sip:a.example' } }\nbridges: { sales: { slug: sales, description: Main } }\n",
    );
    story.apply();
    assert_eq!(
        story.writes(),
        [
            r#"PATCH telephony/provider-configurations/42/ {"sip_url":"sip:a.example"}"#,
            r#"PATCH telephony/bridges/sales/ {"description":"Main"}"#,
        ]
    );
    story.in_sync();
    with("providers: { other: { name: other, sip_url: 'sip:a.example' } }\n");
    story.expect(3, "plan --target providers.other").says("a create needs provider");
}

/// An editor's byte order mark at the beginning of a secret file, and the line break at its end, are not part of the secret.
#[test]
fn a_secret_file_with_a_mark_of_its_encoding() {
    let story = Story::new("{}");
    story.file("secret.txt", "\u{feff}auth-marked\r\n");
    story.unpod("providers: { main: { provider: twilio, account_sid: AC1, auth_token: { file: secret.txt } } }\n");
    story.apply();
    assert_eq!(story.world()["unpod"]["configurations"][0]["auth_token"], "auth-marked");
}
