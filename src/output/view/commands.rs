//! Commands that a view names, complete enough to be copied.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Adds the options of this run to every command that a text names in backticks. The default leaves each as it is.
#[derive(Clone, Default)]
pub struct CommandOptions(Option<Arc<CompleteText>>);

/// Completes the commands of a text.
type CompleteText = dyn Fn(&str) -> String + Send + Sync;

impl CommandOptions {
    /// Those with which `complete` writes a text again.
    pub fn new(complete: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(complete)))
    }

    /// The text with whole commands.
    pub fn complete<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &self.0 {
            Some(complete) if text.contains('`') => Cow::Owned(complete(text)),
            _ => Cow::Borrowed(text),
        }
    }
}

impl fmt::Debug for CommandOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "CommandOptions(of a run)" } else { "CommandOptions(none)" })
    }
}
