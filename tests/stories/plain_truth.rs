//! What an outsider found untrue in what telform says of numbers, of objects that exist, and of files that cannot be read.

use crate::bench::Story;
use crate::partners::{verified, west};
use crate::telnyx::{OUT, connection, managed, numbers, whole};

/// One bridge with two numbers at two providers, one that is not to have its number, and a free number.
const WORLD: &str = "
unpod:
  configurations:
    - { id: 41, provider: twilio, account_sid: AC41 }
    - { id: 42, provider: plivo, account_sid: MA42 }
  numbers: [ { number: '+14155550102' }, { number: '+14155550103' }, { number: '+14155550104' }, { number: '+14155550105' } ]
  bridges:
    - { slug: sales, name: Sales, numbers: { '+14155550102': 41 } }
    - { slug: fax, name: Fax, numbers: { '+14155550103': 42 } }
    - { slug: old, name: Old }
";
const PROVIDERS: &str = "
providers:
  main: { provider: twilio, account_sid: AC41 }
  spare: { provider: plivo, account_sid: MA42 }
";

fn entries(fax: &str, numbers: &[(&str, &str)]) -> String {
    let lines = numbers.iter().map(|(last, by)| format!("  \"+1415555010{last}\": {{ bridge: sales, provider: {by} }}\n"));
    let lines: String = lines.collect();
    format!("{PROVIDERS}bridges:\n  sales: {{ slug: sales, name: Sales }}\n{fax}numbers:\n{lines}")
}

const NO_FAX: &str = "  fax: { slug: fax, numbers: {} }\n";

#[test]
fn the_part_that_is_applied_despite_a_refusal_has_only_what_it_carries_out() {
    let story = Story::new(WORLD);
    story.unpod(&entries(NO_FAX, &[("5", "main"), ("2", "spare")]));
    story.expect(3, "plan").says("except 1 number that nothing serves");
    story.expect(3, "rehearse").is_silent_about("own_plan");
    let explained = story.expect(0, "explain numbers.+14155550105");
    explained
        .says("connects it despite the refusals")
        .is_silent_about("so it is not applied")
        .is_silent_about("no number in unpod");
    story.take_log();
    story.expect(5, "apply --auto-approve").says("Applied in part: 1 write");
    let writes = story.writes();
    assert_eq!(writes.len(), 1, "{writes:#?}");
    assert!(writes[0].contains("connect-provider") && writes[0].contains("+14155550105"), "{writes:#?}");
}

#[test]
fn a_number_has_its_two_keys_and_both_spellings() {
    let story = Story::new(WORLD);
    story.unpod(&entries("", &[("2", "main"), ("5", "main")]));
    story.apply();
    for name in ["numbers.+14155550105", "numbers.\"+14155550105\""] {
        for key in ["", ".provider", ".bridge"] {
            story.expect(0, &format!("explain {name}{key}")).says("connected by telform at");
            story.expect(0, &format!("journal blame {name}{key}")).says("nothing -> providers.main").is_silent_about(".numbers.");
        }
        let wrong = story.expect(1, &format!("explain {name}.other"));
        wrong.says("numbers have bridge, provider").is_silent_about("did you mean");
    }
    story.expect(0, "explain numbers.+14155550102").says("managed since").is_silent_about("by telform at");
    story.expect(0, "ledger show numbers.+14155550105").says("connected");
}

#[test]
fn a_free_number_is_explained_as_free() {
    let story = Story::new(WORLD);
    story.unpod(&entries("", &[("2", "main")]));
    for name in ["+14155550104", "numbers.+14155550104"] {
        story.expect(0, &format!("explain {name}")).says("free, nothing serves it");
    }
    story.expect(1, "explain +14155550199").says("nothing that was read shows it");
}

#[test]
fn a_rename_is_followed_before_it_is_applied() {
    let story = Story::new(WORLD);
    story.unpod(&entries("", &[("2", "main")]));
    story.apply();
    story.unpod(&entries("", &[("2", "main")]).replace("sales:", "sales2:").replace("bridge: sales", "bridge: sales2"));
    let explained = story.expect(0, "explain bridges.sales");
    explained.says("the YAML calls this object bridges.sales2").is_silent_about("already deleted");
}

#[test]
fn what_is_released_exists() {
    let story = managed("");
    let one = "phone_numbers:\n  a: { phone_number: '+13125550101', connection: north }\n";
    story.telnyx(&whole(&[connection("north", OUT)], one));
    let explained = story.expect(0, "explain phone_numbers.b");
    explained
        .says("released: no longer managed")
        .says("found by its id")
        .says("telform never deletes one of this kind")
        .is_silent_about("already deleted");
    story.expect(0, "explain +13125550102").says("phone_numbers.b").is_silent_about("unmanaged");
}

#[test]
fn what_serves_a_number_is_shown_as_the_yaml_has_it() {
    let story = managed("");
    let explained = story.expect(0, "explain phone_numbers.a.connection");
    explained.says("by one PATCH").says("\"credential_connections.north\", at").is_silent_about("{\"+1");
}

#[test]
fn an_empty_map_is_only_advised_where_it_would_delete() {
    let story = verified("");
    story.carrierx(&west(""));
    story.apply();
    story.carrierx("");
    story.expect(0, "plan").says("1 of partners: partners.west").is_silent_about("would delete");
    story.carrierx_with("partner_delete: true, ", "");
    story.expect(0, "plan").says("`partners: {}` would");
}

