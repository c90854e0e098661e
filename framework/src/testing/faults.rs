//! Ends actors by a panic, as a bug in the framework would.

use greenroom_proto::directory::RoomId;
use greenroom_proto::rooms::RoomName;

use crate::directory::DirectoryCommand;
use crate::server::Server;
use crate::socket::Socket;

/// Ends actors of a server.
#[derive(Debug, Clone)]
pub struct Faults(Server);

/// The actor that dies.
#[derive(Debug, Clone)]
pub enum Victim {
    /// The actor of this socket.
    Socket(Socket),
    /// The actor of this socket's session.
    Session(Socket),
    /// The actor of a room of a namespace.
    Room(String, RoomName),
    /// The actor of a namespace.
    Namespace(String),
    /// The presence of a namespace.
    Presence(String),
    /// The host of a custom room: path of its type, id.
    CustomRoom(String, RoomId),
    /// The directory of a type of custom rooms.
    Directory(String),
    /// The fanout of the worker that a socket lives on.
    Fanout(Socket),
}

impl Faults {
    /// Faults for this server.
    #[must_use]
    pub fn new(server: &Server) -> Self {
        Self(server.clone())
    }

    /// Ends an actor; it may take a moment.
    pub fn crash(&self, victim: &Victim) {
        let shared = &self.0.shared;
        match victim {
            Victim::Socket(socket) => socket.crash(),
            Victim::Session(socket) => socket.session().crash(),
            Victim::Room(namespace, room) => {
                if let Some(namespace) = shared.find_namespace(namespace) {
                    namespace.crash(Some(room.clone()));
                }
            }
            Victim::Namespace(namespace) => {
                if let Some(namespace) = shared.find_namespace(namespace) {
                    namespace.crash(None);
                }
            }
            Victim::Presence(namespace) => {
                if let Some(namespace) = shared.find_namespace(namespace)
                    && let Some(presence) = namespace.presence.get()
                {
                    presence.crash();
                }
            }
            Victim::CustomRoom(path, room) => self.crash_rooms(path, Some(room.clone())),
            Victim::Directory(path) => self.crash_rooms(path, None),
            Victim::Fanout(socket) => {
                if let Some(worker) = shared.runtime.workers.find(socket.member().worker) {
                    worker.fanout.crash(&shared.runtime);
                }
            }
        }
    }

    fn crash_rooms(&self, path: &str, room: Option<RoomId>) {
        let namespace = self.0.shared.find_namespace(path);
        if let Some(directory) = namespace.as_ref().and_then(|namespace| namespace.directory()) {
            directory.tell(DirectoryCommand::Crash(room));
        }
    }
}
