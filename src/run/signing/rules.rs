//! What a saved plan needs before it is applied: set outside of the YAML, which is under review.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;

use super::found::{PlanFileWithPapers, read_allowed_signers, refusal_code};
use crate::disk;
use crate::output::Vouched;
use crate::run::progress::RunEvent;
use crate::run::saved_plan::SavedPlan;
use crate::run::{Context, RunError};
use crate::signature::{Approval, ApprovalRules, CountedApprovals, Signer};

/// Largest file of rules.
const MOST_BYTES: u64 = 64 * 1024;

/// The signatures and approvals of a plan, for the journal.
#[derive(Debug, Clone, Default)]
pub(crate) struct PlanTrust {
    /// Who signed the plan.
    pub(crate) author: Option<Signer>,
    /// The valid approvals.
    pub(crate) approvals: Vec<Approval>,
}

/// What a saved plan must have behind it.
#[derive(Debug, Clone, Default)]
pub struct TrustDemand {
    /// Whose signatures count: a file of allowed signers.
    pub allowed_signers: Option<PathBuf>,
    /// How many approvals: a number, or a file of rules.
    pub approvals: Option<String>,
}

/// The variable behind `--allowed-signers`.
pub(crate) const SIGNERS: &str = "TELFORM_ALLOWED_SIGNERS";

/// The variable behind `--approvals`.
pub(crate) const APPROVALS: &str = "TELFORM_APPROVALS";

/// `{ required: 2, signers: allowed_signers, not_author: true }`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalsOption {
    required: u32,
    signers: Option<PathBuf>,
    #[serde(default)]
    not_author: bool,
}

impl PlanTrust {
    /// Checks the files beside the plan, where that is required.
    pub(crate) fn from_options(
        context: &Context,
        demand: &TrustDemand,
        saved: Option<(&Path, &SavedPlan)>,
    ) -> Result<Self, RunError> {
        let Some((path, reviewed)) = saved else {
            let demanded = demand.approvals.is_some() || demand.allowed_signers.is_some();
            return if demanded { Err(no_plan("apply")) } else { Ok(Self::default()) };
        };
        let wanted = demand.approvals.as_deref().map(parse_requirement).transpose()?;
        let named = demand.allowed_signers.clone();
        let Some(signers_file) = named.or_else(|| wanted.as_ref()?.signers.clone()) else {
            return match wanted {
                Some(_) => Err(rules_failure(
                    "the rules do not say whose approvals count",
                    "name the allowed signers: `--allowed-signers FILE`, or `signers:` in the file of rules",
                )),
                None => Ok(Self::default()),
            };
        };
        let allowed = read_allowed_signers(&signers_file)?;
        let plan = PlanFileWithPapers::read(path, reviewed.bytes(), reviewed.digest())?;
        let rules = wanted.map(|wanted| ApprovalRules { required: wanted.required, exclude_author: wanted.not_author });
        let author = match plan.author(&allowed) {
            Some(Ok(author)) => Some(author),
            Some(Err(why)) => {
                let what = format!("the signature of the plan {}: {why}", path.display());
                return Err(approval_refusal(refusal_code(&why), what));
            }
            None if rules.is_none_or(|rules| rules.exclude_author) => {
                let what = format!("the plan {0} is not signed: {0}.sig is missing", path.display());
                return Err(approval_refusal("telform::signature::missing", what));
            }
            None => None,
        };
        let mut trust = Self { author, approvals: Vec::new() };
        let mut seen: Vec<Vouched> = trust.author.iter().map(Vouched::counts).collect();
        if let Some(rules) = rules {
            let judged = CountedApprovals::count_under_rules(plan.check_approvals(Some(&allowed)), rules, trust.author.as_ref());
            seen.extend(judged.checked.iter().map(Vouched::approval));
            if !judged.is_sufficient() {
                return Err(too_few(path, &judged, rules));
            }
            trust.approvals = judged.counted;
        }
        context.progress.on_event(&RunEvent::Vouched {
            digest: reviewed.digest(),
            author: trust.author.as_ref(),
            approvals: &trust.approvals,
            seen: &seen,
        });
        Ok(trust)
    }

    /// Whether the approvals are still valid: the question before an apply may have been open for a long time.
    pub(crate) fn check_still_valid(&self) -> Result<(), RunError> {
        let now = Timestamp::now();
        match self.approvals.iter().find(|approval| approval.until <= now) {
            Some(over) => Err(approval_refusal(
                "telform::approval::expired",
                format!("the approval of {} expired at {}", over.by, over.until),
            )),
            None => Ok(()),
        }
    }
}

