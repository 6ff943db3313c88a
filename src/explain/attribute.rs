//! One attribute: what is wanted, what is there, what telform remembers, and which rule decided.

use serde::Serialize;

use super::{Verdict, words};
use crate::call::StepId;
use crate::drift::Drift;
use crate::kind::{Access, Field, Kind, Type};
use crate::plan::{
    Action, Change, Inputs, Met, NotTaken, Notice, NoticeCode, Phase, Plan, Refusal, SecretWord, Shown,
};
use crate::resource::{Address, DesiredObject, LiveObject, Target, Wanted, owned_by};
use crate::value::Value;

/// One attribute of an object.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// What the YAML says; none when it does not mention it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Says>,
    /// Place in the YAML, as `file:line:column`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What the table says.
    pub table: Table,
    /// What the service shows.
    #[schemars(with = "crate::document::v1::Shown")]
    pub live: Shown,
    /// What the ledger knows, in sentences without a full stop.
    pub ledger: Vec<String>,
    /// The rule that decided.
    pub because: Because,
    /// The facts of this case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Steps that carry it.
    pub steps: Vec<StepId>,
}

/// What the YAML says about an attribute.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// This value.
    Value(Value),
    /// A secret from here.
    Secret(String),
}

/// What the table of the kind says about an attribute.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Table {
    /// Sort of value.
    pub ty: &'static str,
    /// What may be done with it.
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
pub enum Because {
    /// Part of a new object.
    Created,
    /// It differs.
    Differs,
    /// A secret that is not the one that was last written.
    SecretChanged,
    /// Part of the object that takes the place of another.
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
    /// A secret that nobody supplied.
    SecretNotSupplied,
    /// Waits to be confirmed.
    Pending,
    /// Kept in another form.
    Reshaped,
    /// Dropped by the service.
    Dropped,
    /// Not shown.
    NotShown,
    /// It differs and cannot be changed.
    Refused,
    /// A null in a new object.
    NotSent,
    /// The run is not about its object.
    NotSelected,
    /// Its object waits.
    Waiting,
    /// Its object is refused.
    Undecided,
    /// Sent before, and not taken by the service.
    NotTaken,
    /// A secret that is only used on create, and another one than was sent then.
    ChangedSinceCreate,
    /// A secret that the service shows otherwise, though the configuration is as it was last written, or nobody knows.
    SecretDiffers,
    /// A secret of which the ledger has a fingerprint that the key at hand cannot read.
    SecretUnreadable,
}

/// Everything that is known about the object.
pub(super) struct Known<'a> {
    pub(super) inputs: &'a Inputs<'a>,
    pub(super) address: &'a Address,
    pub(super) kind: &'static Kind,
    pub(super) met: &'a Met,
    pub(super) change: Option<&'a Change>,
    pub(super) live: Option<&'a LiveObject>,
    pub(super) verdict: Verdict,
    pub(super) refusals: &'a [Refusal],
    pub(super) notices: &'a [Notice],
    pub(super) drifts: &'a [Drift],
    pub(super) not_taken: &'a [NotTaken],
}

