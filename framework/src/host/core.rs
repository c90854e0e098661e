//! The machine of a custom room: its core.

use greenroom_proto::room::{Effect, Input, Moment, Room, RoomCore};

use super::machine::{Factory, HostEffect, HostInput, Machine, Message, Seated};

/// Makes the cores of a type of rooms.
pub(crate) fn core_machine<R: Room>() -> Factory {
    std::sync::Arc::new(|setup, _, now, effects| {
        let mut asked = Vec::new();
        let core = RoomCore::<R>::create(setup, now, &mut asked);
        // A room that panicked when it was made says so here.
        effects.extend(asked.drain(..).map(any_effect::<R>));
        let core = core?;
        Ok(Box::new(CoreMachine { core, asked }))
    })
}

struct CoreMachine<R: Room> {
    core: RoomCore<R>,
    /// Empty between two inputs; kept for its memory.
    asked: Vec<Effect<R>>,
}

impl<R: Room> Machine for CoreMachine<R> {
    fn handle(&mut self, input: HostInput, now: Moment, effects: &mut Vec<HostEffect>) {
        let Some(input) = typed_input::<R>(input) else {
            // A handle of another type: `Rooms<R>` makes none.
            return tracing::error!("a room was sent a message of another type");
        };
        self.core.handle(input, now, &mut self.asked);
        effects.extend(self.asked.drain(..).map(any_effect::<R>));
    }

    fn next_deadline(&self) -> Option<Moment> {
        self.core.next_deadline()
    }
}

fn typed_input<R: Room>(input: HostInput) -> Option<Input<R>> {
    Some(match input {
        HostInput::Join(join) => Input::Join(join),
        HostInput::Event(event) => Input::Event(event),
        HostInput::SocketGone(socket) => Input::SocketGone(socket),
        HostInput::Leave(socket) => Input::Leave(socket),
        HostInput::Kick(member, reason) => Input::Kick(member, reason),
        HostInput::Internal(message) => Input::Internal(*message.downcast().ok()?),
        HostInput::TaskDone(task, message) => {
            Input::TaskDone(task, message.and_then(|message| message.downcast().ok()).map(|message| *message))
        }
        HostInput::Flushed(sockets) => Input::Flushed(sockets),
        HostInput::Close => Input::Close,
        HostInput::Wake => Input::Wake,
    })
}

fn any_effect<R: Room>(effect: Effect<R>) -> HostEffect {
    match effect {
        Effect::Admit { socket, member, resumed } => {
            let seated = Seated { member: member.id.clone(), seat: member.seat, role: member.role };
            HostEffect::Admit { socket, seated, resumed }
        }
        Effect::Refuse { socket, reject } => HostEffect::Refuse { socket, reject },
        Effect::Answer { socket, ack, result } => HostEffect::Answer { socket, ack, result },
        Effect::Emit { to, event, items, delivery } => HostEffect::Emit { to, event, items, delivery },
        Effect::Frame { to, event, items } => HostEffect::Frame { to, event, items },
        Effect::Dismiss { socket, reason } => HostEffect::Dismiss { socket, reason },
        Effect::Seat { member, role, change } => HostEffect::Seat { member, role, change },
        Effect::Listing(listing) => HostEffect::Listing(listing),
        Effect::Spawn { task, work } => {
            let work = Box::pin(async move { Box::new(work.await) as Message });
            HostEffect::Spawn { task, work }
        }
        Effect::Fault(report) => HostEffect::Fault(report),
        Effect::Closed(reason) => HostEffect::Closed(reason),
    }
}
