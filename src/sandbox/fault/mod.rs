//! Faults as data: which request, and what goes wrong with it.
//!
//! ```yaml
//! faults:
//!   - match: { service: unpod, method: POST, path: "*/connect-provider/", nth: 2 }
//!     when: after
//!     effect: { answer: { status: 502 } }
//! ```

mod apply;
mod lists;
mod reshape;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(super) use apply::{answer_early, answer_late, drop_ignored_fields, match_faults};
pub(super) use lists::ListFault;
pub(super) use reshape::raw;

use super::world::is_default;

/// One rule: a matcher, and what happens to the requests it picks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Which requests; left out it is the first request of all.
    #[serde(rename = "match", default)]
    pub matcher: RequestMatcher,
    /// Whether the request was carried out before it went wrong.
    #[serde(default, skip_serializing_if = "is_default")]
    pub when: FaultTiming,
    /// What happens.
    pub effect: FaultEffect,
    /// Number of matching requests so far; the simulator counts here.
    #[serde(default, skip_serializing_if = "is_default")]
    pub seen: u32,
}

impl FaultRule {
    /// A fault that hits the first matching request, without carrying it out.
    pub fn new(matcher: RequestMatcher, effect: FaultEffect) -> Self {
        Self { matcher, when: FaultTiming::Before, effect, seen: 0 }
    }

    /// The same, but the request is carried out first.
    #[must_use]
    pub fn after(mut self) -> Self {
        self.when = FaultTiming::After;
        self
    }
}

/// Selects requests. An omitted key matches every request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestMatcher {
    /// Which service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<SimulatedService>,
    /// `GET`, `POST`, ... as on the wire; `WRITE` means everything but GET, HEAD and OPTIONS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path from `/` on, without query. With a `*` (any run of characters) it must match the whole path; without
    /// one it is a prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// A part of the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The first matching request that is hit, counted from 1.
    pub nth: u32,
    /// Number of consecutive requests that are hit from there on; 0 is all.
    pub times: u32,
}

impl Default for RequestMatcher {
    fn default() -> Self {
        Self { service: None, method: None, path: None, query: None, nth: 1, times: 1 }
    }
}

impl RequestMatcher {
    /// Requests with this method and path.
    pub fn to(method: &str, path: &str) -> Self {
        Self { method: Some(method.to_owned()), path: Some(path.to_owned()), ..Self::default() }
    }

    /// From the n-th matching request on.
    #[must_use]
    pub fn nth(mut self, nth: u32) -> Self {
        self.nth = nth;
        self
    }

    /// This many requests in a row; 0 is all.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }
}

/// Which of the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SimulatedService {
    /// Under `/api/v2/platform/`.
    Unpod,
    /// Under `/core/v2/`.
    Carrierx,
    /// Under `/v2/`.
    Telnyx,
    /// Under `/_sim/`: the simulator's own routes; no fault touches them.
    Control,
    /// Nobody's.
    Other,
}

/// Whether the request was carried out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultTiming {
    /// It went wrong before the service saw it.
    #[default]
    Before,
    /// The service carried it out, and only the answer is affected.
    After,
}

