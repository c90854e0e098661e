//! The presence's shell: the core decides, the namespace delivers.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use greenroom_proto::presence::{Effect, LeaveReason, MetaRef, Presence, Refusal, Scope};
use greenroom_proto::rooms::{RoomName, Selection};

use super::inbox::News;
use super::parcel::Parcel;
use super::protocol::{Question, Relation};
use super::rules::to_data;
use super::{PresenceCommand, PresenceShared, RoomView};
use crate::namespace::NamespaceShared;
use crate::runtime::shell::Budget;
#[cfg(feature = "testing")]
use crate::runtime::shell::crash;
use crate::runtime::wheel::TimerKey;
use crate::runtime::worker::Worker;
use crate::socket::{Socket, SocketId};

pub(super) struct PresenceActor {
    shared: Arc<PresenceShared>,
    core: Presence,
    refs: HashMap<SocketId, MetaRef>,
    /// What a socket's packets are addressed to.
    names: HashMap<MetaRef, RoomName>,
    /// What was not taken yet, in order.
    outgoing: VecDeque<Parcel>,
    waiting: bool,
    timer: Option<(Rc<Worker>, TimerKey)>,
    budget: Budget,
}

impl PresenceActor {
    pub(super) fn new(shared: Arc<PresenceShared>) -> Self {
        let clock = &shared.runtime.clock;
        let unix = clock.unix_now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default();
        let core = Presence::new(shared.config.clone(), clock.now(), unix);
        let mut core = if shared.announce_namespace { core.announce_namespace() } else { core };
        if let Some(policy) = shared.rules().guarded_policy(&shared.runtime) {
            core.set_policy(policy);
        }
        let (refs, names, outgoing, budget) = Default::default();
        Self { shared, core, refs, names, outgoing, waiting: false, timer: None, budget }
    }

    /// Looks at all that has happened to sockets.
    fn read_inbox(&mut self) {
        // Unlocked again before each is looked at.
        loop {
            let Some((socket, news)) = self.shared.inbox().pop() else { return };
            self.learn(&socket, news);
        }
    }

    fn learn(&mut self, id: &SocketId, mut news: News) {
        let now = self.shared.runtime.clock.now();
        if let Some(socket) = news.connected.take().filter(|_| news.ended.is_none()) {
            self.connect(id, &socket);
        }
        let Some(socket) = self.refs.get(id).copied() else { return };
        for (room, is_in) in news.moves() {
            if !is_in {
                self.core.leave(socket, &Scope::Room(room), LeaveReason::Left, now);
            } else if self.shared.rules().covers(&room, &self.shared.runtime) {
                self.core.join(socket, Scope::Room(room), now);
            }
        }
        for report in [news.manual, news.activity].into_iter().flatten() {
            self.core.report(socket, report, now);
        }
        if news.message {
            self.core.message_sent(socket, None, now);
        }
        for (room, on) in std::mem::take(&mut news.typing) {
            // Volatile: nobody is told that it was refused.
            self.core.type_in(socket, &room.map_or(Scope::Namespace, Scope::Room), on, now).ok();
        }
        if let Some(reason) = news.ended {
            self.core.disconnect(socket, reason, now);
            self.refs.remove(id);
            self.names.remove(&socket);
        }
    }

    fn connect(&mut self, id: &SocketId, socket: &Socket) {
        if self.refs.contains_key(id) {
            return;
        }
        let (rules, runtime) = (self.shared.rules(), &self.shared.runtime);
        let user = rules.user(socket, runtime);
        let (device, data) = (rules.device(socket, runtime), rules.data(socket, runtime));
        let known = self.core.connect(&user, device.as_deref(), data, runtime.clock.now());
        self.refs.insert(id.clone(), known);
        self.names.insert(known, id.to_room());
    }

    fn relate(&mut self, relation: Relation) -> Result<(), Refusal> {
        let now = self.shared.runtime.clock.now();
        match relation {
            Relation::Block(blocker, blocked) => self.core.block(&blocker, &blocked, now)?,
            Relation::Unblock(blocker, blocked) => self.core.unblock(&blocker, &blocked, now),
            Relation::Show(user, visibility) => self.core.show(&user, visibility, now)?,
            Relation::Changed(one, other) => self.core.reconsider(&one, &other, now),
            Relation::ChangedWithAll(user) => self.core.reconsider_all(&user, now),
            Relation::Manual(user, manual) => self.core.set_manual(&user, manual, now),
            Relation::Data(user, data) => {
                self.core.set_data(&user, data.as_ref().and_then(to_data), now)?;
            }
        }
        Ok(())
    }

    /// Whoever asked may have gone: then nobody is told.
    fn answer(&self, question: Question) {
        let now = self.shared.runtime.clock.now();
        match question {
            Question::User(user, reply) => drop(reply.send(self.core.user(&user, now))),
            Question::Public(users, reply) => {
                let views = users.iter().map(|user| self.core.public_view(user, now));
                drop(reply.send(views.collect()));
            }
            Question::Room { scope, after, limit, reply } => {
                let behind = |user: &_| after.as_ref().is_none_or(|after| after < user);
                let members = self.core.members(&scope).filter(|(user, _)| behind(user));
                let users = members.take(limit).map(|(user, entry)| (user.clone(), entry.clone()));
                let view = RoomView { counts: self.core.counts(&scope), users: users.collect() };
                drop(reply.send(view));
            }
        }
    }

