//! Links of services that this crate does not know, in both ways of making them: voicebox connects the numbers of a menu by a
//! POST below the menu; linebox PATCHes the line itself. And a listing in which each page holds the address of the next one.

use std::path::Path;

use serde_json::{Map, Value};
use telform::model::kind::{
    AttributeType, CollectionListing, Detach, Field, Kind, Link, LinkEntry, LinkRequests, LinkRoles, Next, NumberParameter,
    ServiceTable,
};
use telform::model::resource::ServedBy;
use telform::verify::facts;

use crate::server::{self, NextLink, Server};
use crate::telform_with;

/// Menus, whose numbers are served by mailboxes.
pub(crate) static MENUS: Kind = Kind::new("menus", "menu", "voicebox.md 3")
    .at("v1/menus", "v1/menus/{id}")
    .numeric_id()
    .found_by(&["title"])
    .fields(
        &[
            Field::new("title", AttributeType::Text).required().create_only().doc("Its name.", "voicebox.md 3"),
            Field::new("numbers", AttributeType::Numbers).doc("Numbers, each with its mailbox.", "voicebox.md 3"),
        ],
        &[],
    )
    .link(&MENU_LINK)
    .order(6, 4);

static MENU_ROLES: LinkRoles = LinkRoles::new("menus", "numbers", &["mailboxes"]).entry(&LinkEntry {
    kind: "menu_numbers",
    singular: "number",
    holder: "menu",
    target: "mailbox",
});

static MENU_LINK: Link = Link::new(
    &MENU_ROLES,
    LinkRequests::PostToHolder {
        connect: "v1/menus/{id}/connect",
        disconnect: "v1/menus/{id}/disconnect",
        number: NumberParameter::E164("number"),
        served_by: numbers_of_menu,
    },
    "mailbox_id",
);

/// `{"numbers": {"+14155550101": 7}}`.
fn numbers_of_menu(row: &Map<String, Value>) -> Result<std::collections::BTreeMap<String, ServedBy>, &'static str> {
    let numbers = row.get("numbers").and_then(Value::as_object).ok_or("it has no `numbers`")?;
    Ok(numbers.iter().map(|(number, by)| (number.clone(), ServedBy::exact(by.to_string()))).collect())
}

/// What the independent checker knows of these links.
pub(crate) static MENU_FACTS: facts::Links = facts::Links {
    holder: "menus",
    members: "numbers",
    targets: &["mailboxes"],
    entry: Some(facts::LinkEntry { kind: "menu_numbers", holder: "menu", target: "mailbox" }),
    requests: facts::LinkRequests::Post { connect: "v1/menus/{id}/connect", disconnect: "v1/menus/{id}/disconnect" },
    bodies: &[facts::LinkBody {
        target: "mailbox_id",
        numeric: true,
        member: facts::MemberKey::Text("number"),
        taken_along: None,
    }],
};

/// Contacts: each page holds the address of the next one.
pub(crate) static CONTACTS: Kind = Kind::new("contacts", "contact", "voicebox.md 4")
    .at("v1/contacts", "v1/contacts/{id}")
    .numeric_id()
    .found_by(&["name"])
    .list(CollectionListing::Cursor { size: ("limit", 2), rows: "items", next: Next::Link { key: "next" } })
    .fields(
        &[
            Field::new("name", AttributeType::Text).required().doc("Their name.", "voicebox.md 4"),
            Field::new("region", AttributeType::Text).replace_on_change().doc("Where they are.", "voicebox.md 4"),
        ],
        &[],
    )
    .order(4, 7);

/// A service whose numbers say themselves what serves them.
pub(crate) static LINEBOX: ServiceTable =
    ServiceTable::new("linebox", "Linebox", "https://linebox.example").kinds(&[&BOXES, &LINES]);

static BOXES: Kind = Kind::new("boxes", "box", "linebox.md 1")
    .at("v1/boxes", "v1/boxes/{id}")
    .numeric_id()
    .found_by(&["name"])
    .fields(&[Field::new("name", AttributeType::Text).required().create_only().doc("Its name.", "linebox.md 1")], &[])
    .connected()
    .order(8, 9);

