//! Plan and apply for telephony.
