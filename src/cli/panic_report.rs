//! The report about a bug in telform: a short text instead of a panic's message, because the message may quote data, and
//! so a secret. A backtrace (`RUST_BACKTRACE=1`) holds names and lines, but no values.
//!
//! The exit code says whether a write may have been sent: 1 when none was, 5 when one may have been, because then "failed
//! before any write" would be false. The journal holds the open step.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write;
use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::console::Console;
use super::progress_meter::ProgressMeter;
use crate::output::Failed;
use crate::run::{Exit, RunError};
use crate::state::journal::JournalRecord;
use crate::text::escape_multiline;

/// Whether this process may have sent a write.
static MAY_HAVE_WRITTEN: AtomicBool = AtomicBool::new(false);

/// Replaces the message of a panic by a report.
pub(crate) fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        // A closed stream must not cause a second panic.
        let _ = std::io::stderr().lock().write_all(bug_report(info).as_bytes());
    }));
}

/// The same, after the progress line at the bottom of the terminal is removed.
pub(crate) fn clear_meter_on_panic(meter: &Arc<ProgressMeter>) {
    if !meter.is_on() {
        return;
    }
    let (meter, say) = (Arc::clone(meter), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |info| {
        meter.remove_if_possible();
        say(info);
    }));
}

fn bug_report(info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map_or_else(
        || "a place that is not known".to_owned(),
        |place| format!("{}:{}:{}", place.file(), place.line(), place.column()),
    );
    // A fixed text of the source holds no data; a formatted one may.
    let what =
        info.payload().downcast_ref::<&'static str>().copied().unwrap_or("its message is not shown, for it may hold secrets");
    let version = env!("CARGO_PKG_VERSION");
    let mut text = format!(
        "error[telform::bug]: a bug in telform {version} at {}\n  what: {}\n  help: this is not your fault. Please report it in private on the page that hosts telform's source, with\n        these lines and the command that you ran; leave secrets out.\n",
        escape_multiline(&place),
        escape_multiline(what)
    );
    let trace = Backtrace::capture();
    if trace.status() == BacktraceStatus::Captured {
        for line in trace.to_string().lines() {
            text.push_str(&format!("  {}\n", escape_multiline(line)));
        }
    } else {
        text.push_str("        RUST_BACKTRACE=1 adds the calls that led there, without values.\n");
    }
    text
}

/// How a run ends after a bug; the report is already on standard error.
pub(crate) fn end_with_bug(out: &Console, _payload: Box<dyn Any + Send>) -> Exit {
    let wrote = MAY_HAVE_WRITTEN.load(Ordering::SeqCst);
    if out.global.json {
        let message = "a bug in telform; its report is on standard error";
        let help = "please report it; the journal has each request that was begun";
        let failed = RunError::other("telform::bug", message, help).document(&super::next_commands::RepeatedOptions::default());
        out.print_document(&Failed { may_have_written: Some(wrote), ..failed });
    } else if wrote {
        out.print_stderr(
            "requests of this run may have been sent: the journal has each one that was begun, and `telform plan` shows what is there now\n",
        );
    } else {
        out.print_stderr("nothing was written\n");
    }
    bug_exit_code()
}

/// The exit code after a bug.
pub(crate) fn bug_exit_code() -> Exit {
    if MAY_HAVE_WRITTEN.load(Ordering::SeqCst) { Exit::Partial } else { Exit::Failed }
}

/// Remembers, for the case of a bug, whether a request was announced: the journal gets this record next.
pub(crate) fn before_record(record: &JournalRecord) {
    match record {
        JournalRecord::Intent { .. } => {
            fail_if_asked("before_write");
            MAY_HAVE_WRITTEN.store(true, Ordering::SeqCst);
        }
        JournalRecord::Outcome { .. } => fail_if_asked("after_write"),
        JournalRecord::Started(_)
        | JournalRecord::Interrupted
        | JournalRecord::Settled { .. }
        | JournalRecord::Finished { .. }
        | JournalRecord::Signed { .. }
        | JournalRecord::Rekeyed { .. } => {}
    }
}

/// For the tests of all this: a debug build panics where `TELFORM_DEBUG_PANIC` says (`at_start`, `before_write`,
/// `after_write`). Text after a blank there becomes part of the panic's message. A release build ignores it.
pub(crate) fn fail_if_asked(here: &str) {
    #[cfg(debug_assertions)]
    if let Ok(wish) = std::env::var("TELFORM_DEBUG_PANIC") {
        match wish.split_once(' ') {
            None if wish == here => panic!("TELFORM_DEBUG_PANIC asked for this"),
            Some((place, quoted)) if place == here => panic!("TELFORM_DEBUG_PANIC says {quoted}"),
            _ => {}
        }
    }
    #[cfg(not(debug_assertions))]
    let _ = here;
}
