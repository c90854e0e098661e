//! A room in a test: [`TestRoom`].

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::client::{Client, Frame};
use super::link::{Fault, Link, Packet};
use crate::reject::Reject;
use crate::room::effect::Task;
use crate::room::replay::view_of;
use crate::room::{
    CloseReason, Effect, Event, FaultReport, Input, Join, LeaveReason, Listing, Member, MemberId, Moment,
    Options, Replay, Role, Room, RoomCore, RoomLimits, Setup, SocketKey, Targets, TaskId, replay,
};
use crate::session::Delivery;
use crate::socketio::{AckId, Args};

/// A room with its clients, on a clock that stands still until the test moves it.
///
/// Members are named by their ids; each has the connections that [`join`](Self::join) and
/// [`reconnect`](Self::reconnect) have opened. Clients read at once, until a [`Fault`] says otherwise,
/// and apply the frames that they get as a page does. While links are healthy, every frame is compared
/// with the state by its hash.
///
/// When the test ends, what it did is replayed twice, and has to lead to the same state: a room that asks
/// another clock or chance than those of [`Cx`](crate::room::Cx), or goes through a `HashMap`, fails there.
#[derive(Debug)]
pub struct TestRoom<R: Room> {
    core: RoomCore<R>,
    now: Moment,
    sockets: BTreeMap<SocketKey, Connected>,
    refused: BTreeMap<SocketKey, Reject>,
    answers: BTreeMap<AckId, Result<Value, Reject>>,
    /// Of connections that are gone: what a client saw last.
    last_seen: BTreeMap<MemberId, Client>,
    tasks: Tasks<R>,
    faults: Vec<FaultReport>,
    closed: Option<CloseReason>,
    next_socket: u64,
    next_ack: u64,
}

#[derive(Debug)]
struct Connected {
    member: MemberId,
    client: Client,
    link: Link,
}

/// What [`TestRoom::with`] makes a room of.
#[derive(Clone, Debug)]
pub struct TestSetup {
    /// What the room is created with.
    pub options: Value,
    /// Where its chance begins. Default: all zero.
    pub seed: [u8; 32],
    /// Its limits; the journal is always kept whole.
    pub limits: RoomLimits,
    /// What time it is at first. Default: zero.
    pub now: Moment,
}

impl Default for TestSetup {
    fn default() -> Self {
        Self { options: json!({}), seed: [0; 32], limits: RoomLimits::default(), now: Moment::default() }
    }
}

struct Tasks<R: Room>(Vec<(TaskId, Task<R::Internal>)>);

impl<R: Room> std::fmt::Debug for Tasks<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(task, _)| task)).finish()
    }
}

/// Making a room, and moving its clock.
impl<R: Room> TestRoom<R> {
    /// A room with these options.
    ///
    /// # Panics
    /// The room refuses them; see [`with`](Self::with).
    #[must_use]
    #[track_caller]
    pub fn new(options: Value) -> Self {
        let made = Self::with(TestSetup { options, ..TestSetup::default() });
        #[expect(clippy::panic, reason = "the test fails")]
        made.unwrap_or_else(|reject| panic!("the room refuses its options: {reject}"))
    }

    /// A room of everything that can be chosen.
    ///
    /// # Errors
    /// The room refuses its options.
    pub fn with(setup: TestSetup) -> Result<Self, Reject> {
        let TestSetup { options, seed, mut limits, now } = setup;
        // The whole test is replayed at its end.
        limits.journal_bytes = usize::MAX;
        let setup = Setup { id: "test".into(), options: options.into(), seed, limits: Arc::new(limits) };
        let mut effects = Vec::new();
        let core = RoomCore::create(&setup, now, &mut effects)?;
        let mut room = Self {
            core,
            now,
            sockets: BTreeMap::new(),
            refused: BTreeMap::new(),
            answers: BTreeMap::new(),
            last_seen: BTreeMap::new(),
            tasks: Tasks(Vec::new()),
            faults: Vec::new(),
            closed: None,
            next_socket: 1,
            next_ack: 1,
        };
        room.perform(effects);
        Ok(room)
    }

