//! Plans made by hand: of any size, and with any text in every position where a file or a service may put one.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use telform::model::call::{Call, RequestMethod};
use telform::model::resource::{Address, Known, ServedBy};
use telform::model::value::AttributeValues;
use telform::plan::{
    AccountLine, AttributeChange, Change, ChangeAction, LedgerUpdate, NoticeCode, NumberEffect, NumberImpact, NumberLocation,
    ObjectRef, Plan, PlanNotice, PlanRefusal, Prerequisite, RefusalCode, SecretState, ShownValue, Step, StepOperation, StepPhase,
    UnmanagedCount,
};

/// A plan with so many changes: of ten, four create, three update, one replaces and two delete. Every hundredth update moves
/// a number, every hundredth delete cuts one, and every delete waits for every read-back, as in a real plan.
pub(crate) fn large(changes: usize) -> Plan {
    let mut maker = Maker::default();
    for index in 0..changes {
        let action = match index % 10 {
            0..=3 => ChangeAction::Create,
            4..=6 => ChangeAction::Update,
            7 => ChangeAction::Replace,
            _ => ChangeAction::Delete,
        };
        maker.change(index, action);
    }
    maker.finish()
}

#[derive(Default)]
struct Maker {
    changes: Vec<Change>,
    steps: Vec<(usize, Step)>,
    impact: Vec<NumberImpact>,
}

impl Maker {
    fn change(&mut self, index: usize, action: ChangeAction) {
        let address = Address::new("partners", &format!("customer-{index:05}"));
        let id = (action != ChangeAction::Create).then(|| format!("3f0c6a52-8b1e-4a37-9d55-{index:012}"));
        let shown = |value: Value| ShownValue::Value(value.into());
        let mut attributes = vec![AttributeChange {
            name: "name".to_owned(),
            before: if action == ChangeAction::Create { ShownValue::Absent } else { shown(json!(format!("Customer {index}"))) },
            after: if action == ChangeAction::Delete {
                ShownValue::Absent
            } else {
                shown(json!(format!("Customer no. {index}")))
            },
            risky: false,
            source: None,
        }];
        if action != ChangeAction::Delete {
            attributes.push(AttributeChange {
                name: "callbacks".to_owned(),
                before: shown(json!({ "sms": "https://old.example/sms" })),
                after: shown(json!({ "sms": format!("https://hooks.example/{index}"), "voice": "https://v.example" })),
                risky: index.is_multiple_of(7),
                source: None,
            });
            attributes.push(AttributeChange {
                name: "password".to_owned(),
                before: ShownValue::Secret(SecretState::Set),
                after: ShownValue::Secret(SecretState::Changed),
                risky: false,
                source: Some(format!("env PASSWORD_{index}")),
            });
        }
        let phases: &[(StepPhase, RequestMethod)] = match action {
            ChangeAction::Create => &[(StepPhase::Create, RequestMethod::Post)],
            ChangeAction::Update => &[(StepPhase::Update, RequestMethod::Patch)],
            ChangeAction::Replace => &[(StepPhase::Create, RequestMethod::Post), (StepPhase::Delete, RequestMethod::Delete)],
            ChangeAction::Delete => &[(StepPhase::Delete, RequestMethod::Delete)],
        };
        let at = self.changes.len();
        for (phase, method) in phases {
            let operation = match phase {
                StepPhase::Create => StepOperation::Create {
                    key: AttributeValues::new(),
                    expect: AttributeValues::new(),
                    secrets: vec!["password".to_owned()],
                    replaces: None,
                    replaces_in: None,
                },
                StepPhase::Delete => StepOperation::Delete {
                    id: id.clone().unwrap_or_default(),
                    before: AttributeValues::new(),
                    cut: Vec::new(),
                    frees: Vec::new(),
                    unread: Vec::new(),
                    prior_connections: BTreeMap::new(),
                },
                _ => StepOperation::Update {
                    id: id.clone().unwrap_or_default(),
                    before: AttributeValues::new(),
                    expect: AttributeValues::new(),
                    untouched: AttributeValues::new(),
                    secrets: Vec::new(),
                },
            };
            self.steps.push((at, step(*phase, *method, Some(&address), operation)));
        }
        if index.is_multiple_of(100) || index % 100 == 4 {
            self.number(at, index, &address);
        }
        let reason = (action == ChangeAction::Delete).then(|| "contract ended".to_owned());
        let account = format!("carrierx-{}", index % 3);
        self.changes.push(Change {
            address,
            account,
            from_account: None,
            also_leaves: Vec::new(),
            action,
            id,
            attributes,
            reason,
            steps: Vec::new(),
        });
    }