static LINES: Kind = Kind::new("lines", "line", "linebox.md 2")
    .at("v1/lines", "v1/lines/{id}")
    .numeric_id()
    .found_by(&["number"])
    .fields(
        &[
            Field::new("number", AttributeType::Text).required().create_only().doc("In E.164.", "linebox.md 2"),
            Field::new("label", AttributeType::Text).doc("For people.", "linebox.md 2"),
            Field::new("box_id", AttributeType::ServedBy).doc("The box that takes its calls.", "linebox.md 2"),
        ],
        &[],
    )
    .link(&LINE_LINK)
    .order(9, 8);

static LINE_ROLES: LinkRoles = LinkRoles::new("lines", "box_id", &["boxes"]);

static LINE_LINK: Link =
    Link::new(&LINE_ROLES, LinkRequests::PatchMember { path: "v1/lines/{id}", number: "number", detach: Detach::Null }, "box_id");

pub(crate) static LINEBOX_FACTS: facts::ServiceFacts = facts::ServiceFacts {
    api: "linebox",
    generations: &[],
    kinds: &[
        facts::KindFacts { name: "lines", collections: &["v1/lines"], keys: &[&["number"]], ..facts::KIND },
        facts::KindFacts { name: "boxes", collections: &["v1/boxes"], keys: &[&["name"]], ..facts::KIND },
    ],
    links: Some(&facts::Links {
        holder: "lines",
        members: "box_id",
        targets: &["boxes"],
        entry: None,
        requests: facts::LinkRequests::Patch { member: "v1/lines/{id}", off: &[None] },
        bodies: &[facts::LinkBody { target: "box_id", numeric: true, member: facts::MemberKey::Unnamed, taken_along: None }],
    }),
};

/// A folder with the YAML of one account, and the server behind it.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
    pub(crate) server: Server,
    api: &'static str,
}

impl Desk {
    pub(crate) fn new(api: &'static str) -> Self {
        let desk = Self { folder: tempfile::tempdir().expect("a folder"), server: Server::start(), api };
        desk.write("token", server::TOKEN);
        desk.write("pin", "4711");
        desk
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect("a file");
    }

    pub(crate) fn yaml(&self, objects: &str) {
        self.yaml_with(if self.api == "voicebox" { ", workspace: desk, edition: 3" } else { "" }, objects);
    }

    /// With these settings of the account.
    pub(crate) fn yaml_with(&self, settings: &str, objects: &str) {
        let (api, address) = (self.api, self.server.address());
        let account = format!("{{ api: {api}, base_url: \"http://{address}\", token: {{ file: token }}{settings} }}");
        self.write("telform.yaml", &format!("version: 1\naccounts:\n  desk: {account}\n{objects}"));
    }

    pub(crate) fn run(&self, arguments: &str, exit: i32) -> String {
        self.run_with(&[], arguments, exit)
    }

    fn run_with(&self, environment: &[(&str, &str)], arguments: &str, exit: i32) -> String {
        let output = telform_with(self.path(), environment, arguments, Some(exit));
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }

    /// What `init --adopt` writes about the objects of a kind.
    pub(crate) fn draft(&self, api: &str, kind: &str) -> String {
        let fresh = self.path().join("fresh");
        std::fs::create_dir(&fresh).expect("a folder");
        std::fs::write(fresh.join("token"), server::TOKEN).expect("a file");
        let set = format!("{api}.base_url=http://{}", self.server.address());
        telform_with(&fresh, &[], &format!("init --account {api} --token file:token --set {set} --adopt"), Some(0));
        std::fs::read_to_string(fresh.join(format!("telform/{api}-{kind}.yaml"))).expect("a draft")
    }

    /// Plans into a document and has the checker read it; returns it.
    pub(crate) fn plan(&self) -> Value {
        telform_with(self.path(), &[], "plan --format json=plan.json", None);
        self.run("verify plan.json", 0);
        let text = std::fs::read_to_string(self.path().join("plan.json")).expect("a plan");
        serde_json::from_str(&text).expect("JSON")
    }

