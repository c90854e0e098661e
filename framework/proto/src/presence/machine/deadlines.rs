//! What happens by itself when its time has come.

use std::time::Instant;

use super::super::Scope;
use super::{Presence, Timer};

impl Presence {
    /// Makes visible what is due.
    pub fn handle_deadline(&mut self, now: Instant) {
        while let Some(timer) = self.timers.pop_due(now) {
            match timer {
                Timer::User(user) => self.touch(&user, now),
                Timer::Scope(scope) => self.flush_scope(&scope, now),
                Timer::Typing(scope) => self.flush_typing(&scope, now),
            }
        }
    }

    fn flush_scope(&mut self, scope: &Scope, now: Instant) {
        let max_typing = self.config.typing_max_members;
        let flushed = self.with_table(scope, now, |table, view, effects| {
            let changes = table.flush(view, effects);
            if table.counts.total > max_typing {
                table.typing.clear();
            }
            changes
        });
        let Some(changes) = flushed else { return };
        if *scope == Scope::Namespace {
            self.tell_watchers(&changes, now);
        }
        for (user, change) in &changes {
            if change.after.entry().is_none() {
                // Nobody sees the seat any more.
                self.touch(user, now);
            }
        }
    }
}