    fn number(&mut self, at: usize, index: usize, address: &Address) {
        let number = format!("+1415555{index:05}");
        let bridge = format!("bridge-{index}");
        let before = ServedBy::By { id: "42".to_owned(), known: Known::Exact };
        let cut = StepOperation::Disconnect { bridge: bridge.clone(), number: number.clone(), before };
        self.steps.push((at, step(StepPhase::Rewire, RequestMethod::Post, Some(address), cut)));
        let read = StepOperation::ReadBack { bridge: ObjectRef::Id(bridge.clone()), numbers: BTreeMap::new() };
        self.steps.push((at, step(StepPhase::ReadBack, RequestMethod::Get, Some(address), read)));
        let spot = |provider: &str| Some(NumberLocation { bridge: bridge.clone(), provider: provider.to_owned(), account: None });
        let moves = index % 100 == 4;
        self.impact.push(NumberImpact {
            effect: if moves { NumberEffect::Moves } else { NumberEffect::Dark },
            number,
            account: "unpod".to_owned(),
            from: spot("providers.old"),
            to: if moves { spot("providers.new") } else { None },
            dark_steps: u32::from(moves),
        });
    }

    fn finish(mut self) -> Plan {
        self.steps.sort_by_key(|(_, step)| step.phase);
        let mut steps = Vec::new();
        for (number, (change, mut step)) in (1..).zip(self.steps) {
            step.id = format!("s{number}");
            if step.phase == StepPhase::Delete {
                step.waits_for.push(Prerequisite::Phase(StepPhase::ReadBack));
            }
            self.changes[change].steps.push(step.id.clone());
            steps.push(step);
        }
        let account = |index| AccountLine {
            name: format!("carrierx-{index}"),
            api: "carrierx".to_owned(),
            base_url: "https://api.example".to_owned(),
            organization: None,
            generation: None,
            token_from: Some(format!("env TOKEN_{index}")),
            token_of: Some(format!("owner-{index}")),
        };
        Plan {
            limits: Default::default(),
            accounts: (0..3).map(account).collect(),
            changes: self.changes,
            steps,
            impact: self.impact,
            not_taken: Vec::new(),
            refusals: Vec::new(),
            ledger: Vec::new(),
            secrets: Default::default(),
            existing: Default::default(),
            references: Default::default(),
            notices: Vec::new(),
            unmanaged: Vec::new(),
            made_with: None,
            logins: Default::default(),
            digest: format!("sha256:{}", "0123456789abcdef".repeat(4)),
        }
    }
}

fn step(phase: StepPhase, method: RequestMethod, address: Option<&Address>, operation: StepOperation) -> Step {
    let mut call = Call::get("carrierx-0", format!("partners/{}", address.map_or("", |address| &address.name)));
    call.method = method;
    let why = "PATCH changes only what is sent".to_owned();
    Step { id: String::new(), phase, address: address.cloned(), call, operation, why, waits_for: Vec::new() }
}

