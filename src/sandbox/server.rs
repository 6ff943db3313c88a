//! The HTTP server, on its own thread and small runtime, so that it answers whatever the caller's thread does.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use futures_util::stream;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::DEFAULT_TOKEN;
use super::answer::{ResponsePayload, SandboxRequest, SandboxResponse};
use super::control;
use super::core::SharedCore;
use super::fault::{self, FaultEffect, FaultRule, FaultTiming, ListFault, SimulatedService};
use super::gate::RequestGate;
use super::log::LoggedRequest;
use super::wire::{ConnectionHandle, FaultyListener, decoded, form};
use super::world::World;

/// Request bodies beyond this size are answered 413.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// A running simulator of the services. Dropping it stops it.
pub struct Sandbox {
    address: SocketAddr,
    gate: Arc<RequestGate>,
    shared: SharedCore,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The address only: the state holds secrets.
impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Starts on a free port of the loopback interface.
    ///
    /// # Panics
    /// When the system has no free port or thread left: a caller could not continue without one.
    pub async fn start(world: World) -> Self {
        Self::start_blocking(world, (Ipv4Addr::LOCALHOST, 0).into()).expect("the loopback interface has a free port")
    }

    /// Starts on this address, port 0 being any free one.
    ///
    /// # Errors
    /// When the address is not of the loopback interface, or taken.
    pub async fn start_on(world: World, address: SocketAddr) -> io::Result<Self> {
        Self::start_blocking(world, address)
    }

