//! What clients of a lobby do with rooms before they join one: list, watch, make, find.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use bytestring::ByteString;
use greenroom_proto::directory::ListQuery;
use serde_json::{Map, Value, json};

use super::Rooms;
use crate::directory::{DirectoryHandle, Opened, Opening, Watcher};
use crate::error::Reject;
use crate::event::Args;
use crate::namespace::Namespace;
use crate::runtime::worker::Worker;
use crate::socket::Socket;

/// The types of rooms that a namespace shows.
#[derive(Default)]
pub(crate) struct Lobby(RwLock<Vec<DirectoryHandle>>);

impl<R: 'static> Rooms<R> {
    /// Lets the clients of another namespace list these rooms, watch the list, and make and find rooms.
    /// Joining is always a CONNECT to the room's own path.
    ///
    /// | event | argument | acknowledgement |
    /// |---|---|---|
    /// | `room:list` | `{ type, where, sort, limit }` | `{ rooms }` |
    /// | `room:watch` | the same | `{ rooms }`; then `room:delta` events, `{ type, set, gone }` |
    /// | `room:unwatch` | `{ type }` | none |
    /// | `room:create` | `{ type, …options }` | `{ id, path, created }` |
    /// | `room:find` | `{ type, or_create, …options }` | `{ id, path, created }` |
    ///
    /// All entries are optional; `type` is the path of the rooms, if the lobby shows several types. A delta
    /// with `full: true` is the whole list: one before it could not be delivered. `where` names entries of
    /// the rooms' labels and their values, `sort` is explained at [`ListQuery`]. A room that a client has
    /// made closes if nobody joins it within [`Config::unjoined_room_timeout`](crate::Config::unjoined_room_timeout).
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server, duels: greenroom::Rooms<Duel>) {
    /// duels.lobby(&io.of("/"));
    /// # }
    /// # struct Duel;
    /// ```
    pub fn lobby(&self, namespace: &Namespace) -> &Self {
        let mut is_new = false;
        let lobby = namespace.shared().lobby.get_or_init(|| {
            is_new = true;
            Arc::default()
        });
        lobby.0.write().unwrap_or_else(PoisonError::into_inner).push(self.directory.clone());
        if is_new {
            listen(namespace, lobby);
        }
        self
    }
}

fn listen(namespace: &Namespace, lobby: &Arc<Lobby>) {
    let here = lobby.clone();
    namespace.on("room:list", move |_: Socket, args: Args| {
        let (rooms, asked) = here.read(&args)?;
        Ok(json!({ "rooms": rooms.board().list(&query(asked)?) }))
    });
    let here = lobby.clone();
    namespace.on("room:watch", move |socket: Socket, args: Args| {
        let (rooms, asked) = here.read(&args)?;
        let shown = rooms.board().watch(Watcher(socket), query(asked)?)?;
        Ok(json!({ "rooms": shown }))
    });
    let here = lobby.clone();
    namespace.on("room:unwatch", move |socket: Socket, args: Args| {
        here.read(&args)?.0.board().unwatch(&Watcher(socket));
        Ok::<_, Reject>(())
    });
    let here = lobby.clone();
    namespace.on_async("room:create", move |socket: Socket, args: Args| {
        let here = here.clone();
        async move {
            let (rooms, asked) = here.read(&args)?;
            open(&rooms, &socket, asked, false, true).await
        }
    });
    let here = lobby.clone();
    namespace.on_async("room:find", move |socket: Socket, args: Args| {
        let here = here.clone();
        async move {
            let (rooms, mut asked) = here.read(&args)?;
            let create = asked.remove("or_create") == Some(Value::Bool(true));
            open(&rooms, &socket, asked, true, create).await
        }
    });
    let here = lobby.clone();
    namespace.on_disconnect(move |socket, _| here.forget(&Watcher(socket)));
}

async fn open(
    rooms: &DirectoryHandle,
    socket: &Socket,
    options: Map<String, Value>,
    find: bool,
    create: bool,
) -> Result<Value, Reject> {
    rooms.ensure_started(&Worker::current(rooms.runtime())?.handle);
    let by = ByteString::from(socket.user_id().unwrap_or(socket.id().as_str()));
    let opening = Opening { options: Value::Object(options).into(), find, create, by: Some(by) };
    let Opened { id, created } = rooms.open(opening).await?;
    let path = format!("{}/{id}", rooms.path());
    Ok(json!({ "id": id, "path": path, "created": created }))
}

fn query(asked: Map<String, Value>) -> Result<ListQuery, Reject> {
    serde_json::from_value(Value::Object(asked)).map_err(|error| Reject::bad_payload(&error))
}

impl Lobby {
    /// The type of rooms that a client asks about, and what else it says.
    fn read(&self, args: &Args) -> Result<(DirectoryHandle, Map<String, Value>), Reject> {
        let mut asked: Map<String, Value> = match args.is_empty() {
            true => Map::new(),
            false => args.parse().map_err(|error| Reject::bad_payload(&error))?,
        };
        let wanted = asked.remove("type");
        let types = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = match &wanted {
            None => types.first(),
            Some(wanted) => types.iter().find(|rooms| wanted == rooms.path()),
        };
        let rooms = known.ok_or_else(|| Reject::new("no_such_type", "there are no such rooms"))?.clone();
        let size: usize = asked.iter().map(|(name, value)| name.len() + value.to_string().len()).sum();
        if size > rooms.runtime().config.max_join_bytes {
            return Err(Reject::new("bad_payload", "too long"));
        }
        Ok((rooms, asked))
    }

    fn forget(&self, watcher: &Watcher) {
        for rooms in self.0.read().unwrap_or_else(PoisonError::into_inner).iter() {
            rooms.board().unwatch(watcher);
        }
    }
}

impl fmt::Debug for Lobby {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lobby")
    }
}
