//! The Telnyx switches (`api/telnyx.md`, section 17). The first value of each is the default.
//!
//! What a switch of that section says about one request is a fault: a lost answer (`cut` with `when: after`), a change of
//! another user (`foreign`), pages that overlap (`overlapping_pages`) and a wrong total (`missing_rows`).

use serde::{Deserialize, Serialize};

/// How this copy of Telnyx behaves where the documentation is silent or has two answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelnyxKnobs {
    /// What reads show of a connection's password (section 7).
    pub password_shown: PasswordShown,
    /// Inner fields that a PATCH of a nested object leaves out (section 8).
    pub nested_patch: NestedPatch,
    /// A null for an inner field whose schema has none (section 8).
    pub null_inner: NullInner,
    /// How a number leaves its connection (section 9.2), and a connection its profile.
    pub detach_with: DetachWith,
    /// DELETE of a connection that serves numbers, or has IPs or hosts.
    pub delete_in_use: DeleteInUse,
    /// A second connection, profile or group with one name.
    pub duplicate_name: DuplicateName,
    /// A `user_name`, token or subdomain that another connection has.
    pub duplicate_user_name: DuplicateUserName,
    /// DELETE of a profile that connections name.
    pub profile_delete_in_use: ProfileDeleteInUse,
    /// Times of day in answers (section 8.1).
    pub times_shown: TimesShown,
    /// Lists of managed accounts show every state, whatever the filter says.
    pub status_filter_ignored: bool,
    /// How many reads of a list still show what was there before a write.
    pub list_lag: u32,
    /// Unknown inner fields are dropped without a word; otherwise they are refused.
    pub drop_unknown_inner: bool,
    /// Decimal ids are JSON integers in answers.
    pub ids_as_numbers: bool,
    /// `connection_id` of a host is a JSON integer in answers (section 5.4).
    pub fqdn_connection_id_number: bool,
    /// The messaging service does not answer (section 9.1).
    pub messaging_down: MessagingDown,
    /// Shape of error bodies (section 2.4).
    pub error_shape: TelnyxErrorShape,
    /// Calls that are refused because there were too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttle: Option<Throttle>,
    /// How many requests are accepted, and shown in the headers (section 1.1).
    pub rate: RateLimit,
    /// Objects in answers have fields that no page documents.
    pub extra_fields: bool,
}

impl Default for TelnyxKnobs {
    fn default() -> Self {
        Self {
            password_shown: PasswordShown::default(),
            nested_patch: NestedPatch::default(),
            null_inner: NullInner::default(),
            detach_with: DetachWith::default(),
            delete_in_use: DeleteInUse::default(),
            duplicate_name: DuplicateName::default(),
            duplicate_user_name: DuplicateUserName::default(),
            profile_delete_in_use: ProfileDeleteInUse::default(),
            times_shown: TimesShown::default(),
            status_filter_ignored: false,
            list_lag: 0,
            drop_unknown_inner: true,
            ids_as_numbers: false,
            fqdn_connection_id_number: false,
            messaging_down: MessagingDown::default(),
            error_shape: TelnyxErrorShape::default(),
            throttle: None,
            rate: RateLimit::default(),
            extra_fields: true,
        }
    }
}

/// Refuses some calls with 429, whatever they ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Throttle {
    /// The first call that is refused, counted from 1.
    pub nth: u64,
    /// How many calls in a row; 0 is all.
    pub times: u64,
    /// `10011` is the rate of requests; `40333`, a daily limit, is not over in a moment.
    pub code: String,
    /// Seconds in `x-ratelimit-reset`; absent: without that header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset: Option<u64>,
    /// Seconds in `Retry-After`; absent: without that header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { nth: 1, times: 1, code: "10011".to_owned(), reset: None, retry_after: None }
    }
}

/// A number of requests for each window of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimit {
    /// Requests.
    pub limit: u64,
    /// Seconds.
    pub window: u64,
}

