//! The session: one client's Engine.IO connection, on whichever transport carries it.
//!
//! * *Owns*: the machine of [`greenroom_proto::session`], the deadline of its heartbeat, what runs on top
//!   ([`SessionApp`]).
//! * *Takes*: [`SessionCommand`]s of HTTP handlers and WebSocket tasks, one per request and one per read.
//! * *Emits*: messages of the client to its app, answers to waiting requests, orders to its WebSocket.
//! * *Keeps*: an app is told of the end exactly once; registry, slot and timer are released however the
//!   session ends, a panic included.
//!
//! Who writes: nobody here. The fanout pushes into the session's [`SharedOutbox`]; that wakes the
//! WebSocket task, which copies and writes, or the session, if it polls and a GET waits.
//!
//! A close from this side: the app is told, and who may still have something for the client holds a
//! [`Seal`]. Each lets go of it through the fanout's mailbox, behind what it has sent; then the outbox
//! takes no more, and the transport closes when it is empty. `close_timeout` bounds all of it.

mod actor;
mod address;
mod app;
mod engine;
mod form;
mod handle;
mod handshake;
mod outbox;
mod permit;
mod protocol;
mod registry;
mod requests;
mod seal;
mod wire;

pub(crate) use app::{AppFactory, Messages, SessionApp, SessionCx};
pub(crate) use engine::{Admitted, Engine, Newcomer, OpenError};
pub(crate) use form::{Adapt, Form, Forms};
pub(crate) use handle::{Post, SessionHandle};
pub use handshake::Handshake;
pub(crate) use outbox::{Pending, SharedOutbox};
pub(crate) use permit::{ReadBudget, ReadPermit};
pub(crate) use protocol::{Packets, WireFate};
pub(crate) use seal::Seal;
pub(crate) use wire::{Order, WireLine};
