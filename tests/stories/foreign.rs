//! Another user makes changes between the plan and a write: the write is not sent, and their change is kept.

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use telform::sandbox::{Partner, World};

use crate::bench::Story;
use crate::partners::{west, world_with_west};

/// Both services in one world; bridges say exactly who serves a number.
fn world() -> String {
    format!(
        "{}
unpod:
  knobs: {{ bridge_get: configuration_id }}
  configurations:
    - {{ id: 42, provider: plivo, account_sid: MA42, auth_token: canary-plivo-42 }}
    - {{ id: 43, provider: twilio, account_sid: AC43, auth_token: canary-twilio-43 }}
  numbers: [ {{ number: '+14155550101' }}, {{ number: '+14155550102' }}, {{ number: '+14155550103' }} ]
  bridges:
    - {{ slug: sales, name: Sales, numbers: {{ '+14155550101': 42, '+14155550102': 42 }} }}
    - {{ slug: empty, name: Empty }}
",
        world_with_west("      city: Long Beach\n      tech_email: t@acme.example\n      billing_email: b@acme.example\n")
    )
}

fn story(yaml: &str) -> Story {
    let story = Story::new(&world()).secret("AUTH", "canary-auth-42").secret("WEST_PASSWORD", "canary-west-1");
    if yaml.contains("partners") {
        story.carrierx_with("partner_delete: true, ", yaml);
    } else {
        story.unpod(yaml);
    }
    story
}

const APPLY: &str = "apply --auto-approve --max-deletes 1 --max-numbers-dark 3";

/// One write, the last read before it, and another user's change just before that read.
struct Case {
    yaml: String,
    write: &'static str,
    read: &'static str,
    edit: &'static str,
}

impl Case {
    fn run(&self) -> (Story, crate::bench::Ran) {
        // An undisturbed duplicate shows how often the object is read until then.
        let twin = story(&self.yaml);
        twin.sandbox.edit(|world| world.carrierx.knobs.delete = telform::sandbox::Delete::NoContent);
        twin.expect(0, &format!("{APPLY} --rewrite-secret {}", self.rewrite()).replace(" --rewrite-secret -", ""));
        let log = twin.take_log();
        let place = log.iter().position(|line| line.starts_with(self.write)).unwrap_or_else(|| {
            panic!("no {} in\n{}", self.write, log.join("\n"));
        });
        let is_read = |line: &&String| line.strip_prefix("GET ").is_some_and(|path| path.split('?').next() == Some(self.read));
        // A bridge that is deleted is read twice: as an object, and for its numbers.
        let first_of_two = self.write.starts_with("DELETE telephony/bridges") && self.edit.contains("rename");
        let nth = log[..place].iter().filter(is_read).count() - usize::from(first_of_two);

        let story = story(&self.yaml);
        story.sandbox.edit(|world| world.carrierx.knobs.delete = telform::sandbox::Delete::NoContent);
        story.fault(&format!(
            "{{ match: {{ method: GET, path: '*/{}', nth: {nth} }}, effect: {{ foreign: [ {} ] }} }}",
            self.read, self.edit
        ));
        let ran = story.run(&format!("{APPLY} --rewrite-secret {}", self.rewrite()).replace(" --rewrite-secret -", ""));
        assert!(
            !story.writes().iter().any(|line| line.starts_with(self.write)),
            "{} was sent after {}:\n{}",
            self.write,
            self.edit,
            ran.whole()
        );
        let before = log[..place].iter().filter(|line| !line.starts_with("GET")).count();
        assert_eq!(ran.code, if before == 0 { 4 } else { 5 }, "{}: {}", self.edit, ran.whole());
        ran.says("STALE");
        (story, ran)
    }

    fn rewrite(&self) -> &'static str {
        if self.write.starts_with("PATCH telephony/providers") { "providers.main" } else { "-" }
    }
}

