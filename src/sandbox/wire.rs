//! The connection below HTTP: percent-encoding, a socket that can be cut, and bytes where HTTP allows none.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Decodes `%xx` (and `+` when it encodes a space); anything that is not an escape is kept.
pub(super) fn decoded(text: &str, plus_is_space: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match (byte, two_digits(rest.clone())) {
            (b'%', Some(value)) => {
                bytes.push(value);
                rest.nth(1);
            }
            (b'+', _) if plus_is_space => bytes.push(b' '),
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The next two characters as a hexadecimal number.
fn two_digits(mut ahead: std::str::Bytes<'_>) -> Option<u8> {
    let mut digit = || ahead.next().and_then(|byte| char::from(byte).to_digit(16));
    let (high, low) = (digit()?, digit()?);
    u8::try_from(high * 16 + low).ok()
}

/// The pairs of a query or of a form body.
pub(super) fn form(text: &str) -> Vec<(String, String)> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decoded(name, true), decoded(value, true))
    };
    text.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

/// What a handler may do to its connection.
#[derive(Debug, Clone, Default)]
pub(super) struct ConnectionHandle(Arc<Mutex<ConnectionFaults>>);

#[derive(Debug, Default)]
struct ConnectionFaults {
    cut: bool,
    stray: Option<Vec<u8>>,
}

impl ConnectionHandle {
    fn trouble(&self) -> MutexGuard<'_, ConnectionFaults> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on nothing is written, and the peer sees a reset.
    pub(super) fn cut(&self) {
        self.trouble().cut = true;
    }

    /// These bytes follow the next answer that has status 204 (`api/unpod.md`, section 9.3).
    pub(super) fn stray_after_204(&self, bytes: Vec<u8>) {
        self.trouble().stray = Some(bytes);
    }
}

/// A listener whose connections can be disturbed.
pub(super) struct FaultyListener(pub(super) TcpListener);

impl Listener for FaultyListener {
    type Io = FaultyStream;
    type Addr = ConnectionHandle;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, _) = Listener::accept(&mut self.0).await;
        // Small answers must not wait for the peer's delayed acknowledgement; without it things are slow, not wrong.
        stream.set_nodelay(true).ok();
        let connection = ConnectionHandle::default();
        (FaultyStream { stream, connection: connection.clone(), after_204: None }, connection)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(ConnectionHandle::default())
    }
}

impl Connected<IncomingStream<'_, FaultyListener>> for ConnectionHandle {
    fn connect_info(stream: IncomingStream<'_, FaultyListener>) -> Self {
        stream.remote_addr().clone()
    }
}

/// A TCP stream that obeys its [`Connection`].
pub(super) struct FaultyStream {
    stream: TcpStream,
    connection: ConnectionHandle,
    /// Stray bytes whose 204 has been sent.
    after_204: Option<Vec<u8>>,
}

impl FaultyStream {
    fn check(&self) -> io::Result<()> {
        if self.connection.trouble().cut {
            // A close without lingering is a reset, which is what a crashing server looks like.
            self.stream.set_zero_linger().ok();
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for FaultyStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for FaultyStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        if buf.starts_with(b"HTTP/1.1 204") && written == buf.len() {
            let stray = self.connection.trouble().stray.take();
            self.after_204 = stray;
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        while let Some(mut bytes) = self.after_204.take() {
            match Pin::new(&mut self.stream).poll_write(cx, &bytes) {
                Poll::Ready(written) => {
                    let rest = bytes.split_off(written?.min(bytes.len()));
                    self.after_204 = (!rest.is_empty()).then_some(rest);
                }
                Poll::Pending => {
                    self.after_204 = Some(bytes);
                    return Poll::Pending;
                }
            }
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
