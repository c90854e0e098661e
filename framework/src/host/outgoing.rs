//! Connections, the names by which their clients know the room, and the packets of one turn.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use greenroom_proto::room::{SocketKey, Targets};
use greenroom_proto::session::{Delivery, Flushed, Receipt};
use greenroom_proto::socketio::{AckId, encode};
use serde_json::Value;
use smallvec::SmallVec;

use super::{Door, HostCommand, HostHandle, PlainLine};
use crate::auth::Revocation;
use crate::fanout::{FanoutCommand, FanoutHandle, RoomPush, Slot};
use crate::runtime::Runtime;
use crate::runtime::pile::Pile;
use crate::runtime::post::Refused;
use crate::runtime::worker::WorkerId;

/// By which name, and in which form, a client gets the packets of a room.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Entrance {
    /// A Socket.IO namespace: `/duel`, or `/duel/<id>`.
    Namespace(ByteString),
    /// A plain WebSocket: `{"event","args"}` and `{"ack","args"}`.
    Plain,
}

impl Entrance {
    pub(super) fn event(&self, name: &str, items: &str) -> Bytes {
        match self {
            Self::Namespace(path) => encode::event(path, name, items, &[], None),
            Self::Plain => format!(r#"{{"event":{},"args":[{items}]}}"#, Value::from(name)).into(),
        }
    }

    pub(super) fn ack(&self, id: AckId, items: &str) -> Bytes {
        match self {
            Self::Namespace(path) => encode::ack(path, id, items, &[]),
            Self::Plain => format!(r#"{{"ack":{},"args":[{items}]}}"#, id.0).into(),
        }
    }
}

/// The clients of a room.
#[derive(Debug, Default)]
pub(super) struct Connections {
    by_key: BTreeMap<SocketKey, Connection>,
    /// All that are in use, and some that were: there are as many as ways in.
    entrances: Vec<Entrance>,
}

#[derive(Debug)]
struct Connection {
    door: Door,
    entrance: usize,
    way: Way,
    mark: Arc<FlushMark>,
}

/// Where packets for a client go.
#[derive(Debug)]
enum Way {
    Fanout { worker: WorkerId, slot: Slot, fanout: FanoutHandle },
    Line(PlainLine),
}

impl Connections {
    /// Adds a client; one whose worker has ended is told nothing.
    pub(super) fn insert(&mut self, key: SocketKey, door: Door, runtime: &Runtime, mark: FlushMark) -> bool {
        let way = match &door {
            Door::Plain(line) => Way::Line(line.clone()),
            Door::Socket(socket) => {
                let at = socket.member();
                let Some(worker) = runtime.workers.find(at.worker) else { return false };
                Way::Fanout { worker: at.worker, slot: at.slot, fanout: worker.fanout }
            }
        };
        let wanted = door.entrance();
        let known = self.entrances.iter().position(|entrance| *entrance == wanted);
        let entrance = known.unwrap_or_else(|| {
            self.entrances.push(wanted);
            self.entrances.len() - 1
        });
        self.by_key.insert(key, Connection { door, entrance, way, mark: Arc::new(mark) });
        true
    }

    pub(super) fn remove(&mut self, key: SocketKey) -> Option<Door> {
        self.by_key.remove(&key).map(|connection| connection.door)
    }

    /// Those that came with a revoked token end.
    pub(super) fn revoke(&self, revocation: &Arc<Revocation>) {
        self.by_key.values().for_each(|connection| connection.door.revoked(revocation));
    }

    /// All doors, for the end.
    pub(super) fn take_doors(&mut self) -> impl Iterator<Item = Door> {
        std::mem::take(&mut self.by_key).into_values().map(|connection| connection.door)
    }

    /// Puts an event into the turn, encoded once per entrance.
    pub(super) fn emit(&self, turn: &mut Outgoing, to: &Targets, packet: &EventPacket<'_>) {
        match to {
            Targets::Only(keys) => self.send(turn, keys.iter(), packet),
            Targets::All => self.send(turn, self.by_key.keys(), packet),
            Targets::Except(skipped) => {
                self.send(turn, self.by_key.keys().filter(|key| !skipped.contains(key)), packet);
            }
        }
    }

    /// Puts an acknowledgement into the turn.
    pub(super) fn acknowledge(&self, turn: &mut Outgoing, to: SocketKey, id: AckId, items: &str) {
        let Some(connection) = self.by_key.get(&to) else { return };
        if let Some(entrance) = self.entrances.get(connection.entrance) {
            turn.encoded += 1;
            turn.add(connection, entrance.ack(id, items), Delivery::Reliable, Kind::Answer);
        }
    }

    /// Puts a packet into the turn that is ready to be sent.
    pub(super) fn push(&self, turn: &mut Outgoing, to: SocketKey, packet: Bytes) {
        if let Some(connection) = self.by_key.get(&to) {
            turn.add(connection, packet, Delivery::Reliable, Kind::Answer);
        }
    }

    fn send<'a>(
        &self,
        turn: &mut Outgoing,
        to: impl Iterator<Item = &'a SocketKey>,
        packet: &EventPacket<'_>,
    ) {
        let mut encoded: SmallVec<[Option<Bytes>; 2]> = smallvec::smallvec![None; self.entrances.len()];
        for connection in to.filter_map(|key| self.by_key.get(key)) {
            let Some((entrance, ready)) =
                self.entrances.get(connection.entrance).zip(encoded.get_mut(connection.entrance))
            else {
                continue;
            };
            let packet_bytes = ready.get_or_insert_with(|| {
                turn.encoded += 1;
                entrance.event(packet.name, packet.items)
            });
            turn.add(connection, packet_bytes.clone(), packet.delivery, packet.kind);
        }
    }
}

/// An event for clients, before it is encoded.
pub(super) struct EventPacket<'a> {
    pub(super) name: &'a str,
    pub(super) items: &'a str,
    pub(super) delivery: Delivery,
    pub(super) kind: Kind,
}

