//! What answers show of a row (`api/telnyx.md`, sections 4 to 14).

use std::collections::HashMap;

use serde_json::{Value, json};

use super::super::world::{MessagingDown, PasswordShown, TelnyxKnobs, TelnyxWorld, TimesShown};
use super::connections::DEFAULT_TARGETS;
use super::fields::{Row, Table, at, readable, text};
use super::number_fields::{MESSAGING, VOICE};
use super::tables::{Collection, EVERY_CONNECTION, Ids};

/// What a masked secret looks like.
const STARS: &str = "********";

/// Fields of a managed account that only answers about one account have (section 13).
const SINGLE_ONLY: [&str; 3] = ["api_key", "api_token", "balance"];

/// What one request needs to know of other rows, collected once.
pub(super) struct View<'a> {
    pub(super) world: &'a TelnyxWorld,
    /// Names of connections by id.
    names: HashMap<&'a str, &'a Value>,
    /// How many connections name a profile.
    counts: HashMap<&'a str, usize>,
}

impl<'a> View<'a> {
    pub(super) fn new(world: &'a TelnyxWorld, table: Table) -> Self {
        let (mut names, mut counts) = (HashMap::new(), HashMap::new());
        match table {
            Table::Numbers => names.extend(world.connections.iter().map(|row| (text(row, "id"), at(row, "connection_name")))),
            Table::Profiles => {
                for row in &world.connections {
                    *counts.entry(text(row, "outbound.outbound_voice_profile_id")).or_default() += 1;
                }
            }
            _ => {}
        }
        Self { world, names, counts }
    }

    fn knobs(&self) -> &TelnyxKnobs {
        &self.world.knobs
    }

    /// A value that is kept, or computed.
    pub(super) fn value(&self, collection: &Collection, row: &Row, path: &str) -> Value {
        match (collection.table, path) {
            (Table::Numbers, "connection_name") => self.connection_name(row),
            (Table::Numbers, "usage_payment_method") => at(row, "voice.usage_payment_method").clone(),
            (Table::Connections, "fqdn") => {
                let hosts = self.world.fqdns.iter().filter(|host| text(host, "connection_id") == text(row, "id"));
                hosts.map(|host| at(host, "fqdn").clone()).collect()
            }
            _ => at(row, path).clone(),
        }
    }

    fn connection_name(&self, row: &Row) -> Value {
        self.names.get(text(row, "connection_id")).map_or(Value::Null, |name| (*name).clone())
    }

    /// A row of this collection. `single`: the answer is about this one object.
    pub(super) fn shown(&self, collection: &Collection, row: &Row, single: bool) -> Value {
        let mut seen = match collection.table {
            Table::Connections if collection.path == EVERY_CONNECTION.path => self.any_connection(row),
            _ => readable(collection.fields, collection.types, row),
        };
        match collection.table {
            Table::Profiles => {
                let count = self.counts.get(text(row, "id")).copied().unwrap_or_default();
                seen.insert("connections_count".to_owned(), count.into());
                if self.knobs().times_shown == TimesShown::WithSeconds {
                    with_seconds(&mut seen);
                }
            }
            Table::Connections if self.knobs().password_shown == PasswordShown::Stars => {
                if let Some(password) = seen.get_mut("password") {
                    *password = STARS.into();
                }
            }
            Table::Numbers => self.number(row, &mut seen),
            Table::Accounts if !single => seen.retain(|name, _| !SINGLE_ONLY.contains(&name.as_str())),
            _ => {}
        }
        self.finished(collection, seen)
    }

    /// The common fields of a connection; the profile stands at the top here (section 15).
    fn any_connection(&self, row: &Row) -> Row {
        let mut row = row.clone();
        let profile = at(&row, "outbound.outbound_voice_profile_id").clone();
        if !profile.is_null() {
            row.insert("outbound_voice_profile_id".to_owned(), profile);
        }
        readable(EVERY_CONNECTION.fields, EVERY_CONNECTION.types, &row)
    }

    /// A number: what other products say of it is read here and written elsewhere (section 9.1).
    fn number(&self, row: &Row, seen: &mut Row) {
        seen.insert("connection_name".to_owned(), self.connection_name(row));
        for (name, path) in [
            ("call_forwarding_enabled", "voice.call_forwarding.call_forwarding_enabled"),
            ("call_recording_enabled", "voice.call_recording.inbound_call_recording_enabled"),
            ("caller_id_name_enabled", "voice.caller_id_name_enabled"),
            ("cnam_listing_enabled", "voice.cnam_listing.cnam_listing_enabled"),
            ("t38_fax_gateway_enabled", "voice.media_features.t38_fax_gateway_enabled"),
            ("inbound_call_screening", "voice.inbound_call_screening"),
        ] {
            seen.insert(name.to_owned(), at(row, path).clone());
        }
        if self.knobs().messaging_down == MessagingDown::Unavailable {
            for name in super::numbers::MESSAGING_FIELDS {
                seen.insert(name.to_owned(), "UNAVAILABLE".into());
            }
        }
    }

