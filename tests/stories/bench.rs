//! The setup of every story: a folder, a simulator, an environment, and a check of all output.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;
use telform::sandbox::{FaultRule, LoggedRequest, Sandbox, World};
use tempfile::TempDir;

/// The tokens of every story's world. They are canaries like every other secret.
pub(crate) const UNPOD_TOKEN: &str = "canary-unpod-token-5e1f";
pub(crate) const CARRIERX_TOKEN: &str = "canary-carrierx-token-77aa";
pub(crate) const TELNYX_TOKEN: &str = "canary-telnyx-token-3c8d";

/// The login at every object store.
#[cfg(feature = "remote-state")]
pub(crate) const STORE_ACCESS_KEY: &str = "canary-store-access-key-1f";
#[cfg(feature = "remote-state")]
pub(crate) const STORE_SECRET_KEY: &str = "canary-store-secret-key-2e";

/// A user with a folder, and the two services as that user sees them.
pub(crate) struct Story {
    pub(crate) dir: TempDir,
    pub(crate) sandbox: Sandbox,
    pub(crate) env: BTreeMap<String, String>,
    /// Variables in the environment that are not secrets.
    pub(crate) settings: BTreeMap<String, String>,
    /// Everything that was ever secret in this story.
    pub(crate) secrets: Mutex<BTreeSet<String>>,
}

