//! Accounts without a token: they stop what needs them, and nothing else.

use std::collections::BTreeSet;

use super::exit::Failure;
use super::session::Session;
use crate::problem::Problems;
use crate::resource::Live;

impl Session {
    /// Reads these accounts of those that are asked, and no other.
    pub(crate) async fn read_only(&mut self, accounts: &BTreeSet<String>) -> Result<Live, Failure> {
        let all = self.asked.clone();
        self.asked.retain(|name| accounts.contains(name));
        let live = self.read().await;
        self.asked = all;
        live
    }

    /// An error unless these accounts have a token: from here on they are needed.
    pub(crate) fn need_tokens(&self, needed: impl Fn(&str) -> bool) -> Result<(), Failure> {
        let mut problems = Problems::default();
        for (_, problem) in self.no_token.iter().filter(|(name, _)| needed(name)) {
            let help = problem.help.as_deref().unwrap_or("supply it");
            problems.push(problem.clone().help(format!("{help}, or name others with `--account NAME`")));
        }
        problems.is_empty().then_some(()).ok_or_else(|| problems.sorted().into())
    }
}
