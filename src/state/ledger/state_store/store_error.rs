//! What an object store answered, in our own words. Its text is not repeated: it may quote addresses, key ids and headers.

use std::error::Error as StdError;

use object_store::Error;

use crate::state::ledger::LedgerError;

/// The status line as the client writes it.
const STATUS: &str = "non-2xx status code: ";

/// What an error means, apart from which cloud says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StoreFault {
    ExpiredIdentity,
    RefusedIdentity,
    RefusedRole,
    NoIdentity,
    ExpiredToken,
    SkewedClock,
    WrongSignature,
    UnknownKey,
    NoPermission,
    NotAccepted,
    NoBucket,
    OtherRegion,
    NoCredentials,
    NoConditions,
}

/// An error about an object, with what to do.
pub(super) fn store_error(what: &'static str, place: String, error: &Error) -> LedgerError {
    let (why, help) = match fault_of(error) {
        Some(fault) => {
            let code = if fault == StoreFault::NoBucket { String::new() } else { error_text(error) };
            (format!("{}{code}", fault.words()), fault.help(&place))
        }
        None => (error_reason(error), "check the address, the region and the network, then run the command again"),
    };
    LedgerError::Remote { what, place, why, help: help.into() }
}

/// The code of an answer decides, then its status, then what the client says about credentials that it cannot get.
fn fault_of(error: &Error) -> Option<StoreFault> {
    if let Some(fault) = error_chain(error).find_map(|error| fault_in_text(&error.to_string())) {
        return Some(fault);
    }
    match error {
        Error::PermissionDenied { .. } => Some(StoreFault::NoPermission),
        Error::Unauthenticated { .. } => Some(StoreFault::NotAccepted),
        Error::NotImplemented { .. } | Error::NotSupported { .. } => Some(StoreFault::NoConditions),
        Error::Generic { .. } if seeks_instance(error) => Some(StoreFault::NoCredentials),
        _ => None,
    }
}

/// The codes of S3 (API reference, error responses), Azure (Blob service error codes) and Google Cloud Storage (XML API, error
/// codes; and its token service, which answers in JSON).
fn fault_in_text(text: &str) -> Option<StoreFault> {
    let code = xml_error_code(text);
    // The service that gives the credentials of a role answers in another form than S3 (AWS STS, AssumeRoleWithWebIdentity).
    let of_role = says(text, &["<ErrorResponse"]);
    Some(match code.as_deref() {
        Some("ExpiredTokenException") if of_role => StoreFault::ExpiredIdentity,
        Some("InvalidIdentityToken" | "IDPRejectedClaim") if of_role => StoreFault::RefusedIdentity,
        Some("AccessDenied") if of_role => StoreFault::RefusedRole,
        Some("ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" | "ExpiredAuthenticationToken") => {
            StoreFault::ExpiredToken
        }
        Some("RequestTimeTooSkewed") => StoreFault::SkewedClock,
        Some("SignatureDoesNotMatch" | "InvalidSignature") => StoreFault::WrongSignature,
        Some("InvalidAccessKeyId" | "InvalidToken" | "UnrecognizedClientException" | "InvalidClientTokenId") => {
            StoreFault::UnknownKey
        }
        // One code for three faults; its detail says which.
        Some("AuthenticationFailed" | "InvalidAuthenticationInfo") if says(text, &["time frame", "has expired", "IDX10223"]) => {
            StoreFault::ExpiredToken
        }
        Some("AuthenticationFailed") if says(text, &["date header", "too old"]) => StoreFault::SkewedClock,
        Some("AuthenticationFailed") if says(text, &["MAC signature", "signature"]) => StoreFault::WrongSignature,
        Some("InvalidAuthenticationInfo" | "AuthenticationRequired" | "NoAuthenticationInformation") => StoreFault::NotAccepted,
        Some(
            "AccessDenied"
            | "AllAccessDisabled"
            | "AuthorizationFailure"
            | "AuthorizationPermissionMismatch"
            | "AuthorizationResourceTypeMismatch"
            | "InsufficientAccountPermissions"
            | "KeyBasedAuthenticationNotPermitted",
        ) => StoreFault::NoPermission,
        Some("NoSuchBucket" | "ContainerNotFound" | "ResourceNotFound") => StoreFault::NoBucket,
        Some(
            "AuthorizationHeaderMalformed" | "PermanentRedirect" | "TemporaryRedirect" | "IllegalLocationConstraintException",
        ) => StoreFault::OtherRegion,
        Some("NotImplemented") => StoreFault::NoConditions,
        Some(_) => return None,
        None if says(text, &["Failed to read token file"]) => StoreFault::NoIdentity,
        // The client has no more to say about 301 and 307.
        None if says(text, &["redirect without LOCATION"]) => StoreFault::OtherRegion,
        None if says(text, &["invalid_grant"]) && says(text, &["iat and exp", "short-lived", "clock"]) => StoreFault::SkewedClock,
        None if says(text, &["invalid_grant"]) && says(text, &["expired", "revoked", "reauth"]) => StoreFault::ExpiredToken,
        None if says(text, &["invalid_grant"]) && says(text, &["Invalid JWT Signature"]) => StoreFault::WrongSignature,
        None => return None,
    })
}

