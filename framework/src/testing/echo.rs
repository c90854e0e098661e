//! Engine.IO without Socket.IO: every message comes back as it came. For tests of the lower protocol.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use greenroom_proto::engineio::Packet;
use greenroom_proto::session::Delivery;
use greenroom_proto::socket::reason::DisconnectReason;

use crate::config::Config;
use crate::fanout::{FanoutCommand, Push};
use crate::runtime::worker::Worker;
use crate::server::Server;
use crate::session::{Messages, ReadPermit, SessionApp, SessionCx, SessionHandle};

/// A server that answers every Engine.IO message with itself, on [`Config::path`].
#[must_use]
pub fn echo_server(config: Config) -> Server {
    let app = |_: &SessionHandle, worker: Rc<Worker>| Box::new(Echo(worker)) as Box<dyn SessionApp>;
    Server::builder().config(config).build_with(|_| Arc::new(app))
}

struct Echo(Rc<Worker>);

impl SessionApp for Echo {
    fn receive(&mut self, messages: Messages, permit: ReadPermit, cx: &mut SessionCx<'_>) {
        let to = cx.session().slot().slot;
        let back = |message| Push {
            to,
            packet: Packet::Message(message).encode(),
            delivery: Delivery::Reliable,
            is_event: true,
        };
        let pushes = FanoutCommand::Push(messages.into_iter().map(back).collect());
        self.0.handle.fanout.send_anyway(cx.session().runtime(), pushes);
        drop(permit);
    }

    fn next_deadline(&self) -> Option<Instant> {
        None
    }

    fn handle_deadline(&mut self, _: Instant, _: &mut SessionCx<'_>) {}

    fn closed(&mut self, _: DisconnectReason, _: &mut SessionCx<'_>) {}
}