    /// The checker says this of a plan in which one thing is another.
    pub(crate) fn checker_finds(&self, plan: &Value, at: &str, other: impl Into<Value>, finding: &str) {
        let mut plan = plan.clone();
        // The checksum would be all that it says.
        plan.as_object_mut().expect("an object").remove("checksum");
        *plan.pointer_mut(at).expect("a place in the plan") = other.into();
        self.write("other.json", &plan.to_string());
        let output = telform_with(self.path(), &[], "verify other.json", None);
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(!output.status.success() && words.contains(finding), "{at}: {said}");
    }

    /// Applies, checks what was written, and that nothing is left to do.
    pub(crate) fn apply(&self, options: &str, writes: &[&str]) {
        let space = if options.is_empty() { "" } else { " " };
        self.run(&format!("apply --auto-approve{space}{options}"), 0);
        assert_eq!(self.server.writes(), writes);
        self.run("plan --detailed-exitcode", 0);
        self.run("journal verify", 0);
    }
}

/// What a plan says of one number: effect and dark steps.
pub(crate) fn impact(plan: &Value) -> Vec<(String, u64)> {
    let all = plan["plan"]["impact"].as_array().expect("a list").iter();
    all.map(|it| (it["effect"].as_str().expect("a word").to_owned(), it["dark_steps"].as_u64().unwrap_or_default())).collect()
}

/// The same for what it refuses.
pub(crate) fn refusals(plan: &Value) -> Vec<&str> {
    plan["plan"]["refusals"].as_array().into_iter().flatten().filter_map(|it| it["code"].as_str()).collect()
}

const BOX: &str = "{ extension: \"EXT\", name: Desk, pin: { file: pin } }";

fn mailboxes(names: &[&str]) -> String {
    let one = |name: &&str| format!("  {name}: {}\n", BOX.replace("EXT", &format!("10{}", name.len())));
    format!("mailboxes:\n{}", names.iter().map(one).collect::<String>())
}

/// A menu with these numbers, each by its last digits, and their mailboxes.
fn menu(numbers: &[(&str, &str)]) -> String {
    let one = |(number, by): &(&str, &str)| format!("      \"+141555501{number}\": {{ provider: {by} }}\n");
    let none = if numbers.is_empty() { " {}" } else { "" };
    format!("menus:\n  main:\n    title: Main\n    numbers:{none}\n{}", numbers.iter().map(one).collect::<String>())
}