#[test]
fn each_kind_of_write() {
    let main = "providers:\n  main: { id: '42', provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }\n";
    let spare = "  spare: { provider: twilio, account_sid: AC43, auth_token: { env: AUTH } }\n";
    let sales = "bridges:\n  sales: { slug: sales, name: Sales West }\n";
    let empty = "bridges:\n  empty: { slug: empty, name: Empty, numbers: { '+14155550103': { provider: main } } }\n";
    let moved = "bridges:\n  sales: { slug: sales, name: Sales, numbers: { '+14155550101': { provider: spare }, '+14155550102': { provider: main } } }\n";
    let gone = "removed:\n  - { address: providers.gone, id: '42' }\n";
    let no_bridge = "removed:\n  - { address: bridges.empty, slug: empty }\n";
    let configuration = "telephony/providers-configurations/42/";
    let partner = "partners/3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410";
    let compton = west("    city: Compton\n");
    let put = west("    city: Compton\n    update: put\n");
    let buried = "removed:\n  - { address: partners.west, login: west }\n";
    let unpod = |yaml: &str| yaml.to_owned();
    let cases = [
        ("PATCH telephony/providers", configuration, unpod(main), "{ configuration: { id: 42, set: { account_sid: MA99 } } }"),
        ("PATCH telephony/providers", configuration, unpod(main), "{ delete_configuration: 42 }"),
        (
            "PATCH telephony/bridges/sales/",
            "telephony/bridges/sales/",
            unpod(sales),
            "{ rename_bridge: { bridge: sales, name: Theirs } }",
        ),
        ("PATCH telephony/bridges/sales/", "telephony/bridges/sales/", unpod(sales), "{ delete_bridge: sales }"),
        (
            "POST telephony/bridges/empty/connect",
            "telephony/bridges/empty/",
            format!("{main}{spare}{empty}"),
            "{ connect: { bridge: empty, number: '+14155550103', configuration: 43 } }",
        ),
        (
            "POST telephony/bridges/empty/connect",
            "telephony/bridges/empty/",
            format!("{main}{spare}{empty}"),
            "{ delete_bridge: empty }",
        ),
        (
            "POST telephony/bridges/sales/disconnect",
            "telephony/bridges/sales/",
            format!("{main}{spare}{moved}"),
            "{ connect: { bridge: sales, number: '+14155550101', configuration: null } }, { connect: { bridge: sales, number: '+14155550101', configuration: 43 } }, { disconnect: { bridge: sales, number: '+14155550102' } }, { connect: { bridge: empty, number: '+14155550101', configuration: 42 } }",
        ),
        (
            "POST telephony/bridges/sales/disconnect",
            "telephony/bridges/sales/",
            unpod(gone),
            "{ connect: { bridge: sales, number: '+14155550101', configuration: 43 } }",
        ),
        ("DELETE telephony/providers", configuration, unpod(gone), "{ configuration: { id: 42, set: { account_sid: MA99 } } }"),
        (
            "DELETE telephony/providers",
            configuration,
            unpod(gone),
            "{ connect: { bridge: empty, number: '+14155550103', configuration: 42 } }",
        ),
        (
            "DELETE telephony/bridges/empty/",
            "telephony/bridges/empty/",
            unpod(no_bridge),
            "{ rename_bridge: { bridge: empty, name: Theirs } }",
        ),
        (
            "DELETE telephony/bridges/empty/",
            "telephony/bridges/empty/",
            unpod(no_bridge),
            "{ connect: { bridge: empty, number: '+14155550103', configuration: 43 } }",
        ),
        ("PATCH partners", partner, compton.clone(), "{ partner: { partner: west, set: { city: Theirs } } }"),
        ("PATCH partners", partner, compton, "{ partner: { partner: west, set: { zip: '99999' } } }"),
        ("PUT partners", partner, put.clone(), "{ partner: { partner: west, set: { city: Theirs } } }"),
        ("PUT partners", partner, put, "{ partner: { partner: west, set: { name: Theirs } } }"),
        ("DELETE partners", partner, unpod(buried), "{ partner: { partner: west, set: { name: Theirs } } }"),
    ];
    for (write, read, yaml, edit) in cases {
        Case { yaml, write, read, edit }.run();
    }
}

/// A PUT sends everything, so everything is compared; planned again, it takes over what others changed.
#[test]
fn a_put_loses_nothing_that_others_changed() {
    let put = west("    city: Compton\n    update: put\n");
    let story = story(&put);
    let reads = "/core/v2/partners/3f0c6a52-8b1e-4a37-9d55-0c2be1a7f410";
    story.fault(&format!(
        "{{ match: {{ method: GET, path: {reads} }}, effect: {{ foreign: [ {{ partner: {{ partner: west, set: {{ address1: theirs, attributes: {{ tier: theirs }} }} }} }} ] }} }}"
    ));
    story.expect(4, "apply --auto-approve").says("address1, attributes changed since the plan");
    story.apply();
    let partner = &story.world()["carrierx"]["partners"][0];
    assert_eq!(
        (&partner["city"], &partner["address1"], &partner["attributes"]),
        (&json!("Compton"), &json!("theirs"), &json!({"tier": "theirs"}))
    );
}

#[test]
fn a_late_connection_keeps_its_configuration() {
    let case = Case {
        yaml: "removed:\n  - { address: providers.gone, id: '42' }\n".to_owned(),
        write: "DELETE telephony/providers",
        read: "telephony/providers-configurations/42/",
        edit: "{ connect: { bridge: empty, number: '+14155550103', configuration: 42 } }",
    };
    let (story, ran) = case.run();
    shot!("late_connection", ran);
    assert_eq!(story.world()["unpod"]["configurations"].as_array().unwrap().len(), 2);
    let shown = story.sandbox.world().unpod.bridges;
    let empty = shown.iter().find(|bridge| bridge.slug == "empty").unwrap();
    assert_eq!(empty.numbers["+14155550103"].configuration, Some(42), "the new connection is not cut unseen");
    // The two that were disconnected in vain are served again, so all three leave with it the next time.
    story.expect(3, &format!("{APPLY} --max-numbers-dark 1").replace(" --max-numbers-dark 3", ""));
    story.expect(0, APPLY);
}

