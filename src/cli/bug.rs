//! What is said when telform itself is wrong: a short report instead of a panic's message, because that may quote what the
//! program was working on, and so a secret. A backtrace (`RUST_BACKTRACE=1`) holds names and lines and no values.
//!
//! The exit code says whether a write may have been sent: 1 when none was, 5 when one may have been, for then "failed before
//! any write" would be a lie. The journal holds the open step.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write;
use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;

use super::exit::{Exit, Failure};
use super::meter::Meter;
use super::out::Out;
use crate::journal::{JournalError, Record, Recorder, Stamped};
use crate::ledger::Head;
use crate::output::Failed;
use crate::text::clean;

/// Whether this process may have sent a write.
static MAY_HAVE_WRITTEN: AtomicBool = AtomicBool::new(false);

/// Replaces the message of a panic by a report.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|info| {
        // A closed stream is no reason to panic a second time.
        let _ = std::io::stderr().lock().write_all(report(info).as_bytes());
    }));
}

/// The same, and the line at the bottom of the terminal is taken away first.
pub(crate) fn clears(meter: &Arc<Meter>) {
    if !meter.is_on() {
        return;
    }
    let (meter, say) = (Arc::clone(meter), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |info| {
        meter.remove_if_possible();
        say(info);
    }));
}

fn report(info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map_or_else(
        || "a place that is not known".to_owned(),
        |place| format!("{}:{}:{}", place.file(), place.line(), place.column()),
    );
    // A fixed text of the source holds no data; one that was made while the program ran may.
    let what = info
        .payload()
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or("its message is not shown, for it may hold secrets");
    let version = env!("CARGO_PKG_VERSION");
    let mut text = format!(
        "error[telform::bug]: a mistake in telform {version} at {}\n  what: {}\n  help: this is not your fault. Please report it in private on the page that hosts telform's source, with\n        these lines and the command that you ran; leave secrets out.\n",
        clean(&place),
        clean(what)
    );
    let trace = Backtrace::capture();
    if trace.status() == BacktraceStatus::Captured {
        for line in trace.to_string().lines() {
            text.push_str(&format!("  {}\n", clean(line)));
        }
    } else {
        text.push_str("        RUST_BACKTRACE=1 adds the calls that led there, without values.\n");
    }
    text
}

/// How a run ends that met a bug; the report stands on standard error already.
pub(crate) fn ended(out: &Out, _payload: Box<dyn Any + Send>) -> Exit {
    let wrote = MAY_HAVE_WRITTEN.load(Ordering::SeqCst);
    if out.global.json {
        let message = "a mistake in telform; its report stands on standard error";
        let help = "please report it; the journal has each request that was begun";
        let failed = Failure::other("telform::bug", message, help).document(&super::again::Again::default());
        out.document(&Failed { may_have_written: Some(wrote), ..failed });
    } else if wrote {
        out.note(
            "requests of this run may have been sent: the journal has each one that was begun, and `telform plan` shows what is there now\n",
        );
    } else {
        out.note("nothing was written\n");
    }
    exit()
}

/// The exit code after a bug.
pub(crate) fn exit() -> Exit {
    if MAY_HAVE_WRITTEN.load(Ordering::SeqCst) { Exit::Partial } else { Exit::Failed }
}

/// A journal that remembers, for the case of a bug, whether a request was announced.
pub(crate) struct Noted<'a>(pub Stamped<'a>);

impl Recorder for Noted<'_> {
    fn record<'a>(&'a self, record: Record) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(async move {
            match &record {
                Record::Intent { .. } => {
                    fail_if_asked("before_write");
                    MAY_HAVE_WRITTEN.store(true, Ordering::SeqCst);
                }
                Record::Outcome { .. } => fail_if_asked("after_write"),
                Record::Started(_)
                | Record::Interrupted
                | Record::Settled { .. }
                | Record::Finished { .. } => {}
            }
            self.0.record(record).await
        })
    }

    fn head<'a>(&'a self) -> BoxFuture<'a, Head> {
        self.0.head()
    }
}

/// For the tests of all this: a debug build panics where `TELFORM_DEBUG_PANIC` says (`at_start`, `before_write`,
/// `after_write`). What stands behind a blank there becomes part of the panic's message. A release build does not look.
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
