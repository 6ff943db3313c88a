//! The HTTP client of an object store, which keeps what the client library drops: the store's clock and its name.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::UNIX_EPOCH;

use jiff::Timestamp;
use object_store::ClientOptions;
use object_store::client::{HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService, ReqwestConnector};

/// What an answer says about the store.
#[derive(Debug, Clone, Default)]
pub(super) struct AnswerHead {
    /// The store's clock (`Date`), to the second.
    pub(super) date: Option<Timestamp>,
    /// Which program answers (`Server`).
    pub(super) server: Option<String>,
}

/// Makes clients that add an [`AnswerHead`] to the extensions of each answer.
#[derive(Debug, Default)]
pub(super) struct WatchingConnector(ReqwestConnector);

impl HttpConnector for WatchingConnector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        self.0.connect(options).map(|client| HttpClient::new(Watching(client)))
    }
}

struct Watching(HttpClient);

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
            let mut answer = self.0.execute(request).await?;
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
