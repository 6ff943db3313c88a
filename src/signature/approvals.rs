//! Which approvals of a plan are valid, and whether they are enough.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::statement::{ApprovalStatement, PlanFileIdentity, StatementError};
use super::{AllowedSigners, NotAllowed, Signature, SignatureError, SignatureNamespace};

/// Accepted difference between the clocks of two machines.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The signer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    /// As the allowed signers call the key's owner.
    pub by: String,
    /// Fingerprint of the key.
    pub key: String,
}

impl Signer {
    /// Checks a signature completely: these bytes, this purpose, an allowed signer.
    pub fn verify_signer(
        signature: &Signature,
        namespace: SignatureNamespace,
        bytes: &[u8],
        allowed: &AllowedSigners,
        at: Timestamp,
    ) -> Result<Self, SignatureRefusal> {
        signature.verify(namespace, bytes)?;
        let line = allowed.find_allowed(signature.key_data(), namespace, at)?;
        Ok(Self { by: line.principals.clone(), key: signature.fingerprint() })
    }

    /// One person: one key, or two keys under one name. A pattern does not name a person.
    fn is_also(&self, other: &Self) -> bool {
        self.key == other.key || !principal_names(&self.by).is_disjoint(&principal_names(&other.by))
    }
}

fn principal_names(principals: &str) -> BTreeSet<&str> {
    principals.split(',').filter(|name| !name.starts_with('!') && !name.contains(['*', '?'])).collect()
}

/// A statement and its signature, as they were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalPaper {
    /// Name of the file.
    pub name: String,
    /// What was signed.
    pub statement: Vec<u8>,
    /// The signature; none where its file is missing.
    pub signature: Option<Vec<u8>>,
}

/// The requirements of an apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApprovalRules {
    /// How many approvals of different signers.
    pub required: u32,
    /// Whether the author of the plan, who signed it, must not be one of them.
    pub exclude_author: bool,
}

/// A valid approval, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// As the allowed signers call the key's owner.
    pub by: String,
    /// Fingerprint of the key.
    pub key: String,
    /// Digest of the plan that it approves.
    pub digest: String,
    /// SHA-256 of the plan's file.
    pub plan: String,
    /// When it was made (RFC 3339, UTC).
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// When it expires.
    #[schemars(with = "String")]
    pub until: Timestamp,
}

impl Approval {
    fn signer(&self) -> Signer {
        Signer { by: self.by.clone(), key: self.key.clone() }
    }
}

/// Why a signature or an approval is not valid, the most serious reason last.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefusal {
    /// Its signature is missing.
    #[error("it has no signature: {0} is missing")]
    Unsigned(String),
    /// Its time is in the future.
    #[error("it was made at {0}, which is in the future: one of the clocks is wrong")]
    NotYet(Timestamp),
    /// Its time has passed.
    #[error("it expired at {0}")]
    Expired(Timestamp),
    /// Another approval of this signer already counts.
    #[error("it is from {0}, who has approved the plan already")]
    SameSigner(String),
    /// The author of the plan approved it.
    #[error("it is from {0}, who signed the plan")]
    Author(String),
    /// It approves something else.
    #[error("it approves another plan file (digest {0})")]
    OtherPlan(String),
    /// The key of its signer is not valid.
    #[error(transparent)]
    Signer(#[from] NotAllowed),
    /// Its name or key differs from that of its signer.
    #[error("it says that it is from {said}, and is signed by {is}")]
    OtherName {
        /// What it says.
        said: String,
        /// The signer.
        is: String,
    },
    /// The signed text is not an approval.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// Its signature does not match.
    #[error("its signature is not valid: {0}")]
    Signature(#[from] SignatureError),
}

impl SignatureRefusal {
    /// Code of a refused approval.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unsigned(_) => "telform::approval::unsigned",
            Self::NotYet(_) => "telform::approval::not_yet",
            Self::Expired(_) => "telform::approval::expired",
            Self::SameSigner(_) => "telform::approval::same_signer",
            Self::Author(_) => "telform::approval::author",
            Self::OtherPlan(_) => "telform::approval::other_plan",
            Self::Signer(NotAllowed::Unknown | NotAllowed::Namespace) => "telform::approval::unknown_signer",
            Self::Signer(why) => why.code(),
            Self::OtherName { .. } => "telform::approval::other_name",
            Self::Statement(_) => "telform::approval::damaged",
            Self::Signature(SignatureError::Altered) => "telform::approval::altered",
            Self::Signature(why) => why.code(),
        }
    }

    fn severity(&self) -> usize {
        match self {
            Self::Unsigned(_) => 0,
            Self::NotYet(_) => 1,
            Self::Expired(_) => 2,
            Self::SameSigner(_) => 3,
            Self::Author(_) => 4,
            Self::OtherPlan(_) => 5,
            Self::Signer(_) => 6,
            Self::OtherName { .. } => 7,
            Self::Statement(_) => 8,
            Self::Signature(_) => 9,
        }
    }
}

