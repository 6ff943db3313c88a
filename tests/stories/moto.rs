//! A real S3 server for the stories: moto, which is a Python package. `.ci/run` installs it; see [`S3::start`] for what
//! happens where it is missing.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use futures_util::StreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::bench::{STORE_ACCESS_KEY, STORE_SECRET_KEY};

/// A server with one bucket, ended with the story.
pub(crate) struct S3 {
    server: Child,
    url: String,
    runtime: tokio::runtime::Runtime,
    objects: AmazonS3,
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Where the server is installed: where the environment says, else where `.ci/run` puts it, else on the path.
fn program() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("TELFORM_TEST_MOTO") {
        let path = PathBuf::from(path);
        assert!(path.exists(), "TELFORM_TEST_MOTO names {}, which is not there", path.display());
        return Some(path);
    }
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let installed = target.parent()?.join("moto/bin/moto_server");
    let path = std::env::var_os("PATH")?;
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("moto_server"));
    std::iter::once(installed).chain(on_path).find(|path| path.exists())
}

impl S3 {
    /// Starts a server on a free port of loopback. `None` where it is not installed: that fails with `CI=true`, and prints
    /// a notice everywhere else.
    pub(crate) fn start(test: &str) -> Option<Self> {
        let Some(program) = program() else {
            assert!(std::env::var_os("CI").is_none(), "moto is not installed; .ci/run does that");
            let text = format!(
                "\nSKIPPED: {test}: no S3 server here. To run it: python3 -m venv target/moto && target/moto/bin/pip install 'moto[s3,server]==5.2.5'\n"
            );
            // Not eprintln!, which the test harness swallows.
            std::io::stderr().write_all(text.as_bytes()).unwrap();
            return None;
        };
        let mut server = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .env("PYTHONUNBUFFERED", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(server.stderr.take().unwrap());
        let url = loop {
            let mut line = String::new();
            assert!(said.read_line(&mut line).unwrap() > 0, "moto ended before it listened");
            if let Some((_, at)) = line.split_once("Running on ") {
                break at.split_whitespace().next().unwrap().to_owned();
            }
        };
        // It keeps logging each request; a full pipe would stop it.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let objects = AmazonS3Builder::new()
            .with_endpoint(&url)
            .with_allow_http(true)
            .with_bucket_name("telform")
            .with_region("us-east-1")
            .with_access_key_id(STORE_ACCESS_KEY)
            .with_secret_access_key(STORE_SECRET_KEY)
            .build()
            .unwrap();
        let s3 = Self { server, url, runtime, objects };
        s3.send(reqwest::Method::PUT, "/telform", "");
        Some(s3)
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A request that needs no signature.
    fn send(&self, method: reqwest::Method, path: &str, body: &'static str) {
        self.runtime.block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let answer = client.request(method, format!("{}{path}", self.url)).body(body).send().await.unwrap();
            assert_eq!(answer.status(), 200);
        });
    }

    /// Writes an object, whatever is there.
    pub(crate) fn put(&self, key: &str, text: &str) {
        let at = Path::from(key);
        self.runtime.block_on(self.objects.put(&at, text.to_owned().into())).unwrap();
    }

    pub(crate) fn get(&self, key: &str) -> Option<String> {
        self.runtime.block_on(async {
            let found = self.objects.get(&Path::from(key)).await.ok()?;
            String::from_utf8(found.bytes().await.ok()?.to_vec()).ok()
        })
    }

    /// An object as JSON.
    pub(crate) fn json(&self, key: &str) -> serde_json::Value {
        serde_json::from_str(&self.get(key).unwrap()).unwrap()
    }

    /// The names of all objects.
    pub(crate) fn keys(&self) -> Vec<String> {
        let list = self.objects.list(None).map(|found| found.unwrap().location.to_string());
        let mut keys: Vec<String> = self.runtime.block_on(list.collect());
        keys.sort();
        keys
    }

    /// From now on only declared users are admitted, and none was declared.
    pub(crate) fn lock_out_everybody(&self) {
        self.send(reqwest::Method::POST, "/moto-api/reset-auth", "0");
    }
}