/// What happens to a request. [`FaultTiming`] matters for `answer`, `cut`, `delay_ms` and `hold`; the others need the true answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultEffect {
    /// An answer other than the true one.
    Answer(FakeAnswer),
    /// The connection is reset without a byte of answer.
    Cut,
    /// The connection ends in the middle of the body.
    CutInBody,
    /// The answer comes this many milliseconds late.
    DelayMs(u64),
    /// The service carries the request out this many milliseconds later, whatever happens to the client, and answers then. With
    /// 0 it does so when a test triggers it with [`Sandbox::let_go`](super::Sandbox::let_go).
    CarriedOutLateMs(u64),
    /// No answer comes. A test waits for that with [`Sandbox::wait_held`](super::Sandbox::wait_held), and may end it with
    /// [`Sandbox::let_go`](super::Sandbox::let_go).
    Hold,
    /// The body arrives in small pieces.
    Drip {
        /// Bytes per piece.
        bytes: usize,
        /// Milliseconds between pieces.
        every_ms: u64,
    },
    /// The body is followed by this many bytes of white space, which is still JSON.
    Oversize(usize),
    /// The true status, and the first half of the JSON, with a matching length.
    TruncatedJson,
    /// The true status without a body.
    EmptyBody,
    /// Objects in the answer lose `data.id` (Unpod) or `partner_sid` (CarrierX).
    WithoutId,
    /// `data` or `items` is an object where an array is expected.
    DataObject,
    /// Every object gains unknown fields.
    ExtraFields,
    /// A list never ends: every page is full of new things.
    EndlessPages,
    /// A list claims this many more elements than its pages contain.
    MissingRows(u64),
    /// Pages after the first begin this many elements early.
    OverlappingPages(usize),
    /// The answer names this URL as the next page.
    NextUrl(String),
    /// The other spelling of the configurations' path is routed from now on.
    SwapConfigPath,
    /// The service's clock is this many seconds ahead of the right time.
    ClockAhead(i64),
    /// Another user changes things just before the request is carried out.
    Foreign(Vec<ForeignEdit>),
    /// The service accepts the request and ignores these entries of its body.
    Ignores(Vec<String>),
}

/// An answer that replaces the true one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FakeAnswer {
    /// HTTP status.
    pub status: u16,
    /// Body; by default HTML from 500 on, empty for a redirect, and JSON with a message otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub body: FakeBody,
    /// `Retry-After`, verbatim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<String>,
    /// `Location`, verbatim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

impl FakeAnswer {
    /// An answer with the usual body of its status.
    pub fn status(status: u16) -> Self {
        Self { status, body: FakeBody::Usual, retry_after: None, location: None }
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: FakeBody) -> Self {
        self.body = body;
        self
    }
}

/// Body of a [`FakeAnswer`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FakeBody {
    /// The usual body of the status.
    #[default]
    Usual,
    /// A page of HTML.
    Html,
    /// Nothing.
    Empty,
    /// In the framework's shape: `message` and `status_code` (`api/unpod.md`, section 9.2).
    Framework,
    /// In the shape of the newest docs site: `error.code` and `error.message` (section 9.2).
    Docs,
    /// A business error with `data: {}`, as with 206 (section 9.2).
    Business,
    /// A list of one error with this code (`api/telnyx.md`, section 2.4).
    Errors(String),
    /// The beginning of some JSON.
    Truncated,
    /// This JSON.
    Json(Value),
    /// This text.
    Text(String),
}

/// One change made by another user, in a console or with another tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ForeignEdit {
    /// Sets fields of a partner.
    Partner {
        /// Sid or login.
        partner: String,
        /// Fields and their new values.
        set: Map<String, Value>,
    },
    /// Puts a number on a bridge and connects it to a configuration or to none.
    Connect {
        /// Slug.
        bridge: String,
        /// E.164.
        number: String,
        /// Configuration id.
        configuration: Option<u64>,
    },
    /// Disconnects a number from a bridge.
    Disconnect {
        /// Slug.
        bridge: String,
        /// E.164.
        number: String,
    },
    /// Sets text fields of a configuration; null clears one.
    Configuration {
        /// Which.
        id: u64,
        /// Fields and their new values.
        set: IndexMap<String, Option<String>>,
    },
    /// Deletes a configuration as the API does.
    DeleteConfiguration(u64),
    /// Renames a bridge.
    RenameBridge {
        /// Slug.
        bridge: String,
        /// New name.
        name: String,
    },
    /// Deletes a bridge as the API does.
    DeleteBridge(String),
    /// Sets fields of an object of Telnyx; of nested objects only the inner fields that are said.
    Telnyx {
        /// The path of its collection, such as `phone_numbers`.
        collection: String,
        /// Id or name.
        which: String,
        /// Fields and their new values.
        set: Map<String, Value>,
    },
    /// Acts as the human who clicks (`api/carrierx.md`, section 11, 5).
    Verify {
        /// Sid or login.
        partner: String,
        /// `owner_email`, `tech_email`, `billing_email`, or `all`.
        field: String,
    },
}