    /// Moves the clock, and lets everything happen that is due on the way, each thing at its time.
    pub fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.next_event().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.handle(Input::Wake);
        }
        self.now = end;
        self.handle(Input::Wake);
    }

    /// When the room or a link has something to do.
    fn next_event(&self) -> Option<Moment> {
        let arrivals = self.sockets.values().filter_map(|connected| connected.link.next());
        arrivals.chain(self.core.next_deadline()).min()
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.now
    }
}

/// Coming and going.
impl<R: Room> TestRoom<R> {
    /// A player joins, or opens one more connection.
    ///
    /// # Errors
    /// It does not get in.
    pub fn join(&mut self, who: &str) -> Result<(), Reject> {
        self.join_as(who, Role::Player, json!({}))
    }

    /// A spectator joins.
    ///
    /// # Errors
    /// It does not get in.
    pub fn spectate(&mut self, who: &str) -> Result<(), Reject> {
        self.join_as(who, Role::Spectator, json!({}))
    }

    /// Somebody joins, with what its client asks for.
    ///
    /// # Errors
    /// It does not get in.
    pub fn join_as(&mut self, who: &str, role: Role, options: Value) -> Result<(), Reject> {
        self.join_with(Join {
            socket: SocketKey(0),
            member: who.into(),
            claims: Arc::new(json!({ "sub": who })),
            role,
            options: Options::from(options),
        })
    }

    /// Somebody joins, with claims of its own. The key of the connection is given by the test room.
    ///
    /// # Errors
    /// It does not get in.
    pub fn join_with(&mut self, mut join: Join) -> Result<(), Reject> {
        join.socket = SocketKey(self.next_socket);
        self.next_socket += 1;
        let socket = join.socket;
        self.handle(Input::Join(join));
        match self.refused.remove(&socket) {
            Some(reject) => Err(reject),
            None => Ok(()),
        }
    }

    /// The transport of every connection of a member breaks.
    pub fn drop(&mut self, who: &str) {
        for socket in self.take_sockets(who) {
            self.handle(Input::SocketGone(socket));
        }
    }

    /// A member connects again: to its seat, if it still has it.
    ///
    /// # Errors
    /// It does not get in.
    pub fn reconnect(&mut self, who: &str) -> Result<(), Reject> {
        self.join(who)
    }

    /// A member leaves on purpose, with all of its connections.
    pub fn leave(&mut self, who: &str) {
        for socket in self.take_sockets(who) {
            self.handle(Input::Leave(socket));
        }
    }

    /// An operator removes a member.
    pub fn kick(&mut self, who: &str) {
        self.handle(Input::Kick(who.into(), LeaveReason::Kicked));
    }

    fn take_sockets(&mut self, who: &str) -> Vec<SocketKey> {
        let sockets = self.sockets_of(who);
        for socket in &sockets {
            self.disconnect(*socket);
        }
        sockets
    }

    fn disconnect(&mut self, socket: SocketKey) {
        if let Some(connected) = self.sockets.remove(&socket) {
            self.last_seen.insert(connected.member, connected.client);
        }
    }

    fn sockets_of(&self, who: &str) -> Vec<SocketKey> {
        let of = |(_, connected): &(&SocketKey, &Connected)| connected.member == *who;
        self.sockets.iter().filter(of).map(|(socket, _)| *socket).collect()
    }
}