fn says(text: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| text.contains(phrase))
}

impl StoreFault {
    fn words(self) -> &'static str {
        match self {
            Self::ExpiredIdentity => "the web identity token has expired",
            Self::RefusedIdentity => "AWS does not accept the web identity token",
            Self::RefusedRole => "the web identity may not assume the role",
            Self::NoIdentity => "the file of the web identity token cannot be read",
            Self::ExpiredToken => "the credentials have expired",
            Self::SkewedClock => "the clock of this machine differs too much from that of the store",
            Self::WrongSignature => "the signature is wrong: the secret key does not belong to the key id",
            Self::UnknownKey => "the store does not know this key id or session token",
            Self::NoPermission => "access is denied: these credentials are valid, but may not do this",
            Self::NotAccepted => "the credentials are not accepted",
            Self::NoBucket => "the bucket or container does not exist",
            Self::OtherRegion => "the bucket is in another region than the request names",
            Self::NoCredentials => "credentials are missing: neither the environment nor this machine provides any",
            Self::NoConditions => "the store does not support conditional writes",
        }
    }

    /// What to do, in the words of the cloud.
    fn help(self, place: &str) -> &'static str {
        let cloud = place.split("://").next().unwrap_or_default();
        match (self, cloud) {
            (Self::ExpiredIdentity, _) => "request it in the job that runs telform, right before: it is valid for minutes",
            (Self::RefusedIdentity, _) => {
                "check the token in AWS_WEB_IDENTITY_TOKEN_FILE: its audience is `sts.amazonaws.com`, and the account of AWS_ROLE_ARN trusts its issuer"
            }
            (Self::RefusedRole, _) => {
                "check AWS_ROLE_ARN, and that the trust policy of this role allows sts:AssumeRoleWithWebIdentity to the subject and audience of the token"
            }
            (Self::NoIdentity, _) => {
                "check AWS_WEB_IDENTITY_TOKEN_FILE: it names the file that the CI system or Kubernetes writes"
            }
            (Self::ExpiredToken, "gs") => {
                "log in again (`gcloud auth application-default login`), or in CI request the token in the job that runs telform"
            }
            (Self::ExpiredToken, "az") => {
                "log in again (`az login`), or make a new SAS; in CI request the token in the job that runs telform"
            }
            (Self::ExpiredToken, _) => {
                "get new ones (`aws sso login`, then `aws configure export-credentials --profile NAME --format env`), or in CI request them in the job that runs telform"
            }
            (Self::SkewedClock, _) => "set the clock of this machine (`timedatectl set-ntp true`), then run the command again",
            (Self::WrongSignature, "gs") => {
                "check the key file that GOOGLE_APPLICATION_CREDENTIALS names: is it complete, and not deleted?"
            }
            (Self::WrongSignature, "az") => {
                "check AZURE_STORAGE_ACCOUNT_KEY: it belongs to AZURE_STORAGE_ACCOUNT_NAME, and ends with `==`"
            }
            (Self::WrongSignature, _) => {
                "check AWS_SECRET_ACCESS_KEY: it belongs to AWS_ACCESS_KEY_ID, without spaces or a line break"
            }
            (Self::UnknownKey, _) => {
                "check AWS_ACCESS_KEY_ID and AWS_SESSION_TOKEN: keys that begin with ASIA need their session token, others must have none"
            }
            (Self::NoPermission, "gs") => {
                "grant the role `roles/storage.objectUser` on this bucket to the account that these credentials belong to"
            }
            (Self::NoPermission, "az") => {
                "grant the role `Storage Blob Data Contributor` on this container; `Owner` and `Contributor` alone do not allow reading blobs"
            }
            (Self::NoPermission, _) => {
                "grant s3:GetObject, s3:PutObject and s3:DeleteObject below this path and s3:ListBucket on the bucket (without the last one, S3 denies looking for an object that is not there)"
            }
            (Self::NotAccepted, _) => "check the credentials in the environment: are they complete, and not expired?",
            (Self::NoBucket, _) => "create it, or name another location with --ledger; telform does not create buckets",
            (Self::OtherRegion, _) => {
                "set AWS_REGION to the region of the bucket (`aws s3api get-bucket-location --bucket NAME`)"
            }
            (Self::NoCredentials, "gs") => {
                "set GOOGLE_APPLICATION_CREDENTIALS to a key file, or run `gcloud auth application-default login`"
            }
            (Self::NoCredentials, "az") => "set AZURE_STORAGE_ACCOUNT_KEY, or run `az login` and set AZURE_USE_AZURE_CLI=true",
            (Self::NoCredentials, _) => {
                "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; `aws configure export-credentials --profile NAME --format env` prints those of a profile"
            }
            (Self::NoConditions, _) => "use a store that supports them: without them two runs could overwrite each other",
        }
    }
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
    error_chain(error).any(|error| fault_in_text(&error.to_string()) == Some(StoreFault::NoBucket))
}

