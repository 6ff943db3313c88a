//! A service that this crate does not know, added from outside: a program of two lines that is telform with voice mailboxes.
//! The test runs that program, which is this executable itself, against a small server.
//!
//! It has its own `main` because services are added before anything else is used, and no other test may see them.

use std::path::Path;
use std::process::{Command, ExitCode, Output};

use telform::model::kind::{
    AccountSetting, AttributeType, CollectionListing, Field, Kind, Next, Normaliser, PageWords, SentIn, ServiceTable, SettingType,
};
use telform::services::{self, Service};
use telform::verify::facts;

mod gates;
mod links;
mod references;
mod server;
mod trunks;

use server::Server;

/// Set for the program, and not for the test.
const IS_PROGRAM: &str = "VOICEBOX_PROGRAM";

static VOICEBOX: ServiceTable = ServiceTable::new("voicebox", "Voicebox", "https://voicebox.example")
    .kinds(&[&MAILBOXES, &GREETINGS, &links::MENUS, &links::CONTACTS])
    .settings(SETTINGS);

/// What its accounts state: one setting of each type, sent in each way.
const SETTINGS: &[AccountSetting] = &[
    AccountSetting::new("workspace", SettingType::Text)
        .required("the name of its workspace")
        .sent(SentIn::Header("x-workspace"))
        .examples(&["desk"])
        .doc("Whose mailboxes they are."),
    AccountSetting::new("edition", SettingType::Choice(&[1, 3]))
        .required("the edition of its API")
        .sent(SentIn::Path)
        .doc("Which edition answers."),
    AccountSetting::new("tags", SettingType::Texts).sent(SentIn::Query("tag")).examples(&["a"]).doc("Sent with every call."),
    AccountSetting::new("traced", SettingType::Switch).sent(SentIn::Header("x-traced")).doc("Whether calls are traced."),
];

/// Mailboxes, listed by page number.
static MAILBOXES: Kind = Kind::new("mailboxes", "mailbox", "voicebox.md 1")
    .at("v1/mailboxes", "v1/mailboxes/{id}")
    .numeric_id()
    .found_by(&["extension"])
    .list(CollectionListing::Pages { size: 2, largest: None, words: PageWords::DEFAULT })
    .fields(
        &[
            Field::new("extension", AttributeType::Text)
                .required()
                .create_only()
                .compared_as(Normaliser::Digits)
                .doc("Number that it answers; the natural key.", "voicebox.md 1"),
            Field::new("name", AttributeType::Text).required().doc("Who it belongs to.", "voicebox.md 1"),
            Field::new("pin", AttributeType::Secret).required().doc("Digits that open it; never read back.", "voicebox.md 1"),
            Field::new("active", AttributeType::Bool).doc("Whether it answers.", "voicebox.md 1"),
            Field::new("notify", AttributeType::List).doc("Addresses that get a mail.", "voicebox.md 1"),
            Field::new("created_at", AttributeType::Text).read_only().doc("When it was made.", "voicebox.md 1"),
        ],
        &[],
    )
    .connected()
    .order(4, 6);

/// Greetings, listed page after page.
static GREETINGS: Kind = Kind::new("greetings", "greeting", "voicebox.md 2")
    .at("v1/greetings", "v1/greetings/{id}")
    .numeric_id()
    .found_by(&["title"])
    .list(CollectionListing::Cursor { size: ("limit", 2), rows: "items", next: Next::Cursor { key: "next", sent_as: "after" } })
    .fields(
        &[
            Field::new("title", AttributeType::Text).required().create_only().doc("Its name.", "voicebox.md 2"),
            Field::new("text", AttributeType::Text).required().doc("What is read to callers.", "voicebox.md 2"),
            Field::new("mailbox_id", AttributeType::Reference("mailboxes")).doc("The mailbox that takes over.", "voicebox.md 2"),
            Field::new("read_to", AttributeType::List).elements_refer_to("contacts").doc("Who hears it.", "voicebox.md 2"),
        ],
        &[],
    )
    .order(5, 5);

