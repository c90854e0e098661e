//! A socket of a type of rooms: from its wish to a place, and its events to the room.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use actix::Context;
use greenroom_proto::directory::RoomId;
use greenroom_proto::room::{Event, SocketKey};
use greenroom_proto::socket::reason::DisconnectReason;
use greenroom_proto::socketio::AckId;

use super::actor::{SocketActor, State};
use super::dispatch::Reply;
use super::{Socket, SocketCommand};
use crate::directory::{DirectoryCommand, DirectoryHandle, unavailable};
use crate::error::Reject;
use crate::event::Args;
use crate::host::{Arrival, Door, HostCommand, HostHandle};
use crate::runtime::post::Refused;

/// What a socket has to do with a room.
#[derive(Debug)]
pub(super) struct RoomPlace {
    key: SocketKey,
    directory: DirectoryHandle,
    /// Somebody has the right to answer the CONNECT: the room, or the socket that waited too long.
    answered: AtomicBool,
    /// Set with the admission.
    host: OnceLock<HostHandle>,
}

impl Socket {
    /// Lifecycle: a room has taken the socket in, and its answer is on the way.
    pub(crate) fn enter_room(&self, room: &RoomId, host: HostHandle, key: SocketKey) {
        if let Some(place) = self.shared().room.get().filter(|place| place.key == key) {
            // Set once: a socket is admitted to one room.
            drop(place.host.set(host));
            self.admitted();
            if let Some(presence) = self.shared().namespace.presence.get() {
                presence.entered(self, room.as_str());
            }
        }
    }

    /// Lifecycle: no room takes the socket in.
    pub(crate) fn refused(&self, reject: Reject) {
        self.tell(SocketCommand::Refused(reject));
    }

    /// Takes the right to answer the CONNECT; false if somebody has it.
    pub(crate) fn claim_answer(&self) -> bool {
        self.shared().room.get().is_some_and(|place| !place.answered.swap(true, Ordering::AcqRel))
    }

    /// The socket has ended: whoever counts it forgets it.
    pub(super) fn leave_namespace(&self, reason: DisconnectReason) {
        let Some(place) = self.shared().room.get() else {
            return self.shared().namespace.disconnect(self);
        };
        let on_purpose = matches!(
            reason,
            DisconnectReason::ClientNamespaceDisconnect | DisconnectReason::ServerNamespaceDisconnect
        );
        place.directory.tell(DirectoryCommand::Depart { socket: place.key, on_purpose });
        if let Some(presence) = self.shared().namespace.presence.get() {
            presence.departed(self);
        }
    }

    /// The path's last part, if it names a certain room.
    fn wanted_room(&self, of: &str) -> Option<RoomId> {
        self.path().strip_prefix(of)?.strip_prefix('/').map(RoomId::from)
    }
}

impl SocketActor {
    /// Asks the directory of a type of rooms for a place.
    pub(super) fn ask_for_a_room(&mut self, directory: &DirectoryHandle, ctx: &mut Context<Self>) {
        let key = directory.next_socket();
        let arrival = match self.arrival(directory, key) {
            Ok(arrival) => arrival,
            Err(reject) => return self.refuse(&reject, ctx),
        };
        let place = RoomPlace {
            key,
            directory: directory.clone(),
            answered: AtomicBool::new(false),
            host: OnceLock::new(),
        };
        // Set once: a socket joins once.
        drop(self.socket.shared().room.set(Box::new(place)));
        let runtime = self.socket.runtime();
        self.state = State::Joining { until: Some(runtime.clock.now() + runtime.config.room_wait) };
        self.arm();
        directory.ensure_started(&self.worker.handle);
        self.send_to_directory(directory, DirectoryCommand::Arrive(arrival), ctx);
    }

    fn arrival(&self, directory: &DirectoryHandle, key: SocketKey) -> Result<Arrival, Reject> {
        let auth = self.socket.shared().auth.as_deref().unwrap_or("{}");
        let room = self.socket.wanted_room(directory.path());
        let door = Door::Socket(self.socket.clone());
        Arrival::new(door, key, room, auth, self.socket.claims().as_deref())
    }

    /// No room has taken the socket in.
    pub(super) fn refused_by_rooms(&mut self, reject: &Reject, ctx: &mut Context<Self>) {
        if let State::Joining { .. } = self.state {
            self.refuse(reject, ctx);
        }
    }

    /// Its room is not ready in time. If the room is answering at this moment, its answer counts.
    pub(super) fn give_up_joining(&mut self, ctx: &mut Context<Self>) {
        if !self.socket.claim_answer() {
            self.state = State::Joining { until: None };
            return self.arm();
        }
        self.refuse(&unavailable(), ctx);
        self.socket.leave_namespace(DisconnectReason::TransportClose);
    }

    /// An event for the room; false if the socket is in none.
    pub(super) fn forward_to_room(
        &mut self,
        name: &str,
        ack: Option<AckId>,
        args: &Args,
        ctx: &mut Context<Self>,
    ) -> bool {
        let Some(place) = self.socket.shared().room.get() else { return false };
        let Some(host) = place.host.get() else { return true };
        // Text of its own: a slice of the packet would keep all of that read in memory.
        let event =
            Event { socket: place.key, name: name.into(), args: args.as_proto().clone(), number: None, ack };
        match host.send(HostCommand::Event(event)) {
            // One that is gone has closed the connection, too.
            Ok(()) | Err(Refused::Gone(_)) => {}
            Err(Refused::Full(_)) => self.reply(Reply { to: ack }, Err(busy()), ctx),
        }
        true
    }
}

/// The room has so much to do that it takes no more at this moment.
fn busy() -> Reject {
    Reject::new("busy", "the room has too much to do")
}
