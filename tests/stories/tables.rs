//! `for_each` and `-f -`: entries from tables are planned, shown, guarded and refused like entries that are written out.

use std::fmt::Write;
use std::fs::File;

use crate::bench::{Ran, Story};

/// Twelve partners in the world, and a table of them.
pub(crate) fn twelve() -> Story {
    let mut world = "carrierx:\n  partners:\n".to_owned();
    let mut table = "code,mail,zip\n".to_owned();
    for n in 0..12 {
        let own = format!("partner_sid: 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f{n:03}, login: acme-p{n}, name: Partner p{n}");
        let rest = "company_name: Acme, country_code: USA, phonenumber: '15162065574', payment_type: postpay";
        writeln!(world, "    - {{ {own}, owner_email: p{n}@acme.example, zip: '01234', {rest} }}").unwrap();
        writeln!(table, "p{n},p{n}@acme.example,01234").unwrap();
    }
    let story = Story::new(&world);
    story.file("partners.csv", &table);
    story.carrierx(ENTRY);
    story
}

const ENTRY: &str = r#"partners:
  "acme-${code}":
    for_each: partners.csv
    login: "acme-${code}"
    name: "Partner ${code}"
    owner_email: "${mail}"
    zip: "${zip}"
    company_name: Acme
    password: { env: "ACME_${code|upper}_PASSWORD" }
"#;

/// The same entries without a table.
fn written_out(story: &Story) {
    let mut yaml = "partners:\n".to_owned();
    for line in story.read("partners.csv").lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let (code, mail, zip) = (cells[0], cells[1], cells[2]);
        writeln!(
            yaml,
            "  acme-{code}: {{ login: acme-{code}, name: Partner {code}, owner_email: {mail}, zip: '{zip}', company_name: Acme, \
             password: {{ env: ACME_{}_PASSWORD }} }}",
            code.to_uppercase()
        )
        .unwrap();
    }
    story.carrierx(&yaml);
}

fn digest(story: &Story) -> String {
    let ran = story.expect(0, "plan --json --max-update-percent 100");
    ran.json()["digest"].as_str().unwrap().to_owned()
}

/// Runs with a file as standard input.
fn with_input(story: &Story, args: &str, file: &str) -> Ran {
    let output = story.command(args).stdin(File::open(story.path(file)).unwrap()).output().unwrap();
    story.ran(args, &output)
}

#[test]
fn the_plan_is_that_of_the_entries_written_out() {
    let story = twelve();
    story.expect(0, "apply --auto-approve").says("Notices (12)");
    assert_eq!(story.writes(), [""; 0]);
    story.file("partners.csv", &story.read("partners.csv").replace("01234", "90804"));
    let made = digest(&story);
    written_out(&story);
    assert_eq!(digest(&story), made);
    story.carrierx(ENTRY);
    story.expect(0, "apply --auto-approve --target partners.acme-p1*").says("3 writes");
    story.expect(0, "apply --auto-approve --max-update-percent 100").says("9 writes");
    story.expect(0, "plan --detailed-exitcode");
}

#[test]
fn the_place_of_a_value_is_its_cell() {
    let story = twelve();
    story.expect(0, "apply --auto-approve");
    story.expect(0, "explain partners.acme-p3").says("partners.csv:5:20").says("telform.yaml:");
    // One row is no line of all of them.
    let (yaml, table) = (story.read("telform.yaml"), story.read("partners.csv"));
    story.sandbox.edit(|world| {
        let third = world.carrierx.partners.iter_mut().find(|it| it.fields["login"] == "acme-p3").unwrap();
        third.fields.insert("zip".to_owned(), "99999".into());
        third.fields.insert("name".to_owned(), "By hand".into());
        third.fields.insert("company_name".to_owned(), "By hand".into());
    });
    let ran = story.run("drift --accept");
    ran.says("its value comes from a row of a table; write it there").says("shares this line and would change too");
    assert_eq!((story.read("telform.yaml"), story.read("partners.csv")), (yaml, table));
    story.expect(2, "drift").says("partners.csv:5:20");
}

#[test]
fn a_problem_of_a_cell_names_row_column_and_entry() {
    let story = twelve();
    story.file("partners.csv", &story.read("partners.csv").replace("p7@acme.example,01234", "p7@acme.example,4.41E+11"));
    let ran = story.expect(1, "validate");
    ran.says("partners.csv:9:20").says("(row 9, column `zip`, entry `acme-${code}`)").says("changed by a spreadsheet");
    let ran = story.expect(1, "validate --format json");
    let problem = &ran.json()["problems"][0];
    assert_eq!((&problem["file"], &problem["line"], &problem["column"]), (&"partners.csv".into(), &9.into(), &20.into()));
    assert!(story.take_log().is_empty());
}

