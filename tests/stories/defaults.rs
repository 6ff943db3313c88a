//! Lines that entries share: one line changes all of them, and every place that is shown is the line that has the last word.

use std::fmt::Write;

use crate::bench::Story;

/// What all partners have in common, but for the street.
const COMMON: [(&str, &str); 5] = [
    ("company_name", "Acme"),
    ("country_code", "USA"),
    ("zip", "'01234'"),
    ("phonenumber", "'15162065574'"),
    ("payment_type", "postpay"),
];

fn common(street: &str, separator: &str) -> String {
    let lines = COMMON.into_iter().chain([("address1", street)]);
    lines.map(|(name, value)| format!("{name}: {value}{separator}")).collect()
}

/// Twelve partners, in the world and in the YAML: with defaults or written out.
struct Twelve {
    story: Story,
}

impl Twelve {
    fn new() -> Self {
        let mut world = "carrierx:\n  partners:\n".to_owned();
        for n in 0..12 {
            let own = format!("partner_sid: 3f0c6a52-8b1e-4a37-9d55-0c2be1a7f{n:03}, login: p{n}, name: P{n}");
            writeln!(world, "    - {{ {own}, owner_email: p{n}@acme.example, {} }}", common("Old", ", ")).unwrap();
        }
        Self { story: Story::new(&world).secret("PASS", "canary-pass-71") }
    }

    fn with_defaults(&self, street: &str, one: &str) {
        let common = common(street, "\n    ");
        let mut yaml = format!("defaults:\n  partners:\n    {common}password: {{ env: PASS }}\npartners:\n");
        for n in 0..12 {
            let more = if n == 3 { one } else { "" };
            writeln!(yaml, "  p{n}: {{ login: p{n}, name: P{n}, owner_email: p{n}@acme.example{more} }}").unwrap();
        }
        self.story.carrierx(&yaml);
    }

    fn written_out(&self, street: &str) {
        let mut yaml = "partners:\n".to_owned();
        for n in 0..12 {
            let (own, common) = (format!("login: p{n}, name: P{n}, owner_email: p{n}@acme.example"), common(street, ", "));
            writeln!(yaml, "  p{n}: {{ {own}, {common}password: {{ env: PASS }} }}").unwrap();
        }
        self.story.carrierx(&yaml);
    }

    fn digest(&self) -> String {
        let ran = self.story.run("plan --json --max-update-percent 100");
        assert_eq!(ran.code, 0, "{}", ran.whole());
        ran.json()["digest"].as_str().unwrap().to_owned()
    }
}

#[test]
fn one_line_changes_all_of_them() {
    let twelve = Twelve::new();
    let story = &twelve.story;
    twelve.with_defaults("Old", "");
    story.expect(0, "apply --auto-approve").says("Notices (12)");
    assert_eq!(story.writes(), [""; 0]);
    twelve.with_defaults("New", "");
    story.expect(3, "plan").says("100 % of the managed partners would be updated");
    // The same plan as of the same entries written out.
    let digest = twelve.digest();
    twelve.written_out("New");
    assert_eq!(twelve.digest(), digest);
    twelve.with_defaults("New", "");
    story.expect(0, "apply --auto-approve --max-update-percent 100").says("12 writes");
    story.expect(0, "plan --detailed-exitcode");
    assert_eq!(story.writes().len(), 12);
}

#[test]
fn an_entry_has_the_last_word_and_its_line_is_named() {
    let twelve = Twelve::new();
    let story = &twelve.story;
    twelve.with_defaults("Old", ", address1: Own");
    story.expect(0, "apply --auto-approve --target partners.p3").says("address1");
    let yaml = story.read("telform.yaml");
    let line_of = |part: &str| 1 + yaml.lines().position(|line| line.contains(part)).unwrap();
    let place = |line: usize| format!("telform.yaml:{line}");
    story.expect(0, "explain partners.p3").says(&place(line_of("address1: Own"))).says(&place(line_of("zip:")));
    story.expect(0, "explain partners.p4").says(&place(line_of("address1: Old")));
    // Null clears it for one, and is not filled up again.
    twelve.with_defaults("Old", ", address1: null");
    story.expect(0, "apply --auto-approve --target partners.p3");
    assert!(
        story.sandbox.world().carrierx.partners.iter().any(|it| it.fields["login"] == "p3" && it.fields["address1"].is_null())
    );
}

#[test]
fn drift_of_one_is_not_accepted_into_the_line_of_all() {
    let twelve = Twelve::new();
    let story = &twelve.story;
    twelve.with_defaults("Old", "");
    story.expect(0, "apply --auto-approve");
    let before = story.read("telform.yaml");
    story.sandbox.edit(|world| {
        let third = world.carrierx.partners.iter_mut().find(|it| it.fields["login"] == "p3").unwrap();
        third.fields.insert("address1".to_owned(), "By hand".into());
    });
    let ran = story.run("drift --accept");
    assert_eq!(story.read("telform.yaml"), before, "{}", ran.whole());
    ran.says("shares this line and would change too; write the value into the entry itself");
}
