//! Checks whether the service knows the account's organization (unpod.md 4.1).

use std::collections::BTreeSet;

use super::bridges::BridgeRows;
use super::read::UnpodReader;
use super::{BRIDGES_G2, error_texts};
use crate::http::{AnswerClass, ApiError, LazyJson};
use crate::model::resource::OrganizationCheck;
use crate::model::value::Value;
use crate::read::ReadError;

/// Sent where the account names no product: any text is accepted when asking whether a handle is known (unpod.md 4.1). It
/// is sent with that one GET and no other call: the answer is not a list of bridges, and a PATCH would write it to a
/// bridge.
const ANY_PRODUCT: &str = "telform-asks-for-the-organization";

impl UnpodReader<'_> {
    /// Whether the handle is one that the service knows (unpod.md 4.1). A wrong one may be answered with success and
    /// with data of no organization (fact 6), so nothing is planned before this is settled.
    pub(super) async fn organization(
        &self,
        organizations: Result<LazyJson, ApiError>,
        configurations: &[Value],
        bridges: Option<&Result<BridgeRows, ReadError>>,
    ) -> Result<OrganizationCheck, ReadError> {
        let tried = "checking the organization";
        let Some(handle) = self.account.organization() else {
            let way_out = format!("Set `accounts.{}.org_handle`", self.account.name);
            return Err(ReadError::new(
                "telform::live::organization",
                self.account,
                tried,
                "the account does not name an organization",
                &way_out,
            ));
        };
        let listed = match organizations {
            Ok(body) => self
                .account
                .service
                .envelope
                .rows(&body, false)
                .map(<[Value]>::to_vec)
                .map_err(|what| ReadError::wrong_shape(self.account, tried, &what)),
            Err(error) => Err(ReadError::from_request(self.account, tried, error)),
        };
        let refused = match listed {
            Ok(rows) => {
                let handles: BTreeSet<&str> = rows.iter().filter_map(|row| row.get("domain_handle")?.as_str()).collect();
                // The service compares handles exactly; letter case counts (unpod.md 2.3, recorded).
                if handles.contains(handle) {
                    return Ok(OrganizationCheck::Confirmed);
                }
                return Err(self.unknown_organization(handle, &handles));
            }
            Err(error) => self.unsettled(error)?,
        };
        let own = |row: &Value| self.account.service.owner_in(row).flatten().as_deref() == Some(handle);
        if configurations.iter().any(own) {
            return Ok(OrganizationCheck::Confirmed);
        }
        self.organization_by_bridges(handle, bridges, &refused).await
    }

    /// Why the list of organizations does not decide, where another check may; else the error. Generation 1 refuses API
    /// tokens here that are valid everywhere else (recorded); older ones may lack the path.
    fn unsettled(&self, error: ReadError) -> Result<String, ReadError> {
        let verdict = error.request.as_ref().map(|request| request.class);
        match (verdict, &error.request) {
            (Some(AnswerClass::Unauthorized | AnswerClass::NoSuchPath | AnswerClass::Gone), Some(request)) => {
                Ok(format!("this token may not list its organizations ({request})"))
            }
            _ if self.scope.fail_on_unlisted || !error.is_about_the_listing() => Err(error),
            (_, Some(request)) => Ok(format!("the list of organizations cannot be read ({request})")),
            (_, None) => Ok(format!("the list of organizations cannot be read: {}", error.means)),
        }
    }

    /// The only other check that an API token can make: the bridge list, which answers 206 for an unknown handle. Only rows
    /// prove that the handle is known.
    async fn organization_by_bridges(
        &self,
        handle: &str,
        bridges: Option<&Result<BridgeRows, ReadError>>,
        refused: &str,
    ) -> Result<OrganizationCheck, ReadError> {
        let unknown = || Err(self.unknown_organization(handle, &BTreeSet::new()));
        match bridges {
            Some(Ok(_)) => return Ok(OrganizationCheck::Confirmed),
            Some(Err(error)) if error.request.as_ref().is_some_and(|error| self.unknown_by(error)) => {
                return unknown();
            }
            _ => {}
        }
        let product = self.account.products().first().copied().unwrap_or(ANY_PRODUCT);
        let query = [("page", "1".to_owned()), ("page_size", "1".to_owned())];
        let why = match self.ask_for(BRIDGES_G2.collection, &query, Some(product)).await {
            Ok(body) => match self.account.service.envelope.rows(&body, false) {
                Ok(_) => return Ok(OrganizationCheck::Confirmed),
                Err(what) => format!("the list of bridges came back in another form: {what}"),
            },
            Err(error) if self.unknown_by(&error) => return unknown(),
            Err(error) => error.to_string(),
        };
        let why = format!("{refused}, and the list of bridges does not show it ({why})");
        Ok(OrganizationCheck::Unconfirmed(why))
    }

    /// Whether a bridge list was refused because the organization is unknown.
    fn unknown_by(&self, error: &ApiError) -> bool {
        self.says_refused(error) && error_texts::says_unknown_organization(&error.text)
    }

    fn unknown_organization(&self, handle: &str, known: &BTreeSet<&str>) -> ReadError {
        let shown: Vec<&str> = known.iter().copied().take(10).collect();
        let who = if shown.is_empty() {
            format!("the service has no organization `{handle}`")
        } else {
            format!("no organization of this token has the handle `{handle}`; it has {}", shown.join(", "))
        };
        ReadError::new(
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
