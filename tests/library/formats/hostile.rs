//! Texts that someone put into a service to attack the reader: no format lets them act.

use std::collections::BTreeSet;

use serde_json::Value;
use telform::document::{self, Origin};
use telform::output::view::json::to_pretty_json;
use telform::output::view::{html, markdown, slack, terraform, text};
use telform::plan::Plan;

use super::{annotations, code_quality, junit, message, sarif};

use crate::formats::{made, page};
use crate::runners;

/// The attacks, each in every position where text can come from outside.
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

/// Each change by itself, and alike ones as one.
const MAKERS: [fn(&str) -> Plan; 2] = [made::hostile, made::hostile_alike];

fn drawn(plan: &Plan) -> [(&'static str, String); 11] {
    let detail = text::TextDetail { verbose: true, columns: usize::MAX };
    let folded = text::TextDetail { verbose: false, columns: 80 };
    [
        ("text, folded", anstream::adapter::strip_str(&text::plan_as_text(plan, folded)).to_string()),
        ("text", anstream::adapter::strip_str(&text::plan_as_text(plan, detail)).to_string()),
        ("json", to_pretty_json(&document::from_plan(plan, Origin::default()))),
        ("markdown", markdown::plan_as_markdown(plan)),
        ("html", html::plan_as_html(plan)),
        ("terraform-json", terraform::plan_as_terraform_json(plan, None)),
        ("github", annotations(plan)),
        ("gitlab", code_quality(plan)),
        ("sarif", sarif(plan)),
        ("junit", junit(plan)),
        ("slack", message(plan)),
    ]
}

#[test]
fn no_format_steers_a_terminal() {
    for (evil, made) in EVIL.into_iter().flat_map(|evil| [(evil, MAKERS[0]), (evil, MAKERS[1])]) {
        for (format, text) in drawn(&made(evil)) {
            assert!(text.contains("evil") || text.contains("live"), "{format} does not even show {evil:?}");
            let bad = text.chars().find(|c| *c != '\n' && telform::text::is_hostile_char(*c));
            assert_eq!(bad, None, "{format} with {evil:?}");
        }
    }
}

/// Texts that steer terminals, runners, reviewers and sheets, one of each class.
fn cases() -> Vec<String> {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../../cases/hostile-text.json")).expect("a list of cases");
    let texts = cases.iter().map(|case| case["text"].as_str().expect("a text").to_owned());
    texts.chain(EVIL.map(str::to_owned)).collect()
}

#[test]
fn no_text_becomes_a_command_of_a_runner() {
    for evil in cases() {
        for (format, text) in drawn(&made::hostile(&evil)) {
            // This format consists of commands: as many as for any other text, each on its own line.
            let expected = match format {
                "github" => runners::commands(&annotations(&made::hostile("harmless"))).len(),
                _ => 0,
            };
            let found = runners::commands(&text);
            assert_eq!(found.len(), expected, "{format} with {evil:?}: {found:?}");
            let bad = text.chars().find(|c| *c != '\n' && telform::text::is_hostile_char(*c));
            assert_eq!(bad, None, "{format} with {evil:?}");
        }
    }
}

/// Characters that Unicode lets a screen leave out, bidirectional controls, and non-ASCII blanks. Source: Unicode 17.0,
/// `DerivedCoreProperties.txt` (Default_Ignorable_Code_Point) and `PropList.txt` (Bidi_Control, Variation_Selector, White_Space).
const UNSEEN: [std::ops::RangeInclusive<u32>; 30] = [
    0x85..=0x85,
    0xA0..=0xA0,
    0xAD..=0xAD,
    0x34F..=0x34F,
    0x61C..=0x61C,
    0x115F..=0x1160,
    0x1680..=0x1680,
    0x17B4..=0x17B5,
    0x180B..=0x180F,
    0x2000..=0x200F,
    0x2028..=0x2029,
    0x202A..=0x202E,
    0x202F..=0x202F,
    0x205F..=0x205F,
    0x2060..=0x206F,
    0x2800..=0x2800,
    0x3000..=0x3000,
    0x3164..=0x3164,
    0xFE00..=0xFE0F,
    0xFEFF..=0xFEFF,
    0xFFA0..=0xFFA0,
    0xFFF0..=0xFFF8,
    0x1BCA0..=0x1BCA3,
    0x1D159..=0x1D159,
    0x1D173..=0x1D17A,
    0xE0000..=0xE0FFF,
    0xFFF9..=0xFFFB,
    0x13430..=0x13442,
    0x16FE4..=0x16FE4,
    0x80..=0x9F,
];

#[test]
fn no_format_shows_what_nobody_sees() {
    let unseen: Vec<char> = UNSEEN.iter().cloned().flatten().filter_map(char::from_u32).collect();
    assert!(unseen.len() > 4_200 && unseen.iter().all(|char| telform::text::is_hostile_char(*char)));
    // In pieces that no format cuts.
    for piece in unseen.chunks(40).step_by(15).chain(unseen.chunks(40).take(6)) {
        let evil: String = piece.iter().collect();
        for (format, text) in drawn(&made::hostile(&format!("evil{evil}"))) {
            let found = text.chars().find(|char| *char != '\n' && telform::text::is_hostile_char(*char));
            assert_eq!(found, None, "{format}");
        }
    }
}

#[test]
fn every_format_names_a_host_that_is_not_the_services_own() {
    let mut plan = made::hostile("harmless");
    plan.accounts.truncate(1);
    plan.accounts[0].api = "unpod".to_owned();
    plan.accounts[0].base_url = "https://xn--80ak6aa92e.example/api".to_owned();
    for (format, text) in drawn(&plan) {
        assert!(text.contains("xn--80ak6aa92e.example"), "{format}: {text}");
        assert!(
            ["json", "terraform"].iter().any(|it| format.contains(it)) || text.contains("own host unpod.ai"),
            "{format}: {text}"
        );
    }
    for own in ["https://unpod.ai/x", "http://127.0.0.1:1/", "http://[::1]:1/", "(sandbox)"] {
        plan.accounts[0].base_url = own.to_owned();
        for (format, text) in drawn(&plan) {
            assert!(!text.contains("own host"), "{format}: {own}");
        }
    }
}

#[test]
fn the_page_holds_no_tag_and_no_attribute_of_anybody_else() {
    let shape = |html: &str| -> BTreeSet<(String, Vec<String>)> {
        let names = |tag: &page::Tag| tag.attributes.iter().map(|(name, _)| name.clone()).collect();
        page::read(html).tags.iter().map(|tag| (tag.name.clone(), names(tag))).collect()
    };
    for (evil, made) in EVIL.into_iter().flat_map(|evil| [(evil, MAKERS[0]), (evil, MAKERS[1])]) {
        let harmless = shape(&html::plan_as_html(&made("harmless")));
        let html = html::plan_as_html(&made(evil));
        let extra: Vec<_> = shape(&html).difference(&harmless).cloned().collect();
        assert!(extra.is_empty(), "{evil:?} adds {extra:?}");
        for tag in page::read(&html).tags {
            for (name, value) in &tag.attributes {
                assert!(name != "href" || value.starts_with('#'), "{evil:?} leads to {value}");
                assert!(!["src", "style", "srcset", "action"].contains(&name.as_str()), "<{} {name}>", tag.name);
            }
        }
    }
}

/// GitHub's own way of reading Markdown, as far as a program outside it has it; its links, mentions and issue numbers are not
/// read inside `<code>`.
pub(crate) fn rendered(markdown: &str) -> page::Page {
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
    for (evil, made) in EVIL.into_iter().flat_map(|evil| [(evil, MAKERS[0]), (evil, MAKERS[1])]) {
        let page = rendered(&markdown::plan_as_markdown(&made(evil)));
        for tag in &page.tags {
            let known = ["h2", "h3", "p", "strong", "ul", "li", "code", "pre", "details", "summary", "br", "blockquote"];
            let table = ["table", "thead", "tbody", "tr", "th", "td"];
            let known: Vec<&str> = known.into_iter().chain(table).collect();
            assert!(known.contains(&tag.name.as_str()), "{evil:?} makes <{}>", tag.name);
            let known = tag.attributes.iter().all(|(name, value)| name == "class" && value.starts_with("language-"));
            assert!(known, "{evil:?} makes <{} {:?}>", tag.name, tag.attributes);
        }
        for (code, text) in &page.texts {
            assert!(*code || !(text.contains("evil") || text.contains('@')), "{evil:?} outside of code: {text:?}");
        }
    }
    // The reader above would see it.
    let page = rendered("evil https://evil.example [a](b) | x\n");
    assert!(page.tags.iter().any(|tag| tag.name == "a") && page.texts.iter().any(|(code, _)| !code));
}

#[test]
fn every_line_for_github_is_a_command_of_ours() {
    for (evil, made) in EVIL.into_iter().flat_map(|evil| [(evil, MAKERS[0]), (evil, MAKERS[1])]) {
        let text = annotations(&made(evil));
        for line in text.lines() {
            let command = line.strip_prefix("::").and_then(|rest| rest.split_once(' ')).expect("a command").0;
            assert!(["error", "warning", "notice"].contains(&command), "{line}");
            let (properties, _) = line[2..].split_once("::").expect("a message");
            let names: Vec<&str> =
                properties.split(',').filter_map(|part| part.split('=').next()?.split(' ').next_back()).collect();
            assert!(names.iter().all(|name| ["file", "line", "col", "title"].contains(name)), "{line}");
        }
    }
}

#[test]
fn a_message_holds_live_text_as_code_only() {
    for (evil, made) in EVIL.into_iter().flat_map(|evil| [(evil, MAKERS[0]), (evil, MAKERS[1])]) {
        for line in message(&made(evil)).lines() {
            let outside: String = line.split('`').step_by(2).collect();
            assert_eq!(line.matches('`').count() % 2, 0, "{line}");
            assert!(!outside.contains("evil") && !outside.contains('@'), "{evil:?}: {outside}");
            assert!(!line.contains(['<', '>']), "{line}");
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
    // In every type of position once; in all positions the plan would be hundreds of megabytes.
    for attribute in plan.changes[0].attributes.iter_mut().take(2) {
        attribute.after = telform::plan::ShownValue::Value(evil.as_str().into());
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
            "slack" => slack::LONGEST,
            "html" => 2_000_000,
            // Eight of the places above are shown, each whole.
            "text" | "github" | "gitlab" => 8_100_000,
            _ => usize::MAX,
        };
        assert!(text.len() <= most, "{format}: {} bytes", text.len());
    }
    let comment = markdown::plan_as_markdown(&plan);
    rendered(&comment);
    for part in ["### Phone numbers", "### REFUSED (2)", "### Every change, riskiest first (10)", "Digest"] {
        assert!(comment.contains(part), "{part}");
    }
}
