//! Stories: the real binary in a clean environment against the project's own simulator, as a user would meet it.
//!
//! Each story has a folder, a simulator and an environment of its own. After every run the bench looks by itself for
//! secrets and for characters that steer a terminal in everything that the program wrote.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

#[macro_use]
mod bench;
#[path = "../runners/mod.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod runners;
#[path = "../pages/volatile.rs"]
mod volatile;

mod access_rules;
mod accounts;
mod adopt;
mod alike;
#[cfg(unix)]
mod approvals;
mod as_printed;
mod bad_runs;
mod bound;
mod bridges;
mod bugs;
#[cfg(unix)]
mod canary;
#[cfg(unix)]
mod checkout;
mod choice;
#[cfg(unix)]
mod closed_output;
mod commands;
mod comments;
mod completions;
mod confined;
#[cfg(all(unix, feature = "remote-state"))]
mod credentials;
mod darkening;
mod decisions;
mod defaults;
mod deletes;
mod destroys;
mod dice;
mod did_groups;
mod docs;
mod doctors;
mod drift;
mod echoes;
mod edges;
mod environments;
mod existing;
mod explains;
mod factored;
mod faults;
#[cfg(unix)]
mod findings;
mod fingerprint_keys;
mod first_hour;
mod folders;
mod foreign;
mod formats;
mod formatting;
mod generated;
mod generation1;
mod gets;
mod globs;
mod graphs;
#[cfg(all(unix, feature = "remote-state", feature = "otlp"))]
mod group_commit;
mod grouped;
mod growth;
mod guards;
mod guessing;
mod hard_faults;
mod hidden;
mod hints;
mod hosts;
mod identity;
mod inits;
#[cfg(all(target_os = "linux", feature = "remote-state"))]
mod interrupted_store;
#[cfg(target_os = "linux")]
mod interrupts;
mod inverses;
mod journal;
mod keys;
#[cfg(unix)]
mod kill_points;
#[cfg(unix)]
mod kill_records;
#[cfg(all(unix, feature = "remote-state"))]
mod kill_store;
#[cfg(unix)]
mod kill_worlds;
mod late;
mod ledger_line;
mod ledger_runs;
mod ledgers;
mod limits;
#[cfg(unix)]
mod links;
mod listings;
mod lookalikes;
mod lost;
mod machine;
mod many;
mod merge_models;
#[cfg(feature = "remote-state")]
mod moto;
mod moves;
mod not_taken;
mod number_entries;
mod number_forms;
mod odd;
mod organizations;
mod other_tools;
mod output;
mod outsiders;
mod own_changes;
mod owners;
mod owning;
mod partial;
mod partners;
mod patience;
mod pins;
mod plain_truth;
mod plan_diffs;
mod policies;
#[cfg(unix)]
mod power_loss;
#[cfg(unix)]
mod programs;
#[cfg(target_os = "linux")]
mod progress;
mod quickstart;
mod recorded;
mod references;
mod rehearsals;
mod rekey;
mod renames;
mod replace;
mod reports;
mod resume;
mod rewritten;
mod rollback;
mod round_trips;
mod runs;
mod saved;
mod secrets;
#[cfg(feature = "remote-state")]
mod shared;
#[cfg(unix)]
mod signed;
mod skipped;
#[cfg(all(unix, feature = "remote-state"))]
mod slow_store;
mod sources;
mod spellings;
mod steering;
mod steering_files;
#[cfg(all(unix, feature = "remote-state"))]
mod store_kinds;
mod swollen;
mod tables;
mod take_over;
mod telnyx;
mod telnyx_links;
mod telnyx_managed;
mod telnyx_order;
mod telnyx_profiles;
#[cfg(unix)]
mod terminal;
mod terse;
#[cfg(feature = "otlp")]
mod traces;
mod trail;
mod true_words;
mod twins;
mod undo_plans;
mod undo_resumed;
mod undo_today;
mod undos;
mod unreadable;
mod unsure_members;
mod verify;
mod watch;
#[cfg(unix)]
mod writers;
