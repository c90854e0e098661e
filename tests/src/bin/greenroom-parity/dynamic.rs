//! Namespaces that come into being when a client asks: `/dynamic-N`, `/steps-N` with middleware, and
//! those that a function allows, `/secret/…`.

use std::sync::{Arc, Mutex, PoisonError};

use greenroom::prelude::*;
use serde_json::{Value, json};

pub(crate) fn declare(io: &Server) -> Result<(), greenroom::BadPattern> {
    let created: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = created.clone();
    io.on_new_namespace(move |namespace| {
        noted.lock().unwrap_or_else(PoisonError::into_inner).push(namespace.path().to_owned());
    });
    let root = io.of("/");
    root.on("created", move |_: Socket, ()| {
        Ok(created.lock().unwrap_or_else(PoisonError::into_inner).clone())
    });
    let numbered = io.of_pattern(r"^/dynamic-\d+$")?;
    behave(&numbered);
    root.on("emit-to-all", move |_: Socket, text: String| {
        numbered.emit("said", text);
        Ok("ok")
    });
    let guarded = io.of_pattern(r"^/guarded-\d+$")?;
    guarded.middleware(|socket| async move {
        match socket.auth::<Value>().and_then(|auth| auth.get("pass")?.as_bool()) {
            Some(true) => Ok(()),
            _ => Err(Reject::new("refused", "refused").with_data(json!({ "why": "no pass" }))),
        }
    });
    behave(&guarded);
    let allowed = |path: &str, auth: Option<&Value>| {
        path.starts_with("/secret/") && auth.is_some_and(|auth| auth["secret"] == "open sesame")
    };
    behave(&io.of_matching(allowed));
    let server = io.clone();
    root.on("declare", move |_: Socket, path: String| {
        server.of(&path).emit("said", "before anybody was there");
        Ok("ok")
    });
    Ok(())
}

fn behave(namespace: &Namespace) {
    namespace.on_connect(|socket| {
        socket.emit("where", socket.namespace().path());
    });
    namespace.on("join", |socket: Socket, room: String| {
        socket.join(room)?;
        Ok("ok")
    });
    namespace.on("say", |socket: Socket, (room, text): (String, String)| {
        socket.namespace().to(room).emit("said", text);
        Ok("ok")
    });
    namespace.on_async("count", |socket: Socket, ()| async move {
        Ok(socket.namespace().fetch_sockets().await.len())
    });
}