/// A POST below the holder: connected, moved by a disconnect and a connect, and off its target before that is deleted.
pub(crate) fn numbers_of_a_menu_are_connected_and_moved_by_posts() {
    let desk = Desk::new("voicebox");
    let both = mailboxes(&["a", "bb"]);
    desk.yaml(&format!("{both}{}", menu(&[("01", "a"), ("02", "a")])));
    assert_eq!(impact(&desk.plan()), [("connects".to_owned(), 0), ("connects".to_owned(), 0)]);
    const CONNECT: &str = "POST /v1/menus/1/connect [\"mailbox_id\",\"number\"]";
    const CUT: &str = "POST /v1/menus/1/disconnect [\"number\"]";
    const MAILBOX: &str = "POST /v1/mailboxes [\"extension\",\"name\",\"pin\"]";
    desk.apply("", &[MAILBOX, MAILBOX, "POST /v1/menus [\"title\"]", CONNECT, CONNECT]);
    assert_eq!(desk.server.row("menus", 1)["numbers"], serde_json::json!({ "+14155550101": 1, "+14155550102": 1 }));

    desk.yaml(&format!("{both}{}", menu(&[("01", "bb"), ("02", "a")])));
    assert_eq!(impact(&desk.plan()), [("moves".to_owned(), 1)]);
    desk.apply("", &[CUT, CONNECT]);

    // One number leaves, and the mailbox of the other one goes: it moves before the delete.
    desk.yaml(&format!("{}{}", mailboxes(&["bb"]), menu(&[("02", "bb")])));
    assert_eq!(refusals(&desk.plan()), ["max_deletes", "max_numbers_dark"]);
    desk.apply("--max-deletes 1 --max-numbers-dark 1", &[CUT, CUT, CONNECT, "DELETE /v1/mailboxes/1 []"]);
    assert_eq!(desk.server.silenced(), 0, "no number was on what was deleted");

    // A menu that no file mentions uses the mailbox.
    desk.yaml("");
    desk.server.insert("menus", serde_json::json!({ "title": "Other", "numbers": { "+14155550103": 2 } }));
    desk.yaml(&format!("{}removed: [ {{ address: mailboxes.bb }} ]\n", menu(&[])));
    let plan = desk.plan();
    assert_eq!(impact(&plan), [("dark".to_owned(), 0), ("dark".to_owned(), 0)]);
    desk.run("apply --auto-approve --max-deletes 1 --max-numbers-dark 2", 0);
    let cut_other = CUT.replace('1', "2").replace("v2", "v1");
    assert_eq!(desk.server.writes(), [CUT, &*cut_other, "DELETE /v1/mailboxes/2 []"]);
    assert_eq!(desk.server.silenced(), 0, "no number was on what was deleted");
    let draft = desk.run("docs menus", 0);
    assert!(draft.contains("POST v1/menus/{id}/connect"), "{draft}");

    // A number that is an entry of its own has the words of its service.
    let desk = Desk::new("voicebox");
    let entry = |by: &str| {
        let number = format!("  \"+14155550101\": {{ menu: main, mailbox: {by} }}\n");
        format!("{both}menus: {{ main: {{ title: Main }} }}\nmenu_numbers:\n{number}")
    };
    desk.yaml(&entry("a"));
    desk.apply("", &[MAILBOX, MAILBOX, "POST /v1/menus [\"title\"]", CONNECT]);
    desk.yaml(&entry("bb"));
    let plan = desk.plan();
    assert_eq!(impact(&plan), [("moves".to_owned(), 1)]);
    desk.checker_finds(&plan, "/plan/changes/0/attributes/0/name", "title", "shows something else than its steps do");
    desk.checker_finds(&plan, "/plan/changes/0/action", "create", "nothing connects it for the first time");
    desk.apply("", &[CUT, CONNECT]);
}

fn boxes(names: &[&str]) -> String {
    format!("boxes:\n{}", names.iter().map(|name| format!("  {name}: {{ name: {name} }}\n")).collect::<String>())
}

/// Lines by their last digits, each with its box.
fn lines(all: &[(&str, &str)]) -> String {
    let one = |(number, by): &(&str, &str)| format!("  l{number}: {{ number: \"+141555501{number}\", box_id: {by} }}\n");
    format!("lines:\n{}", all.iter().map(one).collect::<String>())
}

fn patch(id: u8) -> String {
    format!("PATCH /v1/lines/{id} [\"box_id\"]")
}

