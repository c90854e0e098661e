//! How others reach a host.

use std::fmt;
use std::sync::Arc;

use actix::{Actor, Addr, AsyncContext, Context};

use super::actor::HostActor;
use super::raw_room::{RoomBackend, RoomMessage};
use super::{HostCommand, Seed};
use crate::runtime::Runtime;
use crate::runtime::post::{self, Refused};
use crate::runtime::worker::WorkerHandle;

/// The address of one room. All clones share one place in its mailbox.
#[derive(Clone)]
pub(crate) struct HostHandle(Arc<Shared>);

struct Shared {
    runtime: Arc<Runtime>,
    addr: Addr<HostActor>,
}

impl HostHandle {
    /// Starts a host on a worker.
    pub(crate) fn start(worker: &WorkerHandle, seed: Seed) -> Self {
        let runtime = seed.runtime.clone();
        let new = {
            let runtime = runtime.clone();
            move |ctx: &mut Context<HostActor>| {
                let own = Self(Arc::new(Shared { runtime, addr: ctx.address() }));
                HostActor::new(seed, own)
            }
        };
        let addr = if worker.is_here(&runtime) {
            // The arbiter of this thread needs not be asked.
            HostActor::create(new)
        } else {
            HostActor::start_in_arbiter(&worker.arbiter, new)
        };
        Self(Arc::new(Shared { runtime, addr }))
    }

    /// Traffic.
    pub(crate) fn send(&self, command: HostCommand) -> Result<(), Refused<HostCommand>> {
        post::traffic(&self.0.runtime.metrics, &self.0.addr, command)
    }

    pub(super) fn runtime(&self) -> &Arc<Runtime> {
        &self.0.runtime
    }

    /// Lifecycle, to the actor behind a raw room.
    pub(super) fn tell_actor<A: RoomBackend>(&self, actor: &Addr<A>, message: RoomMessage) {
        post::lifecycle(&self.0.runtime.metrics, actor, message);
    }

    /// Traffic, to the actor behind a raw room.
    pub(super) fn send_to_actor<A: RoomBackend>(
        &self,
        actor: &Addr<A>,
        message: RoomMessage,
    ) -> Result<(), Refused<RoomMessage>> {
        post::traffic(&self.0.runtime.metrics, actor, message)
    }

    /// Lifecycle. Returns false if the room's actor has ended.
    pub(crate) fn tell(&self, command: HostCommand) -> bool {
        post::lifecycle(&self.0.runtime.metrics, &self.0.addr, command)
    }
}

impl fmt::Debug for HostHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostHandle").field("connected", &self.0.addr.connected()).finish()
    }
}
