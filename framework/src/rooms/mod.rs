//! [`Rooms`]: what users hold of a type of custom rooms.

mod lobby;

pub(crate) use lobby::Lobby;

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, PoisonError};

use greenroom_proto::directory::{ListQuery, RoomId, RoomInfo};
use greenroom_proto::room::{MemberId, Options, Room, RoomError, RoomLimits, check};

use crate::auth::JwtAuth;
use crate::directory::{DirectoryHandle, Opening};
use crate::error::{EmitError, Reject};
use crate::host::{HostCommand, HostHandle, RoomBackend, core_machine, raw_machine};
use crate::namespace::Namespace;
use crate::presence::{Presence, PresenceConfig};
use crate::runtime::post::Refused;
use crate::runtime::worker::Worker;
use crate::server::Server;
use crate::socket::Socket;

/// A type of custom rooms, which is a namespace for clients. Cheap to clone.
///
/// `io("/duel")` joins a room that fits, or makes one; `io("/duel/<id>")` joins that one. What is set here
/// holds for rooms and sockets that come later. The namespace itself has no members: what is emitted to it or
/// to plain rooms in it (`to`, [`Socket::join`]) reaches nobody. Clients hear from their custom room, and from
/// emits to their own socket.
pub struct Rooms<R> {
    namespace: Namespace,
    directory: DirectoryHandle,
    of: PhantomData<fn() -> R>,
}

#[expect(clippy::must_use_candidate, reason = "called for their effect")]
impl Server {
    /// Makes a namespace a type of custom rooms.
    ///
    /// The namespace's tokens and middleware are as of any other: [`Rooms::auth`], [`Rooms::middleware`].
    /// Its sockets' events go to their rooms.
    ///
    /// # Panics
    /// If the namespace is taken by another type of rooms, or `R` cannot be run, see
    /// [`RoomError`](crate::room::RoomError): both are mistakes of the program, found when it starts.
    pub fn room<R: Room>(&self, path: &str) -> Rooms<R> {
        #[expect(clippy::panic, reason = "documented: a program that cannot serve has to end at its start")]
        if let Err(error) = check::<R>() {
            panic!("{} cannot be a room: {error}", std::any::type_name::<R>());
        }
        self.rooms_of(path, core_machine::<R>(), R::MAX_PLAYERS)
    }

    /// Makes a namespace a type of rooms that are actors of your own, see
    /// [`RoomBackend`](crate::raw::RoomBackend).
    ///
    /// # Panics
    /// If the namespace is taken by another type of rooms, or the program is built with `panic = "abort"`.
    pub fn raw_room<A: RoomBackend>(&self, path: &str) -> Rooms<A> {
        #[expect(clippy::panic, reason = "documented: a program that cannot serve has to end at its start")]
        if cfg!(panic = "abort") {
            panic!("{} cannot be a room: {}", std::any::type_name::<A>(), RoomError::PanicAborts);
        }
        self.rooms_of(path, raw_machine::<A>(), A::MAX_PLAYERS)
    }

    /// The rooms of a type that was declared by [`room`](Self::room) before; those of the first path if
    /// there are several.
    #[must_use]
    pub fn rooms<R: Room>(&self) -> Option<Rooms<R>> {
        let key = std::any::TypeId::of::<R>();
        let types = self.shared.room_types.read().unwrap_or_else(PoisonError::into_inner);
        let (_, declared) = types.iter().find(|(of, _)| *of == key)?;
        declared.downcast_ref::<Rooms<R>>().cloned()
    }

    fn rooms_of<R: 'static>(
        &self,
        path: &str,
        factory: crate::host::Factory,
        max_players: usize,
    ) -> Rooms<R> {
        let namespace = self.of(path);
        let path = namespace.path().into();
        let directory = DirectoryHandle::new(self.shared.runtime.clone(), path, factory, max_players);
        #[expect(clippy::panic, reason = "documented: a program that cannot serve has to end at its start")]
        if !namespace.shared().set_directory(directory.clone()) {
            panic!("the namespace {} is a type of rooms already", namespace.path());
        }
        let rooms = Rooms { namespace, directory, of: PhantomData };
        let mut types = self.shared.room_types.write().unwrap_or_else(PoisonError::into_inner);
        types.push((std::any::TypeId::of::<R>(), Arc::new(rooms.clone())));
        rooms
    }
}

