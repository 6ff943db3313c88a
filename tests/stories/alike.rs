//! Tombstones that nothing explains, and names that people may mistake for each other.

use crate::bench::Story;
use crate::partners::west;

const G2: &str = "
unpod:
  configurations:
    - { id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 }
  bridges:
    - { id: 301, slug: sales, name: Sales }
";

#[test]
fn a_tombstone_that_nothing_explains_is_refused() {
    let story = Story::new(G2);
    let both =
        "providers:\n  old: { id: '42', provider: plivo, account_sid: MA42 }\nbridges: { sales: { slug: sales, name: Sales } }\n";
    story.unpod(both);
    story.apply();
    let tombstone = "removed:\n  - { address: providers.old }\n  - { address: bridges.sales }\n";
    story.unpod(tombstone);
    story.expect(0, "plan --max-deletes 2").says("- providers.old").says("- bridges.sales");
    let (own, kept) = (story.path(".telform"), story.path("kept"));
    std::fs::rename(&own, &kept).unwrap();
    let ran = story.expect(3, "apply --auto-approve --max-deletes 2");
    ran.says("refusal::unknown_removal").is_silent_about("already deleted");
    ran.says("names neither its id nor its provider + account_sid").says("nor its slug");
    shot!("unknown_removal", ran);
    // A part of the key is not a key, and neither is that of another generation.
    for part in ["provider: plivo", "account_sid: MA42", "name: old"] {
        story.unpod(&format!("removed:\n  - {{ address: providers.old, {part} }}\n"));
        let ran = story.expect(3, "apply --auto-approve --max-deletes 2");
        ran.says("alone identifies no provider configuration").says("provider + account_sid");
    }
    assert_eq!(story.writes(), [""; 0]);
    // By id or natural key it is found.
    for key in ["id: '42'", "provider: plivo, account_sid: MA42"] {
        story.unpod(&format!("removed:\n  - {{ address: providers.old, {key} }}\n"));
        story.expect(0, "plan --max-deletes 2").says("- providers.old");
    }
    // And where it is not there, the reading that proves it is named.
    for (key, proof) in [
        ("id: '99'", "looked for provider configuration 99 in account unpod"),
        ("provider: plivo, account_sid: MA99", "account_sid \"MA99\" among the 1 provider configuration of account unpod"),
    ] {
        story.unpod(&format!("removed:\n  - {{ address: providers.old, {key} }}\n"));
        story.expect(0, "plan --detailed-exitcode").says("already deleted").says(proof);
    }
    // With the ledger the tombstone may stay after the delete.
    std::fs::remove_dir_all(&own).ok();
    std::fs::rename(&kept, &own).unwrap();
    story.unpod(tombstone);
    story.expect(0, "apply --auto-approve --max-deletes 2");
    story.take_log();
    story.expect(0, "plan --detailed-exitcode").says("looked for provider configuration 42").says("bridge sales");
    assert!(story.take_log().contains(&"GET telephony/providers-configurations/42/".to_owned()));
    story.in_sync();
    // Its knowledge is removed with the tombstone.
    story.unpod("providers: {}\nbridges: {}\n");
    story.apply();
    assert_eq!(story.ledger().get("gone"), None);
}

#[test]
fn a_tombstone_of_a_partner() {
    let story = Story::new(
        "carrierx: { knobs: { delete: no_content }, partners: [{ partner_sid: 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410, login: west, name: West }] }",
    );
    story.carrierx_with("partner_delete: true, ", "removed:\n  - { address: partners.west }\n");
    story.expect(3, "apply --auto-approve --max-deletes 1").says("neither its id nor its login");
    story.carrierx_with("partner_delete: true, ", "removed:\n  - { address: partners.east, login: east }\n");
    story.expect(0, "plan").says("login \"east\" among the 1 partner of account carrierx, which shows none that waits");
    story.carrierx_with("partner_delete: true, ", "removed:\n  - { address: partners.west, login: west }\n");
    story.expect(0, "apply --auto-approve --max-deletes 1");
    story.in_sync();
}

/// An object shown with stars may be the one that the tombstone means.
#[test]
fn a_tombstone_and_a_masked_key() {
    let story = Story::new(
        "unpod: { knobs: { mask_account_sid: true }, configurations: [{ id: 43, provider: twilio, account_sid: AC00000000000000000000000000004343, auth_token: canary-twilio-43 }] }",
    );
    story.unpod("removed:\n  - { address: providers.old, provider: twilio, account_sid: AC00000000000000000000000000004343 }\n");
    story.expect(3, "apply --auto-approve --max-deletes 1").says("in part only").says("refusal::unknown_removal");
    assert_eq!(story.writes(), [""; 0]);
}