/// What the independent checker knows of it.
static FACTS: facts::ServiceFacts = facts::ServiceFacts {
    api: "voicebox",
    generations: &[],
    kinds: &[
        facts::KindFacts { name: "menus", collections: &["v1/menus"], keys: &[&["title"]], ..facts::KIND },
        facts::KindFacts {
            name: "greetings",
            collections: &["v1/greetings"],
            keys: &[&["title"]],
            references: &[
                facts::ReferenceFacts { attribute: "mailbox_id", part: None, kind: "mailboxes", numeric: true },
                facts::ReferenceFacts { attribute: "read_to", part: None, kind: "contacts", numeric: true },
            ],
            ..facts::KIND
        },
        facts::KindFacts {
            name: "mailboxes",
            collections: &["v1/mailboxes"],
            keys: &[&["extension"]],
            digits: &["extension"],
            ..facts::KIND
        },
        facts::KindFacts { name: "contacts", collections: &["v1/contacts"], keys: &[&["name"]], ..facts::KIND },
    ],
    links: Some(&links::MENU_FACTS),
};

const TESTS: &[(&str, fn())] = &[
    ("a_service_from_outside_the_crate_is_planned_applied_and_checked", everything),
    ("objects_name_each_other_by_numbers_in_lists_and_through_replacements", references::names_by_numbers_and_in_lists),
    ("numbers_of_a_menu_are_connected_and_moved_by_posts", links::numbers_of_a_menu_are_connected_and_moved_by_posts),
    ("lines_are_moved_by_one_patch_and_are_never_dark", links::lines_are_moved_by_one_patch_and_are_never_dark),
    ("a_box_is_deleted_after_its_lines_have_left_it", links::a_box_is_deleted_after_its_lines_have_left_it),
    ("a_killed_run_of_moves_is_finished", links::a_killed_run_of_moves_is_finished),
    ("keys_of_a_map_are_owned_one_by_one", trunks::keys_of_a_map_are_owned_one_by_one),
    ("a_gate_takes_calls_only_with_a_host", gates::a_gate_takes_calls_only_with_a_host),
    ("dids_are_adopted_and_released", trunks::dids_are_adopted_and_released),
    (
        "a_listing_by_links_is_followed_and_kept_to_its_own_server",
        links::a_listing_by_links_is_followed_and_kept_to_its_own_server,
    ),
];

/// The program, or the test as `cargo test` and `cargo nextest` call one.
fn main() -> ExitCode {
    if std::env::var_os(IS_PROGRAM).is_some() {
        let linebox = Service::new(&links::LINEBOX).checked_by(&links::LINEBOX_FACTS);
        let trunkbox = Service::new(&trunks::TRUNKBOX).checked_by(&trunks::FACTS);
        services::add(&[Service::new(&VOICEBOX).checked_by(&FACTS), linebox, trunkbox]).expect("the first use of the crate");
        return telform::cli::main();
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    if has("--list") {
        if !has("--ignored") {
            TESTS.iter().for_each(|(name, _)| println_line(&format!("{name}: test")));
        }
        return ExitCode::SUCCESS;
    }
    let filters: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    for (name, test) in TESTS {
        if filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str())) {
            test();
            println_line(&format!("test {name} ... ok"));
        }
    }
    ExitCode::SUCCESS
}

fn println_line(line: &str) {
    use std::io::Write;
    writeln!(std::io::stdout(), "{line}").expect("standard output");
}

/// Runs the program in a folder; panics with what it said where it does not end so.
fn telform(folder: &Path, arguments: &str, exit: i32) -> Output {
    telform_with(folder, &[], arguments, Some(exit))
}

