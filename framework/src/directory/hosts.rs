//! Where sockets are: at a host, or waiting until their predecessors have left.

use std::collections::HashMap;

use greenroom_proto::directory::RoomId;
use greenroom_proto::room::SocketKey;

use crate::fanout::SlotRef;
use crate::host::{Arrival, Entrance};

/// The sockets of a type of rooms.
///
/// A client that leaves and comes back on the same connection has the same slot and calls the namespace
/// by the same name: what is still on its way to its old socket would look as if it were for the new one.
#[derive(Debug, Default)]
pub(super) struct Present {
    sockets: HashMap<SocketKey, Known>,
    /// The newest socket at each way to a client, and who waits behind it.
    ways: HashMap<Way, Queue>,
}

type Way = (SlotRef, Entrance);

#[derive(Debug)]
struct Known {
    room: RoomId,
    way: Option<Way>,
}

#[derive(Debug)]
struct Queue {
    holder: SocketKey,
    waiting: Vec<Arrival>,
}

impl Present {
    /// Notes that somebody is on the way to a room; gives it back if it may go.
    pub(super) fn admit(&mut self, arrival: Arrival) -> Option<Arrival> {
        let Some(way) = arrival.way() else { return Some(arrival) };
        match self.ways.get_mut(&way) {
            Some(queue) if queue.holder != arrival.socket => {
                queue.waiting.push(arrival);
                None
            }
            Some(_) => Some(arrival),
            None => {
                self.ways.insert(way, Queue { holder: arrival.socket, waiting: Vec::new() });
                Some(arrival)
            }
        }
    }

    /// Notes the room that it goes to.
    pub(super) fn set_room(&mut self, arrival: &Arrival, room: RoomId) {
        self.sockets.insert(arrival.socket, Known { room, way: arrival.way() });
    }

    /// The room that a socket is in, or on its way to.
    pub(super) fn room(&self, socket: SocketKey) -> Option<&RoomId> {
        self.sockets.get(&socket).map(|known| &known.room)
    }

    /// A socket that waits gives up; says whether there was one.
    pub(super) fn give_up(&mut self, socket: SocketKey) {
        for queue in self.ways.values_mut() {
            if let Some(place) = queue.waiting.iter().position(|arrival| arrival.socket == socket) {
                queue.waiting.remove(place).forget();
                return;
            }
        }
    }

    /// Nothing more comes to a socket: who waited behind it comes out.
    pub(super) fn depart(&mut self, socket: SocketKey) -> Option<Arrival> {
        let known = self.sockets.remove(&socket)?;
        self.free(&known.way?, socket)
    }

    /// An arrival is refused: who waited behind it comes out.
    pub(super) fn refused(&mut self, arrival: &Arrival) -> Option<Arrival> {
        self.sockets.remove(&arrival.socket);
        self.free(&arrival.way()?, arrival.socket)
    }

    /// A room is gone: all its sockets are, too, and who waited behind them comes out.
    pub(super) fn forget_room(&mut self, room: &RoomId) -> Vec<Arrival> {
        let gone: Vec<_> =
            self.sockets.iter().filter(|(_, known)| known.room == *room).map(|(key, _)| *key).collect();
        gone.into_iter().filter_map(|socket| self.depart(socket)).collect()
    }

    fn free(&mut self, way: &Way, socket: SocketKey) -> Option<Arrival> {
        let queue = self.ways.get_mut(way).filter(|queue| queue.holder == socket)?;
        if queue.waiting.is_empty() {
            self.ways.remove(way);
            return None;
        }
        let next = queue.waiting.remove(0);
        queue.holder = next.socket;
        Some(next)
    }
}
