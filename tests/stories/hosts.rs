//! Where tokens may be sent: the services' own hosts, this machine, and the hosts of a list outside of the YAML.

use crate::bench::Story;

fn at(base_url: &str) -> Story {
    let story = Story::new("{}");
    story.file(
        "telform.yaml",
        &format!(
            "version: 1\naccounts:\n  main: {{ api: unpod, base_url: '{base_url}', org_handle: acme.example, token: {{ env: UNPOD_TOKEN }} }}\n"
        ),
    );
    story
}

/// Refused before any secret is read, in every command that would read one.
#[test]
fn a_host_that_is_not_on_the_list_gets_no_token() {
    let mut story = at("https://gateway.example:8443/api");
    story.unset("UNPOD_TOKEN");
    for args in ["validate", "plan", "apply --auto-approve", "drift", "doctor", "adopt --all --out x"] {
        let ran = story.run(&format!("{args} --allow-host other.example"));
        assert_ne!(ran.code, 0, "{args}");
        ran.says("host_not_allowed").says("gateway.example").is_silent_about("UNPOD_TOKEN is not");
    }
    let refused = |list: &str| story.run(&format!("validate {list}")).code;
    for list in
        ["gateway.example", "*.example", "GATEWAY.example", "gateway.example:8443", "x.example --allow-host gate*.example"]
    {
        assert_eq!(refused(&format!("--allow-host {list}")), 0, "{list}");
    }
    for list in ["gateway.example:443", "*.gateway.example", "example", "gateway.example.evil.example", "ateway.example"] {
        assert_eq!(refused(&format!("--allow-host {list}")), 1, "{list}");
    }
    // From the environment, as in CI; set and empty it allows nothing.
    for (list, code) in [("unpod.ai,*.example", 0), ("unpod.ai", 1), ("", 1)] {
        let mut story = at("https://gateway.example:8443/api").setting("TELFORM_ALLOW_HOST", list);
        story.unset("UNPOD_TOKEN");
        story.expect(code, "validate");
    }
    story.expect(0, "validate");
}

/// The service's own host needs no entry, and neither does this machine, where a simulator is.
#[test]
fn own_hosts_and_this_machine_need_no_entry() {
    at("https://UNPOD.ai/api/v2/platform").expect(0, "validate --allow-host other.example");
    at("https://unpod.ai.example/api").expect(1, "validate --allow-host other.example");
    at("https://evil-unpod.ai/api").expect(1, "validate --allow-host other.example");
    let story = Story::new("{}");
    story.unpod("providers: {}\n");
    story.expect(0, "plan --allow-host other.example").is_silent_about("own host");
}

/// Each of these would be read as a different host by someone: the person, a library, the resolver.
#[test]
fn a_base_url_says_which_host_it_means() {
    for url in [
        "https://unpod.ai\u{3002}example/api",
        "https://\u{ff55}npod.ai/api",
        "https://unpod%2Eai/api",
        "https://unpod.ai./api",
        "https://2130706433/api",
        "https://0x7f.1/api",
        "https://[fe80::1%25eth0]/api",
        "https://unpod.ai@evil.example/api",
        "https://unpod.ai:x@evil.example/api",
        "https:/unpod.ai/api",
        "https://unpod.ai/api?x=1",
        "https://unpod.ai/api#x",
    ] {
        at(url).expect(1, "validate").says("telform::yaml::base_url");
    }
}
