//! Texts that somebody put into a service to do something to the reader: no format lets them.

use std::collections::BTreeSet;

use serde_json::Value;
use telform::document::{self, Origin};
use telform::plan::Plan;
use telform::view::json::pretty;
use telform::view::{github, gitlab, html, markdown, terraform, text};

use crate::{made, page};

/// What is tried, each in every place where text can come from outside.
pub(crate) const EVIL: [&str; 14] = [
    "</script><script>document.title='owned'</script>evil",
    "\"><img src=x onerror=\"document.title='owned'\">evil",
    "'/><svg onload=document.title='owned'>evil",
    "</title></style></textarea></details><h1>evil",
    "javascript:document.title='owned'//evil",
    "\u{1b}[31m\u{1b}]0;owned\u{7}\u{9b}2Jevil\r",
    "\u{202e}live\u{2066}\u{200b}\u{feff}evil",
    "| evil | a \\| b |\n|---|---|\n| x | y |",
    "`` evil ` ``` ~~~",
    "\n\n# evil\n\n- [x] evil\n> evil\n\n    evil\n```\nevil",
    "[evil](https://evil.example) ![evil](https://evil.example/x.png) <https://evil.example>",
    "@evil @evil/team evil#123 https://evil.example www.evil.example evil@evil.example",
    "evil\n::error file=x::evil\n##[add-mask]evil\n/close\n%0A::stop-commands::evil",
    "&lt;script&gt;evil&amp;#x3c;/script&amp;gt;",
];

