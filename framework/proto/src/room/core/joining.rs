//! Seats are taken, and taken again.

use std::sync::Arc;

use super::RoomCore;
use crate::reject::Reject;
use crate::room::{Cx, Effect, Join, Member, Role, Room, SeatChange, SocketKey};

impl<R: Room> RoomCore<R> {
    /// ```text
    /// has a seat, away ──▶ Admit, Back, on_reconnect
    /// has a seat ────────▶ Admit: one more connection of the same member
    /// has none ──▶ locked? full? on_join refuses? ──▶ Refuse
    ///          └──────────────────────────────────▶ Admit, Taken
    /// ```
    pub(super) fn handle_join(&mut self, join: &Join) {
        if self.cx.roster.by_socket(join.socket).is_some() {
            return;
        }
        let held = self.cx.roster.place(&join.member).map(|place| place.sockets.len());
        let outcome = match held {
            Some(sockets) if sockets >= self.cx.limits.sockets_per_member => {
                Err(Reject::new("too_many_connections", "this room is open in too many places"))
            }
            Some(_) => {
                self.come_back(join);
                Ok(())
            }
            None => self.take_seat(join),
        };
        if let Err(reject) = outcome {
            self.effects.push(Effect::Refuse { socket: join.socket, reject });
        }
    }

    fn come_back(&mut self, join: &Join) {
        let Some((member, was_away)) = self.cx.roster.attach(&join.member, join.socket) else { return };
        self.admit(join.socket, &member, true);
        if !was_away {
            return;
        }
        self.roster_changed = true;
        self.tell_seat(&member, SeatChange::Back);
        match member.role {
            Role::Player => {
                self.run("on_reconnect", None, |room, cx| {
                    room.on_reconnect(&member, cx);
                    Ok(())
                });
            }
            Role::Spectator => self.frames.note_change(),
        }
    }

    fn take_seat(&mut self, join: &Join) -> Result<(), Reject> {
        self.is_there_a_place(join.role)?;
        self.cx.join_options = join.options.clone();
        let member = self.cx.roster.add(join, self.cx.now);
        let (hook, enter): (_, Enter<R>) = match member.role {
            Role::Player => ("on_join", R::on_join),
            Role::Spectator => ("on_spectate", R::on_spectate),
        };
        let entered = self.attempt(hook, None, |room, cx| enter(room, &member, cx));
        self.cx.join_options = crate::room::Options::default();
        if let Err(reject) = entered {
            self.cx.roster.undo_add(&member);
            return Err(reject);
        }
        self.empty_until = None;
        self.roster_changed = true;
        self.entry.changed = true;
        self.admit(join.socket, &member, false);
        self.tell_seat(&member, SeatChange::Taken);
        self.settle();
        Ok(())
    }

    fn is_there_a_place(&self, role: Role) -> Result<(), Reject> {
        if self.entry.locked {
            return Err(Reject::new("locked", "the room takes nobody any more"));
        }
        let (places, message) = match role {
            Role::Player => (self.entry.max_players, "the room is full"),
            Role::Spectator if R::MAX_SPECTATORS == 0 => (0, "the room takes no spectators"),
            Role::Spectator => (R::MAX_SPECTATORS, "the room has no place for another spectator"),
        };
        if self.cx.roster.count(role) < places { Ok(()) } else { Err(Reject::new("full", message)) }
    }

    fn admit(&mut self, socket: SocketKey, member: &Arc<Member>, resumed: bool) {
        self.frames.admit(socket);
        self.effects.push(Effect::Admit { socket, member: Arc::clone(member), resumed });
    }

    pub(super) fn tell_seat(&mut self, member: &Member, change: SeatChange) {
        self.effects.push(Effect::Seat { member: member.id.clone(), role: member.role, change });
    }
}

type Enter<R> = fn(&mut R, &Member, &mut Cx<R>) -> Result<(), Reject>;
