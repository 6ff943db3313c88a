//! The two rules of the HTTP layer as tables: what an answer means, and whether a request may be sent again.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use serde_json::json;
use telform::http::classify::classify_answer;
use telform::http::retry::{
    AttemptOutcome, LONGEST_WAIT, MOST_ATTEMPTS, OtherRequests, RetryDecision, SUSPECT_AFTER, decide_retry, retry_after,
};
use telform::http::{AnswerClass, RequestEffect};
use telform::model::call::RequestMethod;
use telform::model::call::RequestMethod::{Delete, Get, Patch, Post, Put};
use telform::services::{carrierx, telnyx, unpod};

const METHODS: [RequestMethod; 5] = [Get, Post, Patch, Put, Delete];
const JSON: Option<&str> = Some("application/json");

#[test]
fn what_an_answer_means() {
    use AnswerClass::*;
    use RequestEffect::{None as No, Unknown};
    let gone = r#"{"status_code":400,"message":"No VoiceBridge matches the given query.","data":{}}"#;
    let taken = r#"{"status_code":400,"message":"Bridge creation failed.","errors":"Slug already exists or name is required"}"#;
    let made = r#"{"data":{"id":1,"slug":"s"}}"#;
    let table: &[(RequestMethod, &str, u16, &str, AnswerClass, RequestEffect)] = &[
        (Get, "x/", 200, "{}", Ok, No),
        (Get, "x/", 200, "", Unexpected, No),
        (Get, "x/", 200, "{\"cut\":", Unexpected, No),
        (Get, "x/", 201, "{}", Unexpected, No),
        (Get, "x/", 204, "", Unexpected, No),
        (Get, "x/", 206, "{}", Unexpected, No),
        (Get, "x/", 301, "", Unexpected, No),
        (Post, "x/", 200, "{}", Ok, No),
        (Post, "x/", 201, "{}", Ok, No),
        (Post, "telephony/bridges/", 201, made, Ok, No),
        (Post, "telephony/bridges/", 200, r#"{"data":{"detail":"No organization"}}"#, Unexpected, Unknown),
        (Post, "telephony/provider-configurations/", 201, r#"{"data":{"name":"x"}}"#, Unexpected, Unknown),
        (Post, "telephony/bridges/s/connect-provider/", 200, r#"{"data":{"message":"ok"}}"#, Ok, No),
        (Post, "x/", 202, "{}", Unexpected, Unknown),
        (Post, "x/", 206, "{}", Unexpected, Unknown),
        (Post, "x/", 301, "", Unexpected, No),
        (Post, "x/", 303, "", Unexpected, Unknown),
        (Post, "x/", 200, "<html>", Unexpected, Unknown),
        (Patch, "x/", 200, "{}", Ok, No),
        (Patch, "x/", 201, "{}", Unexpected, Unknown),
        (Patch, "x/", 204, "", Unexpected, Unknown),
        (Put, "x/", 200, "", Unexpected, Unknown),
        (Delete, "x/", 200, "{}", Ok, No),
        (Delete, "x/", 200, "", Ok, No),
        (Delete, "x/", 204, "stray bytes", Ok, No),
        (Delete, "x/", 206, "{}", Unexpected, Unknown),
        (Delete, "x/", 400, gone, Gone, No),
        (Post, "telephony/bridges/s/connect-provider/", 400, gone, Gone, No),
        (Post, "telephony/bridges/", 400, taken, Conflict, Unknown),
        (Post, "telephony/bridges/", 400, r#"{"message":"bad"}"#, Refused, Unknown),
        (Patch, "telephony/bridges/s/", 400, r#"{"message":"bad"}"#, Refused, No),
        (Post, "x/", 400, r#"{"message":"Provided number is already assigned to another bridge."}"#, Conflict, No),
        (Get, "x/", 401, "{}", Unauthorized, No),
        (Post, "x/", 403, "{}", Forbidden, No),
        (Get, "x/", 404, "{}", Gone, No),
        (Get, "x/", 404, "<h1>", NoSuchPath, No),
        (Get, "x/", 404, "", NoSuchPath, No),
        (Post, "x/", 408, "", NoAnswer, Unknown),
        (Post, "x/", 409, "{}", Conflict, No),
        (Post, "x/", 422, "{}", Refused, No),
        (Post, "x/", 429, "", Throttled, No),
        (Get, "x/", 500, "<h1>", ServerFault, No),
        (Delete, "x/", 502, "", ServerFault, Unknown),
    ];
    for (method, path, status, body, expected, effect) in table {
        let got = classify_answer(&unpod::TABLE, *method, path, *status, JSON, body.as_bytes());
        assert_eq!((got.class, got.effect), (*expected, *effect), "{method} {path} {status} {body}: {}", got.reason);
    }
}

#[test]
fn the_texts_of_one_service_mean_nothing_at_another() {
    let body = br#"{"message":"No Partner matches the given query."}"#;
    assert_eq!(classify_answer(&carrierx::TABLE, Delete, "partners/1", 400, JSON, body).class, AnswerClass::Refused);
    // No page says that a CarrierX 404 has a JSON body (carrierx.md 9); the HTML page is Unpod's habit (unpod.md 9.3).
    for body in ["", "{}", "[]", "not found", "<h1>", "{\"cut"] {
        for method in [Get, Patch, Put, Delete] {
            let got = classify_answer(&carrierx::TABLE, method, "partners/1", 404, JSON, body.as_bytes());
            assert_eq!((got.class, got.effect), (AnswerClass::Gone, RequestEffect::None), "{method} {body}");
        }
    }
    let made = classify_answer(&carrierx::TABLE, Post, "partners", 200, JSON, br#"{"partner_sid":"x"}"#);
    assert_eq!(made.class, AnswerClass::Ok);
    let nothing = classify_answer(&carrierx::TABLE, Post, "partners", 200, JSON, br#"{"login":"x"}"#);
    assert_eq!((nothing.class, nothing.effect), (AnswerClass::Unexpected, RequestEffect::Unknown));
}

#[test]
fn html_is_told_by_its_content_type_or_its_look() {
    for (kind, body) in [(Some("text/html; charset=utf-8"), "{}"), (JSON, " <!doctype html>"), (None, "<p>")] {
        let got = classify_answer(&unpod::TABLE, Get, "x/", 404, kind, body.as_bytes());
        assert_eq!(got.class, AnswerClass::NoSuchPath, "{kind:?} {body}");
        assert_eq!(got.service_text.as_deref(), Some("an HTML page instead of JSON"));
    }
}

/// A success holds what the service stores, including other people's secrets. Only the message of an error is meant for people.
#[test]
fn the_body_of_a_success_is_never_quoted() {
    let row = r#"{"name":"canary","api_key":"canary","provider_configuration":{"x":"canary"}}"#;
    let cut = format!(r#"{{"status_code":200,"message":"canary","data":[{row},{{"id":2,"api_s"#);
    let whole = format!(r#"{{"status_code":202,"message":"Success","errors":"canary","data":{row}}}"#);
    for status in [200, 201, 202, 203, 204, 206, 226] {
        for (kind, body) in [(JSON, cut.as_str()), (JSON, &whole), (None, "canary"), (None, "<b>canary")] {
            for method in METHODS {
                let got = classify_answer(&carrierx::TABLE, method, "x/", status, kind, body.as_bytes());
                let words = got.service_text.unwrap_or_default();
                assert!(!words.contains("canary"), "{method} {status} {body}: {words}");
            }
        }
    }
    let got = classify_answer(&unpod::TABLE, Get, "x/", 200, JSON, cut.as_bytes());
    assert_eq!(got.service_text, Some(format!("JSON that breaks off after {} bytes", cut.len())));
    // Unpod refuses with 206 (unpod.md fact 5): there the envelope is for people, and its content still is not.
    let refused = format!(r#"{{"status_code":206,"message":"Organization not found","data":{row}}}"#);
    let got = classify_answer(&unpod::TABLE, Get, "x/", 206, JSON, refused.as_bytes());
    assert_eq!(got.service_text.as_deref(), Some("Organization not found"));
    let got = classify_answer(&unpod::TABLE, Get, "x/", 206, JSON, whole.replace("errors", "other").as_bytes());
    assert_eq!(got.service_text, None);
}

/// Keys no longer identify the parts of half an error body.
#[test]
fn a_broken_error_body_is_not_quoted_either() {
    let cut = r#"{"status_code":400,"message":"no","data":{"api_key":"canary"#;
    for body in [cut, &format!("[{cut}"), r#"{"a":"canary"} and more"#] {
        let words = classify_answer(&unpod::TABLE, Get, "x/", 400, JSON, body.as_bytes()).service_text.unwrap_or_default();
        assert!(!words.contains("canary") && words.contains("JSON"), "{words}");
    }
    let plain = classify_answer(&unpod::TABLE, Get, "x/", 400, None, b"slow down");
    assert_eq!(plain.service_text.as_deref(), Some("slow down"));
}

#[test]
fn a_deeply_nested_body_is_no_json() {
    let body = "[".repeat(100_000);
    assert_eq!(classify_answer(&unpod::TABLE, Get, "x/", 200, JSON, body.as_bytes()).class, AnswerClass::Unexpected);
}

fn answered(status: u16) -> AttemptOutcome {
    AttemptOutcome::Answered { status, retry_after: None }
}

fn again(service: &telform::model::kind::ServiceTable, method: RequestMethod, outcome: AttemptOutcome, attempt: u32) -> bool {
    matches!(decide_retry(service, method, outcome, attempt, OtherRequests::NotAsked), RetryDecision::Retry { .. })
}

#[test]
fn what_may_be_sent_again() {
    for service in [&unpod::TABLE, &carrierx::TABLE] {
        for method in METHODS {
            assert!(again(service, method, AttemptOutcome::NotConnected, 1), "{method}");
            assert!(!again(service, method, AttemptOutcome::NotConnected, MOST_ATTEMPTS), "{method}");
            assert_eq!(again(service, method, AttemptOutcome::Lost, 1), method == Get, "{method}");
            for status in [502, 503, 504] {
                assert_eq!(again(service, method, answered(status), 4), method == Get, "{method} {status}");
            }
            // A database that fails over answers with 500 for seconds; a question that alone fails has a fault of its own.
            assert_eq!(again(service, method, answered(500), MOST_ATTEMPTS - 1), method == Get, "{method}");
            for (others, more) in [(OtherRequests::Failed, true), (OtherRequests::Answered, false)] {
                let next = decide_retry(service, method, answered(500), SUSPECT_AFTER, others);
                assert_eq!(matches!(next, RetryDecision::Retry { .. }), method == Get && more, "{method} {others:?}");
            }
            for status in [200, 206, 301, 400, 401, 403, 404, 405, 409, 422, 501] {
                assert!(!again(service, method, answered(status), 1), "{method} {status}");
            }
            let throttled = method != Post || service.api == "unpod";
            assert_eq!(again(service, method, answered(429), 1), throttled, "{} {method}", service.api);
        }
    }
}

/// A 429 asks to wait only with the service's code for that (telnyx.md 1.1).
#[test]
fn a_limit_that_waiting_does_not_lift_is_final() {
    let limit = |code: &str| format!(r#"{{"errors":[{{"code":{code},"title":"Limit"}}]}}"#);
    for (body, class) in [
        (limit(r#""10011""#), AnswerClass::Throttled),
        (limit("10011"), AnswerClass::Throttled),
        (limit(r#""40333""#), AnswerClass::Refused),
        (limit("40333"), AnswerClass::Refused),
        ("{}".to_owned(), AnswerClass::Throttled),
        ("<html>".to_owned(), AnswerClass::Throttled),
    ] {
        for method in METHODS {
            let answer = classify_answer(&telnyx::TABLE, method, "x", 429, JSON, body.as_bytes());
            if method == Post && !body.contains("code") {
                // Nothing says that it was not carried out.
                assert_eq!((answer.class, answer.effect), (AnswerClass::Unexpected, RequestEffect::Unknown), "{body}");
                continue;
            }
            assert_eq!((answer.class, answer.effect), (class, RequestEffect::None), "{method} {body}");
        }
    }
    // A service without such a code asks to wait whatever it says.
    assert_eq!(classify_answer(&unpod::TABLE, Get, "x/", 429, JSON, limit("40333").as_bytes()).class, AnswerClass::Throttled);
    for method in METHODS {
        assert!(!again(&telnyx::TABLE, method, AttemptOutcome::Final, 1), "{method}");
    }
}

#[test]
fn the_wait_is_what_the_service_asks_for() {
    let asked = Some(Duration::from_secs(7));
    let outcome = AttemptOutcome::Answered { status: 429, retry_after: asked };
    assert!(
        matches!(decide_retry(&unpod::TABLE, Get, outcome, 1, OtherRequests::NotAsked), RetryDecision::Retry { after, .. } if after == asked)
    );

    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let seconds = Duration::from_secs;
    assert_eq!(retry_after("7", now), Some(seconds(7)));
    assert_eq!(retry_after(" 0 ", now), Some(seconds(0)));
    assert_eq!(retry_after("3600", now), Some(seconds(3600)));
    assert!(retry_after("99999999999999999999999", now) > Some(LONGEST_WAIT));
    assert_eq!(retry_after(&httpdate::fmt_http_date(now + seconds(9)), now), Some(seconds(9)));
    assert_eq!(retry_after(&httpdate::fmt_http_date(now + seconds(9999)), now), Some(seconds(9999)));
    assert_eq!(retry_after(&httpdate::fmt_http_date(now - seconds(9)), now), Some(seconds(0)));
    assert_eq!(retry_after("soon", now), None);
    assert_eq!(retry_after("-1", now), None);
    assert_eq!(retry_after("", now), None);
}

proptest! {
    /// Judging is total, a read never has an effect, and only the listed statuses are successes.
    #[test]
    fn judging_never_panics(status: u16, method in 0..5usize, body: Vec<u8>, path in "[a-z/{}-]{0,30}", html: bool) {
        let method = METHODS[method];
        let kind = if html { Some("text/html") } else { JSON };
        for service in [&unpod::TABLE, &carrierx::TABLE] {
            let got = classify_answer(service, method, &path, status, kind, &body);
            if method == Get {
                prop_assert_eq!(got.effect, RequestEffect::None);
            }
            if got.class == AnswerClass::Ok {
                prop_assert!(matches!(status, 200 | 201 | 204));
                prop_assert_eq!(got.effect, RequestEffect::None);
            }
        }
    }

    /// The same for bodies that are JSON of some depth.
    #[test]
    fn texts_are_found_without_panic(keys in prop::collection::vec("errors|error|message|detail|data|field", 0..8)) {
        let body = keys.iter().fold(json!("text"), |inner, key| json!({ key.as_str(): inner }));
        let _ = telform::http::text::error_text(&body);
    }
}