/// A PATCH of the member: one request moves it, and it is never dark.
pub(crate) fn lines_are_moved_by_one_patch_and_are_never_dark() {
    let desk = Desk::new("linebox");
    desk.yaml(&format!("{}{}", boxes(&["a", "b"]), lines(&[("01", "a"), ("02", "boxes.a")])));
    assert_eq!(impact(&desk.plan()), [("connects".to_owned(), 0), ("connects".to_owned(), 0)]);
    let made = ["POST /v1/boxes [\"name\"]", "POST /v1/boxes [\"name\"]", "POST /v1/lines [\"number\"]"];
    desk.apply("", &[&made[..], &[made[2], &*patch(1), &*patch(2)]].concat());

    // A move is one request; no guard has to allow it.
    desk.yaml(&format!("{}{}", boxes(&["a", "b"]), lines(&[("01", "b"), ("02", "a")])));
    let plan = desk.plan();
    assert_eq!((impact(&plan), refusals(&plan)), (vec![("moves".to_owned(), 0)], vec![]));
    assert_eq!(plan["undo"][0]["calls"].as_array().map(Vec::len), Some(1), "{}", plan["undo"]);
    desk.checker_finds(&plan, "/plan/steps/0/call/method", "POST", "has a method that does not fit what it does");
    desk.checker_finds(&plan, "/plan/steps/0/call/path", "v1/lines/2", "goes to a path that is not that of its object");
    desk.checker_finds(&plan, "/plan/steps/0/operation/number", "+14155550102", "does not confirm what was cut and connected");
    desk.checker_finds(&plan, "/plan/impact/0/effect", "connects", "the impact does not say so");
    let mut steps = plan["plan"]["steps"].as_array().expect("steps").clone();
    let (moved, mut cut) = (&steps[0]["operation"], steps[0].clone());
    cut["operation"] = serde_json::json!({
        "do": "disconnect", "bridge": moved["bridge"]["id"], "number": moved["number"], "before": moved["before"],
    });
    cut["call"]["body"]["object"]["box_id"] = serde_json::json!({ "value": null });
    cut["id"] = "s9".into();
    steps.insert(0, cut);
    desk.checker_finds(&plan, "/plan/steps", steps, "cuts +14155550101, which s1 alone would move");
    desk.apply("", &[&*patch(1)]);
    assert_eq!(desk.server.row("lines", 1)["box_id"], 2);

    // Undone by one request, too.
    desk.run("undo last --auto-approve", 0);
    assert_eq!(desk.server.writes(), [patch(1)]);
    assert_eq!(desk.server.row("lines", 1)["box_id"], 1);
    desk.run("apply --auto-approve", 0);
    assert_eq!(desk.server.writes(), [patch(1)]);

    // Null takes it off, which a guard has to allow.
    desk.yaml(&format!("{}{}", boxes(&["a", "b"]), lines(&[("01", "null"), ("02", "a")])));
    let plan = desk.plan();
    assert_eq!((impact(&plan), refusals(&plan)), (vec![("dark".to_owned(), 0)], vec!["max_numbers_dark"]));
    desk.apply("--max-numbers-dark 1", &[&*patch(1)]);
    assert_eq!(desk.server.row("lines", 1)["box_id"], Value::Null);

    // What `init --adopt` drafts is what is there.
    let drafted = desk.draft("linebox", "lines");
    let served: Vec<&str> = drafted.lines().filter(|line| line.contains("box_id")).collect();
    assert_eq!(served, ["    box_id: \"a\""], "{drafted}");
}

/// A target is deleted when nothing is on it: its lines move or are taken off, and that is read back before.
pub(crate) fn a_box_is_deleted_after_its_lines_have_left_it() {
    let desk = Desk::new("linebox");
    desk.yaml(&format!("{}{}", boxes(&["a", "b", "c"]), lines(&[("01", "a"), ("02", "b")])));
    desk.run("apply --auto-approve", 0);
    desk.server.insert("lines", serde_json::json!({ "number": "+14155550103", "box_id": 1 }));
    desk.server.writes();
    // One line moves in the same plan; the other one is in no file and is taken off.
    desk.yaml(&format!("{}{}", boxes(&["b", "c"]), lines(&[("01", "c"), ("02", "b")])));
    let plan = desk.plan();
    assert_eq!(impact(&plan), [("dark".to_owned(), 0), ("moves".to_owned(), 0)]);
    let operations: Vec<&str> =
        plan["plan"]["steps"].as_array().expect("steps").iter().filter_map(|step| step["operation"]["do"].as_str()).collect();
    assert_eq!(operations, ["connect", "disconnect", "read_back", "read_back", "delete"]);
    desk.server.take_requests();
    desk.apply("--max-deletes 1 --max-numbers-dark 1", &[&*patch(1), &*patch(3), "DELETE /v1/boxes/1 []"]);
    let requests = desk.server.take_requests();
    let delete = requests.iter().position(|it| it.starts_with("DELETE")).expect("a delete");
    let patched = requests.iter().rposition(|it| it.starts_with("PATCH")).expect("a move");
    let between = &requests[patched..delete];
    assert!(between.iter().any(|it| it == "GET /v1/lines/1") && between.iter().any(|it| it == "GET /v1/lines/3"), "{requests:?}");
    assert_eq!(desk.server.silenced(), 0, "no line was on what was deleted");

    // A line that came onto the box during the run keeps it.
    desk.yaml(&format!("{}{}", boxes(&["b"]), lines(&[("01", "b"), ("02", "b")])));
    desk.server.insert_at_the_next_patch("lines", serde_json::json!({ "number": "+14155550104", "box_id": 3 }));
    let said = desk.run("apply --auto-approve --max-deletes 1", 5);
    assert!(said.contains("+14155550104") && desk.server.silenced() == 0, "{said}");
    assert_eq!(desk.server.writes(), [patch(1)]);

    // A line that was taken off for a delete that then does not happen gets its box back.
    desk.server.insert_at_the_next_patch("lines", serde_json::json!({ "number": "+14155550105", "box_id": 3 }));
    let said = desk.run("apply --auto-approve --max-deletes 1 --max-numbers-dark 1", 5);
    assert!(said.contains("+14155550105") && desk.server.silenced() == 0, "{said}");
    assert_eq!(desk.server.writes(), [patch(4), patch(4)]);
    assert_eq!((desk.server.row("lines", 4)["box_id"].clone(), desk.server.cuts()), (3.into(), 2));
    desk.run("journal verify", 0);
}

