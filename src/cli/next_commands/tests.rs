//! Suggested commands are complete, and work.

use super::*;
use crate::document::v1;
use crate::model::guards::Guards;
use crate::run::next_commands::run_options;

fn of(line: &str) -> RepeatedOptions {
    RepeatedOptions::from_matches(&Cli::command().try_get_matches_from(line.split_whitespace()).expect("a command line"))
}

#[test]
fn each_option_that_a_plan_was_asked_with_is_said_and_taken_again() {
    let name = |text: &str| std::collections::BTreeSet::from([text.to_owned()]);
    let named = |text: &str| std::collections::BTreeSet::from([(text.to_owned(), Some("name".to_owned()))]);
    let options = v1::Options {
        accounts: name("west"),
        targets: name("partners.a"),
        excludes: name("partners.b"),
        allow_similar: name("partners.c"),
        resend: named("partners.d"),
        rewrite_secrets: named("partners.e"),
        allow_unseen_products: true,
        guards: Guards { max_deletes: Some(1), max_delete_percent: Some(2), max_numbers_dark: Some(3), ..Guards::default() },
        max_unreadable_bridges: Some(4),
        ..v1::Options::default()
    };
    let flags = run_options(&options);
    for said in ["--allow-similar partners.c", "--resend partners.d:name", "--allow-unseen-products"] {
        assert!(flags.contains(said), "{flags}");
    }
    for command in ["plan", "apply", "resume"] {
        let line = format!("telform {command}{flags}");
        let read = Cli::command().try_get_matches_from(line.split_whitespace());
        assert!(read.is_ok(), "{line}: {:?}", read.err());
    }
}

#[test]
fn what_was_typed_is_repeated_where_it_is_accepted() {
    let again = of("telform plan -f a.yaml -f b.yaml --ledger l.json --sandbox w.yaml --allow-commands");
    let files = "-f a.yaml -f b.yaml --ledger l.json";
    for (hint, more) in [
        ("telform apply", "--sandbox w.yaml --allow-commands"),
        ("telform ledger rebuild --replace", "--sandbox w.yaml --allow-commands"),
        ("telform adopt --sandbox=x.yaml", "--allow-commands"),
        ("telform validate", ""),
    ] {
        let whole = format!("{hint} {files} {more}");
        assert_eq!(again.complete_command(hint), whole.trim_end(), "{hint}");
    }
    for alone in ["telform docs errors", "telform init --quickstart", "telform", "telform --help"] {
        assert_eq!(again.complete_command(alone), alone);
    }
    assert_eq!(of("telform plan").text("run `telform apply` now"), "run `telform apply` now");
    let again = of("telform apply --on-error continue --sandbox w.yaml");
    assert_eq!(
        again.text("`telform`, `telform undo\n  last` or `telform journal list`; `open telform "),
        "`telform`, `telform undo\n  last --sandbox w.yaml --on-error continue` or `telform journal list --sandbox w.yaml`; `open telform "
    );
    // Quoted for a shell, and only once.
    let again = of("telform plan --ledger=it's");
    let whole = again.text("`telform apply`").into_owned();
    assert_eq!(whole, "`telform apply --ledger 'it'\\''s'`");
    assert_eq!(again.text(&whole), whole);
}

#[test]
fn a_folder_is_named_before_the_command() {
    let again = of("telform -C west -C ../east plan -f a.yaml");
    let whole = again.complete_command("telform apply");
    assert_eq!(whole, "telform -C west -C ../east apply -f a.yaml");
    assert_eq!(again.text(&format!("`{whole}`")), format!("`{whole}`"), "only once");
    assert_eq!(again.complete_command("telform show plan.json"), "telform -C west -C ../east show plan.json");
    assert_eq!(again.complete_command("telform docs errors"), "telform docs errors");
    assert_eq!(of("telform init -C west").complete_command("telform plan"), "telform -C west plan");
}

#[test]
fn what_follows_an_init_finds_the_same_services_and_ledger() {
    let again = of("telform init --account a=unpod --sandbox w.yaml --ledger l.json");
    for (hint, whole) in [
        ("telform plan -f telform.yaml", "telform plan -f telform.yaml --ledger l.json --sandbox w.yaml"),
        ("telform validate", "telform validate --ledger l.json"),
        ("telform init --quickstart", "telform init --quickstart"),
    ] {
        assert_eq!(again.complete_command(hint), whole);
    }
}

#[test]
fn a_destroy_is_suggested_as_one() {
    let again = of("telform destroy --account west");
    assert!(again.destroys());
    assert_eq!(again.complete_command("telform apply"), "telform apply --account west --destroy");
    assert_eq!(again.this_command(&["--max-deletes 2".to_owned()]), "telform destroy --max-deletes 2 --account west");
    let options = ["--max-deletes 2".to_owned()];
    assert_eq!(of("telform destroy --plan").this_command(&options), "telform destroy --plan --max-deletes 2");
    assert_eq!(
        of("telform plan --out p.json --format html=p.html --snapshot s.json --target partners.a").this_command(&options),
        "telform plan --format html=p.html --out p.json --snapshot s.json --max-deletes 2 --target partners.a"
    );
    assert_eq!(of("telform undo last --plan").this_command(&options), "telform undo last --plan --max-deletes 2");
    assert_eq!(of("telform rehearse --undo last").this_command(&options), "telform rehearse --max-deletes 2 --undo last");
}

