//! Alike changes as one, for every view: each change is in exactly one group, and the same plan always makes the same groups.
//!
//! Two changes are alike when these are equal: account, kind, action, risk, reason, the names of the attributes, and the requests
//! but for the ids in their paths. An update or replacement shows the same values before and after, too. Objects that are
//! created or deleted may have values of their own, for example a name: a value that fewer than a quarter of them share is named as
//! differing, and any other value is one for all of the group. The hosts in differing values are compared in the same way, so that
//! the one that is unlike all others is not among them. The source of a secret may always differ.

mod described;
mod likeness;

use std::hash::Hash;

use indexmap::IndexMap;

use self::likeness::{alike, divide, likeness, request_shape, shown_own_value};
use super::ranking::{RankedChange, ValueDifference};
use super::wording::{self, StepIndex};
use crate::plan::{AttributeChange, Change, ChangeAction, Plan, Step};

/// Number of alike items from which they are drawn as one.
pub(super) const FOLDED: usize = 5;

/// Number of changes of one action from which they are sorted, riskiest and rarest first, and not in the order of the plan.
const SORTED: usize = 20;

/// Changes that are alike: one or more.
#[derive(Clone)]
pub(super) struct ChangeGroup<'a> {
    /// Riskiest first, then by address.
    pub(super) members: Vec<&'a RankedChange<'a>>,
    /// Positions of the attributes of which each member has a value of its own.
    pub(super) differing: Vec<usize>,
}

/// One request of each member of a group.
pub(super) struct RequestGroup<'a> {
    /// Of the first member.
    pub(super) step: &'a Step,
    /// The path, with `{id}` for what differs.
    pub(super) target: String,
    /// One of each member.
    pub(super) steps: Vec<&'a Step>,
}

/// What a view draws: one change, or many as one.
pub(super) enum ShownChanges<'g, 'a> {
    One(&'a RankedChange<'a>),
    Folded(&'g ChangeGroup<'a>),
}

impl<'a> ShownChanges<'_, 'a> {
    pub(super) fn action(&self) -> ChangeAction {
        self.first().action
    }

    /// The change, or the one that stands for all of them.
    pub(super) fn first(&self) -> &'a Change {
        match self {
            Self::One(one) => one.change,
            Self::Folded(group) => group.first(),
        }
    }
}

/// All changes of a plan in groups.
pub(super) struct ChangeGroups<'a> {
    /// Riskiest first, then the rarest.
    pub(super) all: Vec<ChangeGroup<'a>>,
}

impl<'a> ChangeGroup<'a> {
    /// The change that stands for all of them.
    pub(super) fn first(&self) -> &'a Change {
        self.members[0].change
    }

    pub(super) fn is_folded(&self) -> bool {
        self.members.len() >= FOLDED
    }

    fn shown(&self, unfold: bool) -> Vec<ShownChanges<'_, 'a>> {
        if self.is_folded() && !unfold {
            return vec![ShownChanges::Folded(self)];
        }
        self.members.iter().copied().map(ShownChanges::One).collect()
    }

    /// The attributes that are equal in all of them.
    pub(super) fn shared_attributes(&self) -> impl Iterator<Item = &'a AttributeChange> {
        let attributes = self.first().attributes.iter().enumerate();
        attributes.filter(|(at, _)| !self.differing.contains(at)).map(|(_, attribute)| attribute)
    }

    /// The names of the others.
    pub(super) fn differing_names(&self) -> impl Iterator<Item = &'a str> {
        self.differing.iter().map(|at| self.first().attributes[*at].name.as_str())
    }

    /// What a member has of its own, each with its name; not escaped yet.
    pub(super) fn own_values(&self, member: &RankedChange<'_>) -> Vec<(String, String)> {
        let own = self.differing.iter().filter_map(|at| member.change.attributes.get(*at));
        own.map(|attribute| (attribute.name.clone(), shown_own_value(member.change.action, attribute))).collect()
    }

    /// What differs in all of them, value by value.
    pub(super) fn shared_leaves(&self) -> impl Iterator<Item = &'a ValueDifference> {
        self.members[0].leaves.iter().filter(|leaf| !self.differing.contains(&leaf.attribute))
    }

    /// Their requests, each as one.
    pub(super) fn requests(&self, steps: &StepIndex<'a>) -> Vec<RequestGroup<'a>> {
        let first = steps.steps_of_change(self.first());
        let mut all: Vec<RequestGroup<'a>> = first
            .into_iter()
            .map(|step| RequestGroup { step, target: request_shape(self.first(), step), steps: Vec::new() })
            .collect();
        for member in &self.members {
            let of_member = steps.steps_of_change(member.change);
            all.iter_mut().zip(of_member).for_each(|(group, step)| group.steps.push(step));
        }
        all
    }
}

