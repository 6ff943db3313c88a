//! Who listens to the requests to an object store. The client repeats requests and obtains credentials itself, so each attempt is seen
//! where it is sent, and the operation that it belongs to is known to the task.

use std::time::Duration;

#[cfg(feature = "remote-state")]
pub(super) use watch::StoreWatch;

/// One attempt of a request, for observers. Holds no header, no body and no query.
#[derive(Debug, Clone)]
pub struct StoreRequest<'a> {
    /// What it is a part of: `read`, `write`, `remove`, or `credentials` where the client obtains them.
    pub operation: &'static str,
    /// The object as messages name it; none for credentials.
    pub object: Option<&'a str>,
    /// Method.
    pub method: &'a str,
    /// Counts from 1, for each operation.
    pub attempt: u32,
    /// Status; `None` when no answer was received.
    pub status: Option<u16>,
    /// From sending to the head of the answer.
    pub took: Duration,
}

impl StoreRequest<'_> {
    /// Whether the answer is an error: an object that is not there, and a condition that does not hold, are not.
    pub fn is_failure(&self) -> bool {
        let expected = |status| self.object.is_some() && matches!(status, 404 | 409 | 412);
        self.status.is_none_or(|status| status >= 400 && !expected(status))
    }
}

/// An observer of the requests to an object store.
pub trait StoreObserver: Send + Sync {
    /// Called after each attempt, in the task that waits for it.
    fn on_store_request(&self, seen: &StoreRequest<'_>);
}

#[cfg(feature = "remote-state")]
mod watch {
    use std::fmt;
    use std::future::Future;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, OnceLock};
    use std::time::Instant;

    use super::{StoreObserver, StoreRequest};
    use crate::text::decode_escapes;

    /// The observer of a store, which is set after its client was made.
    #[derive(Clone, Default)]
    pub(in super::super) struct StoreWatch(Arc<OnceLock<Arc<dyn StoreObserver>>>);

    impl fmt::Debug for StoreWatch {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("StoreWatch")
        }
    }

    /// What the requests of a task are a part of.
    struct StoreOperation {
        name: &'static str,
        object: String,
        path: String,
        attempts: AtomicU32,
    }

    tokio::task_local! {
        static OPERATION: StoreOperation;
    }

    impl StoreWatch {
        pub(in super::super) fn set(&self, observer: Arc<dyn StoreObserver>) {
            // The first one stays.
            let _ = self.0.set(observer);
        }

        /// Runs an operation on the object with this path, which messages name `object`.
        pub(in super::super) async fn in_operation<T>(
            &self,
            name: &'static str,
            object: impl FnOnce() -> String,
            path: &str,
            operation: impl Future<Output = T>,
        ) -> T {
            if self.0.get().is_none() {
                return operation.await;
            }
            let of = StoreOperation { name, object: object(), path: format!("/{path}"), attempts: AtomicU32::new(0) };
            OPERATION.scope(of, operation).await
        }

        /// Reports an attempt that ended: the path tells whether it is about the object.
        pub(in super::super) fn note(&self, method: &str, path: &str, status: Option<u16>, began: Instant) {
            let Some(observer) = self.0.get() else { return };
            let decoded = |text: &str| decode_escapes(text.as_bytes(), false).bytes;
            let _ = OPERATION.try_with(|of| {
                let took = began.elapsed();
                let about_object = decoded(path).ends_with(&decoded(&of.path));
                observer.on_store_request(&if about_object {
                    let attempt = of.attempts.fetch_add(1, Ordering::Relaxed) + 1;
                    StoreRequest { operation: of.name, object: Some(&of.object), method, attempt, status, took }
                } else {
                    StoreRequest { operation: "credentials", object: None, method, attempt: 1, status, took }
                });
            });
        }
    }
}
