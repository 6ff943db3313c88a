//! How spans are sent: OTLP over HTTP, by a client of their own. It has no token of an account, follows no redirect, and its failure is
//! noted and never ends a run.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use tokio::runtime::Handle;

/// Longest time of one request to the collector.
const LONGEST_REQUEST: Duration = Duration::from_secs(4);

/// Longest time that a run waits at its end until its trace is sent.
pub(super) const LONGEST_END: Duration = Duration::from_secs(5);

/// Most spans that wait to be sent, where the environment states no other number.
const QUEUE: usize = 16_384;

/// Most bytes of an answer of the collector that are read.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Why the last request failed, in telform's own words; none where it did not.
#[derive(Debug, Clone, Default)]
pub(super) struct LastFailure(Arc<Mutex<Option<String>>>);

impl LastFailure {
    fn note(&self, why: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    pub(super) fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The exporter that the variables of OpenTelemetry describe, or why there is none.
pub(super) fn provider() -> Result<(SdkTracerProvider, LastFailure), String> {
    let protocol = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"].into_iter().find_map(std::env::var_os);
    if protocol.is_some_and(|protocol| !protocol.is_empty() && protocol != "http/protobuf") {
        return Err("telform speaks OTLP over HTTP only: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, and an endpoint such as http://localhost:4318".to_owned());
    }
    let failure = LastFailure::default();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(LONGEST_REQUEST)
        .build()
        .map_err(|_| "the HTTP client could not be set up; are CA certificates installed?".to_owned())?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_http_client(CollectorClient { client, runtime: Handle::current(), failure: failure.clone() })
        .with_retry_policy(RetryPolicy::recommended().with_max_retries(1))
        .build()
        // The reason may hold the address, and with it a password.
        .map_err(|_| "the OTEL_EXPORTER_OTLP_… variables do not describe an exporter: is the endpoint a URL?".to_owned())?;
    let batches = BatchConfigBuilder::default();
    let batches =
        if std::env::var_os("OTEL_BSP_MAX_QUEUE_SIZE").is_none() { batches.with_max_queue_size(QUEUE) } else { batches };
    let mut resource = Resource::builder();
    if std::env::var_os("OTEL_SERVICE_NAME").is_none_or(|name| name.is_empty()) {
        resource = resource.with_service_name("telform");
    }
    let resource = resource.with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))).build();
    let processor = BatchSpanProcessor::builder(exporter).with_batch_config(batches.build()).build();
    Ok((SdkTracerProvider::builder().with_span_processor(processor).with_resource(resource).build(), failure))
}

/// Sends what the exporter made. The thread of the batches has no runtime, so requests run in that of the command.
#[derive(Debug)]
struct CollectorClient {
    client: reqwest::Client,
    runtime: Handle,
    failure: LastFailure,
}

type Sent<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for CollectorClient {
    fn send_bytes<'s, 'a>(&'s self, request: Request<Bytes>) -> Sent<'a>
    where
        's: 'a,
        Self: 'a,
    {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move { send(&client, request).await });
        Box::pin(async move {
            let answer = sent.await.unwrap_or_else(|_| Err("the run ended first".to_owned()));
            self.failure.note(match &answer {
                Ok(answer) if answer.status().is_success() => None,
                Ok(answer) => Some(format!("the collector answered {}", answer.status().as_u16())),
                Err(why) => Some(why.clone()),
            });
            answer.map_err(HttpError::from)
        })
    }
}

/// One request. What goes wrong is said without the address: it may hold a password.
async fn send(client: &reqwest::Client, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
    let of = |error: &reqwest::Error| match () {
        () if error.is_timeout() => "the collector does not answer in time".to_owned(),
        () if error.is_connect() => "the collector cannot be reached; is OTEL_EXPORTER_OTLP_ENDPOINT right?".to_owned(),
        () => "the request to the collector failed".to_owned(),
    };
    let request = reqwest::Request::try_from(request).map_err(|error| of(&error))?;
    let mut answer = client.execute(request).await.map_err(|error| of(&error))?;
    let (status, mut body) = (answer.status(), Vec::new());
    while let Some(part) = answer.chunk().await.map_err(|error| of(&error))? {
        if body.len() + part.len() > LONGEST_ANSWER {
            return Err("the answer of the collector is too long".to_owned());
        }
        body.extend_from_slice(&part);
    }
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    Ok(response)
}