impl<'a> ChangeGroups<'a> {
    pub(super) fn from_ranked(ranked: &'a [RankedChange<'a>], steps: &StepIndex<'a>) -> Self {
        let mut alike: IndexMap<[u8; 32], Vec<&'a RankedChange<'a>>> = IndexMap::new();
        for one in ranked {
            alike.entry(likeness(one, steps)).or_default().push(one);
        }
        let mut all: Vec<ChangeGroup<'a>> = alike.into_values().flat_map(divide).collect();
        all.sort_by_key(|group| (group.members[0].risk, group.members[0].rarity, group.members.len()));
        Self { all }
    }

    /// All changes for a list of everything: riskiest first, then the rarest.
    pub(super) fn shown_all(&self) -> Vec<ShownChanges<'_, 'a>> {
        if !self.all.iter().any(ChangeGroup::is_folded) {
            let mut few: Vec<_> = self.all.iter().flat_map(|group| &group.members).copied().collect();
            few.sort_by(|a, b| a.order().cmp(&b.order()));
            return few.into_iter().map(ShownChanges::One).collect();
        }
        self.all.iter().flat_map(|group| group.shown(false)).collect()
    }

    /// The groups of one action.
    fn with_action(&self, action: ChangeAction) -> impl Iterator<Item = &ChangeGroup<'a>> {
        self.all.iter().filter(move |group| group.first().action == action)
    }

    /// How many kinds of change there are of this action, where some are drawn as one.
    pub(super) fn kinds_of_change(&self, action: ChangeAction) -> Option<usize> {
        self.has_folded(action).then(|| self.with_action(action).count())
    }

    /// The title over the changes of an action.
    pub(super) fn heading(&self, action: ChangeAction, title: &str) -> String {
        format!("{title} ({})", self.count_text(action))
    }

    /// How many changes of an action there are, and how many kinds of them.
    pub(super) fn count_text(&self, action: ChangeAction) -> String {
        let count: usize = self.with_action(action).map(|group| group.members.len()).sum();
        let kinds = self.kinds_of_change(action).map(|kinds| match kinds {
            1 => ", 1 kind of change".to_owned(),
            kinds => format!(", {kinds} kinds of change"),
        });
        format!("{count}{}", kinds.unwrap_or_default())
    }

    /// The groups that are drawn as one.
    pub(super) fn folded(&self) -> impl Iterator<Item = &ChangeGroup<'a>> {
        self.all.iter().filter(|group| group.is_folded())
    }

    fn has_folded(&self, action: ChangeAction) -> bool {
        self.with_action(action).any(ChangeGroup::is_folded)
    }

    /// The actions in the order in which a reader needs them: what is lost first, and few changes before many alike ones.
    pub(super) fn actions(&self) -> Vec<(ChangeAction, &'static str)> {
        let mut actions = wording::ACTIONS.to_vec();
        let loses = |action| matches!(action, ChangeAction::Delete | ChangeAction::Replace);
        actions.sort_by_key(|(action, _)| !loses(*action) && self.has_folded(*action));
        actions
    }

    /// The changes of one action: in the order of the plan where they are few, else riskiest and rarest first. `unfold`: each
    /// by itself.
    pub(super) fn shown(&self, action: ChangeAction, unfold: bool) -> Vec<ShownChanges<'_, 'a>> {
        let count: usize = self.with_action(action).map(|group| group.members.len()).sum();
        if count < SORTED && !self.has_folded(action) {
            let mut few: Vec<_> = self.with_action(action).flat_map(|group| &group.members).copied().collect();
            few.sort_by_key(|one| one.position);
            return few.into_iter().map(ShownChanges::One).collect();
        }
        self.with_action(action).flat_map(|group| group.shown(unfold)).collect()
    }

    /// The summary of the plan, with the kinds of change where changes are drawn as one.
    pub(super) fn summary(&self, plan: &Plan) -> String {
        plan.summary_with_kinds(&|action| self.kinds_of_change(action))
    }
}

