//! Plan and apply for telephony.

pub mod sandbox;
