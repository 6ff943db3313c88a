//! `telform drift`: live against what telform last saw, and the two ways on. Nothing but GET; `--accept` writes YAML only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use similar::TextDiff;

use super::again;
use super::args::{Choice, DriftArgs};
use super::exit::{Exit, Failure};
use super::files::{Readers, write};
use super::out::Out;
use super::session::{Purpose, Session};
use crate::adopt::{block, inline};
use crate::desired::{self, Edits};
use crate::drift::{Class, Drift, drift};
use crate::output::DriftReport;
use crate::plan::{Inputs, Plan, Shown, Way};
use crate::resource::{Address, Desired, Place, Wanted};
use crate::secrets;
use crate::text::{apart, clean, escape, is_e164};
use crate::value::{Packed, Value, hidden};
use crate::yaml::{self, Secrecy};

pub(super) async fn run(out: &Out, args: &DriftArgs) -> Result<Exit, Failure> {
    let choice = Choice { targets: args.targets.clone(), sandbox: args.sandbox.clone(), ..Choice::default() };
    let session = Session::open(out, &choice, Purpose::Plan).await?;
    let live = session.read().await?;
    let plan = session.plan(&live)?;
    let inputs = Inputs {
        desired: &session.desired,
        live: &live,
        ledger: &session.ledger,
        key: &session.key,
        options: &session.options,
    };
    let found = drift(&inputs, &plan);
    let drifted = found.iter().any(|drift| drift.class.is_drift());
    let with = |command: &str| again::with(out, &session, command);
    let (edits, stuck) = sayable(out, &session.desired, &found, &with);
    let proof = prove(out, &session, &inputs, &edits, &found)?;
    let left = !stuck.is_empty();
    if args.accept && drifted {
        for (path, (_, after)) in &proof {
            write(path, after, Readers::Anybody)?;
        }
    }
    session.close()?;
    if out.global.json {
        out.document(&DriftReport {
            drift: &found,
            drifted,
            accepted: args.accept && drifted,
            files: proof.keys().map(|path| path.display().to_string()).collect(),
            patch: patch(&proof),
            not_accepted: stuck.clone(),
        });
    } else if out.global.quiet {
        let count = found.iter().filter(|drift| drift.class.is_drift()).count();
        let accepted = if args.accept && drifted { ", accepted into the YAML" } else { "" };
        let left = if args.accept && left { " but for what the YAML cannot say" } else { "" };
        let things = if count == 1 { "thing" } else { "things" };
        out.print(&if drifted {
            format!("Drift: {count} {things}{accepted}{left}.\n")
        } else {
            "No drift.\n".to_owned()
        });
    } else if found.is_empty() && session.ledger.objects.is_empty() {
        nothing(out, &with);
    } else {
        say(out, args, &found, &stuck, &plan, &patch(&proof), &with);
    }
    // All of it accepted: the YAML says what is there.
    let settled = args.accept && !left;
    Ok(if drifted && !settled { Exit::Pending } else { Exit::Done })
}

/// A command with the options that this one was given.
type With<'a> = dyn Fn(&str) -> String + 'a;

/// The edits, without those that would make a YAML that is not valid: what is there may be something that no file can say.
fn sayable(out: &Out, desired: &Desired, found: &[Drift], with: &With<'_>) -> (Texts, Vec<String>) {
    let loads = |texts: &Texts| {
        let edits =
            Edits(texts.iter().map(|(path, (_, after))| (path.clone(), Some(after.clone()))).collect());
        desired::load_edited(&out.global.files, &edits).is_ok()
    };
    let all: Vec<&Drift> = found.iter().collect();
    let (texts, stuck) = edits(desired, &all, with);
    if loads(&texts) {
        return (texts, stuck);
    }
    let (good, bad): (Vec<&Drift>, Vec<&Drift>) =
        found.iter().partition(|drift| loads(&edits(desired, &[*drift], with).0));
    let (texts, mut stuck) = edits(desired, &good, with);
    stuck.extend(bad.into_iter().map(|drift| {
        let name = drift.attribute.as_deref().unwrap_or_default();
        format!("{} {name} has to be accepted by hand: the YAML cannot say this value", drift.address)
    }));
    // Each by itself can be said; together they may still not.
    if loads(&texts) { (texts, stuck) } else { (Texts::new(), stuck) }
}

