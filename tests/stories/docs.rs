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
    story.expect(1, "docs telform::live::incompleet").says("did you mean telform::live::incomplete?");
    let all = story.expect(0, "docs errors --json").json();
    // The codes in the output of a run can be looked up.
    story.file("telform.yaml", "version: 1\nacounts: {}\n");
    let problems = story.expect(1, "validate --json").json();
    let code = problems["problems"][0]["code"].as_str().unwrap().to_owned();
    assert_eq!(code, "telform::yaml::unknown_key");
    assert!(all["codes"].as_array().unwrap().iter().any(|known| known["code"] == code.as_str()));
    story.expect(0, &format!("docs {code}")).says("suggests the nearest");
}
