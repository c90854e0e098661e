//! The rules of the Engine.IO protocol, version 4.

mod close;
mod handshake;
mod heartbeat;
mod message;
mod polling;
mod request;
mod upgrade;
mod websocket;

use greenroom_tests::{Endpoint, Failure, Packet, Session, Transport, WebSocket, socketio};

use crate::case::{Case, Check};
use crate::servers::SOCKET;

pub(crate) fn cases() -> Vec<Case> {
    [
        request::cases(),
        handshake::cases(),
        polling::cases(),
        websocket::cases(),
        message::cases(),
        heartbeat::cases(),
        upgrade::cases(),
        close::cases(),
    ]
    .concat()
}

/// Shows that a session lives: its server answers on it.
async fn lives(at: Endpoint, session: &mut Session) -> Check {
    if at.path == SOCKET {
        return socketio::join(session, "/").await.map(drop);
    }
    session.send("4are you there?").await?;
    socketio::expect(session, "4are you there?").await
}

/// Shows that the Engine.IO session on this WebSocket lives.
async fn echoes(socket: &mut WebSocket, text: &str) -> Check {
    socket.send(text).await?;
    assert_eq!(socket.next_packet().await?, Packet::from(text));
    Ok(())
}

/// Opens sessions and returns their ids.
async fn ids_of_sessions(at: Endpoint, transport: Transport, count: usize) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(Session::open(at, transport).await?.sid().to_owned());
    }
    Ok(ids)
}

/// How many bits of the ids vary, as far as such a sample can show it: each position counts for the number
/// of characters that were seen there.
pub(crate) fn varying_bits(ids: &[String]) -> f64 {
    let length = ids.iter().map(String::len).min().unwrap_or_default();
    let seen_at = |position: usize| {
        let seen: std::collections::BTreeSet<_> =
            ids.iter().filter_map(|id| id.as_bytes().get(position)).collect();
        seen.len()
    };
    (0..length).map(|position| f64::from(u32::try_from(seen_at(position)).unwrap_or(1)).log2()).sum()
}
