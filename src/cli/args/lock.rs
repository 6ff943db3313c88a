//! Options of every command that locks the ledger.

use std::time::Duration;

use clap::Args;

/// How to lock.
#[derive(Debug, Args, Clone, Default)]
pub struct LockArgs {
    /// Wait this long for another run's lock
    ///
    /// Such as 30s or 5m [default: 0, refuse at once].
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, env = "TELFORM_LOCK_TIMEOUT")]
    lock_timeout: Option<Duration>,
}

impl LockArgs {
    /// How long to wait.
    pub(crate) fn timeout(&self) -> Duration {
        self.lock_timeout.unwrap_or_default()
    }
}

/// A duration with its unit, or 0.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    if text.trim() == "0" {
        return Ok(Duration::ZERO);
    }
    let wrong = || "a duration looks like 30s, 5m or 1h".to_owned();
    let length: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(length).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        for (text, seconds) in [("0", 0), ("0s", 0), ("30s", 30), ("5m", 300), ("1h", 3600), ("1m 30s", 90)] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "5", "-5s", "5 parsecs", "soon"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
