//! Signatures at the command line: a passphrase is asked for, and signatures are shown.

use std::path::Path;

use super::args::SignArgs;
use super::console::Console;
use crate::run::RunError;
use crate::run::signing::SigningIdentity;

mod passphrase;
mod render;

pub(super) use render::{journal_lines, render_signatures};

/// Opens a key before the work that is to be signed.
pub(super) fn open_key(out: &Console, path: &Path) -> Result<SigningIdentity, RunError> {
    SigningIdentity::open(path, &|key, name| passphrase::ask(out, key, name))
}

/// Opens the key that an option names.
pub(super) fn signer(out: &Console, args: &SignArgs) -> Result<Option<SigningIdentity>, RunError> {
    args.sign.as_deref().map(|key| open_key(out, key)).transpose()
}
