//! Options for programs that judge plans.

use clap::Args;

use crate::process::parse_variable_name;
use crate::process::policy::Policy;
use crate::run::PolicyOptions;

/// Programs that judge the plan.
#[derive(Debug, Args, Clone, Default)]
pub struct PolicyArgs {
    /// Refuse unless this program accepts the plan
    ///
    /// It gets the plan as JSON on its standard input, and accepts it with exit code 0. Split at spaces, no shell; repeatable.
    #[arg(long = "policy", value_name = "CMD", value_parser = parse_policy)]
    pub policies: Vec<Policy>,
    /// Pass this variable to the policies, repeatable
    ///
    /// In addition to PATH, HOME, TMPDIR and the language.
    #[arg(
        long,
        value_name = "NAME",
        env = "TELFORM_POLICY_ENV",
        value_delimiter = ',',
        value_parser = parse_variable_name
    )]
    pub policy_env: Vec<String>,
}

impl PolicyArgs {
    /// The same for a run.
    pub(crate) fn given(&self) -> PolicyOptions {
        PolicyOptions { policies: self.policies.clone(), variables: self.policy_env.clone() }
    }
}

fn parse_policy(text: &str) -> Result<Policy, String> {
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    if words.is_empty() {
        return Err("name a program and its arguments, such as `python3 rules.py`".to_owned());
    }
    Ok(Policy { command: words, folder: None })
}