/// What clients and the server tell the room.
impl<R: Room> TestRoom<R> {
    /// Sends an event with one argument, or none for `()`, and waits for the answer: in a room that
    /// ticks, until the next patch.
    ///
    /// # Errors
    /// The room refuses it.
    ///
    /// # Panics
    /// The member is not connected, or no answer comes.
    #[track_caller]
    pub fn call(&mut self, who: &str, event: &str, arg: impl Serialize) -> Result<Value, Reject> {
        match serde_json::to_value(arg) {
            Ok(Value::Null) => self.call_with(who, event, &[]),
            Ok(arg) => self.call_with(who, event, &[arg]),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends an event with these arguments, and waits for the answer like [`call`](Self::call).
    ///
    /// # Errors
    /// The room refuses it.
    ///
    /// # Panics
    /// The member is not connected, or no answer comes.
    #[track_caller]
    pub fn call_with(&mut self, who: &str, event: &str, args: &[Value]) -> Result<Value, Reject> {
        let ack = AckId(self.next_ack);
        self.next_ack += 1;
        self.send(who, event, args, (Some(ack), None));
        for _ in 0..MOST_STEPS {
            if let Some(answer) = self.answers.remove(&ack) {
                return answer;
            }
            let Some(next) = self.next_event() else { break };
            self.advance(next - self.now);
        }
        #[expect(clippy::panic, reason = "the test fails")]
        self.answers.remove(&ack).unwrap_or_else(|| panic!("`{event}` of {who} is not answered"))
    }

    /// Sends an event without waiting for anything; `number` is that of a predicted input.
    ///
    /// # Panics
    /// The member is not connected.
    #[track_caller]
    pub fn emit(&mut self, who: &str, event: &str, args: &[Value], number: Option<u64>) {
        self.send(who, event, args, (None, number));
    }

    #[track_caller]
    fn send(&mut self, who: &str, event: &str, args: &[Value], (ack, number): (Option<AckId>, Option<u64>)) {
        let socket = self.socket(who);
        let args = Args::new(Value::from(args).to_string().into(), Vec::new());
        self.handle(Input::Event(Event { socket, name: event.into(), args, number, ack }));
    }

    #[track_caller]
    fn socket(&self, who: &str) -> SocketKey {
        #[expect(clippy::panic, reason = "the test fails")]
        self.sockets_of(who).last().copied().unwrap_or_else(|| panic!("{who} is not connected"))
    }

    /// Sends an event and gives back the answer if it comes at once.
    pub(super) fn try_event(
        &mut self,
        who: &str,
        event: &str,
        args: &[Value],
        number: Option<u64>,
    ) -> Option<Result<Value, Reject>> {
        let ack = AckId(self.next_ack);
        self.next_ack += 1;
        self.send(who, event, args, (Some(ack), number));
        self.answers.remove(&ack)
    }

    /// The server tells the room something.
    pub fn tell(&mut self, message: R::Internal) {
        self.handle(Input::Internal(message));
    }

    /// Asks for the work that [`Cx::spawn`](crate::room::Cx::spawn) began, and gives the room what is
    /// done. Returns how much is not. Work that waits for something real is replaced by
    /// [`finish`](Self::finish).
    pub fn work(&mut self) -> usize {
        let mut waker = Context::from_waker(Waker::noop());
        for (task, mut work) in std::mem::take(&mut self.tasks.0) {
            match work.as_mut().poll(&mut waker) {
                Poll::Ready(message) => self.handle(Input::TaskDone(task, Some(message))),
                Poll::Pending => self.tasks.0.push((task, work)),
            }
        }
        self.tasks.0.len()
    }

    /// Ends the oldest work with this message, or without one as if it had panicked. Whether there was
    /// any.
    pub fn finish(&mut self, message: Option<R::Internal>) -> bool {
        if self.tasks.0.is_empty() {
            return false;
        }
        let (task, _) = self.tasks.0.remove(0);
        self.handle(Input::TaskDone(task, message));
        true
    }

    /// The server ends.
    pub fn close(&mut self) {
        self.handle(Input::Close);
    }
}

/// What has become of it.
impl<R: Room> TestRoom<R> {
    /// The room's state.
    #[must_use]
    pub fn state(&self) -> &R {
        self.core.room()
    }

    /// The core that runs the room.
    #[must_use]
    pub fn core(&self) -> &RoomCore<R> {
        &self.core
    }

    /// A member that has a seat.
    #[must_use]
    pub fn member(&self, who: &str) -> Option<&Member> {
        self.core.members().find(|member| member.id == *who)
    }

    /// What a client of this member has: state and patches as they came. Null if it has never joined.
    #[must_use]
    pub fn view(&self, who: &str) -> Value {
        self.client(who).and_then(|client| client.state.clone()).unwrap_or_default()
    }

    /// The same as a type.
    ///
    /// # Panics
    /// It is not of this type.
    #[must_use]
    #[track_caller]
    pub fn view_as<V: DeserializeOwned>(&self, who: &str) -> V {
        #[expect(clippy::panic, reason = "the test fails")]
        V::deserialize(self.view(who)).unwrap_or_else(|error| panic!("the view of {who}: {error}"))
    }

    /// The patches that a client of this member was sent since this was last asked for, as one. `{}`
    /// if there was none.
    pub fn patch(&mut self, who: &str) -> Value {
        let patch = self.client_mut(who).map(|client| std::mem::take(&mut client.patch));
        Value::Object(patch.unwrap_or_default())
    }

    /// Events of this name that a client of this member was sent since this was last asked for: the
    /// argument of each, null without one, a list of several.
    pub fn emitted(&mut self, who: &str, event: &str) -> Vec<Value> {
        let Some(client) = self.client_mut(who) else { return Vec::new() };
        let (found, rest) =
            std::mem::take(&mut client.events).into_iter().partition(|(name, _)| name == event);
        client.events = rest;
        Vec::<(String, Value)>::into_iter(found).map(|(_, args)| args).collect()
    }

    /// By seat, the last numbered input that a client of this member knows to be in the state.
    #[must_use]
    pub fn applied(&self, who: &str) -> BTreeMap<u32, u64> {
        let applied = self.client(who).map(|client| &client.applied);
        applied.into_iter().flatten().map(|(seat, number)| (seat.0, *number)).collect()
    }

    /// The room's entry in the list of rooms.
    #[must_use]
    pub fn listing(&self) -> Listing {
        self.core.listing()
    }

    /// Why the room is over, if it is.
    #[must_use]
    pub fn closed(&self) -> Option<CloseReason> {
        self.closed
    }

    /// The panics so far.
    #[must_use]
    pub fn faults(&self) -> &[FaultReport] {
        &self.faults
    }

    fn client(&self, who: &str) -> Option<&Client> {
        let newest = self.sockets.values().rev().find(|connected| connected.member == *who);
        newest.map(|connected| &connected.client).or_else(|| self.last_seen.get(who))
    }

    fn client_mut(&mut self, who: &str) -> Option<&mut Client> {
        let newest = self.sockets.values_mut().rev().find(|connected| connected.member == *who);
        newest.map(|connected| &mut connected.client).or_else(|| self.last_seen.get_mut(who))
    }
}

/// Once more.
impl<R: Room> TestRoom<R> {
    /// Everything so far as a replay, at its beginning.
    ///
    /// # Panics
    /// The state cannot be written as JSON and read again.
    #[must_use]
    #[track_caller]
    pub fn replay(&self) -> Replay<R> {
        #[expect(clippy::expect_used, reason = "the test fails")]
        let journal = self.core.journal().expect("the state, timers and messages can be written as JSON");
        #[expect(clippy::panic, reason = "the test fails")]
        replay(&journal).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Replays everything twice, and compares. At the end of a test this happens by itself.
    ///
    /// # Panics
    /// It leads to another state.
    #[track_caller]
    pub fn check_replay(&self) {
        for _ in 0..2 {
            let ending = self.replay().finish();
            assert!(ending.is_ok(), "what the room does is not decided by its inputs: {ending:?}");
        }
    }
}

impl<R: Room> Drop for TestRoom<R> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.check_replay();
        }
    }
}