    /// The light form of a number.
    pub(super) fn slim(&self, collection: &Collection, row: &Row, with_connection: bool, with_tags: bool) -> Value {
        let mut seen = readable(collection.fields, collection.types, row);
        self.number(row, &mut seen);
        let missing = |name: &str| {
            super::numbers::MESSAGING_FIELDS.contains(&name)
                || name == "deletion_lock_enabled"
                || name == "source_type"
                || name == "connection_name" && !with_connection
                || name == "tags" && !with_tags
        };
        // The light form has no nulls: its schema knows none.
        seen.retain(|name, value| !missing(name) && !value.is_null());
        self.finished(collection, seen)
    }

    /// The voice settings of a number (section 9.3).
    pub(super) fn voice(&self, collection: &Collection, row: &Row) -> Value {
        let mut seen = head(row, "voice_settings");
        for name in ["connection_id", "customer_reference"] {
            seen.insert(name.to_owned(), text(row, name).into());
        }
        if let Value::Object(voice) = at(row, "voice") {
            seen.extend(readable(VOICE, collection.types, voice));
        }
        seen.insert(
            "emergency".to_owned(),
            json!({"emergency_enabled": at(row, "emergency_enabled"), "emergency_address_id": text(row, "emergency_address_id"),
                   "emergency_status": at(row, "emergency_status")}),
        );
        self.finished(collection, seen)
    }

    /// The messaging settings of a number (section 9.4).
    pub(super) fn messaging(&self, collection: &Collection, row: &Row) -> Value {
        let mut seen = head(row, "messaging_settings");
        seen.insert("country_code".to_owned(), at(row, "country_iso_alpha2").clone());
        seen.insert("messaging_profile_id".to_owned(), at(row, "messaging_profile_id").clone());
        if let Value::Object(messaging) = at(row, "messaging") {
            seen.extend(readable(MESSAGING, collection.types, messaging));
        }
        for name in ["tags", "created_at", "updated_at"] {
            seen.insert(name.to_owned(), at(row, name).clone());
        }
        self.finished(collection, seen)
    }

    /// Ids as this copy shows them, and what no page documents.
    fn finished(&self, collection: &Collection, mut seen: Row) -> Value {
        if self.knobs().ids_as_numbers {
            if collection.ids == Ids::Decimal {
                to_numbers(&mut seen, &["id", "connection_id", "outbound_voice_profile_id"]);
            }
            for group in ["inbound", "outbound"] {
                if let Some(Value::Object(inner)) = seen.get_mut(group) {
                    to_numbers(inner, &DEFAULT_TARGETS);
                    to_numbers(inner, &["outbound_voice_profile_id"]);
                }
            }
        }
        if self.knobs().fqdn_connection_id_number && collection.table == Table::Fqdns {
            to_numbers(&mut seen, &["connection_id"]);
        }
        if self.knobs().extra_fields {
            seen.insert("x_sandbox".to_owned(), json!({"undocumented": [1, null, {"deep": true}]}));
        }
        Value::Object(seen)
    }
}

/// Shows the password that a write set, in the answer to it (section 7).
pub(super) fn with_password(mut shown: Value, row: &Row) -> Value {
    if let Some(password) = row.get("password").filter(|_| shown.get("password").is_some()) {
        shown["password"] = password.clone();
    }
    shown
}

fn head(row: &Row, record_type: &str) -> Row {
    let mut seen = Row::new();
    seen.insert("id".to_owned(), at(row, "id").clone());
    seen.insert("record_type".to_owned(), record_type.into());
    seen.insert("phone_number".to_owned(), at(row, "phone_number").clone());
    seen
}

/// Times of a calling window as the samples have them.
fn with_seconds(row: &mut Row) {
    let Some(Value::Object(window)) = row.get_mut("calling_window") else { return };
    for name in ["start_time", "end_time"] {
        let short = window.get(name).and_then(Value::as_str).filter(|text| text.len() == "08:00".len());
        if let Some(whole) = short.map(|short| format!("{short}:00.00Z")) {
            window.insert(name.to_owned(), whole.into());
        }
    }
}

/// Decimal ids as JSON integers, exact.
fn to_numbers(row: &mut Row, names: &[&str]) {
    for name in names {
        if let Some(id) = row.get(*name).and_then(Value::as_str).and_then(|text| text.parse::<u64>().ok()) {
            row.insert((*name).to_owned(), id.into());
        }
    }
}
