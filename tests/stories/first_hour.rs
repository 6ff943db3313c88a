//! What a new user meets in the first hour: each was found at a terminal of 80 columns, by a user who had not seen the code.

use std::collections::BTreeSet;

use crate::bench::Story;
use crate::partners::{verified, west, world_with_west};

/// Every file and folder of a story.
fn files(folder: &std::path::Path) -> BTreeSet<std::path::PathBuf> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        }
        found.insert(path);
    }
    found
}

#[test]
fn a_command_that_reads_or_finds_nothing_to_do_creates_no_file() {
    let story = verified("");
    story.carrierx(&west("    address1: New Street 2\n"));
    let before = files(story.dir.path());
    for (code, command) in [
        (1, "undo last"),
        (1, "undo last --auto-approve"),
        (1, "undo last --plan"),
        (1, "undo 0198c0de --auto-approve"),
        (1, "rehearse --undo last"),
        (0, "resume --auto-approve"),
        (1, "journal list"),
        (1, "journal show"),
        (1, "journal verify"),
        (1, "ledger list"),
        (1, "forget partners.west"),
        (0, "plan"),
        (0, "validate"),
        (0, "get"),
        (0, "explain partners.west"),
        (0, "graph"),
    ] {
        let ran = story.expect(code, command);
        assert_eq!(files(story.dir.path()), before, "{command}");
        // What is suggested works: there is no journal to list.
        assert!(!command.contains("undo") || !ran.whole().contains("telform journal list"), "{}", ran.whole());
    }
    story.expect(1, "undo last --auto-approve").says("the journal has no run, so there is nothing to undo");
}

#[test]
fn a_near_miss_of_a_provider_is_a_warning_and_no_other_name_is() {
    let story = Story::new("{}");
    let entry = |provider: &str| {
        story.unpod(&format!("providers:\n  main: {{ provider: {provider}, account_sid: AC1, auth_token: {{ env: AUTH }} }}\n"));
    };
    entry("twillio");
    let warned = story.expect(0, "validate");
    warned
        .says("warning[telform::yaml::unseen]")
        .says("`twillio` is not known as a value of `provider`")
        .says("did you mean `twilio`?");
    for good in ["twilio", "Twilio", "exotel", "telnyx", "acme-carrier", "\"7\""] {
        entry(good);
        story.expect(0, "validate").is_silent_about("warning");
    }
}

#[test]
fn compared_plans_are_words_and_numbers_and_no_json() {
    let story = Story::new(crate::deletes::CONNECTED).secret("AUTH", "canary-auth-42");
    let yaml = |numbers: &str| {
        format!(
            "providers:\n  old: {{ provider: plivo, account_sid: MA42, auth_token: {{ env: AUTH }} }}\nbridges:\n  fax: {{ slug: fax, name: Fax, numbers: {{ {numbers} }} }}\n"
        )
    };
    story.unpod(&yaml("'+14155550103': { provider: old }"));
    story.expect(0, "plan --out new.json");
    story.apply();
    story.unpod(&yaml(""));
    story.expect(0, "plan --max-numbers-dark 1 --out cut.json");
    let told = story.expect(2, "diff new.json cut.json");
    told.says("adopt providers.old (42)").says("adopt bridges.fax (fax)");
    // The requests of two numbers are told apart; the ledger is where it was; a digest is short.
    told.says("POST +14155550103 telephony/bridges/fax/disconnect-provider/").is_silent_about("ledger place");
    let whole = told.whole();
    assert!(!whole.contains("{\"adopt\"") && !whole.contains("{\"step\""), "{whole}");
}