/// Nothing was ever taken under management.
fn nothing(out: &Out, with: &With<'_>) {
    let (apply, adopt) = (with("telform apply"), with("telform adopt --all --out adopted"));
    out.print(&format!(
        "Nothing is managed yet, so there is nothing to compare.\n  {apply}\n      takes what the YAML names under management\n  {adopt}\n      writes the YAML of what is there\n"
    ));
}

fn say(
    out: &Out,
    args: &DriftArgs,
    found: &[Drift],
    stuck: &[String],
    plan: &Plan,
    patch: &str,
    with: &With<'_>,
) {
    if found.is_empty() {
        return out.print("No drift: everything managed is as telform last saw it.\n");
    }
    let mut classes: Vec<Class> = found.iter().map(|drift| drift.class).collect();
    classes.sort();
    classes.dedup();
    for class in classes {
        let these: Vec<&Drift> = found.iter().filter(|drift| drift.class == class).collect();
        let sign = if class.is_drift() { '!' } else { 'i' };
        out.print(&format!("{sign} {} ({})\n", class.words(), these.len()));
        for drift in these {
            let subject = format!("{} {}", drift.address, drift.attribute.as_deref().unwrap_or_default());
            let at = drift.place.as_deref().map(|place| format!("  {}", escape(place))).unwrap_or_default();
            out.print(&format!("    {}{at}\n", escape(subject.trim_end())));
            if drift.attribute.is_some() && class.is_drift() {
                let (is, wanted) = apart(shown(&drift.live), shown(&drift.wanted));
                out.print(&format!("      is       {}\n      YAML     {}\n", escape(&is), escape(&wanted)));
                if let Some(run) = &drift.run {
                    out.print(&format!("      sent     in run {}, not taken\n", escape(run)));
                }
            }
        }
    }
    if !found.iter().any(|drift| drift.class.is_drift()) {
        return out.print("\nNo drift.\n");
    }
    if !patch.is_empty() {
        out.print(&if args.accept {
            "\nAccepted into the YAML:\n".to_owned()
        } else {
            format!(
                "\nTo accept it, which changes the YAML as shown:\n  {}\n",
                with("telform drift --accept")
            )
        });
        out.print(&clean(patch));
    }
    for why in stuck {
        out.print(&format!("\n{}\n", escape(why)));
    }
    if !args.accept {
        if plan.has_changes() || plan.is_refused() {
            let apply = with("telform apply");
            out.print(&format!("\nTo put back what the YAML says ({}):\n  {apply}\n", plan.summary()));
        }
        let again = plan.not_taken.iter().filter(|untaken| untaken.way != Way::Edit);
        let again: String = again.map(|untaken| format!(" --resend {}", untaken.resend())).collect();
        if !again.is_empty() {
            let apply = with("telform apply");
            out.print(&format!(
                "\nTo send again what the service did not take:\n  {apply}{}\n",
                clean(&again)
            ));
        }
    }
}

fn shown(shown: &Shown) -> String {
    match shown {
        Shown::Absent => "(nothing)".to_owned(),
        Shown::Secret(_) => "(secret)".to_owned(),
        Shown::Value(value) => value.to_string(),
    }
}

/// Texts before and after, by file.
type Texts = BTreeMap<PathBuf, (String, String)>;

/// One replacement in a file.
struct Edit {
    start: usize,
    end: usize,
    text: String,
}

