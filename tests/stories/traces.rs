//! A run as a trace: a strict collector gets one, nested as the run was, without secrets; a collector that is gone, slow or wrong
//! costs a note and a few seconds at most.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};
use prost::Message;

use crate::bench::Story;
#[cfg(feature = "remote-state")]
use crate::bench::{STORE_ACCESS_KEY, STORE_SECRET_KEY};
use crate::deletes::CONNECTED;
#[cfg(feature = "remote-state")]
use crate::slow_store::SlowStore;

const YAML: &str = "
guards: { max_numbers_dark: 1 }
providers:
  new: { provider: exotel, account_sid: EX1, auth_token: { env: AUTH } }
bridges:
  sales:
    slug: sales
    name: Sales West
    numbers: { '+14155550101': { provider: new }, '+14155550102': { provider: new } }
";

/// A collector: it takes what the specification of OTLP over HTTP says and answers everything else with an error.
pub(crate) struct Collector {
    at: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
}

struct Got {
    head: String,
    body: Vec<u8>,
}

impl Collector {
    /// `answer`: the head of each answer; none keeps the connection open and says nothing.
    pub(crate) fn start(answer: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let got: Arc<Mutex<Vec<Got>>> = Arc::default();
        let kept = Arc::clone(&got);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || serve(&stream.unwrap(), answer, &kept));
            }
        });
        Self { at, got }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.at)
    }

    /// Everything as bytes, with the heads.
    fn bytes(&self) -> Vec<u8> {
        let got = self.got.lock().unwrap();
        got.iter().flat_map(|got| got.head.bytes().chain(got.body.iter().copied()).collect::<Vec<_>>()).collect()
    }

    fn exports(&self) -> Vec<ExportTraceServiceRequest> {
        let got = self.got.lock().unwrap();
        got.iter().map(|got| ExportTraceServiceRequest::decode(got.body.as_slice()).expect("a request of OTLP")).collect()
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        let resources = self.exports().into_iter().flat_map(|export| export.resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }
}

fn serve(stream: &TcpStream, answer: Option<&'static str>, kept: &Mutex<Vec<Got>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or_default() == 0 {
                return;
            }
        }
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.filter(|(of, _)| of.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
        };
        let length: usize = header("content-length").expect("a length").parse().unwrap();
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
        assert_eq!(header("content-type").as_deref(), Some("application/x-protobuf"), "{head}");
        kept.lock().unwrap().push(Got { head, body });
        let Some(answer) = answer else { continue };
        let mut stream = stream;
        write!(stream, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n").unwrap();
    }
}

fn story() -> Story {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-traced");
    story.unpod(YAML);
    story
}

pub(crate) fn attributes(of: &[KeyValue]) -> BTreeMap<String, String> {
    let shown = |value: &Option<AnyValue>| match value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("an attribute of another type: {other:?}"),
    };
    of.iter().map(|one| (one.key.clone(), shown(&one.value))).collect()
}

