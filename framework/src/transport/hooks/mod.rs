//! What a program says about handshakes: who may come, what a session is called, which headers an answer has.
//!
//! * *Owns*: the program's hooks, set while the server is built and never changed.
//! * *Takes*: requests that open sessions, answers on their way out, refusals.
//! * *Keeps*: a hook that panics or takes too long costs its request and nothing else.

mod builder;
mod session_name;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;

use actix_http::RequestHead;
use actix_http::header::HeaderMap;
use bytestring::ByteString;

use super::connection_error::ConnectionError;
use super::cors::OriginRule;
use super::reject::{Reject, Rule};
use crate::error;
use crate::runtime::Runtime;
use crate::runtime::guarded::{Guarded, panic_text};
use crate::session::Handshake;

/// What a hook says, sooner or later.
type Verdict<T> = Pin<Box<dyn Future<Output = Result<T, error::Reject>>>>;
type Ask<T> = Box<dyn Fn(Handshake) -> Verdict<T> + Send + Sync>;
type HeadersHook = Box<dyn Fn(&mut HeaderMap, &RequestHead) + Send + Sync>;
type ErrorHook = Box<dyn Fn(&ConnectionError) + Send + Sync>;

/// The hooks of one server.
#[derive(Default)]
pub(crate) struct Hooks {
    allow_origin: Option<OriginRule>,
    allow_request: Option<Ask<()>>,
    generate_id: Option<Ask<String>>,
    initial_headers: Option<HeadersHook>,
    headers: Option<HeadersHook>,
    connection_error: Option<ErrorHook>,
}

impl Hooks {
    /// Which origins may come besides those of the configuration.
    pub(super) fn origin_rule(&self) -> Option<OriginRule> {
        let rule = self.allow_origin.clone()?;
        Some(Arc::new(move |origin| contained(|| rule(origin)).unwrap_or(false)))
    }

    /// Asks whether this request may open a session.
    pub(super) async fn allow(&self, handshake: &Handshake, runtime: &Runtime) -> Result<(), Reject> {
        let Some(ask) = &self.allow_request else { return Ok(()) };
        let refused = |reject| Reject::Denied(Box::new(reject));
        in_time(runtime, || ask(handshake.clone())).await?.map_err(refused)
    }

    /// Asks for the id of the session that this request opens; none if the server chooses.
    pub(super) async fn session_name(
        &self,
        handshake: &Handshake,
        runtime: &Runtime,
    ) -> Result<Option<ByteString>, Reject> {
        let Some(ask) = &self.generate_id else { return Ok(None) };
        let name = in_time(runtime, || ask(handshake.clone())).await?.map_err(|error| {
            tracing::warn!(%error, cause = error.cause(), "`generate_id` made no id");
            Reject::Rule(Rule::IdGeneration)
        })?;
        if session_name::is_good(&name) {
            return Ok(Some(name.into()));
        }
        tracing::error!(
            "`generate_id` made an id that is empty, too long, or has characters that need quoting"
        );
        Err(Reject::Rule(Rule::IdGeneration))
    }

    /// Lets the program look at the headers of an answer; `is_first` if it opens the session.
    pub(super) fn look_at_headers(&self, headers: &mut HeaderMap, head: &RequestHead, is_first: bool) {
        let initial = self.initial_headers.as_ref().filter(|_| is_first);
        for hook in initial.into_iter().chain(&self.headers) {
            contained(|| hook(headers, head));
        }
    }

    /// Tells the program of a refusal, if it wants to know.
    pub(super) fn tell(&self, error: impl FnOnce() -> Option<ConnectionError>) {
        if let Some(hook) = &self.connection_error
            && let Some(error) = error()
        {
            contained(|| hook(&error));
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}

/// Waits for a hook as long as for middleware.
async fn in_time<T: 'static>(
    runtime: &Runtime,
    ask: impl FnOnce() -> Verdict<T>,
) -> Result<Result<T, error::Reject>, Reject> {
    let Some(verdict) = contained(ask) else { return Ok(Err(error::Reject::internal())) };
    let deadline = runtime.clock.now() + runtime.config.middleware_timeout;
    tokio::select! {
        verdict = Guarded::new(verdict) => Ok(verdict.unwrap_or_else(|panicked| {
            tracing::error!(panic = panic_text(&*panicked), "a hook of a handshake panicked");
            Err(error::Reject::internal())
        })),
        () = runtime.clock.sleep_until(deadline) => Err(Reject::Unavailable),
    }
}

/// Runs code of the program, whose panic ends here.
fn contained<T>(hook: impl FnOnce() -> T) -> Option<T> {
    let result = catch_unwind(AssertUnwindSafe(hook));
    result.map_err(|panicked| tracing::error!(panic = panic_text(&*panicked), "a hook panicked")).ok()
}
