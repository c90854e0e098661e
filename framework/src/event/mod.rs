//! Events: their arguments as serde types, and who listens.

mod args;
mod binary;
mod handler;
mod listeners;

pub use args::{Args, EncodedArgs, First, FromArgs, IntoArgs};
pub use binary::Binary;
pub use handler::IntoAck;
pub(crate) use handler::{Ack, Answer, Handler, asynchronous, synchronous};
pub use listeners::ListenerId;
pub(crate) use listeners::{Listener, Listeners};
