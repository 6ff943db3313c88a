//! What an object store answered, in our own words. Its text is not repeated: it may quote addresses, key ids and headers.

use std::error::Error as StdError;

use object_store::Error;

use crate::ledger::LedgerError;

/// The status line as the client writes it.
const STATUS: &str = "non-2xx status code: ";

/// An error about an object, with its way out.
pub(super) fn explain(what: &'static str, place: String, error: &Error) -> LedgerError {
    let (why, help) = match error {
        Error::NotFound { source, .. } if names_no_bucket(source.as_ref()) => (
            "the bucket or container is not there".to_owned(),
            "make it, or name another place with --ledger; telform makes no buckets",
        ),
        Error::PermissionDenied { .. } => (
            format!("access is denied{}", told(error)),
            "the credentials in the environment need to read and write objects there and to list the bucket (without that, S3 denies looking for an object that is not there)",
        ),
        Error::Unauthenticated { .. } => (
            format!("the credentials are not accepted{}", told(error)),
            "check the credentials in the environment: are they complete, and not expired?",
        ),
        Error::NotImplemented { .. } | Error::NotSupported { .. } => (
            "the store does not know conditional writes".to_owned(),
            "use a store that has them: without them two runs could overwrite each other",
        ),
        Error::Generic { .. } if seeks_instance(error) => (
            "there are no credentials: none in the environment, and this machine hands out none".to_owned(),
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), or the variables of the other cloud",
        ),
        other => (
            reason(other),
            "nothing is known to be lost; check the address, the region and the network, and run it again",
        ),
    };
    LedgerError::Remote { what, place, why, help }
}

/// Whether the store took the request and said no: then nothing was written.
pub(super) fn is_refusal(error: &Error) -> bool {
    match error {
        Error::PermissionDenied { .. }
        | Error::Unauthenticated { .. }
        | Error::NotImplemented { .. }
        | Error::NotSupported { .. }
        | Error::InvalidPath { .. } => true,
        Error::NotFound { source, .. } => names_no_bucket(source.as_ref()),
        _ => false,
    }
}

/// A bucket that is missing and an object that is missing have the same status.
pub(super) fn names_no_bucket(error: &(dyn StdError + 'static)) -> bool {
    chain(error).any(|error| {
        let code = code(&error.to_string());
        matches!(code.as_deref(), Some("NoSuchBucket" | "ContainerNotFound" | "ResourceNotFound"))
    })
}

/// The client looks for credentials at the address of the instance metadata when it has none.
fn seeks_instance(error: &(dyn StdError + 'static)) -> bool {
    chain(error).any(|error| {
        let text = error.to_string();
        ["169.254.169.254", "metadata.google.internal"].iter().any(|host| text.contains(host))
    })
}

fn told(error: &Error) -> String {
    chain(error)
        .find_map(|error| code(&error.to_string()))
        .map_or_else(String::new, |code| format!(" ({code})"))
}

/// Status and error code, or the innermost reason of a connection that failed.
fn reason(error: &Error) -> String {
    for error in chain(error) {
        let text = error.to_string();
        if let Some((_, rest)) = text.split_once(STATUS) {
            let status: String =
                rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-')).collect();
            let code = code(rest).map_or_else(String::new, |code| format!(" ({code})"));
            return format!("it answered {}{code}", status.trim_end());
        }
    }
    let inner = chain(error).last().map_or_else(String::new, ToString::to_string);
    // An address may stand in it, and in that a signature.
    let plain: Vec<&str> = inner.split_whitespace().filter(|word| !word.contains("://")).collect();
    let text: String = plain.join(" ").chars().take(160).collect();
    if text.is_empty() { "it gave no answer".to_owned() } else { text }
}

/// The error code that S3, Azure and Google's store put into their XML.
fn code(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let plain = code.len() <= 64 && code.chars().all(|c| c.is_ascii_alphanumeric());
    plain.then(|| code.to_owned())
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| (*error).source())
}
