//! Texts that differ on every run, replaced by a word for their form.

/// The text with digests, ids, times and durations as words.
pub(crate) fn normal(text: &str) -> String {
    let text = &keys(text);
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        if line.starts_with("who ") {
            out.push_str("who <somebody>\n");
            continue;
        }
        let mut pieces: Vec<String> = split(line).into_iter().map(word).collect();
        // A row of `journal list` shows the beginning of a digest.
        if pieces.first().is_some_and(|first| first == "<id>") {
            let short = |piece: &String| piece.len() == 6 && piece.bytes().all(|it| it.is_ascii_hexdigit());
            pieces.iter_mut().filter(|piece| short(piece)).for_each(|piece| *piece = "<digest>".to_owned());
        }
        // A width that depends on such a word says nothing.
        let changed = pieces.iter().any(|piece| piece.starts_with('<') && piece.ends_with('>'));
        let line = pieces.concat();
        if changed {
            out.push_str(&line.split_whitespace().collect::<Vec<_>>().join(" "));
        } else {
            out.push_str(&line);
        }
        out.push('\n');
    }
    durations(&out)
}

/// Words of letters, digits and the other characters of ids and times, and the text between them.
fn split(line: &str) -> Vec<&str> {
    let inside = |letter: char| letter.is_ascii_alphanumeric() || "-:.+".contains(letter);
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|letter| inside(letter) != inside(first)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn word(piece: &str) -> String {
    let hex = |text: &str| text.bytes().all(|letter| letter.is_ascii_digit() || (b'a'..=b'f').contains(&letter));
    if piece.strip_prefix("sha256:").is_some_and(|rest| rest.len() >= 8 && hex(rest)) {
        return "<digest>".to_owned();
    }
    // 019ac0de-… and its shortened form.
    let parts: Vec<&str> = piece.split('-').collect();
    if parts.len() >= 2 && parts[0].len() == 8 && hex(parts[0]) && parts[1..].iter().all(|part| hex(part)) {
        return "<id>".to_owned();
    }
    let date = [4, 2, 2];
    if parts.len() == 3 && hex(piece.replace('-', "").as_str()) && parts.iter().map(|it| it.len()).eq(date) {
        return "<date>".to_owned();
    }
    if piece.len() == 5 && piece.as_bytes()[2] == b':' && hex(&piece.replace(':', "")) {
        return "<hour>".to_owned();
    }
    if piece.starts_with("127.0.0.1:") {
        return "<loopback>".to_owned();
    }
    // Eight digits or more with letters among them are an id cut short.
    let mixed = piece.bytes().any(|letter| letter.is_ascii_digit());
    if (8..=64).contains(&piece.len()) && mixed && hex(piece) {
        return "<id>".to_owned();
    }
    if piece.len() >= 16 && piece.starts_with("20") && piece.contains('T') && piece.contains(':') {
        return "<time>".to_owned();
    }
    piece.to_owned()
}

/// `27 ms`, `1.2 s`: how long it took.
fn durations(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let lasts = |at: usize| {
            let unit = words.get(at + 1).is_some_and(|unit| ["ms", "s"].contains(&unit.trim_end_matches([',', ')', ';'])));
            let number = words[at].trim_start_matches('(');
            unit && !number.is_empty() && number.bytes().all(|letter| letter.is_ascii_digit() || letter == b'.')
        };
        let shown: Vec<&str> = (0..words.len()).map(|at| if lasts(at) { "<n>" } else { words[at] }).collect();
        out.push_str(&shown.join(" "));
        out.push('\n');
    }
    out
}

/// Fingerprints of keys, whole and as the beginning of a file's name.
fn keys(text: &str) -> String {
    let inside = |letter: char| letter.is_ascii_alphanumeric() || "+/-_".contains(letter);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("SHA256").map(|at| at + "SHA256".len()) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let mut letters = rest[1.min(rest.len())..].chars().take_while(|letter| inside(*letter));
        let length = if rest.starts_with(':') { 43 } else { 16 };
        if rest.starts_with([':', '-']) && letters.by_ref().take(length).count() == length {
            out.push_str("-key");
            rest = &rest[1 + length..];
        }
    }
    out.push_str(rest);
    out
}