/// What goes wrong.
impl<R: Room> TestRoom<R> {
    /// Breaks the way to every client of a member.
    pub fn fail(&mut self, who: &str, fault: Fault) {
        for socket in self.sockets_of(who) {
            if let Some(connected) = self.sockets.get_mut(&socket) {
                connected.link.fail(fault);
            }
        }
    }

    /// Mends it, and lets the clients ask for what they missed. What was lost stays lost, and a link
    /// that is [half open](Fault::HalfOpen) stays that: its member has to reconnect.
    pub fn heal(&mut self, who: &str) {
        for socket in self.sockets_of(who) {
            if let Some(connected) = self.sockets.get_mut(&socket) {
                connected.link.heal();
            }
        }
        self.handle(Input::Wake);
    }

    /// How many packets wait for the clients of a member to read them.
    #[must_use]
    pub fn unread(&self, who: &str) -> usize {
        let of = self.sockets.values().filter(|connected| connected.member == *who);
        of.map(|connected| connected.link.waiting()).sum()
    }

    /// Whether what the clients of a member have is what the server believes them to have.
    #[must_use]
    pub fn is_in_step(&mut self, who: &str) -> bool {
        self.sockets_of(who).into_iter().all(|socket| self.has_same_hash(socket))
    }

    /// Mends every link but those that are half open, whose members come back, and waits until all have
    /// read and asked.
    pub(super) fn settle_down(&mut self) {
        let members: Vec<_> = self.sockets.values().map(|connected| connected.member.clone()).collect();
        for member in members {
            if self.sockets.values().any(|one| one.member == member && one.link.is_dead()) {
                self.drop(&member);
                if self.join(&member).is_err() {
                    continue;
                }
            }
            self.heal(&member);
        }
        self.advance(Duration::from_secs(5));
        // What got lost last is only seen when the next patch comes.
        let lost: Vec<_> =
            self.sockets.keys().copied().filter(|socket| !self.has_same_hash(*socket)).collect();
        for socket in lost {
            if let Some(connected) = self.sockets.get_mut(&socket) {
                connected.client.lost = true;
            }
        }
        self.advance(Duration::from_secs(5));
    }

