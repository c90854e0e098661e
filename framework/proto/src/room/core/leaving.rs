//! Seats are kept for a while, and given up.

use std::sync::Arc;

use super::RoomCore;
use crate::room::{
    CloseReason, DismissReason, Effect, Grace, LeaveReason, Member, MemberId, Role, Room, SeatChange,
    SocketKey, WhenEmpty,
};

impl<R: Room> RoomCore<R> {
    /// The transport of a connection broke.
    pub(super) fn handle_gone(&mut self, socket: SocketKey) {
        let Some(detached) = self.cx.roster.detach(socket) else { return };
        self.frames.forget(socket);
        if !detached.last {
            return;
        }
        let member = detached.member;
        self.roster_changed = true;
        match self.grace_of(&member) {
            Grace::None => self.leave(&member.id, LeaveReason::GraceExpired),
            Grace::For(time) => self.keep_seat(&member, Some(time)),
            Grace::Forever => self.keep_seat(&member, None),
        }
    }

    /// A spectator keeps nothing: another place is as good.
    fn grace_of(&mut self, member: &Arc<Member>) -> Grace {
        match member.role {
            Role::Player => {
                let grace = self.run("on_drop", None, |room, cx| Ok(room.on_drop(member, cx)));
                grace.unwrap_or(Grace::For(FALLBACK))
            }
            Role::Spectator => Grace::None,
        }
    }

    fn keep_seat(&mut self, member: &Member, time: Option<std::time::Duration>) {
        let until = time.map(|time| self.cx.now + time);
        self.cx.roster.keep(&member.id, until);
        self.tell_seat(member, SeatChange::Away);
    }

    /// A connection leaves on purpose.
    pub(super) fn handle_leave(&mut self, socket: SocketKey) {
        let Some(detached) = self.cx.roster.detach(socket) else { return };
        self.frames.forget(socket);
        if detached.last {
            self.leave(&detached.member.id, LeaveReason::Left);
        }
    }

    /// The server or the room removes a member.
    pub(super) fn expel(&mut self, id: &MemberId, reason: LeaveReason) {
        let Some(place) = self.cx.roster.place(id) else { return };
        let sockets = place.sockets.clone();
        if self.outbound.is_waiting() {
            // What was meant for the member leaves before it is shut out.
            self.flush(false);
        }
        for socket in sockets {
            self.dismiss(socket, DismissReason::Out(reason));
        }
        self.leave(id, reason);
    }

    pub(super) fn dismiss(&mut self, socket: SocketKey, reason: DismissReason) {
        self.frames.forget(socket);
        self.effects.push(Effect::Dismiss { socket, reason });
    }

    /// A member is out of the room, and then out of the state.
    pub(super) fn leave(&mut self, id: &MemberId, reason: LeaveReason) {
        let Some(place) = self.cx.roster.remove(id) else { return };
        let member = place.member;
        self.traffic.forget(member.seat);
        self.frames.forget_seat(member.seat);
        self.roster_changed = true;
        self.entry.changed = true;
        match member.role {
            Role::Player => self.take_out(&member, reason),
            Role::Spectator => {
                self.run("on_spectator_leave", None, |room, cx| {
                    room.on_spectator_leave(&member, reason, cx);
                    Ok(())
                });
            }
        }
        self.tell_seat(&member, SeatChange::Left(reason));
        if self.cx.roster.is_empty() {
            self.note_empty();
        }
    }

    /// [`Room::on_leave`], once more if it panics, [`Room::reconcile`] if it does so again or forgot
    /// the player, and the end of the room if the player is in the state even then.
    fn take_out(&mut self, member: &Arc<Member>, reason: LeaveReason) {
        let told = (0..2).any(|_| {
            let told = self.run("on_leave", None, |room, cx| {
                room.on_leave(member, reason, cx);
                Ok(())
            });
            told.is_some()
        });
        let seated = self.is_seated(member);
        if seated == Some(false) || (told && seated.is_none()) {
            return;
        }
        self.run("reconcile", None, |room, _| {
            room.reconcile(member);
            Ok(())
        });
        if self.is_seated(member) != Some(false) {
            self.end(CloseReason::Crashed);
        }
    }

    /// Whether the state has a place for this player, if it tells.
    fn is_seated(&mut self, member: &Member) -> Option<bool> {
        let seated = self.look("seated", |room, _| room.seated())??;
        Some(seated.contains(&member.id))
    }

    fn note_empty(&mut self) {
        match R::WHEN_EMPTY {
            WhenEmpty::Close => self.end(CloseReason::Empty),
            WhenEmpty::CloseAfter(pause) => self.empty_until = Some(self.cx.now + pause),
            WhenEmpty::Keep => {}
        }
    }
}

/// The grace of a player whose `on_drop` failed: that of the default.
const FALLBACK: std::time::Duration = std::time::Duration::from_secs(30);
