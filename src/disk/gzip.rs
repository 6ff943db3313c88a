//! Files that gzip compresses: a plan of many changes repeats itself, and takes a tenth of the space.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::read_bounded;

/// The first bytes of a compressed file.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Whether the name of a file asks for compression: it ends with `.gz`.
pub fn is_gzip_name(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(OsStr::new("gz")))
}

/// The compressed form of some bytes: the same bytes give the same form, because it holds neither a name nor a time.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("memory can be written to")
}

/// The content of a compressed file, and nothing where the bytes are not compressed.
///
/// # Errors
/// The content has more than `most` bytes, or the compressed form is damaged.
pub fn gunzip(bytes: &[u8], most: u64) -> io::Result<Option<Vec<u8>>> {
    if !bytes.starts_with(&MAGIC) {
        return Ok(None);
    }
    read_bounded(MultiGzDecoder::new(bytes).by_ref(), most).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{FileRefusal, file_refusal};

    #[test]
    fn what_was_compressed_comes_back() {
        let text = "a plan of many changes, ".repeat(1000);
        let packed = gzip(text.as_bytes());
        assert!(packed.len() < text.len() / 10);
        assert_eq!(packed, gzip(text.as_bytes()));
        assert_eq!(gunzip(&packed, 1 << 20).unwrap().as_deref(), Some(text.as_bytes()));
        assert_eq!(gunzip(text.as_bytes(), 1 << 20).unwrap(), None);
    }

    #[test]
    fn a_small_file_with_an_endless_content_is_refused() {
        let bomb = gzip(&vec![b' '; 1 << 20]);
        let error = gunzip(&bomb, 1 << 16).expect_err("it is too large");
        assert!(matches!(file_refusal(&error), Some(FileRefusal::Large(_))), "{error}");
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        let good = gzip(b"a plan");
        for at in [good.len() / 2, good.len() - 5, good.len() - 1] {
            assert!(gunzip(&good[..at], 100).is_err(), "cut at {at}");
            let mut changed = good.clone();
            changed[at] ^= 0x10;
            assert!(gunzip(&changed, 100).is_err(), "changed at {at}");
        }
        let mut more = good;
        more.extend(b"and more");
        assert!(gunzip(&more, 100).is_err());
    }

    #[test]
    fn the_name_asks_for_compression() {
        for (name, asks) in [("plan.json.gz", true), ("plan.GZ", true), ("plan.json", false), ("gz", false), (".gz", false)] {
            assert_eq!(is_gzip_name(Path::new(name)), asks, "{name}");
        }
    }
}
