//! Writing to streams: whole, or with the reason why not.

use std::io::{self, ErrorKind, Write};
use std::time::Duration;

/// How long to pause when a stream currently accepts nothing.
const PAUSE: Duration = Duration::from_millis(5);

/// Writes everything and flushes it. A stream that another process made non-blocking is waited for.
pub(crate) fn write_whole(stream: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(error) => wait_until_writable(error)?,
        }
    }
    loop {
        match stream.flush() {
            Ok(()) => return Ok(()),
            Err(error) => wait_until_writable(error)?,
        }
    }
}

fn wait_until_writable(error: io::Error) -> io::Result<()> {
    match error.kind() {
        ErrorKind::Interrupted => Ok(()),
        ErrorKind::WouldBlock => {
            std::thread::sleep(PAUSE);
            Ok(())
        }
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Accepts one byte at a time, and sometimes none.
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
