//! `telform docs`: the parts of a kind, and the meaning of a code.

use crate::bench::Story;

#[test]
fn a_kind_is_a_table_that_fits_the_terminal() {
    let story = Story::new("{}");
    shot!("docs_providers", story.expect(0, "docs providers"));
    let page = story.expect(0, "docs partners --format markdown").stdout;
    let kept = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/partners.md");
    assert_eq!(page, std::fs::read_to_string(kept).unwrap());
    let rows = story.expect(0, "docs partners --json").json();
    let login = &rows["shapes"][0]["attributes"][0];
    assert_eq!((login["name"].as_str(), login["access"].as_str()), (Some("login"), Some("create-only")));
    assert_eq!(story.take_log(), [""; 0], "nobody is asked");
}

#[test]
fn a_code_says_what_it_means_and_the_way_out() {
    let story = Story::new("{}");
    shot!("docs_code", story.expect(0, "docs guard::max_deletes"));
    shot!("docs_typo", story.expect(1, "docs parners"));
    story.expect(1, "docs telform::live::incompleet").says("did you mean telform::live::incomplete");
    let all = story.expect(0, "docs errors --json").json();
    // The codes in the output of a run can be looked up.
    story.file("telform.yaml", "version: 1\nacounts: {}\n");
    let problems = story.expect(1, "validate --json").json();
    let code = problems["problems"][0]["code"].as_str().unwrap().to_owned();
    assert_eq!(code, "telform::yaml::unknown_key");
    assert!(all["codes"].as_array().unwrap().iter().any(|known| known["code"] == code.as_str()));
    story.expect(0, &format!("docs {code}")).says("suggests the nearest");
}

#[test]
fn without_a_topic_it_is_an_index() {
    let story = Story::new("{}");
    let index = story.expect(0, "docs");
    shot!("docs_index", index);
    let markdown = story.expect(0, "docs -o markdown --out index.md");
    assert_eq!(markdown.stdout, "");
    assert!(story.read("index.md").contains("`guard::max_deletes`"));
    let pages = story.expect(0, "docs --json").json();
    for page in pages["pages"].as_array().unwrap() {
        story.expect(0, &format!("docs {}", page["topic"].as_str().unwrap()));
    }
    assert!(pages["codes"].as_array().unwrap().len() > 200);
}

#[test]
fn a_code_is_found_in_any_spelling() {
    let story = Story::new("{}");
    let page = story.expect(0, "docs guard::max_deletes").stdout;
    for spelling in ["max_deletes", "MAX-DELETES", "max deletes", "Guard/Max.Deletes", "guard max_deletes"] {
        assert_eq!(story.expect(0, &format!("docs {spelling}")).stdout, page, "{spelling}");
    }
    assert_eq!(story.expect(0, "explain guard::max_deletes").stdout, page);
    assert_eq!(story.expect(0, "explain max-deletes --json").json()["codes"][0]["code"], "guard::max_deletes");
    story.expect(0, "docs error[telform::live::incomplete]: listing").says("telform::live::incomplete");
    story.expect(0, "docs partner").says("login");
    shot!("docs_several", story.expect(1, "docs digest"));
    shot!("docs_code_typo", story.expect(1, "docs max-delets"));
    story.expect(1, "explain nosuch").says("`telform docs` lists the error codes");
}
