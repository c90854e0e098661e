//! The rules of the Socket.IO protocol, version 5.

mod ack;
mod binary;
mod connect;
mod disconnect;
mod event;
mod packet;
mod state;

use greenroom_tests::{Failure, Packet, Session, Transport, socketio};

use crate::case::{Case, Check};
use crate::servers::Server;

pub(crate) fn cases() -> Vec<Case> {
    [
        connect::cases(),
        state::cases(),
        event::cases(),
        ack::cases(),
        binary::cases(),
        disconnect::cases(),
        packet::cases(),
    ]
    .concat()
}

/// A session in no namespace.
async fn open(transport: Transport) -> Result<Session, Failure> {
    Session::open(Server::Steady.socket()?, transport).await
}

/// A session in the main namespace.
async fn joined(transport: Transport) -> Result<Session, Failure> {
    let mut session = open(transport).await?;
    socketio::join(&mut session, "/").await?;
    Ok(session)
}

/// Shows that the session is in the main namespace, and that nothing else was on its way to the client.
async fn is_heard(session: &mut Session) -> Check {
    session.send(r#"42["message","still here"]"#).await?;
    socketio::expect(session, r#"42["message-back","still here"]"#).await
}

/// Sends packets in a session of their own, in the main namespace: each must end it without an answer.
async fn each_ends_the_session(transport: Transport, packets: &[&str]) -> Check {
    for packet in packets {
        let mut session = joined(transport).await?;
        ends(&mut session, [(*packet).into()]).await?;
    }
    Ok(())
}

/// Sends these packets, which must end the session without an answer.
async fn ends(session: &mut Session, packets: impl IntoIterator<Item = Packet>) -> Check {
    session.offend(packets).await?;
    let answers = session.closes().await?;
    if answers.is_empty() {
        return Ok(());
    }
    Err(Failure::Unexpected(format!("{answers:?} before the end of the session")))
}