/// What a packet is to the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// To a CONNECT, or to an event.
    Answer,
    Event,
    /// The room waits until it has left.
    State,
}

/// The packets of one turn, by worker.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    batches: SmallVec<[Batch; 2]>,
    /// How many packets were encoded.
    pub(super) encoded: u64,
}

#[derive(Debug)]
struct Batch {
    worker: WorkerId,
    fanout: FanoutHandle,
    pushes: Vec<RoomPush>,
}

/// A fanout whose mailbox was full, and what it is still to be told.
pub(super) type Blocked = (FanoutHandle, FanoutCommand);

impl Outgoing {
    fn add(&mut self, to: &Connection, packet: Bytes, delivery: Delivery, kind: Kind) {
        let receipt = (kind == Kind::State).then(|| Receipt::new(to.mark.clone()));
        let (worker, slot, fanout) = match &to.way {
            Way::Fanout { worker, slot, fanout } => (*worker, *slot, fanout),
            Way::Line(line) => return line.send(packet, delivery, receipt),
        };
        let is_event = kind != Kind::Answer;
        let push = RoomPush { to: slot, packet, delivery, receipt, is_event };
        match self.batches.iter_mut().find(|batch| batch.worker == worker) {
            Some(batch) => batch.pushes.push(push),
            None => self.batches.push(Batch { worker, fanout: fanout.clone(), pushes: vec![push] }),
        }
    }

    /// One command per worker. What a full mailbox refused comes back.
    pub(super) fn send(&mut self, runtime: &Runtime) -> Vec<Blocked> {
        runtime.metrics.packets_encoded.add(std::mem::take(&mut self.encoded));
        let mut blocked = Vec::new();
        for Batch { fanout, pushes, .. } in self.batches.drain(..) {
            match fanout.send(runtime, FanoutCommand::Room(pushes)) {
                Ok(()) | Err(Refused::Gone(_)) => {}
                Err(Refused::Full(command)) => blocked.push((fanout, command)),
            }
        }
        blocked
    }
}

/// Tells the room that a frame of its state has left the outbox of one client.
#[derive(Debug)]
pub(super) struct FlushMark {
    key: SocketKey,
    flushed: Arc<Pile<SocketKey>>,
    host: HostHandle,
}

impl FlushMark {
    pub(super) fn new(key: SocketKey, flushed: Arc<Pile<SocketKey>>, host: HostHandle) -> Self {
        Self { key, flushed, host }
    }
}

impl Flushed for FlushMark {
    fn flushed(&self) {
        if self.flushed.add([self.key]) {
            self.host.tell(HostCommand::Flushed);
        }
    }
}