impl Known<'_> {
    pub(super) fn attribute(&self, field: &'static Field, plan: &Plan) -> Attribute {
        let object = self.inputs.desired.objects.get(self.address);
        let wanted = object.and_then(|object| says(object, field));
        let because = self.because(field, object, wanted.is_some());
        let sent = matches!(
            because,
            Because::Created
                | Because::Differs
                | Because::SecretChanged
                | Because::SecretDiffers
                | Because::Replaced
        );
        Attribute {
            name: field.name,
            place: object
                .filter(|_| wanted.is_some())
                .and_then(|object| object.places.get(field.name))
                .map(ToString::to_string),
            wanted,
            table: Table {
                ty: words::of_type(field.ty),
                access: words::of_access(field.access),
                compared: words::of_normaliser(field.normaliser),
                update: words::of_update(self.kind, field, object.is_some_and(|object| object.put)),
                doc: field.doc,
            },
            live: self.shown(field),
            ledger: self.remembered(field),
            detail: self.detail(field),
            steps: if sent { self.steps(field, plan) } else { Vec::new() },
            because,
        }
    }

    fn changed(&self, name: &str) -> bool {
        self.change.is_some_and(|change| change.attributes.iter().any(|changed| changed.name == name))
    }

    fn notice(&self, field: &Field) -> Option<&Notice> {
        self.notices.iter().find(|notice| notice.attribute.as_deref() == Some(field.name))
    }

    /// Whether the account lets a create-only attribute be changed.
    fn opened(&self, field: &Field) -> bool {
        let object = self.inputs.desired.objects.get(self.address);
        let account = object.and_then(|object| self.inputs.desired.accounts.get(&object.account));
        let (Some((setting, _)), Some(account)) = (field.changed_with, account) else { return false };
        account.switches.contains(setting)
    }

    fn untaken(&self, field: &Field) -> Option<&NotTaken> {
        let own = |it: &&NotTaken| it.address == *self.address && it.attribute.name == field.name;
        self.not_taken.iter().find(own)
    }

    fn refusal(&self, field: &Field) -> Option<&Refusal> {
        self.refusals.iter().find(|refusal| refusal.attribute.as_deref() == Some(field.name))
    }

    fn because(&self, field: &Field, object: Option<&DesiredObject>, mentioned: bool) -> Because {
        if !field.is_stated() {
            return Because::ReadOnly;
        }
        if !mentioned {
            return Because::NotMentioned;
        }
        let action = self.change.map(|change| change.action);
        match action {
            Some(Action::Create) if self.changed(field.name) => return Because::Created,
            Some(Action::Create) => return Because::NotSent,
            Some(Action::Replace) => return Because::Replaced,
            Some(Action::Update) if self.changed(field.name) && field.ty == Type::Secret => {
                return match self.change.and_then(|change| shown_of(change, field.name)) {
                    Some(Shown::Secret(SecretWord::ChangedOutside | SecretWord::Differs)) => {
                        Because::SecretDiffers
                    }
                    _ => Because::SecretChanged,
                };
            }
            Some(Action::Update) if self.changed(field.name) => return Because::Differs,
            _ => {}
        }
        if matches!(self.verdict, Verdict::Excluded | Verdict::NotTargeted | Verdict::LeftOut) {
            return Because::NotSelected;
        }
        if object.is_some_and(|object| object.ignore.contains(field.name)) {
            return Because::Ignored;
        }
        if self.refusal(field).is_some() {
            return Because::Refused;
        }
        if self.untaken(field).is_some() {
            return Because::NotTaken;
        }
        match self.notice(field).map(|notice| notice.code) {
            Some(NoticeCode::PendingVerification) => return Because::Pending,
            Some(NoticeCode::Reshaped) => return Because::Reshaped,
            Some(NoticeCode::DroppedByService) => return Because::Dropped,
            Some(NoticeCode::NotShown) => return Because::NotShown,
            Some(NoticeCode::SecretUnknown) => return Because::SecretUnknown,
            Some(NoticeCode::SecretOnlyOnCreate) => return Because::ChangedSinceCreate,
            Some(NoticeCode::SecretUnreadable) => return Because::SecretUnreadable,
            Some(NoticeCode::SecretNotSupplied) => return Because::SecretNotSupplied,
            _ => {}
        }
        match (self.live, field.ty, field.access) {
            (None, _, _) if self.verdict == Verdict::Waiting => Because::Waiting,
            (None, _, _) => Because::Undecided,
            (_, Type::Secret, Access::CreateOnly) if !self.opened(field) => Because::OnlyOnCreate,
            (_, Type::Secret, _) => Because::SecretUnchanged,
            _ => Because::InSync,
        }
    }

    /// The facts behind the rule: who changed it, since when it waits, what stands against it.
    fn detail(&self, field: &Field) -> Option<String> {
        if let Some(refusal) = self.refusal(field) {
            return Some(refusal.detail.clone());
        }
        if let Some(untaken) = self.untaken(field) {
            return Some(format!("sent in run {}; {}", untaken.run, untaken.help()));
        }
        if let Some(detail) = self.notice(field).and_then(|notice| notice.detail.clone()) {
            return Some(detail);
        }
        let drift = self.drifts.iter().find(|drift| {
            drift.class.is_drift()
                && drift.address == *self.address
                && drift.attribute.as_deref() == Some(field.name)
        });
        drift.map(|drift| drift.class.words().to_owned())
    }

    fn shown(&self, field: &Field) -> Shown {
        let Some(live) = self.live else { return Shown::Absent };
        if field.ty == Type::Numbers {
            return self.numbers(live);
        }
        crate::plan::shown_now(live, field)
    }

    /// The numbers on a bridge, each with the address of what serves it, or its id when nobody claims it.
    fn numbers(&self, live: &LiveObject) -> Shown {
        let claims = crate::plan::claims(self.inputs);
        let account = self.inputs.desired.objects.get(self.address).map(|object| object.account.as_str());
        let Some(connections) = account
            .and_then(|account| self.inputs.live.accounts.get(account))
            .and_then(|account| account.connections.as_ref())
        else {
            return Shown::Absent;
        };
        let on = connections.iter().filter(|connection| connection.bridge == live.id);
        let mut rows: Vec<(String, Value)> = on
            .map(|connection| {
                if let Target::Foreign { id, owner } = &connection.target {
                    let served = format!("configuration {id} of {}", owned_by(owner.as_deref()));
                    return (connection.number.clone(), Value::from(served));
                }
                let served = connection.target.id().map_or_else(
                    || connection.target.word().to_owned(),
                    |id| {
                        let claimed = claims.iter().find(|((of, kind, its), _)| {
                            Some(*of) == account && *kind == "providers" && *its == id
                        });
                        claimed.map_or_else(|| id.to_owned(), |(_, address)| address.to_string())
                    },
                );
                (connection.number.clone(), Value::from(served))
            })
            .collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        Shown::Value(Value::Object(rows.into_iter().collect()))
    }

    fn remembered(&self, field: &Field) -> Vec<String> {
        let Some(entry) = &self.met.entry else { return Vec::new() };
        let mut facts = Vec::new();
        if field.ty == Type::Secret {
            let readable = self.inputs.ledger.readable_with(self.inputs.key);
            facts.push(match entry.secrets.contains_key(field.name) {
                true if readable => "a fingerprint of what telform last wrote is kept".to_owned(),
                true => {
                    "a fingerprint is kept, and the key at hand is not the one it was made with".to_owned()
                }
                false if entry.unreadable.contains(field.name) => {
                    "telform wrote this secret, and the key of its fingerprint is lost".to_owned()
                }
                false => "no fingerprint: telform has never written this secret".to_owned(),
            });
        }
        if let Some(submitted) = entry.submitted.get(field.name) {
            facts.push(format!("sent and waiting to be confirmed since {}", submitted.since));
        }
        if entry.reshaped.contains_key(field.name) {
            facts.push("the service made another value of what was sent".to_owned());
        }
        if let Some(untaken) = entry.not_taken.get(field.name) {
            facts.push(format!(
                "after it was sent in run {} the service showed what was there before",
                untaken.run
            ));
        }
        if entry.seen.contains_key(field.name) {
            facts.push("seen when a run last left nothing to do".to_owned());
        }
        facts
    }

    /// Steps whose body has the attribute; for numbers those that connect and disconnect.
    fn steps(&self, field: &Field, plan: &Plan) -> Vec<StepId> {
        let all = self.change.map(|change| change.steps.as_slice()).unwrap_or_default();
        let of_change = plan.steps.iter().filter(|step| all.contains(&step.id));
        let carries = |step: &&crate::plan::Step| match field.ty {
            Type::Numbers => matches!(step.phase, Phase::Rewire | Phase::ReadBack | Phase::TakeOver),
            _ => step.call.body.as_ref().is_some_and(|body| {
                matches!(step.phase, Phase::Create | Phase::Update | Phase::TakeOver)
                    && body.entries().contains_key(field.name)
            }),
        };
        of_change.filter(carries).map(|step| step.id.clone()).collect()
    }
}

fn says(object: &DesiredObject, field: &Field) -> Option<Says> {
    if field.ty == Type::Numbers {
        let numbers = object.numbers.as_ref()?.iter();
        let rows = numbers.map(|(number, wanted)| (number.clone(), Value::from(wanted.provider.to_string())));
        return Some(Says::Value(Value::Object(rows.collect())));
    }
    Some(match object.attributes.get(field.name)? {
        Wanted::Value(value) => Says::Value(value.json()),
        Wanted::Secret(secret) => Says::Secret(secret.source.to_string()),
    })
}

/// What a change makes of an attribute.
fn shown_of<'a>(change: &'a Change, name: &str) -> Option<&'a Shown> {
    change.attributes.iter().find(|changed| changed.name == name).map(|changed| &changed.after)
}
