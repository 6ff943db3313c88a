//! Reads an Unpod account: organization, configurations under either spelling, catalogue, generation, and the bridges when
//! they matter (unpod.md 3, 4, 5, 10).

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::bridges::Bridges;
use super::error::unreadable;
use super::{LiveError, Reader, object};
use crate::api::Verdict;
use crate::backend;
use crate::backend::unpod::attribution::{Configuration, Evidence, attribute, unseen};
use crate::backend::unpod::generation::{Contradiction, detect};
use crate::backend::unpod::{BRIDGES_G2, CONFIGURATION_SPELLINGS, PROVIDERS_G2, catalogue, rows};
use crate::kind::{Access, Field, Kind, NumberWord, Type, text_of};
use crate::resource::{
    CatalogueEntry, Connection, DesiredObject, Facts, LiveAccount, LiveNumber, LiveObject, Target, Wanted,
};
use crate::text::fits_mask;
use crate::value::Value;

/// The kind whose objects serve numbers; both generations' tables have this name.
pub(super) const PROVIDERS: &str = PROVIDERS_G2.name;

/// The listing of configurations, and the spelling under which it was found.
pub(super) struct Configurations {
    spelling: &'static str,
    pub(super) rows: Vec<Value>,
}

impl Reader<'_> {
    pub(super) async fn read_unpod(&self) -> Result<LiveAccount, LiveError> {
        let early = self.bridges_matter();
        // Nothing here depends on anything else here. Errors are looked at in the order of what explains most.
        let (organizations, configurations, catalogue, bridges) =
            tokio::join!(self.ask("organizations/", &[]), self.configurations(), self.catalogue(), async {
                if early { Some(self.bridges().await) } else { None }
            },);
        let unauthorized = |error: &LiveError| {
            error.request.as_ref().is_some_and(|error| error.verdict == Verdict::Unauthorized)
        };
        let configurations = match configurations {
            Err(error) if unauthorized(&error) => return Err(error),
            other => other,
        };
        let rows = configurations.as_ref().map_or(&[][..], |found| &found.rows);
        let organization = self.organization(organizations, rows, bridges.as_ref()).await?;
        let unlisted = configurations.as_ref().err().map(|error| self.confined(error)).transpose()?;
        let catalogue = match catalogue {
            Ok(catalogue) => catalogue,
            // The other errors of this reading say more.
            Err(error) => self.confined(&error).map(|_| None)?,
        };
        let listed = catalogue.as_deref().unwrap_or_default();
        let generation = self.generation(rows, listed)?;
        let facts = Facts {
            generation,
            configurations: configurations.as_ref().ok().map(|found| found.spelling.to_owned()),
            organization,
            catalogue: catalogue::completed(catalogue::entries(listed), rows),
            catalogue_known: catalogue.is_some(),
        };
        let mut live = LiveAccount { facts, ..LiveAccount::default() };
        let mut first = None;
        match (configurations, unlisted) {
            (Ok(found), _) => {
                if let Err(error) = self.take_configurations(&found, &mut live).await {
                    live.unlisted.insert(PROVIDERS, self.confined(&error)?);
                    first = Some(error);
                }
            }
            // What is written is another thing in each generation, and the rows would have told.
            (Err(error), _) if generation.is_none() => return Err(error),
            (Err(error), unlisted) => {
                live.unlisted.extend(unlisted.map(|why| (PROVIDERS, why)));
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
                let why = self.confined(&error)?;
                live.unlisted.insert(BRIDGES_G2.name, why.clone());
                live.unlinked = Some(why);
                first = first.or(Some(error));
            }
            None => {}
        }
        self.some_listing(live, first)
    }

    /// The documented spelling first; an HTML 404 there means the other one (unpod.md fact 2).
    pub(super) async fn configurations(&self) -> Result<Configurations, LiveError> {
        let tried = "listing the provider configurations";
        let mut last = None;
        for spelling in CONFIGURATION_SPELLINGS {
            match self.ask(&PROVIDERS_G2.collection.replace("{configurations}", spelling), &[]).await {
                Ok(body) => {
                    let rows = rows::rows(&body, true)
                        .map_err(|what| LiveError::shape(self.account, tried, what))?
                        .to_vec();
                    return Ok(Configurations { spelling, rows });
                }
                Err(error) if error.verdict == Verdict::NoSuchPath => last = Some(error),
                Err(error) => return Err(LiveError::request(self.account, tried, error)),
            }
        }
        let tried = "listing the provider configurations under either of its two spellings";
        Err(last.map_or_else(
            || LiveError::shape(self.account, tried, "no spelling to try"),
            |error| LiveError::request(self.account, tried, error),
        ))
    }

    /// The catalogue is a help, not a need: a service without it answers 404, and then there is `None`.
    async fn catalogue(&self) -> Result<Option<Vec<Value>>, LiveError> {
        let tried = "reading the catalogue of providers";
        match self.ask("telephony/providers/", &[]).await {
            Ok(body) => rows::rows(&body, true)
                .map(|rows| Some(rows.to_vec()))
                .map_err(|what| LiveError::shape(self.account, tried, what)),
            Err(error) if matches!(error.verdict, Verdict::Gone | Verdict::NoSuchPath) => Ok(None),
            Err(error) => Err(LiveError::request(self.account, tried, error)),
        }
    }

    pub(super) fn generation(
        &self,
        configurations: &[Value],
        catalogue: &[Value],
    ) -> Result<Option<u8>, LiveError> {
        let tried = "finding out which generation of the service answers";
        let setting = self.account.generation;
        let generation = detect(setting, configurations, catalogue).map_err(|contradiction| match contradiction {
            Contradiction::Mixed => {
                LiveError::shape(self.account, tried, "configurations of both generations in one listing")
            }
            Contradiction::Setting { setting, shown } => LiveError::new(
                "telform::live::generation",
                self.account,
                tried,
                &format!("the YAML says generation {setting}, the answers are of generation {shown}; writing in the wrong \
                          one would be accepted and do nothing"),
                &format!("Set `accounts.{}.generation` to auto or {shown}", self.account.name),
            ),
        })?;
        if generation.is_none() && !configurations.is_empty() {
            return Err(self.generation_untold());
        }
        Ok(generation)
    }

    fn generation_untold(&self) -> LiveError {
        LiveError::new(
            "telform::live::generation",
            self.account,
            "finding out which generation of the service answers",
            "there are configurations, but nothing in them or in the catalogue tells their generation",
            &format!("Set `accounts.{}.generation` to 1 or 2", self.account.name),
        )
    }

    /// Configurations into objects, and the remembered ones that are not listed looked at one by one.
    async fn take_configurations(
        &self,
        found: &Configurations,
        live: &mut LiveAccount,
    ) -> Result<(), LiveError> {
        let tried = "listing the provider configurations";
        // Without a generation nothing is listed; any table will do to ask for what is remembered.
        let kind = backend::shape(PROVIDERS, live.facts.generation).unwrap_or(&PROVIDERS_G2);
        let mut objects = Vec::with_capacity(found.rows.len());
        for row in &found.rows {
            objects.extend(self.own_object(kind, row.clone(), live));
        }
        let listed: BTreeSet<String> = objects.iter().map(|object| object.id.clone()).collect();
        if listed.len() < objects.len() {
            return Err(LiveError::incomplete(self.account, tried, "an id appears twice"));
        }
        let mut unseen: BTreeSet<String> = self.remembered(PROVIDERS).map(str::to_owned).collect();
        unseen.retain(|id| !listed.contains(id) && live.foreign_owner(PROVIDERS, id).is_none());
        let read = join_all(unseen.iter().map(|id| self.configuration_by_id(kind, found.spelling, id))).await;
        for (id, row) in unseen.into_iter().zip(read) {
            match row {
                Ok(Some(_)) if live.facts.generation.is_none() => return Err(self.generation_untold()),
                Ok(Some(row)) => objects.extend(self.own_object(kind, row, live)),
                Ok(None) => _ = live.missing.insert(id),
                Err(error) => {
                    let why = unreadable(error, false)?;
                    live.unreadable.entry(kind.name).or_default().insert(id, why);
                }
            }
        }
        objects.sort_by_key(|object| (object.id.len(), object.id.clone()));
        live.objects.insert(PROVIDERS, objects);
        Ok(())
    }

    /// The object in a row; of one that says that it is another organization's, or nobody's, no more than that is kept.
    fn own_object(&self, kind: &'static Kind, row: Value, live: &mut LiveAccount) -> Option<LiveObject> {
        if let Some(owner) = self.account.foreign_owner(&row) {
            if let Some(id) = row.get(kind.id).and_then(text_of) {
                live.foreign.entry(kind.name).or_default().insert(id, owner);
            }
            return None;
        }
        match object(kind, row, self.key) {
            Ok(object) => Some(object),
            Err(what) => {
                live.odd_rows.entry(kind.name).or_default().push(what);
                None
            }
        }
    }

    async fn configuration_by_id(
        &self,
        kind: &'static Kind,
        spelling: &str,
        id: &str,
    ) -> Result<Option<Value>, LiveError> {
        let tried = format!("reading {} {id}", kind.singular);
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            // Anything but digits is an unrouted path there (unpod.md 5, recorded): no such object.
            return Ok(None);
        }
        let path = kind.member.replace("{configurations}", spelling).replace("{id}", id);
        match self.ask(&path, &[]).await {
            Ok(body) => {
                let row = rows::object(&body).map_err(|what| LiveError::shape(self.account, &tried, what))?;
                Ok(Some(Value::Object(row.clone())))
            }
            Err(error) if error.verdict == Verdict::Gone => Ok(None),
            Err(error) => Err(LiveError::request(self.account, &tried, error)),
        }
    }

    /// Whether the bridges are needed whatever the configurations turn out to be: they are managed themselves, or some
    /// configuration shall go, one that was replaced in a run that was cut off too.
    fn bridges_matter(&self) -> bool {
        let managed =
            self.kinds.iter().any(|kind| backend::shapes(kind).iter().any(|kind| kind.link.is_some()));
        let connected = |name: &str| backend::shapes(name).iter().any(|kind| kind.connected);
        let tombstone =
            self.desired.removed.iter().any(|gone| connected(&gone.address.kind) && self.may_hold(gone));
        let dropped = self.ledger.objects.iter().any(|(address, entry)| {
            connected(&address.kind)
                && entry.account == self.account.name
                && self.desired.kinds.contains(&address.kind)
                && self.desired.objects.get(address).is_none_or(|object| object.account != self.account.name)
        });
        let unfinished =
            self.ledger.objects.iter().any(|(address, entry)| {
                connected(&address.kind)
                    && self.kinds.contains(address.kind.as_str())
                    && entry.account == self.account.name
                    && !entry.former.is_empty()
                    || connected(&address.kind)
                        && entry.left_behind.iter().any(|left| left.account == self.account.name)
            }) || self.ledger.moves.iter().any(|open| open.account == self.account.name)
                || self.ledger.attempts.iter().any(|(address, attempt)| {
                    connected(&address.kind) && attempt.account == self.account.name
                });
        managed || tombstone || dropped || unfinished || self.pinned_to_replaced() || self.scope.destroy
    }

    /// Whether an entry of the YAML pins the id of a configuration that another one took the place of: it means the new one,
    /// and the old one may still be there.
    fn pinned_to_replaced(&self) -> bool {
        self.wanted(PROVIDERS).any(|object| {
            let entry = self.ledger.objects.get(&object.address);
            entry
                .zip(object.id.as_ref())
                .is_some_and(|(entry, id)| entry.account == self.account.name && entry.replaced.contains(id))
        })
    }

    /// Whether a desired configuration differs from its live object in something that needs a new object in its place.
    fn replaces_one(&self, live: &LiveAccount) -> bool {
        let Some(kind) = backend::shape(PROVIDERS, live.facts.generation) else { return false };
        let catalogue = &live.facts.catalogue;
        let objects = live.objects.get(PROVIDERS).map_or(&[][..], Vec::as_slice);
        self.wanted(PROVIDERS).any(|desired| {
            let id = desired
                .id
                .as_ref()
                .or_else(|| self.ledger.objects.get(&desired.address).map(|entry| &entry.id));
            let by_key = |object: &&LiveObject| {
                kind.natural_key.iter().all(|name| {
                    kind.field(name)
                        .is_some_and(|field| agrees(catalogue, field, desired, object) == Some(true))
                })
            };
            let matched =
                objects.iter().find(|object| Some(&object.id) == id).or_else(|| objects.iter().find(by_key));
            matched.is_some_and(|object| {
                let mut replacing = kind.fields.iter().filter(|field| field.access == Access::Replace);
                replacing.any(|field| {
                    !desired.ignore.contains(field.name)
                        && agrees(catalogue, field, desired, object) == Some(false)
                })
            })
        })
    }

    /// The connections that the evidence shows, with the ledger's help.
    pub(super) fn attributed(&self, evidence: &Evidence<'_>) -> Vec<Connection> {
        let account = &self.account.name;
        attribute(evidence, |bridge, number| {
            self.ledger.connected(account, bridge, number).map(str::to_owned)
        })
    }

    async fn take_bridges(&self, bridges: Bridges, live: &mut LiveAccount) -> Result<(), LiveError> {
        // Without a generation both tables would do; the older one names more fields.
        let Some(kind) = backend::shape(BRIDGES_G2.name, live.facts.generation.or(Some(1))) else {
            return Ok(());
        };
        let by_id = kind.link.is_some_and(|link| matches!(link.number, NumberWord::Id(_)));
        let (numbers, unlinked) = match bridges.numbers {
            Ok(rows) => (rows, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        for row in &numbers {
            if let Some(number) = rows::number_in(row) {
                let bridge = row.get("bridge_slug").and_then(Value::as_str).map(str::to_owned);
                // A number that is taken or closed has an id, too, in the newer rows of generation 1: its id would be sent
                // and skipped without a word. One on a bridge that is read gets its id from there.
                let id = row.get("id").and_then(rows::whole).filter(|_| by_id && rows::is_offered(row));
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
        let configurations = configurations(&live.facts.catalogue, listed);
        let evidence = Evidence {
            generation: live.facts.generation,
            account: Some(self.account),
            configurations: &configurations,
            listed: &bridges.listed,
            bridges: &bridges.read,
            numbers: &numbers,
        };
        let mut connections = self.attributed(&evidence);
        // What the lists say of a bridge that cannot be read is no evidence of what is on it.
        connections.retain(|connection| !bridges.unreadable.contains_key(&connection.bridge));
        for connection in &mut connections {
            // The bridge may leave out what the listing of configurations says.
            if let Target::Exact(id) = &connection.target
                && let Some(owner) = live.foreign.get(PROVIDERS).and_then(|foreign| foreign.get(id))
            {
                connection.target = Target::Foreign { id: id.clone(), owner: owner.clone() };
            }
        }
        for connection in &connections {
            let number = live.numbers.entry(connection.number.clone()).or_default();
            number.id = connection.number_id.or(number.id);
            number.bridge = Some(connection.bridge.clone());
        }
        live.unseen = unseen(&evidence);
        live.unseen.retain(|bridge, _| !bridges.unreadable.contains_key(bridge));
        // Half of the evidence is none. What the configurations are known by may be missing too.
        live.unlinked = unlinked.or_else(|| live.unlisted.get(PROVIDERS).cloned());
        live.connections = live.unlinked.is_none().then_some(connections);
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
pub(super) fn configurations(catalogue: &[CatalogueEntry], objects: &[LiveObject]) -> Vec<Configuration> {
    let provider = |object: &LiveObject| {
        object.attributes.get("provider").and_then(|provider| catalogue::slug_of(catalogue, provider))
    };
    objects.iter().map(|object| Configuration { id: object.id.clone(), provider: provider(object) }).collect()
}

/// Whether a wanted attribute means the same as the live one; `None` when one of them is not there to compare.
fn agrees(
    catalogue: &[CatalogueEntry],
    field: &Field,
    desired: &DesiredObject,
    object: &LiveObject,
) -> Option<bool> {
    let Some(Wanted::Value(wanted)) = desired.attributes.get(field.name) else { return None };
    if let Some(shown) = object.masked.get(field.name) {
        return Some(fits_mask(shown.as_str()?, wanted.as_str()?));
    }
    let live = object.attributes.get(field.name)?;
    Some(match field.ty {
        Type::CatalogueEntry => catalogue::same(catalogue, wanted, live),
        _ => field.same(wanted, live),
    })
}
