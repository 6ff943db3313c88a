//! Telnyx: numbers that connections of several kinds serve, and the addresses without which a connection takes no call.

use serde_json::{Value, json};

use crate::bench::Story;

const NORTH: &str = "1293384261075731401";
const GATE: &str = "1293384261075731402";
const ADDRESS: &str = "1293384261075731601";
const NUMBER: &str = "1293384261075731501";

/// A credential connection that serves a number, and an IP connection with one address.
fn world(knobs: &str) -> String {
    format!(
        "telnyx:
{knobs}  connections:
    - {{ id: '{NORTH}', connection_name: north, user_name: northdesk1, password: canary-north-1 }}
    - {{ id: '{GATE}', record_type: ip_connection, connection_name: gate, outbound: {{ ip_authentication_token: canary-token-1 }} }}
  ips:
    - {{ id: '{ADDRESS}', ip_address: 198.51.100.7, connection_id: gate }}
  phone_numbers:
    - {{ id: '{NUMBER}', phone_number: '+13125550101', connection_id: north }}
"
    )
}

fn story(knobs: &str) -> Story {
    Story::new(&world(knobs)).secret("NORTH", "canary-north-1")
}

const BOTH: &str = "credential_connections:\n  north: { connection_name: north, user_name: northdesk1, password: { env: NORTH } }\nip_connections:\n  gate: { connection_name: gate }\n";

/// Addresses of the IP connection by the last part of each.
fn addresses(of: &[(&str, &str)]) -> String {
    let one = |(name, last): &(&str, &str)| {
        format!("  {name}: {{ connection_id: ip_connections.gate, ip_address: 198.51.100.{last}, port: 5060 }}\n")
    };
    format!("ips:\n{}", of.iter().map(one).collect::<String>())
}

fn number(on: &str) -> String {
    format!("phone_numbers:\n  a: {{ phone_number: '+13125550101', connection: {on} }}\n")
}

/// Method and path of each step, without what it reads.
fn steps(plan: &Value) -> Vec<String> {
    let steps = plan["plan"]["steps"].as_array().unwrap().iter();
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let writes = steps.filter(|it| it["call"]["method"] != "GET");
    writes.map(|it| format!("{} {}", text(&it["call"]["method"]), text(&it["call"]["path"]))).collect()
}

fn effects(plan: &Value) -> Vec<&str> {
    plan["plan"]["impact"].as_array().unwrap().iter().map(|it| it["effect"].as_str().unwrap()).collect()
}

fn connection_of(story: &Story) -> Value {
    story.world()["telnyx"]["phone_numbers"][0]["connection_id"].clone()
}

/// Everything that is there is adopted, and nothing is written for it.
fn managed(on: &str, knobs: &str) -> Story {
    let story = story(knobs);
    if on == "gate" {
        story.sandbox.edit(|world| drop(world.telnyx.phone_numbers[0].insert("connection_id".to_owned(), GATE.into())));
    }
    story.telnyx(&format!("{BOTH}{}{}", addresses(&[("first", "7")]), number(on)));
    story.apply();
    assert_eq!(story.writes(), [""; 0]);
    story.in_sync();
    story.take_log();
    story
}

#[test]
fn a_number_moves_between_kinds_by_one_request() {
    let story = managed("north", "");
    story.telnyx(&format!("{BOTH}{}{}", addresses(&[("first", "7")]), number("ip_connections.gate")));
    let plan = story.checked_plan("");
    assert_eq!(steps(&plan), [format!("PATCH phone_numbers/{NUMBER}")]);
    assert_eq!(effects(&plan), ["moves"]);
    assert_eq!(plan["plan"]["impact"][0]["from"]["provider"], "credential_connections.north");
    assert_eq!(plan["plan"]["impact"][0]["to"]["provider"], "ip_connections.gate");
    story.apply();
    assert_eq!(connection_of(&story), GATE);
    story.in_sync();
    story.expect(0, "get phone_numbers --format json").says("ip_connections.gate");
    story.expect(0, "explain phone_numbers.a.connection").says("ip_connections.gate");
    story.expect(0, "rehearse");
    story.expect(0, "undo last --auto-approve");
    assert_eq!(connection_of(&story), NORTH);
    story.expect(0, "journal verify");
}

