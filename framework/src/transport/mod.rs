//! What carries a session: HTTP long-polling and WebSocket, in `serve` and in any `App`.
//!
//! | module | what it does |
//! |---|---|
//! | [`gate`] | decides about a request before a session sees it: query, origin, address |
//! | [`polling`] | GET and POST, which ask the session |
//! | [`websocket`] | one task per WebSocket: a reader into the session, a writer out of its outbox |
//! | [`routes`] | both, mounted in any actix-web `App`; WebSocket over a response body |
//! | [`gateway`] | rooms over a plain WebSocket: JSON, without Engine.IO |
//! | [`client_files`], [`compress`] | the client's bundles; answers made smaller |
//! | [`cors`], [`proxy`] | who may come from where |
//! | [`hooks`], [`cookie`] | what a program says about handshakes and their answers |
//! | [`reject`] | what a refused request is answered, in one table |
//! | [`connection_error`] | what a program is told of that |

pub(crate) mod client_files;
mod compress;
pub(crate) mod connection_error;
pub(crate) mod cookie;
pub(crate) mod cors;
pub(crate) mod gate;
pub(crate) mod gateway;
pub(crate) mod hooks;
pub(crate) mod polling;
pub(crate) mod proxy;
pub(crate) mod reject;
pub(crate) mod routes;
pub(crate) mod websocket;

#[cfg(test)]
mod tests;