/// The result of checking one approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApprovalVerdict {
    /// Its signature matches, and no allowed signers were given.
    NotChecked,
    /// It counts.
    Counts(Approval),
    /// It does not.
    Refused(SignatureRefusal),
}

/// One checked approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedApproval {
    /// Name of its file.
    pub name: String,
    /// Its content, where it can be read.
    pub statement: Option<ApprovalStatement>,
    /// The result.
    pub verdict: ApprovalVerdict,
}

/// Looks at approvals one by one.
pub fn check_approvals(
    papers: &[ApprovalPaper],
    plan: &PlanFileIdentity,
    allowed: Option<&AllowedSigners>,
    now: Timestamp,
) -> Vec<CheckedApproval> {
    let each = |paper: &ApprovalPaper| {
        let verdict = match check_approval(paper, plan, allowed, now) {
            Ok(Some(approval)) => ApprovalVerdict::Counts(approval),
            Ok(None) => ApprovalVerdict::NotChecked,
            Err(refusal) => ApprovalVerdict::Refused(refusal),
        };
        CheckedApproval { name: paper.name.clone(), statement: ApprovalStatement::read(&paper.statement).ok(), verdict }
    };
    papers.iter().map(each).collect()
}

fn check_approval(
    paper: &ApprovalPaper,
    plan: &PlanFileIdentity,
    allowed: Option<&AllowedSigners>,
    now: Timestamp,
) -> Result<Option<Approval>, SignatureRefusal> {
    let armoured = paper.signature.as_ref().ok_or_else(|| SignatureRefusal::Unsigned(format!("{}.sig", paper.name)))?;
    let signature = Signature::read(armoured)?;
    signature.verify(SignatureNamespace::Approval, &paper.statement)?;
    let line =
        allowed.map(|allowed| allowed.find_allowed(signature.key_data(), SignatureNamespace::Approval, now)).transpose()?;
    let statement = ApprovalStatement::read(&paper.statement)?;
    let key = signature.fingerprint();
    let other_name = |said: &str, is: &str| SignatureRefusal::OtherName { said: said.to_owned(), is: is.to_owned() };
    if statement.key != key {
        return Err(other_name(&statement.key, &key));
    }
    if let (Some(said), Some(line)) = (&statement.identity, line)
        && !line.is_called(said)
    {
        return Err(other_name(said, &line.principals));
    }
    if statement.plan != plan.sha256 || statement.digest != plan.digest {
        return Err(SignatureRefusal::OtherPlan(statement.digest));
    }
    if statement.until <= now {
        return Err(SignatureRefusal::Expired(statement.until));
    }
    if statement.at > now.saturating_add(SKEW).unwrap_or(Timestamp::MAX) {
        return Err(SignatureRefusal::NotYet(statement.at));
    }
    Ok(line.map(|line| {
        // A pattern may match many; the name that the signer gave decides which one.
        let by = match (principal_names(&line.principals).is_empty(), &statement.identity) {
            (true, Some(said)) => said.clone(),
            _ => line.principals.clone(),
        };
        let ApprovalStatement { plan, digest, at, until, .. } = statement;
        Approval { by, key, digest, plan, at, until }
    }))
}