/// Without credentials, the client asks the address of the instance metadata for them.
fn seeks_instance(error: &(dyn StdError + 'static)) -> bool {
    error_chain(error).any(|error| {
        let text = error.to_string();
        ["169.254.169.254", "metadata.google.internal"].iter().any(|host| text.contains(host))
    })
}

fn error_text(error: &Error) -> String {
    error_chain(error).find_map(|error| shown_code(&error.to_string())).unwrap_or_default()
}

/// Status and error code, or the innermost reason of a connection that failed.
fn error_reason(error: &Error) -> String {
    for error in error_chain(error) {
        let text = error.to_string();
        if let Some((_, rest)) = text.split_once(STATUS) {
            let status: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-')).collect();
            return format!("it answered {}{}", status.trim_end(), shown_code(rest).unwrap_or_default());
        }
    }
    let inner = error_chain(error).last().map_or_else(String::new, ToString::to_string);
    // It may contain an address, and that a signature.
    let plain: Vec<&str> = inner.split_whitespace().filter(|word| !word.contains("://")).collect();
    let text: String = plain.join(" ").chars().take(160).collect();
    if text.is_empty() { "it did not answer".to_owned() } else { text }
}

/// The error code in an answer, as it follows a sentence.
fn shown_code(text: &str) -> Option<String> {
    xml_error_code(text).map(|code| format!(" ({code})"))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, code: &str, message: &str) -> Error {
        let text = format!(
            "{STATUS}{status} Refused: <?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        match status {
            401 => Error::Unauthenticated { path: "p".to_owned(), source: text.into() },
            403 => Error::PermissionDenied { path: "p".to_owned(), source: text.into() },
            404 => Error::NotFound { path: "p".to_owned(), source: text.into() },
            _ => Error::Generic { store: "store", source: text.into() },
        }
    }

    /// The bodies are those that each cloud documents or sends; what they quote is not repeated.
    #[test]
    fn each_fault_is_told_apart_in_each_cloud() {
        let cases = [
            ("s3", 400, "ExpiredToken", "The provided token has expired.", "have expired", "aws sso login"),
            ("s3", 403, "RequestTimeTooSkewed", "The difference is too large", "clock of this machine", "timedatectl"),
            ("s3", 403, "SignatureDoesNotMatch", "canary StringToSign", "signature is wrong", "AWS_SECRET_ACCESS_KEY"),
            ("s3", 403, "InvalidAccessKeyId", "canary", "does not know this key id", "AWS_SESSION_TOKEN"),
            ("s3", 403, "AccessDenied", "User canary is not authorized", "access is denied", "s3:PutObject"),
            ("s3", 404, "NoSuchBucket", "", "does not exist", "does not create buckets"),
            ("s3", 400, "AuthorizationHeaderMalformed", "expecting eu-west-1", "another region", "AWS_REGION"),
            ("az", 403, "AuthenticationFailed", "Signature not valid in the specified time frame", "have expired", "az login"),
            ("az", 401, "InvalidAuthenticationInfo", "IDX10223: Lifetime validation failed", "have expired", "az login"),
            ("az", 403, "AuthenticationFailed", "Request date header too old: canary", "clock of this machine", "timedatectl"),
            (
                "az",
                403,
                "AuthenticationFailed",
                "The MAC signature found canary",
                "signature is wrong",
                "AZURE_STORAGE_ACCOUNT_KEY",
            ),
            ("az", 403, "AuthorizationPermissionMismatch", "", "access is denied", "Storage Blob Data Contributor"),
            ("az", 404, "ContainerNotFound", "", "does not exist", "does not create buckets"),
            ("gs", 400, "ExpiredToken", "", "have expired", "gcloud auth application-default login"),
            ("gs", 403, "RequestTimeTooSkewed", "", "clock of this machine", "timedatectl"),
            ("gs", 403, "SignatureDoesNotMatch", "", "signature is wrong", "GOOGLE_APPLICATION_CREDENTIALS"),
            ("gs", 403, "AccessDenied", "", "access is denied", "roles/storage.objectUser"),
            ("gs", 401, "AuthenticationRequired", "", "not accepted", "complete, and not expired"),
            ("gs", 404, "NoSuchBucket", "", "does not exist", "does not create buckets"),
        ];
        for (scheme, status, code, message, why, help) in cases {
            let error = store_error("read", format!("{scheme}://b/l.json"), &answered(status, code, message));
            assert!(error.to_string().contains(why) && error.help().contains(help), "{scheme} {code}: {error} {}", error.help());
            assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        }
    }

    /// Google's token service answers before the store is asked.
    #[test]
    fn what_the_token_service_says() {
        for (text, why) in [
            (
                r#"{"error":"invalid_grant","error_description":"Invalid JWT: Token must be a short-lived token"}"#,
                "clock of this machine",
            ),
            (r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#, "have expired"),
            (r#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#, "signature is wrong"),
        ] {
            let error = Error::Generic { store: "GCS", source: text.into() };
            let error = store_error("read", "gs://b/l.json".to_owned(), &error);
            assert!(error.to_string().contains(why), "{text}: {error}");
        }
    }
}
