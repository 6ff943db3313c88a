//! `telform init`: a commented telform.yaml, .gitignore lines, the editor schema line. Nothing is ever overwritten.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::args::InitArgs;
use super::exit::{Exit, Failure};
use super::out::Out;
use crate::output::Initialized;
use crate::schema;

/// A configuration to fill in.
const TEMPLATE: &str = include_str!("init.yaml");
/// The quickstart and its world; the same files as in `examples/quickstart`.
const QUICKSTART: &str = include_str!("../../examples/quickstart/telform.yaml");
const WORLD: &str = include_str!("../../examples/quickstart/world.yaml");

/// What must stay out of version control: keys and locks, and what the sandbox keeps.
const IGNORED: &[&str] = &[
    ".telform/*.key",
    ".telform/*.lock",
    "*.state.yaml",
    "*.ledger.json",
    "*.ledger.key",
    "*.ledger.lock",
    "*.ledger.journal",
];

pub(super) fn run(out: &Out, args: &InitArgs) -> Result<Exit, Failure> {
    let schema =
        serde_json::to_string_pretty(&schema::of(None).unwrap_or_default()).unwrap_or_default() + "\n";
    let text = if args.quickstart { quickstart() } else { TEMPLATE.to_owned() };
    let mut files = vec![("telform.yaml", text), (".telform/telform.schema.json", schema)];
    if args.quickstart {
        files.push(("world.yaml", WORLD.to_owned()));
    }
    // Looked at before anything is written, so that nothing is half done.
    if let Some((name, _)) = files.iter().find(|(name, _)| !name.starts_with('.') && Path::new(name).exists())
    {
        return Err(Failure::other(
            "telform::init::exists",
            format!("{name} exists already; nothing was written"),
            "run it in an empty folder, or move the file away",
        ));
    }
    fs::create_dir_all(".telform").map_err(failed)?;
    let mut written = Vec::new();
    for (name, text) in files {
        fs::write(name, text).map_err(failed)?;
        written.push(name.to_owned());
    }
    if ignore()? {
        written.push(".gitignore".to_owned());
    }
    if out.global.json {
        out.document(&Initialized { files: written });
        return Ok(Exit::Done);
    }
    if out.global.quiet {
        out.print(&format!("wrote {} files\n", written.len()));
        return Ok(Exit::Done);
    }
    for name in &written {
        out.print(&if name == ".gitignore" {
            "added lines to .gitignore\n".to_owned()
        } else {
            format!("wrote {name}\n")
        });
    }
    out.print(if args.quickstart {
        "\nNext: telform apply --sandbox world.yaml\nIt plans, shows the plan, asks, and carries it out against the embedded simulator.\n"
    } else {
        "\nNext: set the tokens that telform.yaml names, then\n  telform validate    checks the file, offline\n  telform plan        shows what would change, sends nothing but GET\n  telform apply       asks, and carries it out\n"
    });
    Ok(Exit::Done)
}

/// The quickstart as it stands in a folder of its own.
fn quickstart() -> String {
    QUICKSTART
        .replace("../../schemas/telform.schema.json", ".telform/telform.schema.json")
        .replace("examples/quickstart/", "")
}

/// Says whether lines were missing.
fn ignore() -> Result<bool, Failure> {
    let known = fs::read_to_string(".gitignore").unwrap_or_default();
    let missing: Vec<&str> =
        IGNORED.iter().copied().filter(|line| !known.lines().any(|known| known.trim() == *line)).collect();
    if missing.is_empty() {
        return Ok(false);
    }
    let mut file = fs::OpenOptions::new().create(true).append(true).open(".gitignore").map_err(failed)?;
    let gap = if known.is_empty() || known.ends_with('\n') { "" } else { "\n" };
    writeln!(file, "{gap}{}", missing.join("\n")).map_err(failed)?;
    Ok(true)
}

fn failed(error: std::io::Error) -> Failure {
    Failure::other("telform::init::io", error.to_string(), "check that you may write in this folder")
}
