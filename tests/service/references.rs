//! References of a made-up service: a number, a list, and an object that gets another id.

use serde_json::json;

use super::server::{self, Server};
use super::telform;

pub(crate) fn names_by_numbers_and_in_lists() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let server = Server::start();
    let address = server.address();
    std::fs::write(folder.join("token"), server::TOKEN).expect("a file");
    std::fs::write(folder.join("pin"), "4711").expect("a file");
    let yaml = |contacts: &str, greeting: &str| {
        let account = format!(
            "  voice: {{ api: voicebox, base_url: \"http://{address}\", token: {{ file: token }}, workspace: desk, edition: 3 }}"
        );
        let text = format!(
            "version: 1\naccounts:\n{account}\nguards: {{ max_deletes: 1 }}\nmailboxes:\n  desk: {{ extension: \"100\", name: Desk, pin: {{ file: pin }} }}\ngreetings:\n  a: {{ title: A, text: Hello, {greeting} }}\ncontacts:\n{contacts}"
        );
        std::fs::write(folder.join("telform.yaml"), text).expect("a file");
    };
    let both = "mailbox_id: mailboxes.desk, read_to: [contacts.ann, contacts.bob]";
    yaml("  ann: { name: Ann, region: north }\n  bob: { name: Bob }\n", both);
    telform(folder, "apply --auto-approve", 0);
    assert_eq!(
        server.writes().last().map(String::as_str),
        Some("POST /v1/greetings [\"mailbox_id\",\"read_to\",\"text\",\"title\"]")
    );
    let greeting = server.row("greetings", 1);
    assert_eq!((&greeting["mailbox_id"], &greeting["read_to"]), (&json!(1), &json!([1, 2])), "ids as the service writes them");
    telform(folder, "plan --detailed-exitcode", 0);

    // An id is a value like any other, with quotes or without.
    yaml("  ann: { name: Ann, region: north }\n  bob: { name: Bob }\n", "mailbox_id: \"1\", read_to: [contacts.ann, 2]");
    telform(folder, "plan --detailed-exitcode", 0);

    // One of them is replaced: what names it gets the new id before the old object goes.
    yaml("  ann: { name: Ann, region: south }\n  bob: { name: Bob }\n", both);
    telform(folder, "apply --auto-approve", 0);
    assert_eq!(
        server.writes(),
        ["POST /v1/contacts [\"name\",\"region\"]", "PATCH /v1/greetings/1 [\"read_to\"]", "DELETE /v1/contacts/1 []",]
    );
    assert_eq!(server.row("greetings", 1)["read_to"], json!([3, 2]));
    telform(folder, "plan --detailed-exitcode", 0);

    // It is not deleted while it is named, and goes in the run that takes its name away.
    yaml("  bob: { name: Bob }\n", "mailbox_id: mailboxes.desk, read_to: [3, contacts.bob]");
    let refused = telform(folder, "apply --auto-approve", 3);
    let said = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(said.contains("refusal::still_referred") && said.contains("greetings.a (read_to)"), "{said}");
    assert_eq!(server.writes(), [""; 0]);
    yaml("  bob: { name: Bob }\n", "mailbox_id: mailboxes.desk, read_to: [contacts.bob]");
    telform(folder, "apply --auto-approve", 0);
    assert_eq!(server.writes(), ["PATCH /v1/greetings/1 [\"read_to\"]", "DELETE /v1/contacts/3 []"]);
    telform(folder, "plan --detailed-exitcode", 0);
    telform(folder, "journal verify", 0);
}