/// Each kind and generation: the live object, the YAML, and how both are reported.
#[test]
fn a_name_that_people_take_for_another_is_not_made() {
    let older = |name: &str| {
        format!("unpod: {{ profile: g1-snapshot, configurations: [{{ id: 41, provider: Vapi, name: \"{name}\" }}] }}")
    };
    let cases = [
        (older("Main Line"), "providers: { new: { name: mainline, provider: Vapi } }", "\"mainline\" is \"Main Line\""),
        (
            older("Caf\u{e9}"),
            "providers: { new: { name: \"Cafe\\u0301\", provider: Vapi } }",
            "(U+0065 U+0301) is \"Caf\u{e9}\" (U+00E9)",
        ),
        (older("Main\u{a0}Line"), "providers: { new: { name: Main Line, provider: Vapi } }", "\"Main Line\" (U+0020)"),
        (older("Main"), "providers: { new: { name: \"Ma\u{ad}in\", provider: Vapi } }", "(U+00AD) is \"Main\" (nothing there)"),
        (older("Main1"), "providers: { new: { name: Main\u{ff11}, provider: Vapi } }", "(U+FF11) is \"Main1\" (U+0031)"),
        (
            G2.to_owned(),
            "providers: { new: { provider: plivo, account_sid: ma42, auth_token: { env: AUTH } } }",
            "account_sid \"ma42\" is \"MA42\" there",
        ),
        (
            "unpod: { profile: g1-snapshot, bridges: [{ slug: Sales, name: Sales, product_id: prod }] }".to_owned(),
            "bridges: { new: { slug: sales, name: New } }",
            "slug \"sales\" is \"Sales\" there",
        ),
    ];
    for (world, body, told) in cases {
        let story = Story::new(&world).secret("AUTH", "canary-auth-1");
        let older = world.contains("g1");
        let settings = if older { "generation: 1, product_id: prod, " } else { "" };
        story.unpod_with(settings, &format!("{body}\n"));
        let ran = story.expect(3, "apply --auto-approve");
        ran.says("refusal::similar_exists").says("--allow-similar").says(told);
        assert_eq!(story.writes(), [""; 0], "{body}");
        let kind = body.split(':').next().unwrap();
        story.expect(0, &format!("plan --allow-similar {kind}.new --out plan.json"));
        story.expect(0, "verify plan.json");
        story.expect(0, "apply plan.json --auto-approve");
        assert_eq!(story.writes().len(), 1, "{body}");
        // A managed object is no longer compared with its neighbours.
        story.in_sync();
    }
}

/// A partner cannot be deleted again.
#[test]
fn a_login_in_other_letters() {
    let world = |login: &str| {
        format!(
            "carrierx: {{ partners: [{{ partner_sid: 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410, login: \"{login}\", name: West }}] }}"
        )
    };
    for login in ["West", "WEST", "we st", "w\u{200b}est", "\u{ff57}est"] {
        let story = Story::new(&world(login)).secret("WEST_PASSWORD", "canary-password-west");
        story.carrierx(&west(""));
        let ran = story.expect(3, "apply --auto-approve");
        ran.says("partner 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410 differs only in letter case, spaces or Unicode form");
        assert_eq!(story.writes(), [""; 0]);
        if login == "West" {
            shot!("similar_login", ran);
        }
        story.expect(1, "plan --allow-similar partners.east").says("telform::cli::unknown_address");
        story.expect(0, "apply --auto-approve --allow-similar partners.west");
        assert_eq!(story.writes().len(), 1);
    }
}

#[test]
fn two_entries_that_people_take_for_one_are_warned_about() {
    let newer = "providers:\n  a: { provider: twilio, account_sid: AC1, auth_token: { env: AUTH } }\n  b: { provider: twilio, account_sid: ac1, auth_token: { env: AUTH } }\n";
    let story = Story::new("unpod: {}");
    story.unpod(newer);
    shot!("alike_entries", story.expect(0, "validate"));
    story.unpod(&newer.replace("ac1", "ac2"));
    story.expect(0, "validate").is_silent_about("distinguished only");
    let older = "providers:\n  a: { name: Main, provider: Vapi }\n  b: { name: \"Ma\\u00adin\", provider: Vapi }\n";
    story.unpod_with("generation: 1, ", older);
    story.expect(0, "validate").says("`providers.a` and `providers.b` are distinguished only");
    // Of two accounts each has its own.
    let partners =
        format!("{}{}", west(""), west("").replace("partners:\n  west", "  east").replace("login: west", "login: West"));
    let story = Story::new("carrierx: {}");
    story.carrierx(&partners);
    story.expect(0, "validate").says("`partners.east` and `partners.west` are distinguished only");
}
