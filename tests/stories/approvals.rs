//! Approvals of a saved plan: who may give them, which are valid, and what is refused.

use std::fs;

use serde_json::Value;

use crate::bench::{Ran, Story};
use crate::keys::{allow, approval, forged, partner, public, sign, signer, simple, ssh, verifies};

const APPROVAL: &str = "telform-approval";

/// A signed plan, with keys for its author and three others, all of them allowed.
fn planned() -> Story {
    let story = partner();
    for name in ["author", "ann", "bob", "mallory"] {
        simple(&story, name);
    }
    allow(&story, &["author", "ann", "bob"]);
    story.expect(0, "plan --out plan.json --sign keys/author");
    story
}

fn approve(story: &Story, name: &str) -> Ran {
    story.expect(0, &format!("approve plan.json --sign keys/{name}"))
}

fn apply(story: &Story, code: i32, needs: &str) -> Ran {
    let args = format!("apply plan.json --auto-approve --allowed-signers allowed_signers --approvals {needs}");
    story.expect(code, &args)
}

/// Files below the folder of approvals.
fn in_approvals(name: &str) -> String {
    format!("plan.json.approvals/{name}")
}

#[test]
fn signed_by_one_approved_by_two_applied_elsewhere_and_verified_with_ssh_keygen_alone() {
    let desk = planned();
    let shown = approve(&desk, "ann");
    shown.says("plan signed by SHA256:").says("~ partners.west").says("Approves plan.json");
    let first = approval(&desk, &[]);
    approve(&desk, "bob");
    let second = approval(&desk, &[&first]);
    desk.expect(0, "show plan.json").says("Not checked: approved by SHA256:");
    let seen = desk.expect(0, "show plan.json --allowed-signers allowed_signers");
    seen.says("Plan signed by author@example.com").says("Approved by ann@").says("Approved by bob@");
    desk.expect(0, "verify plan.json --allowed-signers allowed_signers").says("Approved by ann@");
    // A clean folder: the YAML, the plan, the files beside it, and the ledger that it was made with.
    let clean = tempfile::tempdir().unwrap();
    let copy = |name: &str| {
        let to = clean.path().join(name);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(desk.path(name), to).unwrap();
    };
    let files = ["telform.yaml", "plan.json", "plan.json.sig", "allowed_signers", "keys/author"];
    files.iter().for_each(|name| copy(name));
    for name in [&first, &second] {
        copy(&in_approvals(name));
        copy(&in_approvals(&format!("{name}.sig")));
    }
    let args = "apply plan.json --auto-approve --allowed-signers allowed_signers --approvals 2 --sign keys/author";
    let mut command = desk.command(args);
    command.current_dir(clean.path());
    let ran = desk.ran(args, &command.output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.whole());
    ran.says("Approved by ann@example.com").says("Approved by bob@example.com").says("Done: 1 write");
    // From here on only OpenSSH.
    let shell = |script: &str| ssh(clean.path(), "sh", &["-euc", script], b"");
    let verify = "ssh-keygen -Y verify -f allowed_signers";
    let plan = format!("{verify} -I author@example.com -n telform-plan -s plan.json.sig < plan.json");
    assert!(shell(&plan).0);
    let mut approvals = vec![(&first, "ann"), (&second, "bob")];
    for (file, name) in &mut approvals {
        let file = in_approvals(file);
        let checked = format!("{verify} -I {name}@example.com -n {APPROVAL} -s {file}.sig < {file}");
        assert!(shell(&checked).0, "{name}");
        assert!(shell(&format!("grep -q $(sha256sum plan.json | cut -d' ' -f1) {file}")).0);
    }
    // As the guide has it.
    let journal = "J=.telform/ledger.journal
tail -n 1 $J | sed 's/.*\"signature\":\"//; s/\".*//; s/\\\\n/\\n/g' > journal.sig
sed '$d' $J | ssh-keygen -Y verify -f allowed_signers -I author@example.com -n telform-journal -s journal.sig";
    let (verified, said) = shell(journal);
    assert!(verified, "{said}");
    assert!(!shell(&journal.replace("sed '$d' $J", "sed '$d; s/somebody/nobody/' $J")).0);
    // The first line says who let it run.
    let text = fs::read_to_string(clean.path().join(".telform/ledger.journal")).unwrap();
    let begun: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let started = &begun["record"];
    assert_eq!(started["plan_signed_by"]["by"], "author@example.com");
    let kept = started["approvals"].as_array().unwrap();
    let mut who: Vec<&str> = kept.iter().map(|it| it["by"].as_str().unwrap()).collect();
    who.sort_unstable();
    assert_eq!(who, ["ann@example.com", "bob@example.com"]);
    for it in kept {
        assert_eq!(it["digest"], started["digest"]);
        assert!(it["key"].as_str().unwrap().starts_with("SHA256:") && it["until"].is_string() && it["at"].is_string());
    }
}