/// What an 80-column terminal shows has the words that other programs get: none is broken, and no line is wider.
#[cfg(target_os = "linux")]
#[test]
fn no_command_breaks_a_word_at_80_columns() {
    use unicode_width::UnicodeWidthStr;

    // What other programs get has whole lines: here it has those of the terminal.
    let story = Story::new("{}").setting("COLUMNS", "80");
    story.expect(0, "init --quickstart");
    // Something to undo, to resume, to compare and to refuse.
    story.expect(0, "plan --sandbox world.yaml --out first.json");
    story.expect(3, "plan --sandbox world.yaml --max-deletes 0 --out refused.json");
    story.expect(0, "apply --sandbox world.yaml --auto-approve");
    let words = |text: &str| -> BTreeSet<String> { text.split_whitespace().map(str::to_owned).collect() };
    for command in [
        "plan --sandbox world.yaml",
        "plan --sandbox world.yaml -q",
        "plan --sandbox world.yaml --destroy",
        "plan --sandbox world.yaml --destroy -q",
        "apply first.json --sandbox world.yaml --auto-approve",
        "destroy --sandbox world.yaml --auto-approve",
        "undo last --sandbox world.yaml --plan",
        "undo nothing --sandbox world.yaml",
        "drift --sandbox world.yaml",
        "get --sandbox world.yaml",
        "get foo --sandbox world.yaml",
        "get numbers --sandbox world.yaml",
        "explain providers.twilio-main --sandbox world.yaml",
        "explain providers.twilio-main.auth_token --sandbox world.yaml",
        "explain providers.twilo --sandbox world.yaml",
        "ledger list --sandbox world.yaml",
        "ledger show providers.twilio-main --sandbox world.yaml",
        "state list --sandbox world.yaml",
        "journal list --sandbox world.yaml",
        "journal show --sandbox world.yaml",
        "journal verify --sandbox world.yaml",
        "show first.json",
        "verify first.json",
        "diff first.json refused.json",
        "validate",
        "doctor --sandbox world.yaml",
        "resume --sandbox world.yaml",
        "rehearse --destroy --sandbox world.yaml",
        "forget providers.nothing --sandbox world.yaml",
        "docs guard::max_deletes",
        "plan -f nothing.yaml",
    ] {
        let piped = story.run(command).whole();
        let mut terminal = crate::terminal::Terminal::sized(80);
        let mut child = terminal.runs(&story, command);
        terminal.until(|_| false);
        child.wait().unwrap();
        let text = anstream::adapter::strip_str(&terminal.text()).to_string();
        let (known, wide) = (words(&piped), |line: &&str| line.width() > 80);
        // A word that no line can hold is wider than the screen: a digest with its name, a path.
        let wrong: Vec<&str> = text.lines().filter(wide).filter(|line| line.trim().contains(' ')).collect();
        assert!(wrong.is_empty(), "{command}: {wrong:#?}");
        // A narrow table may lack its ids, and says so.
        let text = text.replace("The id does not fit: a wider terminal shows it, and --columns.", "");
        // A word that no line can hold, such as a long address, is broken behind a slash.
        let is_part = |word: &str| known.iter().any(|whole| whole.len() > 70 && whole.contains(word));
        let is_known = |word: &&String| known.contains(*word) || *word == "\\" || volatile(word) || is_part(word);
        let broken: Vec<String> = words(&text).iter().filter(|word| !is_known(word)).cloned().collect();
        assert!(broken.is_empty(), "{command}: {broken:?} of\n{text}\nand\n{piped}");
    }
}

/// What differs from one run to the next: a duration, a time, an id of a run.
#[cfg(target_os = "linux")]
fn volatile(word: &str) -> bool {
    word.trim_matches(['[', ']']).trim_end_matches("ms").parse::<f64>().is_ok() || word.contains("127.0.0.1")
}

#[test]
fn a_plan_that_was_applied_without_its_file_is_said_to_be_applied() {
    let story = verified("");
    story.carrierx(&west("    address1: New Street 2\n"));
    story.expect(0, "plan --out plan.json");
    story.apply();
    let again = story.expect(4, "apply plan.json --auto-approve");
    again.says("[telform::plan::already_applied]: this plan was already applied by run").is_silent_about("the services changed");
    story.expect(4, "rehearse plan.json").says("this plan was already applied by run");
}

/// A command that fails before its first write leaves no key of its own behind.
#[test]
fn what_writes_nothing_leaves_no_key() {
    let mut story = Story::new(&world_with_west("")).secret("WEST_PASSWORD", "canary-west-pw");
    story.carrierx(&west("    city: LA\n"));
    let key = story.path(".telform/ledger.key");
    story.expect(1, "adopt partners.other 7a9d2f10-0000-4000-8000-000000000000").says("telform::adopt::missing");
    assert!(!key.exists());
    // Not confirmed, refused by the service, nothing to do.
    story.expect(1, "apply --non-interactive").says("telform cannot ask here");
    assert!(!key.exists());
    story.set("CARRIERX_TOKEN", "canary-wrong-token");
    story.expect(1, "apply --auto-approve").says("telform::live::unauthorized");
    assert!(!key.exists());
    story.set("CARRIERX_TOKEN", crate::bench::CARRIERX_TOKEN);
    story.apply();
    assert!(key.exists());
    story.in_sync();
}
