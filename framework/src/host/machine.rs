//! What decides in a room: the core, or an actor of the user's own.

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;

use bytestring::ByteString;
use greenroom_proto::room::{
    CloseReason, DismissReason, Event, FaultReport, Join, LeaveReason, Listing, MemberId, Moment, Role, Seat,
    SeatChange, Setup, SocketKey, Targets, TaskId,
};
use greenroom_proto::session::Delivery;
use greenroom_proto::socketio::AckId;

use super::HostHandle;
use crate::error::Reject;

/// What decides in a room. It lives on the room's thread.
pub(crate) trait Machine {
    /// Handles every deadline up to `now`, then the input.
    fn handle(&mut self, input: HostInput, now: Moment, effects: &mut Vec<HostEffect>);

    /// When [`HostInput::Wake`] is due.
    fn next_deadline(&self) -> Option<Moment>;
}

/// Makes a machine, on the room's thread.
pub(crate) type Factory = Arc<
    dyn Fn(&Setup, &HostHandle, Moment, &mut Vec<HostEffect>) -> Result<Box<dyn Machine>, Reject>
        + Send
        + Sync,
>;

/// A message whose type only the room knows.
pub(crate) type Message = Box<dyn Any + Send>;

/// [`greenroom_proto::room::Input`] for rooms of any type.
#[derive(Debug)]
pub(crate) enum HostInput {
    Join(Join),
    Event(Event),
    SocketGone(SocketKey),
    Leave(SocketKey),
    Kick(MemberId, LeaveReason),
    Internal(Message),
    TaskDone(TaskId, Option<Message>),
    Flushed(Vec<SocketKey>),
    Close,
    Wake,
}

/// Who a connection is in the room.
#[derive(Debug)]
pub(crate) struct Seated {
    pub(crate) member: MemberId,
    pub(crate) seat: Seat,
    pub(crate) role: Role,
}

/// [`greenroom_proto::room::Effect`] for rooms of any type.
pub(crate) enum HostEffect {
    Admit { socket: SocketKey, seated: Seated, resumed: bool },
    Refuse { socket: SocketKey, reject: Reject },
    Answer { socket: SocketKey, ack: Option<AckId>, result: Result<ByteString, Reject> },
    Emit { to: Targets, event: ByteString, items: ByteString, delivery: Delivery },
    Frame { to: Vec<SocketKey>, event: &'static str, items: ByteString },
    Dismiss { socket: SocketKey, reason: DismissReason },
    Seat { member: MemberId, role: Role, change: SeatChange },
    Listing(Listing),
    Spawn { task: TaskId, work: Pin<Box<dyn Future<Output = Message>>> },
    Fault(FaultReport),
    Closed(CloseReason),
}
