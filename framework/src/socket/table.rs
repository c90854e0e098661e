//! A session's sockets: what runs on top of Engine.IO.
//!
//! Owns: the Socket.IO decoder of the session and its sockets by namespace. Takes: the messages of
//! one read at a time. Emits: one command per socket and read; CONNECT_ERROR for what nobody
//! serves. Keeps: a session whose client breaks the protocol, or joins no namespace in time, ends.
//! Spec: Socket.IO protocol › Exchange protocol.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use bytestring::ByteString;
use greenroom_proto::engineio::Message;
use greenroom_proto::rate::{Bucket, Rate};
use greenroom_proto::session::Delivery;
use greenroom_proto::socket::reason::DisconnectReason;
use greenroom_proto::socketio::{DecodeLimits, Decoder, Packet, PacketKind, RawText};
use smallvec::SmallVec;

use super::actor::SocketActor;
use super::connect::refuse_unknown;
use super::recovery::claim;
use super::{Inbound, Packets, Socket, eio3};
use crate::auth::Renewal;
use crate::error::Reject;
use crate::event::Args;
use crate::fanout::{FanoutCommand, Push};
use crate::namespaces::Found;
use crate::runtime::worker::Worker;
use crate::server::ServerShared;
use crate::session::{Messages, ReadPermit, SessionApp, SessionCx};

/// The sockets of one session, inside its actor.
pub(crate) struct SocketTable {
    server: Arc<ServerShared>,
    worker: Rc<Worker>,
    decoder: Decoder,
    sockets: SmallVec<[Place; 1]>,
    /// Refusals of the read in hand.
    refusals: Vec<Push>,
    /// CONNECTs of late.
    connects: Bucket,
    /// Until then a socket must have been asked for.
    connect_deadline: Option<Instant>,
}

/// A socket of the session.
struct Place {
    socket: Socket,
    /// Its client has left it: what comes after that is for nobody.
    left: bool,
}

/// Why the session has to end: it broke the protocol.
struct Violation(DisconnectReason);

/// The packets of one read for one socket after the other.
struct Batches {
    list: SmallVec<[(Socket, Packets); 1]>,
    /// Messages that are still to be looked at.
    more: usize,
}

impl SocketTable {
    pub(crate) fn new(server: Arc<ServerShared>, worker: Rc<Worker>) -> Self {
        let config = &server.runtime.config;
        let decoder = Decoder::new(DecodeLimits {
            max_attachments: config.max_attachments,
            max_attachment_bytes: config.max_attachment_bytes,
            timeout: config.attachments_timeout,
            ..DecodeLimits::default()
        });
        let connect_deadline = Some(server.runtime.clock.now() + config.connect_timeout);
        Self {
            server,
            worker,
            decoder,
            sockets: SmallVec::new(),
            refusals: Vec::new(),
            connects: Bucket::default(),
            connect_deadline,
        }
    }

    /// Puts what a message completes into the batch of its socket, or deals with it.
    fn handle_message(
        &mut self,
        message: Message,
        batches: &mut Batches,
        cx: &mut SessionCx<'_>,
    ) -> Result<(), Violation> {
        let query = if eio3::is_spoken(cx.session()) { eio3::auth_of(&message) } else { None };
        if let Some(parser) = self.server.runtime.parser.get() {
            let packet = parser.decode(message).map_err(|error| undecodable(&error, cx))?;
            return self.handle_packet(packet, query.as_deref(), batches, cx);
        }
        let decoded = match message {
            Message::Text(text) => self.decoder.text(text, cx.now()),
            Message::Binary(bytes) => self.decoder.binary(bytes),
        };
        match decoded.map_err(|error| undecodable(&error, cx))? {
            Some(packet) => self.handle_packet(packet, query.as_deref(), batches, cx),
            None => Ok(()),
        }
    }

    /// `query` is what a client of Engine.IO 3 says in place of `auth`.
    fn handle_packet(
        &mut self,
        packet: Packet,
        query: Option<&str>,
        batches: &mut Batches,
        cx: &mut SessionCx<'_>,
    ) -> Result<(), Violation> {
        let inbound = match packet.kind {
            PacketKind::Connect { auth } => {
                let auth = query.or(auth.as_ref().map(RawText::as_str));
                return self.connect(&packet.namespace, auth, cx);
            }
            // Only servers send it.
            PacketKind::ConnectError { .. } => return Err(Violation(DisconnectReason::ForcedServerClose)),
            PacketKind::Disconnect => Inbound::Disconnect,
            PacketKind::Event { name, ack, args } => Inbound::Event { name, ack, args: Args::new(args) },
            PacketKind::Ack { id, args } => Inbound::Ack { id, args: Args::new(args) },
        };
        let place = self.newest(&packet.namespace).filter(|place| !place.left);
        let place = place.ok_or(Violation(DisconnectReason::ForcedServerClose))?;
        place.left = matches!(inbound, Inbound::Disconnect);
        batches.add(&place.socket, inbound);
        Ok(())
    }

