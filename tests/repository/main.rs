//! The repository: its pages are true, its recipes run, and its modules keep their documented order.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod action;
mod book;
mod ci_recipes;
mod contrast;
mod docs;
mod faults;
mod house;
mod literals;
mod readme;
mod release;
#[path = "../runners/mod.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod runners;
mod security;
mod strangers;
mod style;
mod tutorial;
#[path = "../pages/volatile.rs"]
mod volatile;
mod words;