    /// Makes visible what is due, and hands it to the namespace.
    fn settle(&mut self, ctx: &mut Context<Self>) {
        self.core.handle_deadline(self.shared.runtime.clock.now());
        let Some(namespace) = self.shared.namespace() else { return };
        while let Some(effect) = self.core.poll_effect() {
            self.pack(effect, &namespace);
        }
        self.send(&namespace, ctx);
        if let Some((worker, timer)) = &self.timer {
            worker.wheel.arm(*timer, self.core.next_deadline());
        }
    }

    fn pack(&mut self, effect: Effect, namespace: &NamespaceShared) {
        if namespace.directory().is_some() {
            return self.pack_for_guests(effect, namespace);
        }
        let names = |sockets: Vec<MetaRef>| -> Vec<RoomName> {
            sockets.iter().filter_map(|socket| self.names.get(socket).cloned()).collect()
        };
        let (to, message) = match effect {
            Effect::Sockets { to, message } => {
                let names = names(to);
                if names.is_empty() {
                    // To nobody would be to everyone.
                    return;
                }
                (Selection::to(names), message)
            }
            Effect::Everyone { scope: Scope::Namespace, except, message } => {
                (Selection::everyone().except(names(except)), message)
            }
            Effect::Everyone { scope: Scope::Room(room), except, message } => {
                (Selection::to([room]).except(names(except)), message)
            }
        };
        self.outgoing.push_back(Parcel::to_members(to, &message, namespace));
    }

    /// The rooms of this namespace are custom ones.
    fn pack_for_guests(&mut self, effect: Effect, namespace: &NamespaceShared) {
        let (to, message) = match effect {
            Effect::Sockets { to, message } => (to, message),
            Effect::Everyone { scope, except, message } => {
                (self.core.sockets(&scope).filter(|socket| !except.contains(socket)).collect(), message)
            }
        };
        let guests = self.shared.guests();
        let sockets = to.iter().filter_map(|socket| Some(&guests.get(self.names.get(socket)?)?.socket));
        self.outgoing.extend(Parcel::to_guests(sockets, &message, namespace));
    }

    /// Sends what there is; what there is no room for stops this mailbox.
    fn send(&mut self, namespace: &Arc<NamespaceShared>, ctx: &mut Context<Self>) {
        while !self.waiting
            && let Some(parcel) = self.outgoing.pop_front()
        {
            if let Err(refused) = parcel.send(namespace) {
                self.waiting = true;
                let wait = refused.wait(namespace).into_actor(self);
                ctx.wait(wait.map(|_, actor: &mut Self, ctx: &mut Context<Self>| {
                    actor.waiting = false;
                    actor.settle(ctx);
                }));
            }
        }
    }
}

impl Actor for PresenceActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let runtime = &self.shared.runtime;
        ctx.set_mailbox_capacity(runtime.config.mailbox_capacity);
        // It was started on a thread of actix.
        if let Ok(worker) = Worker::current(runtime) {
            let shared = self.shared.clone();
            let timer = worker.wheel.register(move || shared.deadline());
            self.timer = Some((worker, timer));
        }
    }
}

/// It never stops: it died, or its thread ended.
impl Drop for PresenceActor {
    fn drop(&mut self) {
        if let Some((worker, timer)) = self.timer.take() {
            worker.wheel.remove(timer);
        }
        self.shared.lost();
    }
}

impl Handler<PresenceCommand> for PresenceActor {
    type Result = ();

    fn handle(&mut self, command: PresenceCommand, ctx: &mut Self::Context) {
        if let PresenceCommand::News = command {
            self.shared.inbox().expects_nobody();
        }
        // Questions see all that happened before they were asked.
        self.read_inbox();
        let now = self.shared.runtime.clock.now();
        match command {
            PresenceCommand::News | PresenceCommand::Deadline => {}
            PresenceCommand::Watch { socket, users, reply } => {
                let known = self.refs.get(&socket).copied();
                let watched = known.map(|socket| self.core.watch(socket, users, now));
                reply.send(watched.unwrap_or(Err(Refusal::NotThere))).ok();
            }
            PresenceCommand::Resync { socket, scope, known, reply } => {
                if let Some(socket) = self.refs.get(&socket).copied() {
                    match scope {
                        Some(scope) => self.core.resync(socket, &scope, known, now),
                        None => self.core.resync_watched(socket, known, now),
                    }
                }
                reply.send(()).ok();
            }
            PresenceCommand::Relate(relation, reply) => {
                reply.send(self.relate(relation)).ok();
            }
            PresenceCommand::Ask(question) => self.answer(question),
            #[cfg(feature = "testing")]
            PresenceCommand::Crash => crash(),
        }
        self.settle(ctx);
        Budget::spend(self, ctx, |actor| &mut actor.budget);
    }
}
