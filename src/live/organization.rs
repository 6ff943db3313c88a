//! Is the account's organization one that the service knows? (unpod.md 4.1)

use std::collections::BTreeSet;

use super::bridges::Bridges;
use super::{LiveError, Reader};
use crate::api::{ApiError, Json, Verdict};
use crate::backend::unpod::{BRIDGES_G2, answer, rows};
use crate::resource::Organization;
use crate::value::Value;

/// Sent where the account names no product: any text does for asking whether a handle is known (unpod.md 4.1). It goes with
/// that one GET and no other call: the answer is no list of bridges, and a PATCH would stamp it on a bridge.
const ANY_PRODUCT: &str = "telform-asks-for-the-organization";

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
        let listed = match organizations {
            Ok(body) => rows::rows(&body, false)
                .map(<[Value]>::to_vec)
                .map_err(|what| LiveError::shape(self.account, tried, what)),
            Err(error) => Err(LiveError::request(self.account, tried, error)),
        };
        let refused = match listed {
            Ok(rows) => {
                let handles: BTreeSet<&str> =
                    rows.iter().filter_map(|row| row.get("domain_handle")?.as_str()).collect();
                // The service compares handles exactly; letter case counts (unpod.md 2.3, recorded).
                if handles.contains(handle.as_str()) {
                    return Ok(Organization::Confirmed);
                }
                return Err(self.unknown_organization(handle, &handles));
            }
            Err(error) => self.unsettled(error)?,
        };
        let own = |row: &Value| self.account.backend.owner_in(row).flatten().as_ref() == Some(handle);
        if configurations.iter().any(own) {
            return Ok(Organization::Confirmed);
        }
        self.organization_by_bridges(handle, bridges, &refused).await
    }

    /// Why the list of organizations does not tell, where something else may; else the error. Generation 1 refuses API tokens
    /// here that are good everywhere else (recorded); older ones may lack the path.
    fn unsettled(&self, error: LiveError) -> Result<String, LiveError> {
        let verdict = error.request.as_ref().map(|request| request.verdict);
        match (verdict, &error.request) {
            (Some(Verdict::Unauthorized | Verdict::NoSuchPath | Verdict::Gone), Some(request)) => {
                Ok(format!("this token may not list its organizations ({request})"))
            }
            _ if self.scope.whole || !error.is_about_the_listing() => Err(error),
            (_, Some(request)) => Ok(format!("the list of organizations cannot be read ({request})")),
            (_, None) => Ok(format!("the list of organizations cannot be read: {}", error.means)),
        }
    }

    /// The only other check that an API token can make: the bridge list, which answers 206 for an unknown handle. Nothing but
    /// rows says that the handle is known.
    async fn organization_by_bridges(
        &self,
        handle: &str,
        bridges: Option<&Result<Bridges, LiveError>>,
        refused: &str,
    ) -> Result<Organization, LiveError> {
        let unknown = || Err(self.unknown_organization(handle, &BTreeSet::new()));
        match bridges {
            Some(Ok(_)) => return Ok(Organization::Confirmed),
            Some(Err(error)) if error.request.as_ref().is_some_and(|error| self.unknown_by(error)) => {
                return unknown();
            }
            _ => {}
        }
        let product = self.account.product_ids.first().map_or(ANY_PRODUCT, String::as_str);
        let query = [("page", "1".to_owned()), ("page_size", "1".to_owned())];
        let why = match self.ask_for(BRIDGES_G2.collection, &query, Some(product)).await {
            Ok(body) => match rows::rows(&body, false) {
                Ok(_) => return Ok(Organization::Confirmed),
                Err(what) => format!("the list of bridges came back in another form: {what}"),
            },
            Err(error) if self.unknown_by(&error) => return unknown(),
            Err(error) => error.to_string(),
        };
        let why = format!("{refused}, and the list of bridges does not tell ({why})");
        Ok(Organization::Unconfirmed(why))
    }

    /// Whether a bridge list was refused because nobody knows the organization.
    fn unknown_by(&self, error: &ApiError) -> bool {
        self.refused(error) && answer::says_unknown_organization(&error.text)
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
