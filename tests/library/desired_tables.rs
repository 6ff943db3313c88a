//! `for_each`: the entries that tables make are those that would have been written out, and their places are cells.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use telform::config::desired::{self, LoadedConfig};
use telform::config::problem::{Problems, render_problems};
use telform::model::resource::Address;
use telform::text::defuse_cell;

const ACCOUNTS: &str = "version: 1\naccounts:\n  cx: { api: carrierx, token: { env: CX } }\n  \
                        un: { api: unpod, org_handle: acme.example, token: { env: UN } }\n";

/// A folder with files, read as a whole or in part.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|(name, text)| folder.write(name, text));
        folder
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn load(&self, names: &[&str]) -> Result<LoadedConfig, Problems> {
        let names: Vec<PathBuf> = names.iter().map(PathBuf::from).collect();
        desired::load_in(self.0.path(), &names)
    }

    fn good(&self, names: &[&str]) -> LoadedConfig {
        self.load(names).unwrap_or_else(|problems| panic!("{}", render_problems(&problems, false, 100)))
    }

    fn bad(&self) -> String {
        let problems = self.load(&["telform.yaml"]).map(|_| ()).unwrap_err();
        render_problems(&problems, false, 100)
    }
}

/// What an entry comes to, without the places of its values.
fn objects(loaded: &LoadedConfig) -> BTreeMap<Address, String> {
    let content = |object: &telform::model::resource::DesiredObject| {
        let mut object = object.clone();
        object.location = Default::default();
        object.locations = Default::default();
        object.sourced_values.iter_mut().for_each(|value| value.location = Default::default());
        object.numbers.iter_mut().flat_map(|it| it.values_mut()).for_each(|number| number.location = Default::default());
        let mut attributes: Vec<String> = object.attributes.iter().map(|(name, value)| format!("{name} {value:?}")).collect();
        attributes.sort();
        object.attributes = Default::default();
        format!("{object:?} {attributes:?}")
    };
    loaded.desired.objects.iter().map(|(address, object)| (address.clone(), content(object))).collect()
}

fn place(loaded: &LoadedConfig, address: &str, attribute: &str) -> String {
    loaded.desired.objects[&Address::parse(address).unwrap()].locations.get(attribute).unwrap().to_string()
}

