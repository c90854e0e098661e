//! From what the core has to tell to the mailboxes that take it: the namespace's, or, for those who are in
//! custom rooms and in no namespace's books, the fanouts of their workers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::Either;
use greenroom_proto::presence::Message;
use greenroom_proto::rooms::Selection;
use greenroom_proto::session::Delivery;
use greenroom_proto::socketio::encode;
use smallvec::SmallVec;

use crate::fanout::{FanoutCommand, FanoutHandle, Push, SlotRef};
use crate::namespace::{NamespaceCommand, NamespaceShared};
use crate::room::Packet;
use crate::runtime::post::Refused;
use crate::runtime::worker::WorkerId;
use crate::socket::Socket;

/// One command with its address.
#[derive(Debug)]
pub(super) enum Parcel {
    Namespace(NamespaceCommand),
    Fanout(FanoutHandle, FanoutCommand),
}

impl Parcel {
    /// To members of a namespace, encoded once.
    pub(super) fn to_members(to: Selection<SlotRef>, message: &Message, namespace: &NamespaceShared) -> Self {
        let frames = encode::event(&namespace.path, message.event, &message.json, &[], None);
        namespace.runtime.metrics.packets_encoded.count();
        let packet = Packet { frames, delivery: delivery(message), ticket: None };
        Self::Namespace(NamespaceCommand::Broadcast { to, packet })
    }

    /// To sockets in custom rooms: encoded once per name of the room, one command per worker.
    pub(super) fn to_guests<'a>(
        to: impl Iterator<Item = &'a Socket>,
        message: &Message,
        namespace: &NamespaceShared,
    ) -> Vec<Self> {
        let runtime = &namespace.runtime;
        let mut frames: HashMap<&str, Bytes> = HashMap::new();
        let mut pushes: BTreeMap<WorkerId, SmallVec<[Push; 1]>> = BTreeMap::new();
        for socket in to {
            let packet = frames.entry(socket.path()).or_insert_with(|| {
                runtime.metrics.packets_encoded.count();
                encode::event(socket.path(), message.event, &message.json, &[], None)
            });
            let at = socket.member();
            let push =
                Push { to: at.slot, packet: packet.clone(), delivery: delivery(message), is_event: true };
            pushes.entry(at.worker).or_default().push(push);
        }
        let commands = pushes.into_iter().filter_map(|(worker, pushes)| {
            // A worker that has ended has no clients any more.
            let fanout = runtime.workers.find(worker)?.fanout;
            Some(Self::Fanout(fanout, FanoutCommand::Push(pushes)))
        });
        commands.collect()
    }

    /// Traffic: gives back what there is no room for.
    pub(super) fn send(self, namespace: &NamespaceShared) -> Result<(), Self> {
        match self {
            Self::Namespace(command) => match namespace.send(command) {
                Err(Refused::Full(command)) => Err(Self::Namespace(command)),
                Ok(()) | Err(Refused::Gone(_)) => Ok(()),
            },
            Self::Fanout(fanout, command) => match fanout.send(&namespace.runtime, command) {
                Err(Refused::Full(command)) => Err(Self::Fanout(fanout, command)),
                Ok(()) | Err(Refused::Gone(_)) => Ok(()),
            },
        }
    }

    /// Waits for room.
    pub(super) fn wait(self, namespace: &Arc<NamespaceShared>) -> impl Future<Output = bool> + use<> {
        match self {
            Self::Namespace(command) => Either::Left(namespace.wait(command)),
            Self::Fanout(fanout, command) => Either::Right(fanout.wait(command)),
        }
    }
}

fn delivery(message: &Message) -> Delivery {
    if message.volatile { Delivery::Volatile } else { Delivery::Reliable }
}
