//! The text of a file of the configuration, or why it has none.

use std::io::{IsTerminal, Read};
use std::sync::OnceLock;

use super::files::{DASH, FoundFile, STDIN, io_reason};
use crate::config::problem::Problem;
use crate::config::yaml;
use crate::disk;
use crate::model::resource::SourceLocation;

/// Why a file has no text.
#[derive(Debug, Clone)]
pub(in crate::config) struct FileFault {
    code: &'static str,
    what: String,
    /// Line and column, where only a part of the file is wrong; both count from 1.
    at: Option<(u32, u32)>,
}

impl FileFault {
    pub(in crate::config) fn to_problem(&self, name: &str) -> Problem {
        let Some((line, column)) = self.at else { return Problem::of_file(self.code, &self.what, name) };
        Problem::at_location(self.code, &self.what, SourceLocation { file: name.into(), line, column })
            .help("save the file as UTF-8, in the editor or with `iconv`")
    }
}

/// A text, or why there is none.
pub(in crate::config) type ReadText = Result<String, FileFault>;

/// What standard input holds. A run reads its configuration more than once, and this only the first time.
fn stdin_text() -> &'static ReadText {
    static TEXT: OnceLock<ReadText> = OnceLock::new();
    TEXT.get_or_init(|| {
        let input = std::io::stdin();
        if input.is_terminal() {
            let what = "standard input is a terminal; pipe the configuration into it, as in `generate | telform plan -f -`";
            return Err(FileFault { code: "telform::file::unreadable", what: what.to_owned(), at: None });
        }
        bounded_text(input.lock(), 0)
    })
}

/// The text of a file, or of standard input.
pub(in crate::config) fn file_text(found: &FoundFile) -> ReadText {
    if found.name == STDIN && found.path.ends_with(DASH) {
        return stdin_text().clone();
    }
    let file = match &found.within_folder {
        Some(folder) => disk::open_within(&[folder], &found.path),
        None => disk::open_file(&found.path),
    };
    let file = file.map_err(|error| unreadable(&error))?;
    let size = file.metadata().map_or(0, |about| about.len()).min(yaml::MAX_BYTES as u64);
    bounded_text(file, size as usize)
}

fn unreadable(error: &std::io::Error) -> FileFault {
    FileFault { code: "telform::file::unreadable", what: format!("cannot be read: {}", io_reason(error)), at: None }
}

/// Reads what has about this size.
fn bounded_text(from: impl Read, size: usize) -> ReadText {
    let mut bytes = Vec::with_capacity(size + 1);
    from.take(yaml::MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() > yaml::MAX_BYTES {
        let what = format!("the file is larger than {} MiB", yaml::MAX_BYTES / 1024 / 1024);
        return Err(FileFault { code: "telform::file::limit", what, at: None });
    }
    String::from_utf8(bytes).map_err(|error| {
        let wide = [[0xff, 0xfe], [0xfe, 0xff]].iter().any(|mark| error.as_bytes().starts_with(mark));
        let what = match wide {
            true => "the file is UTF-16 text, not UTF-8",
            false => "the file is not UTF-8 text: this byte is not part of a character",
        };
        let good = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
        let line = good.matches('\n').count() as u32 + 1;
        let column = good.rsplit('\n').next().unwrap_or_default().chars().count() as u32 + 1;
        FileFault { code: "telform::file::not_utf8", what: what.to_owned(), at: Some((line, column)) }
    })
}
