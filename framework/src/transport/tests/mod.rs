//! Both transports over real sockets, in both hostings, with an echo on top.

mod abort;
mod eio3;
mod hooks;
mod hosting;
mod messages;
mod peer;
mod refuse;
mod slow;
mod upgrade;
