//! Writing files that people keep, YAML and reports: whole or not at all.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::exit::Failure;

/// Puts a text in place at once; a file that says the same already is not touched.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let put = || -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        if fs::read_to_string(path).is_ok_and(|there| there == text) {
            return Ok(());
        }
        // A file that replaces another keeps nothing of it but its name, so links are followed first.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".telform").tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // YAML is meant to be shared, unlike a temporary file.
            let mode = fs::metadata(&path).map_or(0o644, |there| there.permissions().mode());
            file.as_file().set_permissions(fs::Permissions::from_mode(mode))?;
        }
        file.persist(path)?;
        Ok(())
    };
    put().map_err(|error| {
        Failure::other(
            "telform::file::write",
            format!("cannot write {}: {error}", path.display()),
            "check that the folder may be written to",
        )
    })
}
