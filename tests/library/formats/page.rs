//! A strict reader of HTML: anything unknown is an error, so that a test sees every tag and attribute.

/// A tag with its attributes.
#[derive(Debug)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
}

/// The content of a page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) tags: Vec<Tag>,
    /// Texts, each with whether it is in `<code>` or `<pre>`.
    pub(crate) texts: Vec<(bool, String)>,
}

const EMPTY: [&str; 4] = ["meta", "input", "br", "wbr"];

/// Reads a page, or returns what it could not accept.
pub(crate) fn read(html: &str) -> Page {
    let mut page = Page::default();
    let mut open: Vec<String> = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        text(&mut page, &open, &rest[..start]);
        rest = &rest[start..];
        if let Some(after) = rest.strip_prefix("<!--") {
            rest = after.split_once("-->").expect("a comment ends").1;
            continue;
        }
        if let Some(after) = rest.strip_prefix("<!doctype html>") {
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix("</") {
            let (name, after) = after.split_once('>').expect("a tag ends");
            assert_eq!(open.pop().as_deref(), Some(name), "tags are closed in order");
            rest = after;
            continue;
        }
        rest = tag(&mut page, &mut open, &rest[1..]);
        if let Some(name @ ("script" | "style")) = open.last().map(String::as_str) {
            rest = &rest[rest.find(&format!("</{name}>")).expect("it ends")..];
        }
    }
    text(&mut page, &open, rest);
    assert!(open.is_empty(), "{open:?} stay open");
    page
}

fn text(page: &mut Page, open: &[String], text: &str) {
    if text.trim().is_empty() {
        return;
    }
    assert!(!text.contains('>'), "a bare > in {text:?}");
    page.texts.push((open.iter().any(|tag| tag == "code" || tag == "pre"), text.to_owned()));
}

fn tag<'a>(page: &mut Page, open: &mut Vec<String>, text: &'a str) -> &'a str {
    let length = text.find(|c: char| !c.is_ascii_alphanumeric()).expect("a tag ends");
    assert!(length > 0, "a tag without a name: {:?}", text.get(..40));
    let name = text[..length].to_owned();
    let mut rest = &text[length..];
    let mut attributes = Vec::new();
    let closed = loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("/>") {
            rest = after;
            break true;
        }
        if let Some(after) = rest.strip_prefix('>') {
            rest = after;
            break false;
        }
        let length = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .filter(|length| *length > 0)
            .unwrap_or_else(|| panic!("what is this in <{name}>: {:?}", rest.get(..40)));
        let key = rest[..length].to_owned();
        rest = &rest[length..];
        let value = match rest.strip_prefix("=\"") {
            None => String::new(),
            Some(after) => {
                let (value, after) = after.split_once('"').expect("a value ends");
                assert!(!value.contains('<'), "a bare < in {key}");
                rest = after;
                value.to_owned()
            }
        };
        attributes.push((key, value));
    };
    if !closed && !EMPTY.contains(&name.as_str()) {
        open.push(name.clone());
    }
    page.tags.push(Tag { name, attributes });
    rest
}

#[test]
fn the_reader_sees_what_an_attacker_adds() {
    let page = read("<p><b title=\"x\" onclick=\"y()\">a</b><br></p>");
    let names: Vec<&str> = page.tags.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!(names, ["p", "b", "br"]);
    assert_eq!(page.tags[1].attributes[1].0, "onclick");
    for broken in ["<p>", "<p></b>", "a > b", "<p title=x></p>", "< p>"] {
        assert!(std::panic::catch_unwind(|| read(broken)).is_err(), "{broken}");
    }
}
