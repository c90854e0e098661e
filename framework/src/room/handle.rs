//! How a namespace reaches its rooms.

use std::sync::Arc;

use actix::{Actor, Addr};
use greenroom_proto::rooms::RoomName;

use super::actor::{Life, RoomActor};
use super::{Progress, Report, RoomCommand};
use crate::fanout::SlotRef;
use crate::namespace::NamespaceLink;
use crate::runtime::Runtime;
use crate::runtime::post::{self, Refused};
use crate::runtime::worker::WorkerHandle;

/// The address of one incarnation of a room.
#[derive(Debug, Clone)]
pub(crate) struct RoomHandle {
    addr: Addr<RoomActor>,
    progress: Progress,
}

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
        let progress = Progress::default();
        let life = Life::new(runtime, name, namespace, progress.clone());
        let addr = if is_here {
            // The arbiter of this thread needs not be asked.
            RoomActor::new(life, first).start()
        } else {
            RoomActor::start_in_arbiter(&worker.arbiter, move |_| RoomActor::new(life, first))
        };
        Self { addr, progress }
    }

    /// Traffic.
    pub(crate) fn send(&self, runtime: &Runtime, command: RoomCommand) -> Result<(), Refused<RoomCommand>> {
        post::traffic(&runtime.metrics, &self.addr, command)
    }

    /// Waits for room in the mailbox.
    pub(crate) fn wait(&self, command: RoomCommand) -> impl Future<Output = bool> + use<> {
        post::wait(self.addr.clone(), command)
    }

    /// Whether as many commands are handled to their end: with all that was sent, nothing is on its
    /// way to the room, nor from it to a fanout.
    pub(crate) fn has_handled(&self, commands: u64) -> bool {
        self.progress.handled() == commands
    }

    /// Whether this incarnation reports, and not one before it.
    pub(crate) fn reports(&self, report: &Report) -> bool {
        report.is_by(&self.progress)
    }

    /// Lifecycle: the room has ended for its namespace.
    pub(crate) fn stop(&self, runtime: &Runtime) {
        post::lifecycle(&runtime.metrics, &self.addr, RoomCommand::Stop);
    }

    /// A fault test's way to end the actor.
    #[cfg(feature = "testing")]
    pub(crate) fn crash(&self, runtime: &Runtime) {
        post::lifecycle(&runtime.metrics, &self.addr, RoomCommand::Crash);
    }
}
