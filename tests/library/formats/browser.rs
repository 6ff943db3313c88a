//! The page in a real browser: nothing from live data runs, and its own filter works. Needs Chromium; without it these tests
//! fail where `CI` is set and say loudly elsewhere that they did not run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use telform::output::view::html;

use crate::formats::hostile::EVIL;
use crate::formats::made;

/// Longest run of the browser.
const LONGEST: Duration = Duration::from_secs(120);

#[allow(clippy::print_stderr, reason = "a test that does not run says so")]
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .flat_map(|folder| ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name)))
        .find(|program| program.is_file());
    if found.is_none() {
        let ci = std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false");
        assert!(!ci, "no Chromium here, and CI must have one");
        eprintln!("SKIPPED: no Chromium here; the page was not looked at in a browser");
    }
    found
}

/// The document after the page has loaded and its scripts have run.
fn dom(browser: &Path, html: &str, hash: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("plan.html");
    std::fs::write(&file, html).expect("written");
    let out = std::fs::File::create(folder.path().join("dom")).expect("a file");
    let mut child = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--virtual-time-budget=4000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}{hash}", file.display()))
        .stdout(Stdio::from(out))
        .stderr(Stdio::null())
        .spawn()
        .expect("the browser starts");
    let begun = Instant::now();
    while child.try_wait().expect("a child").is_none() {
        if begun.elapsed() > LONGEST {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the browser did not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    std::fs::read_to_string(folder.path().join("dom")).expect("text")
}

fn hostile_page() -> String {
    html::plan_as_html(&made::hostile(&EVIL.concat()))
}

#[test]
fn nothing_from_live_data_runs_and_the_filter_works() {
    let Some(browser) = chromium() else { return };
    let dom = dom(&browser, &hostile_page(), "#action=delete&q=nowhere");
    assert!(dom.contains("<title>telform plan, refused: "), "something changed the title");
    assert!(!dom.contains("<img") && dom.matches("<svg").count() == 1, "an element that is not ours");
    // The filter was activated, took its state from the address, and hid the rest.
    assert!(dom.contains("0 of 10 changes are shown."), "{}", &dom[dom.find("<output").unwrap_or(0)..][..200]);
    let filtered = self::dom(&browser, &hostile_page(), "#action=update&q=no.%20callbacks");
    assert!(filtered.contains("3 of 10 changes are shown."));
    assert_eq!(filtered.matches("<article class=\"change\"").count(), 10);
    assert_eq!(filtered.matches("hidden=\"\"><details open").count(), 7);
}

/// The same canary, without escaping: the browser would run it, and the page's policy alone would stop it.
#[test]
fn the_canary_sings_where_it_may_and_the_policy_silences_it() {
    let Some(browser) = chromium() else { return };
    let attack = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">";
    let page = hostile_page().replace("<p class=\"over\">telform</p>", attack);
    assert!(page.contains(attack));
    assert!(dom(&browser, &page, "").contains("<title>telform plan, refused: "), "the policy lets it run");
    let start = page.find("<meta http-equiv").expect("a policy");
    let end = start + page[start..].find(">\n").expect("its end") + 2;
    let open = format!("{}{}", &page[..start], &page[end..]);
    assert!(dom(&browser, &open, "").contains("<title>owned</title>"), "this test could not fail");
}

#[test]
fn it_reads_without_scripts() {
    let Some(browser) = chromium() else { return };
    // A policy that allows no script at all: the browser's own way of dumping a document needs them switched on.
    let page = html::plan_as_html(&made::large(60));
    let start = page.find("script-src ").expect("a policy") + "script-src ".len();
    let end = start + page[start..].find(';').expect("its end");
    let page = format!("{}'none'{}", &page[..start], &page[end..]);
    let dom = dom(&browser, &page, "#action=delete");
    assert_eq!(dom.matches("<article class=\"change\"").count(), 60);
    assert!(dom.contains("aria-label=\"Filter the changes\" hidden"), "the filter is not offered");
    assert!(!dom.contains("All 60 changes are shown."));
}

/// `TELFORM_PAGES=/tmp cargo test --test library formats pages_to_look_at -- --ignored`
#[test]
#[ignore = "writes pages for a person to look at"]
fn pages_to_look_at() {
    let folder = std::env::var("TELFORM_PAGES").expect("TELFORM_PAGES names a folder");
    for (name, plan) in
        [("hostile", made::hostile(&EVIL.concat())), ("large", made::large(2_000)), ("ten-thousand", made::large(10_000))]
    {
        std::fs::write(format!("{folder}/{name}.html"), html::plan_as_html(&plan)).expect("written");
    }
}
