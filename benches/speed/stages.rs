//! What each stage of a plan costs, one after the other in this process; and what a plan of many changes costs to render.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use telform::config::desired;
use telform::config::secrets;
use telform::document;
use telform::http::ReadOnly;
use telform::http::client::{self, HttpClient};
use telform::model::ledger::{FingerprintKey, Ledger};
use telform::output::view;
use telform::output::view::text::TextDetail;
use telform::plan::{Inputs, Plan, PlanOptions};
use telform::read;
use telform::state::ledger::LedgerStore;
use telform::verify;

use crate::server::Server;
use crate::{say, world};

fn cpu() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("accounting");
    let ms = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 * 1e3 + time.tv_usec() as f64 / 1e3;
    ms(usage.user_time()) + ms(usage.system_time())
}

/// Times one stage after the other.
pub(crate) struct Clock {
    start: (Instant, f64),
    laps: Vec<(&'static str, f64, f64, [f64; 2])>,
}

/// Memory of this process now, and its peak so far, MB. Nothing where the system does not say.
fn memory() -> [f64; 2] {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ["VmRSS:", "VmHWM:"].map(|name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(f64::NAN) / 1024.0
    })
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { start: (Instant::now(), cpu()), laps: Vec::new() }
    }

    pub(crate) fn lap(&mut self, name: &'static str) {
        let (wall, used) = self.start;
        self.laps.push((name, wall.elapsed().as_secs_f64() * 1e3, cpu() - used, memory()));
        self.start = (Instant::now(), cpu());
    }

    pub(crate) fn print(&self, title: &str) {
        let total: f64 = self.laps.iter().map(|(_, _, cpu, _)| cpu).sum();
        say(&format!("\n{title}: {total:.0} ms of CPU\n"));
        say("| stage | wall | CPU | share | memory then, peak |");
        say("| --- | --- | --- | --- | --- |");
        for (name, wall, cpu, [then, peak]) in &self.laps {
            let share = 100.0 * cpu / total;
            say(&format!("| {name} | {wall:.1} ms | {cpu:.1} ms | {share:.0} % | {then:.0} MB, {peak:.0} MB |"));
        }
    }
}

/// Prints them for each size.
pub(crate) async fn all(sizes: &[usize]) {
    for &size in sizes {
        of(size, false).await;
    }
    of(10_000, true).await;
}

/// One plan. With `every`, each partner differs, so that there are as many changes as partners.
async fn of(partners: usize, every: bool) {
    let dir = tempfile::tempdir().expect("a folder");
    let moved: fn(usize) -> bool = if every { |_| true } else { |_| false };
    let server = Server::start_with(partners, Duration::ZERO, moved).await;
    let (yaml, kept) = (dir.path().join("yaml"), dir.path().join("ledger.json").display().to_string());
    world::write_yaml(&yaml, &server.url(), partners).expect("files");
    if !every {
        crate::managed(&yaml.display().to_string(), &kept).await;
    }
    let store = LedgerStore::from_place_text(&kept).expect("a place");
    let mut clock = Clock::new();
    let mut wanted = desired::load_config(&[yaml]).expect("good YAML").desired;
    clock.lap("YAML: read, parse, check");
    let ledger = store.load().await.expect("a ledger").unwrap_or_else(Ledger::with_new_id);
    clock.lap("ledger: read");
    let key = store
        .fingerprint_key(None)
        .expect("a key")
        .unwrap_or_else(|| FingerprintKey::from_text(&FingerprintKey::generate_text()).expect("a key"));
    let env = |_: &str| Some("secret-of-the-bench".to_owned());
    let resolved = secrets::resolve_secrets(&mut wanted, &env, &secrets::SecretAllowances::default(), &key).expect("secrets");
    clock.lap("secrets: fetch, fingerprint");
    let options = client::HttpOptions::default();
    let vault = resolved.object_secrets.into_iter().collect();
    let api = HttpClient::new(wanted.accounts.values(), resolved.tokens, vault, options).expect("a client");
    clock.lap("client");
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
    let shown = view::text::plan_as_text(&plan, TextDetail { verbose: false, columns: 100 });
    clock.lap("render: text");
    if every {
        let sizes: BTreeMap<&str, usize> =
            BTreeMap::from([("text", shown.len()), ("json", view::json::render_document(&document).len())]);
        clock.lap("render: json");
        let markdown = view::markdown::plan_as_markdown(&plan).len();
        clock.lap("render: markdown");
        let html = view::html::plan_as_html(&plan).len();
        clock.lap("render: html");
        let terraform = view::terraform::plan_as_terraform_json(&plan, None).len();
        clock.lap("render: terraform-json");
        clock.print(&format!("A plan of {partners} changes"));
        say(&format!("\nbytes: {sizes:?}, markdown {markdown}, html {html}, terraform-json {terraform}"));
    } else {
        clock.print(&format!("A plan of {partners} partners without a change"));
    }
}
