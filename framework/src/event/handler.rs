//! From a user's closure to something that all listeners have in common.

use std::pin::Pin;

use super::{Args, EncodedArgs, FromArgs, IntoArgs};
use crate::error::{Emitted, Reject};
use crate::socket::Socket;

/// What a handler may return: nothing, or the acknowledgement.
///
/// `Ok` holds the acknowledgement's arguments (a tuple is several), `Err` the refusal. A handler
/// that returns nothing lets the client's callback be called without arguments. With several
/// listeners on one event the first that returns a `Result` acknowledges.
///
/// ```
/// # use greenroom::prelude::*;
/// # fn example(socket: Socket) {
/// socket.on("add", |_, (a, b): (i32, i32)| Ok(a + b));               // callback(3)
/// socket.on("corners", |_, ()| Ok(((0, 0), (3, 4))));                // callback([0, 0], [3, 4])
/// socket.on("never", |_, ()| Err::<(), _>(Reject::new("no", "not today")));
/// socket.on("echo", |socket, text: String| socket.emit("echo", text)); // callback()
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    note = "return nothing (end with `;`), or the acknowledgement: `Ok(value)` or `Err(Reject::new(code, message))`",
    note = "errors of other types become a `Reject` by `?`"
)]
pub trait IntoAck: 'static {
    /// Whether this type says anything.
    const ANSWERS: bool;

    /// The acknowledgement.
    ///
    /// # Errors
    /// The refusal that the client is told.
    fn into_ack(self) -> Result<EncodedArgs, Reject>;
}

impl IntoAck for () {
    const ANSWERS: bool = false;

    fn into_ack(self) -> Result<EncodedArgs, Reject> {
        Ok(().into_args()?)
    }
}

/// So that a handler may be one line that emits; whether that worked is nobody's acknowledgement.
impl IntoAck for Emitted {
    const ANSWERS: bool = false;

    fn into_ack(self) -> Result<EncodedArgs, Reject> {
        ().into_ack()
    }
}

impl<T: IntoArgs + 'static> IntoAck for Result<T, Reject> {
    const ANSWERS: bool = true;

    fn into_ack(self) -> Result<EncodedArgs, Reject> {
        Ok(self?.into_args()?)
    }
}

/// An acknowledgement, or why there is none.
pub(crate) type Ack = Result<EncodedArgs, Reject>;

/// What came of calling a handler.
pub(crate) enum Answer {
    /// A synchronous handler is through.
    Now(Ack),
    /// An asynchronous handler goes on.
    Later(Pin<Box<dyn Future<Output = Ack>>>),
}

/// A listener's code, shared by all sockets it listens for.
pub(crate) trait Handler: Send + Sync {
    /// Whether it acknowledges, see [`IntoAck`].
    fn answers(&self) -> bool;

    /// Whether it may wait for something.
    fn is_asynchronous(&self) -> bool;

    /// Calls it. Panics pass through: the caller catches them.
    fn call(&self, socket: Socket, args: Args) -> Answer;
}

struct Synchronous<F, T>(F, std::marker::PhantomData<fn(T)>);
struct Asynchronous<F, T>(F, std::marker::PhantomData<fn(T)>);

/// A handler that runs to its end in its turn.
pub(crate) fn synchronous<F, T, R>(handler: F) -> impl Handler
where
    F: Fn(Socket, T) -> R + Send + Sync + 'static,
    T: FromArgs,
    R: IntoAck,
{
    Synchronous(handler, std::marker::PhantomData::<fn(T)>)
}

/// A handler that returns a future.
pub(crate) fn asynchronous<F, T, Fut>(handler: F) -> impl Handler
where
    F: Fn(Socket, T) -> Fut + Send + Sync + 'static,
    T: FromArgs,
    Fut: Future<Output: IntoAck> + 'static,
{
    Asynchronous(handler, std::marker::PhantomData::<fn(T)>)
}

impl<F, T, R> Handler for Synchronous<F, T>
where
    F: Fn(Socket, T) -> R + Send + Sync,
    T: FromArgs,
    R: IntoAck,
{
    fn answers(&self) -> bool {
        R::ANSWERS
    }

    fn is_asynchronous(&self) -> bool {
        false
    }

    fn call(&self, socket: Socket, args: Args) -> Answer {
        Answer::Now(match T::from_args(args) {
            Ok(typed) => (self.0)(socket, typed).into_ack(),
            Err(error) => Err(Reject::bad_payload(&error)),
        })
    }
}

impl<F, T, Fut> Handler for Asynchronous<F, T>
where
    F: Fn(Socket, T) -> Fut + Send + Sync,
    T: FromArgs,
    Fut: Future<Output: IntoAck> + 'static,
{
    fn answers(&self) -> bool {
        <Fut::Output as IntoAck>::ANSWERS
    }

    fn is_asynchronous(&self) -> bool {
        true
    }

    fn call(&self, socket: Socket, args: Args) -> Answer {
        match T::from_args(args) {
            Ok(typed) => {
                let running = (self.0)(socket, typed);
                Answer::Later(Box::pin(async move { running.await.into_ack() }))
            }
            Err(error) => Answer::Now(Err(Reject::bad_payload(&error))),
        }
    }
}