/// Equal items as one where they are many, the rarest first; before them the others, in their order. `unfold`: all of them are apart.
pub(crate) fn fold<'i, T, K: Hash + Eq>(
    items: &'i [T],
    unfold: bool,
    key: impl Fn(&&'i T) -> K,
) -> (Vec<&'i T>, Vec<Vec<&'i T>>) {
    if unfold {
        return (items.iter().collect(), Vec::new());
    }
    let groups = alike(items.iter().enumerate(), |(_, item)| key(item));
    let (mut folded, apart): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| group.len() >= FOLDED);
    folded.sort_by_key(Vec::len);
    let mut apart: Vec<(usize, &T)> = apart.into_iter().flatten().collect();
    apart.sort_by_key(|(at, _)| *at);
    let without_place = |group: Vec<(usize, &'i T)>| group.into_iter().map(|(_, item)| item).collect();
    (apart.into_iter().map(|(_, item)| item).collect(), folded.into_iter().map(without_place).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::model::call::{Call, RequestMethod};
    use crate::model::resource::Address;
    use crate::model::value::Value;
    use crate::output::view::ranking::rank_changes;
    use crate::plan::{ShownValue, StepOperation, StepPhase};

    fn attribute(name: &str, before: Option<Value>, after: Option<Value>) -> AttributeChange {
        let shown = |value: Option<Value>| value.map_or(ShownValue::Absent, |value| ShownValue::Value(value.into()));
        AttributeChange { name: name.to_owned(), before: shown(before), after: shown(after), risky: false, source: None }
    }

    fn change(index: usize, action: ChangeAction, attributes: Vec<AttributeChange>) -> Change {
        Change {
            address: Address::new("partners", &format!("p{index:05}")),
            account: "main".to_owned(),
            from_account: None,
            also_leaves: Vec::new(),
            action,
            id: (action != ChangeAction::Create).then(|| format!("id-{index}")),
            attributes,
            reason: None,
            steps: vec![format!("s{}", index + 1)],
        }
    }

    /// A plan with one PATCH for each change.
    fn plan(changes: Vec<Change>) -> Plan {
        let mut plan = Plan::from_ledger_updates(Vec::new(), Vec::new());
        plan.steps = changes
            .iter()
            .map(|change| {
                let id = change.id.clone().unwrap_or_default();
                let mut call = Call::get("main", format!("partners/{id}"));
                call.method = RequestMethod::Patch;
                let (before, expect, untouched) = Default::default();
                let operation = StepOperation::Update { id, before, expect, untouched, secrets: Vec::new() };
                let (why, waits_for) = ("PATCH changes only what is sent".to_owned(), Vec::new());
                Step { id: change.steps[0].clone(), phase: StepPhase::Update, address: None, call, operation, why, waits_for }
            })
            .collect();
        plan.changes = changes;
        plan
    }

    /// Each group as its number of members and the names of what differs.
    fn grouped(plan: &Plan) -> Vec<(usize, Vec<String>)> {
        let (ranked, steps) = (rank_changes(plan), StepIndex::from_plan(plan));
        let groups = ChangeGroups::from_ranked(&ranked, &steps);
        let shape = |group: &ChangeGroup<'_>| (group.members.len(), group.differing_names().map(str::to_owned).collect());
        groups.all.iter().map(shape).collect()
    }

    fn update(index: usize, after: &str) -> Change {
        change(index, ChangeAction::Update, vec![attribute("company_name", Some(json!("Acme")), Some(json!(after)))])
    }

    #[test]
    fn equal_updates_are_one_group_and_the_odd_ones_come_first() {
        let mut changes: Vec<Change> = (0..2_000).map(|index| update(index, "Acme Inc.")).collect();
        changes[700] = update(700, "Evil Inc.");
        changes[1_500].attributes.push(attribute("zip", None, Some(json!("90804"))));
        let plan = plan(changes);
        assert_eq!(grouped(&plan), [(1, vec![]), (1, vec![]), (1_998, vec![])]);
        let (ranked, steps) = (rank_changes(&plan), StepIndex::from_plan(&plan));
        let groups = ChangeGroups::from_ranked(&ranked, &steps);
        assert_eq!(groups.summary(&plan), "2000 to update in 3 kinds of change, 2000 requests");
        let requests = groups.all[2].requests(&steps);
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].describe(), "PATCH partners/{id} × 1998");
        assert_eq!(requests[0].id_ranges(&steps), "s1-s700, s702-s1500, s1502-s2000");
    }

    #[test]
    fn what_only_looks_alike_is_apart() {
        let mut changes: Vec<Change> = (0..10).map(|index| update(index, "Acme Inc.")).collect();
        changes[1].account = "other".to_owned();
        changes[2].reason = Some("because".to_owned());
        changes[3].attributes[0].risky = true;
        changes[4].address.kind = "bridges".into();
        changes[5].attributes[0].before = ShownValue::Value("acme".into());
        let mut plan = plan(changes);
        plan.steps[6].call.query.push(("nested_objects".to_owned(), "replace".to_owned()));
        plan.steps[7].why = "PUT".to_owned();
        plan.changes[8].steps.clear();
        let sizes: Vec<usize> = grouped(&plan).into_iter().map(|(size, _)| size).collect();
        assert_eq!(sizes, [1, 1, 1, 1, 1, 1, 1, 1, 2]);
    }

    fn create(index: usize, country: &str, host: &str) -> Change {
        let own = |text: String| Some(json!(text));
        let mut change = change(
            index,
            ChangeAction::Create,
            vec![
                attribute("login", None, own(format!("login-{index}"))),
                attribute("country_code", None, own(country.to_owned())),
                attribute("owner_email", None, own(format!("c{index}@{host}"))),
            ],
        );
        change.attributes[0].source = Some(format!("env P{index}"));
        change
    }

    #[test]
    fn creates_share_what_many_have_and_the_odd_ones_are_apart() {
        let mut changes: Vec<Change> = (0..300).map(|index| create(index, "USA", "acme.example")).collect();
        changes[10] = create(10, "GBR", "acme.example");
        changes[20] = create(20, "USA", "evil.example");
        let of_their_own = vec!["login".to_owned(), "owner_email".to_owned()];
        assert_eq!(grouped(&plan(changes.clone())), [(1, vec![]), (1, vec![]), (298, of_their_own.clone())]);
        // The rarest host is first.
        let plan = plan(changes);
        let ranked = rank_changes(&plan);
        let groups = ChangeGroups::from_ranked(&ranked, &StepIndex::from_plan(&plan));
        assert_eq!(groups.all[0].first().address.name, "p00020");
        // Of two halves each is one, and few are each by themselves.
        let halves: Vec<Change> =
            (0..300).map(|index| create(index, if index % 2 == 0 { "USA" } else { "GBR" }, "a.example")).collect();
        assert_eq!(grouped(&self::plan(halves)), [(150, of_their_own.clone()), (150, of_their_own)]);
        let few: Vec<Change> = (0..4).map(|index| create(index, "USA", "a.example")).collect();
        assert_eq!(grouped(&self::plan(few)), [(1, vec![]), (1, vec![]), (1, vec![]), (1, vec![])]);
    }

    /// Whatever the changes are: each is in one group, none is lost, and a second time gives the same.
    #[test]
    fn grouping_loses_no_change() {
        let mut seed = 7_u64;
        let mut dice = |most: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % most
        };
        for round in 0..60 {
            let count = usize::try_from(dice(120)).unwrap();
            let sorts = 1 + dice(12);
            let changes = (0..count).map(|index| {
                let action = [ChangeAction::Create, ChangeAction::Update, ChangeAction::Replace, ChangeAction::Delete]
                    [usize::try_from(dice(4)).unwrap()];
                let names = ["login", "name", "owner_email", "callbacks"].into_iter().take(1 + usize::try_from(dice(4)).unwrap());
                let attributes = names.map(|name| {
                    let mut value = || (dice(4) > 0).then(|| json!(format!("https://h{}.example", dice(sorts))));
                    attribute(name, value(), value())
                });
                change(index, action, attributes.collect())
            });
            let plan = plan(changes.collect());
            let (ranked, steps) = (rank_changes(&plan), StepIndex::from_plan(&plan));
            let groups = ChangeGroups::from_ranked(&ranked, &steps);
            let members = groups.all.iter().flat_map(|group| &group.members);
            let names: Vec<&str> = members.map(|one| one.change.address.name.as_str()).collect();
            assert_eq!(names.len(), plan.changes.len(), "round {round}");
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "round {round}");
            let shown = |unfold| wording::ACTIONS.into_iter().flat_map(|(action, _)| groups.shown(action, unfold)).count();
            assert_eq!(shown(true), plan.changes.len());
            assert_eq!(grouped(&plan), grouped(&plan), "round {round}");
            for group in &groups.all {
                let equal = |one: &RankedChange<'_>, at: usize| one.change.attributes[at] == group.first().attributes[at];
                let shared = (0..group.first().attributes.len()).filter(|at| !group.differing.contains(at));
                assert!(shared.into_iter().all(|at| group.members.iter().all(|one| equal(one, at))), "round {round}");
                assert!(group.is_folded() || group.differing.is_empty());
            }
        }
    }

    #[test]
    fn equal_items_are_folded_from_five_on() {
        let items = ["a", "x", "b", "x", "x", "c", "x", "y", "y", "y", "y", "x", "y", "y"];
        let (apart, folded) = fold(&items, false, |item| (**item).to_owned());
        assert_eq!(apart, [&"a", &"b", &"c"]);
        assert_eq!(folded.iter().map(Vec::len).collect::<Vec<_>>(), [5, 6]);
        assert_eq!(fold(&items, true, |item| (**item).to_owned()).0.len(), items.len());
    }
}