/// A command that applies something that cannot be signed, where only signed plans may run.
pub(crate) fn needs_a_plan(command: &str) -> Result<(), RunError> {
    let set = |name: &&str| std::env::var_os(name).is_some();
    if [APPROVALS, SIGNERS].iter().any(set) { Err(no_plan(command)) } else { Ok(()) }
}

fn no_plan(command: &str) -> RunError {
    let steps =
        |plan: &str, file: &str| format!("`{plan} --out {file}`, `telform approve {file} --sign KEY`, `telform apply {file}`");
    let apply = steps("telform plan", "plan.json");
    // A plan of the YAML would do the opposite of an undo.
    let help = match command {
        "resume" => {
            let undo = steps("telform undo RUN --plan", "undo.json");
            format!("`telform plan` says which run was interrupted. After an apply: {apply}. After an undo: {undo}")
        }
        undo if undo.starts_with("undo ") => steps(&format!("telform {undo} --plan"), "undo.json"),
        _ => apply,
    };
    RunError::refused(
        "telform::approval::no_plan",
        format!(
            "`telform {command}` would apply a plan that is neither signed nor approved; --approvals, --allowed-signers or their variables ({APPROVALS}, {SIGNERS}) require a saved plan"
        ),
        help,
    )
}

fn approval_refusal(code: &'static str, what: String) -> RunError {
    RunError::refused(
        code,
        format!("{what}; nothing was written"),
        "use the unchanged files of the signers, or plan again and have the new plan signed and approved",
    )
}

fn too_few(path: &Path, judged: &CountedApprovals, rules: ApprovalRules) -> RunError {
    let mut what = format!(
        "{} of {} approvals that the plan {} needs {}",
        judged.counted.len(),
        rules.required,
        path.display(),
        if judged.counted.len() == 1 { "counts" } else { "count" }
    );
    if judged.checked.is_empty() {
        what.push_str(&format!(": there are none in {}.approvals", path.display()));
    }
    for it in judged.checked.iter().map(Vouched::approval).filter(Vouched::is_refused) {
        let (file, why) = (it.file.unwrap_or_default(), it.why.unwrap_or_default());
        what.push_str(&format!("; {file}: {why}"));
    }
    let help = format!("`telform approve {} --sign KEY`", crate::text::shell_quote(&path.display().to_string()));
    RunError::refused(
        judged.code(),
        format!("{what}; nothing was written"),
        format!("each missing signer runs {help} on this plan and puts the written files next to it"),
    )
}

/// A number, or a file with rules.
fn parse_requirement(said: &str) -> Result<ApprovalsOption, RunError> {
    let said = said.trim();
    let wanted = match said.parse() {
        Ok(required) => ApprovalsOption { required, signers: None, not_author: false },
        Err(_) => read_rules_file(Path::new(said))?,
    };
    if wanted.required == 0 {
        return Err(rules_failure("0 approvals require nothing", "leave out --approvals if no plan needs any"));
    }
    Ok(wanted)
}

fn read_rules_file(path: &Path) -> Result<ApprovalsOption, RunError> {
    let no = |what: String| {
        rules_failure(
            &format!("the rules in {}: {what}", path.display()),
            "a number, or a file such as `{ required: 2, signers: allowed_signers, not_author: true }`",
        )
    };
    let text = disk::open_file(path).and_then(|file| disk::bounded_text(file, MOST_BYTES));
    let text = text.map_err(|error| no(error.to_string()))?;
    let mut value: serde_json::Value = serde_yaml::from_str(&text).map_err(|error| no(error.to_string()))?;
    // The same under a heading, as among other settings.
    if let Some(map) = value.as_object_mut()
        && map.len() == 1
        && let Some(inner) = map.remove("approvals")
    {
        value = inner;
    }
    let mut wanted: ApprovalsOption = serde_json::from_value(value).map_err(|error| no(error.to_string()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    wanted.signers = wanted.signers.map(|signers| folder.join(signers));
    Ok(wanted)
}

fn rules_failure(what: &str, help: &str) -> RunError {
    RunError::other("telform::approval::rules", what, help)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    /// The question before an apply may be answered long after the approvals were checked.
    #[test]
    fn an_approval_that_expired_meanwhile_counts_no_more() {
        let at = Timestamp::now();
        let until = |minutes| at + SignedDuration::from_mins(minutes);
        let trust = |until| {
            let (by, key) = ("ann".to_owned(), String::new());
            let approval = Approval { by, key, digest: String::new(), plan: String::new(), at, until };
            PlanTrust { author: None, approvals: vec![approval] }
        };
        assert!(trust(until(5)).check_still_valid().is_ok());
        let error = trust(until(-5)).check_still_valid().expect_err("expired");
        assert_eq!(error.parts().0, "telform::approval::expired");
        assert!(PlanTrust::default().check_still_valid().is_ok());
    }
}
