//! The HTTP client of an object store, which keeps what the client library drops: the store's clock and its name.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Instant, UNIX_EPOCH};

use jiff::Timestamp;
use object_store::ClientOptions;
use object_store::client::{HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService, ReqwestConnector};

use super::observer::StoreWatch;

/// What an answer says about the store.
#[derive(Debug, Clone, Default)]
pub(super) struct AnswerHead {
    /// The store's clock (`Date`), to the second.
    pub(super) date: Option<Timestamp>,
    /// Which program answers (`Server`).
    pub(super) server: Option<String>,
}

/// Makes clients that add an [`AnswerHead`] to the extensions of each answer, and report each request.
#[derive(Debug)]
pub(super) struct WatchingConnector {
    pub(super) watch: StoreWatch,
    /// Whether credentials are obtained from this machine, over http.
    pub(super) local_credentials: bool,
}

impl HttpConnector for WatchingConnector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let options = if self.local_credentials { &options.clone().with_allow_http(true) } else { options };
        let client = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(Watching { client, watch: self.watch.clone() }))
    }
}

struct Watching {
    client: HttpClient,
    watch: StoreWatch,
}

impl fmt::Debug for Watching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watching")
    }
}

impl HttpService for Watching {
    fn call<'a, 'b>(&'a self, request: HttpRequest) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let (method, path, began) = (request.method().to_string(), request.uri().path().to_owned(), Instant::now());
            let answer = self.client.execute(request).await;
            self.watch.note(&method, &path, answer.as_ref().ok().map(|answer| answer.status().as_u16()), began);
            let mut answer = answer?;
            let text = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
            let head = AnswerHead { date: text("date").as_deref().and_then(parse_http_date), server: text("server") };
            answer.extensions_mut().insert(head);
            Ok(answer)
        })
    }
}

/// A date of HTTP.
fn parse_http_date(text: &str) -> Option<Timestamp> {
    let since = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Timestamp::from_second(i64::try_from(since.as_secs()).ok()?).ok()
}
