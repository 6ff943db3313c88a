//! The worked example of CONTRIBUTING.md: a third service is a folder under `backend/` and a line in the list of `lib.rs`.
//! Every command below is the one that users run, against a server that keeps mailboxes.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use clap::Parser;
use serde_json::{Map, Value, json};

use super::args::Cli;
use super::exit::Exit;
use super::out::Out;

/// What the server holds, and what it was sent.
#[derive(Default)]
struct Boxes {
    rows: Vec<Map<String, Value>>,
    made: u64,
    writes: Vec<String>,
}

type Shared = Arc<Mutex<Boxes>>;

/// List, create, patch, delete.
async fn serve(State(shared): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let body: Map<String, Value> = serde_json::from_slice(&body).unwrap_or_default();
    let say = |status: u16, body: Value| {
        let status = StatusCode::from_u16(status).expect("a status");
        (status, [("content-type", "application/json")], body.to_string()).into_response()
    };
    if head.headers.get("authorization").is_none_or(|token| token != "Bearer token-of-voicebox") {
        return say(401, json!({ "error": "no token" }));
    }
    let mut boxes = shared.lock().unwrap_or_else(PoisonError::into_inner);
    let path = head.uri.path().to_owned();
    if head.method != "GET" {
        let mut keys: Vec<&String> = body.keys().collect();
        keys.sort();
        let line = format!("{} {path} {}", head.method, json!(keys));
        boxes.writes.push(line);
    }
    // The PIN is write-only, as at many services.
    let shown = |row: &Map<String, Value>| {
        Value::Object(
            row.iter().filter(|(key, _)| *key != "pin").map(|(k, v)| (k.clone(), v.clone())).collect(),
        )
    };
    let id = path.strip_prefix("/v1/mailboxes/").and_then(|id| id.parse::<u64>().ok());
    match (head.method.as_str(), id) {
        ("GET", None) => say(200, boxes.rows.iter().map(shown).collect()),
        ("POST", None) => {
            boxes.made += 1;
            let mut row = body;
            row.insert("id".to_owned(), boxes.made.into());
            row.insert("created_at".to_owned(), "2026-11-25".into());
            let answer = shown(&row);
            boxes.rows.push(row);
            say(201, answer)
        }
        (method, Some(id)) => {
            let Some(at) = boxes.rows.iter().position(|row| row["id"] == id) else {
                return say(404, json!({ "error": "no such mailbox" }));
            };
            match method {
                "PATCH" => boxes.rows[at].extend(body),
                "DELETE" => {
                    boxes.rows.remove(at);
                    return StatusCode::NO_CONTENT.into_response();
                }
                _ => {}
            }
            say(200, shown(&boxes.rows[at]))
        }
        _ => say(405, json!({ "error": "not here" })),
    }
}