    /// Compares what clients have with what there is to be seen.
    ///
    /// # Panics
    /// It is something else.
    pub(super) fn check_views(&self) {
        if self.closed.is_some() {
            return;
        }
        for (socket, connected) in &self.sockets {
            assert!(self.has_same_hash(*socket), "{} is not in step", connected.member);
            let member = self.member(&connected.member);
            if let Some(view) = member.and_then(|member| view_of(self.state(), member)) {
                assert_eq!(connected.client.state.as_ref(), Some(&view), "{}", connected.member);
            }
        }
    }

    fn has_same_hash(&self, socket: SocketKey) -> bool {
        let Some(connected) = self.sockets.get(&socket) else { return true };
        let client = &connected.client;
        let told = client.hash().map(|h| json!({ "e": client.epoch, "o": client.offset, "h": h }));
        let known = self.core.hash_of(socket).and_then(|text| serde_json::from_str(&text).ok());
        told == known
    }
}

/// From the core to the clients, and back.
impl<R: Room> TestRoom<R> {
    fn handle(&mut self, input: Input<R>) {
        let mut effects = Vec::new();
        self.core.handle(input, self.now, &mut effects);
        self.perform(effects);
        self.pump();
    }

    /// Lets every client read, until nothing comes of it any more.
    fn pump(&mut self) {
        for _ in 0..MOST_STEPS {
            let mut left = Vec::new();
            let mut lost = Vec::new();
            for (socket, connected) in &mut self.sockets {
                if connected.link.pump(&mut connected.client, self.now) {
                    left.push(*socket);
                }
                if std::mem::take(&mut connected.client.lost) {
                    lost.push(*socket);
                }
            }
            if left.is_empty() && lost.is_empty() {
                return self.compare();
            }
            let mut effects = Vec::new();
            self.core.handle(Input::Flushed(left), self.now, &mut effects);
            for socket in lost {
                let (name, args) = ("resync".into(), Args::empty());
                let event = Event { socket, name, args, number: None, ack: None };
                self.core.handle(Input::Event(event), self.now, &mut effects);
            }
            self.perform(effects);
        }
    }

