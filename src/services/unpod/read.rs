//! Reads an Unpod account: organization, configurations under either spelling, catalogue, generation, and the bridges when
//! they are needed (unpod.md 3, 4, 5, 10).

use std::collections::BTreeSet;
use std::ops::Deref;

use futures_util::future::join_all;

use super::attribution::{ConfigurationRow, ConnectionEvidence, attribute_connections, unseen_candidates};
use super::bridges::BridgeRows;
use super::generation::{GenerationConflict, detect_generation};
use super::{BRIDGES_G2, CONFIGURATIONS, PROVIDERS_G2, TABLE, catalogue, rows};
use crate::http::AnswerClass;
use crate::model::kind::{Kind, NumberParameter, text_of, whole_of};
use crate::model::resource::{AccountFacts, CatalogueEntry, Connection, Known, LiveAccount, LiveNumber, LiveObject, ServedBy};
use crate::model::value::Value;
use crate::read::{
    AccountReader, KindByKind, LoginCheck, ReadError, ReadService, Reading, RefreshedConnections, parse_object, unreadable_object,
};

/// The kind whose objects serve numbers; both generations' tables have this name.
pub(super) const PROVIDERS: &str = PROVIDERS_G2.name;

/// The listing of configurations, and the path spelling that answered.
pub(super) struct ConfigurationListing {
    spelling: &'static str,
    pub(super) rows: Vec<Value>,
}

/// Everything together: which generation answers, whether the organization is known and whose connection is whose must be settled
/// before any row means anything (unpod.md 3, 4, 10).
#[derive(Debug)]
pub(super) struct UnpodReading;

impl ReadService for UnpodReading {
    fn account<'a>(&'a self, reader: &'a AccountReader<'a>) -> Reading<'a, LiveAccount> {
        Box::pin(async move { UnpodReader(reader).read_account().await })
    }

    fn login<'a>(&'a self, reader: &'a AccountReader<'a>) -> Reading<'a, LoginCheck> {
        Box::pin(async move { UnpodReader(reader).greet().await })
    }

    fn list<'a>(
        &'a self,
        reader: &'a AccountReader<'a>,
        kind: &'static Kind,
        facts: &'a AccountFacts,
    ) -> Reading<'a, Vec<(String, LiveObject)>> {
        Box::pin(async move {
            if kind.name != BRIDGES_G2.name {
                return KindByKind.list(reader, kind, facts).await;
            }
            let tried = format!("listing the {} again", kind.name);
            let rows = UnpodReader(reader).listed_bridges().await?;
            reader.named_rows(kind, &tried, rows)
        })
    }

    fn connections<'a>(
        &'a self,
        reader: &'a AccountReader<'a>,
        facts: &'a AccountFacts,
        targets: &'a [LiveObject],
        holders: &'a BTreeSet<String>,
    ) -> Reading<'a, RefreshedConnections> {
        Box::pin(async move { UnpodReader(reader).reread(facts, targets, holders).await })
    }
}

/// A reader of an account of this service.
#[derive(Clone, Copy)]
pub(super) struct UnpodReader<'a>(&'a AccountReader<'a>);

impl<'a> Deref for UnpodReader<'a> {
    type Target = AccountReader<'a>;

    fn deref(&self) -> &AccountReader<'a> {
        self.0
    }
}