/// The edits that make the YAML say what live says, and what has to be done by hand.
fn edits(desired: &Desired, found: &[&Drift], with: &With<'_>) -> (Texts, Vec<String>) {
    let mut by_file: BTreeMap<PathBuf, Vec<Edit>> = BTreeMap::new();
    let mut texts: BTreeMap<PathBuf, String> = BTreeMap::new();
    let mut stuck = Vec::new();
    for drift in found.iter().filter(|drift| drift.class.is_drift()) {
        let place = (drift.attribute.as_ref())
            .and_then(|name| desired.objects.get(&drift.address)?.places.get(name.as_str()));
        let Some((name, place)) = drift.attribute.as_deref().zip(place) else {
            stuck.push(format!(
                "{} is gone: to accept that, take its entry out of the YAML and run `{}`",
                drift.address,
                with(&format!("telform forget {}", drift.address))
            ));
            continue;
        };
        let path = PathBuf::from(&*place.file);
        if !texts.contains_key(&path) {
            texts.insert(path.clone(), fs::read_to_string(&path).unwrap_or_default());
        }
        match edit(&texts[&path], place, name, &drift.live, desired) {
            Ok(edit) => by_file.entry(path).or_default().push(edit),
            Err(why) => stuck.push(format!("{} {name} has to be accepted by hand: {why}", drift.address)),
        }
    }
    let edited = by_file.into_iter().map(|(path, mut edits)| {
        let before = texts.remove(&path).unwrap_or_default();
        let mut after = before.clone();
        // From the end, so that earlier places stay where they are.
        edits.sort_by_key(|edit| std::cmp::Reverse(edit.start));
        for edit in edits {
            after.replace_range(edit.start..edit.end, &edit.text);
        }
        (path, (before, after))
    });
    (edited.collect(), stuck)
}

/// The edit of one attribute. The value alone is replaced: comments and the order of the file stay.
fn edit(
    text: &str,
    place: &Place,
    name: &str,
    live: &Shown,
    desired: &Desired,
) -> Result<Edit, &'static str> {
    let value = match live {
        Shown::Value(value) => value.clone(),
        Shown::Absent => Value::Null,
        Shown::Secret(_) => {
            return Err("a secret is never written into the YAML; set its source to the new one");
        }
    };
    if hidden::holds_mark(&Packed::from(&value)) {
        return Err(
            "a secret stands in it, and a secret is never written into the YAML; name its source there",
        );
    }
    let value = if name == "numbers" { numbers(&value, desired)? } else { value };
    let (file, _) = yaml::parse(&place.file, text, &|_| Secrecy::No);
    let entry =
        file.documents.iter().find_map(|node| entry_at(node, place, name)).ok_or("its line was not found")?;
    if entry.value.at != entry.value.span {
        return Err("it is written through an alias");
    }
    let (start, end) = (entry.value.span.start(), entry.value.span.end());
    let old = text.get(start..end).ok_or("its line was not found")?;
    let kept = old.trim_end();
    let scalar = entry.value.scalar().is_some();
    if scalar && kept.contains('\n') {
        return Err("it is written over several lines");
    }
    if scalar && kept.is_empty() {
        return Err("it has no value in the file");
    }
    // Where the value was a block of lines, it becomes one again; inside brackets and on one line it stays there.
    let lines = !scalar && !kept.starts_with(['{', '[']);
    if lines {
        let after_key = entry.key_span.end()
            + text[entry.key_span.end()..].find(':').ok_or("its line was not found")?
            + 1;
        let indent = entry.key_span.column() - 1;
        return Ok(Edit { start: after_key, end: start + kept.len(), text: block(&value, indent) });
    }
    Ok(Edit { start, end: start + kept.len(), text: inline(&value) })
}

