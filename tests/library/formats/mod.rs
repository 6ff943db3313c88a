//! The formats of a plan: what each must hold, that nothing in it is active, and what ten thousand changes cost.

mod browser;
mod hostile;
mod large;
mod made;
mod needle;
mod page;
pub(crate) mod picture;
mod reports;
mod shape;