/// A reader of the events sees whose plan runs, before anything is sent.
#[test]
fn the_events_say_who_vouched() {
    let story = planned();
    approve(&story, "ann");
    approve(&story, "bob");
    let plan: Value = serde_json::from_str(&story.read("plan.json")).unwrap();
    let told = story.expect(0, "apply plan.json --auto-approve --json --allowed-signers allowed_signers --approvals 2").events();
    let (at, vouched) = told.iter().enumerate().find(|(_, it)| it["event"] == "vouched").unwrap();
    assert!(at < told.iter().position(|it| it["event"] == "planned").unwrap());
    assert_eq!(vouched["digest"], plan["digest"]);
    assert_eq!(vouched["plan_signed_by"]["by"], "author@example.com");
    let approvals = vouched["approvals"].as_array().unwrap();
    let mut who: Vec<&str> = approvals.iter().map(|it| it["by"].as_str().unwrap()).collect();
    who.sort_unstable();
    assert_eq!(who, ["ann@example.com", "bob@example.com"]);
    for it in approvals {
        let time = |name: &str| it[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        assert!(time("at") < time("until"), "{it}");
        assert_eq!((&it["digest"], it["key"].as_str().unwrap().get(..7)), (&plan["digest"], Some("SHA256:")));
    }
    // Where they are not requested, they are not reported.
    let story = planned();
    let told = story.expect(0, "apply plan.json --auto-approve --json").events();
    assert!(told.iter().all(|it| it["event"] != "vouched"));
}

#[test]
fn each_approval_that_does_not_count_has_its_code() {
    let story = planned();
    story
        .expect(3, "apply plan.json --auto-approve --allowed-signers allowed_signers --approvals 1")
        .says("telform::approval::too_few")
        .says("there are none in plan.json.approvals");
    approve(&story, "ann");
    let ann = approval(&story, &[]);
    apply(&story, 3, "2").says("telform::approval::too_few").says("1 of 2 approvals");
    // By someone who is not allowed.
    approve(&story, "mallory");
    let mallory = approval(&story, &[&ann]);
    apply(&story, 3, "2").says("telform::approval::unknown_signer");
    story.expect(0, "show plan.json --allowed-signers allowed_signers").says("REFUSED: the approval");
    // By someone who is allowed to sign something else.
    let narrow = signer(&story, "mallory", "namespaces=\"telform-plan\"");
    story.file("allowed_signers", &(["author", "ann", "bob"].map(|name| signer(&story, name, "")).concat() + &narrow));
    apply(&story, 3, "2").says("telform::approval::unknown_signer");
    allow(&story, &["author", "ann", "bob"]);
    let drop = |name: &str| {
        fs::remove_file(story.path(&in_approvals(name))).unwrap();
        let _ = fs::remove_file(story.path(&in_approvals(&format!("{name}.sig"))));
    };
    drop(&mallory);
    // Changed after it was signed.
    let statement = story.read(&in_approvals(&ann));
    let until = serde_json::from_str::<Value>(&statement).unwrap()["until"].as_str().unwrap().to_owned();
    story.file(&in_approvals(&ann), &statement.replace(&until, "2099-01-01T00:00:00Z"));
    apply(&story, 3, "1").says("telform::approval::altered");
    // Without its signature.
    story.file(&in_approvals(&ann), &statement);
    let signature = story.read(&in_approvals(&format!("{ann}.sig")));
    fs::remove_file(story.path(&in_approvals(&format!("{ann}.sig")))).unwrap();
    apply(&story, 3, "1").says("telform::approval::unsigned");
    story.file(&in_approvals(&format!("{ann}.sig")), &signature);
    // A second one of the same key, and of another key under the same name.
    story.file(&in_approvals("again.json"), &statement);
    story.file(&in_approvals("again.json.sig"), &signature);
    apply(&story, 3, "2").says("telform::approval::same_signer");
    drop("again.json");
    let two = format!("{}ann@example.com {}\n", signer(&story, "ann", ""), public(&story, "bob"));
    approve(&story, "bob");
    let bob = approval(&story, &[&ann]);
    story.file("allowed_signers", &(two + &signer(&story, "author", "")));
    apply(&story, 3, "2").says("telform::approval::same_signer");
    allow(&story, &["author", "ann", "bob"]);
    drop(&bob);
    // By ssh-keygen, for something else or of something else.
    sign(&story, "bob", "telform-plan", &in_approvals(&ann));
    apply(&story, 3, "1").says("telform::signature::namespace");
    sign(&story, "bob", APPROVAL, &in_approvals(&ann));
    apply(&story, 3, "1").says("telform::approval::other_name");
    story.file(&in_approvals(&ann), "{\"approved\":true}\n");
    sign(&story, "ann", APPROVAL, &in_approvals(&ann));
    apply(&story, 3, "1").says("telform::approval::damaged");
    // Expired, and not yet valid: made by someone who signs such a statement.
    for (at, until, code) in [
        ("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z", "telform::approval::expired"),
        ("2098-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "telform::approval::not_yet"),
    ] {
        let mut other: Value = serde_json::from_str(&statement).unwrap();
        (other["at"], other["until"]) = (at.into(), until.into());
        story.file(&in_approvals(&ann), &other.to_string());
        sign(&story, "ann", APPROVAL, &in_approvals(&ann));
        apply(&story, 3, "1").says(code);
        let told = story.run("show plan.json --allowed-signers allowed_signers");
        told.says("REFUSED: the approval").says(code).is_silent_about("Approved by ann");
    }
    assert_eq!(story.writes(), [""; 0]);
    // A correct statement signed by ssh-keygen is valid.
    story.file(&in_approvals(&ann), &statement);
    sign(&story, "ann", APPROVAL, &in_approvals(&ann));
    apply(&story, 0, "1").says("Approved by ann@example.com");
}

#[test]
fn an_approval_is_of_one_plan_file() {
    let story = planned();
    approve(&story, "ann");
    let plan = story.read("plan.json");
    // Changed, with a new checksum.
    let other = forged(&plan);
    assert_ne!(other, plan);
    story.file("plan.json", &other);
    sign(&story, "author", "telform-plan", "plan.json");
    apply(&story, 3, "1").says("telform::approval::other_plan");
    // Changed, without one.
    story.file("plan.json", &plan.replace("New Street 2", "New Street 9"));
    apply(&story, 1, "1").says("telform::plan::changed");
    // Another plan.
    story.carrierx(&crate::partners::west("    address1: New Street 5\n"));
    story.expect(0, "plan --out plan.json --sign keys/author");
    apply(&story, 3, "1").says("telform::approval::other_plan");
    story.expect(0, "show plan.json").says("telform::approval::other_plan");
    assert_eq!(story.writes(), [""; 0]);
    approve(&story, "ann");
    apply(&story, 0, "1");
}

#[test]
fn the_rules_stand_outside_of_the_yaml() {
    let story = planned();
    approve(&story, "author");
    let own = approval(&story, &[]);
    let file = |text: &str| story.file("rules/approvals.yaml", text);
    fs::create_dir(story.path("rules")).unwrap();
    fs::copy(story.path("allowed_signers"), story.path("rules/allowed_signers")).unwrap();
    let args = "apply plan.json --auto-approve --approvals rules/approvals.yaml";
    file("{ required: 1, signers: allowed_signers, not_author: true }\n");
    story.expect(3, args).says("telform::approval::author");
    file("approvals: { required: 1, signers: allowed_signers, not_author: true }\n");
    story.expect(3, args).says("telform::approval::author");
    // Without the plan's signature its author is unknown.
    let signature = story.read("plan.json.sig");
    fs::remove_file(story.path("plan.json.sig")).unwrap();
    story.expect(3, args).says("telform::signature::missing");
    story.file("plan.json.sig", &signature);
    for (text, says) in [
        ("{ required: 0, signers: allowed_signers }", "0 approvals require nothing"),
        ("{ required: 1, signer: allowed_signers }", "signer"),
        ("{ signers: allowed_signers }", "required"),
        ("required: [", "rules/approvals.yaml"),
        ("{ required: 1 }", "the rules do not say whose approvals count"),
        ("{ required: 1, signers: nowhere }", "nowhere"),
    ] {
        file(text);
        story.expect(1, args).says(says);
    }
    for (needs, code) in [("0", "telform::approval::rules"), ("many", "telform::approval::rules"), ("-1", "")] {
        story
            .expect(1, &format!("apply plan.json --auto-approve --allowed-signers allowed_signers --approvals={needs}"))
            .says(code);
    }
    // By the variable, which a command without a saved plan does not get around.
    file("{ required: 2, signers: allowed_signers, not_author: true }\n");
    let story = story.setting("TELFORM_APPROVALS", "rules/approvals.yaml");
    for command in ["apply --auto-approve", "resume --auto-approve", "undo last --auto-approve"] {
        story.expect(3, command).says("telform::approval::no_plan");
    }
    approve(&story, "ann");
    story.expect(3, "apply plan.json --auto-approve").says("telform::approval::author").says("1 of 2");
    approve(&story, "bob");
    assert_eq!(story.writes(), [""; 0]);
    let ran = story.expect(0, "apply plan.json --auto-approve");
    ran.says("Approved by ann@").says("Approved by bob@").says("REFUSED: the approval").says(&own);
}

#[test]
fn whoever_approves_sees_what_and_is_somebody() {
    let story = planned();
    let ran = story.expect(0, "approve plan.json --sign keys/ann --allowed-signers allowed_signers --valid-for 2h");
    ran.says("Plan signed by author@example.com").says("signer  ann@example.com (SHA256:").says("until");
    let ann = approval(&story, &[]);
    let statement = story.read(&in_approvals(&ann));
    assert!(verifies(&story, "ann", APPROVAL, &in_approvals(&format!("{ann}.sig")), statement.as_bytes()));
    let told: Value = serde_json::from_str(&statement).unwrap();
    assert_eq!(told["identity"], "ann@example.com");
    let time = |name: &str| told[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!((time("until") - time("at")).total(jiff::Unit::Hour).unwrap(), 2.0);
    assert_eq!(serde_json_canonicalizer::to_string(&told).unwrap() + "\n", statement, "canonical JSON");
    let json = story.expect(0, "approve plan.json --sign keys/ann --json").json();
    assert_eq!(json["statement"], in_approvals(&ann));
    assert_eq!(approval(&story, &[]), ann, "one a key");
    let no = "approve plan.json --allowed-signers allowed_signers --sign";
    story.expect(1, &format!("{no} keys/mallory")).says("telform::approval::unknown_signer");
    story.expect(1, &format!("{no} keys/ann --identity bob@example.com")).says("telform::approval::other_name");
    story.expect(1, "approve plan.json").says("--sign");
    story.expect(1, "approve plan.json --sign keys/ann --valid-for 0").says("telform::approval::valid_for");
    // A name that is not the signer's invalidates the approval, wherever it was made.
    story.expect(0, "approve plan.json --sign keys/ann --identity bob@example.com");
    apply(&story, 3, "1").says("telform::approval::other_name");
    // A plan that no apply accepts, or that its author did not sign, is not approved.
    story.expect(0, "plan --out other.json");
    fs::copy(story.path("plan.json.sig"), story.path("other.json.sig")).unwrap();
    let plan = story.read("other.json");
    story.file("other.json", &forged(&plan));
    story.expect(1, "approve other.json --sign keys/ann").says("telform::signature::altered");
    story.file("other.json", &plan.replace("New Street 2", "New Street 9"));
    story.expect(1, "approve other.json --sign keys/ann").says("telform::plan::changed");
    assert!(!story.path("other.json.approvals").exists());
    story.carrierx("removed:\n  - { address: partners.west, login: west }\n");
    story.expect(3, "plan --out refused.json");
    story.expect(1, "approve refused.json --sign keys/ann").says("telform::approval::plan");
    assert!(!story.path("refused.json.approvals").exists());
}
