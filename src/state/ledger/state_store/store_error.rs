//! What an object store answered, in our own words. Its text is not repeated: it may quote addresses, key ids and headers.

use std::error::Error as StdError;

use object_store::Error;

use crate::state::ledger::LedgerError;

/// The status line as the client writes it.
const STATUS: &str = "non-2xx status code: ";

/// An error about an object, with what to do.
pub(super) fn store_error(what: &'static str, place: String, error: &Error) -> LedgerError {
    let (why, help) = match error {
        Error::NotFound { source, .. } if names_no_bucket(source.as_ref()) => (
            "the bucket or container does not exist".to_owned(),
            "create it, or name another location with --ledger; telform does not create buckets",
        ),
        Error::PermissionDenied { .. } => (
            format!("access is denied{}", error_text(error)),
            "the credentials in the environment need to read and write objects there and to list the bucket (without that, S3 denies looking for an object that is not there)",
        ),
        Error::Unauthenticated { .. } => (
            format!("the credentials are not accepted{}", error_text(error)),
            "check the credentials in the environment: are they complete, and not expired?",
        ),
        Error::NotImplemented { .. } | Error::NotSupported { .. } => (
            "the store does not support conditional writes".to_owned(),
            "use a store that supports them: without them two runs could overwrite each other",
        ),
        Error::Generic { .. } if seeks_instance(error) => (
            "credentials are missing: neither the environment nor this machine provides any".to_owned(),
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), or the variables of the other cloud",
        ),
        other => (error_reason(other), "check the address, the region and the network, then run the command again"),
    };
    LedgerError::Remote { what, place, why, help }
}

/// Whether the store received the request and refused it: then nothing was written.
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
    error_chain(error).any(|error| {
        let code = xml_error_code(&error.to_string());
        matches!(code.as_deref(), Some("NoSuchBucket" | "ContainerNotFound" | "ResourceNotFound"))
    })
}

/// Without credentials, the client asks the address of the instance metadata for them.
fn seeks_instance(error: &(dyn StdError + 'static)) -> bool {
    error_chain(error).any(|error| {
        let text = error.to_string();
        ["169.254.169.254", "metadata.google.internal"].iter().any(|host| text.contains(host))
    })
}

fn error_text(error: &Error) -> String {
    error_chain(error).find_map(|error| xml_error_code(&error.to_string())).map_or_else(String::new, |code| format!(" ({code})"))
}

/// Status and error code, or the innermost reason of a connection that failed.
fn error_reason(error: &Error) -> String {
    for error in error_chain(error) {
        let text = error.to_string();
        if let Some((_, rest)) = text.split_once(STATUS) {
            let status: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-')).collect();
            let code = xml_error_code(rest).map_or_else(String::new, |code| format!(" ({code})"));
            return format!("it answered {}{code}", status.trim_end());
        }
    }
    let inner = error_chain(error).last().map_or_else(String::new, ToString::to_string);
    // It may contain an address, and that a signature.
    let plain: Vec<&str> = inner.split_whitespace().filter(|word| !word.contains("://")).collect();
    let text: String = plain.join(" ").chars().take(160).collect();
    if text.is_empty() { "it did not answer".to_owned() } else { text }
}

/// The error code that S3, Azure and Google Cloud Storage put into their XML.
fn xml_error_code(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let plain = code.len() <= 64 && code.chars().all(|c| c.is_ascii_alphanumeric());
    plain.then(|| code.to_owned())
}

fn error_chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| (*error).source())
}
