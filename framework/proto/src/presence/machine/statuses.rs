//! What users say of themselves.

use std::time::Instant;

use super::super::message::{SelfMessage, encode};
use super::super::{Data, Effect, Manual, MetaRef, Report, UserId};
use super::{Presence, Refusal, User};

impl Presence {
    /// A client says what its user does, or wants to be.
    pub fn report(&mut self, socket: MetaRef, report: Report, now: Instant) {
        let Some(id) = self.sockets.get(&socket).map(|state| state.user.clone()) else { return };
        let Some(user) = self.users.get_mut(&id) else { return };
        let manual = user.manual;
        user.report(socket, report, now);
        if user.manual != manual {
            self.tell_self(&id, None);
        }
        self.touch(&id, now);
    }

    /// Sets a user's manual status, also of one who is not there.
    pub fn set_manual(&mut self, id: &UserId, manual: Option<Manual>, now: Instant) {
        let user = self.users.entry(id.clone()).or_insert_with(User::new);
        if user.manual != manual {
            user.manual = manual;
            self.tell_self(id, None);
        }
        self.touch(id, now);
    }

    /// What a user is shown with from now on.
    ///
    /// # Errors
    /// [`Refusal::DataTooLong`]; [`Refusal::NotThere`] for a user who is offline.
    pub fn set_data(&mut self, id: &UserId, data: Option<Data>, now: Instant) -> Result<(), Refusal> {
        if data.as_ref().is_some_and(|data| data.as_str().len() > self.config.max_data) {
            return Err(Refusal::DataTooLong);
        }
        let user = self.users.get_mut(id).ok_or(Refusal::NotThere)?;
        user.data = data;
        self.touch(id, now);
        Ok(())
    }

    /// Tells a user's sockets, or one of them, what the user has chosen.
    pub(super) fn tell_self(&mut self, id: &UserId, socket: Option<MetaRef>) {
        let Some(user) = self.users.get(id) else { return };
        let to: Vec<_> = match socket {
            Some(socket) => vec![socket],
            None => user.metas.iter().map(|meta| meta.socket).collect(),
        };
        let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let message = SelfMessage {
            id,
            manual: user.manual,
            idle_after: ms(self.config.idle_after),
            typing_refresh: ms(self.config.typing_refresh),
        };
        if !to.is_empty() {
            self.effects.push_back(Effect::Sockets { to, message: encode("presence:self", &message, false) });
        }
    }
}