/// Numbers as the YAML writes them: each with the name of the configuration that serves it.
fn numbers(value: &Value, desired: &Desired) -> Result<Value, &'static str> {
    let mut numbers = serde_json::Map::new();
    for (number, served) in value.as_object().into_iter().flatten() {
        let address = served.as_str().and_then(Address::parse);
        let known = address.filter(|address| desired.objects.contains_key(address));
        let name = known.ok_or("it cannot be told which declared configuration serves each number")?.name;
        let served = if is_e164(number) {
            serde_json::json!({ "provider": name })
        } else {
            serde_json::json!({ "provider": name, "as_shown": true })
        };
        numbers.insert(number.clone(), served);
    }
    Ok(Value::Object(numbers))
}

fn entry_at<'a>(node: &'a yaml::Node, place: &Place, name: &str) -> Option<&'a yaml::Entry> {
    let entries = node.map()?;
    entries.iter().find_map(|entry| {
        let here =
            (entry.key_span.line(), entry.key_span.column()) == (place.line as usize, place.column as usize);
        if here && &*entry.key == name { Some(entry) } else { entry_at(&entry.value, place, name) }
    })
}

/// The edited files say what live says, and nothing else changed in them; otherwise nothing is proposed.
fn prove(
    out: &Out,
    session: &Session,
    inputs: &Inputs<'_>,
    texts: &Texts,
    found: &[Drift],
) -> Result<Texts, Failure> {
    if texts.is_empty() {
        return Ok(Texts::new());
    }
    let edits = Edits(texts.iter().map(|(path, (_, after))| (path.clone(), Some(after.clone()))).collect());
    let mut edited = desired::load_edited(&out.global.files, &edits)?.desired;
    secrets::conceal(&mut edited, &session.desired, &session.key);
    let accepted: BTreeSet<(&Address, &str)> =
        found.iter().filter_map(|drift| Some((&drift.address, drift.attribute.as_deref()?))).collect();
    for (address, object) in &session.desired.objects {
        let other = edited.objects.get(address);
        for (name, wanted) in &object.attributes {
            let same = match (wanted, other.and_then(|other| other.attributes.get(name))) {
                (Wanted::Value(a), Some(Wanted::Value(b))) => a == b,
                (Wanted::Secret(a), Some(Wanted::Secret(b))) => a.source == b.source,
                _ => false,
            };
            if !same && !accepted.contains(&(address, *name)) {
                return Err(unproven(&format!("{address} {name} would change too")));
            }
        }
    }
    let plan = Plan::new(&Inputs { desired: &edited, ..*inputs });
    let left = plan.changes.iter().find_map(|change| {
        change.attributes.iter().find(|attribute| {
            texts_hold(texts, &session.desired, &change.address, &attribute.name)
                && accepted.contains(&(&change.address, attribute.name.as_str()))
                && !matches!(attribute.after, Shown::Secret(_))
        })
    });
    match left {
        Some(attribute) => Err(unproven(&format!("{} would still differ", attribute.name))),
        None => Ok(texts.clone()),
    }
}

/// Whether the line of an attribute is in one of the edited files and was changed there.
fn texts_hold(texts: &Texts, desired: &Desired, address: &Address, name: &str) -> bool {
    let place = desired.objects.get(address).and_then(|object| object.places.get(name));
    place.and_then(|place| texts.get(&PathBuf::from(&*place.file)).map(|text| (place, text))).is_some_and(
        |(place, (before, after))| {
            before.lines().nth(place.line as usize - 1) != after.lines().nth(place.line as usize - 1)
        },
    )
}

fn unproven(why: &str) -> Failure {
    Failure::other(
        "telform::drift::unproven",
        format!("the YAML cannot be edited safely: {why}; nothing was written"),
        "edit it by hand; `telform plan` shows what differs",
    )
}

fn patch(texts: &Texts) -> String {
    texts
        .iter()
        .map(|(path, (before, after))| {
            let name = path.display().to_string();
            TextDiff::from_lines(before.as_str(), after.as_str())
                .unified_diff()
                .context_radius(2)
                .header(&name, &name)
                .to_string()
        })
        .collect()
}