/// The same in this environment; where no exit is named, it may end in any way.
fn telform_with(folder: &Path, environment: &[(&str, &str)], arguments: &str, exit: Option<i32>) -> Output {
    let program = std::env::current_exe().expect("this executable");
    let mut command = Command::new(program);
    command.env_clear().env(IS_PROGRAM, "1").env("TELFORM_TEST_PAUSE_MS", "20").env("HOME", folder).current_dir(folder);
    command.envs(environment.iter().copied());
    command.args(arguments.split(' ')).args(["--non-interactive", "--ledger", "ledger.json"]);
    let output = command.output().expect("it runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(exit.is_none() || output.status.code() == exit, "telform {arguments}: {:?}\n{out}{err}", output.status);
    output
}

fn everything() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let server = Server::start();
    let address = server.address();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file");
    let yaml_with = |settings: &str, objects: &str| {
        write(
            "telform.yaml",
            &format!(
                "version: 1\naccounts:\n  voice: {{ api: voicebox, base_url: \"http://{address}\", token: {{ file: token }}{settings} }}\nguards: {{ max_deletes: 1 }}\n{objects}"
            ),
        );
    };
    let yaml = |objects: &str| yaml_with(", workspace: desk, edition: 3, tags: [a, b&c], traced: true", objects);
    write("token", server::TOKEN);
    write("pin", "4711");
    let greetings =
        "greetings:\n  a: { title: A, text: Hello }\n  b: { title: B, text: Good day }\n  c: { title: C, text: Bye }\n";
    let boxes: String = (100..105)
        .map(|extension| {
            format!("  box{extension}: {{ extension: \"{extension}\", name: Desk {extension}, pin: {{ file: pin }} }}\n")
        })
        .collect();
    yaml(&format!("mailboxes:\n{boxes}{greetings}"));
    telform(folder, "validate", 0);
    telform(folder, "plan --detailed-exitcode", 2);
    assert_eq!(server.writes(), [""; 0], "planning writes nothing");
    telform(folder, "apply --auto-approve", 0);
    assert_eq!(server.writes().len(), 8, "five mailboxes and three greetings");
    // The second listing has three pages of mailboxes and two of greetings, and all of it is found again.
    telform(folder, "plan --detailed-exitcode", 0);

    // One mailbox changes, one is deleted, and a secret is rotated.
    write("pin", "0815");
    let boxes = boxes.replace("Desk 104", "Reception").replacen("  box100", "# box100", 1);
    yaml(&format!("mailboxes:\n{boxes}{greetings}"));
    telform(folder, "apply --auto-approve", 0);
    let sent = server.writes();
    assert_eq!(sent.len(), 5, "{sent:?}");
    assert!(sent.contains(&"PATCH /v1/mailboxes/5 [\"name\",\"pin\"]".to_owned()), "{sent:?}");
    assert_eq!(sent.last().map(String::as_str), Some("DELETE /v1/mailboxes/1 []"));
    telform(folder, "plan --detailed-exitcode", 0);
    telform(folder, "doctor", 0);
    telform(folder, "journal verify", 0);
    telform(folder, "docs mailboxes", 0);

    // Every request carried the settings of its account.
    assert_eq!(server.carried(), [server::CARRIED]);

    // A setting that is missing, misspelt or of another type is refused at its place, before any request.
    for (settings, at, code) in [
        (", edition: 3", "voice:", "missing"),
        (", workspace: desk", "voice:", "missing"),
        (", worksapce: desk, edition: 3", "worksapce", "unknown_key"),
        (", workspace: a b, edition: 3", "a b", "handle"),
        (", workspace: desk, edition: 2", "2 }", "wrong_type"),
        (", workspace: desk, edition: 3, tags: a", "a }", "wrong_type"),
        (", workspace: desk, edition: 3, traced: 1", "1 }", "wrong_type"),
    ] {
        yaml_with(settings, "mailboxes: {}\n");
        let text = std::fs::read_to_string(folder.join("telform.yaml")).expect("the file");
        let column = text.lines().nth(2).and_then(|line| line.rfind(at)).expect("the place") + 1;
        let said = String::from_utf8_lossy(&telform(folder, "plan", 1).stderr).into_owned();
        assert!(said.contains(&format!("telform.yaml:3:{column}]")), "{settings}: {said}");
        assert!(said.contains(&format!("telform::yaml::{code}")), "{settings}: {said}");
    }
    assert_eq!(server.carried(), [""; 0], "nothing was asked");
    yaml(&format!("mailboxes:\n{boxes}{greetings}"));

    // There is no simulator of it, and no other one stands in.
    let alone = folder.join("alone");
    std::fs::create_dir(&alone).expect("a folder");
    for name in ["telform.yaml", "token", "pin"] {
        std::fs::copy(folder.join(name), alone.join(name)).expect("a copy");
    }
    std::fs::write(alone.join("world.yaml"), "{}\n").expect("a file");
    let refused = telform(&alone, "plan --sandbox world.yaml", 1);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("telform::sandbox::no_simulator") && said.contains("Voicebox"), "{said}");

    // `init` knows it from its table.
    let fresh = folder.join("fresh");
    std::fs::create_dir(&fresh).expect("a folder");
    std::fs::write(fresh.join("token"), server::TOKEN).expect("a file");
    let set = format!("--set voicebox.base_url=http://{address} --set voicebox.workspace=desk --set voicebox.edition=3");
    telform(&fresh, &format!("init --account voicebox --token file:token {set} --set voicebox.tags=a,b&c --adopt"), 0);
    let drafted = std::fs::read_to_string(fresh.join("telform/voicebox-mailboxes.yaml")).expect("a draft");
    assert!(drafted.contains("name: \"Reception\""), "{drafted}");
}
