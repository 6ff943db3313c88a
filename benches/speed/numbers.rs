//! What a plan of many numbers costs, and one that moves them from one connection to another (telnyx.md 9.2): the numbers are read by
//! pages from the simulator in this process, and each moves by one request.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use telform::config::{desired, secrets};
use telform::document;
use telform::http::ReadOnly;
use telform::http::client::{HttpClient, HttpOptions};
use telform::model::ledger::{FingerprintKey, Ledger};
use telform::plan::{Inputs, Plan, PlanOptions};
use telform::read;
use telform::sandbox::{Sandbox, World};
use telform::verify;

use crate::server::Asked;
use crate::stages::Clock;
use crate::{Case, Measured, Rows, compare, managed, say, say_head, telform, this, world};

/// The token that the simulator knows.
const KEY: &str = "token-of-the-bench";

impl Measured for Sandbox {
    fn take_asked(&self) -> Asked {
        let requests = self.log().len() as u64;
        self.clear_log();
        Asked { requests, writing: 0 }
    }

    /// A plan writes nothing.
    fn reset(&self) {}
}

/// A service with so many numbers on one connection and none on another, and a folder with the YAML that wants them on `wanted`.
async fn start(numbers: usize, wanted: &str) -> (Sandbox, tempfile::TempDir) {
    let mut rows = format!(
        "telnyx:\n  tokens: [{KEY}]\n  connections:\n    - {{ connection_name: old, user_name: old1, password: password-of-old }}\n    - {{ connection_name: new, user_name: new1, password: password-of-new }}\n  phone_numbers:\n"
    );
    let mut entries = String::new();
    for index in 0..numbers {
        writeln!(rows, "    - {{ phone_number: '+1312{index:07}', connection_id: old }}").expect("a text takes everything");
        writeln!(entries, "  n{index}: {{ phone_number: '+1312{index:07}', connection: {wanted} }}")
            .expect("a text takes everything");
    }
    let simulated = World::from_yaml(&rows).expect("a world");
    let server = tokio::task::spawn_blocking(|| Sandbox::start_blocking(simulated, ([127, 0, 0, 1], 0).into()));
    let server = server.await.expect("a server").expect("a port");
    let dir = tempfile::tempdir().expect("a folder");
    let account = format!("{{ api: telnyx, base_url: \"{}\", token: {{ env: {} }} }}", server.telnyx_url(), world::TOKEN);
    let connection = |name: &str| format!("  {name}: {{ connection_name: {name}, user_name: {name}1 }}\n");
    let connections = format!("credential_connections:\n{}{}", connection("old"), connection("new"));
    let text = format!("version: 1\naccounts:\n  tel: {account}\n{connections}phone_numbers:\n{entries}");
    std::fs::create_dir(dir.path().join("yaml")).expect("a folder");
    std::fs::write(dir.path().join("yaml/telform.yaml"), text).expect("a file");
    (server, dir)
}

/// Compares plans that change nothing with the floor.
pub(crate) async fn plans(numbers: usize) {
    let (server, dir) = start(numbers, "old").await;
    let path = |name: &str| dir.path().join(name).display().to_string();
    let plan = [telform(), "plan".into(), "-f".into(), path("yaml"), "--ledger".into(), path("ledger.json")];
    let floor = this(&["floor", "numbers", &path("yaml"), &server.telnyx_url()]);
    let case = |name| Case {
        name: format!("plan, {numbers} numbers, {name}"),
        telform: plan.to_vec(),
        floor: floor.clone(),
        fresh: None,
    };
    let mut rows = Rows::new();
    say_head();
    compare(&mut rows, &server, &case("no change, first time")).await;
    managed(&path("yaml"), &path("ledger.json")).await;
    compare(&mut rows, &server, &case("no change")).await;
    say("");
}

/// Prints the stages of a plan that moves so many numbers.
pub(crate) async fn moved(numbers: usize) {
    let (_server, dir) = start(numbers, "new").await;
    let yaml = dir.path().join("yaml");
    let mut clock = Clock::new();
    let mut wanted = desired::load_config(&[yaml]).expect("good YAML").desired;
    clock.lap("YAML: read, parse, check");
    let key = FingerprintKey::from_text(&FingerprintKey::generate_text()).expect("a key");
    let env = |_: &str| Some(KEY.to_owned());
    let resolved = secrets::resolve_secrets(&mut wanted, &env, &secrets::SecretAllowances::default(), &key).expect("secrets");
    let vault = resolved.object_secrets.into_iter().collect();
    let api = HttpClient::new(wanted.accounts.values(), resolved.tokens, vault, HttpOptions::default()).expect("a client");
    let ledger = Ledger::with_new_id();
    let live = read::read_all(telform::services::reading_of, &ReadOnly::new(&api), &wanted, &ledger, &key, false)
        .await
        .expect("answers");
    clock.lap("fetch and decode (with the server's share)");
    let options = PlanOptions::default();
    let plan = Plan::new(&Inputs { desired: &wanted, live: &live, ledger: &ledger, key: &key, options: &options });
    clock.lap("plan");
    let document = document::from_plan(&plan, document::Origin::default());
    let text = serde_json::to_vec(&document).expect("a document");
    clock.lap("document");
    assert!(verify::verify_plan(&text).verified, "the checker agrees");
    clock.lap("checker");
    let effects: BTreeMap<String, usize> = plan.impact.iter().fold(BTreeMap::new(), |mut all, it| {
        *all.entry(format!("{:?}", it.effect)).or_default() += 1;
        all
    });
    clock.print(&format!("A plan that moves {numbers} numbers"));
    say(&format!("\n{effects:?}, {} bytes of JSON", text.len()));
}
