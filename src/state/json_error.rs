//! Why a text is not the JSON that is expected, in the words of this program: no content is quoted, which may be a secret.

use serde_json::error::Category;

/// The reason and the place, without a full stop.
pub(crate) fn describe_json_error(error: &serde_json::Error) -> String {
    let at = format!("line {}, column {}", error.line(), error.column());
    let text = error.to_string();
    let named = |start: &str| {
        let (name, _) = text.strip_prefix(start)?.strip_prefix('`')?.split_once('`')?;
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then(|| name.to_owned())
    };
    match error.classify() {
        Category::Io => text,
        Category::Eof => "it ends in the middle".to_owned(),
        Category::Syntax => format!("it is not JSON, {at}"),
        Category::Data => match (named("missing field "), text.split_whitespace().take(2).collect::<Vec<_>>().as_slice()) {
            (Some(name), _) => format!("it has no `{name}`, {at}"),
            (None, ["unknown", "field"]) => format!("it has a key that this version does not know, {at}"),
            (None, ["unknown", "variant"]) => format!("it has a word that this version does not know, {at}"),
            (None, ["duplicate", "field"]) => format!("it has a key twice, {at}"),
            _ => format!("it has a value of another type than expected, {at}"),
        },
    }
}