/// The output of one run.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Story {
    /// A world written as YAML; its tokens are put in.
    pub(crate) fn new(world: &str) -> Self {
        let mut world = World::from_yaml(world).unwrap();
        world.unpod.tokens = vec![UNPOD_TOKEN.to_owned()];
        world.carrierx.tokens = vec![CARRIERX_TOKEN.to_owned()];
        world.telnyx.tokens = vec![TELNYX_TOKEN.to_owned()];
        let sandbox = Sandbox::start_blocking(world, (Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let env = BTreeMap::from([
            ("UNPOD_TOKEN".to_owned(), UNPOD_TOKEN.to_owned()),
            ("CARRIERX_TOKEN".to_owned(), CARRIERX_TOKEN.to_owned()),
            ("TELNYX_TOKEN".to_owned(), TELNYX_TOKEN.to_owned()),
        ]);
        Self { dir: tempfile::tempdir().unwrap(), sandbox, env, settings: BTreeMap::new(), secrets: Mutex::default() }
    }

    /// Sets a secret in the environment of the runs to come.
    pub(crate) fn secret(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// Sets a variable that is not a secret.
    pub(crate) fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The same story with its ledger in an object store that speaks S3, under `team/ledger.json` in the bucket `telform`.
    #[cfg(feature = "remote-state")]
    pub(crate) fn with_ledger_at(self, url: &str) -> Self {
        self.secret("AWS_ACCESS_KEY_ID", STORE_ACCESS_KEY)
            .secret("AWS_SECRET_ACCESS_KEY", STORE_SECRET_KEY)
            .setting("AWS_ENDPOINT_URL", url)
            .setting("AWS_REGION", "us-east-1")
            .setting("TELFORM_LEDGER", "s3://telform/team/ledger.json")
    }

    /// As [`Story::secret`], in the middle of a story.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.note_secrets();
        self.env.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.note_secrets();
        self.env.remove(name);
    }

    /// Writes `telform.yaml` for one Unpod account.
    pub(crate) fn unpod(&self, body: &str) {
        self.unpod_with("", body);
    }

    /// The same with more settings of the account, such as `product_id: p, `.
    pub(crate) fn unpod_with(&self, settings: &str, body: &str) {
        let settings = settled(settings);
        let account = format!(
            "  unpod: {{ api: unpod, base_url: \"{}\", org_handle: acme.example, requests_per_minute: 60000, {settings}token: {{ env: UNPOD_TOKEN }} }}",
            self.sandbox.unpod_url()
        );
        self.file("telform.yaml", &format!("version: 1\naccounts:\n{account}\n{body}"));
    }

    /// Writes `telform.yaml` for one CarrierX account.
    pub(crate) fn carrierx(&self, body: &str) {
        self.carrierx_with("", body);
    }

    /// The same with more settings of the account.
    pub(crate) fn carrierx_with(&self, settings: &str, body: &str) {
        let settings = settled(settings);
        let account = format!(
            "  carrierx: {{ api: carrierx, base_url: \"{}\", requests_per_minute: 60000, {settings}token: {{ env: CARRIERX_TOKEN }} }}",
            self.sandbox.carrierx_url()
        );
        self.file("telform.yaml", &format!("version: 1\naccounts:\n{account}\n{body}"));
    }

    /// Writes `telform.yaml` for one Telnyx account.
    pub(crate) fn telnyx(&self, body: &str) {
        self.telnyx_with("", body);
    }

    /// The same with more settings of the account.
    pub(crate) fn telnyx_with(&self, settings: &str, body: &str) {
        let settings = settled(settings);
        let account = format!(
            "  telnyx: {{ api: telnyx, base_url: \"{}\", requests_per_minute: 60000, {settings}token: {{ env: TELNYX_TOKEN }} }}",
            self.sandbox.telnyx_url()
        );
        self.file("telform.yaml", &format!("version: 1\naccounts:\n{account}\n{body}"));
    }

    /// Writes a file in the folder.
    pub(crate) fn file(&self, name: &str, text: &str) {
        fs::write(self.dir.path().join(name), text).unwrap();
    }

    /// Reads a file of the folder.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The ledger as JSON.
    pub(crate) fn ledger(&self) -> Value {
        serde_json::from_str(&self.read(".telform/ledger.json")).unwrap()
    }

    /// The program with its environment, for runs that are not simply waited for.
    pub(crate) fn command(&self, args: &str) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_telform"));
        command
            .args(args.split_whitespace())
            .current_dir(self.dir.path())
            .env_clear()
            // The most verbose output: no run may show a secret even then.
            .env("RUST_BACKTRACE", "full")
            .env("TELFORM_TEST_PAUSE_MS", "20")
            .env("USER", "somebody")
            .envs(&self.env)
            .envs(&self.settings)
            // Where `.ci/coverage` wants to hear what was run.
            .envs(std::env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file)));
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.stdin(std::process::Stdio::null());
        command
    }

    /// Runs the program to its end. Arguments are divided at spaces.
    pub(crate) fn run(&self, args: &str) -> Ran {
        let output = assert_cmd::Command::from_std(self.command(args)).timeout(Duration::from_secs(60)).output().unwrap();
        self.ran(args, &output)
    }

    /// The checked output of a run that was started with [`Story::command`].
    pub(crate) fn ran(&self, args: &str, output: &std::process::Output) -> Ran {
        let ran = Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        };
        self.look_over(args, &ran);
        ran
    }

    /// Runs, and insists on the exit code.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, args: &str) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, code, "telform {args}\n{}\n{}", ran.stdout, ran.stderr);
        ran
    }

    /// `apply --auto-approve` that succeeds and is proven.
    #[track_caller]
    pub(crate) fn apply(&self) -> Ran {
        self.expect(0, "apply --auto-approve")
    }

    /// A plan, which may be refused, as the document that the independent checker agrees with.
    #[track_caller]
    pub(crate) fn checked_plan(&self, options: &str) -> Value {
        let plan = self.run(&format!("plan --format json {options}"));
        assert!(!plan.stdout.is_empty(), "{}", plan.stderr);
        self.file("plan.json", &plan.stdout);
        self.expect(0, "verify plan.json");
        plan.json()
    }

    /// A plan that has nothing to do.
    #[track_caller]
    pub(crate) fn in_sync(&self) {
        self.take_log();
        let ran = self.expect(0, "plan --detailed-exitcode");
        assert!(ran.stdout.contains("Plan: no changes"), "{}", ran.stdout);
        self.apply();
        assert_eq!(self.writes(), [""; 0], "a second apply writes nothing");
    }

    /// The requests so far, one per line, and forgets them. The owner of a token is read concurrently, at no fixed position; the
    /// stories of `identity` count that.
    pub(crate) fn take_log(&self) -> Vec<String> {
        let beside = |request: &&LoggedRequest| !request.path.ends_with("/oauth/whoami");
        let log = self.sandbox.log().iter().filter(beside).map(shown).collect();
        self.sandbox.clear_log();
        log
    }

    /// The requests so far that could have changed something.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.sandbox.writes().iter().map(shown).collect()
    }

    /// Adds a fault, written as YAML.
    pub(crate) fn fault(&self, yaml: &str) {
        self.sandbox.set_fault(fault(yaml));
    }

    /// The world as it is now, as JSON.
    pub(crate) fn world(&self) -> Value {
        serde_json::to_value(self.sandbox.world()).unwrap()
    }
}

