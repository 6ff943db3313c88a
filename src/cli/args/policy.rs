//! Options for programs that judge plans.

use clap::Args;

use crate::policy::Policy;
use crate::program::variable;

/// Programs that judge the plan.
#[derive(Debug, Args, Clone, Default)]
pub struct PolicyArgs {
    /// Show the plan as JSON to this program on its standard input, and refuse unless it exits with 0; repeatable. Split at
    /// spaces, no shell
    #[arg(long = "policy", value_name = "CMD", value_parser = policy)]
    pub policies: Vec<Policy>,
    /// Give this variable to the policies, beside PATH, HOME, TMPDIR and the language; repeatable
    #[arg(
        long,
        value_name = "NAME",
        env = "TELFORM_POLICY_ENV",
        value_delimiter = ',',
        value_parser = variable
    )]
    pub policy_env: Vec<String>,
}

fn policy(text: &str) -> Result<Policy, String> {
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    if words.is_empty() {
        return Err("name a program and its arguments, such as `python3 rules.py`".to_owned());
    }
    Ok(Policy { words, folder: None })
}
