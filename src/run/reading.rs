//! How a session reads its services.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use super::progress::Busy;
use super::{Run, RunError, accounts};
use crate::analysis::drift::NotCompared;
use crate::config::problem::Problems;
use crate::http::ReadOnly;
use crate::model::ledger::Ledger;
use crate::model::resource::{Desired, LiveState};
use crate::plan::needed_fields;
use crate::read::{self, ObjectDetail, ReadError, ReadScope};
use crate::services;
use crate::text::shell_quote;

impl Run {
    /// Reads the services.
    pub async fn read(&self) -> Result<LiveState, RunError> {
        self.read_for(&self.desired, self.options.destroy, ObjectDetail::Writable, false).await
    }

    /// The same for a command that cannot report what could not be listed.
    pub(crate) async fn read_whole(&self) -> Result<LiveState, RunError> {
        self.read_for(&self.desired, self.options.destroy, ObjectDetail::Writable, true).await
    }

    /// Reads the services for a plan and nothing else.
    pub(crate) async fn read_for_plan(&self) -> Result<LiveState, RunError> {
        self.read_for(&self.desired, self.options.destroy, ObjectDetail::Needed(needed_fields), false).await
    }

    /// Reads all that these files mention, as if everything were to be deleted.
    pub(crate) async fn read_all(&self, desired: &Desired) -> Result<LiveState, RunError> {
        self.read_for(desired, true, ObjectDetail::Writable, false).await
    }

    /// The same for a plan. Accounts that cannot be read are left out of the run where that was asked for.
    pub(crate) async fn read_or_leave_out(&mut self, view: ObjectDetail<'_>) -> Result<LiveState, RunError> {
        let (live, errors) = self.read_each(&self.desired, self.options.destroy, view, false).await;
        if !self.skip_unreadable {
            let hint = "; `--skip-unreadable` leaves out every account that cannot be read";
            return self.all_or_nothing(live, &errors, if self.saved { "" } else { hint });
        }
        if live.accounts.is_empty() {
            self.need_tokens(|_| true)?;
            return self.all_or_nothing(live, &errors, "");
        }
        let failed =
            errors.into_iter().map(|error| (error.account, format!("{}: {} [{}]", error.tried, error.means, error.code)));
        let no_token = std::mem::take(&mut self.no_token).into_iter().map(|(name, problem)| (name, problem.message));
        let unreadable = failed.chain(no_token).collect();
        self.leave_out(unreadable);
        Ok(live)
    }

    /// From now on the run is about the other accounts.
    pub(crate) fn leave_out(&mut self, unreadable: BTreeMap<String, String>) {
        self.asked.retain(|name| !unreadable.contains_key(name));
        self.options.leave_out(&self.desired, unreadable);
    }

    async fn read_for(
        &self,
        desired: &Desired,
        destroy: bool,
        view: ObjectDetail<'_>,
        whole: bool,
    ) -> Result<LiveState, RunError> {
        let (live, errors) = self.read_each(desired, destroy, view, whole).await;
        self.all_or_nothing(live, &errors, "")
    }

    /// What was read, where all of it was.
    fn all_or_nothing(&self, live: LiveState, errors: &[ReadError], hint: &str) -> Result<LiveState, RunError> {
        let failed: Vec<&str> = errors.iter().map(|error| error.account.as_str()).collect();
        let others: Vec<&str> = self.asked.iter().map(String::as_str).filter(|name| !failed.contains(name)).collect();
        let Some(mut error) = errors.first().cloned() else { return Ok(live) };
        if !others.is_empty() {
            let without = if self.saved {
                let names: Vec<String> = others.iter().map(|name| format!("--account {}", shell_quote(name))).collect();
                format!("plan again with {}", names.join(" "))
            } else {
                format!("run `{}`", accounts::limited_to(&self.context.options.command_line, &others))
            };
            error.help.push_str(&format!(". To leave this account out, {without}{hint}"));
        }
        Err(error.into())
    }

    /// Reads the services, and reports for each account that could not be read the reason.
    pub(crate) async fn read_each(
        &self,
        desired: &Desired,
        destroy: bool,
        view: ObjectDetail<'_>,
        whole: bool,
    ) -> (LiveState, Vec<ReadError>) {
        let _busy = self.context.progress.busy(Busy::Reading);
        let told = |listed: &read::ListingProgress<'_>| self.context.progress.on_listed(listed);
        let api = ReadOnly::new(&self.api);
        let known = self.owners.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let scope =
            ReadScope { destroy, view, accounts_to_read: Some(&self.asked), fail_on_unlisted: whole, owners: Some(&known) };
        let began = jiff::Timestamp::now();
        let (mut live, errors) =
            read::read_each(services::reading_of, &api, desired, &self.ledger, &self.key, scope, &told).await;
        live.read_at = Some(began);
        let told = live.accounts.iter().map(|(name, read)| (name.clone(), read.facts.token_owner.clone()));
        self.owners.lock().unwrap_or_else(PoisonError::into_inner).extend(told);
        (live, errors)
    }

    /// The accounts that could not be read, of those that were asked, and why. If none could, that is an error.
    pub(crate) fn unread_accounts(&self, live: &LiveState, errors: &[ReadError]) -> Result<Vec<NotCompared>, RunError> {
        if live.accounts.is_empty() {
            if let Some(error) = errors.first() {
                return Err(error.clone().into());
            }
            if !self.no_token.is_empty() {
                let mut problems = Problems::default();
                self.no_token.values().for_each(|problem| problems.push(problem.clone()));
                return Err(problems.sorted().into());
            }
        }
        let account = |name: &str| format!("account {name}");
        let tokens = self
            .no_token
            .iter()
            .map(|(name, problem)| NotCompared::new(account(name), &problem.message, problem.help.clone().unwrap_or_default()));
        let failed = errors.iter().map(|error| {
            let why = format!("{}: {} [{}]", error.tried, error.means, error.code);
            NotCompared::new(account(&error.account), why, &error.help)
        });
        Ok(tokens.chain(failed).collect())
    }

    /// Reads only these accounts among those of the run.
    pub(crate) async fn read_only(&mut self, accounts: &BTreeSet<String>) -> Result<LiveState, RunError> {
        let all = self.asked.clone();
        self.asked.retain(|name| accounts.contains(name));
        let live = self.read().await;
        self.asked = all;
        live
    }

    /// Refuses what was read with tokens whose owners differ from those in a ledger.
    pub(crate) fn check_owners(&self, ledger: &Ledger, live: &LiveState) -> Result<(), ReadError> {
        let read = live.accounts.iter().filter_map(|(name, it)| Some((self.desired.accounts.get(name)?, it)));
        read.into_iter().try_for_each(|(account, it)| read::check_owner(account, ledger, &it.facts.token_owner))
    }
}