impl UnpodReader<'_> {
    /// The first look: one listing of configurations, which tell the most.
    async fn greet(&self) -> Result<LoginCheck, ReadError> {
        let found = match self.configurations().await {
            Ok(found) => found.rows,
            Err(error) => return Err(self.why_forbidden(error).await),
        };
        // Without conclusive rows, nothing contradicts what the account says; the catalogue is not read here.
        let generation = match detect_generation(None, &found, &[]) {
            Ok(None) => self.account.generation(),
            _ => self.generation(&found, &[])?,
        };
        let handle = self.account.organization();
        let own = |row| handle.is_some() && self.account.service.owner_in(row).flatten().as_deref() == handle;
        let organization = found.iter().any(own);
        Ok(LoginCheck { kind: PROVIDERS, objects: found.len(), has_more: false, generation, names_organization: organization })
    }

    /// A wrong organization is answered like a missing right; the list of organizations can tell the two apart.
    async fn why_forbidden(&self, error: ReadError) -> ReadError {
        if error.request.as_ref().is_none_or(|request| request.class != AnswerClass::Forbidden) {
            return error;
        }
        match self.organization(self.get_json("organizations/", &[]).await, &[], None).await {
            Err(found) if found.request.is_none() => found,
            _ => error,
        }
    }

    async fn read_account(&self) -> Result<LiveAccount, ReadError> {
        let early = self.links_matter();
        // None of these reads depends on another. Errors are checked in the order of how much they explain.
        let (organizations, configurations, catalogue, bridges) =
            tokio::join!(self.get_json("organizations/", &[]), self.configurations(), self.catalogue(), async {
                if early { Some(self.bridges().await) } else { None }
            },);
        let unauthorized =
            |error: &ReadError| error.request.as_ref().is_some_and(|error| error.class == AnswerClass::Unauthorized);
        let configurations = match configurations {
            Err(error) if unauthorized(&error) => return Err(error),
            other => other,
        };
        let rows = configurations.as_ref().map_or(&[][..], |found| &found.rows);
        let organization = self.organization(organizations, rows, bridges.as_ref()).await?;
        let unlisted = configurations.as_ref().err().map(|error| self.listing_failure(error)).transpose()?;
        let catalogue = match catalogue {
            Ok(catalogue) => catalogue,
            // The other errors of this reading are more informative.
            Err(error) => self.listing_failure(&error).map(|_| None)?,
        };
        let listed = catalogue.as_deref().unwrap_or_default();
        let generation = self.generation(rows, listed)?;
        let facts = AccountFacts {
            generation,
            configurations: configurations.as_ref().ok().map(|found| found.spelling.to_owned()),
            organization,
            catalogue: catalogue::complete_from_configurations(catalogue::parse_entries(listed), rows),
            catalogue_known: catalogue.is_some(),
            ..AccountFacts::default()
        };
        let mut live = LiveAccount { facts, ..LiveAccount::default() };
        let mut first = None;
        match (configurations, unlisted) {
            (Ok(found), _) => {
                if let Err(error) = self.take_configurations(&found, &mut live).await {
                    live.listing_failures.insert(PROVIDERS, self.listing_failure(&error)?);
                    first = Some(error);
                }
            }
            // Each generation writes different things, and the rows would have shown which one answers.
            (Err(error), _) if generation.is_none() => return Err(error),
            (Err(error), unlisted) => {
                live.listing_failures.extend(unlisted.map(|why| (PROVIDERS, why)));
                first = Some(error);
            }
        }
        let bridges = match bridges {
            None if self.replaces_one(&live) => Some(self.bridges().await),
            other => other,
        };
        match bridges {
            Some(Ok(bridges)) => self.take_bridges(bridges, &mut live).await?,
            Some(Err(error)) => {
                let why = self.listing_failure(&error)?;
                live.listing_failures.insert(BRIDGES_G2.name, why.clone());
                live.connections_failure = Some(why);
                first = first.or(Some(error));
            }
            None => {}
        }
        self.some_listing(live, first)
    }

    /// The documented spelling first; an HTML 404 there means the other one (unpod.md fact 2).
    pub(super) async fn configurations(&self) -> Result<ConfigurationListing, ReadError> {
        let tried = "listing the provider configurations";
        let mut last = None;
        for &spelling in CONFIGURATIONS.words {
            match self.get_json(&PROVIDERS_G2.filled(PROVIDERS_G2.collection, Some(spelling), ""), &[]).await {
                Ok(body) => {
                    let rows = self
                        .account
                        .service
                        .envelope
                        .rows(&body, true)
                        .map_err(|what| ReadError::wrong_shape(self.account, tried, &what))?
                        .to_vec();
                    return Ok(ConfigurationListing { spelling, rows });
                }
                Err(error) if error.class == AnswerClass::NoSuchPath => last = Some(error),
                Err(error) => return Err(ReadError::from_request(self.account, tried, error)),
            }
        }
        let tried = "listing the provider configurations under either of its two spellings";
        Err(last.map_or_else(
            || ReadError::wrong_shape(self.account, tried, "no spelling to try"),
            |error| ReadError::from_request(self.account, tried, error),
        ))
    }

    /// The catalogue is optional: a service without it answers 404, and the result is `None`.
    async fn catalogue(&self) -> Result<Option<Vec<Value>>, ReadError> {
        let tried = "reading the catalogue of providers";
        match self.get_json("telephony/providers/", &[]).await {
            Ok(body) => self
                .account
                .service
                .envelope
                .rows(&body, true)
                .map(|rows| Some(rows.to_vec()))
                .map_err(|what| ReadError::wrong_shape(self.account, tried, &what)),
            Err(error) if matches!(error.class, AnswerClass::Gone | AnswerClass::NoSuchPath) => Ok(None),
            Err(error) => Err(ReadError::from_request(self.account, tried, error)),
        }
    }

    pub(super) fn generation(&self, configurations: &[Value], catalogue: &[Value]) -> Result<Option<u8>, ReadError> {
        let tried = "finding out which generation of the service answers";
        let setting = self.account.generation();
        let generation = detect_generation(setting, configurations, catalogue).map_err(|contradiction| match contradiction {
            GenerationConflict::Mixed => {
                ReadError::wrong_shape(self.account, tried, "configurations of both generations in one listing")
            }
            GenerationConflict::Setting { setting, shown } => ReadError::new(
                "telform::live::generation",
                self.account,
                tried,
                &format!(
                    "the YAML says generation {setting}, the answers are of generation {shown}; writing in the wrong \
                          one would be accepted and do nothing"
                ),
                &format!("Set `accounts.{}.generation` to auto or {shown}", self.account.name),
            ),
        })?;
        if generation.is_none() && !configurations.is_empty() {
            return Err(self.generation_untold());
        }
        Ok(generation)
    }

    fn generation_untold(&self) -> ReadError {
        ReadError::new(
            "telform::live::generation",
            self.account,
            "finding out which generation of the service answers",
            "there are configurations, but nothing in them or in the catalogue shows their generation",
            &format!("Set `accounts.{}.generation` to 1 or 2", self.account.name),
        )
    }

    /// Converts configurations into objects, and reads those in the ledger that are not listed one by one.
    async fn take_configurations(&self, found: &ConfigurationListing, live: &mut LiveAccount) -> Result<(), ReadError> {
        let tried = "listing the provider configurations";
        // Without a generation nothing is listed; any table is sufficient to read the objects in the ledger.
        let kind = TABLE.shape(PROVIDERS, live.facts.generation).unwrap_or(&PROVIDERS_G2);
        let mut objects = Vec::with_capacity(found.rows.len());
        for row in &found.rows {
            objects.extend(self.own_object(kind, row.clone(), live));
        }
        let listed: BTreeSet<String> = objects.iter().map(|object| object.id.clone()).collect();
        if listed.len() < objects.len() {
            return Err(ReadError::incomplete_listing(self.account, tried, "an id appears twice"));
        }
        let mut unseen: BTreeSet<String> = self.remembered_ids(PROVIDERS).map(str::to_owned).collect();
        unseen.retain(|id| !listed.contains(id) && live.foreign_owner(PROVIDERS, id).is_none());
        let read = join_all(unseen.iter().map(|id| self.row_by_id(kind, Some(found.spelling), id))).await;
        for (id, row) in unseen.into_iter().zip(read) {
            match row {
                Ok(Some(_)) if live.facts.generation.is_none() => return Err(self.generation_untold()),
                Ok(Some(row)) => objects.extend(self.own_object(kind, row, live)),
                Ok(None) => _ = live.missing.insert(id),
                Err(error) => {
                    let why = unreadable_object(error, false)?;
                    live.unreadable.entry(kind.name).or_default().insert(id, why);
                }
            }
        }
        objects.sort_by_key(|object| (object.id.len(), object.id.clone()));
        live.objects.insert(PROVIDERS, objects);
        Ok(())
    }

    /// The object in a row; if it belongs to another organization, or to none, only that fact is kept.
    fn own_object(&self, kind: &'static Kind, row: Value, live: &mut LiveAccount) -> Option<LiveObject> {
        if let Some(owner) = self.account.foreign_owner(&row) {
            if let Some(id) = row.get(kind.id).and_then(text_of) {
                live.foreign.entry(kind.name).or_default().insert(id, owner);
            }
            return None;
        }
        match parse_object(kind, row, self.key) {
            Ok(object) => Some(object),
            Err(what) => {
                live.malformed_rows.entry(kind.name).or_default().push(what);
                None
            }
        }
    }

    /// The connections according to the evidence and the ledger.
    pub(super) fn attributed(&self, evidence: &ConnectionEvidence<'_>) -> Vec<Connection> {
        let account = &self.account.name;
        attribute_connections(evidence, |bridge, number| {
            self.ledger.connected_configuration(account, bridge, number).map(str::to_owned)
        })
    }

    async fn take_bridges(&self, bridges: BridgeRows, live: &mut LiveAccount) -> Result<(), ReadError> {
        // Without a generation both tables would be sufficient; the older one names more fields.
        let Some(kind) = TABLE.shape(BRIDGES_G2.name, live.facts.generation.or(Some(1))) else {
            return Ok(());
        };
        let by_id = kind.link.is_some_and(|link| matches!(link.number(), Some(NumberParameter::Id(_))));
        let (numbers, unlinked) = match bridges.numbers {
            Ok(rows) => (rows, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        live.lists_numbers = !numbers.is_empty();
        for row in &numbers {
            if let Some(number) = rows::number_in(row) {
                let bridge = row.get("bridge_slug").and_then(Value::as_str).map(str::to_owned);
                // A number that is taken or closed has an id, too, in the newer rows of generation 1: its id would be sent
                // and silently skipped. A number on a bridge that is read gets its id from there.
                let id = row.get("id").and_then(whole_of).filter(|_| by_id && rows::is_offered(row));
                if let Some(spelling) = rows::spelling_in(row) {
                    live.spellings.insert((String::new(), number.clone()), spelling);
                }
                live.numbers.insert(number, LiveNumber { id, bridge });
            }
        }
        for row in &bridges.read {
            let slug = row.get("slug").and_then(Value::as_str).unwrap_or_default();
            for row in row.get("numbers").and_then(Value::as_array).into_iter().flatten() {
                if let (Some(number), Some(spelling)) = (rows::number_in(row), rows::spelling_in(row)) {
                    live.spellings.insert((slug.to_owned(), number), spelling);
                }
            }
        }
        let listed = live.objects.get(PROVIDERS).map_or(&[][..], Vec::as_slice);
        let configurations = configuration_rows(&live.facts.catalogue, listed);
        let evidence = ConnectionEvidence {
            generation: live.facts.generation,
            account: Some(self.account),
            configurations: &configurations,
            listed: &bridges.listed,
            bridges: &bridges.read,
            numbers: &numbers,
        };
        let mut connections = self.attributed(&evidence);
        // What the lists say about a bridge that cannot be read is not evidence of the numbers on it.
        connections.retain(|connection| !bridges.unreadable.contains_key(&connection.bridge));
        for connection in &mut connections {
            // The bridge may omit what the listing of configurations says.
            if let ServedBy::By { id, known: Known::Exact } = &connection.served_by
                && let Some(owner) = live.foreign.get(PROVIDERS).and_then(|foreign| foreign.get(id))
            {
                connection.served_by = ServedBy::Foreign { id: id.clone(), owner: owner.clone() };
            }
        }
        for connection in &connections {
            let number = live.numbers.entry(connection.number.clone()).or_default();
            number.id = connection.number_id.or(number.id);
            number.bridge = Some(connection.bridge.clone());
        }
        live.unseen_candidates = unseen_candidates(&evidence);
        live.unseen_candidates.retain(|bridge, _| !bridges.unreadable.contains_key(bridge));
        // Incomplete evidence is not evidence. The names of the configurations may be missing, too.
        live.connections_failure = unlinked.or_else(|| live.listing_failures.get(PROVIDERS).cloned());
        live.connections = live.connections_failure.is_none().then_some(connections);
        let mut objects = Vec::with_capacity(bridges.read.len());
        for row in &bridges.read {
            objects.extend(self.own_object(kind, row.clone(), live));
        }
        objects.sort_by(|a, b| a.id.cmp(&b.id));
        live.objects.insert(kind.name, objects);
        live.missing.extend(bridges.missing);
        if !bridges.unreadable.is_empty() {
            live.unreadable.insert(kind.name, bridges.unreadable);
        }
        Ok(())
    }
}

/// Configurations as the attribution sees them.
pub(super) fn configuration_rows(catalogue: &[CatalogueEntry], objects: &[LiveObject]) -> Vec<ConfigurationRow> {
    let provider =
        |object: &LiveObject| object.attributes.get("provider").and_then(|provider| catalogue::slug_of(catalogue, provider));
    objects.iter().map(|object| ConfigurationRow { id: object.id.clone(), provider: provider(object) }).collect()
}