/// What holds for all rooms of the type.
#[expect(clippy::must_use_candidate, reason = "called for their effect")]
impl<R: 'static> Rooms<R> {
    /// The path of the namespace.
    #[must_use]
    pub fn path(&self) -> &str {
        self.namespace.path()
    }

    /// Requires a token of whoever joins, see [`Namespace::auth`].
    pub fn auth(&self, auth: JwtAuth) -> &Self {
        self.namespace.auth(auth);
        self
    }

    /// Requires no token: members are guests, known again by a key that their clients return in
    /// `auth.guest`.
    pub fn no_auth(&self) -> &Self {
        self.namespace.no_auth();
        self
    }

    /// Adds a step that every socket must pass before it is placed, see [`Namespace::middleware`].
    pub fn middleware<F, Fut>(&self, step: F) -> &Self
    where
        F: Fn(Socket) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Reject>> + 'static,
    {
        self.namespace.middleware(step);
        self
    }

    /// Switches presence on: the members of each room are told who else is there, what they do and who
    /// types, beside what the room itself tells. Members over plain WebSockets take no part.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # use greenroom::presence::PresenceConfig;
    /// # fn example<R: greenroom::room::Room>(io: Server) {
    /// io.room::<R>("/duel").presence(PresenceConfig::default());
    /// # }
    /// ```
    pub fn presence(&self, config: PresenceConfig) -> Presence {
        self.namespace.room_presence(config, |_| true)
    }

    /// Sets how many rooms there may be at the same time. Default 10,000.
    pub fn max_rooms(&self, rooms: usize) -> &Self {
        self.directory.change_settings(|settings| settings.limits.rooms = rooms);
        self
    }

    /// Sets in how many of these rooms one member may have a seat. Default 16.
    pub fn max_seats(&self, rooms: usize) -> &Self {
        self.directory.change_settings(|settings| settings.limits.seats_per_member = rooms);
        self
    }

    /// Sets what one room takes.
    pub fn limits(&self, limits: RoomLimits) -> &Self {
        self.directory.change_settings(|settings| settings.room = Arc::new(limits));
        self
    }
}

/// The rooms themselves.
impl<R: 'static> Rooms<R> {
    /// The public rooms that a query shows, in its order.
    #[must_use]
    pub fn list(&self, query: &ListQuery) -> Vec<Arc<RoomInfo>> {
        self.directory.board().list(query)
    }

    /// Makes a room that nobody joins yet. It closes by itself when
    /// [`WHEN_EMPTY`](Room::WHEN_EMPTY) says so, counted from its first member's leaving.
    ///
    /// # Errors
    /// Too many rooms, or no actix System on this thread.
    pub async fn create(&self, options: impl Into<Options>) -> Result<RoomId, Reject> {
        self.directory.ensure_started(&Worker::current(self.directory.runtime())?.handle);
        let opening = Opening { options: options.into(), find: false, create: true, by: None };
        Ok(self.directory.open(opening).await?.id)
    }

    /// One room, private ones included.
    pub async fn find(&self, id: impl Into<RoomId>) -> Option<RoomHandle<R>> {
        let id = id.into();
        let host = self.directory.find(id.clone()).await?;
        Some(RoomHandle { id, host, of: PhantomData })
    }
}

impl<R> Clone for Rooms<R> {
    fn clone(&self) -> Self {
        Self { namespace: self.namespace.clone(), directory: self.directory.clone(), of: PhantomData }
    }
}

impl<R> fmt::Debug for Rooms<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rooms").field("path", &self.namespace.path()).finish_non_exhaustive()
    }
}

/// One room, for other actors and for the server's own code.
pub struct RoomHandle<R> {
    id: RoomId,
    host: HostHandle,
    of: PhantomData<fn() -> R>,
}

impl<R: Room> RoomHandle<R> {
    /// Tells the room something: [`Room::on_internal`] is called.
    ///
    /// # Errors
    /// [`EmitError::Full`] if its mailbox is, [`EmitError::Closed`] if the room is over.
    pub fn send(&self, message: R::Internal) -> Result<(), EmitError> {
        let message: Box<dyn Any + Send> = Box::new(message);
        self.host.send(HostCommand::Internal(message)).map_err(|refused| match refused {
            Refused::Full(_) => EmitError::Full,
            Refused::Gone(_) => EmitError::Closed,
        })
    }
}

impl<R> RoomHandle<R> {
    /// The room's id.
    #[must_use]
    pub fn id(&self) -> &RoomId {
        &self.id
    }

    /// Removes a member: [`Room::on_leave`] is called, and its sockets are disconnected.
    pub fn kick(&self, member: impl Into<MemberId>) {
        self.host.tell(HostCommand::Kick(member.into()));
    }

    /// Ends the room.
    pub fn close(&self) {
        self.host.tell(HostCommand::Close { server_ends: false });
    }
}

impl<R> Clone for RoomHandle<R> {
    fn clone(&self) -> Self {
        Self { id: self.id.clone(), host: self.host.clone(), of: PhantomData }
    }
}

impl<R> fmt::Debug for RoomHandle<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoomHandle").field("id", &self.id.as_str()).finish_non_exhaustive()
    }
}
