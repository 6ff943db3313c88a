//! Partial runs: targets, excludes, what continues after a failure, and unanswered requests.

use crate::bench::Story;
use crate::deletes::CONNECTED;
use crate::partners::west;

const ALL: &str = "
providers:
  new: { provider: exotel, account_sid: EX1, auth_token: { env: AUTH } }
  other: { provider: exotel, account_sid: EX2, auth_token: { env: AUTH } }
bridges:
  sales:
    slug: sales
    name: Sales West
    numbers: { '+14155550101': { provider: new }, '+14155550102': { provider: new } }
  fax: { slug: fax, name: Facsimile }
";

fn story() -> Story {
    let story = Story::new(CONNECTED).secret("AUTH", "canary-auth-ex1").secret("WEST_PASSWORD", "canary-west-2");
    story.unpod(ALL);
    story
}

#[test]
fn a_target_takes_what_it_needs_with_it() {
    let story = story();
    shot!("target", story.expect(0, "apply --auto-approve --target bridges.sales"));
    assert_eq!(story.writes().len(), 6);
    let rest = story.expect(2, "plan --detailed-exitcode");
    rest.says("+ providers.other").says("~ bridges.fax").is_silent_about("bridges.sales  unpod");
    story.expect(0, "plan --target bridges.sales --detailed-exitcode").says("no changes");
}

#[test]
fn an_exclude_leaves_out_and_is_refused_where_something_needs_it() {
    let story = story();
    shot!("exclude_needed", story.expect(3, "plan --exclude providers.new"));
    story.expect(0, "apply --auto-approve --exclude providers.new --exclude bridges.sales");
    assert_eq!(story.writes().len(), 2);
    story.expect(2, "plan --detailed-exitcode").says("+ providers.new");
}

#[test]
fn addresses_that_nobody_declares() {
    let story = story();
    let mut shown = String::new();
    for args in [
        "plan --target providers.nwe",
        "plan --target sales",
        "plan --target provider.new",
        "apply --exclude partners.x",
        "plan --max-deletes many",
        "plan --format yaml",
        "plan --quiet --verbose",
        "aply",
        "forget nonsense",
    ] {
        let ran = story.expect(1, args);
        shown.push_str(&format!("$ telform {args}\n{}{}", ran.stdout, ran.stderr));
    }
    assert_eq!(story.take_log(), [""; 0], "nothing was asked");
    let all = crate::bench::Ran { code: 1, stdout: shown, stderr: String::new() };
    shot!("wrong_arguments", all);
}

/// The create that a bridge's numbers should move to fails: they stay where they are, whatever else continues.
#[test]
fn on_error_continue_skips_only_what_depends() {
    let story = story();
    story
        .fault("{ match: { method: POST, path: '*/providers-configurations/', times: 1 }, effect: { answer: { status: 400 } } }");
    let ran = story.expect(5, "apply --auto-approve --on-error continue");
    shot!("continue", ran);
    assert!(!story.writes().iter().any(|write| write.contains("connect")), "{:?}", story.writes());
    assert_eq!(story.writes().len(), 4, "both creates and both renames were tried");
    let sales = &story.sandbox.world().unpod.bridges;
    let sales = sales.iter().find(|bridge| bridge.slug == "sales").unwrap();
    assert!(sales.numbers.values().all(|link| link.configuration == Some(42)));
    // The next run brings the rest.
    story.apply();
    story.in_sync();
}

#[test]
fn on_error_stop_starts_nothing_new() {
    let story = story();
    story.fault("{ match: { method: POST, path: '*/providers-configurations/' }, effect: { answer: { status: 400 } } }");
    story.expect(1, "apply --auto-approve").says("nothing was written");
    assert_eq!(story.writes().len(), 1);
}

/// A disconnect that fails: with `continue` the other numbers move, the delete does not happen.
#[test]
fn one_number_that_cannot_be_cut_saves_the_configuration() {
    let story = Story::new(CONNECTED);
    story.unpod("removed:\n  - { address: providers.old, id: '42' }\n");
    story.fault("{ match: { path: '*/fax/disconnect-provider/', times: 0 }, effect: { answer: { status: 400 } } }");
    let ran = story.expect(5, "apply --auto-approve --max-deletes 1 --max-numbers-dark 3 --on-error continue");
    shot!("cut_failed", ran);
    assert!(!story.writes().iter().any(|write| write.starts_with("DELETE")));
    assert_eq!(story.world()["unpod"]["configurations"].as_array().unwrap().len(), 2);
}

#[test]
fn a_question_that_nobody_can_answer() {
    let story = story();
    for args in ["apply", "apply --non-interactive", "apply --json"] {
        story.expect(1, args).says("telform cannot ask").says("telform cannot ask here whether to apply this plan");
    }
    assert_eq!(story.writes(), [""; 0]);
    assert!(!story.path(".telform/ledger.json").exists());
}

#[test]
fn one_at_a_time_where_the_user_wants_it() {
    let partners: String = (0..6)
        .map(|n| {
            west("")
                .replace("\npartners:\n", "")
                .replace("  west:", &format!("  west{n}:"))
                .replace("login: west", &format!("login: west{n}"))
        })
        .collect();
    let story = Story::new("{}").secret("WEST_PASSWORD", "canary-west-3");
    story.carrierx(&format!("partners:\n{partners}"));
    story.expect(0, "apply --auto-approve --parallelism 1").says("Done: 6 writes");
    let log = story.take_log();
    // Each create is announced, looked for and sent before the next one is looked for.
    let places: Vec<usize> =
        log.iter().enumerate().filter(|(_, line)| line.starts_with("POST")).map(|(place, _)| place).collect();
    assert!(places.windows(2).all(|pair| pair[1] - pair[0] == 2), "{log:?}");
    story.in_sync();
}

#[test]
fn both_services_in_one_run() {
    let story = story();
    let unpod = story.read("telform.yaml");
    story.carrierx(&west(""));
    let carrierx = story.read("telform.yaml").replace("version: 1\naccounts:\n", "");
    let (account, partners) = carrierx.split_once('\n').unwrap();
    story.file("telform.yaml", &format!("{}{partners}", unpod.replace("accounts:\n", &format!("accounts:\n{account}\n"))));
    story.apply();
    story.in_sync();
    // One service that is away stops the plan: half a reading is none.
    story.fault("{ match: { service: carrierx, times: 0 }, effect: { answer: { status: 403 } } }");
    story.expect(1, "plan").says("account carrierx");
}
