//! `/any`: listeners for any event and middleware of packets. `/steps`: middleware of connections.

use std::sync::{Arc, Mutex, PoisonError};

use greenroom::prelude::*;
use serde_json::{Value, json};

/// What listeners of a socket have noted.
#[derive(Default)]
struct Notes(Mutex<Vec<Value>>);

impl Notes {
    fn add(socket: &Socket, note: Value) {
        if let Some(notes) = socket.data::<Self>() {
            notes.0.lock().unwrap_or_else(PoisonError::into_inner).push(note);
        }
    }

    fn all(socket: &Socket) -> Vec<Value> {
        let notes = socket.data::<Self>();
        notes.map_or_else(Vec::new, |notes| notes.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

pub(crate) fn declare(io: &Server) {
    let any = io.of("/any");
    any.on_connect(|socket| socket.put(Notes::default()));
    any.on("listen-any", |socket: Socket, ()| {
        socket.on_any(|socket, event, args| Notes::add(&socket, json!(["any", event, args.json()])));
        socket.prepend_any(|socket, event, _| Notes::add(&socket, json!(["first", event])));
        Ok("ok")
    });
    any.on("off-any", |socket: Socket, ()| Ok(socket.off_any(None)));
    any.on("notes", |socket: Socket, ()| Ok(Notes::all(&socket)));
    any.on("message", |socket: Socket, args: Args| {
        Notes::add(&socket, json!(["message"]));
        Ok(args)
    });
    any.on("join", |socket: Socket, room: String| {
        socket.join(room)?;
        Ok("ok")
    });
    outgoing(&any);
    packets(&any);
    steps(&io.of("/steps"));
}

fn outgoing(any: &Namespace) {
    any.on("listen-outgoing", |socket: Socket, ()| {
        let seen = |word: &'static str| {
            move |socket: Socket, event: &str, args: Args| {
                let bytes: Vec<usize> = args.attachments().iter().map(bytes_len).collect();
                Notes::add(&socket, json!([word, event, args.json(), bytes]));
            }
        };
        socket.on_any_outgoing(seen("second"));
        socket.prepend_any_outgoing(seen("first"));
        Ok("ok")
    });
    any.on("off-outgoing", |socket: Socket, ()| Ok(socket.off_any_outgoing(None)));
    any.on("emit-here", |socket: Socket, args: Args| {
        socket.emit("here", args);
        Ok("ok")
    });
    any.on("emit-there", |socket: Socket, First(room, rest): First<String>| {
        socket.namespace().to(room).emit("there", rest);
        Ok("ok")
    });
}

fn bytes_len(bytes: &impl AsRef<[u8]>) -> usize {
    bytes.as_ref().len()
}

/// Lets one step go on that waits.
static RELEASE: tokio::sync::Notify = tokio::sync::Notify::const_new();

fn packets(any: &Namespace) {
    any.on("release", |_: Socket, ()| {
        RELEASE.notify_one();
        Ok("ok")
    });
    any.on("use", |socket: Socket, ()| {
        socket.middleware(|socket, event| async move {
            Notes::add(&socket, json!(["step 1", &*event.name]));
            Ok(())
        });
        socket.middleware(|socket, event| async move {
            Notes::add(&socket, json!(["step 2", &*event.name]));
            if event.args.json().contains("slow") {
                socket.emit("waiting", ());
                RELEASE.notified().await;
            }
            if event.args.json().contains("refuse me") {
                return Err(Reject::new("refused", "not this").with_data(json!({ "event": &*event.name })));
            }
            Ok(())
        });
        Ok("ok")
    });
    any.on("panic-in-middleware", |socket: Socket, ()| {
        socket.middleware(|_, event| async move {
            assert!(&*event.name != "message", "this middleware is asked to panic");
            Ok(())
        });
        Ok("ok")
    });
}

fn steps(namespace: &Namespace) {
    let order: Arc<Mutex<Vec<String>>> = Arc::default();
    for step in ["one", "two", "three"] {
        let order = order.clone();
        namespace.middleware(move |socket| {
            let order = order.clone();
            async move {
                let auth = socket.auth::<Value>().unwrap_or_default();
                // Others run in between.
                tokio::task::yield_now().await;
                if auth.get("stop_at") == Some(&json!(step)) {
                    return Err(Reject::new("stopped", "stopped").with_data(json!({ "at": step })));
                }
                if let Some(name) = auth.get("name").and_then(Value::as_str) {
                    order.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{name} {step}"));
                }
                let _already_there = socket.join("inside");
                Ok(())
            }
        });
    }
    let noted = order.clone();
    namespace.on_connect(move |socket| {
        if let Some(name) = socket.auth::<Value>().as_ref().and_then(|auth| auth["name"].as_str()) {
            noted.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{name} connected"));
        }
    });
    namespace.on("order", move |_: Socket, name: String| {
        let order = order.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(order.iter().filter(|note| note.starts_with(&name)).cloned().collect::<Vec<_>>())
    });
    namespace.on_async("inside", |socket: Socket, ()| async move {
        Ok(socket.namespace().to("inside").fetch_sockets().await.len())
    });
}
