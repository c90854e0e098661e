//! New frames for every connection that takes one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::drawn::{Cut, Drawn};
use super::{Broken, Frames, Has, Ready};
use crate::room::core::RoomCore;
use crate::room::core::guard::catch;
use crate::room::roster::Roster;
use crate::room::tree::{Tree, TreeError};
use crate::room::{Audience, Effect, Member, Room, SocketKey};

/// What each audience sees now; none if that could not be found out.
type Gallery = BTreeMap<Audience, Option<Drawn>>;

impl<R: Room> RoomCore<R> {
    /// Brings every connection that takes a frame to the newest state. The last time, all of them do.
    pub(in crate::room::core) fn cut(&mut self, last: bool) {
        let wanted = self.frames.changed || self.frames.owed;
        (self.frames.changed, self.frames.owed) = (false, false);
        if !wanted || self.frames.blind {
            return;
        }
        self.frames.fresh.clear();
        let ready = self.frames.take_ready(&self.cx.roster, last);
        let gallery = self.gallery_for(&ready);
        self.frames.latest.clear();
        self.send(gallery);
    }

    /// Shows the state to those who have just joined. All others have it with the next patch.
    pub(in crate::room::core) fn welcome(&mut self) {
        let fresh = std::mem::take(&mut self.frames.fresh);
        if fresh.is_empty() || self.frames.blind {
            return;
        }
        let ready: Vec<_> = fresh.into_iter().filter_map(|socket| self.ready(socket)).collect();
        let gallery = self.gallery_for(&ready);
        self.send(gallery);
    }

    fn ready(&self, socket: SocketKey) -> Option<Ready> {
        let member = Arc::clone(self.cx.roster.by_socket(socket)?);
        Some(Ready { member, sockets: vec![socket] })
    }

    fn gallery_for(&mut self, all: &[Ready]) -> Gallery {
        let offset = self.frames.offset + 1;
        let mut gallery = Gallery::new();
        for ready in all {
            self.serve(ready, offset, &mut gallery);
        }
        gallery
    }

    fn send(&mut self, gallery: Gallery) {
        for (audience, drawn) in gallery {
            let Some(drawn) = drawn else { continue };
            self.frames.latest.insert(audience, Arc::clone(&drawn.cut));
            for frame in drawn.into_frames() {
                self.frames.offset = self.frames.offset.max(frame.offset);
                let event = frame.event();
                self.effects.push(Effect::Frame { to: frame.to, event, items: frame.text });
            }
        }
    }

    fn serve(&mut self, ready: &Ready, offset: u64, gallery: &mut Gallery) {
        let member = &ready.member;
        let Some((audience, secret)) = self.unless_broken(&Broken::Member(member.seat), |core| {
            let audience = core.show("audience", |room| Ok(room.audience(member)))?;
            Some((audience, core.secret_of(member)?))
        }) else {
            return;
        };
        if !gallery.contains_key(&audience) {
            let before = self.frames.latest.get(&audience).cloned();
            let view = self.unless_broken(&Broken::View(audience.clone()), |core| {
                core.view_of(member, before.as_deref().map(Cut::tree))
            });
            let drawn = view.map(|view| self.frames.draw(&audience, view, offset));
            gallery.insert(audience.clone(), drawn);
        }
        let Some(Some(drawn)) = gallery.get_mut(&audience) else { return };
        for socket in &ready.sockets {
            self.frames.serve(*socket, &audience, (drawn, &secret), offset);
        }
    }

    fn view_of(&mut self, member: &Member, before: Option<&Tree>) -> Option<Tree> {
        self.show("view", |room| Tree::like(&room.view(member), before))
    }

    fn secret_of(&mut self, member: &Member) -> Option<Arc<Tree>> {
        let secret = self.show("secret", |room| room.secret(member).0.transpose())?;
        Some(secret.map_or_else(|| Arc::clone(&self.frames.no_secret), Arc::new))
    }

    /// Looks at the state for a client. A panic changes nothing and repeats nothing, so it does not
    /// count towards the end of the room; of many, a few are reported.
    fn show<T>(&mut self, hook: &'static str, look: impl FnOnce(&R) -> Result<T, TreeError>) -> Option<T> {
        let message = match catch(|| look(&self.room)) {
            Ok(Ok(seen)) => return Some(seen),
            Ok(Err(error)) => error.to_string(),
            Err(message) => message,
        };
        let now = self.cx.now;
        let (until, reported) = &mut self.frames.reported;
        if *until <= now {
            (*until, *reported) = (now + self.cx.limits.fault_window, 0);
        }
        *reported += 1;
        if *reported <= self.cx.limits.faults {
            self.report(hook, None, message);
        }
        None
    }

    /// What failed is left alone for a while, so that one broken view costs its audience the state,
    /// and does not close the room.
    fn unless_broken<T>(&mut self, what: &Broken, look: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let now = self.cx.now;
        if self.frames.broken.get(what).is_some_and(|until| now < *until) {
            return None;
        }
        let seen = look(self);
        if seen.is_none() {
            let limits = &self.cx.limits;
            let most = u32::try_from(limits.faults).unwrap_or(u32::MAX).saturating_sub(1).max(1);
            let until = now + limits.fault_window / most;
            self.frames.broken.retain(|_, until| now < *until);
            self.frames.broken.insert(what.clone(), until);
        }
        seen
    }
}

impl Frames {
    /// The same cut as before, if nothing in it is another.
    fn draw(&mut self, audience: &Audience, view: Tree, offset: u64) -> Drawn {
        if let Some(cut) = self.latest.get(audience).filter(|cut| cut.is(&view, &self.applied)) {
            return Drawn::new(Arc::clone(cut));
        }
        self.offset = offset;
        Drawn::new(Arc::new(Cut::new(offset, view, Arc::clone(&self.applied))))
    }

    /// The connections that take a frame; the others are behind from now on.
    fn take_ready(&mut self, roster: &Roster, last: bool) -> Vec<Ready> {
        let mut all = Vec::new();
        for place in roster.places() {
            let mut sockets = Vec::with_capacity(place.sockets.len());
            for socket in &place.sockets {
                let Some(connection) = self.connections.get_mut(socket) else { continue };
                if connection.in_flight && !last {
                    connection.behind = true;
                } else {
                    sockets.push(*socket);
                }
            }
            if !sockets.is_empty() {
                all.push(Ready { member: Arc::clone(&place.member), sockets });
            }
        }
        all
    }

    /// Puts a connection down for the frame that it lacks, if it lacks something. All that have the
    /// same cut have its offset, except while a secret of their own lies between.
    fn serve(
        &mut self,
        socket: SocketKey,
        audience: &Audience,
        (drawn, secret): (&mut Drawn, &Arc<Tree>),
        next: u64,
    ) {
        let Some(connection) = self.connections.get_mut(&socket) else { return };
        let cut = Arc::clone(&drawn.cut);
        let has = connection.has.take();
        let offset = match &has {
            Some(has) if has.offset >= cut.offset => next,
            Some(_) | None => cut.offset,
        };
        let unsent = match &has {
            Some(has) if has.audience == *audience => {
                let secrets = (&*has.secret, &**secret);
                let sent = drawn.add_patch(socket, (has.offset, &has.cut), offset, secrets);
                (!sent).then_some(has.offset)
            }
            Some(_) | None => {
                drawn.add_state(socket, self.epoch, offset, secret);
                None
            }
        };
        connection.in_flight |= unsent.is_none();
        let (audience, secret) = (audience.clone(), Arc::clone(secret));
        connection.has = Some(Has { offset: unsent.unwrap_or(offset), audience, cut, secret });
    }
}