/// Killed after each durable write: the next run ends where an undisturbed one ends, and no line is taken off on the way.
pub(crate) fn a_killed_run_of_moves_is_finished() {
    let mut kills = 0;
    for at in 1.. {
        let desk = Desk::new("linebox");
        desk.yaml(&format!("{}{}", boxes(&["a", "b"]), lines(&[("01", "a"), ("02", "a")])));
        desk.run("apply --auto-approve", 0);
        desk.server.take_requests();
        desk.yaml(&format!("{}{}", boxes(&["b"]), lines(&[("01", "b"), ("02", "b")])));
        let at = at.to_string();
        let killed = telform_with(desk.path(), &[("TELFORM_TEST_KILL_AT", &at)], "apply --auto-approve --max-deletes 1", None);
        if killed.status.success() {
            break;
        }
        kills += 1;
        assert_eq!(killed.status.code(), None, "killed at {at}");
        let next = if kills % 2 == 0 { "resume" } else { "apply" };
        desk.run(&format!("{next} --auto-approve --max-deletes 1"), 0);
        desk.run("plan --detailed-exitcode", 0);
        desk.run("journal verify", 0);
        let boxes: Vec<Value> = [1, 2].map(|id| desk.server.row("lines", id)["box_id"].clone()).into();
        assert_eq!((boxes, desk.server.silenced(), desk.server.cuts()), (vec![2.into(), 2.into()], 0, 0), "killed at {at}");
    }
    assert!(kills > 5, "{kills} kills");
}

/// A listing whose pages hold the address of the next one.
pub(crate) fn a_listing_by_links_is_followed_and_kept_to_its_own_server() {
    let desk = Desk::new("voicebox");
    let contacts: String = ["Ann", "Ben", "Cleo", "Dan", "Eve"].map(|name| format!("  {name}: {{ name: {name} }}\n")).concat();
    desk.yaml(&format!("contacts:\n{contacts}"));
    desk.run("apply --auto-approve", 0);
    assert_eq!(desk.server.writes().len(), 5);
    for link in [NextLink::Relative, NextLink::Whole] {
        desk.server.answer_with(link);
        desk.server.take_requests();
        desk.run("plan --detailed-exitcode", 0);
        let mut asked = desk.server.take_requests();
        asked.retain(|request| request.contains("contacts"));
        assert_eq!(asked, ["GET /v1/contacts?limit=2", "GET /v1/contacts?limit=2&after=2", "GET /v1/contacts?limit=2&after=4"]);
    }
    let other = Server::start();
    for (link, why) in [
        (NextLink::Elsewhere(other.address()), "the token is for"),
        (NextLink::OtherPath, "is not this listing"),
        (NextLink::Loop, "a page leads back to an earlier one"),
        (NextLink::Number, "`next` is not an address"),
    ] {
        desk.server.answer_with(link);
        let said = desk.run("plan", 1);
        assert!(said.contains(why), "{why}\n{said}");
    }
    assert_eq!(other.take_requests(), [""; 0], "the token stays with its own server");
    assert_eq!(desk.server.writes(), [""; 0]);
}