/// Only the service can see in time that a number moved to another bridge; it refuses, and the other user's change is kept.
#[test]
fn a_number_that_somebody_put_on_another_bridge() {
    let yaml = "providers:\n  main: { id: '42', provider: plivo, account_sid: MA42, auth_token: { env: AUTH } }\nbridges:\n  empty: { slug: empty, name: Empty, numbers: { '+14155550103': { provider: main } } }\n";
    let story = story(yaml);
    story.expect(0, "plan");
    let reads = story.take_log().iter().filter(|line| line.contains("bridges/empty/")).count();
    story.fault(&format!(
        "{{ match: {{ method: GET, path: '*/bridges/empty/', nth: {} }}, effect: {{ foreign: [ {{ connect: {{ bridge: sales, number: '+14155550103', configuration: 43 }} }} ] }} }}",
        reads + 1
    ));
    let ran = story.expect(1, "apply --auto-approve");
    ran.says("Phone number is already assigned to another bridge").says("nothing was written");
    let bridges = story.sandbox.world().unpod.bridges;
    let served = |slug: &str| {
        let bridge = bridges.iter().find(|bridge| bridge.slug == slug).unwrap();
        bridge.numbers.get("+14155550103").map(|link| link.configuration)
    };
    assert_eq!((served("sales"), served("empty")), (Some(Some(43)), None));
}

/// Another user creates the same object while telform is about to: it is not created twice, and not overwritten.
#[test]
fn made_by_somebody_else_at_the_same_time() {
    let configuration = "providers:\n  new: { provider: exotel, account_sid: EX1, auth_token: { env: AUTH } }\n";
    let bridge = "bridges:\n  new: { slug: new, name: New }\n";
    let partner = west("").replace("login: west", "login: new");
    let make = |world: &mut World, kind: &str| match kind {
        "configuration" => world.unpod.configurations.push(telform::sandbox::SimulatedConfiguration {
            provider: "exotel".into(),
            account_sid: Some("EX1".into()),
            auth_token: Some("canary-of-somebody".into()),
            ..Default::default()
        }),
        "bridge" => world.unpod.bridges.push(telform::sandbox::SimulatedBridge {
            slug: "new".into(),
            name: "Theirs".into(),
            ..Default::default()
        }),
        _ => {
            let serde_json::Value::Object(fields) = json!({"login": "new", "name": "Theirs"}) else { unreachable!() };
            world.carrierx.partners.push(Partner::new(fields));
        }
    };
    for (kind, yaml) in [("configuration", configuration), ("bridge", bridge), ("partner", &partner)] {
        let twin = story(yaml);
        twin.expect(0, "plan");
        let reads = twin.sandbox.log().len();
        let story = story(yaml);
        // The first read after the plan is held until another user was faster.
        story.fault(&format!("{{ match: {{ method: GET, nth: {} }}, effect: {{ delay_ms: 400 }} }}", reads + 1));
        let child = story.command("apply --auto-approve").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while story.sandbox.log().len() <= reads {
            std::thread::park_timeout(Duration::from_millis(5));
        }
        story.sandbox.edit(|world| make(world, kind));
        let ran = story.ran(kind, &child.wait_with_output().unwrap());
        assert_eq!(ran.code, 4, "{kind}: {}", ran.whole());
        ran.says("was created since the plan");
        assert_eq!(story.writes(), [""; 0]);
    }
}

#[test]
fn a_stale_run_reads_well() {
    let story = story("bridges:\n  sales: { slug: sales, name: Sales West }\n");
    story.expect(0, "plan");
    let reads = story.take_log().len();
    story.fault(&format!(
        "{{ match: {{ method: GET, nth: {} }}, effect: {{ foreign: [ {{ rename_bridge: {{ bridge: sales, name: Theirs }} }} ] }} }}",
        reads + 1
    ));
    shot!("stale", story.expect(4, "apply --auto-approve"));
    // The same change made by another user needs no write.
    story.sandbox.clear_faults();
    story.take_log();
    story.fault(&format!(
        "{{ match: {{ method: GET, nth: {} }}, effect: {{ foreign: [ {{ rename_bridge: {{ bridge: sales, name: Sales West }} }} ] }} }}",
        reads + 1
    ));
    shot!("made_by_others", story.expect(0, "apply --auto-approve"));
    assert_eq!(story.writes(), [""; 0]);
}

/// Generation 2 does not say in a bridge who serves a number: everything that hints at it is read again before a disconnect.
#[test]
fn a_line_that_somebody_moved_to_another_provider_is_not_cut() {
    let story = Story::new(&world().replace("  knobs: { bridge_get: configuration_id }\n", ""));
    story.unpod("removed:\n  - { address: providers.old, id: '42' }\n");
    story.fault(
        "{ match: { method: GET, path: '*/bridges/sales/', nth: 2 }, effect: { foreign: [ { connect: { bridge: sales, number: '+14155550101', configuration: 43 } }, { connect: { bridge: sales, number: '+14155550102', configuration: 43 } } ] } }",
    );
    let ran = story.run(APPLY);
    assert_eq!((ran.code, story.writes()), (4, Vec::<String>::new()), "{}", ran.whole());
    ran.says("moved from provider configuration 42 to 43 since the plan");
}