/// A new connection is made, then what its calls go to, and only then a number moves there; what is replaced goes last.
#[test]
fn a_connection_is_ready_before_a_number_moves_to_it() {
    let story = managed("north", "");
    let host = |teams: bool| {
        format!(
            "fqdn_connections:\n  pbx: {{ connection_name: pbx, microsoft_teams_sbc: {teams} }}\nfqdns:\n  main: {{ connection_id: fqdn_connections.pbx, fqdn: sip.example.com, dns_record_type: a, port: 5061 }}\n"
        )
    };
    let rest = || format!("{BOTH}{}{}", addresses(&[("first", "7")]), number("pbx"));
    story.telnyx(&format!("{}{}", host(false), rest()));
    let plan = story.checked_plan("");
    assert_eq!(steps(&plan), ["POST fqdn_connections", "POST fqdns", &format!("PATCH phone_numbers/{NUMBER}")]);
    assert_eq!(effects(&plan), ["moves"]);
    assert_eq!(plan["plan"]["steps"][1]["operation"]["key"]["connection_id"], "");
    assert_eq!(plan["plan"]["steps"][2]["waits_for"], json!(["s1", "s2"]));
    // The checker demands that.
    let mut hasty = plan.clone();
    hasty["plan"]["steps"][2]["waits_for"] = json!(["s1"]);
    hasty.as_object_mut().unwrap().remove("checksum");
    story.file("hasty.json", &hasty.to_string());
    story.expect(1, "verify hasty.json").says("has no destination before s2");
    story.apply();
    story.in_sync();
    // Back again: the number leaves first, then the host, then its connection.
    story.take_log();
    story.expect(0, "undo last --auto-approve --max-deletes 2");
    assert_eq!(connection_of(&story), NORTH);
    let undone = story.writes();
    let kinds: Vec<&str> = undone.iter().filter_map(|line| line.split('/').next()).collect();
    assert_eq!(kinds, ["PATCH phone_numbers", "DELETE fqdns", "DELETE fqdn_connections"]);
    story.apply();

    story.take_log();
    story.telnyx(&format!("{}{}", host(true), rest()));
    let plan = story.checked_plan("");
    let old = story.world()["telnyx"]["connections"][2]["id"].as_str().unwrap().to_owned();
    let host_id = story.world()["telnyx"]["fqdns"][0]["id"].as_str().unwrap().to_owned();
    let expected = [
        "POST fqdn_connections".to_owned(),
        "POST fqdns".to_owned(),
        format!("PATCH phone_numbers/{NUMBER}"),
        format!("DELETE fqdns/{host_id}"),
        format!("DELETE fqdn_connections/{old}"),
    ];
    assert_eq!(steps(&plan), expected);
    assert_eq!(effects(&plan), ["moves"]);
    story.expect(0, "apply --auto-approve --max-deletes 2");
    assert_ne!(connection_of(&story), old.as_str());
    story.in_sync();
    story.expect(0, "journal verify");
}

/// The last address of a connection: its numbers are dark, though nothing is taken off it.
#[test]
fn the_last_address_is_counted() {
    let story = managed("gate", "");
    story.telnyx(&format!("{BOTH}{}{}", addresses(&[("second", "8")]), number("gate")));
    let plan = story.checked_plan("");
    assert_eq!((steps(&plan).len(), effects(&plan)), (2, vec![]));
    story.telnyx(&format!("{BOTH}ips: {{}}\n{}", number("gate")));
    let plan = story.checked_plan("");
    assert_eq!(effects(&plan), ["dark"]);
    assert_eq!(plan["plan"]["impact"][0]["from"]["provider"], "ip_connections.gate");
    story.expect(3, "apply --auto-approve --max-deletes 1").says("1 number would go dark");
    // Without the numbers in the file, and with neither.
    story.telnyx(&format!("{BOTH}ips: {{}}\n"));
    story.expect(3, "plan --max-deletes 1").says("1 number would go dark");
    story.telnyx("ips: {}\n");
    story.expect(3, "plan --max-deletes 1").says("1 number would go dark");
    assert_eq!(story.writes(), [""; 0]);
    // It leaves with its connection only after the number has left.
    story.telnyx(&format!(
        "{}ips: {{}}\nip_connections: {{}}\n{}",
        BOTH.split("ip_connections").next().unwrap(),
        number("north")
    ));
    let plan = story.checked_plan("");
    let expected =
        [format!("PATCH phone_numbers/{NUMBER}"), format!("DELETE ips/{ADDRESS}"), format!("DELETE ip_connections/{GATE}")];
    assert_eq!((steps(&plan), effects(&plan)), (expected.to_vec(), vec!["moves"]));
    story.expect(0, "apply --auto-approve --max-deletes 2");
    story.in_sync();
}

