//! How much of what was written the kernel still has.
//!
//! A peer that reads slowly is seen late: the kernel takes some 150 KB for it before a write does not fit.
//! `TCP_NOTSENT_LOWAT` makes a connection unwritable as soon as so much waits that the network does not carry,
//! and [`WireIo::poll_carried`] asks for that without writing.

use std::io;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, Interest};
use tokio::net::TcpStream;

use crate::Config;

/// A connection that a WebSocket is spoken over.
pub(crate) trait WireIo: AsyncRead + AsyncWrite + Unpin {
    /// Ready when the kernel has less left of what was written than half of `Config::unsent_bytes`, or when
    /// that cannot be found out.
    fn poll_carried(&self, cx: &mut Context<'_>) -> Poll<()>;
}

impl WireIo for TcpStream {
    fn poll_carried(&self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            // An error is the next write's to tell.
            if ready!(self.poll_write_ready(cx)).is_err() {
                return Poll::Ready(());
            }
            // What the runtime knows is how it was some time ago.
            match self.try_io(Interest::WRITABLE, || has_room(self)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(()) | Err(_) => return Poll::Ready(()),
            }
        }
    }
}

/// Sets the limit of what the kernel holds. A listener's connections inherit it.
pub(crate) fn limit_unsent(socket: &socket2::SockRef<'_>, config: &Config) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if config.unsent_bytes != 0 {
        socket.set_tcp_notsent_lowat(u32::try_from(config.unsent_bytes).unwrap_or(u32::MAX))?;
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _unused = (socket, config);
    Ok(())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn has_room(stream: &TcpStream) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let mut asked = [PollFd::new(stream, PollFlags::OUT)];
    let answers = poll(&mut asked, Some(&Timespec::default()))?;
    if answers == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn has_room(_: &TcpStream) -> io::Result<()> {
    Ok(())
}
