//! Sockets on the loopback interface.
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// Connections that may wait to be accepted: more than any scenario opens at once.
const BACKLOG: i32 = 4096;

/// Source addresses that clients take in turn. One address has some 28,000 ports, and those of
/// connections that have just ended stay taken for a minute.
const SOURCES: u32 = 16;

/// Listens on `port` without blocking.
///
/// # Errors
/// What the system answers, for example when the port is taken.
pub fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = tcp()?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address(Ipv4Addr::LOCALHOST, port))?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Connects to `port` and waits until the connection stands; `turn` picks the source address.
///
/// # Errors
/// What the system answers, for example when nobody listens.
pub fn connect(port: u16, turn: u32) -> io::Result<TcpStream> {
    let socket = client(turn)?;
    socket.connect(&address(Ipv4Addr::LOCALHOST, port))?;
    Ok(socket.into())
}

/// As [`connect`], with a receive buffer of so many bytes, as the kernel counts them: it takes twice that.
///
/// # Errors
/// What the system answers, for example when nobody listens.
pub fn connect_with_buffer(port: u16, bytes: usize) -> io::Result<TcpStream> {
    let socket = client(0)?;
    socket.set_recv_buffer_size(bytes)?;
    socket.connect(&address(Ipv4Addr::LOCALHOST, port))?;
    Ok(socket.into())
}

/// Begins to connect to `port` and returns at once; `turn` picks the source address.
///
/// # Errors
/// What the system answers, for example when no port is free.
pub fn start_connect(port: u16, turn: u32) -> io::Result<TcpStream> {
    let socket = client(turn)?;
    socket.set_nonblocking(true)?;
    match socket.connect(&address(Ipv4Addr::LOCALHOST, port)) {
        Err(error) if error.raw_os_error() != Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {
            Err(error)
        }
        Ok(()) | Err(_) => Ok(socket.into()),
    }
}

fn client(turn: u32) -> io::Result<Socket> {
    let socket = tcp()?;
    socket.set_tcp_nodelay(true)?;
    let [.., last] = (1 + turn % SOURCES).to_be_bytes();
    socket.bind(&address(Ipv4Addr::new(127, 0, 0, last), 0))?;
    Ok(socket)
}

fn tcp() -> io::Result<Socket> {
    Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))
}

fn address(host: Ipv4Addr, port: u16) -> SockAddr {
    SocketAddr::V4(SocketAddrV4::new(host, port)).into()
}
