//! The lobby's namespace: carries what visitors do to the [`Hall`], and its news to whom they concern.
//!
//! The hall is locked for the length of one call. What it has to tell is emitted by the handler that
//! caused it, with that handler's acknowledgement last.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use greenroom::prelude::*;
use greenroom::presence::PresenceConfig;
use greenroom::{Clock, RoomName};
use serde_json::json;

use crate::contract::{
    Act, Done, Echo, Event, FindTable, JoinRoom, LeaveRoom, NAMESPACE, OpenTable, Request, Said, Say, Seated,
    Tables,
};
use crate::domain::{Entered, Hall, News, Person, RoomId, Rule};

/// How often kept seats are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// What the handlers share.
#[derive(Clone)]
struct Lobby {
    hall: Arc<Mutex<Hall>>,
    clock: Clock,
}

/// Declares `/lobby`: everyone in it gave a name at the login.
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
    tables(&place, &lobby);
    place.on(Echo::NAME, |_, _: Echo| Ok(Done {}));
    actix_web::rt::spawn(look_after_seats(place, lobby));
}

fn visits(place: &Namespace, lobby: &Lobby) {
    let arrivals = lobby.clone();
    place.on_connect(move |socket| {
        let Some(person) = socket.data::<Person>() else { return };
        let visit = socket.id().as_str().to_owned();
        let tables = arrivals.with(&socket.namespace(), |hall, _| {
            hall.arrive(visit, Person::clone(&person));
            hall.tables()
        });
        socket.emit(Tables::NAME, Tables { tables });
    });
    let departures = lobby.clone();
    place.on_disconnecting(move |socket, _| {
        let visit = socket.id().as_str();
        departures.with(&socket.namespace(), |hall, now| hall.depart(visit, now));
    });
}

fn rooms(place: &Namespace, lobby: &Lobby) {
    let join = lobby.clone();
    place.on_async(JoinRoom::NAME, move |socket: Socket, asked: JoinRoom| {
        let lobby = join.clone();
        async move { lobby.enter(&socket, asked.room, Hall::enter).await }
    });
    lobby.answer(place, |hall, socket, asked: LeaveRoom, _| {
        hall.leave(socket.id().as_str(), &asked.room)?;
        socket.leave(asked.room.as_str());
        Ok(Done {})
    });
    lobby.answer(place, |hall, socket, said: Say, now| {
        let message = hall.say(socket.id().as_str(), said.room, &said.text, now)?;
        Ok(Said { id: message.id, at: message.at })
    });
}

fn tables(place: &Namespace, lobby: &Lobby) {
    let open = lobby.clone();
    place.on_async(OpenTable::NAME, move |socket: Socket, _: OpenTable| {
        let lobby = open.clone();
        async move { lobby.seat(&socket, None).await }
    });
    let find = lobby.clone();
    place.on_async(FindTable::NAME, move |socket: Socket, _: FindTable| {
        let lobby = find.clone();
        async move {
            let found = lobby.with(&socket.namespace(), |hall, _| hall.find_table(socket.id().as_str()));
            lobby.seat(&socket, found).await
        }
    });
    lobby.answer(place, |hall, socket, asked: Act, _| {
        hall.act(socket.id().as_str(), &asked.room, asked.action)?;
        Ok(Done {})
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
            lobby.with(&socket.namespace(), |hall, now| act(hall, &socket, asked, now)).map_err(refused)
        });
    }

    /// Brings a socket to a table, a new one if none was found, and onto a seat.
    async fn seat(&self, socket: &Socket, found: Option<RoomId>) -> Result<Seated, Reject> {
        let entered = match found {
            Some(room) => self.enter(socket, room, Hall::enter_to_play).await?,
            None => {
                let room = self.with(&socket.namespace(), |hall, _| hall.reserve_table()).map_err(refused)?;
                self.enter(socket, room, Hall::open_table).await?
            }
        };
        Ok(Seated { room: entered.room })
    }

    /// Brings a socket into a room, and then its visit into the hall's.
    async fn enter(
        &self,
        socket: &Socket,
        room: RoomId,
        enter: fn(&mut Hall, &str, RoomId) -> Result<Entered, Rule>,
    ) -> Result<Entered, Reject> {
        let (place, name) = (socket.namespace(), RoomName::from(room.as_str()));
        socket.join(name.clone())?;
        // An answer means that the join is done: from here on the socket misses nothing of the room.
        place.to(socket.id().as_str()).sockets().await;
        let entered = self.with(&place, |hall, _| enter(hall, socket.id().as_str(), room));
        entered.map_err(|rule| {
            socket.leave(name);
            refused(rule)
        })
    }

    /// Does something in the hall at this time, and tells its news.
    fn with<T>(&self, place: &Namespace, act: impl FnOnce(&mut Hall, u64) -> T) -> T {
        let now = milliseconds(&self.clock);
        let mut hall = self.hall.lock().unwrap_or_else(PoisonError::into_inner);
        let (result, news) = (act(&mut hall, now), hall.take_news());
        drop(hall);
        for item in news {
            tell(place, item);
        }
        result
    }
}

/// Frees the seats of those who do not come back.
async fn look_after_seats(place: Namespace, lobby: Lobby) {
    let mut interval = actix_web::rt::time::interval(LOOK);
    loop {
        interval.tick().await;
        lobby.with(&place, Hall::expire);
    }
}

fn tell(place: &Namespace, news: News) {
    fn emit<E: Event>(to: Broadcast, event: E) {
        to.emit(E::NAME, event);
    }
    match news {
        News::Said(message) => emit(place.to(message.room.as_str()), message),
        News::Table(state) => emit(place.to(state.room.as_str()), state),
        News::Listed(entry) => emit(place.everyone(), entry),
        News::Closed(closed) => emit(place.everyone(), closed),
    }
}

/// Since 1970.
fn milliseconds(clock: &Clock) -> u64 {
    let since_1970 = clock.unix_now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}

fn refused(rule: Rule) -> Reject {
    Reject::new(rule.code(), rule.message())
}