/// A connection without any address takes no call: a number that moves there is dark.
#[test]
fn a_number_that_moves_to_a_connection_without_an_address_is_counted() {
    let story = managed("north", "");
    let bare = "fqdn_connections:\n  pbx: { connection_name: pbx }\n";
    story.telnyx(&format!("{bare}{BOTH}{}{}", addresses(&[("first", "7")]), number("pbx")));
    let plan = story.checked_plan("");
    assert_eq!(effects(&plan), ["dark", "moves"]);
    story.expect(3, "plan").says("1 number would go dark");
    // One that a file only refers to, too; the service lists no address of it.
    let story = self::story("");
    story.sandbox.edit(|world| {
        let row: Value = json!({ "id": "1293384261075731403", "record_type": "ip_connection", "connection_name": "empty" });
        world.telnyx.connections.push(row.as_object().unwrap().clone());
    });
    story.telnyx(&format!("existing:\n  ip_connections:\n    empty: {{ connection_name: empty }}\n{BOTH}{}", number("north")));
    story.apply();
    story.telnyx(&format!("existing:\n  ip_connections:\n    empty: {{ connection_name: empty }}\n{BOTH}{}", number("empty")));
    story.expect(3, "plan").says("1 number would go dark");
}

/// What is looked for below a connection is found there: a lost ledger makes nothing twice, and another connection's address is not
/// taken for it.
#[test]
fn an_address_is_found_below_its_connection() {
    for knobs in ["", "  knobs: { ids_as_numbers: true }\n", "  knobs: { fqdn_connection_id_number: true }\n"] {
        let story = story(knobs);
        let hosts = "fqdn_connections:\n  pbx: { connection_name: pbx }\n  spare: { connection_name: spare }\nfqdns:\n  main: { connection_id: fqdn_connections.pbx, fqdn: sip.example.com, dns_record_type: srv }\n  spare: { connection_id: fqdn_connections.spare, fqdn: sip.example.com, dns_record_type: srv }\n";
        let yaml = format!("{hosts}{BOTH}{}{}", addresses(&[("first", "7"), ("second", "8")]), number("north"));
        story.telnyx(&yaml);
        story.apply();
        story.in_sync();
        std::fs::remove_file(story.path(".telform/ledger.json")).unwrap();
        let plan = story.checked_plan("");
        assert_eq!(steps(&plan), [""; 0], "{knobs}");
        // A tombstone may name the connection by its address.
        let story = managed("north", "");
        story.telnyx(&format!(
            "{BOTH}{}removed:\n  - {{ address: ips.other, account: telnyx, connection_id: ip_connections.gate, ip_address: 198.51.100.9, port: 5060 }}\n",
            addresses(&[("first", "7")])
        ));
        story.expect(0, "plan").says("already deleted").says("no changes");
    }
}

