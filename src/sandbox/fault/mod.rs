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

pub(super) use apply::{early, ignore, late, plan};
pub(super) use lists::Twist;

use super::world::is_default;

/// One rule: a matcher, and what happens to the requests it picks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which requests; left out it is the first request of all.
    #[serde(rename = "match", default)]
    pub matcher: Matcher,
    /// Whether the request was carried out before it went wrong.
    #[serde(default, skip_serializing_if = "is_default")]
    pub when: When,
    /// What happens.
    pub effect: Effect,
    /// How many matching requests came so far; the simulator counts here.
    #[serde(default, skip_serializing_if = "is_default")]
    pub seen: u32,
}

impl Fault {
    /// A fault that hits the first matching request, without carrying it out.
    pub fn new(matcher: Matcher, effect: Effect) -> Self {
        Self { matcher, when: When::Before, effect, seen: 0 }
    }

    /// The same, but the request is carried out first.
    #[must_use]
    pub fn after(mut self) -> Self {
        self.when = When::After;
        self
    }
}

/// Picks requests. Everything left out fits every request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Matcher {
    /// Which service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// `GET`, `POST`, ... as on the wire; `WRITE` stands for everything but GET, HEAD and OPTIONS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path from `/` on, without query. With a `*` (any run of characters) it must fit the whole path; without one
    /// it is a beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// A part of the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The first matching request that is hit, counted from 1.
    pub nth: u32,
    /// How many in a row are hit from there on; 0 is all.
    pub times: u32,
}

impl Default for Matcher {
    fn default() -> Self {
        Self { service: None, method: None, path: None, query: None, nth: 1, times: 1 }
    }
}

impl Matcher {
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

/// Which of the two services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Under `/api/v2/platform/`.
    Unpod,
    /// Under `/core/v2/`.
    Carrierx,
    /// Under `/_sim/`: the simulator's own routes; no fault touches them.
    Control,
    /// Nobody's.
    Other,
}

/// Whether the request was carried out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// It went wrong before the service saw it.
    #[default]
    Before,
    /// The service did it, and only the answer suffered.
    After,
}

/// What happens to a request. [`When`] matters for `answer`, `cut`, `delay_ms` and `hold`; the others need the true answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Another answer than the true one.
    Answer(FakeAnswer),
    /// The connection is reset without a byte of answer.
    Cut,
    /// The connection ends in the middle of the body.
    CutInBody,
    /// The answer comes this many milliseconds late.
    DelayMs(u64),
    /// The service carries the request out this many milliseconds later, whatever becomes of who asked, and answers then. With 0
    /// it does so when a test says so with [`Sandbox::let_go`](super::Sandbox::let_go).
    CarriedOutLateMs(u64),
    /// No answer comes. A test waits for that with [`Sandbox::wait_held`](super::Sandbox::wait_held), and may end it with
    /// [`Sandbox::let_go`](super::Sandbox::let_go).
    Hold,
    /// The body comes in small pieces.
    Drip {
        /// Bytes a piece.
        bytes: usize,
        /// Milliseconds between pieces.
        every_ms: u64,
    },
    /// The body is followed by this many bytes of white space, which is still JSON.
    Oversize(usize),
    /// The true status, and the first half of the JSON, with a length that fits it.
    TruncatedJson,
    /// The true status without a body.
    EmptyBody,
    /// Objects in the answer lose `data.id` (Unpod) or `partner_sid` (CarrierX).
    WithoutId,
    /// `data` or `items` is an object where an array is expected.
    DataObject,
    /// Every object gains fields nobody knows.
    ExtraFields,
    /// A list never ends: every page is full of new things.
    EndlessPages,
    /// A list says that it has this many more elements than its pages give.
    MissingRows(u64),
    /// Pages after the first begin this many elements early.
    OverlappingPages(usize),
    /// The next page is said to be at this URL.
    NextUrl(String),
    /// The other spelling of the configurations' path is routed from now on.
    SwapConfigPath,
    /// The service's clock is this many seconds ahead of the right time.
    ClockAhead(i64),
    /// Somebody else changes things just before the request is carried out.
    Foreign(Vec<Edit>),
    /// The service takes the request and ignores these entries of its body.
    Ignores(Vec<String>),
}

/// An answer that replaces the true one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FakeAnswer {
    /// HTTP status.
    pub status: u16,
    /// Body; left out it is HTML from 500 on, empty for a redirect, and JSON with a message otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub body: FakeBody,
    /// `Retry-After`, as it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<String>,
    /// `Location`, as it stands.
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
    /// What the status usually comes with.
    #[default]
    Usual,
    /// A page of HTML.
    Html,
    /// Nothing.
    Empty,
    /// As the framework says it: `message` and `status_code` (`api/unpod.md`, section 9.2).
    Framework,
    /// As the newest docs site says it: `error.code` and `error.message` (section 9.2).
    Docs,
    /// A business error with `data: {}`, as 206 has it (section 9.2).
    Business,
    /// The beginning of some JSON.
    Truncated,
    /// This JSON.
    Json(Value),
    /// This text.
    Text(String),
}

/// One change made by somebody else, in a console or with another tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Edit {
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
    /// Takes a number off a bridge.
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
    /// Plays the human who clicks (`api/carrierx.md`, section 11, 5).
    Verify {
        /// Sid or login.
        partner: String,
        /// `owner_email`, `tech_email`, `billing_email`, or `all`.
        field: String,
    },
}