/// Without that, the commands for two guards take turns.
#[test]
fn what_allows_one_guard_keeps_the_others() {
    for command in ["plan", "apply", "destroy", "resume", "rehearse", "undo last", "rehearse --undo last"] {
        for (given, asked) in GUARDS.iter().flat_map(|given| GUARDS.iter().map(move |asked| (given.option, asked.option))) {
            let again = of(&format!("telform {command} --{given} 1")).this_command(&[format!("--{asked} 2")]);
            let kept = given == asked || again.contains(&format!("--{given} 1"));
            assert!(kept && again.contains(&format!("--{asked} 2")), "{command}: {again}");
            assert_eq!(again.matches(given).count(), 1 + usize::from(given != asked && asked.contains(given)), "{again}");
        }
    }
}

/// An option that nobody thought of here would be lost in the command that is suggested.
#[test]
fn each_option_is_repeated_or_left_out_on_purpose() {
    // How it is shown, what confirms a plan, and what is before the command.
    let left_out = [
        "allowed-signers",
        "approvals",
        "auto-approve",
        "color",
        "detailed-exitcode",
        "directory",
        "expect",
        "help",
        "json",
        "max-unshown",
        "non-interactive",
        "page-url",
        "quiet",
        "settle-timeout",
        "verbose",
    ];
    let mut whole = Cli::command();
    whole.build();
    for name in ["plan", "apply", "destroy", "resume", "rehearse", "undo"] {
        let options = whole.find_subcommand(name).expect("a command").get_arguments();
        let lost = |long: &&str| place(long).is_none() && !KEPT.contains(long) && !left_out.contains(long);
        let lost: Vec<&str> = options.filter_map(|it| it.get_long()).filter(lost).collect();
        assert!(lost.is_empty(), "{name}: {lost:?}");
    }
    assert_eq!(
        of("telform rehearse p.json --fault x.yaml --sandbox w.yaml").this_command(&["--max-deletes 1".to_owned()]),
        "telform plan --out p.json --max-deletes 1 --sandbox w.yaml"
    );
}

#[test]
fn limits_go_where_they_mean_the_same() {
    let again = of("telform plan --account west --target partners.a --max-deletes 1 --destroy");
    let whole = "--account west --target partners.a --destroy --max-deletes 1";
    assert_eq!(again.complete_command("telform apply"), format!("telform apply {whole}"));
    assert_eq!(again.complete_command("telform apply plan.json"), "telform apply plan.json");
    assert_eq!(again.complete_command("telform drift --accept"), "telform drift --accept --account west --target partners.a");
    assert_eq!(again.complete_command("telform undo last"), "telform undo last --account west --target partners.a");
    assert_eq!(again.complete_command("telform forget partners.a"), "telform forget partners.a");
    let said = format!("telform resume {whole}");
    assert_eq!(again.complete_command(&said), said);
}

/// Every command in a message, the help or a page exists and has only options that it accepts.
#[test]
fn each_command_that_is_named_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut whole = Cli::command();
    whole.build();
    let (mut seen, mut wrong) = (0, Vec::new());
    let own = |path: &std::path::PathBuf| path.ends_with(file!());
    let all = files(&root.join("src")).into_iter().chain(files(&root.join("docs")));
    for path in all.filter(|path| !own(path)) {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        for after in text.split("`telform ").skip(1) {
            let Some((named, _)) = after.split_once('`') else { continue };
            let mut command = &whole;
            let mut words = named.split_whitespace().filter(|word| !matches!(*word, "\\" | "\\n")).peekable();
            while let Some(known) = words.peek().and_then(|word| command.find_subcommand(word)) {
                (command, _) = (known, words.next());
            }
            let top = std::ptr::eq(command, &whole);
            let flags = words.clone().filter_map(|word| word.strip_prefix("--"));
            let names = flags.map(|flag| flag.split(|it: char| it != '-' && !it.is_ascii_alphanumeric()).next());
            let unknown = names
                .flatten()
                .find(|name| !name.is_empty() && !command.get_arguments().any(|known| known.get_long() == Some(name)));
            let starts = words.peek().is_some_and(|word| word.starts_with(|it: char| it.is_ascii_lowercase()));
            seen += 1;
            if top && starts || unknown.is_some() {
                wrong.push(format!("{}: telform {named}", path.display()));
            }
        }
    }
    assert!(seen > 100, "only {seen} were found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    files.into_iter().chain(folders.iter().flat_map(|folder| self::files(folder))).collect()
}
