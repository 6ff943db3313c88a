//! The HTTP server, on a thread and a small runtime of its own, so that it answers whatever the caller's thread does.

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
use super::answer::{Answer, Asked, Payload};
use super::control;
use super::core::Shared;
use super::fault::{self, Effect, Fault, Service, Twist, When};
use super::gate::Gate;
use super::log::LoggedRequest;
use super::wire::{Connection, Door, decoded, form};
use super::world::World;

/// Request bodies beyond this size are answered 413.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// A running simulator of both services. Dropping it stops it.
pub struct Sandbox {
    address: SocketAddr,
    gate: Arc<Gate>,
    shared: Shared,
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
    /// When the system has no free port or no thread left: nothing a caller could go on with.
    pub async fn start(world: World) -> Self {
        Self::start_blocking(world, (Ipv4Addr::LOCALHOST, 0).into())
            .expect("the loopback interface has a free port")
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
        let gate = Arc::new(Gate::new(address));
        let shared = Shared::new(world);
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let state = (shared.clone(), gate.clone());
        let thread = std::thread::Builder::new().name("sandbox".to_owned()).spawn(move || {
            runtime.block_on(async {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                let service = Router::new()
                    .fallback(serve)
                    .with_state(state)
                    .into_make_service_with_connect_info::<Connection>();
                // Not a graceful stop: a client that keeps its connection open must not keep us alive.
                tokio::select! {
                    _ = axum::serve(Door(listener), service) => {}
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

    /// `http://host:port/TOKEN`, under which both services and the control routes `/_sim/` live. Whoever has it may read
    /// and change everything here.
    pub fn base(&self) -> String {
        format!("http://{}{}", self.address, self.gate.mount())
    }

    /// `/TOKEN`: what stands before each path of [`Sandbox::log`] in a URL.
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

    /// A token that Unpod accepts (and CarrierX too, unless the world says otherwise).
    pub fn token(&self) -> String {
        let first = self.shared.core().world.unpod.tokens.first().cloned();
        first.unwrap_or_else(|| DEFAULT_TOKEN.to_owned())
    }

    /// A token that CarrierX accepts.
    pub fn carrierx_token(&self) -> String {
        let first = self.shared.core().world.carrierx.tokens.first().cloned();
        first.unwrap_or_else(|| DEFAULT_TOKEN.to_owned())
    }

    /// Every request to the two services so far, oldest first.
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

    /// Calls this with the state after each request that could have changed it, before it is answered.
    pub fn after_each_write(&self, keep: impl Fn(&World) + Send + Sync + 'static) {
        self.shared.after_each_write(Box::new(keep));
    }

    /// Waits until a request is held by [`Effect::Hold`]; false when none is within this time. Each one is told once.
    pub fn wait_held(&self, patience: Duration) -> bool {
        self.shared.wait_held(patience)
    }

    /// Lets the requests go on that are held by [`Effect::Hold`].
    pub fn let_go(&self) {
        self.shared.let_go();
    }

    /// Adds a fault.
    pub fn set_fault(&self, fault: Fault) {
        self.shared.core().world.faults.push(fault);
    }

    /// Takes all faults back.
    pub fn clear_faults(&self) {
        self.shared.core().world.faults.clear();
    }

    /// Changes the state as somebody else would in a console. Ids that are left zero are given afterwards.
    pub fn edit<R>(&self, change: impl FnOnce(&mut World) -> R) -> R {
        self.shared.core().edit(change)
    }

    /// Plays the human who clicks the link in the mail to `field` (or `all`) of a partner, named by sid or login.
    /// False when there is no such partner.
    pub fn verify(&self, partner: &str, field: &str) -> bool {
        self.edit(|world| super::carrierx::verify(world, partner, field))
    }

    /// Stops, and comes back when the port is free again.
    pub async fn shutdown(mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // The thread ends at once; a panic in it has been printed already.
            thread.join().ok();
        }
    }
}

/// Answers one request, faults included.
async fn serve(
    State((shared, gate)): State<(Shared, Arc<Gate>)>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response {
    let mut asked = match asked(&gate, request).await {
        Ok(asked) => asked,
        Err(answer) => return respond(&answer, &[]),
    };
    if asked.service == Service::Control {
        return respond(&control::answer(&shared, &asked), &[]);
    }
    let (place, plan) = {
        let mut core = shared.core();
        (core.note(&asked), fault::plan(&mut core, &asked))
    };
    asked.twist = plan.twist();
    fault::ignore(&plan, &mut asked);
    pause(plan.delay_before()).await;
    if plan.holds(When::Before) {
        shared.hold().await;
    }
    let answer = match fault::early(&plan) {
        Some(early) => early,
        None => {
            let truth = match plan.late() {
                None => shared.core().answer(&asked),
                Some(late) => {
                    let (shared, asked) = (shared.clone(), asked.clone());
                    let done = tokio::spawn(async move {
                        if late == 0 {
                            shared.hold().await;
                        }
                        pause(late).await;
                        let truth = shared.core().answer(&asked);
                        shared.wrote();
                        truth
                    });
                    done.await.unwrap_or_else(|_| Answer::empty(500))
                }
            };
            if !matches!(asked.method.as_str(), "GET" | "HEAD") {
                shared.wrote();
            }
            pause(plan.delay_after()).await;
            if plan.holds(When::After) {
                shared.hold().await;
            }
            fault::late(&plan, &asked, truth)
        }
    };
    let Some(answer) = answer else {
        connection.cut();
        return respond(&Answer::empty(500), &[]);
    };
    let mut core = shared.core();
    core.note_status(place, answer.status);
    if answer.status == 204 && core.world.unpod.knobs.stray_body_after_204 && asked.service == Service::Unpod
    {
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

/// Reads a request whole, once it may be read; or what is answered when it may not, or its body is too large or broken.
async fn asked(gate: &Gate, request: Request) -> Result<Asked, Answer> {
    let (parts, body) = request.into_parts();
    let raw_path = gate.admit(&parts.uri, &parts.headers)?.to_owned();
    let raw_query = parts.uri.query().unwrap_or_default().to_owned();
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
    };
    let path = decoded(&raw_path, false);
    let service = match path.as_str() {
        p if p.starts_with("/_sim/") => Service::Control,
        p if p.starts_with("/core/v2/") => Service::Carrierx,
        p if p.starts_with("/api/") => Service::Unpod,
        _ => Service::Other,
    };
    Ok(Asked {
        service,
        method: parts.method.as_str().to_owned(),
        path,
        mount: gate.mount().to_owned(),
        query: form(&raw_query),
        raw_path,
        raw_query,
        headers: parts.headers.iter().map(header).collect(),
        body: axum::body::to_bytes(body, BODY_LIMIT).await.map_err(|_| Answer::empty(413))?,
        twist: Twist::default(),
    })
}

/// Puts an answer on the wire, in the way the effects want it.
fn respond(answer: &Answer, effects: &[Effect]) -> Response {
    let (kind, bytes) = answer.bytes();
    let body = match fault_body(effects, &bytes) {
        Some(body) => body,
        // An empty 301 is sent chunked (recorded), which a body of unknown length gives.
        None if answer.status == 301 => Body::from_stream(stream::iter(Vec::<io::Result<Bytes>>::new())),
        None if answer.status == 204 => Body::empty(),
        None => Body::from(bytes),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = kind.or(matches!(answer.payload, Payload::Empty if answer.status == 301)
        .then_some("text/html; charset=utf-8"));
    let headers =
        answer.headers.iter().map(|(n, v)| (*n, v.as_str())).chain(kind.map(|k| ("content-type", k)));
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// A body that comes slowly, ends too early, or never seems to end.
fn fault_body(effects: &[Effect], bytes: &[u8]) -> Option<Body> {
    effects.iter().find_map(|effect| match effect {
        Effect::CutInBody => {
            let half = Bytes::copy_from_slice(&bytes[..bytes.len() / 2]);
            // The pause lets the first half out before the connection breaks.
            Some(Body::from_stream(stream::unfold(Some(Ok(half)), |next| async {
                let piece: io::Result<Bytes> = next?;
                let then = piece.is_ok().then(|| Err(io::ErrorKind::ConnectionReset.into()));
                if piece.is_err() {
                    pause(5).await;
                }
                Some((piece, then))
            })))
        }
        Effect::Drip { bytes: size, every_ms } => {
            let (size, every) = ((*size).max(1), *every_ms);
            let pieces: Vec<Bytes> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
            Some(Body::from_stream(stream::unfold(pieces.into_iter(), move |mut pieces| async move {
                let piece = pieces.next()?;
                pause(every).await;
                Some((io::Result::Ok(piece), pieces))
            })))
        }
        Effect::Oversize(extra) => {
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