/// Three providers and a table of them.
fn three() -> Story {
    let mut world = "unpod:\n  configurations:\n".to_owned();
    for n in 1..=3 {
        writeln!(world, "    - {{ id: {n}, provider: twilio, account_sid: AC{n}, auth_token: t{n} }}").unwrap();
    }
    let story = Story::new(&world);
    story.file("providers.csv", "n\n1\n2\n3\n");
    story.unpod("providers: { \"tw-${n}\": { for_each: providers.csv, provider: twilio, account_sid: \"AC${n}\" } }\n");
    story
}

#[test]
fn a_row_that_is_removed_is_a_delete_under_its_guard() {
    let story = three();
    story.expect(0, "apply --auto-approve").says("Notices (3)");
    story.file("providers.csv", "n\n1\n3\n");
    story.expect(3, "plan").says("providers.tw-2").says("max_deletes");
    // A table without rows mentions its kind: all of it is to be deleted.
    story.file("providers.csv", "n\n");
    story.expect(3, "plan").says("providers.tw-1").says("providers.tw-3");
    story.expect(3, "apply --auto-approve");
    assert_eq!(story.writes(), [""; 0]);
}

#[test]
fn standard_input_is_a_configuration() {
    let story = twelve();
    let yaml = story.read("telform.yaml");
    std::fs::rename(story.path("telform.yaml"), story.path("piped")).unwrap();
    // Relative paths start from the current folder.
    let ran = with_input(&story, "apply --auto-approve -f -", "piped");
    assert_eq!(ran.code, 0, "{}", ran.whole());
    ran.says("Notices (12)");
    // JSON is YAML.
    let base = story.sandbox.carrierx_url();
    let json = serde_json::json!({
        "version": 1,
        "accounts": { "carrierx": { "api": "carrierx", "base_url": base, "token": { "env": "CARRIERX_TOKEN" } } },
        "partners": { "acme-p1": { "login": "acme-p1", "zip": "90804" } },
    });
    story.file("json", &json.to_string());
    let ran = with_input(&story, "plan -f - --target partners.acme-p1", "json");
    assert_eq!(ran.code, 0, "{}", ran.whole());
    ran.says("90804");
    let ran = with_input(&story, "apply -f - --target partners.acme-p1", "json");
    assert_eq!(ran.code, 1, "{}", ran.whole());
    ran.says("standard input is the configuration, so it cannot also give the answer").says("--auto-approve");
    let ran = with_input(&story, "apply -f - --auto-approve --target partners.acme-p1", "json");
    assert_eq!(ran.code, 0, "{}", ran.whole());
    story.file("bad", &yaml.replace("company_name", "company"));
    let ran = with_input(&story, "validate -f -", "bad");
    assert_eq!(ran.code, 1, "{}", ran.whole());
    ran.says("<stdin>:").says("unknown key `company`");
    story.file("nothing", "");
    let ran = with_input(&story, "validate -f -", "nothing");
    assert_eq!(ran.code, 1, "{}", ran.whole());
    ran.says("<stdin>: error[telform::file::empty]");
}

#[test]
fn nothing_is_written_into_standard_input() {
    let story = twelve();
    std::fs::rename(story.path("telform.yaml"), story.path("piped")).unwrap();
    with_input(&story, "apply --auto-approve -f -", "piped");
    story.sandbox.edit(|world| {
        let third = world.carrierx.partners.iter_mut().find(|it| it.fields["login"] == "acme-p3").unwrap();
        third.fields.insert("company_name".to_owned(), "By hand".into());
    });
    with_input(&story, "drift --accept -f -", "piped").says("it was read from standard input; change the program that writes it");
    let id = "3f0c6a52-8b1e-4a37-9d55-0c2be1a7f003";
    let ran = with_input(&story, &format!("adopt partners.other {id} -f -"), "piped");
    assert_eq!(ran.code, 1, "{}", ran.whole());
    ran.says("the configuration comes from standard input").says("--out");
}

/// Each row lacks what only a create needs, and that is said a few times, not twelve.
#[test]
fn equal_notes_are_counted() {
    let story = twelve();
    story.carrierx(&ENTRY.replace("    password: { env: \"ACME_${code|upper}_PASSWORD\" }\n", ""));
    let ran = story.expect(0, "validate");
    assert_eq!(ran.stderr.matches("note[telform::yaml::partial]: `acme-p").count(), 3, "{}", ran.stderr);
    ran.says("note[telform::yaml::partial]: 9 more like these; `telform validate --json` lists them");
    assert_eq!(story.expect(0, "validate --json").json()["problems"].as_array().unwrap().len(), 12);
}