/// The address that a connection tries first is set elsewhere: it is sent along, and that address is not deleted.
#[test]
fn the_default_address_is_kept() {
    let story = managed("gate", "");
    story.sandbox.edit(|world| {
        let inbound = world.telnyx.connections[1].get_mut("inbound").unwrap();
        inbound["default_primary_ip_id"] = ADDRESS.into();
        world.telnyx.knobs.nested_patch = telform::sandbox::NestedPatch::ReplaceWithNull;
    });
    let gate = "credential_connections:\n  north: { connection_name: north, user_name: northdesk1, password: { env: NORTH } }\nip_connections:\n  gate: { connection_name: gate, inbound: { channel_limit: 9 } }\n";
    story.telnyx(&format!("{gate}{}{}", addresses(&[("first", "7")]), number("gate")));
    story.checked_plan("");
    story.apply();
    let row = story.world()["telnyx"]["connections"][1].clone();
    assert_eq!((&row["inbound"]["channel_limit"], &row["inbound"]["default_primary_ip_id"]), (&json!(9), &json!(ADDRESS)));
    story.telnyx(&format!("{gate}{}{}", addresses(&[("second", "8")]), number("gate")));
    story.expect(3, "plan --max-deletes 1").says("ip_connections.gate (inbound.default_primary_ip_id)");
}

#[test]
fn a_name_that_two_kinds_have_is_written_whole() {
    let story = story("");
    let twice = BOTH.replace("  gate:", "  north:");
    story.telnyx(&format!("{twice}{}", number("north")));
    story.expect(1, "validate").says("`north` may be `credential_connections.north` or `ip_connections.north`");
    story.telnyx(&format!("{twice}{}", number("ip_connections.north")));
    story.expect(0, "validate");
    story.telnyx(&format!("{BOTH}{}", number("nort")));
    let said = story.expect(1, "validate");
    said.says("is not among the credential_connections or ip_connections or fqdn_connections").says("north");
    story.telnyx(&format!(
        "{BOTH}{}{}",
        addresses(&[("first", "7")]).replace("ip_connections.gate", "ip_connections.gat"),
        number("north")
    ));
    story.expect(1, "validate").says("gat");
}

/// What an application of another product serves is not unserved, and an undo does not say that it no longer exists.
#[test]
fn what_is_not_read_may_serve_a_number() {
    let other = "1293384261075731499";
    let story = story("");
    story.sandbox.edit(|world| {
        let row = json!({ "id": other, "record_type": "call_control_application", "connection_name": "robot" });
        world.telnyx.connections.push(row.as_object().unwrap().clone());
        world.telnyx.phone_numbers[0].insert("connection_id".to_owned(), other.into());
    });
    story.telnyx(&format!("{BOTH}{}", number("north")));
    let plan = story.checked_plan("");
    assert_eq!(effects(&plan), ["moves"]);
    assert_eq!(plan["plan"]["impact"][0]["from"]["provider"], format!("connection {other}"));
    story.apply();
    let said = story.expect(0, "undo last --plan");
    said.says(other).says("it may be of a kind that telform does not read");
    assert!(!said.stdout.contains(&format!("{other} no longer exists")), "{}", said.stdout);
    // From a connection of another kind, it goes back there.
    let story = managed("gate", "");
    story.telnyx(&format!(
        "credential_connections:\n  north: {{ connection_name: north, user_name: northdesk1, password: {{ env: NORTH }} }}\n{}",
        number("north")
    ));
    story.apply();
    assert_eq!(connection_of(&story), NORTH);
    story.expect(0, "undo last --auto-approve");
    assert_eq!(connection_of(&story), GATE);
}

/// What is adopted in a new folder is what is there.
#[test]
fn adopted_connections_and_addresses_read_back_as_they_are() {
    let story = managed("gate", "");
    let fresh = story.path("fresh");
    std::fs::create_dir(&fresh).unwrap();
    let set = format!("telnyx.base_url={}", story.sandbox.telnyx_url());
    story.expect(0, &format!("-C fresh init --account telnyx --token env:TELNYX_TOKEN --set {set} --adopt"));
    let read = |kind: &str| std::fs::read_to_string(fresh.join(format!("telform/telnyx-{kind}.yaml"))).unwrap();
    assert!(read("ips").contains("connection_id: \"ip_connections.gate\""), "{}", read("ips"));
    assert!(read("phone_numbers").contains("connection: \"ip_connections.gate\""), "{}", read("phone_numbers"));
    assert!(!read("ip_connections").contains("canary"), "{}", read("ip_connections"));
    story.sandbox.edit(|world| drop(world.telnyx.ips[0].insert("port".to_owned(), 5070.into())));
    story.expect(2, "drift").says("ips.first").says("port");
}