/// A plan with this text in every position that can hold one, with every action, effect, and type of message.
pub(crate) fn hostile(evil: &str) -> Plan {
    let text = || evil.to_owned();
    let address = Address::new(evil, evil);
    let mut plan = large(10);
    plan.accounts.push(AccountLine {
        name: text(),
        api: text(),
        base_url: text(),
        organization: Some(text()),
        generation: Some(2),
        token_from: Some(text()),
        token_of: Some(text()),
    });
    plan.logins.insert(text(), text());
    for change in &mut plan.changes {
        change.address = address.clone();
        change.account = text();
        change.id = change.id.as_ref().map(|_| text());
        change.reason = Some(text());
        for (before, after) in [
            (ShownValue::Value(json!(evil).into()), ShownValue::Value(json!(format!("{evil}2")).into())),
            (ShownValue::Value(json!({ evil: evil }).into()), ShownValue::Value(json!({ evil: [evil, "x"], "y": evil }).into())),
            (
                ShownValue::Value(json!(format!("a\n{evil}\nc")).into()),
                ShownValue::Value(json!(format!("{evil}\n{evil}\nd")).into()),
            ),
        ] {
            change.attributes.push(AttributeChange { name: text(), before, after, risky: true, source: None });
        }
        let (before, after) = (ShownValue::Absent, ShownValue::Secret(SecretState::New));
        let source = Some(text());
        change.attributes.push(AttributeChange { name: text(), before, after, risky: false, source });
        plan.secrets.insert(address.clone(), [(text(), text())].into_iter().collect());
    }
    for step in &mut plan.steps {
        step.address = Some(address.clone());
        step.call.account = text();
        step.call.path = text();
        step.call.query = vec![(text(), text())];
        step.why = text();
        match &mut step.operation {
            StepOperation::Delete { id, .. } | StepOperation::Update { id, .. } => *id = text(),
            StepOperation::Disconnect { bridge, number, .. } => (*bridge, *number) = (text(), text()),
            StepOperation::ReadBack { bridge, .. } => *bridge = ObjectRef::Id(text()),
            StepOperation::Create { .. } | StepOperation::Connect { .. } => {}
        }
    }
    // A plan that was read from a file may name its steps as it likes.
    let own = plan.steps.last_mut().expect("a step");
    own.id = text();
    own.waits_for.push(Prerequisite::Step(text()));
    plan.changes[0].steps.push(text());
    let spot = || Some(NumberLocation { bridge: text(), provider: text(), account: None });
    for effect in [NumberEffect::Dark, NumberEffect::Moves, NumberEffect::Connects, NumberEffect::Settles] {
        plan.impact.push(NumberImpact { effect, number: text(), account: text(), from: spot(), to: spot(), dark_steps: 1 });
    }
    for (code, address) in [(RefusalCode::CreateOnly, Some(address.clone())), (RefusalCode::MaxDeletes, None)] {
        let place = Some(format!("{evil}:3:7"));
        let addresses = address.into_iter().collect();
        plan.refusals.push(PlanRefusal { code, account: text(), addresses, attribute: Some(text()), detail: text(), place });
    }
    for code in [NoticeCode::Adopted, NoticeCode::SecretUnknown] {
        plan.notices.push(PlanNotice {
            code,
            account: text(),
            address: Some(address.clone()),
            attribute: Some(text()),
            detail: Some(text()),
        });
    }
    plan.ledger.push(LedgerUpdate::Adopt { address: Address::new("partners", evil), account: text(), id: text() });
    plan.unmanaged.push(UnmanagedCount { account: text(), kind: text(), count: 2, foreign: 3 });
    plan.digest = text();
    plan
}

/// The same with each change ten times, so that they are drawn as one.
pub(crate) fn hostile_alike(evil: &str) -> Plan {
    let mut plan = hostile(evil);
    let changes = std::mem::take(&mut plan.changes);
    plan.changes = (0..10).flat_map(|_| changes.clone()).collect();
    let (refusals, notices) = (plan.refusals.clone(), plan.notices.clone());
    plan.refusals = (0..10).flat_map(|_| refusals.clone()).collect();
    plan.notices = notices.iter().flat_map(|notice| vec![notice.clone(); 20]).collect();
    plan
}
