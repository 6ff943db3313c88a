//! What a plan means for phone numbers: which go dark, which move, and for how many steps.

use serde::{Deserialize, Serialize};

/// What happens to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It loses its connection and gets no other.
    Dark,
    /// Another configuration or bridge takes over.
    Moves,
    /// It gets a connection that it did not have.
    Connects,
    /// It stays, and from then on it is known which configuration serves it.
    Settles,
}

/// Where a number is connected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spot {
    /// Slug of the bridge, or the address of one that the plan makes.
    pub bridge: String,
    /// Address of the configuration, or its id when no address claims it.
    pub provider: String,
    /// Its account, where it is another one than the number gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// What happens to one number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NumberImpact {
    /// What happens.
    pub effect: Effect,
    /// E.164.
    pub number: String,
    /// Account.
    pub account: String,
    /// Where it is connected now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Spot>,
    /// Where it will be connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Spot>,
    /// Steps during which it is dark although it moves: from its disconnect to its connect.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dark_steps: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(steps: &u32) -> bool {
    *steps == 0
}

/// Numbers that lose their connection without getting another.
pub fn dark<'a>(
    impact: &'a [NumberImpact],
    account: Option<&'a str>,
) -> impl Iterator<Item = &'a NumberImpact> {
    impact.iter().filter(move |number| {
        number.effect == Effect::Dark && account.is_none_or(|account| account == number.account)
    })
}
