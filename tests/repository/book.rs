//! The pages are a book without dead ends: each is in the table of contents, each link leads to an existing page and heading,
//! and each code that a page names exists. `mdbook build docs` makes the book; nothing here needs it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use comrak::nodes::{AstNode, NodeValue};
use comrak::{Arena, Options, parse_document};

fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The parts of a page that other pages rely on.
struct Page {
    /// Targets of links and pictures, as written.
    links: Vec<String>,
    /// Headings, as the end of an address.
    anchors: BTreeSet<String>,
    /// Texts in backticks.
    code: Vec<String>,
}

fn page(path: &str) -> Page {
    let text = fs::read_to_string(top().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let arena = Arena::new();
    let mut options = Options::default();
    options.extension.table = true;
    let mut page = Page { links: Vec::new(), anchors: BTreeSet::new(), code: Vec::new() };
    for node in parse_document(&arena, &text, &options).descendants() {
        match &node.data.borrow().value {
            NodeValue::Link(link) | NodeValue::Image(link) => page.links.push(link.url.clone()),
            NodeValue::Heading(_) => {
                let anchor = anchor(&said(node));
                // mdBook numbers duplicate headings; a link would be ambiguous.
                assert!(page.anchors.insert(anchor.clone()), "{path} has two headings {anchor}");
            }
            NodeValue::Code(code) => page.code.push(code.literal.clone()),
            _ => {}
        }
    }
    page
}

fn said<'a>(node: &'a AstNode<'a>) -> String {
    let parts = node.descendants().map(|part| match &part.data.borrow().value {
        NodeValue::Text(text) => text.to_string(),
        NodeValue::Code(code) => code.literal.clone(),
        _ => String::new(),
    });
    parts.collect()
}

/// As mdBook and the forges write it.
fn anchor(heading: &str) -> String {
    let small = heading.trim().to_lowercase();
    let kept = small.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

/// All pages below `docs/`, by their path from the top.
fn docs() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![top().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.insert(path.strip_prefix(top()).unwrap().to_string_lossy().replace('\\', "/"));
            }
        }
    }
    assert!(found.len() > 20, "{found:?}");
    found
}

/// `docs/guides/ci.md` and `../release.md` give `docs/release.md`; nothing when it leads out of the repository.
fn from(page: &str, link: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in Path::new(page).parent().unwrap().join(link).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::ParentDir => {
                parts.pop()?;
            }
            _ => {}
        }
    }
    Some(parts.join("/"))
}

#[test]
fn every_page_is_in_the_table_of_contents_once() {
    let contents = page("docs/SUMMARY.md").links;
    let listed: BTreeSet<String> = contents.iter().map(|link| format!("docs/{link}")).collect();
    assert_eq!(listed.len(), contents.len(), "a page is listed twice");
    let mut pages = docs();
    pages.remove("docs/SUMMARY.md");
    assert_eq!(listed, pages, "docs/SUMMARY.md (left) and docs/ (right) hold different pages");
    let index: BTreeSet<String> = page("docs/index.md").links.iter().filter_map(|link| from("docs/index.md", link)).collect();
    for page in &pages {
        let below = page.starts_with("docs/reference/") && page != "docs/reference/README.md";
        assert!(below || page == "docs/index.md" || index.contains(page), "docs/index.md does not lead to {page}");
    }
}

/// `unpod.md 6.2` in the source, in a test or on a page is a section of `docs/services/unpod.md`, and `unpod.md U4` one of its rows.
#[test]
fn every_fact_that_is_cited_is_there() {
    let names = ["carrierx", "telnyx", "unpod"];
    let sheets: Vec<(String, String)> = names
        .map(|name| (format!("{name}.md "), fs::read_to_string(top().join(format!("docs/services/{name}.md"))).unwrap()))
        .into();
    let (mut files, mut seen, mut wrong) = (Vec::new(), 0, Vec::new());
    for folder in ["src", "tests", "benches", "docs", "examples"] {
        files_below(&top().join(folder), &mut files);
    }
    for path in files.iter().filter(|path| path.extension().is_some_and(|it| it == "rs" || it == "md" || it == "yaml")) {
        // Samples of odd bytes are not text.
        let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        for (name, sheet) in &sheets {
            for (at, _) in text.match_indices(name.as_str()) {
                let cited: String = text[at + name.len()..]
                    .chars()
                    .take_while(|letter| letter.is_ascii_digit() || *letter == '.' || *letter == 'U')
                    .collect();
                let cited = cited.trim_end_matches('.');
                if cited.is_empty() {
                    continue;
                }
                seen += 1;
                let heading = [format!("## {cited}. "), format!("### {cited} ")];
                let there = heading.iter().any(|heading| sheet.lines().any(|line| line.starts_with(heading)))
                    || (cited.starts_with('U') && sheet.contains(&format!("| {cited} |")));
                if !there {
                    wrong.push(format!("{}: {name}{cited}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 300, "{seen} citations were looked at");
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_below(&path, files) } else { files.push(path) }
    }
}

#[test]
fn every_link_leads_somewhere() {
    let mut pages = docs();
    for name in ["README", "CONTRIBUTING", "SECURITY", "CHANGELOG", "tests/FAULTS", "tests/MEASURES"] {
        pages.insert(format!("{name}.md"));
    }
    let read: BTreeMap<String, Page> = pages.into_iter().map(|path| (path.clone(), page(&path))).collect();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (path, page) in &read {
        for link in page.links.iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            seen += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { Some(path.clone()) } else { from(path, file) };
            let Some(target) = target.filter(|target| top().join(target).is_file()) else {
                wrong.push(format!("{path}: {link} is not there"));
                continue;
            };
            // The book has only these pages.
            if path.starts_with("docs/") && !target.starts_with("docs/") {
                wrong.push(format!("{path}: {link} leads out of the book; name the file in backticks"));
            }
            let there = || match read.get(&target) {
                Some(page) => page.anchors.contains(anchor),
                None => false,
            };
            if !anchor.is_empty() && !there() {
                wrong.push(format!("{path}: {target} has no heading {anchor}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 60, "{seen} links were looked at");
}

#[test]
fn every_code_that_a_page_names_is_known() {
    let known: BTreeSet<&str> = telform::model::codes::all_codes().map(|code| code.code).collect();
    let mut seen = 0;
    for path in docs() {
        for code in page(&path).code {
            let named = ["telform::", "guard::", "refusal::", "notice::"].iter().any(|start| code.starts_with(start));
            if named && !code.contains(['*', '…']) {
                seen += 1;
                assert!(known.contains(code.as_str()), "{path} names {code}, which telform never says");
            }
        }
    }
    assert!(seen > 100, "{seen} codes were looked at");
}
