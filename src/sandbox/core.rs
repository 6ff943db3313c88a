//! The state under the lock: the world, what is derived from it, and the log.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::answer::{SandboxRequest, SandboxResponse, unknown_path};
use super::carrierx::{self, PartnerIndex};
use super::fault::SimulatedService;
use super::log::LoggedRequest;
use super::telnyx::{self, Meter};
use super::unpod;
use super::world::World;

/// Shared by the server thread and the [`Sandbox`](super::Sandbox) handle.
#[derive(Clone)]
pub(super) struct SharedCore(Arc<Inner>);

struct Inner {
    core: Mutex<SandboxCore>,
    /// Notified when a request is held.
    request_held: Condvar,
    /// Notified when held requests are to continue.
    released: Notify,
    /// The callback that saves the state after each write.
    keeper: OnceLock<WorldSaver>,
}

/// Keeps a state.
pub(super) type WorldSaver = Box<dyn Fn(&World) + Send + Sync>;

/// See the module.
pub(super) struct SandboxCore {
    pub(super) world: World,
    pub(super) partners: PartnerIndex,
    pub(super) telnyx: Meter,
    pub(super) log: Vec<LoggedRequest>,
    /// How many requests are held.
    held: usize,
}

impl SharedCore {
    pub(super) fn new(world: World) -> Self {
        let world = world.tidied();
        let core = SandboxCore { world, partners: PartnerIndex::default(), telnyx: Meter::default(), log: Vec::new(), held: 0 };
        Self(Arc::new(Inner {
            core: Mutex::new(core),
            request_held: Condvar::new(),
            released: Notify::new(),
            keeper: OnceLock::new(),
        }))
    }

    pub(super) fn after_each_write(&self, keeper: WorldSaver) {
        // The first one is kept.
        let _ = self.0.keeper.set(keeper);
    }

    /// A request may have changed the state.
    pub(super) fn note_write(&self) {
        if let Some(keep) = self.0.keeper.get() {
            keep(&self.core().world);
        }
    }

    /// The state. A test that panicked inside `edit` leaves a world that can still be inspected.
    pub(super) fn core(&self) -> MutexGuard<'_, SandboxCore> {
        self.0.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds the request until it is released, and notifies those who wait for a held request.
    pub(super) async fn hold_request(&self) {
        let let_go = self.0.released.notified();
        self.core().held += 1;
        self.0.request_held.notify_all();
        let_go.await;
    }

    /// Releases what is held.
    pub(super) fn let_go(&self) {
        self.0.released.notify_waiters();
    }

    /// Waits until a request is held, and counts it as seen: true if one is held within this time.
    pub(super) fn wait_held(&self, patience: Duration) -> bool {
        let core = self.core();
        let waited = self.0.request_held.wait_timeout_while(core, patience, |core| core.held == 0);
        let (mut core, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut core.held) > 0
    }
}

impl SandboxCore {
    /// Lets the service answer.
    pub(super) fn answer(&mut self, asked: &SandboxRequest) -> SandboxResponse {
        match asked.service {
            SimulatedService::Unpod => unpod::answer(&mut self.world, asked),
            SimulatedService::Carrierx => carrierx::answer(self, asked),
            SimulatedService::Telnyx => telnyx::answer(self, asked),
            SimulatedService::Control | SimulatedService::Other => unknown_path(),
        }
    }

    /// Changes the world from outside, and makes it consistent again.
    pub(super) fn edit<R>(&mut self, change: impl FnOnce(&mut World) -> R) -> R {
        let result = change(&mut self.world);
        self.world.tidy();
        self.partners.forget();
        result
    }

    /// Logs a request and returns its index.
    pub(super) fn note(&mut self, asked: &SandboxRequest) -> usize {
        let place = self.log.len();
        self.log.push(LoggedRequest::from_request(asked, place as u64 + 1));
        place
    }

    /// Logs the answer to a request.
    pub(super) fn note_status(&mut self, place: usize, status: u16) {
        if let Some(entry) = self.log.get_mut(place) {
            entry.status = Some(status);
        }
    }
}
