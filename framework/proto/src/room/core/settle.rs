//! What a hook asked for becomes effects, or waits for its turn.

use std::sync::Arc;
use std::time::Duration;

use super::{Phase, RoomCore};
use crate::room::cx::Wish;
use crate::room::{CloseReason, DismissReason, Effect, Leader, LeaveReason, MemberId, Room};

/// A timer for a time that has come is due after this: one that sets itself again does not hold the
/// room for ever.
const SOONEST: Duration = Duration::from_millis(1);

impl<R: Room> RoomCore<R> {
    /// Does what the last hook asked for.
    pub(super) fn settle(&mut self) {
        self.frames.note_change();
        for wish in std::mem::take(&mut self.cx.asked).wishes {
            self.grant(wish);
        }
    }

    fn grant(&mut self, wish: Wish<R>) {
        match wish {
            Wish::Emit { to, event, items, delivery } if delivery.is_volatile() => {
                if let Some(to) = self.frames.targets(&to, &self.cx.roster, None) {
                    self.effects.push(Effect::Emit { to, event, items, delivery });
                }
            }
            Wish::Emit { to, event, items, delivery: _ } => {
                self.outbound.push_event(to, event, items, self.frames.admissions());
                self.cx.queued_events = self.outbound.events();
            }
            Wish::Timer(time, timer) => self.cx.timers.set(time.max(self.cx.now + SOONEST), timer),
            Wish::Cancel(timer) => self.cx.timers.cancel(&timer),
            Wish::Kick(member) => self.kicks.push_back(member),
            Wish::Label(label) => {
                self.entry.label = Arc::new(label);
                self.entry.changed = true;
            }
            Wish::Lock(locked) => {
                self.entry.locked = locked;
                self.entry.changed = true;
            }
            Wish::Private(private) => {
                self.entry.private = private;
                self.entry.changed = true;
            }
            Wish::Max(players) => {
                self.entry.max_players = players;
                self.entry.changed = true;
            }
            Wish::Spawn(task, work) => self.effects.push(Effect::Spawn { task, work }),
            Wish::Close => self.end(CloseReason::Finished),
        }
    }

    /// Ends an input or deadline: members are removed, the lead moves, the list and the clients are
    /// told.
    pub(super) fn conclude(&mut self) {
        self.carry_out();
        self.flush_if_due();
    }

    /// What hooks asked for besides events, until nothing is left of it.
    pub(super) fn carry_out(&mut self) {
        while self.phase == Phase::Open {
            if let Some(member) = self.kicks.pop_front() {
                self.expel(&member, LeaveReason::Kicked);
            } else if std::mem::take(&mut self.roster_changed) {
                self.move_lead();
            } else {
                break;
            }
        }
        if self.phase == Phase::Open && std::mem::take(&mut self.entry.changed) {
            let listing = self.listing();
            self.effects.push(Effect::Listing(listing));
        }
        self.finish_if_ending();
    }

    fn move_lead(&mut self) {
        let leader = self.next_leader();
        if leader == self.cx.roster.leader {
            return;
        }
        self.cx.roster.leader = leader;
        let member = self.cx.roster.leader().cloned();
        self.run("on_leader", None, |room, cx| {
            room.on_leader(member.as_ref(), cx);
            Ok(())
        });
    }

    fn next_leader(&mut self) -> Option<MemberId> {
        let current = || self.cx.leader().map(|leader| leader.id.clone());
        let first = |online: bool| {
            let mut players = self.cx.players().filter(|player| player.online || !online);
            players.next().map(|player| player.id.clone())
        };
        match R::LEADER {
            Leader::Nobody => None,
            Leader::Oldest => first(false),
            Leader::OldestOnline => first(true).or_else(current),
            Leader::Chosen => {
                let current = current();
                let chosen = self
                    .look("choose_leader", |room, cx| room.choose_leader(&cx.players().collect::<Vec<_>>()));
                let known = |id: &MemberId| self.cx.players().any(|player| player.id == *id);
                chosen.unwrap_or(current).filter(known)
            }
        }
    }

    /// The last effects: everything that waits, the end of every connection, and that of the room.
    pub(super) fn finish_if_ending(&mut self) {
        let Phase::Closing(reason) = self.phase else { return };
        self.flush(true);
        let sockets: Vec<_> = self.cx.roster.sockets().collect();
        for socket in sockets {
            self.dismiss(socket, DismissReason::Closed(reason));
        }
        self.effects.push(Effect::Closed(reason));
        self.phase = Phase::Closed;
    }
}
