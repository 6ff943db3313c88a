//! What a plan means for phone numbers: which go dark, which move, and for how many steps.

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

/// Numbers that lose their connection without getting another.
pub fn numbers_going_dark<'a>(impact: &'a [NumberImpact], account: Option<&'a str>) -> impl Iterator<Item = &'a NumberImpact> {
    impact
        .iter()
        .filter(move |number| number.effect == NumberEffect::Dark && account.is_none_or(|account| account == number.account))
}