/// A number on a target that is closed, or that loses its last address, is cut off with the reason, and a rehearsal says from when.
#[test]
fn a_cut_without_a_disconnect_has_its_reason() {
    let closed = BOTH.replace("connection_name: gate", "connection_name: gate, active: false");
    let to_empty = format!("{BOTH}ips: {{}}\n{}", number("gate"));
    for (on, desired, reason) in [
        ("gate", format!("{closed}{}{}", addresses(&[("first", "7")]), number("gate")), "which then has `active: false`"),
        ("gate", to_empty.clone(), "which then has no IP address"),
        ("north", to_empty, "credential_connections.north -> ip_connections.gate, which has no IP address or"),
    ] {
        let story = managed(on, "");
        story.telnyx(&desired);
        let plan = story.run("plan --max-numbers-dark 1 --max-deletes 1");
        let flat = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains("1 number is cut off") && flat.contains(reason), "{flat}");
        assert!(!flat.contains("without a gap"), "{flat}");
        for format in ["markdown", "html"] {
            let shown = story.run(&format!("plan --max-numbers-dark 1 --max-deletes 1 --format {format}")).stdout;
            assert!(shown.contains("1 number is cut off") && !shown.contains("moved, without a gap"), "{shown}");
        }
        let rehearsed = story.expect(0, "rehearse --max-numbers-dark 1 --max-deletes 1");
        assert_eq!(rehearsed.stdout.matches("on: this run does not connect it again").count(), 1, "{}", rehearsed.stdout);
        rehearsed.is_silent_about("never").is_silent_about("its disconnect");
    }
}

/// A map whose keys the tables do not keep together is written once, and every attribute is adopted.
#[test]
fn each_map_of_an_adopted_connection_is_written_once() {
    let story = story("");
    story.sandbox.edit(|world| {
        let north = &mut world.telnyx.connections[0];
        north.insert("inbound".to_owned(), json!({ "simultaneous_ringing": "enabled", "codecs": ["G722"] }));
        north.insert("active".to_owned(), true.into());
        let gate = &mut world.telnyx.connections[1];
        gate.insert("inbound".to_owned(), json!({ "sip_region": "Europe", "codecs": ["G722"] }));
        gate.insert("outbound".to_owned(), json!({ "ip_authentication_method": "token", "localization": "CA" }));
    });
    let fresh = story.path("fresh");
    std::fs::create_dir(&fresh).unwrap();
    let set = format!("telnyx.base_url={}", story.sandbox.telnyx_url());
    let ran = story.expect(0, &format!("-C fresh init --account telnyx --token env:TELNYX_TOKEN --set {set} --adopt"));
    ran.is_silent_about("appears twice").is_silent_about("active: not written");
    for kind in ["credential_connections", "ip_connections"] {
        let text = std::fs::read_to_string(fresh.join(format!("telform/telnyx-{kind}.yaml"))).unwrap();
        for line in ["    inbound:", "    active: true"] {
            assert_eq!(text.lines().filter(|it| *it == line).count(), 1, "{line} in {text}");
        }
        assert!(!text.contains("# active") && !text.contains("# inbound"), "{text}");
    }
}

/// A create below a new connection that got no answer is settled by reading, and is not sent again.
#[test]
fn a_lost_answer_below_a_new_connection_is_settled() {
    let story = managed("north", "");
    story.fault("{ match: { service: telnyx, method: POST, path: '*/fqdns' }, when: after, effect: cut }");
    let host = "fqdn_connections:\n  pbx: { connection_name: pbx }\nfqdns:\n  main: { connection_id: fqdn_connections.pbx, fqdn: sip.example.com, dns_record_type: a }\n";
    story.telnyx(&format!("{host}{BOTH}{}{}", addresses(&[("first", "7")]), number("pbx")));
    story.expect(0, "apply --auto-approve");
    let hosts = story.world()["telnyx"]["fqdns"].as_array().unwrap().len();
    assert_eq!(hosts, 1, "{:#?}", story.writes());
    story.in_sync();
}
