//! One attribute: the desired value, the live value, the ledger's record, and the rule that decided.

use serde::Serialize;

use super::{ObjectDecision, wording};
use crate::analysis::drift::Drift;
use crate::model::call::StepId;
use crate::model::kind::{AttributeAccess, AttributeType, Field, Kind, ServiceTable};
use crate::model::resource::{Address, DesiredObject, DesiredValue, LiveObject, ServedBy, owned_by};
use crate::model::value::Value;
use crate::plan::{
    AddressMatch, Change, ChangeAction, Inputs, NotTakenValue, NoticeCode, ObjectAddresses, Plan, PlanNotice, PlanRefusal,
    SecretState, ShownValue, StepPhase,
};

/// One attribute of an object.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct ExplainedAttribute {
    /// Its name.
    pub name: &'static str,
    /// What the YAML says; none when it does not mention it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<YamlValue>,
    /// Place in the YAML, as `file:line:column`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What the table says.
    pub table: FieldFacts,
    /// What the service shows.
    #[schemars(with = "crate::document::v1::Shown")]
    pub live: ShownValue,
    /// What the ledger knows, in sentences without a full stop.
    pub ledger: Vec<String>,
    /// The rule that decided.
    pub because: AttributeReason,
    /// The facts of this case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Steps that carry it.
    pub steps: Vec<StepId>,
}

/// What the YAML says about an attribute.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum YamlValue {
    /// This value.
    Value(Value),
    /// A secret from this source.
    Secret(String),
}

/// What the table of the kind says about an attribute.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct FieldFacts {
    /// Type of value.
    pub ty: &'static str,
    /// Its access.
    pub access: &'static str,
    /// How spellings are compared.
    pub compared: &'static str,
    /// How a difference is carried out; none for what is never changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update: Option<&'static str>,
    /// One sentence.
    pub doc: &'static str,
}

/// Why an attribute is sent, or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttributeReason {
    /// Part of a new object.
    Created,
    /// It differs.
    Differs,
    /// A secret that differs from the one last written.
    SecretChanged,
    /// Part of the object that replaces another.
    Replaced,
    /// The same.
    InSync,
    /// The YAML does not mention it.
    NotMentioned,
    /// `lifecycle.ignore`.
    Ignored,
    /// Set by the service.
    ReadOnly,
    /// A secret that is only used on create.
    OnlyOnCreate,
    /// The secret that was last written.
    SecretUnchanged,
    /// A secret that telform never wrote.
    SecretUnknown,
    /// A secret that was not supplied.
    SecretNotSupplied,
    /// Waits to be confirmed.
    Pending,
    /// Stored in a different form.
    Reshaped,
    /// Dropped by the service.
    Dropped,
    /// Not shown.
    NotShown,
    /// It differs and cannot be changed.
    Refused,
    /// A null in a new object.
    NotSent,
    /// The run does not cover its object.
    NotSelected,
    /// Its object waits.
    Waiting,
    /// Its object is refused.
    Undecided,
    /// Sent before, and not accepted by the service.
    NotTaken,
    /// A secret that is only used on create, and differs from the one sent then.
    ChangedSinceCreate,
    /// A secret that the service shows with a different value, although the configuration is as last written, or that
    /// is not known.
    SecretDiffers,
    /// A secret of which the ledger has a fingerprint that the current key cannot read.
    SecretUnreadable,
    /// The service shows a secret of this run in it.
    Echoed,
}

/// Everything that is known about the object.
pub(super) struct ExplainContext<'a> {
    pub(super) inputs: &'a Inputs<'a>,
    pub(super) address: &'a Address,
    pub(super) kind: &'static Kind,
    pub(super) address_match: &'a AddressMatch,
    pub(super) change: Option<&'a Change>,
    pub(super) live: Option<&'a LiveObject>,
    pub(super) decision: ObjectDecision,
    pub(super) refusals: &'a [PlanRefusal],
    pub(super) notices: &'a [PlanNotice],
    pub(super) drifts: &'a [Drift],
    pub(super) not_taken: &'a [NotTakenValue],
}