impl Default for RateLimit {
    fn default() -> Self {
        // No real number is published; this one stops no test that does not ask for it.
        Self { limit: 100_000, window: 60 }
    }
}

macro_rules! knob {
    ($(#[$about:meta])* $name:ident { $($(#[$value_about:meta])* $value:ident),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$value_about])* $value),+ }

        impl $name {
            /// Every value, for tests over the whole product of knobs.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];
        }
    };
}

knob! {
    /// See [`TelnyxKnobs::password_shown`].
    PasswordShown {
        /// In clear, as older accounts.
        #[default]
        Clear,
        /// Eight stars, except in the answer to the write that set it.
        Stars,
    }
}
knob! {
    /// See [`TelnyxKnobs::nested_patch`].
    NestedPatch {
        /// They stay.
        #[default]
        Merge,
        /// They get their defaults.
        ReplaceWithDefaults,
        /// They become null.
        ReplaceWithNull,
    }
}
knob! {
    /// See [`TelnyxKnobs::null_inner`].
    NullInner {
        /// It is kept.
        #[default]
        Accept,
        /// 422.
        #[serde(rename = "reject_422")]
        Reject,
    }
}
knob! {
    /// See [`TelnyxKnobs::detach_with`].
    DetachWith {
        /// With an empty text.
        #[default]
        Empty,
        /// With null.
        Null,
        /// With one or the other.
        Either,
        /// Not at all: 422.
        #[serde(rename = "neither_422")]
        Neither,
        /// Not at all: 200, and nothing changes.
        #[serde(rename = "ignored_200")]
        Ignored,
    }
}
knob! {
    /// See [`TelnyxKnobs::delete_in_use`].
    DeleteInUse {
        /// 422 with code 10021.
        #[default]
        #[serde(rename = "refuse_422_10021")]
        InUse,
        /// 400.
        #[serde(rename = "refuse_400")]
        BadRequest,
        /// The numbers lose their connection; IPs and hosts go with it.
        Unlink,
    }
}
knob! {
    /// See [`TelnyxKnobs::duplicate_name`].
    DuplicateName {
        /// Two rows have it.
        #[default]
        Allow,
        /// 422.
        #[serde(rename = "refuse_422")]
        Refuse,
    }
}
knob! {
    /// See [`TelnyxKnobs::duplicate_user_name`].
    DuplicateUserName {
        /// 422.
        #[default]
        #[serde(rename = "refuse_422")]
        Invalid,
        /// 409.
        #[serde(rename = "refuse_409")]
        Conflict,
    }
}
knob! {
    /// See [`TelnyxKnobs::profile_delete_in_use`].
    ProfileDeleteInUse {
        /// 422.
        #[default]
        #[serde(rename = "refuse_422")]
        Refuse,
        /// The connections name no profile any more.
        NullReference,
    }
}
knob! {
    /// See [`TelnyxKnobs::times_shown`].
    TimesShown {
        /// As they were sent.
        #[default]
        AsSent,
        /// `08:00:00.00Z`, as the samples have them.
        WithSeconds,
    }
}
knob! {
    /// See [`TelnyxKnobs::messaging_down`].
    MessagingDown {
        /// It answers.
        #[default]
        Off,
        /// Lists of numbers are 503, or lack its fields if the request allows that.
        #[serde(rename = "503")]
        Unavailable503,
        /// Its fields hold the word `UNAVAILABLE`.
        Unavailable,
    }
}
knob! {
    /// See [`TelnyxKnobs::error_shape`].
    TelnyxErrorShape {
        /// A list of errors.
        #[default]
        List,
        /// The same with a number as code.
        CodeInteger,
        /// The same with a text as source.
        SourceText,
        /// `errors` is an object.
        ErrorsObject,
        /// 502 and a page of HTML.
        #[serde(rename = "html_502")]
        Html502,
        /// 500 and nothing.
        #[serde(rename = "empty_500")]
        Empty500,
        /// The first half of the list.
        TruncatedJson,
    }
}
