//! Greenroom: multiplayer rooms and presence on actors, for every stock Socket.IO client.

pub mod auth;
mod config;
mod error;
mod event;
mod fanout;
mod namespace;
mod room;
mod runtime;
mod session;
mod socket;