/// Settings of an account whose creates are settled by the first read, unless a story says otherwise.
fn settled(settings: &str) -> String {
    let own = settings.contains("settle_after");
    format!("{}{settings}", if own { "" } else { "settle_after: 0s, " })
}

/// A fault written as YAML.
pub(crate) fn fault(yaml: &str) -> FaultRule {
    World::from_yaml(&format!("faults:\n  - {yaml}\n")).unwrap().faults.remove(0)
}

/// `PATCH telephony/providers-configurations/42/ {"auth_token":"(secret)"}`
fn shown(request: &LoggedRequest) -> String {
    let path = request.path.trim_start_matches("/api/v2/platform/").trim_start_matches("/core/v2/").trim_start_matches("/v2/");
    let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
    let body = if request.body.is_null() { String::new() } else { format!(" {}", request.body) };
    format!("{} {path}{query}{body}", request.method)
}

impl Ran {
    /// Everything that was printed, with its exit code, for a snapshot. Steps of different accounts end in any order, so the
    /// lines of an apply are sorted.
    pub(crate) fn whole(&self) -> String {
        let mut text = format!("exit {}\n", self.code);
        for (name, stream) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if stream.is_empty() {
                continue;
            }
            text.push_str(&format!("--- {name}\n"));
            let (before, after) = stream.split_once("\nApplying\n").unwrap_or((stream, ""));
            text.push_str(before);
            if !after.is_empty() {
                let (steps, rest) = after.split_once("\n\n").unwrap_or((after, ""));
                text.push_str("\nApplying\n");
                text.push_str(&sorted(steps));
                text.push_str(&format!("\n\n{rest}"));
            }
        }
        text
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(
            self.stdout.contains(words) || self.stderr.contains(words),
            "`{words}` is not in\n{}\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    #[track_caller]
    pub(crate) fn is_silent_about(&self, words: &str) -> &Self {
        assert!(!self.stdout.contains(words) && !self.stderr.contains(words), "{}", self.whole());
        self
    }

    /// Standard output as one JSON document.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// Standard output as JSON lines, without the last one of a stream, which repeats the exit code.
    pub(crate) fn events(&self) -> Vec<Value> {
        let all = self.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
        all.filter(|event: &Value| event["event"] != "ended").collect()
    }
}

/// The steps of an apply sorted by number; lines that explain a step stay below it.
fn sorted(steps: &str) -> String {
    let mut groups: Vec<Vec<&str>> = Vec::new();
    for line in steps.lines() {
        match groups.last_mut() {
            Some(group) if line.starts_with("           ") => group.push(line),
            _ => groups.push(vec![line]),
        }
    }
    let number = |line: &str| {
        let word = line.split_whitespace().next().unwrap_or_default();
        // Reconnects at the end have the numbers of their disconnects.
        let again = word.starts_with('r');
        (again, word.trim_start_matches(['s', 'r']).parse().unwrap_or(0_u32))
    };
    groups.sort_by_key(|group| number(group[0]));
    groups.concat().join("\n")
}

/// Texts that differ between runs, for snapshots.
pub(crate) const FILTERS: [(&str, &str); 14] = [
    (r"(Journal head: |--journal-head )[0-9a-f]{64}", "$1[hash]"),
    (r"after [0-9]+ bytes", "after [n] bytes"),
    (r"error sending request[^;\n]*?(\)\n|\n|;)", "[connection error]$1"),
    (r"http://127\.0\.0\.1:[0-9]+(/[0-9a-f]{32})?", "http://[sandbox]"),
    (r"127\.0\.0\.1:[0-9]+", "[sandbox]"),
    (r"sha256:[0-9a-f]{64}", "sha256:[digest]"),
    (r"sha256:[0-9a-f]{12}…", "sha256:[digest]"),
    (r"[0-9]+ ms", "[ms]"),
    (r#""milliseconds":[0-9]+"#, r#""milliseconds":[ms]"#),
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?Z", "[time]"),
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{6}Z", "[time]"),
    (r"(created|adopted|connected|begun) [0-9]{4}-[0-9]{2}-[0-9]{2}", "$1 [date]"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[uuid]"),
    (r"(/[^ \n]*)?/\.tmp[0-9A-Za-z]+", "[folder]"),
];

/// Compares everything a run printed with the reviewed record.
macro_rules! shot {
    ($name:expr, $ran:expr) => {
        insta::with_settings!({ filters => crate::bench::FILTERS, omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!($name, $ran.whole());
        })
    };
}