    fn connect(
        &mut self,
        path: &ByteString,
        auth: Option<&str>,
        cx: &mut SessionCx<'_>,
    ) -> Result<(), Violation> {
        // A socket that has ended makes room for a new one in its namespace.
        self.sockets.retain(|place| !place.socket.has_ended());
        if self.newest(path).is_some_and(|place| !place.is_leaving()) {
            return Err(Violation(DisconnectReason::ForcedServerClose));
        }
        if !self.may_connect(cx.now()) {
            let reject = Reject::new("rate_limited", "this connection asks for too many namespaces");
            self.refuse(super::connect::refusal(cx.session(), path, &reject), cx);
            return Ok(());
        }
        let (namespace, lease) = match self.server.namespaces.find(path, auth) {
            Found::Namespace(namespace, lease) => (namespace, lease),
            Found::Unknown => {
                self.refuse(refuse_unknown(cx.session(), path), cx);
                return Ok(());
            }
            Found::TooMany => {
                let reject = Reject::new("too_many_namespaces", "the server has too many namespaces");
                self.refuse(super::connect::refusal(cx.session(), path, &reject), cx);
                return Ok(());
            }
        };
        if !self.has_room() {
            let reject = Reject::new("too_many_namespaces", "this connection has too many namespaces open");
            self.refuse(super::connect::refusal(cx.session(), path, &reject), cx);
            return Ok(());
        }
        let session = cx.session().clone();
        let predecessor = if eio3::is_spoken(&session) { None } else { claim(&namespace, auth) };
        let socket = Socket::new(namespace, path, session, auth.map(Box::from), predecessor);
        SocketActor::start(socket.clone(), self.worker.clone(), lease);
        self.sockets.push(Place { socket, left: false });
        self.connect_deadline = None;
        Ok(())
    }

    fn may_connect(&mut self, now: Instant) -> bool {
        let config = &self.server.runtime.config;
        let rate = Rate::new(config.connects_per_second, config.connect_burst);
        rate.is_none_or(|rate| self.connects.take(rate, now))
    }

    /// Those that leave do not count, or a client could not come back at once; but they are bounded too.
    fn has_room(&self) -> bool {
        let limit = self.server.runtime.config.max_namespaces;
        let staying = self.sockets.iter().filter(|place| !place.is_leaving()).count();
        staying < limit && self.sockets.len() < limit.saturating_mul(2)
    }

    /// The newest socket of the namespace: one that leaves may still be there.
    fn newest(&mut self, path: &str) -> Option<&mut Place> {
        self.sockets.iter_mut().rev().find(|place| place.socket.path() == path)
    }

    fn refuse(&mut self, packet: Bytes, cx: &SessionCx<'_>) {
        let to = cx.session().slot().slot;
        self.refusals.push(Push { to, packet, delivery: Delivery::Reliable, is_event: false });
    }

    /// All refusals of a read are one command, and hold its permit: a client that asks for what is not
    /// there is read no faster than it is answered.
    fn send_refusals(&mut self, permit: &mut ReadPermit) {
        if !self.refusals.is_empty() {
            let pushes = std::mem::take(&mut self.refusals).into();
            let command = FanoutCommand::Refuse { pushes, permit: permit.share() };
            self.worker.handle.fanout.send_anyway(&self.server.runtime, command);
        }
    }
}

impl Batches {
    /// Puts a packet behind the last one if it is for the same socket.
    fn add(&mut self, socket: &Socket, packet: Inbound) {
        match self.list.last_mut() {
            Some((last, packets)) if last.is(socket) => packets.push(packet),
            _ => {
                let mut packets = Packets::with_capacity(self.more + 1);
                packets.push(packet);
                self.list.push((socket.clone(), packets));
            }
        }
    }
}

impl Place {
    fn is_leaving(&self) -> bool {
        self.left || self.socket.is_leaving()
    }
}

impl SessionApp for SocketTable {
    /// A client of Engine.IO 3 is in `/` without asking.
    fn opened(&mut self, cx: &mut SessionCx<'_>) {
        let root = ByteString::from_static("/");
        if !eio3::is_spoken(cx.session()) || self.connect(&root, None, cx).is_err() {
            return;
        }
        // Nobody is refused what nobody asked for: its client takes a refusal of `/` for one of all namespaces.
        self.refusals.clear();
    }

    fn receive(&mut self, messages: Messages, mut permit: ReadPermit, cx: &mut SessionCx<'_>) {
        let mut batches = Batches { list: SmallVec::new(), more: messages.len() };
        let mut violation = None;
        for message in messages {
            batches.more -= 1;
            if let Err(Violation(reason)) = self.handle_message(message, &mut batches, cx) {
                violation = Some(reason);
                break;
            }
        }
        self.send_refusals(&mut permit);
        let last = batches.list.pop();
        for (socket, packets) in batches.list {
            socket.packets(packets, permit.share());
        }
        if let Some((socket, packets)) = last {
            socket.packets(packets, permit);
        }
        if let Some(reason) = violation {
            cx.close(reason);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        [self.decoder.next_deadline(), self.connect_deadline].into_iter().flatten().min()
    }

    fn handle_deadline(&mut self, now: Instant, cx: &mut SessionCx<'_>) {
        if let Err(error) = self.decoder.handle_deadline(now) {
            cx.close(undecodable(&error, cx).0);
        } else if self.connect_deadline.is_some_and(|deadline| deadline <= now) {
            self.connect_deadline = None;
            cx.close(DisconnectReason::ForcedServerClose);
        }
    }

    fn renewed(&mut self, renewal: &Arc<Renewal>) {
        self.sockets.iter().for_each(|place| place.socket.renewed(renewal.clone()));
    }

    fn closed(&mut self, reason: DisconnectReason, cx: &mut SessionCx<'_>) {
        for Place { socket, .. } in std::mem::take(&mut self.sockets) {
            socket.end(reason, cx.seal());
        }
    }
}

impl Drop for SocketTable {
    fn drop(&mut self) {
        // Only if the session's actor died: a session that ends in order has told its sockets.
        for Place { socket, .. } in &self.sockets {
            socket.end(DisconnectReason::TransportClose, None);
        }
    }
}

/// Reference behaviour: the sockets see `forced close` (socket.io, client.ts).
fn undecodable(error: &impl std::fmt::Display, cx: &SessionCx<'_>) -> Violation {
    tracing::debug!(session = %cx.session().slot(), %error, "a client sent what is no Socket.IO packet");
    Violation(DisconnectReason::ForcedClose)
}
