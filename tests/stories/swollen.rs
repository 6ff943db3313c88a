//! A service that sends far more than requested: detected by a clear error, not by exhausting the machine's memory.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use crate::bench::{Ran, Story};

/// What a service answers to a GET of this path and query.
type Answers = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// A service of our own; its threads end with the test.
fn serve(answers: Answers) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answers = Arc::clone(&answers);
            std::thread::spawn(move || answer(stream, &answers));
        }
    });
    base
}

/// Answers one request after the other, until the client has enough.
fn answer(mut stream: TcpStream, answers: &Answers) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).is_ok_and(|read| read == 0) {
                return;
            }
            if line.trim().is_empty() {
                break;
            }
            lines.push(line);
        }
        let body = answers(lines[0].split(' ').nth(1).unwrap());
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).is_err() {
            return;
        }
    }
}

/// Runs it, and looks how much memory it takes meanwhile.
fn peak(story: &Story, args: &str) -> (Ran, u64) {
    let mut child = story.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        // Until the new process has its own name, its memory may still be that of the tests, which it leaves a moment after
        // `spawn` returns.
        let begun = status.lines().any(|line| line.strip_prefix("Name:").is_some_and(|name| name.trim() == "telform"));
        let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().split(' ').next()).filter(|_| begun);
        most = most.max(kib.and_then(|kib| kib.parse().ok()).unwrap_or_default());
        std::thread::park_timeout(Duration::from_millis(2));
    }
    (story.ran(args, &child.wait_with_output().unwrap()), most / 1024)
}

/// Refused with these words, before anything was written, and with less memory than any machine has.
#[track_caller]
fn told(api: &str, objects: &str, answers: Answers, words: &str) {
    let story = swollen(api, objects, answers);
    let (ran, mib) = peak(&story, "plan");
    assert_eq!(ran.code, 1, "{}", ran.whole());
    ran.says(words);
    if cfg!(target_os = "linux") {
        assert!(mib > 0 && mib < 300, "{words}: {mib} MiB");
    }
}

/// One account at a service that gives these answers.
fn swollen(api: &str, objects: &str, answers: Answers) -> Story {
    let story = Story::new("{}");
    let base = serve(answers);
    let token =
        if api == "unpod" { "org_handle: acme.example, token: { env: UNPOD_TOKEN }" } else { "token: { env: CARRIERX_TOKEN }" };
    story.file(
        "telform.yaml",
        &format!("version: 1\naccounts:\n  main: {{ api: {api}, base_url: \"{base}\", requests_per_minute: 60000, {token} }}\n{objects}"),
    );
    story
}

const MIB: usize = 1024 * 1024;

fn partner(id: usize, more: &str) -> String {
    format!("{{\"partner_sid\":\"3f0c6a52-8b1e-4a37-9d55-{id:012x}\",\"login\":\"p{id}\"{more}}}")
}

/// One page of partners, behind which more follow.
fn page(path: &str, rows: usize, more: &str) -> String {
    let offset = path.split("offset=").nth(1).and_then(|rest| rest.split('&').next()?.parse().ok()).unwrap_or(0);
    let items: Vec<String> = (offset..offset + rows).map(|id| partner(id, more)).collect();
    format!("{{\"items\":[{}],\"has_more\":true,\"total\":900000}}", items.join(","))
}

#[test]
fn a_page_of_more_rows_than_were_asked_for() {
    told("carrierx", "partners: {}\n", Arc::new(|path| page(path, 1001, "")), "more than the 1000 objects that were asked for");
}

#[test]
fn sixty_megabytes_of_small_values() {
    let much = "[],".repeat(20 * MIB);
    told(
        "carrierx",
        "partners: {}\n",
        Arc::new(move |_| format!("{{\"items\":[],\"has_more\":false,\"x\":[{much}0]}}")),
        "more than 600000 values",
    );
}

/// The owner of a token takes a line: a longer answer is useless, and takes no memory from the listing.
#[test]
fn an_owner_without_end_takes_nothing_from_the_listing() {
    let much = "[],".repeat(20 * MIB);
    let answers = Arc::new(move |path: &str| match path.contains("whoami") {
        true => format!("{{\"partner_sid\":\"p\",\"x\":[{much}0]}}"),
        false => "{\"items\":[],\"has_more\":false}".to_owned(),
    });
    let story = swollen("carrierx", "partners: {}\n", answers);
    story.expect(0, "plan").says("no changes");
}

#[test]
fn rows_without_end_in_a_list_without_pages() {
    let rows = "{\"a\":1},".repeat(7 * MIB);
    told(
        "unpod",
        "providers: {}\n",
        Arc::new(move |path| match path.contains("configurations") {
            true => format!("{{\"status_code\":200,\"message\":\"Success\",\"data\":[{rows}{{}}]}}"),
            false => r#"{"status_code":200,"message":"Success","data":[{"domain_handle":"acme.example"}]}"#.to_owned(),
        }),
        "more than 600000 values",
    );
}

/// Pages that are good by themselves, and never end.
#[test]
fn an_account_without_end() {
    let long = format!(",\"attributes\":{{\"a\":[{}1]}}", "[],".repeat(580));
    told(
        "carrierx",
        "partners:\n  p: { login: p1, attributes: {} }\n",
        Arc::new(move |path| page(path, 1000, &long)),
        "more data than telform keeps in memory",
    );
}

/// Many pages side by side, each of them large.
#[test]
fn many_large_pages_at_once() {
    let long = "x".repeat(40 * MIB);
    told(
        "carrierx",
        "partners: {}\n",
        Arc::new(move |path| match path.contains("offset=0&") {
            true => page(path, 1000, ""),
            false => format!("{{\"items\":[],\"has_more\":true,\"x\":\"{long}\"}}"),
        }),
        "far larger than the service has any reason to send",
    );
}