/// The approvals of a plan under the rules of an apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedApprovals {
    /// Each that was found.
    pub checked: Vec<CheckedApproval>,
    /// Those that count, of different signers.
    pub counted: Vec<Approval>,
    required: u32,
}

impl CountedApprovals {
    /// Among the valid ones, one per signer, and none of the author where the rules exclude the author.
    pub fn count_under_rules(mut looked: Vec<CheckedApproval>, rules: ApprovalRules, author: Option<&Signer>) -> Self {
        let mut counted: Vec<Approval> = Vec::new();
        for it in &mut looked {
            let ApprovalVerdict::Counts(approval) = &it.verdict else { continue };
            let signer = approval.signer();
            let refusal = if author.is_some_and(|author| rules.exclude_author && author.is_also(&signer)) {
                SignatureRefusal::Author(signer.by)
            } else if let Some(other) = counted.iter().find(|other| other.signer().is_also(&signer)) {
                SignatureRefusal::SameSigner(other.by.clone())
            } else {
                counted.push(approval.clone());
                continue;
            };
            it.verdict = ApprovalVerdict::Refused(refusal);
        }
        Self { checked: looked, counted, required: rules.required }
    }

    /// Whether they are enough.
    pub fn is_sufficient(&self) -> bool {
        self.counted.len() >= self.required as usize
    }

    /// Code of the problem when they are not: the most serious reason, or too few approvals.
    pub fn code(&self) -> &'static str {
        let refused = self.checked.iter().filter_map(|it| match &it.verdict {
            ApprovalVerdict::Refused(refusal) => Some(refusal),
            ApprovalVerdict::NotChecked | ApprovalVerdict::Counts(_) => None,
        });
        let gravest = refused.min_by_key(|refusal| Reverse(refusal.severity()));
        gravest.map_or("telform::approval::too_few", SignatureRefusal::code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(signers: &[(&str, &str)], not_author: bool, author: Option<(&str, &str)>) -> usize {
        let at = Timestamp::UNIX_EPOCH;
        let looked = signers.iter().map(|(by, key)| {
            let (by, key) = ((*by).to_owned(), (*key).to_owned());
            let approval = Approval { by, key, digest: String::new(), plan: String::new(), at, until: at };
            CheckedApproval { name: String::new(), statement: None, verdict: ApprovalVerdict::Counts(approval) }
        });
        let author = author.map(|(by, key)| Signer { by: by.to_owned(), key: key.to_owned() });
        let rules = ApprovalRules { required: 2, exclude_author: not_author };
        CountedApprovals::count_under_rules(looked.collect(), rules, author.as_ref()).counted.len()
    }

    /// One key or one name is one signer. A pattern is not a name: two keys under it are two signers.
    #[test]
    fn a_signer_counts_once() {
        for (signers, count) in [
            ([("ann", "1"), ("bob", "2")], 2),
            ([("ann", "1"), ("ann", "2")], 1),
            ([("ann@x", "1"), ("bob@x", "1")], 1),
            ([("ann,a", "1"), ("a,bob", "2")], 1),
            ([("*@x", "1"), ("*@x", "2")], 2),
            ([("*@x,!eve@x", "1"), ("*@y,!eve@x", "2")], 2),
        ] {
            assert_eq!(judged(&signers, false, None), count, "{signers:?}");
        }
    }

    #[test]
    fn who_signed_the_plan_does_not_approve_it_where_that_is_the_rule() {
        let signers = [("ann", "1"), ("bob", "2")];
        for (author, not_author, count) in
            [(("ann", "3"), true, 1), (("carol", "2"), true, 1), (("ann", "1"), false, 2), (("carol", "3"), true, 2)]
        {
            assert_eq!(judged(&signers, not_author, Some(author)), count, "{author:?}");
        }
    }
}
