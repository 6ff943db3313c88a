//! Writing to streams: whole, or with the reason why not. What became of standard output is remembered, so that no command
//! takes a text for printed that was not.

use std::io::{self, ErrorKind, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a stream that takes nothing for now is left alone.
const PAUSE: Duration = Duration::from_millis(5);

/// Writes all of it and sees that it has left this process. A stream that somebody else made non-blocking is waited for.
pub(super) fn write_whole(stream: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(error) => wait(error)?,
        }
    }
    loop {
        match stream.flush() {
            Ok(()) => return Ok(()),
            Err(error) => wait(error)?,
        }
    }
}

fn wait(error: io::Error) -> io::Result<()> {
    match error.kind() {
        ErrorKind::Interrupted => Ok(()),
        ErrorKind::WouldBlock => {
            std::thread::sleep(PAUSE);
            Ok(())
        }
        _ => Err(error),
    }
}

/// Standard output, as far as it takes what is written there.
#[derive(Debug, Default)]
pub(super) struct Output {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Why nothing is written there any more.
    lost: Option<Lost>,
    /// From here on the run goes to its end whatever becomes of its output: a write may have been sent.
    goes_on: bool,
    /// Somebody was told why.
    told: bool,
}

/// Why standard output takes nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lost {
    /// Its reader went away, as in `telform plan | head`: no fault.
    Closed,
    /// It failed, in the words of the operating system.
    Failed(String),
}

/// What became of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It is out.
    Done,
    /// It is not, and that is nobody's concern now.
    Dropped,
    /// It is not, and the run goes on without this stream; `first`: nobody was told so far.
    Elsewhere { first: bool },
}

impl Output {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a text, unless an earlier one was lost.
    pub(super) fn write(&self, text: &str) -> Written {
        let mut state = self.state();
        let was_lost = state.lost.is_some();
        if !was_lost {
            match write_whole(&mut anstream::stdout().lock(), text.as_bytes()) {
                Ok(()) => return Written::Done,
                Err(error) if error.kind() == ErrorKind::BrokenPipe => state.lost = Some(Lost::Closed),
                Err(error) => state.lost = Some(Lost::Failed(error.to_string())),
            }
        }
        match state.goes_on {
            true => Written::Elsewhere { first: !was_lost },
            false => Written::Dropped,
        }
    }

    /// From here on a write may be sent, so that the run goes to its end. Says whether somebody has to be told that nobody
    /// reads it.
    pub(super) fn goes_on(&self) -> bool {
        let mut state = self.state();
        state.goes_on = true;
        state.lost.is_some()
    }

    /// Whether a write may have been sent, as [`Self::goes_on`] was told.
    pub(super) fn went_on(&self) -> bool {
        self.state().goes_on
    }

    /// Whether nobody was told so far; now somebody is.
    pub(super) fn tell(&self) -> bool {
        !std::mem::replace(&mut self.state().told, true)
    }

    /// Why nothing is written any more.
    pub(super) fn lost(&self) -> Option<Lost> {
        self.state().lost.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes one byte at a time, and now and then none.
    struct Slow(Vec<u8>, usize);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1 += 1;
            match self.1 % 3 {
                0 => Err(ErrorKind::WouldBlock.into()),
                1 => Err(ErrorKind::Interrupted.into()),
                _ => self.0.write(&bytes[..1]),
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            self.1 += 1;
            if self.1.is_multiple_of(2) { Ok(()) } else { Err(ErrorKind::WouldBlock.into()) }
        }
    }

    #[test]
    fn a_stream_that_takes_little_gets_all() {
        let mut slow = Slow(Vec::new(), 0);
        write_whole(&mut slow, b"dark: +14155550101\n").expect("all of it");
        assert_eq!(slow.0, b"dark: +14155550101\n");
        let mut full = [0_u8; 4];
        let error = write_whole(&mut full.as_mut_slice(), b"longer").expect_err("no room");
        assert_eq!(error.kind(), ErrorKind::WriteZero);
    }
}
