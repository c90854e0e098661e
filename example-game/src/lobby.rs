//! The lobby's namespace: carries what visitors do to the [`Hall`].
//!
//! The hall is locked for the length of one handler, so a room hears messages in the order in which they
//! stand in its history.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use greenroom::prelude::*;
use greenroom::presence::PresenceConfig;
use greenroom::{Clock, RoomName};
use serde_json::json;

use crate::contract::{Done, Echo, Event, JoinRoom, LeaveRoom, NAMESPACE, Request, Said, Say};
use crate::domain::{Entered, Hall, Message, Person, RoomId, Rule};
use crate::rooms::{FloeRoom, FourRoom};

/// What the handlers share.
#[derive(Clone)]
struct Lobby {
    hall: Arc<Mutex<Hall>>,
    clock: Clock,
}

/// Declares `/lobby`, where everyone gave a name at the login, and the games that are found there.
pub(crate) fn open(io: &Server, presence: PresenceConfig) {
    let place = io.of(NAMESPACE);
    let clock = io.clock().clone();
    let lobby = Lobby { hall: Arc::new(Mutex::new(Hall::new(milliseconds(&clock)))), clock };

    place.middleware(|socket| async move {
        let nobody = || Reject::new("token_invalid", "Give a name first.");
        let person: Person = socket.claims().ok_or_else(nobody)?.parse()?;
        socket.put(person);
        Ok(())
    });
    let is_room = |name: &str| RoomId::try_from(name.to_owned()).is_ok();
    let presence = place.room_presence(presence, is_room);
    presence
        .describe(|socket| json!({ "name": socket.data::<Person>().map(|person| person.name.clone()) }))
        .message_event(Say::NAME);
    visits(&place, &lobby);
    rooms(&place, &lobby);
    place.on(Echo::NAME, |_, _: Echo| Ok(Done {}));
    io.room::<FourRoom>("/four").lobby(&place);
    io.room::<FloeRoom>("/floe").lobby(&place);
}

fn visits(place: &Namespace, lobby: &Lobby) {
    let arrivals = lobby.clone();
    place.on_connect(move |socket| {
        let Some(person) = socket.data::<Person>() else { return };
        let visit = socket.id().as_str().to_owned();
        arrivals.with(|hall, _| hall.arrive(visit, Person::clone(&person)));
    });
    let departures = lobby.clone();
    place.on_disconnecting(move |socket, _| {
        let visit = socket.id().as_str();
        departures.with(|hall, _| hall.depart(visit));
    });
}

fn rooms(place: &Namespace, lobby: &Lobby) {
    let join = lobby.clone();
    place.on_async(JoinRoom::NAME, move |socket: Socket, asked: JoinRoom| {
        let lobby = join.clone();
        async move { lobby.enter(&socket, asked.room).await }
    });
    lobby.answer(place, |hall, socket, asked: LeaveRoom, _| {
        hall.leave(socket.id().as_str(), &asked.room)?;
        socket.leave(asked.room.as_str());
        Ok(Done {})
    });
    lobby.answer(place, |hall, socket, said: Say, now| {
        let message = hall.say(socket.id().as_str(), said.room, &said.text, now)?;
        let receipt = Said { id: message.id, at: message.at };
        socket.namespace().to(message.room.as_str()).emit(Message::NAME, message);
        Ok(receipt)
    });
}

impl Lobby {
    /// Answers a request by what the hall says.
    fn answer<Q: Request>(
        &self,
        place: &Namespace,
        act: impl Fn(&mut Hall, &Socket, Q, u64) -> Result<Q::Answer, Rule> + Send + Sync + 'static,
    ) {
        let lobby = self.clone();
        place.on(Q::NAME, move |socket: Socket, asked: Q| {
            lobby.with(|hall, now| act(hall, &socket, asked, now)).map_err(Reject::from)
        });
    }

    /// Brings a socket into a room, and then its visit into the hall's.
    async fn enter(&self, socket: &Socket, room: RoomId) -> Result<Entered, Reject> {
        let (place, name) = (socket.namespace(), RoomName::from(room.as_str()));
        socket.join(name.clone())?;
        // An answer means that the join is done: from here on the socket misses nothing of the room.
        place.to(socket.id().as_str()).sockets().await;
        let entered = self.with(|hall, _| hall.enter(socket.id().as_str(), room));
        entered.map_err(|rule| {
            socket.leave(name);
            rule.into()
        })
    }

    /// Does something in the hall, at this time.
    fn with<T>(&self, act: impl FnOnce(&mut Hall, u64) -> T) -> T {
        let mut hall = self.hall.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut hall, milliseconds(&self.clock))
    }
}

/// Since 1970.
fn milliseconds(clock: &Clock) -> u64 {
    let since_1970 = clock.unix_now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}