async fn telform(folder: &Path, arguments: &str) -> Exit {
    let file = folder.join("telform.yaml").display().to_string();
    let ledger = folder.join("ledger.json").display().to_string();
    let common = ["--quiet", "--non-interactive", "-f", &file, "--ledger", &ledger];
    let words = std::iter::once("telform").chain(arguments.split(' ')).chain(common);
    let cli = Cli::try_parse_from(words).expect("arguments that fit");
    let out = Out::new(&cli.global);
    let ended = super::run(&out, &cli).await;
    ended.unwrap_or_else(|failure| {
        panic!("telform {arguments}: {}", failure.text(false, 80, &super::again::Again::default()))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_service_is_one_folder_and_one_line() {
    let shared = Shared::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let app = axum::Router::new().fallback(serve).with_state(Arc::clone(&shared));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file");
    write("token", "token-of-voicebox");
    write("pin", "4711");
    let yaml = |boxes: &str| {
        write(
            "telform.yaml",
            &format!(
                "version: 1\naccounts:\n  voice: {{ api: voicebox, base_url: \"http://{address}\", token: {{ file: token }} }}\nguards: {{ max_deletes: 1 }}\nmailboxes:\n{boxes}"
            ),
        );
    };
    let writes = || std::mem::take(&mut shared.lock().unwrap_or_else(PoisonError::into_inner).writes);

    yaml(
        "  front: { extension: \"100\", name: Front desk, pin: { file: pin }, notify: [a@b.example] }\n  back: { extension: \"101\", name: Back office, pin: { file: pin } }\n",
    );
    assert_eq!(telform(folder, "validate").await, Exit::Done);
    assert_eq!(telform(folder, "plan --detailed-exitcode").await, Exit::Pending);
    assert_eq!(writes(), [""; 0], "planning writes nothing");
    assert_eq!(telform(folder, "apply --auto-approve").await, Exit::Done);
    assert_eq!(
        writes(),
        [
            "POST /v1/mailboxes [\"extension\",\"name\",\"pin\"]",
            "POST /v1/mailboxes [\"extension\",\"name\",\"notify\",\"pin\"]"
        ]
    );
    assert_eq!(telform(folder, "plan --detailed-exitcode").await, Exit::Done, "the second plan is empty");

    // One changes, one goes, and a secret is rotated.
    write("pin", "0815");
    yaml("  front: { extension: \"100\", name: Reception, pin: { file: pin }, notify: [] }\n");
    assert_eq!(telform(folder, "apply --auto-approve").await, Exit::Done);
    let sent = writes();
    assert_eq!(sent, ["PATCH /v1/mailboxes/2 [\"name\",\"notify\",\"pin\"]", "DELETE /v1/mailboxes/1 []"]);
    assert_eq!(telform(folder, "plan --detailed-exitcode").await, Exit::Done);
    assert_eq!(telform(folder, "doctor").await, Exit::Done);
    assert_eq!(telform(folder, "journal verify").await, Exit::Done, "the independent checker knows it too");
    assert_eq!(telform(folder, "docs mailboxes").await, Exit::Done);
}

/// `telform init` knows it from its table: what its accounts need, what its objects look like, how it is greeted.
#[tokio::test(flavor = "multi_thread")]
async fn init_asks_a_third_service_too() {
    let shared = Shared::default();
    let row = json!({ "id": 7, "extension": "100", "name": "Front desk", "created_at": "2026-11-25" });
    let row = row.as_object().cloned().expect("an object");
    shared.lock().unwrap_or_else(PoisonError::into_inner).rows.push(row);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let app = axum::Router::new().fallback(serve).with_state(Arc::clone(&shared));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let folder = tempfile::tempdir().expect("a folder");
    let token = folder.path().join("token");
    let ledger = folder.path().join("ledger.json").display().to_string();
    let init = async |token: String, more: &str| {
        let url = format!("voicebox.base_url=http://{address}");
        let words = ["telform", "init", "--quiet", "--account", "voicebox", "--token", &token, "--set", &url];
        let words = words.into_iter().chain([more, "--non-interactive", "--ledger", &ledger]);
        let cli = Cli::try_parse_from(words).expect("arguments that fit");
        let super::args::Command::Init(args) = &cli.command else { unreachable!("it is init") };
        super::init::run_in(&Out::new(&cli.global), args, folder.path()).await
    };
    std::fs::write(&token, "another token").expect("a file");
    let source = format!("file:{}", token.display());
    let failure = init(source.clone(), "--adopt").await.expect_err("a token that is not accepted");
    assert_eq!(failure.parts().0, "telform::live::unauthorized");
    std::fs::write(&token, "token-of-voicebox").expect("a file");
    init(source, "--adopt")
        .await
        .unwrap_or_else(|failure| panic!("{}", failure.text(false, 80, &super::again::Again::default())));
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("a file");
    assert!(read("telform/accounts.yaml").contains("# mailboxes:\n#   main:\n#     extension: \"100\""));
    assert!(read("telform/voicebox-mailboxes.yaml").contains("name: \"Front desk\""));
    assert!(read("ledger.json").contains("mailboxes."));
}