#[test]
fn a_table_makes_the_entries_that_would_be_written_out() {
    let whole = format!(
        "{ACCOUNTS}
defaults: {{ partners: {{ company_name: Acme, country_code: USA }} }}
partners:
  acme-west: {{ login: acme-west, name: \"West, \\\"Coast\\\"\", zip: '01234', prepay_amount: '4.50', password: {{ env: ACME_WEST_PASSWORD }},
    callbacks: {{ inbound_mt_sms_url: 'https://hooks.example/west' }}, lifecycle: {{ prevent_delete: true }} }}
  acme-east: {{ login: acme-east, name: '${{code}} costs $5', zip: '90804', password: {{ env: ACME_EAST_PASSWORD }}, lifecycle: {{ prevent_delete: false }} }}
providers:
  tw-west: {{ provider: twilio, account_sid: ACwest, auth_token: {{ env: TW_WEST }} }}
  tw-east: {{ provider: twilio, account_sid: ACeast, auth_token: {{ env: TW_EAST }} }}
bridges:
  b-west: {{ slug: west, name: West, numbers: {{ '+14155550101': {{ provider: tw-west }} }} }}
  b-east: {{ slug: east, name: East, numbers: {{ '+14155550102': {{ provider: tw-east }} }} }}
"
    );
    // The template language of another tool is refused outside an entry with `for_each`.
    let whole = whole.replace("${code} costs", "$ {code} costs");
    let made = format!(
        "{ACCOUNTS}
defaults: {{ partners: {{ company_name: Acme, country_code: USA }} }}
partners:
  \"acme-${{code}}\":
    for_each: {{ file: tables/all.csv, ignore: [number, title] }}
    login: \"acme-${{code}}\"
    name: \"${{name}}\"
    zip: \"${{zip}}\"
    prepay_amount: \"${{money}}\"
    password: {{ env: \"ACME_${{code|upper}}_PASSWORD\" }}
    callbacks: {{ inbound_mt_sms_url: \"${{hook}}\" }}
    lifecycle: {{ prevent_delete: \"${{protected}}\" }}
providers:
  \"tw-${{code}}\":
    for_each: tables/all.csv
    provider: twilio
    account_sid: \"AC${{code}}\"
    auth_token: {{ env: \"TW_${{code|upper}}\" }}
bridges:
  \"b-${{code}}\":
    for_each: tables/all.csv
    slug: \"${{code}}\"
    name: \"${{title}}\"
    numbers: {{ \"${{number}}\": {{ provider: \"tw-${{code}}\" }} }}
"
    );
    let folder = Folder::new(&[("whole.yaml", &whole), ("telform.yaml", &made)]);
    let table = "code;name;zip;money;hook;protected;number;title\r\n\
                 west;\"West, \"\"Coast\"\"\";01234;4.50;https://hooks.example/west;TRUE;+14155550101;West\r\n\
                 east;$ {code} costs $5;90804;;;false;'+14155550102;East\r\n;;;;;;;\r\n";
    folder.write("tables/all.csv", format!("\u{feff}{table}"));
    let (whole, made) = (folder.good(&["whole.yaml"]), folder.good(&["telform.yaml"]));
    assert_eq!(objects(&whole), objects(&made));
    for (attribute, wanted) in [
        ("zip", "tables/all.csv:3:24"),
        ("login", "tables/all.csv:3:1"),
        ("password", "telform.yaml:14:5"),
        ("company_name", "telform.yaml:6:25"),
    ] {
        assert_eq!(place(&made, "partners.acme-east", attribute), wanted, "{attribute}");
    }
    let object = &made.desired.objects[&Address::new("partners", "acme-west")];
    assert_eq!(object.location.to_string(), "tables/all.csv:2:1");
    assert!(object.locations.get("prepay_amount").is_some());
    // What the table says is a part of the configuration.
    folder.write("tables/all.csv", table.replace("01234", "01235"));
    assert_ne!(folder.good(&["telform.yaml"]).digest, made.digest);
}

#[test]
fn what_is_empty_is_not_mentioned() {
    let yaml = format!(
        "{ACCOUNTS}partners:\n  \"${{code}}\":\n    for_each:\n      - {{ code: a, zip: '', city: ~, hook: '' }}\n      - {{ code: b, zip: '1', hook: 'https://h.example' }}\n    \
         login: \"${{code}}\"\n    zip: \"${{zip}}\"\n    city: \"${{city}}\"\n    name: \"Name ${{city}}\"\n    \
         callbacks: {{ inbound_mt_sms_url: \"${{hook}}\" }}\n"
    );
    let loaded = Folder::new(&[("telform.yaml", &yaml)]).good(&["telform.yaml"]);
    let names = |name: &str| {
        let object = &loaded.desired.objects[&Address::new("partners", name)];
        let mut names: Vec<&str> = object.attributes.keys().copied().collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names("a"), ["login", "name"]);
    assert_eq!(names("b"), ["callbacks", "login", "name", "zip"]);
}

#[test]
fn a_table_without_rows_mentions_its_kind() {
    let yaml = format!("{ACCOUNTS}partners:\n  \"${{code}}\": {{ for_each: none.csv, login: \"${{code}}\" }}\n");
    let loaded = Folder::new(&[("telform.yaml", &yaml), ("none.csv", "code\n\n")]).good(&["telform.yaml"]);
    assert!(loaded.desired.objects.is_empty() && loaded.desired.kinds.contains("partners"));
}

#[test]
fn accounts_tombstones_and_renames_come_from_tables() {
    let yaml = "version: 1\naccounts:\n  \"org-${code}\":\n    for_each: { file: orgs.json, ignore: [note] }\n    api: unpod\n    \
                org_handle: \"${code}.example\"\n    requests_per_minute: \"${rate}\"\n    token: { env: \"T_${code|upper}\" }\n\
                providers: {}\n\
                removed:\n  - { for_each: gone.csv, address: \"providers.${name}\", account: \"org-${code}\", reason: \"${why}\" }\n\
                moved:\n  - { for_each: [{ old: x, new: y }], from: \"accounts.${old}\", to: \"accounts.org-${new}\" }\n  \
                - { from: accounts.z, to: accounts.org-a }\n";
    let folder = Folder::new(&[
        ("telform/telform.yaml", yaml),
        ("telform/orgs.json", "[{\"code\": \"a\", \"rate\": 30, \"note\": null}, {\"code\": \"y\", \"rate\": null}]"),
        ("telform/gone.csv", "name,code,why\none,a,ended\ntwo,y,\"ended, too\"\n"),
    ]);
    let loaded = folder.good(&["telform"]);
    assert_eq!(loaded.desired.accounts.keys().collect::<Vec<_>>(), ["org-a", "org-y"]);
    assert_eq!(loaded.desired.accounts["org-a"].requests_per_minute, Some(30));
    assert_eq!(loaded.desired.accounts["org-y"].requests_per_minute, None);
    let removed: Vec<String> = loaded.desired.removed.iter().map(|it| format!("{} {}", it.address, it.location)).collect();
    assert_eq!(removed.len(), 2, "{removed:?}");
    assert_eq!(loaded.desired.removed[1].reason.as_deref(), Some("ended, too"));
    assert_eq!(loaded.desired.moved_accounts.len(), 2);
}

#[test]
fn numbers_and_existing_objects_come_from_tables() {
    let yaml = format!(
        "{ACCOUNTS}numbers:\n  \"${{number}}\": {{ for_each: numbers.csv, bridge: \"${{bridge}}\", provider: shared-tw }}\n\
         bridges: {{ sales: {{ slug: sales, name: Sales }} }}\n\
         existing:\n  providers:\n    \"${{name}}\":\n      for_each: [{{ name: shared-tw, sid: AC1 }}]\n      provider: twilio\n      account_sid: \"${{sid}}\"\n"
    );
    let folder =
        Folder::new(&[("telform.yaml", &yaml), ("numbers.csv", "number,bridge\n+14155550101,sales\n'+14155550102,sales\n")]);
    let loaded = folder.good(&["telform.yaml"]);
    assert_eq!(loaded.desired.number_entries.len(), 2);
    // A spreadsheet drops the plus.
    folder.write("numbers.csv", "number,bridge\n14155550101,sales\n");
    let text = folder.bad();
    assert!(text.contains("row 2, column `number`") && text.contains("begin with `+`"), "{text}");
}

#[test]
fn a_list_in_a_folder_is_a_table_and_no_file_of_its_own() {
    let yaml =
        format!("{ACCOUNTS}partners:\n  \"${{code}}\": {{ for_each: lists/p.yaml, login: \"${{code}}\", zip: \"${{zip}}\" }}\n");
    let list = "# Who they are\n- { code: a, zip: '01234' }\n- code: b\n";
    let folder = Folder::new(&[("telform/all.yaml", &yaml), ("telform/lists/p.yaml", list)]);
    let loaded = folder.good(&["telform"]);
    assert_eq!(loaded.desired.objects.len(), 2);
    assert_eq!(place(&loaded, "partners.a", "zip"), "telform/lists/p.yaml:2:19");
    // One that no entry names is a file, and not one of telform's.
    folder.write("telform/lists/q.yaml", list);
    assert!(folder.load(&["telform"]).is_err());
}

#[test]
fn an_overlay_overrides_what_a_table_made_and_makes_no_key_twice() {
    let base = format!(
        "{ACCOUNTS}partners:\n  \"${{code}}\": {{ for_each: p.csv, login: \"${{code}}\", zip: \"${{zip}}\", city: Base }}\n"
    );
    let over = "overlay: true\npartners:\n  \"${code}\": { for_each: over.csv, zip: \"${zip}\" }\n  b: { city: Over }\n";
    let folder = Folder::new(&[
        ("base.yaml", &base),
        ("over.yaml", over),
        ("p.csv", "code,zip\na,1\nb,2\nc,3\n"),
        ("over.csv", "code,zip\na,11\nc,33\n"),
    ]);
    let loaded = folder.good(&["base.yaml", "over.yaml"]);
    let value = |name: &str, attribute: &str| {
        format!("{:?}", loaded.desired.objects[&Address::new("partners", name)].attributes[&attribute])
    };
    assert!(value("a", "zip").contains("11") && value("a", "city").contains("Base"));
    assert!(value("b", "zip").contains('2') && value("b", "city").contains("Over"));
    assert_eq!(place(&loaded, "partners.c", "zip"), "over.csv:3:3");
    folder.write("over.csv", "code,zip\na,11\nb,22\n");
    let problems = folder.load(&["base.yaml", "over.yaml"]).map(|_| ()).unwrap_err();
    let text = render_problems(&problems, false, 100);
    assert!(text.contains("telform::table::doubled_key") && text.contains("`b` is created twice"), "{text}");
}

#[cfg(unix)]
#[test]
fn no_link_leads_to_a_table() {
    let yaml = format!("{ACCOUNTS}partners:\n  \"${{code}}\": {{ for_each: tables/p.csv, login: \"${{code}}\" }}\n");
    let folder = Folder::new(&[("telform.yaml", &yaml), ("real/p.csv", "code\na\n")]);
    std::os::unix::fs::symlink("real", folder.0.path().join("tables")).unwrap();
    assert!(folder.bad().contains("is behind a link, and telform does not follow links"));
    fs::remove_file(folder.0.path().join("tables")).unwrap();
    fs::create_dir(folder.0.path().join("tables")).unwrap();
    std::os::unix::fs::symlink("../real/p.csv", folder.0.path().join("tables/p.csv")).unwrap();
    assert!(folder.bad().contains("is behind a link, and telform does not follow links"));
}

#[test]
fn sizes_are_bounded() {
    let yaml = format!("{ACCOUNTS}partners:\n  \"${{code}}\": {{ for_each: p.csv, login: \"${{code}}\" }}\n");
    let folder = Folder::new(&[("telform.yaml", &yaml)]);
    let file = fs::File::create(folder.0.path().join("p.csv")).unwrap();
    file.set_len(64 * 1024 * 1024 + 1).unwrap();
    assert!(folder.bad().contains("the table `p.csv` is larger than 64 MiB"));
    let mut wrong = "code\n".to_owned();
    (0..5_000).for_each(|_| wrong.push_str("x,y\n"));
    folder.write("p.csv", &wrong);
    assert!(folder.bad().contains("the table has more than 1000 errors"));
}

/// Characters that mean something to CSV, YAML or templates, and some that do not.
const SPECIAL: [&str; 18] = [",", ";", "\t", "\"", "'", "$", "{", "}", "|", ":", "#", "-", " ", "\n", "é", "日", "a", "7"];

fn cell() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(SPECIAL.to_vec()), 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Any cells, in any dialect of a table and as JSON, make what YAML with the same texts in quotes says.
    #[test]
    fn expansion_is_writing_out(
        cells in prop::collection::vec((cell(), cell()), 1..6),
        separator in prop::sample::select(vec![',', ';', '\t']),
        end in prop::sample::select(vec!["\n", "\r\n"]),
    ) {
        let quoted = |text: &str| serde_json::to_string(text).unwrap();
        let (mut csv, mut json, mut written) = (format!("n{separator}name{separator}city{end}"), Vec::new(), String::new());
        for (row, (name, city)) in cells.iter().enumerate() {
            // As an export does, so that no cell becomes a formula.
            let escape = |text: &str| format!("\"{}\"", defuse_cell(text).replace('"', "\"\""));
            write!(csv, "{row}{separator}{}{separator}{}{end}", escape(name), escape(city)).unwrap();
            json.push(serde_json::json!({ "n": row.to_string(), "name": name, "city": city }));
            let line = |key: &str, text: &str| if text.is_empty() { String::new() } else { format!(", {key}: {}", quoted(text)) };
            writeln!(written, "  p-{row}: {{ login: p-{row}{}{}, address1: {} }}", line("name", name), line("city", city), quoted(&format!("<{name}>"))).unwrap();
        }
        let made = |from: &str| format!(
            "{ACCOUNTS}partners:\n  \"p-${{n}}\": {{ for_each: {from}, login: \"p-${{n}}\", name: \"${{name}}\", city: \"${{city}}\", address1: \"<${{name}}>\" }}\n"
        );
        let options = format!("{{ file: p.csv, separator: {} }}", quoted(&separator.to_string()));
        let folder = Folder::new(&[
            ("p.csv", &csv),
            ("p.json", &serde_json::to_string(&json).unwrap()),
            ("csv.yaml", &made(&options)),
            ("json.yaml", &made("p.json")),
            ("written.yaml", &format!("{ACCOUNTS}partners:\n{written}")),
        ]);
        match folder.load(&["written.yaml"]) {
            Ok(written) => {
                prop_assert_eq!(objects(&written), objects(&folder.good(&["csv.yaml"])));
                prop_assert_eq!(objects(&written), objects(&folder.good(&["json.yaml"])));
                prop_assert_eq!(folder.good(&["csv.yaml"]).digest, folder.good(&["csv.yaml"]).digest);
            }
            // The same problems, at other places.
            Err(problems) => {
                let codes = |problems: &Problems| {
                    let mut codes: Vec<&str> = problems.iter().map(|problem| problem.code).collect();
                    codes.sort_unstable();
                    codes.dedup();
                    codes
                };
                for name in ["csv.yaml", "json.yaml"] {
                    let made = folder.load(&[name]).map(|_| ()).unwrap_err();
                    prop_assert_eq!(codes(&problems), codes(&made), "{}", name);
                }
            }
        }
    }
}

/// A path that is not one of the machine's.
#[test]
fn nothing_is_quoted_from_a_file_that_is_not_the_table() {
    let yaml = format!("{ACCOUNTS}partners:\n  \"${{code}}\": {{ for_each: secret.csv, login: \"${{code}}\" }}\n");
    let folder = Folder::new(&[("telform.yaml", &yaml), ("secret.csv", "hunter2,hunter2;hunter2\nhunter2\n")]);
    let text = folder.bad();
    assert!(!text.contains("hunter2"), "{text}");
    folder.write("secret.csv", "hunter2\n\"hunter2\n");
    let text = folder.bad();
    assert!(!text.contains("hunter2"), "{text}");
    assert!(Path::new("secret.csv").is_relative());
}
