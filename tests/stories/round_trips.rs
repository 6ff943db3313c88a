//! What `get` prints as CSV is what `for_each` takes: a plan over it changes nothing.

use crate::bench::Story;
use crate::gets::{accounts, hostile, managed};

/// An entry that makes one for each row of a table, from all of its columns.
fn for_each(story: &Story, kind: &str, key: &str, file: &str) -> String {
    let table = story.read(file);
    let head = table.lines().next().unwrap();
    let lines = head.split(',').filter(|column| *column != key).map(|column| format!("    {column}: \"${{{column}}}\"\n"));
    format!("{kind}:\n  \"${{{key}}}\":\n    for_each: {file}\n{}", lines.collect::<String>())
}

/// The objects that a plan is about.
fn declared(story: &Story) -> usize {
    let json = story.expect(0, "validate --json").json();
    json["objects"].as_object().unwrap().values().filter_map(serde_json::Value::as_u64).sum::<u64>() as usize
}

#[test]
fn partners_and_providers() {
    let story = managed();
    story.expect(0, "get partners -o csv=partners.csv");
    story.expect(0, "get providers -o csv=providers.csv");
    let bridges =
        "bridges:\n  front: { account: phones, slug: sales, name: Sales, numbers: { '+14155550101': { provider: main } } }\n";
    let tables = [("partners", "partners.csv"), ("providers", "providers.csv")];
    let tables = tables.map(|(kind, file)| for_each(&story, kind, "entry", file)).concat();
    accounts(&story, &format!("{bridges}{tables}"));
    assert_eq!(declared(&story), 5);
    story.expect(0, "plan --detailed-exitcode").says("Plan: no changes");
    story.expect(0, "apply --auto-approve");
    assert_eq!(story.writes(), [""; 0]);
    // Everything is managed now, under the names that the table has.
    let again = story.expect(0, "get partners -o csv").stdout;
    assert_eq!(again, story.read("partners.csv"));
    story.expect(0, "get partners --columns address -o csv --where managed=managed").says("partners.acme-east");
}

#[test]
fn texts_that_a_spreadsheet_would_run() {
    let story = hostile();
    story.expect(0, "get partners -o csv=partners.csv").says("left empty");
    story.carrierx(&for_each(&story, "partners", "entry", "partners.csv"));
    story.expect(0, "plan --detailed-exitcode").says("Plan: no changes");
    story.expect(0, "apply --auto-approve");
    assert_eq!(story.writes(), [""; 0]);
}

/// The table keeps the names of connected numbers, and a changed cell moves one.
#[test]
fn numbers() {
    let story = managed();
    let rest = "
providers:
  main: { account: phones, provider: twilio, account_sid: AC41 }
  spare: { account: phones, provider: plivo, account_sid: MA42 }
bridges:
  front: { account: phones, slug: sales, name: Sales }
  help: { account: phones, slug: support, name: Support }
partners:
  west: { account: people, login: acme-west, zip: '01234' }
";
    accounts(&story, rest);
    story.expect(0, "apply --auto-approve");
    story.expect(0, "get numbers --where number!=*0102 -o csv=numbers.csv");
    let rows = "number,bridge,provider\n+14155550101,front,main\n+14155550103,help,spare\n+14155550104,,\n";
    assert_eq!(story.read("numbers.csv"), rows, "a free number is a row, too, and makes no entry");
    let entries = for_each(&story, "numbers", "number", "numbers.csv");
    accounts(&story, &format!("{rest}{entries}"));
    story.expect(0, "plan --detailed-exitcode").says("Plan: no changes");
    story.expect(0, "apply --auto-approve");
    assert_eq!(story.writes(), [""; 0]);
    story.file("numbers.csv", &story.read("numbers.csv").replace("0103,help,spare", "0103,front,main"));
    story.expect(0, "apply --auto-approve");
    story.expect(0, "get numbers --where number!=*0102 --where provider!= -o csv=numbers.csv");
    assert_eq!(story.read("numbers.csv"), "number,bridge,provider\n+14155550101,front,main\n+14155550103,front,main\n");
    // A managed number whose provider is emptied is cut off, under the guards.
    story.file("numbers.csv", &story.read("numbers.csv").replace("0101,front,main", "0101,front,"));
    story.expect(3, "plan").says("1 number would go dark");
}

/// The entries that `get` writes declare what is there.
#[test]
fn entries() {
    let story = managed();
    let mut yaml = story.expect(0, "get providers partners -o yaml").stdout;
    yaml.push_str(
        "bridges:\n  front: { account: phones, slug: sales, name: Sales, numbers: { '+14155550101': { provider: main } } }\n",
    );
    accounts(&story, &yaml);
    story.expect(0, "plan --detailed-exitcode").says("Plan: no changes");
}