    /// As [`Sandbox::start_on`], for callers without a runtime.
    ///
    /// # Errors
    /// When the address is not of the loopback interface, or taken.
    pub fn start_blocking(world: World, address: SocketAddr) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            let why = "the sandbox holds secrets in clear and listens on the loopback interface only";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let gate = Arc::new(RequestGate::new(address));
        let shared = SharedCore::new(world);
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let state = (shared.clone(), gate.clone());
        let thread = std::thread::Builder::new().name("sandbox".to_owned()).spawn(move || {
            runtime.block_on(async {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                let service =
                    Router::new().fallback(serve).with_state(state).into_make_service_with_connect_info::<ConnectionHandle>();
                // Not a graceful stop: a client that keeps its connection open must not keep us alive.
                tokio::select! {
                    _ = axum::serve(FaultyListener(listener), service) => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Self { address, gate, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://host:port/TOKEN`, under which the services and the control routes `/_sim/` live. Anyone who has it may
    /// read and change everything here.
    pub fn base(&self) -> String {
        format!("http://{}{}", self.address, self.gate.mount())
    }

    /// `/TOKEN`: the prefix of each path of [`Sandbox::log`] in a URL.
    pub fn mount(&self) -> &str {
        self.gate.mount()
    }

    /// Unpod's base URL as a client would configure it.
    pub fn unpod_url(&self) -> String {
        self.base() + "/api/v2/platform"
    }

    /// CarrierX's base URL as a client would configure it.
    pub fn carrierx_url(&self) -> String {
        self.base() + "/core/v2"
    }

    /// Telnyx's base URL as a client would configure it.
    pub fn telnyx_url(&self) -> String {
        self.base() + "/v2"
    }

    /// A token that Unpod accepts (and the others, too, unless the world says otherwise).
    pub fn token(&self) -> String {
        let first = self.shared.core().world.unpod.tokens.first().cloned();
        first.unwrap_or_else(|| DEFAULT_TOKEN.to_owned())
    }

    /// A token that CarrierX accepts.
    pub fn carrierx_token(&self) -> String {
        let first = self.shared.core().world.carrierx.tokens.first().cloned();
        first.unwrap_or_else(|| DEFAULT_TOKEN.to_owned())
    }

    /// A key that Telnyx accepts.
    pub fn telnyx_token(&self) -> String {
        let first = self.shared.core().world.telnyx.tokens.first().cloned();
        first.unwrap_or_else(|| DEFAULT_TOKEN.to_owned())
    }

    /// Every request to the services so far, oldest first.
    pub fn log(&self) -> Vec<LoggedRequest> {
        self.shared.core().log.clone()
    }

    /// The requests of [`Sandbox::log`] that could have changed something.
    pub fn writes(&self) -> Vec<LoggedRequest> {
        self.shared.core().log.iter().filter(|entry| entry.is_write()).cloned().collect()
    }

    /// Forgets the log.
    pub fn clear_log(&self) {
        self.shared.core().log.clear();
    }

    /// The state as it is now.
    pub fn world(&self) -> World {
        self.shared.core().world.clone()
    }

    /// Sets a callback that gets the state after each request that could have changed it, before the answer.
    pub fn after_each_write(&self, keep: impl Fn(&World) + Send + Sync + 'static) {
        self.shared.after_each_write(Box::new(keep));
    }

    /// Waits until a request is held by [`FaultEffect::Hold`]; false when none is held within this time. Each one is reported once.
    pub fn wait_held(&self, patience: Duration) -> bool {
        self.shared.wait_held(patience)
    }

    /// Releases the requests that are held by [`FaultEffect::Hold`].
    pub fn let_go(&self) {
        self.shared.let_go();
    }

    /// The faults, with the number of requests that each matched.
    pub fn faults(&self) -> Vec<FaultRule> {
        self.shared.core().world.faults.clone()
    }

    /// Adds a fault.
    pub fn set_fault(&self, fault: FaultRule) {
        self.shared.core().world.faults.push(fault);
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.shared.core().world.faults.clear();
    }

    /// Changes the state as another user would in a console. Ids that are left zero are assigned afterwards.
    pub fn edit<R>(&self, change: impl FnOnce(&mut World) -> R) -> R {
        self.shared.core().edit(change)
    }

    /// Acts as the human who clicks the link in the mail to `field` (or `all`) of a partner, named by sid or
    /// login. False when no such partner exists.
    pub fn verify(&self, partner: &str, field: &str) -> bool {
        self.edit(|world| super::carrierx::verify(world, partner, field))
    }

    /// Stops, and returns when the port is free again.
    pub async fn shutdown(mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // The thread ends at once; a panic in it has already been printed.
            thread.join().ok();
        }
    }
}

/// Answers one request, including faults.
async fn serve(
    State((shared, gate)): State<(SharedCore, Arc<RequestGate>)>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    request: Request,
) -> Response {
    let mut asked = match read_request(&gate, request).await {
        Ok(asked) => asked,
        Err(answer) => return respond(&answer, &[]),
    };
    if asked.service == SimulatedService::Control {
        return respond(&control::answer(&shared, &asked), &[]);
    }
    let (place, plan) = {
        let mut core = shared.core();
        (core.note(&asked), fault::match_faults(&mut core, &asked))
    };
    asked.list_fault = plan.list_fault();
    fault::drop_ignored_fields(&plan, &mut asked);
    pause(plan.delay_before()).await;
    if plan.holds(FaultTiming::Before) {
        shared.hold_request().await;
    }
    let answer = match fault::answer_early(&plan) {
        Some(early) => early,
        None => {
            let truth = match plan.carried_out_after() {
                None => shared.core().answer(&asked),
                Some(late) => {
                    let (shared, asked) = (shared.clone(), asked.clone());
                    let done = tokio::spawn(async move {
                        if late == 0 {
                            shared.hold_request().await;
                        }
                        pause(late).await;
                        let truth = shared.core().answer(&asked);
                        shared.note_write();
                        truth
                    });
                    done.await.unwrap_or_else(|_| SandboxResponse::empty(500))
                }
            };
            if !matches!(asked.method.as_str(), "GET" | "HEAD") {
                shared.note_write();
            }
            pause(plan.delay_after()).await;
            if plan.holds(FaultTiming::After) {
                shared.hold_request().await;
            }
            fault::answer_late(&plan, &asked, truth)
        }
    };
    let Some(answer) = answer else {
        connection.cut();
        return respond(&SandboxResponse::empty(500), &[]);
    };
    let mut core = shared.core();
    core.note_status(place, answer.status);
    if answer.status == 204 && core.world.unpod.knobs.stray_body_after_204 && asked.service == SimulatedService::Unpod {
        connection.stray_after_204(answer.bytes().1);
    }
    drop(core);
    respond(&answer, &plan.effects)
}

async fn pause(milliseconds: u64) {
    if milliseconds > 0 {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
}

/// Reads a complete request, if permitted; or returns the answer when it is not permitted, or its body is too large or broken.
async fn read_request(gate: &RequestGate, request: Request) -> Result<SandboxRequest, SandboxResponse> {
    let (parts, body) = request.into_parts();
    let raw_path = gate.admit(&parts.uri, &parts.headers)?.to_owned();
    let raw_query = parts.uri.query().unwrap_or_default().to_owned();
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
    };
    let path = decoded(&raw_path, false);
    let service = match path.as_str() {
        p if p.starts_with("/_sim/") => SimulatedService::Control,
        p if p.starts_with("/core/v2/") => SimulatedService::Carrierx,
        p if p.starts_with("/v2/") => SimulatedService::Telnyx,
        p if p.starts_with("/api/") => SimulatedService::Unpod,
        _ => SimulatedService::Other,
    };
    Ok(SandboxRequest {
        service,
        method: parts.method.as_str().to_owned(),
        path,
        mount: gate.mount().to_owned(),
        query: form(&raw_query),
        raw_path,
        raw_query,
        headers: parts.headers.iter().map(header).collect(),
        body: axum::body::to_bytes(body, BODY_LIMIT).await.map_err(|_| SandboxResponse::empty(413))?,
        list_fault: ListFault::default(),
    })
}

/// Sends an answer, as the effects require.
fn respond(answer: &SandboxResponse, effects: &[FaultEffect]) -> Response {
    let (kind, bytes) = answer.bytes();
    let body = match fault_body(effects, &bytes) {
        Some(body) => body,
        // An empty 301 is sent chunked (recorded), which a body of unknown length causes.
        None if answer.status == 301 => Body::from_stream(stream::iter(Vec::<io::Result<Bytes>>::new())),
        None if answer.status == 204 => Body::empty(),
        None => Body::from(bytes),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind =
        kind.or(matches!(answer.payload, ResponsePayload::Empty if answer.status == 301).then_some("text/html; charset=utf-8"));
    let headers = answer.headers.iter().map(|(n, v)| (*n, v.as_str())).chain(kind.map(|k| ("content-type", k)));
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// A body that arrives slowly, ends too early, or seems endless.
fn fault_body(effects: &[FaultEffect], bytes: &[u8]) -> Option<Body> {
    effects.iter().find_map(|effect| match effect {
        FaultEffect::CutInBody => {
            let half = Bytes::copy_from_slice(&bytes[..bytes.len() / 2]);
            // The pause lets the first half be sent before the connection breaks.
            Some(Body::from_stream(stream::unfold(Some(Ok(half)), |next| async {
                let piece: io::Result<Bytes> = next?;
                let then = piece.is_ok().then(|| Err(io::ErrorKind::ConnectionReset.into()));
                if piece.is_err() {
                    pause(5).await;
                }
                Some((piece, then))
            })))
        }
        FaultEffect::Drip { bytes: size, every_ms } => {
            let (size, every) = ((*size).max(1), *every_ms);
            let pieces: Vec<Bytes> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
            Some(Body::from_stream(stream::unfold(pieces.into_iter(), move |mut pieces| async move {
                let piece = pieces.next()?;
                pause(every).await;
                Some((io::Result::Ok(piece), pieces))
            })))
        }
        FaultEffect::Oversize(extra) => {
            const PIECE: usize = 64 * 1024;
            let spaces = Bytes::from_static(&[b' '; PIECE]);
            let first = Bytes::copy_from_slice(bytes);
            let count = extra.div_ceil(PIECE);
            let filler = (0..count).map(move |_| spaces.clone());
            Some(Body::from_stream(stream::iter(std::iter::once(first).chain(filler).map(io::Result::Ok))))
        }
        _ => None,
    })
}
