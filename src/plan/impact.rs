//! What a plan means for phone numbers: which go dark, which move, and for how many steps.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What happens to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberEffect {
    /// It loses its connection and does not get another.
    Dark,
    /// Another configuration or bridge takes over.
    Moves,
    /// It gets its first connection.
    Connects,
    /// Its connection does not change, and it becomes known which configuration serves it.
    Settles,
}

/// Where a number is connected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NumberLocation {
    /// Slug of the bridge, or the address of a bridge that the plan creates.
    pub bridge: String,
    /// Address of the configuration, or its id when no address claims it.
    pub provider: String,
    /// Its account, where it differs from the one that the number moves to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// What happens to one number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NumberImpact {
    /// What happens.
    pub effect: NumberEffect,
    /// E.164.
    pub number: String,
    /// Account.
    pub account: String,
    /// The current connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NumberLocation>,
    /// The connection after the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NumberLocation>,
    /// Steps during which it is dark although it moves: from its disconnect to its connect.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dark_steps: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(steps: &u32) -> bool {
    *steps == 0
}

/// The effects with one for each number: a number that moves to a target that lets no call through is cut off, with what it is on
/// before and after, and is not moved too.
pub fn one_effect_each(impact: &[NumberImpact]) -> Vec<NumberImpact> {
    let with = |effect| impact.iter().filter(move |number| number.effect == effect);
    let moved: BTreeMap<SpotKey<'_>, &NumberImpact> =
        with(NumberEffect::Moves).map(|number| (spot_key(number, number.to.as_ref()), number)).collect();
    let dark: BTreeSet<SpotKey<'_>> = with(NumberEffect::Dark).map(|number| spot_key(number, number.from.as_ref())).collect();
    let kept = impact
        .iter()
        .filter(|number| number.effect != NumberEffect::Moves || !dark.contains(&spot_key(number, number.to.as_ref())));
    let whole = kept.map(|number| match moved.get(&spot_key(number, number.from.as_ref())) {
        Some(moved) if number.effect == NumberEffect::Dark => {
            NumberImpact { from: moved.from.clone(), to: moved.to.clone(), ..number.clone() }
        }
        _ => number.clone(),
    });
    whole.collect()
}

/// A number of an account on something.
type SpotKey<'a> = (&'a str, &'a str, Option<&'a NumberLocation>);

fn spot_key<'a>(number: &'a NumberImpact, spot: Option<&'a NumberLocation>) -> SpotKey<'a> {
    (&number.account, &number.number, spot)
}

/// Numbers that lose their connection without getting another.
pub fn numbers_going_dark<'a>(impact: &'a [NumberImpact], account: Option<&'a str>) -> impl Iterator<Item = &'a NumberImpact> {
    impact
        .iter()
        .filter(move |number| number.effect == NumberEffect::Dark && account.is_none_or(|account| account == number.account))
}
