//! Is the account's organization one that the service knows? (unpod.md 4.1)

use std::collections::BTreeSet;

use super::bridges::Bridges;
use super::{LiveError, Reader};
use crate::api::{ApiError, Json, Verdict};
use crate::backend::unpod::{answer, rows};
use crate::resource::Organization;
use crate::value::Value;

impl Reader<'_> {
    /// Whether the handle is one that the service knows (unpod.md 4.1). A wrong one may well answer with success and
    /// nobody's data (fact 6), so nothing is planned before this is settled.
    pub(super) async fn organization(
        &self,
        organizations: Result<Json, ApiError>,
        configurations: &[Value],
        bridges: Option<&Result<Bridges, LiveError>>,
    ) -> Result<Organization, LiveError> {
        let tried = "checking the organization";
        let Some(handle) = &self.account.org_handle else {
            let way_out = format!("Set `accounts.{}.org_handle`", self.account.name);
            return Err(LiveError::new(
                "telform::live::organization",
                self.account,
                tried,
                "the account names no organization",
                &way_out,
            ));
        };
        let refused = match organizations {
            Ok(body) => {
                let rows =
                    rows::rows(&body, false).map_err(|what| LiveError::shape(self.account, tried, what))?;
                let handles: BTreeSet<&str> =
                    rows.iter().filter_map(|row| row.get("domain_handle")?.as_str()).collect();
                // The service compares handles exactly; letter case counts (unpod.md 2.3, recorded).
                if handles.contains(handle.as_str()) {
                    return Ok(Organization::Confirmed);
                }
                return Err(self.unknown_organization(handle, &handles));
            }
            // Generation 1 refuses API tokens here that are good everywhere else (recorded); older ones may lack the path.
            Err(error)
                if matches!(error.verdict, Verdict::Unauthorized | Verdict::NoSuchPath | Verdict::Gone) =>
            {
                error
            }
            Err(error) => return Err(LiveError::request(self.account, tried, error)),
        };
        let own = |row: &Value| rows::organization_of(row).flatten().as_ref() == Some(handle);
        if configurations.iter().any(own) {
            return Ok(Organization::Confirmed);
        }
        self.organization_by_bridges(handle, bridges, &refused).await
    }

    /// The only other check that an API token can make: the bridge list, which answers 206 for an unknown handle.
    async fn organization_by_bridges(
        &self,
        handle: &str,
        bridges: Option<&Result<Bridges, LiveError>>,
        refused: &ApiError,
    ) -> Result<Organization, LiveError> {
        let known = match bridges {
            Some(Ok(_)) => true,
            Some(Err(error)) => error.request.as_ref().is_none_or(|error| !self.unknown_by(error)),
            None if self.account.product_id.is_some() => {
                let query = [("page", "1".to_owned()), ("page_size", "1".to_owned())];
                match self.ask("telephony/bridges/", &query).await {
                    Ok(_) => true,
                    Err(error) if self.unknown_by(&error) => false,
                    Err(error) => return Ok(Organization::Unconfirmed(self.unconfirmed(&error))),
                }
            }
            None => return Ok(Organization::Unconfirmed(self.unconfirmed(refused))),
        };
        // An error of the bridge list that is not about the organization is reported when the bridges are looked at.
        if known {
            Ok(Organization::Confirmed)
        } else {
            Err(self.unknown_organization(handle, &BTreeSet::new()))
        }
    }

    /// Whether a bridge list was refused because nobody knows the organization.
    fn unknown_by(&self, error: &ApiError) -> bool {
        self.refused(error) && answer::says_unknown_organization(&error.text)
    }

    fn unconfirmed(&self, error: &ApiError) -> String {
        let hint = if self.account.product_id.is_none() {
            format!("; with `accounts.{}.product_id` set, the bridge list can confirm it", self.account.name)
        } else {
            String::new()
        };
        format!("this token may not list its organizations ({error}), and no configuration names one{hint}")
    }

    fn unknown_organization(&self, handle: &str, known: &BTreeSet<&str>) -> LiveError {
        let shown: Vec<&str> = known.iter().copied().take(10).collect();
        let who = if shown.is_empty() {
            format!("the service knows no organization `{handle}`")
        } else {
            format!("no organization of this token has the handle `{handle}`; it has {}", shown.join(", "))
        };
        LiveError::new(
            "telform::live::organization",
            self.account,
            "checking the organization",
            &format!(
                "{who}. Under a wrong handle the service may answer with empty lists, and keep what is created out of \
                      reach"
            ),
            &format!(
                "Set `accounts.{}.org_handle` to the handle as the service writes it; letter case counts",
                self.account.name
            ),
        )
    }
}
