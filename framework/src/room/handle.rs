//! How a namespace reaches its rooms.

use std::sync::Arc;

use actix::{Actor, Addr};
use greenroom_proto::rooms::RoomName;

use super::RoomCommand;
use super::actor::{Life, RoomActor};
use crate::fanout::SlotRef;
use crate::namespace::NamespaceLink;
use crate::runtime::Runtime;
use crate::runtime::post::{self, Refused};
use crate::runtime::worker::WorkerHandle;

/// The address of one room.
#[derive(Debug, Clone)]
pub(crate) struct RoomHandle(Addr<RoomActor>);

impl RoomHandle {
    /// Starts a room on the worker of its first member.
    pub(crate) fn start(
        runtime: Arc<Runtime>,
        worker: &WorkerHandle,
        name: RoomName,
        namespace: NamespaceLink,
        first: SlotRef,
    ) -> Self {
        let is_here = worker.is_here(&runtime);
        let life = Life::new(runtime, name, namespace);
        if is_here {
            // The arbiter of this thread needs not be asked.
            return Self(RoomActor::new(life, first).start());
        }
        let start = move |_: &mut _| RoomActor::new(life, first);
        Self(RoomActor::start_in_arbiter(&worker.arbiter, start))
    }

    /// Traffic.
    pub(crate) fn send(&self, runtime: &Runtime, command: RoomCommand) -> Result<(), Refused<RoomCommand>> {
        post::traffic(&runtime.metrics, &self.0, command)
    }

    /// Waits for room in the mailbox.
    pub(crate) fn wait(&self, command: RoomCommand) -> impl Future<Output = bool> + use<> {
        post::wait(self.0.clone(), command)
    }

    /// Lifecycle: the room has ended for its namespace.
    pub(crate) fn stop(&self, runtime: &Runtime) {
        post::lifecycle(&runtime.metrics, &self.0, RoomCommand::Stop);
    }

    /// A fault test's way to end the actor.
    #[cfg(feature = "testing")]
    pub(crate) fn crash(&self, runtime: &Runtime) {
        post::lifecycle(&runtime.metrics, &self.0, RoomCommand::Crash);
    }
}
