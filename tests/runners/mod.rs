//! What CI runners execute from a log, according to their sources and manuals.

/// What begins a group in a Buildkite log, at the start of a line. Source: its manual, "Managing log output".
const GROUPS: [&str; 4] = ["--- ", "+++ ", "~~~ ", "^^^ +++"];

/// Lines as the most careless reader divides a log.
fn lines(log: &str) -> impl Iterator<Item = &str> {
    log.split(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'])
}

/// GitHub's newer parser: `::name …::` at the start of a line, after blanks. It compares by language rules, so that ignorable
/// characters count as nothing. Source: the runner's `ActionCommand.TryParseV2`.
fn newer(line: &str) -> Option<(&str, &str)> {
    let weightless =
        |char: char| char.is_whitespace() || char.is_control() || matches!(char, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{feff}');
    line.trim_start_matches(weightless).strip_prefix("::")?.split_once("::")
}

/// GitHub's older parser: `##[name …]` anywhere in a line. Source: the runner's `ActionCommand.TryParse`.
fn older(line: &str) -> Option<(&str, &str)> {
    line.split_once("##[")?.1.split_once(']')
}

/// Commands of other makers: Azure Pipelines (`##vso[`, `##[`), TeamCity (`##teamcity[`), GitLab (`section_start:` between
/// signs that wipe a line).
fn others(line: &str) -> bool {
    let line = line.to_lowercase();
    ["##[", "##vso[", "##teamcity[", "\u{1b}[0ksection_"].iter().any(|mark| line.contains(mark))
}

/// A log without colours.
pub(crate) fn plain(log: &str) -> String {
    anstream::adapter::strip_str(log).to_string()
}

/// Every line that a runner would carry out, with colours and without.
pub(crate) fn commands(log: &str) -> Vec<String> {
    let steers = |line: &&str| newer(line).or(older(line)).is_some() || others(line);
    [log, &plain(log)].iter().flat_map(|log| lines(log).filter(steers).map(str::to_owned)).collect()
}

/// What GitHub's runner executes: nothing between `stop-commands` and its token. Source: its `ActionCommandManager`.
pub(crate) fn carried_out(log: &str) -> Vec<String> {
    let (mut stopped, mut found) = (None, Vec::new());
    for line in log.lines() {
        let Some((command, value)) = newer(line).or_else(|| older(line)) else { continue };
        match &stopped {
            Some(token) if command == token => stopped = None,
            Some(_) => {}
            None if command == "stop-commands" => stopped = Some(value.to_owned()),
            None => found.push(command.to_owned()),
        }
    }
    assert_eq!(stopped, None, "commands stay stopped after {log}");
    found
}

/// Lines that begin with foreign text, identified by this mark: alone, or after the sign of a group.
pub(crate) fn begun<'a>(log: &'a str, mark: &str) -> Vec<&'a str> {
    let rest = |line: &'a str| GROUPS.iter().find_map(|group| line.strip_prefix(group)).unwrap_or(line);
    lines(log).filter(|line| rest(line).trim_start_matches(['"', '\'']).starts_with(mark)).collect()
}
