//! What a client's event goes through, and what it is answered.
//!
//! ```text
//! rate ─▶ resync, hash ─▶ step full? ─▶ poison? ─▶ decode ─▶ hook ─▶ Ok: waits for the patch
//!   └────────────┴─────────────┴──────────┴──────────┴────────┴────▶ Err: answered at once
//! ```

use std::sync::Arc;

use bytestring::ByteString;

use super::RoomCore;
use super::guard::{Sender, catch};
use crate::rate::Verdict;
use crate::reject::Reject;
use crate::room::{Cx, Effect, Event, LeaveReason, Member, Reply, Role, Room, SocketKey, incoming};
use crate::socketio::AckId;

impl<R: Room> RoomCore<R> {
    pub(super) fn handle_event(&mut self, event: &Event) {
        let Some(member) = self.cx.roster.by_socket(event.socket).cloned() else { return };
        match self.traffic.judge(member.seat, self.cx.now, &self.cx.limits) {
            Verdict::Allowed => {}
            Verdict::Refused => {
                let reject = Reject::new("rate_limited", "too many events");
                return self.refuse(event.socket, event.ack, reject);
            }
            Verdict::Hopeless => return self.expel(&member.id, LeaveReason::RateLimited),
        }
        match &*event.name {
            "resync" => {
                self.frames.resync(event.socket);
                self.outbound.push_answer(event.socket, event.ack, ByteString::new());
            }
            "hash" => self.answer_hash(event.socket, event.ack),
            _ => self.handle_room_event(event, &member),
        }
    }

    /// Sent ahead of what waits: it is true of what the connection was sent before.
    fn answer_hash(&mut self, socket: SocketKey, ack: Option<AckId>) {
        let none = || Reject::new("no_state", "the state is still to come");
        let result = self.frames.hash(socket).ok_or_else(none);
        self.effects.push(Effect::Answer { socket, ack, result });
    }

    fn handle_room_event(&mut self, event: &Event, member: &Arc<Member>) {
        let (socket, ack) = (event.socket, event.ack);
        if self.ticking.holds_back() && !self.traffic.take(&self.cx.limits) {
            return self.refuse(socket, ack, Reject::new("busy", "the room has too much to do"));
        }
        let (items, number) = incoming::split_number(&event.args);
        if let Some(number) = event.number.or(number) {
            // Whatever becomes of it, the next patch tells its outcome.
            self.frames.note_applied(member.seat, number);
        }
        match self.run_event(event, items, member) {
            Ok(items) => {
                self.outbound.push_answer(socket, ack, items);
                self.settle();
            }
            Err(reject) => self.refuse(socket, ack, reject),
        }
    }

    fn run_event(&mut self, event: &Event, items: &str, member: &Arc<Member>) -> Result<ByteString, Reject> {
        if !event.args.attachments().is_empty() {
            return Err(Reject::new("bad_payload", "rooms take no binary attachments"));
        }
        if self.faults.is_poison(&member.id, &event.name, self.cx.now, &self.cx.limits) {
            return Err(Reject::new("quarantined", "this failed too often; try again later"));
        }
        let sender = Sender { member: member.id.clone(), event: event.name.to_string() };
        // Types of the user are made here: that may panic as well.
        let decoded: R::In = catch(|| incoming::decode(&event.name, items))
            .unwrap_or_else(|message| Err(self.fault("deserialize", Some(&sender), message)))?;
        let (hook, handle): (_, Handler<R>) = match member.role {
            Role::Player => ("on_event", R::on_event),
            Role::Spectator => ("on_spectator_event", R::on_spectator_event),
        };
        self.attempt(hook, Some(&sender), |room, cx| handle(room, member, decoded, cx)?.items())
    }

    fn refuse(&mut self, socket: SocketKey, ack: Option<AckId>, reject: Reject) {
        self.effects.push(Effect::Answer { socket, ack, result: Err(reject) });
    }
}

type Handler<R> = fn(&mut R, &Member, <R as Room>::In, &mut Cx<R>) -> Result<Reply, Reject>;
