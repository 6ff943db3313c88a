//! Who signed what, in lines for people.

use crate::output::Vouched;
use crate::output::view::text::wrap_text;
use crate::run::signing::JournalSignatures;
use crate::text::escape;

/// One or more lines for each. A signature that was not checked says so first.
pub(crate) fn render_signatures(seen: &[Vouched], width: usize) -> String {
    let mut text = String::new();
    for it in seen {
        for (index, line) in wrap_text(&escape(&render_signature(it)), width.saturating_sub(2).max(40)).into_iter().enumerate() {
            text.push_str(if index == 0 { "" } else { "  " });
            text.push_str(&line);
            text.push('\n');
        }
    }
    if seen.iter().any(|it| it.verdict == "not_checked") {
        text.push_str("--allowed-signers FILE says whose signatures count; none was given\n");
    }
    text
}

/// Those of a journal, and what is missing.
pub(crate) fn journal_lines(signatures: &JournalSignatures, width: usize) -> String {
    let mut text = render_signatures(&signatures.seen, width);
    if let Some((code, what)) = &signatures.missing {
        text.push_str(&format!("REFUSED: {what} ({code})\n"));
    }
    text
}

fn render_signature(it: &Vouched) -> String {
    let key = it.key.as_deref().unwrap_or("an unknown key");
    let until = it.until.map(|until| format!(" until {until}")).unwrap_or_default();
    let what = match (&it.file, it.line) {
        (Some(_), _) => "Approved".to_owned(),
        (None, Some(2)) => "Line 1 signed".to_owned(),
        (None, Some(line)) => format!("Lines 1 to {} signed", line.saturating_sub(1)),
        (None, None) => "Plan signed".to_owned(),
    };
    match (it.verdict, &it.by) {
        ("counts", Some(by)) => format!("{what} by {by}{until} ({key})"),
        ("refused", _) => {
            let what = match (&it.file, it.line) {
                (Some(file), _) => format!("the approval {file}"),
                (None, Some(line)) => format!("the signature of line {line}"),
                (None, None) => "the signature of the plan".to_owned(),
            };
            let why = it.why.as_deref().unwrap_or_default();
            format!("REFUSED: {what}: {why} ({})", it.code.unwrap_or_default())
        }
        _ => {
            let (first, rest) = what.split_at(1);
            format!("Not checked: {}{rest} by {key}{until}", first.to_lowercase())
        }
    }
}
