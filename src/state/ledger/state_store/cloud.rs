//! The three clouds: their clients, configured by the environment variables that each of them uses.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};
use url::{Host, Url};

use super::connector::WatchingConnector;
use super::observer::StoreWatch;
use super::{credentials, refuse_address};
use crate::state::ledger::LedgerError;
use crate::state::ledger::lock::env_variable;

/// A client, and the server that it talks to.
pub(super) type ConnectedBucket = (Arc<dyn ObjectStore>, String);

/// A client for a bucket or container.
pub(super) fn connect_bucket(
    place: &str,
    scheme: &str,
    bucket: &str,
    watch: &StoreWatch,
) -> Result<ConnectedBucket, LedgerError> {
    let connector = WatchingConnector { watch: watch.clone(), local_credentials: false };
    match scheme {
        "s3" => connect_s3(place, bucket, connector),
        "gs" => connect_gcs(place, bucket, connector),
        "az" => connect_azure(place, bucket, connector),
        _ => Err(refuse_address(place, "a ledger is a file, or an object at s3://, gs:// or az://")),
    }
}

fn connect_s3(place: &str, bucket: &str, mut connector: WatchingConnector) -> Result<ConnectedBucket, LedgerError> {
    let mut builder = AmazonS3Builder::from_env();
    if credentials::uses_web_identity(&|key| builder.get_config_value(&key)).map_err(|why| why.error(place))? {
        let service = builder.get_config_value(&AmazonS3ConfigKey::StsEndpoint);
        connector.local_credentials = is_local(place, "AWS_ENDPOINT_URL_STS", service.as_deref())?;
    }
    if let Some(profile) = credentials::profile(&|key| builder.get_config_value(&key)) {
        let given = profile.provider().map_err(|why| credentials::profile_not_read(&profile.name, &why).error(place))?;
        let unset = |name: &&str| env_variable(name).is_none();
        if let Some(region) = profile.region().filter(|_| ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().all(unset)) {
            builder = builder.with_region(region);
        }
        builder = builder.with_credentials(given);
    }
    let endpoint =
        [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint].iter().find_map(|key| builder.get_config_value(key));
    builder
        .with_client_options(client_options(place, endpoint.as_deref())?)
        .with_http_connector(connector)
        .with_bucket_name(bucket)
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        .with_retry(retry_config())
        // One object at a time: not every S3-compatible store supports the request for several.
        .with_disable_bulk_delete(true)
        .build()
        .map(|store| (Arc::new(store) as Arc<dyn ObjectStore>, endpoint.unwrap_or_default()))
        .map_err(|error| unset_variable(place, &error))
}

fn connect_gcs(place: &str, bucket: &str, connector: WatchingConnector) -> Result<ConnectedBucket, LedgerError> {
    let mut builder = GoogleCloudStorageBuilder::from_env();
    let mut endpoint = builder.get_config_value(&GoogleConfigKey::BaseUrl);
    // What Google's own libraries read. An emulator asks for no credentials, and must not get any.
    let emulator = env_variable("STORAGE_EMULATOR_HOST").filter(|_| endpoint.is_none());
    if let Some(host) = emulator {
        let url = if host.contains("://") { host } else { format!("http://{host}") };
        builder = builder.with_base_url(url.trim_end_matches('/')).with_skip_signature(true);
        endpoint = Some(url);
    } else if let Some(token) = credentials::google_token() {
        builder = builder.with_bearer_token(token);
    } else if builder.get_config_value(&GoogleConfigKey::BearerToken).is_none()
        && let Some(account) = credentials::google_account()
    {
        builder = builder.with_credentials(account.map_err(|unread| unread.error(place))?);
    }
    builder
        .with_client_options(client_options(place, endpoint.as_deref())?)
        .with_http_connector(connector)
        .with_bucket_name(bucket)
        .with_retry(retry_config())
        .build()
        .map(|store| (Arc::new(store) as Arc<dyn ObjectStore>, endpoint.unwrap_or_default()))
        .map_err(|error| unset_variable(place, &error))
}

fn connect_azure(place: &str, container: &str, connector: WatchingConnector) -> Result<ConnectedBucket, LedgerError> {
    let mut builder = MicrosoftAzureBuilder::from_env();
    if let Some(login) = credentials::azure_login(&|key| builder.get_config_value(&key)) {
        builder = builder.with_credentials(login.map_err(|unread| unread.error(place))?);
    }
    // The emulator has its own address, which uses http.
    let emulator = builder.get_config_value(&AzureConfigKey::UseEmulator).is_some_and(|is| is == "true");
    let endpoint = if emulator {
        std::env::var("AZURITE_BLOB_STORAGE_URL").ok()
    } else {
        builder.get_config_value(&AzureConfigKey::Endpoint)
    };
    builder
        .with_client_options(client_options(place, endpoint.as_deref())?)
        .with_http_connector(connector)
        .with_container_name(container)
        .with_retry(retry_config())
        .build()
        .map(|store| (Arc::new(store) as Arc<dyn ObjectStore>, endpoint.unwrap_or_default()))
        .map_err(|error| unset_variable(place, &error))
}

/// The defaults of the client retry for three minutes, without showing the user that anything is wrong.
fn retry_config() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(2), base: 2.0 },
        max_retries: 3,
        retry_timeout: Duration::from_secs(15),
    }
}

/// How to talk to an endpoint.
fn client_options(place: &str, endpoint: Option<&str>) -> Result<ClientOptions, LedgerError> {
    let here = is_local(place, "the endpoint in the environment", endpoint)?;
    Ok(ClientOptions::new()
        .with_allow_http(here)
        .with_connect_timeout(Duration::from_secs(5))
        .with_timeout(Duration::from_secs(15)))
}

/// Whether an endpoint is on this machine. Elsewhere it must be https, because credentials and ledger would travel in clear.
fn is_local(place: &str, what: &str, endpoint: Option<&str>) -> Result<bool, LedgerError> {
    let url = match endpoint.filter(|endpoint| !endpoint.is_empty()) {
        Some(endpoint) => Some(Url::parse(endpoint).map_err(|_| unusable_address(place, &format!("{what} is not an address")))?),
        None => None,
    };
    let here = url.as_ref().is_some_and(|url| match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    });
    if url.is_some_and(|url| url.scheme() != "https") && !here {
        return Err(unusable_address(place, &format!("{what} is not https, and http is for loopback only")));
    }
    Ok(here)
}

/// Why no client can be made. The text of the error may quote the value of a variable, so only its kind is reported.
fn unset_variable(place: &str, error: &object_store::Error) -> LedgerError {
    let text = error.to_string();
    let why = if text.contains("Missing") || text.contains("must be specified") {
        "the environment does not name its account (for Azure, AZURE_STORAGE_ACCOUNT_NAME)"
    } else {
        "the environment variables of this cloud are not usable; check credentials and endpoint"
    };
    unusable_address(place, why)
}

fn unusable_address(place: &str, why: &str) -> LedgerError {
    LedgerError::Remote {
        what: "use",
        place: place.to_owned(),
        why: why.to_owned(),
        help: "set the variables that this cloud's own tools use, such as AWS_ACCESS_KEY_ID, AWS_REGION and AWS_ENDPOINT_URL, AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or GOOGLE_APPLICATION_CREDENTIALS".into(),
    }
}