impl ExplainContext<'_> {
    pub(super) fn explain_attribute(&self, field: &'static Field, plan: &Plan) -> ExplainedAttribute {
        let object = self.inputs.desired.objects.get(self.address);
        let wanted = object.and_then(|object| yaml_value(object, field));
        let because = self.attribute_reason(field, object, wanted.is_some());
        let sent = matches!(
            because,
            AttributeReason::Created
                | AttributeReason::Differs
                | AttributeReason::SecretChanged
                | AttributeReason::SecretDiffers
                | AttributeReason::Replaced
        );
        ExplainedAttribute {
            name: field.name,
            place: object
                .filter(|_| wanted.is_some())
                .and_then(|object| object.locations.get(field.name))
                .map(ToString::to_string),
            wanted,
            table: FieldFacts {
                ty: wording::describe_type(field.ty),
                access: wording::describe_access(field.access),
                compared: wording::describe_normaliser(field.normaliser),
                update: wording::describe_update(self.kind, field, object.is_some_and(|object| object.use_put)),
                doc: field.doc,
            },
            live: self.live_value(field),
            ledger: self.describe_ledger(field),
            detail: self.reason_detail(field),
            steps: if sent { self.steps_with_attribute(field, plan) } else { Vec::new() },
            because,
        }
    }

    fn is_changed(&self, name: &str) -> bool {
        self.change.is_some_and(|change| change.attributes.iter().any(|changed| changed.name == name))
    }

    fn notice_of_attribute(&self, field: &Field) -> Option<&PlanNotice> {
        self.notices.iter().find(|notice| notice.attribute.as_deref() == Some(field.name))
    }

    /// Whether the account lets a create-only attribute be changed.
    fn is_create_only_opened(&self, field: &Field) -> bool {
        let object = self.inputs.desired.objects.get(self.address);
        let account = object.and_then(|object| self.inputs.desired.accounts.get(&object.account));
        let (Some(setting), Some(account)) = (field.changed_with, account) else { return false };
        account.settings.contains_key(setting.name)
    }

    fn not_taken_value(&self, field: &Field) -> Option<&NotTakenValue> {
        let own = |it: &&NotTakenValue| it.address == *self.address && it.attribute.name == field.name;
        self.not_taken.iter().find(own)
    }

    fn attribute_refusal(&self, field: &Field) -> Option<&PlanRefusal> {
        self.refusals.iter().find(|refusal| refusal.attribute.as_deref() == Some(field.name))
    }

    fn attribute_reason(&self, field: &Field, object: Option<&DesiredObject>, mentioned: bool) -> AttributeReason {
        if !field.is_stated() {
            return AttributeReason::ReadOnly;
        }
        if !mentioned {
            return AttributeReason::NotMentioned;
        }
        let action = self.change.map(|change| change.action);
        match action {
            Some(ChangeAction::Create) if self.is_changed(field.name) => return AttributeReason::Created,
            Some(ChangeAction::Create) => return AttributeReason::NotSent,
            Some(ChangeAction::Replace) => return AttributeReason::Replaced,
            Some(ChangeAction::Update) if self.is_changed(field.name) && field.ty == AttributeType::Secret => {
                return match self.change.and_then(|change| shown_in_change(change, field.name)) {
                    Some(ShownValue::Secret(SecretState::ChangedOutside | SecretState::Differs)) => {
                        AttributeReason::SecretDiffers
                    }
                    _ => AttributeReason::SecretChanged,
                };
            }
            Some(ChangeAction::Update) if self.is_changed(field.name) => return AttributeReason::Differs,
            _ => {}
        }
        if matches!(self.decision, ObjectDecision::Excluded | ObjectDecision::NotTargeted | ObjectDecision::LeftOut) {
            return AttributeReason::NotSelected;
        }
        if object.is_some_and(|object| object.ignored_attributes.contains(field.name)) {
            return AttributeReason::Ignored;
        }
        if self.attribute_refusal(field).is_some() {
            return AttributeReason::Refused;
        }
        if self.not_taken_value(field).is_some() {
            return AttributeReason::NotTaken;
        }
        match self.notice_of_attribute(field).map(|notice| notice.code) {
            Some(NoticeCode::PendingVerification) => return AttributeReason::Pending,
            Some(NoticeCode::Reshaped) => return AttributeReason::Reshaped,
            Some(NoticeCode::DroppedByService) => return AttributeReason::Dropped,
            Some(NoticeCode::NotShown) => return AttributeReason::NotShown,
            Some(NoticeCode::SecretEchoed) => return AttributeReason::Echoed,
            Some(NoticeCode::SecretUnknown) => return AttributeReason::SecretUnknown,
            Some(NoticeCode::SecretOnlyOnCreate) => return AttributeReason::ChangedSinceCreate,
            Some(NoticeCode::SecretUnreadable) => return AttributeReason::SecretUnreadable,
            Some(NoticeCode::SecretNotSupplied) => return AttributeReason::SecretNotSupplied,
            _ => {}
        }
        match (self.live, field.ty, field.access) {
            (None, _, _) if self.decision == ObjectDecision::Waiting => AttributeReason::Waiting,
            (None, _, _) => AttributeReason::Undecided,
            (_, AttributeType::Secret, AttributeAccess::CreateOnly) if !self.is_create_only_opened(field) => {
                AttributeReason::OnlyOnCreate
            }
            (_, AttributeType::Secret, _) => AttributeReason::SecretUnchanged,
            _ => AttributeReason::InSync,
        }
    }

    /// The facts behind the rule: which side changed it, since when it waits, what prevents it.
    fn reason_detail(&self, field: &Field) -> Option<String> {
        if let Some(refusal) = self.attribute_refusal(field) {
            return Some(refusal.detail.clone());
        }
        if let Some(untaken) = self.not_taken_value(field) {
            return Some(format!("sent in run {}; {}", untaken.run, untaken.help()));
        }
        if let Some(detail) = self.notice_of_attribute(field).and_then(|notice| notice.detail.clone()) {
            return Some(detail);
        }
        let drift = self.drifts.iter().find(|drift| {
            drift.class.is_drift() && drift.address == *self.address && drift.attribute.as_deref() == Some(field.name)
        });
        drift.map(|drift| drift.class.describe().to_owned())
    }

    fn live_value(&self, field: &Field) -> ShownValue {
        let Some(live) = self.live else { return ShownValue::Absent };
        if field.ty.is_links() {
            return self.numbers_on_bridge(live, field);
        }
        let shown = crate::plan::shown_now(live, field);
        let account = self.inputs.desired.objects.get(self.address).map(|object| &object.account);
        match (shown, account.filter(|_| field.has_references())) {
            (ShownValue::Value(value), Some(account)) => {
                let names = ObjectAddresses::new(self.inputs);
                ShownValue::Value(names.shown_value(account, field, &value).into_owned())
            }
            (shown, _) => shown,
        }
    }

    /// The numbers on a bridge, each with the address of what serves it, or its id when no address claims it; for a number that
    /// is its own holder only what serves it.
    fn numbers_on_bridge(&self, live: &LiveObject, field: &Field) -> ShownValue {
        let claims = crate::plan::claimed_objects(self.inputs);
        let account = self.inputs.desired.objects.get(self.address).map(|object| object.account.as_str());
        let Some(connections) =
            account.and_then(|account| self.inputs.live.accounts.get(account)).and_then(|account| account.connections.as_ref())
        else {
            return ShownValue::Absent;
        };
        let roles = self.kind.link.map(|link| link.roles);
        let words = crate::services::of_kind(self.kind.name).map(ServiceTable::link_words);
        let on = connections.iter().filter(|connection| connection.bridge == live.id);
        let mut rows: Vec<(String, Value)> = on
            .map(|connection| {
                if let ServedBy::Foreign { id, owner } = &connection.served_by {
                    let word = words.map_or("object", |words| words.target);
                    let served = format!("{word} {id} of {}", owned_by(owner.as_deref()));
                    return (connection.number.clone(), Value::from(served));
                }
                let served = connection.served_by.id().map_or_else(
                    || connection.served_by.word().to_owned(),
                    |id| {
                        let claimed = claims.iter().find(|((of, kind, its), _)| {
                            Some(*of) == account && roles.is_some_and(|it| it.is_target(kind)) && *its == id
                        });
                        claimed.map_or_else(|| id.to_owned(), |(_, address)| address.to_string())
                    },
                );
                (connection.number.clone(), Value::from(served))
            })
            .collect();
        if field.ty == AttributeType::ServedBy {
            return rows.pop().map_or(ShownValue::Absent, |(_, served)| ShownValue::Value(served.into()));
        }
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        ShownValue::Value(Value::Object(rows.into_iter().collect()).into())
    }

    fn describe_ledger(&self, field: &Field) -> Vec<String> {
        let Some(entry) = &self.address_match.entry else { return Vec::new() };
        let mut facts = Vec::new();
        if field.ty == AttributeType::Secret {
            let readable = self.inputs.ledger.readable_with(self.inputs.key);
            facts.push(match entry.secrets.contains_key(field.name) {
                true if readable => "a fingerprint of what telform last wrote is kept".to_owned(),
                true => "a fingerprint is kept, but the key available here is not the one it was made with".to_owned(),
                false if entry.unreadable.contains(field.name) => {
                    "telform wrote this secret, but the key of its fingerprint is lost".to_owned()
                }
                false => "no fingerprint: telform has never written this secret".to_owned(),
            });
        }
        if let Some(submitted) = entry.submitted.get(field.name) {
            facts.push(format!("sent and waiting to be confirmed since {}", submitted.since));
        }
        if entry.reshaped.contains_key(field.name) {
            facts.push("the service changed the value that was sent".to_owned());
        }
        if let Some(untaken) = entry.not_taken.get(field.name) {
            facts.push(format!("after it was sent in run {}, the service still showed the old value", untaken.run));
        }
        if entry.seen.contains_key(field.name) {
            facts.push("seen when a run last ended with nothing left to do".to_owned());
        }
        facts
    }

    /// Steps whose body has the attribute; for numbers those that connect and disconnect.
    fn steps_with_attribute(&self, field: &Field, plan: &Plan) -> Vec<StepId> {
        let all = self.change.map(|change| change.steps.as_slice()).unwrap_or_default();
        let of_change = plan.steps.iter().filter(|step| all.contains(&step.id));
        let carries = |step: &&crate::plan::Step| match field.ty {
            AttributeType::Numbers | AttributeType::ServedBy => {
                matches!(step.phase, StepPhase::Rewire | StepPhase::ReadBack | StepPhase::TakeOver)
            }
            _ => step.call.body.as_ref().is_some_and(|body| {
                matches!(step.phase, StepPhase::Create | StepPhase::Update | StepPhase::TakeOver)
                    && body.own_entries().contains_key(field.name)
            }),
        };
        of_change.filter(carries).map(|step| step.id.clone()).collect()
    }
}

fn yaml_value(object: &DesiredObject, field: &Field) -> Option<YamlValue> {
    if field.ty.is_links() {
        let mut numbers = object.numbers.as_ref()?.iter();
        if field.ty == AttributeType::ServedBy {
            let served = numbers.next().map(|(_, wanted)| Value::from(wanted.provider.to_string()));
            return Some(YamlValue::Value(served.unwrap_or_default()));
        }
        let rows = numbers.map(|(number, wanted)| (number.clone(), Value::from(wanted.provider.to_string())));
        return Some(YamlValue::Value(Value::Object(rows.collect())));
    }
    Some(match object.attributes.get(field.name)? {
        DesiredValue::Value(value) => YamlValue::Value(value.json()),
        DesiredValue::Secret(secret) => YamlValue::Secret(secret.source.to_string()),
    })
}

/// The effect of a change on an attribute.
fn shown_in_change<'a>(change: &'a Change, name: &str) -> Option<&'a ShownValue> {
    change.attributes.iter().find(|changed| changed.name == name).map(|changed| &changed.after)
}
