//! Credentials of a shared ledger that are in no variable: profiles of AWS with keys, a program or AWS's own tool behind them, web
//! identity, and what keyless CI writes for Google. The tools are stand-ins: what is judged is what telform starts, with what, and what it makes of it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::bench::{Ran, Story};
use crate::runs::TWO;
use crate::slow_store::SlowStore;

/// A story whose home and whose programs are its own.
fn story(ledger: &str, settings: &[(&str, &str)]) -> Story {
    let mut story = Story::new("{}").secret("AUTH", "canary-auth-credentials");
    story.unpod(TWO);
    for folder in ["bin", "home/.aws"] {
        std::fs::create_dir_all(story.path(folder)).unwrap();
    }
    story.file("home/.aws/config", "");
    let home = story.path("home").display().to_string();
    for (name, value) in settings.iter().chain(&[("HOME", home.as_str()), ("TELFORM_LEDGER", ledger)]) {
        story.settings.insert((*name).to_owned(), (*value).to_owned());
    }
    story
}

fn program(story: &Story, name: &str, script: &str) {
    story.file(&format!("bin/{name}"), &format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(story.path(&format!("bin/{name}")), std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs with the programs of the story before all others.
fn run(story: &Story, args: &str) -> Ran {
    let mut command: Command = story.command(args);
    command.env("PATH", format!("{}:/usr/bin:/bin", story.path("bin").display()));
    story.ran(args, &command.output().unwrap())
}

const S3: &str = "s3://telform/team/ledger.json";
const GIVEN: &str = r#"{"Version":1,"AccessKeyId":"KEY","SecretAccessKey":"canary-given-secret","SessionToken":"canary-given-token","Expiration":"2999-01-01T00:00:00Z"}"#;

#[test]
fn a_profile_gives_its_keys_those_of_its_program_or_those_of_the_tool() {
    let store = SlowStore::start(Duration::ZERO);
    let story = story(S3, &[("AWS_ENDPOINT_URL", store.url())]);
    story
        .file("home/.aws/credentials", "[keys]\naws_access_key_id = AKIDOFKEYS\naws_secret_access_key = canary-secret-of-keys\n");
    let get = story.path("bin/get it").display().to_string();
    story.file(
        "home/.aws/config",
        &format!("[profile keys]\nregion = eu-central-1\n[profile program]\ncredential_process = \"{get}\" one 'two words'\n[profile sso]\nsso_session = corp\nregion = eu-west-3\n"),
    );
    let seen = story.path("seen").display().to_string();
    let says = |key: &str| format!("echo \"$@\" > {seen}; env >> {seen}; echo '{}'", GIVEN.replace("KEY", key));
    program(&story, "get it", &says("AKIDOFPROGRAM"));
    program(&story, "aws", &says("AKIDOFTOOL"));
    for (profile, key, region, arguments) in [
        ("keys", "AKIDOFKEYS", "eu-central-1", None),
        ("program", "AKIDOFPROGRAM", "us-east-1", Some("one two words\n")),
        ("sso", "AKIDOFTOOL", "eu-west-3", Some("configure export-credentials --profile sso --format process\n")),
    ] {
        let mut command = story.command("plan");
        command.env("PATH", format!("{}:/usr/bin:/bin", story.path("bin").display())).env("AWS_PROFILE", profile);
        let ran = story.ran("plan", &command.output().unwrap());
        assert_eq!(ran.code, 0, "{profile}: {}", ran.stderr);
        let scope = store.last_authorization();
        assert!(scope.contains(&format!("Credential={key}/")) && scope.contains(&format!("/{region}/s3/")), "{profile}: {scope}");
        if let Some(arguments) = arguments {
            let seen = story.read("seen");
            assert!(seen.starts_with(arguments), "{profile}: {seen}");
            // Tokens of accounts and other secrets of the run are not for the program.
            assert!(seen.contains("PATH=") && seen.contains(&format!("AWS_PROFILE={profile}")), "{profile}: {seen}");
            assert!(!seen.contains("canary") && !seen.contains("UNPOD_TOKEN"), "{profile}: {seen}");
        }
    }
    for text in ["canary-secret-of-keys", "canary-given-secret"] {
        assert!(store.all().values().all(|object| !object.contains(text)), "{text}");
    }
}

#[test]
fn a_profile_without_credentials_says_why_and_what_to_run() {
    let store = SlowStore::start(Duration::ZERO);
    let story = story(S3, &[("AWS_ENDPOINT_URL", store.url()), ("AWS_PROFILE", "team-prod")]);
    for (script, why) in [
        ("echo canary-of-the-tool >&2; exit 255", "`aws` failed"),
        ("echo 'canary-of-the-tool'", "wrote no credentials"),
        (
            r#"echo '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"canary-of-the-tool","Expiration":"2020-01-01T00:00:00Z"}'"#,
            "have expired",
        ),
    ] {
        program(&story, "aws", script);
        let ran = run(&story, "plan");
        assert_eq!(ran.code, 1, "{}", ran.stdout);
        let text = ran.whole().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("the AWS profile team-prod gives no credentials") && text.contains(why), "{text}");
        assert!(text.contains("aws configure export-credentials --profile team-prod --format env"), "{text}");
        assert!(!text.contains("canary-of-the-tool"), "{text}");
    }
    std::fs::remove_file(story.path("bin/aws")).unwrap();
    assert!(run(&story, "plan").whole().contains("`aws` cannot be run"));
    assert_eq!(store.requests(), 0, "nothing was sent");
}

/// The object store's library would run `az` with every variable of the process.
#[test]
fn the_azure_cli_gives_its_token_and_sees_none_of_ours() {
    let nothing = HttpStub::start(404);
    let (url, heads) = (nothing.url.as_str(), &nothing.heads);
    let settings = [("AZURE_STORAGE_ENDPOINT", url), ("AZURE_STORAGE_ACCOUNT_NAME", "acme"), ("AZURE_USE_AZURE_CLI", "true")];
    let story = story("az://telform/team/ledger.json", &settings);
    let seen = story.path("seen").display().to_string();
    program(
        &story,
        "az",
        &format!(r#"echo "$@" > {seen}; env >> {seen}; echo '{{"accessToken":"token-of-azure","expires_on":32503680000}}'"#),
    );
    let ran = run(&story, "plan");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let heads = heads.lock().unwrap().join("\n").to_ascii_lowercase();
    assert!(heads.contains("authorization: bearer token-of-azure"), "{heads}");
    let seen = story.read("seen");
    assert!(seen.starts_with("account get-access-token --output json --scope https://storage.azure.com/.default\n"), "{seen}");
    assert!(!seen.contains("canary") && !seen.contains("UNPOD_TOKEN"), "{seen}");
    program(&story, "az", "echo canary-of-the-tool >&2; exit 1");
    let ran = run(&story, "plan");
    assert_eq!(ran.code, 1);
    assert!(ran.whole().contains("the Azure CLI gives no token") && ran.whole().contains("az login"), "{}", ran.whole());
}

#[test]
fn what_keyless_ci_writes_for_google_is_exchanged_by_gcloud() {
    let nothing = HttpStub::start(404);
    let (url, heads) = (nothing.url.as_str(), &nothing.heads);
    let mut story = story("gs://telform/team/ledger.json", &[("GOOGLE_BASE_URL", url)]);
    story.file("account.json", r#"{ "type": "external_account", "audience": "canary-audience" }"#);
    story.settings.insert("GOOGLE_APPLICATION_CREDENTIALS".to_owned(), story.path("account.json").display().to_string());
    let seen = story.path("seen").display().to_string();
    program(&story, "gcloud", &format!("echo \"$@\" > {seen}; env >> {seen}; echo ya29.a-token-of-google"));
    let ran = run(&story, "plan");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let heads = heads.lock().unwrap().join("\n").to_ascii_lowercase();
    assert!(heads.contains("authorization: bearer ya29.a-token-of-google"), "{heads}");
    let seen = story.read("seen");
    assert!(seen.starts_with("auth application-default print-access-token\n"), "{seen}");
    assert!(seen.contains("GOOGLE_APPLICATION_CREDENTIALS=") && !seen.contains("canary"), "{seen}");
    program(&story, "gcloud", "exit 1");
    let ran = run(&story, "plan");
    assert_eq!(ran.code, 1);
    assert!(
        ran.whole().contains("workload identity federation") && ran.whole().contains("GOOGLE_OAUTH_ACCESS_TOKEN"),
        "{}",
        ran.whole()
    );
}

/// A service that answers each request with this, and keeps their heads: a store that holds nothing, or AWS's service for tokens.
struct HttpStub {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
    answer: Arc<Mutex<(u16, String)>>,
}

impl HttpStub {
    fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let answer = Arc::new(Mutex::new((status, String::new())));
        let (kept, given) = (Arc::clone(&heads), Arc::clone(&answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap_or_default() > 0 {}
                kept.lock().unwrap().push(head);
                let (status, body) = given.lock().unwrap().clone();
                let length = body.len();
                let head = format!("HTTP/1.1 {status} As It Is\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
                let _ = stream.write_all(format!("{head}{body}").as_bytes());
            }
        });
        Self { url, heads, answer }
    }

    /// As the API reference of AWS STS has it.
    fn gives_credentials(&self, key: &str) {
        let body = format!(
            "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleWithWebIdentityResult>\
             <Credentials><SessionToken>canary-session-token</SessionToken><SecretAccessKey>canary-secret-of-the-role</SecretAccessKey>\
             <Expiration>2999-01-01T00:00:00Z</Expiration><AccessKeyId>{key}</AccessKeyId></Credentials>\
             </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
        );
        *self.answer.lock().unwrap() = (200, body);
    }

    fn refuses(&self, status: u16, code: &str) {
        let body = format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>{code}</Code>\
             <Message>canary-of-the-service</Message></Error><RequestId>1</RequestId></ErrorResponse>"
        );
        *self.answer.lock().unwrap() = (status, body);
    }
}

const ROLE: &str = "arn:aws:iam::123456789012:role/telform";

/// A story of a job in CI: a token in a file, and a role.
fn job(store: &SlowStore, service: &HttpStub) -> Story {
    let mut story = story(
        S3,
        &[
            ("AWS_ENDPOINT_URL", store.url()),
            ("AWS_ENDPOINT_URL_STS", &service.url),
            ("AWS_ROLE_ARN", ROLE),
            ("AWS_ROLE_SESSION_NAME", "job-7"),
            ("AWS_REGION", "eu-central-1"),
        ],
    );
    story.file("token", "canary-web-identity");
    story.settings.insert("AWS_WEB_IDENTITY_TOKEN_FILE".to_owned(), story.path("token").display().to_string());
    story
}

#[test]
fn web_identity_is_exchanged_for_the_credentials_of_the_role() {
    let (store, service) = (SlowStore::start(Duration::ZERO), HttpStub::start(200));
    let story = job(&store, &service);
    service.gives_credentials("ASIAOFTHEROLE");
    let ran = story.expect(0, "apply --auto-approve");
    let heads = service.heads.lock().unwrap().clone();
    assert_eq!(heads.len(), 1, "one exchange for the whole run: {heads:?}");
    let target = heads[0].split(' ').nth(1).unwrap();
    assert!(heads[0].starts_with("POST /?"), "{}", heads[0]);
    let url = url::Url::parse(&format!("{}{target}", service.url)).unwrap();
    let sent: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    for (name, value) in [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", ROLE),
        ("RoleSessionName", "job-7"),
        ("WebIdentityToken", "canary-web-identity"),
    ] {
        assert_eq!(sent[name], value, "{sent:?}");
    }
    // The exchange is not signed: whoever has the token may do it.
    assert!(!heads[0].to_ascii_lowercase().contains("\r\nauthorization:"), "{}", heads[0]);
    let signed = store.last_authorization();
    assert!(signed.contains("Credential=ASIAOFTHEROLE/") && signed.contains("/eu-central-1/s3/"), "{signed}");
    assert!(signed.contains("x-amz-security-token"), "the session token is sent, and signed: {signed}");
    for text in ["canary-web-identity", "canary-secret-of-the-role", "canary-session-token"] {
        assert!(!ran.whole().contains(text) && store.all().values().all(|object| !object.contains(text)), "{text}");
    }
    // The token of the next job.
    story.file("token", "canary-web-identity-of-the-next");
    story.expect(0, "plan");
    assert!(service.heads.lock().unwrap()[1].contains("WebIdentityToken=canary-web-identity-of-the-next"));
}

#[test]
fn a_web_identity_that_is_refused_says_why_and_what_to_do() {
    let (store, service) = (SlowStore::start(Duration::ZERO), HttpStub::start(200));
    let mut story = job(&store, &service);
    let refused = |story: &Story, why: &str, help: &str| {
        let ran = story.expect(1, "plan");
        let text = ran.whole().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(why) && text.contains(help), "{why}: {text}");
        for secret in ["canary-web-identity", "canary-of-the-service"] {
            assert!(!text.contains(secret), "{text}");
        }
    };
    for (status, code, why, help) in [
        (400, "ExpiredTokenException", "the web identity token has expired", "request it in the job that runs telform"),
        (400, "InvalidIdentityToken", "AWS does not accept the web identity token", "its audience is `sts.amazonaws.com`"),
        (403, "IDPRejectedClaim", "AWS does not accept the web identity token", "AWS_WEB_IDENTITY_TOKEN_FILE"),
        (403, "AccessDenied", "the web identity may not assume the role", "sts:AssumeRoleWithWebIdentity"),
    ] {
        service.refuses(status, code);
        refused(&story, &format!("{why} ({code})"), help);
    }
    // A code that says nothing about the token or the role.
    service.refuses(400, "RegionDisabledException");
    refused(&story, "RegionDisabledException", "check the address, the region and the network");
    let asked = service.heads.lock().unwrap().len();
    assert_eq!(asked, 5, "a refusal is not asked for again");
    std::fs::remove_file(story.path("token")).unwrap();
    refused(&story, "the file of the web identity token cannot be read", "AWS_WEB_IDENTITY_TOKEN_FILE");
    story.file("token", "canary-web-identity");
    story.settings.remove("AWS_ROLE_ARN");
    refused(&story, "AWS_WEB_IDENTITY_TOKEN_FILE is set, and AWS_ROLE_ARN is not", "AWS_ROLE_ARN");
    story.settings.insert("AWS_ROLE_ARN".to_owned(), ROLE.to_owned());
    // The token would travel in clear.
    story.settings.insert("AWS_ENDPOINT_URL_STS".to_owned(), "http://sts.example".to_owned());
    refused(&story, "AWS_ENDPOINT_URL_STS is not https", "AWS_ENDPOINT_URL_STS");
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    story.settings.insert("AWS_ENDPOINT_URL_STS".to_owned(), format!("http://{gone}"));
    refused(&story, "Connection refused", "check the address");
    assert_eq!((store.requests(), service.heads.lock().unwrap().len()), (0, asked), "nothing was sent");
}