#[test]
fn a_run_is_one_trace_nested_as_the_run_was() {
    let collector = Collector::start(Some("200 OK"));
    let story = story()
        .setting("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url())
        .setting("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=key-of-the-collector")
        .setting("TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    story.fault("{ match: { method: POST, nth: 1 }, effect: { answer: { status: 429, retry_after: '1' } } }");
    let ran = story.expect(0, "apply --auto-approve");
    assert!(!ran.stderr.contains("trace"), "{}", ran.stderr);

    let spans = collector.spans();
    let by_id: BTreeMap<&[u8], &Span> = spans.iter().map(|span| (span.span_id.as_slice(), span)).collect();
    let traces: BTreeSet<&[u8]> = spans.iter().map(|span| span.trace_id.as_slice()).collect();
    assert_eq!(traces.len(), 1);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hex(&spans[0].trace_id), "0af7651916cd43dd8448eb211c80319c");
    let root = spans.iter().find(|span| !by_id.contains_key(span.parent_span_id.as_slice())).expect("the run");
    assert_eq!((root.name.as_str(), hex(&root.parent_span_id).as_str()), ("telform apply", "b7ad6b7169203331"));
    let of = attributes(&root.attributes);
    assert_eq!((of["telform.result"].as_str(), of["process.exit.code"].as_str()), ("done", "0"));
    let journal = story.expect(0, "journal show --json").json();
    assert_eq!(of["telform.run"], journal["run"]["run"].as_str().unwrap_or_else(|| panic!("{journal:#}")));
    assert_eq!(of["telform.plan.digest"], journal["run"]["digest"].as_str().unwrap());

    // What each is a part of, by name.
    let parent = |span: &Span| by_id.get(span.parent_span_id.as_slice()).map(|parent| parent.name.clone()).unwrap_or_default();
    let nested: BTreeSet<(String, String)> = spans.iter().map(|span| (span.name.clone(), parent(span))).collect();
    for (name, of) in [
        ("read", "telform apply"),
        ("apply", "telform apply"),
        ("prove", "telform apply"),
        ("step", "apply"),
        ("GET", "read"),
        ("GET", "prove"),
        ("POST", "step"),
        ("PATCH", "step"),
        ("wait", "step"),
    ] {
        assert!(nested.contains(&(name.to_owned(), of.to_owned())), "{name} in {of}: {nested:?}");
    }
    assert!(!nested.iter().any(|(name, of)| name != "GET" && name != "wait" && of == "read"), "{nested:?}");
    let steps: Vec<_> = spans.iter().filter(|span| span.name == "step").collect();
    let planned: usize = of["telform.plan.steps"].parse().unwrap();
    assert_eq!(steps.len(), planned);
    assert!(steps.iter().all(|step| attributes(&step.attributes)["telform.step.outcome"] == "done"));
    // Each span lies within its parent, but for a pause that was ended early.
    for span in spans.iter().filter(|span| span.name != "wait" && span.span_id != root.span_id) {
        let parent = by_id[span.parent_span_id.as_slice()];
        assert!(parent.start_time_unix_nano <= span.start_time_unix_nano + 1_000_000, "{} in {}", span.name, parent.name);
        assert!(span.end_time_unix_nano <= parent.end_time_unix_nano, "{} in {}", span.name, parent.name);
    }
    let failed: Vec<_> =
        spans.iter().filter(|span| span.status.as_ref().is_some_and(|it| it.code() == StatusCode::Error)).collect();
    assert_eq!(failed.len(), 1, "the answer that asked to wait");
    assert_eq!(attributes(&failed[0].attributes)["http.response.status_code"], "429");
    for resource in collector.exports().iter().flat_map(|export| &export.resource_spans) {
        let of = attributes(&resource.resource.as_ref().unwrap().attributes);
        assert_eq!((of["service.name"].as_str(), of["service.version"].as_str()), ("telform", env!("CARGO_PKG_VERSION")));
    }
}

/// A ledger in an object store: its requests are in the trace, with what they are a part of, and without what signs them.
#[cfg(feature = "remote-state")]
#[test]
fn requests_to_an_object_store_are_part_of_the_trace() {
    let (collector, store) = (Collector::start(Some("200 OK")), SlowStore::start(Duration::from_millis(2)));
    let story = story().with_ledger_at(store.url()).setting("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url());
    let before = store.requests();
    story.expect(0, "apply --auto-approve");
    let spans = collector.spans();
    let by_id: BTreeMap<&[u8], &Span> = spans.iter().map(|span| (span.span_id.as_slice(), span)).collect();
    let seen: Vec<_> = spans.iter().filter(|span| span.name.starts_with("store ")).collect();
    // All of them, from the first look at the lock to its release.
    assert_eq!(seen.len(), store.requests() - before);
    let (mut nested, mut written) = (BTreeSet::new(), BTreeSet::new());
    for span in &seen {
        let of = attributes(&span.attributes);
        let (operation, object) = (of["telform.store.operation"].as_str(), of["telform.store.object"].as_str());
        assert!(object.starts_with("s3://telform/team/ledger."), "{object}");
        assert_eq!(span.name, format!("store {operation}"));
        assert_eq!(of["http.request.method"], if operation == "read" { "GET" } else { "PUT" });
        assert_eq!(of["http.request.resend_count"], "0");
        if operation == "write" && of["http.response.status_code"] == "200" {
            written.insert(object.rsplit_once('.').unwrap().1.to_owned());
        }
        assert!(span.status.as_ref().is_none_or(|it| it.code() != StatusCode::Error), "{of:?}");
        nested.insert(by_id.get(span.parent_span_id.as_slice()).map(|parent| parent.name.clone()).unwrap_or_default());
    }
    assert_eq!(written, ["000001", "json", "lock"].map(str::to_owned).into());
    // Ledger and journal are read while the lock is taken, and not before its note was read: another run might free it in between.
    let of_lock = |span: &&&Span| attributes(&span.attributes)["telform.store.object"].ends_with(".lock");
    let (locks, others): (Vec<&&Span>, Vec<&&Span>) = seen.iter().partition(|span| of_lock(span));
    let note_read = locks.iter().map(|span| span.end_time_unix_nano).min().unwrap();
    let first_other = others.iter().map(|span| span.start_time_unix_nano).min().unwrap();
    assert!(note_read <= first_other, "{note_read} {first_other}");
    assert!(nested.contains("step") && nested.contains("telform apply"), "{nested:?}");
    let bytes = collector.bytes();
    for text in [STORE_ACCESS_KEY, STORE_SECRET_KEY, "AWS4-HMAC", "X-Amz", "canary-auth-traced"] {
        assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text}");
    }
    // A store that refuses is an error of its request, and each attempt is counted.
    store.refuses_with(Some((503, "SlowDown")));
    story.expect(1, "plan");
    let failed =
        collector.spans().into_iter().filter(|span| span.status.as_ref().is_some_and(|it| it.code() == StatusCode::Error));
    let attempts: BTreeSet<String> = failed
        .filter(|span| span.name == "store read")
        .map(|span| attributes(&span.attributes)["http.request.resend_count"].clone())
        .collect();
    assert_eq!(attempts, ["0", "1", "2", "3"].map(str::to_owned).into());
}

#[test]
fn a_trace_holds_no_secret_body_query_or_header_of_a_service() {
    let collector = Collector::start(Some("200 OK"));
    let story = story()
        .setting("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &format!("{}/v1/traces", collector.url()))
        .setting("OTEL_SERVICE_NAME", "phones");
    story.expect(0, "apply --auto-approve");
    story.fault("{ match: { method: PATCH, times: 0 }, effect: { answer: { status: 400, body: { json: { detail: 'canary-body-of-an-answer' } } } } }");
    story.unpod(&YAML.replace("Sales West", "Sales canary-name-in-a-body"));
    story.run("apply --auto-approve");
    let bytes = collector.bytes();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("phones") && holds("telform apply") && holds("url.path"), "something was exported");
    for text in ["canary-auth-traced", "canary-body-of-an-answer", "canary-name-in-a-body", "authorization", "Token ", "Bearer "]
    {
        assert!(!holds(text), "{text}");
    }
    assert!(!holds(crate::bench::UNPOD_TOKEN), "the token of the account");
    for span in collector.spans() {
        assert!(span.name.len() <= 200 && span.events.is_empty());
        for (name, value) in attributes(&span.attributes) {
            assert!(!value.contains('?') && value.chars().count() <= 300, "{name}: {value}");
        }
    }
}

#[test]
fn nothing_is_sent_where_nothing_asks_for_it() {
    let collector = Collector::start(Some("200 OK"));
    let story = story();
    story.expect(0, "plan");
    let mut story = story.setting("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url()).setting("OTEL_SDK_DISABLED", "true");
    story.expect(0, "plan");
    story.settings.remove("OTEL_SDK_DISABLED");
    story.settings.insert("OTEL_TRACES_EXPORTER".to_owned(), "none".to_owned());
    story.expect(0, "plan");
    assert!(collector.bytes().is_empty());
    story.settings.remove("OTEL_TRACES_EXPORTER");
    story.expect(0, "plan");
    assert!(!collector.bytes().is_empty());
}

#[test]
fn a_collector_that_fails_costs_a_note_and_a_bounded_time() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refuses = Collector::start(Some("401 Unauthorized"));
    let leads_away = Collector::start(Some("307 Temporary Redirect\r\nlocation: /v1/elsewhere"));
    let silent = Collector::start(None);
    let mut story = story();
    for (url, why) in [
        (format!("http://user:canary-password@{gone}"), "the collector cannot be reached"),
        (refuses.url(), "the collector answered 401"),
        (leads_away.url(), "the collector answered 307"),
        (silent.url(), "the collector does not answer in time"),
        ("not a url, canary-password".to_owned(), "do not describe an exporter"),
    ] {
        story.settings.insert("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), url);
        let begun = Instant::now();
        let ran = story.expect(0, "plan");
        assert!(begun.elapsed() < Duration::from_secs(20), "{why}: {:?}", begun.elapsed());
        let stderr = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(stderr.matches("note: the trace was not exported").count(), 1, "{stderr}");
        assert!(stderr.contains(why) && !stderr.contains("canary-password"), "{stderr}");
    }
    assert_eq!(leads_away.exports().len(), 1, "no redirect is followed");
    story.settings.insert("OTEL_EXPORTER_OTLP_PROTOCOL".to_owned(), "grpc".to_owned());
    story.expect(0, "plan").says("OTLP over HTTP only");
}