    fn compare(&mut self) {
        let fresh = |connected: &mut Connected| std::mem::take(&mut connected.client.fresh);
        let fresh: Vec<_> =
            self.sockets.iter_mut().filter_map(|(socket, one)| fresh(one).then_some(*socket)).collect();
        for socket in fresh {
            // One that has asked for the state is known to have none until it comes.
            let asked = self.core.hash_of(socket).is_none();
            let healthy = self.sockets.get(&socket).is_some_and(|one| one.link.is_healthy());
            let fine = asked || !healthy || self.has_same_hash(socket);
            assert!(fine, "{socket:?} has another state than it was sent");
        }
    }

    fn perform(&mut self, effects: Vec<Effect<R>>) {
        let last = effects.iter().any(|effect| matches!(effect, Effect::Closed(_)));
        for effect in effects {
            assert!(self.closed.is_none(), "nothing follows the end: {effect:?}");
            match effect {
                Effect::Admit { socket, member, .. } => {
                    let member = member.id.clone();
                    self.last_seen.remove(&member);
                    let (client, link) = (Client::default(), Link::default());
                    self.sockets.insert(socket, Connected { member, client, link });
                }
                Effect::Refuse { socket, reject } => {
                    self.refused.insert(socket, reject);
                }
                Effect::Answer { ack, result, .. } => self.take_answer(ack, result),
                Effect::Emit { to, event, items, delivery } => {
                    let volatile = delivery == Delivery::Volatile;
                    let packet = Packet::Event { event, items, volatile };
                    self.send_to(&self.targets(to), &packet);
                }
                Effect::Frame { to, event, items } => {
                    let unread = |socket: &SocketKey| {
                        self.sockets.get(socket).is_some_and(|connected| connected.link.has_frame())
                    };
                    assert!(last || !to.iter().any(unread), "one frame at a time");
                    self.send_to(&to, &Packet::Frame(Rc::new(Frame::read(event, &items))));
                }
                Effect::Dismiss { socket, reason } => {
                    if let Some(connected) = self.sockets.get_mut(&socket) {
                        connected.client.dismissed = Some(reason);
                        connected.link.pump(&mut connected.client, self.now);
                    }
                    self.disconnect(socket);
                }
                Effect::Spawn { task, work } => self.tasks.0.push((task, work)),
                Effect::Fault(report) => self.faults.push(report),
                Effect::Closed(reason) => self.closed = Some(reason),
                Effect::Seat { .. } | Effect::Listing(_) => {}
            }
        }
    }

    fn take_answer(&mut self, ack: Option<AckId>, result: Result<bytestring::ByteString, Reject>) {
        let Some(ack) = ack else { return };
        let value = result.map(|items| serde_json::from_str(&items).unwrap_or_default());
        let twice = self.answers.insert(ack, value);
        assert!(twice.is_none(), "an event is answered once");
    }

    fn targets(&self, to: Targets) -> Vec<SocketKey> {
        match to {
            Targets::All => self.sockets.keys().copied().collect(),
            Targets::Except(but) => {
                self.sockets.keys().filter(|socket| !but.contains(socket)).copied().collect()
            }
            Targets::Only(sockets) => sockets,
        }
    }

    fn send_to(&mut self, to: &[SocketKey], packet: &Packet) {
        for socket in to {
            let connected = self.sockets.get_mut(socket);
            assert!(connected.is_some(), "{socket:?} was sent {packet:?} without a place");
            if let Some(connected) = connected {
                connected.link.send(packet.clone());
            }
        }
    }
}

/// More than any test takes until something settles.
const MOST_STEPS: usize = 10_000;