#[test]
fn bridges_that_are_not_declared_are_counted_before_and_after_a_cut() {
    let story = Story::new(WORLD);
    story.unpod("providers: {}\nremoved: [ { address: providers.x, id: '42' } ]\n");
    let options = "--max-deletes 9 --max-numbers-dark 9 --max-delete-percent 100";
    story.expect(0, &format!("plan {options}")).says("3 bridges in unpod");
    story.expect(0, &format!("apply --auto-approve {options}"));
    story.expect(0, "plan").says("3 bridges in unpod");
}

#[test]
fn adopting_again_and_by_another_name_says_what_is_so() {
    let story = verified("");
    story.carrierx(&west(""));
    story.expect(1, "adopt partners.other west").says("the partner with the login west has the partner_sid");
    story.apply();
    let sid = story.ledger()["objects"]["partners.west"]["id"].as_str().unwrap().to_owned();
    story.expect(0, &format!("adopt partners.west {sid}")).says("is managed already").is_silent_about("Adopted");
    story.expect(1, "adopt numbers.+14155550101 +14155550101").says("a number is not adopted");
}

#[test]
fn the_wiring_names_the_provider_of_each_number() {
    let story = Story::new(WORLD);
    story.unpod(&entries("", &[("2", "spare"), ("5", "main")]));
    let wiring = story.expect(0, "graph --show wiring --format mermaid");
    wiring.says("until now, by providers.main").says("by providers.spare").says("\"by providers.main\"");
}

#[test]
fn wrong_files_are_explained() {
    let story = Story::new(WORLD);
    for (text, says) in [
        ("version: 1\naccounts:\n\tmain: {}\n", "indent with spaces"),
        ("version: 1\nproviders:\n  a: {}\n   b: {}\n", "in the same column"),
        ("version: 1\nbridges: {}\nledger: ftp://x/y\n", "telform.yaml:3:9"),
        ("version: 1\nbridges: {}\nledger: s3://bucket\n", "add its path after the bucket"),
        ("version: 1\nguards: { max_deletes: -1 }\n", "this is less than 0"),
        ("version: 1\nremoved: [ { address: providers } ]\n", "add the name of the entry: providers.NAME"),
    ] {
        story.file("telform.yaml", text);
        story.expect(1, "validate").says(says).is_silent_about("did you mean `providers`");
    }
    std::fs::write(story.path("telform.yaml"), b"version: 1\nbridges: {\xe9}\n").unwrap();
    story.expect(1, "validate").says("telform.yaml:2:11").says("save the file as UTF-8");
    story.expect(1, "validate --format github").says("line=2,col=11");
    std::fs::write(story.path("telform.yaml"), b"\xff\xfev\0e\0").unwrap();
    story.expect(1, "validate").says("UTF-16");
    story.unpod(&format!("{PROVIDERS}bridges: {{}}\nnumbers:\n  \"+14155550102\": {{ bridge: t, provider: b }}\n  \"14155550103\": {{ bridge: t, provider: b }}\n"));
    story.expect(1, "validate").says("`t` is not among the bridges").says("`b` is not among the providers").says("no `+`");
    story.file("no.plan", "version: 1\n");
    story.expect(1, "verify no.plan").says("it is not a telform plan: it is not JSON");
    let output = story.command("rehearse").args(["--fault", "{ foo: 1 }"]).output().unwrap();
    story.ran("rehearse --fault", &output).says("unknown field `foo`").says("line 1, column 3");
}

#[test]
fn a_reference_names_the_kinds_that_its_attribute_takes() {
    let story = managed("");
    let ip = |to: &str| format!("ips:\n  one: {{ connection_id: {to}, ip_address: 198.51.100.7, port: 5060 }}\n");
    for (to, says) in [
        ("ip_connections.nope", "`nope` is not among the ip_connections"),
        ("north", "`north` is one of the credential_connections, and `connection_id` names one of the ip_connections"),
    ] {
        story.telnyx(&format!("{}{}", whole(&[connection("north", OUT)], &numbers("north", "north")), ip(to)));
        story.expect(1, "validate").says(says).is_silent_about("or fqdn_connections");
    }
}

#[test]
fn a_digest_has_the_form_of_one() {
    let story = Story::new(WORLD);
    story.unpod(PROVIDERS);
    story.take_log();
    story.expect(1, "apply --auto-approve --expect foo").says("64 hexadecimal digits");
    assert_eq!(story.take_log(), [""; 0]);
}

#[test]
fn a_plan_of_the_sandbox_is_not_applied_to_the_services() {
    let story = Story::new(WORLD);
    story.unpod(&entries("", &[("5", "main")]));
    story.file("world.yaml", WORLD);
    story.expect(0, "plan --sandbox world.yaml --out p.plan");
    story.take_log();
    story.expect(1, "apply p.plan --auto-approve").says("add `--sandbox WORLD.yaml`");
    assert_eq!(story.take_log(), [""; 0]);
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_at_the_question_says_that_it_cancels() {
    let story = Story::new(WORLD);
    story.unpod(&entries("", &[("5", "main")]));
    let mut terminal = crate::terminal::Terminal::sized(80);
    let mut child = terminal.runs(&story, "apply");
    assert!(terminal.until(|text| text.ends_with("cancel: ")), "{}", terminal.text());
    terminal.types("\u{3}");
    terminal.until(|_| false);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(terminal.text().contains("Cancelled; nothing of this plan was written."), "{}", terminal.text());
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn notes_are_about_the_rows_that_are_shown() {
    let story = Story::new(WORLD);
    story.unpod(&entries("", &[("2", "main"), ("5", "main")]));
    story.apply();
    story.expect(0, "get numbers --where bridge=").is_silent_about("+14155550105").is_silent_about("+14155550102");
}