fn drawn(plan: &Plan) -> [(&'static str, String); 7] {
    let detail = text::Detail { verbose: true, columns: usize::MAX };
    [
        ("text", anstream::adapter::strip_str(&text::plan(plan, detail)).to_string()),
        ("json", pretty(&document::of(plan, Origin::default()))),
        ("markdown", markdown::plan(plan)),
        ("html", html::plan(plan)),
        ("terraform-json", terraform::plan(plan)),
        ("github", github::plan(plan)),
        ("gitlab", gitlab::plan(plan)),
    ]
}

#[test]
fn no_format_steers_a_terminal() {
    for evil in EVIL {
        for (format, text) in drawn(&made::hostile(evil)) {
            assert!(text.contains("evil") || text.contains("live"), "{format} does not even show {evil:?}");
            let bad = text.chars().find(|c| *c != '\n' && telform::text::hostile(*c));
            assert_eq!(bad, None, "{format} with {evil:?}");
        }
    }
}

/// Texts that steer terminals, runners, reviewers and sheets, one of each class.
fn cases() -> Vec<String> {
    let cases: Vec<Value> =
        serde_json::from_str(include_str!("../cases/hostile-text.json")).expect("a list of cases");
    let texts = cases.iter().map(|case| case["text"].as_str().expect("a text").to_owned());
    texts.chain(EVIL.map(str::to_owned)).collect()
}

/// The commands that a runner finds in a log: newer ones where a line begins, after blanks; older ones, and those of other
/// makers, anywhere in a line.
fn commands(log: &str) -> Vec<&str> {
    let older = |line: &str| {
        let line = line.to_lowercase();
        ["##[", "##vso[", "##teamcity["].iter().any(|mark| line.contains(mark))
    };
    // Some readers take these for the end of a line, too.
    let lines = log.split(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']);
    lines.filter(|line| line.trim_start().starts_with("::") || older(line)).collect()
}

#[test]
fn no_text_becomes_a_command_of_a_runner() {
    for evil in cases() {
        for (format, text) in drawn(&made::hostile(&evil)) {
            // Commands are what this format is made of: as many as for any other text, each a line of its own.
            let expected = match format {
                "github" => commands(&github::plan(&made::hostile("harmless"))).len(),
                _ => 0,
            };
            let found = commands(&text);
            assert_eq!(found.len(), expected, "{format} with {evil:?}: {found:?}");
            let bad = text.chars().find(|c| *c != '\n' && telform::text::hostile(*c));
            assert_eq!(bad, None, "{format} with {evil:?}");
        }
    }
}

#[test]
fn the_page_holds_no_tag_and_no_attribute_of_anybody_else() {
    let shape = |html: &str| -> BTreeSet<(String, Vec<String>)> {
        let names = |tag: &page::Tag| tag.attributes.iter().map(|(name, _)| name.clone()).collect();
        page::read(html).tags.iter().map(|tag| (tag.name.clone(), names(tag))).collect()
    };
    let harmless = shape(&html::plan(&made::hostile("harmless")));
    for evil in EVIL {
        let html = html::plan(&made::hostile(evil));
        let extra: Vec<_> = shape(&html).difference(&harmless).cloned().collect();
        assert!(extra.is_empty(), "{evil:?} adds {extra:?}");
        for tag in page::read(&html).tags {
            for (name, value) in &tag.attributes {
                assert!(name != "href" || value.starts_with('#'), "{evil:?} leads to {value}");
                assert!(
                    !["src", "style", "srcset", "action"].contains(&name.as_str()),
                    "<{} {name}>",
                    tag.name
                );
            }
        }
    }
}

/// GitHub's own way of reading Markdown, as far as a program outside it has it; its links, mentions and issue numbers are not
/// read inside `<code>`.
fn rendered(markdown: &str) -> page::Page {
    let mut options = comrak::Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.render.r#unsafe = true;
    page::read(&comrak::markdown_to_html(markdown, &options))
}

#[test]
fn the_comment_holds_live_text_as_code_only() {
    for evil in EVIL {
        let page = rendered(&markdown::plan(&made::hostile(evil)));
        for tag in &page.tags {
            let known = ["h2", "h3", "p", "strong", "ul", "li", "code", "pre", "details", "summary", "br"];
            assert!(known.contains(&tag.name.as_str()), "{evil:?} makes <{}>", tag.name);
            let known =
                tag.attributes.iter().all(|(name, value)| name == "class" && value.starts_with("language-"));
            assert!(known, "{evil:?} makes <{} {:?}>", tag.name, tag.attributes);
        }
        for (code, text) in &page.texts {
            assert!(
                *code || !(text.contains("evil") || text.contains('@')),
                "{evil:?} outside of code: {text:?}"
            );
        }
    }
    // The reader above would see it.
    let page = rendered("evil https://evil.example [a](b) | x\n");
    assert!(page.tags.iter().any(|tag| tag.name == "a") && page.texts.iter().any(|(code, _)| !code));
}

#[test]
fn every_line_for_github_is_a_command_of_ours() {
    for evil in EVIL {
        let text = github::plan(&made::hostile(evil));
        for line in text.lines() {
            let command = line.strip_prefix("::").and_then(|rest| rest.split_once(' ')).expect("a command").0;
            assert!(["error", "warning", "notice"].contains(&command), "{line}");
            let (properties, _) = line[2..].split_once("::").expect("a message");
            let names: Vec<&str> = properties
                .split(',')
                .filter_map(|part| part.split('=').next()?.split(' ').next_back())
                .collect();
            assert!(names.iter().all(|name| ["file", "line", "col", "title"].contains(name)), "{line}");
        }
    }
}

#[test]
fn programs_get_json_that_holds_the_text() {
    for evil in EVIL {
        for (format, text) in drawn(&made::hostile(evil)) {
            if ["json", "terraform-json", "gitlab"].contains(&format) {
                let value: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{format}: {e}"));
                if format == "terraform-json" {
                    assert!(
                        value["resource_changes"][0]["change"]["before"].to_string().contains("evil")
                            || value["resource_changes"][0]["change"]["after"].to_string().contains("evil")
                            || evil.contains("live")
                    );
                }
            }
        }
    }
}

#[test]
fn a_megabyte_in_every_place_fits_where_it_must() {
    let evil = format!("{}{}", EVIL.concat(), "x".repeat(1_000_000));
    let mut plan = made::hostile("evil");
    // In every sort of place once; in all places it would be hundreds of megabytes of plan.
    for attribute in plan.changes[0].attributes.iter_mut().take(2) {
        attribute.after = telform::plan::Shown::Value(Value::from(evil.clone()));
    }
    plan.changes[8].reason = Some(evil.clone());
    plan.changes[8].id = Some(evil.clone());
    plan.refusals[0].detail = evil.clone();
    plan.impact[0].number = evil.clone();
    plan.notices[0].detail = Some(evil.clone());
    plan.unmanaged[0].account = evil.clone();
    plan.accounts[0].name = evil;
    for (format, text) in drawn(&plan) {
        let most = match format {
            "markdown" => markdown::LONGEST,
            "html" => 2_000_000,
            // Eight of the places above are shown, each whole.
            "text" | "github" | "gitlab" => 8_100_000,
            _ => usize::MAX,
        };
        assert!(text.len() <= most, "{format}: {} bytes", text.len());
    }
    let comment = markdown::plan(&plan);
    rendered(&comment);
    for part in ["### Phone numbers", "### REFUSED (2)", "### Every change, riskiest first (10)", "Digest"] {
        assert!(comment.contains(part), "{part}");
    }
}
