//! The state behind the lock: the world, what is derived from it, and the log.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::answer::{Answer, Asked, nowhere};
use super::carrierx::{self, PartnerIndex};
use super::fault::Service;
use super::log::LoggedRequest;
use super::unpod;
use super::world::World;

/// Shared by the server thread and the [`Sandbox`](super::Sandbox) handle.
#[derive(Clone)]
pub(super) struct Shared(Arc<Inner>);

struct Inner {
    core: Mutex<Core>,
    /// Told when a request is held.
    held: Condvar,
    /// Told when those that are held shall go on.
    let_go: Notify,
    /// Whoever keeps the state after each write.
    keeper: OnceLock<Keeper>,
}

/// Keeps a state.
pub(super) type Keeper = Box<dyn Fn(&World) + Send + Sync>;

/// See the module.
pub(super) struct Core {
    pub(super) world: World,
    pub(super) partners: PartnerIndex,
    pub(super) log: Vec<LoggedRequest>,
    /// How many requests are held.
    held: usize,
}

impl Shared {
    pub(super) fn new(world: World) -> Self {
        let world = world.tidied();
        let core = Core { world, partners: PartnerIndex::default(), log: Vec::new(), held: 0 };
        Self(Arc::new(Inner {
            core: Mutex::new(core),
            held: Condvar::new(),
            let_go: Notify::new(),
            keeper: OnceLock::new(),
        }))
    }

    pub(super) fn after_each_write(&self, keeper: Keeper) {
        // Whoever came first stays.
        let _ = self.0.keeper.set(keeper);
    }

    /// A request may have changed the state.
    pub(super) fn wrote(&self) {
        if let Some(keep) = self.0.keeper.get() {
            keep(&self.core().world);
        }
    }

    /// The state. A test that panicked inside `edit` leaves a world that is still worth looking at.
    pub(super) fn core(&self) -> MutexGuard<'_, Core> {
        self.0.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on when it is let go; who waits for a request to be held is told.
    pub(super) async fn hold(&self) {
        let let_go = self.0.let_go.notified();
        self.core().held += 1;
        self.0.held.notify_all();
        let_go.await;
    }

    /// Lets go what is held.
    pub(super) fn let_go(&self) {
        self.0.let_go.notify_waiters();
    }

    /// Waits until a request is held, and takes note of it: true when there is one within this time.
    pub(super) fn wait_held(&self, patience: Duration) -> bool {
        let core = self.core();
        let waited = self.0.held.wait_timeout_while(core, patience, |core| core.held == 0);
        let (mut core, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut core.held) > 0
    }
}

impl Core {
    /// Lets the service answer.
    pub(super) fn answer(&mut self, asked: &Asked) -> Answer {
        match asked.service {
            Service::Unpod => unpod::answer(&mut self.world, asked),
            Service::Carrierx => carrierx::answer(self, asked),
            Service::Control | Service::Other => nowhere(),
        }
    }

    /// Changes the world from outside, and makes it whole again.
    pub(super) fn edit<R>(&mut self, change: impl FnOnce(&mut World) -> R) -> R {
        let result = change(&mut self.world);
        self.world.tidy();
        self.partners.forget();
        result
    }

    /// Writes a request down and says where.
    pub(super) fn note(&mut self, asked: &Asked) -> usize {
        let place = self.log.len();
        self.log.push(LoggedRequest::of(asked, place as u64 + 1));
        place
    }

    /// Writes down how a request was answered.
    pub(super) fn note_status(&mut self, place: usize, status: u16) {
        if let Some(entry) = self.log.get_mut(place) {
            entry.status = Some(status);
        }
    }
}
