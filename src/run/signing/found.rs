//! The files beside a plan: its signature, and its approvals.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::disk;
use crate::output::Vouched;
use crate::run::RunError;
use crate::signature::{
    AllowedSigners, ApprovalPaper, CheckedApproval, PlanFileIdentity, Signature, SignatureError, SignatureNamespace,
    SignatureRefusal, Signer, check_approvals,
};

/// Largest signature, statement, and file of allowed signers.
const MOST_BYTES: u64 = 1024 * 1024;

/// Most approvals that are read.
const MOST_APPROVALS: usize = 1000;

/// `plan.json.sig` for `plan.json`.
pub(crate) fn path_with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Whose signatures are valid.
pub(crate) fn read_allowed_signers(path: &Path) -> Result<AllowedSigners, RunError> {
    let unusable = |what: String| {
        RunError::other(
            "telform::signature::signers",
            format!("the allowed signers {}: {what}", path.display()),
            "each line has names, options, a public key: `alice@example.com namespaces=\"telform-*\" ssh-ed25519 AAAA…`",
        )
    };
    let text = disk::open_file(path).and_then(|file| disk::bounded_text(file, MOST_BYTES));
    let text = text.map_err(|error| unusable(error.to_string()))?;
    AllowedSigners::read(&text, &TimeZone::system()).map_err(|error| unusable(error.to_string()))
}

/// A plan file with the files beside it.
pub(crate) struct PlanFileWithPapers<'a> {
    bytes: &'a [u8],
    file: PlanFileIdentity,
    signature: Option<Vec<u8>>,
    papers: Vec<ApprovalPaper>,
}

impl<'a> PlanFileWithPapers<'a> {
    /// Reads the files beside a file; standard input has none.
    pub(crate) fn read(path: &Path, bytes: &'a [u8], digest: &str) -> Result<Self, RunError> {
        let file = PlanFileIdentity::from_bytes(bytes, digest);
        if path.as_os_str() == "-" {
            return Ok(Self { bytes, file, signature: None, papers: Vec::new() });
        }
        let signature = read_optional(&path_with_suffix(path, ".sig"))?;
        Ok(Self { bytes, file, signature, papers: read_papers(&path_with_suffix(path, ".approvals"))? })
    }

    /// The plan in the form that an approval covers.
    pub(crate) fn identity(&self) -> &PlanFileIdentity {
        &self.file
    }

    /// Who signed the plan; `None` without a signature.
    pub(crate) fn author(&self, allowed: &AllowedSigners) -> Option<Result<Signer, SignatureRefusal>> {
        let armoured = self.signature.as_ref()?;
        let signature = match Signature::read(armoured) {
            Ok(signature) => signature,
            Err(error) => return Some(Err(error.into())),
        };
        Some(Signer::verify_signer(&signature, SignatureNamespace::Plan, self.bytes, allowed, Timestamp::now()))
    }

    /// The approvals one by one.
    pub(crate) fn check_approvals(&self, allowed: Option<&AllowedSigners>) -> Vec<CheckedApproval> {
        check_approvals(&self.papers, &self.file, allowed, Timestamp::now())
    }

    /// All signatures and approvals, for reports.
    pub(crate) fn to_reports(&self, allowed: Option<&AllowedSigners>) -> Vec<Vouched> {
        let approvals = self.check_approvals(allowed);
        self.signature_report(allowed).into_iter().chain(approvals.iter().map(Vouched::approval)).collect()
    }

    /// The signature of the plan, for reports.
    pub(crate) fn signature_report(&self, allowed: Option<&AllowedSigners>) -> Option<Vouched> {
        let armoured = self.signature.as_ref()?;
        let read = Signature::read(armoured);
        let key = read.as_ref().ok().map(Signature::fingerprint);
        let refused = |why: SignatureRefusal| Vouched::refused(refusal_code(&why), &why, key.clone());
        Some(match (allowed, read) {
            (Some(allowed), _) => match self.author(allowed)? {
                Ok(signer) => Vouched::counts(&signer),
                Err(why) => refused(why),
            },
            (None, Err(error)) => refused(error.into()),
            (None, Ok(signature)) => match signature.verify(SignatureNamespace::Plan, self.bytes) {
                Ok(()) => Vouched::not_checked(signature.fingerprint()),
                Err(error) => refused(error.into()),
            },
        })
    }
}

/// Code of a signature of a plan or a journal that does not count.
pub(crate) fn refusal_code(why: &SignatureRefusal) -> &'static str {
    match why {
        SignatureRefusal::Signature(error) => error.code(),
        SignatureRefusal::Signer(not) => not.code(),
        _ => SignatureError::Altered.code(),
    }
}

fn read_papers(folder: &Path) -> Result<Vec<ApprovalPaper>, RunError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(folder, &error)),
    };
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    if files.len() > MOST_APPROVALS {
        let many = std::io::Error::other(format!("there are {} approvals; the limit is {MOST_APPROVALS}", files.len()));
        return Err(unreadable(folder, &many));
    }
    files.sort();
    let paper = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let statement = read_optional(path)?.unwrap_or_default();
        Ok(ApprovalPaper { name, statement, signature: read_optional(&path_with_suffix(path, ".sig"))? })
    };
    let mut papers = files.iter().map(paper).collect::<Result<Vec<_>, RunError>>()?;
    // A statement begins with its time: they are reported in the order in which they were made, not in that of their keys.
    papers.sort_by(|a, b| a.statement.cmp(&b.statement));
    Ok(papers)
}

/// The bytes of a file; `None` where it does not exist.
fn read_optional(path: &Path) -> Result<Option<Vec<u8>>, RunError> {
    match disk::open_file(path).and_then(|file| disk::read_bounded(file, MOST_BYTES)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, &error)),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> RunError {
    RunError::other(
        "telform::signature::unreadable",
        format!("{} cannot be read: {error}", path.display()),
        "signatures and approvals are files next to the plan; remove anything else",
    )
}
