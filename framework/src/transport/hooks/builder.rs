//! How a program sets its hooks.

use std::sync::Arc;

use actix_http::RequestHead;
use actix_http::header::HeaderMap;

use crate::error::Reject;
use crate::server::ServerBuilder;
use crate::session::Handshake;
use crate::transport::connection_error::ConnectionError;

impl ServerBuilder {
    /// Lets pages of other origins in, besides those of [`Config::cors`](crate::Config::cors) (a function as
    /// Socket.IO's `cors.origin`); for polling and WebSocket alike. Cookies are sent along only if
    /// [`Cors::credentials`](crate::Cors::credentials) says so.
    ///
    /// ```
    /// use greenroom::prelude::*;
    ///
    /// // https://eu.game.example, https://us.game.example, …
    /// let ours = |origin: &str| origin.starts_with("https://") && origin.ends_with(".game.example");
    /// let io = Server::builder().allow_origin(ours).build();
    /// ```
    #[must_use]
    pub fn allow_origin(mut self, rule: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.hooks.allow_origin = Some(Arc::new(rule));
        self
    }

    /// Decides about every request that opens a session, before anything is kept of it (Socket.IO's
    /// `allowRequest`). A refusal is answered with 403 and `{"code":4,"message":…}`, the message being the one
    /// of the [`Reject`]; stock clients get it in their `connect_error`.
    ///
    /// It has [`Config::middleware_timeout`](crate::Config::middleware_timeout) for that; then the answer is
    /// 503. Connections to the [`gateway`](crate::Server::gateway) are asked about as well.
    ///
    /// ```
    /// use greenroom::prelude::*;
    ///
    /// let io = Server::builder()
    ///     .allow_request(|request| async move {
    ///         match request.header("x-version") {
    ///             Some("2") => Ok(()),
    ///             _ => Err(Reject::new("too_old", "please reload")),
    ///         }
    ///     })
    ///     .build();
    /// ```
    #[must_use]
    pub fn allow_request<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn(Handshake) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Reject>> + 'static,
    {
        self.hooks.allow_request = Some(Box::new(move |request| Box::pin(hook(request))));
        self
    }

    /// Chooses the ids of sessions (Socket.IO's `generateId`), behind
    /// [`Config::node`](crate::Config::node) if that is set. Without it they are 122 random bits.
    ///
    /// Whoever knows the id of a session that polls can act for it: make it from a cryptographically secure
    /// source, 96 bits or more. Letters, digits and `-._~`, 128 bytes at most. For an id that is anything else or
    /// in use, and for an error, the request is refused with code 3; without an id in
    /// [`Config::middleware_timeout`](crate::Config::middleware_timeout) with 503.
    ///
    /// ```
    /// use greenroom::prelude::*;
    ///
    /// let io = Server::builder()
    ///     .generate_id(|_request| async { Ok(format!("eu-{}", uuid::Uuid::new_v4().simple())) })
    ///     .build();
    /// ```
    #[must_use]
    pub fn generate_id<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn(Handshake) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<String, Reject>> + 'static,
    {
        self.hooks.generate_id = Some(Box::new(move |request| Box::pin(hook(request))));
        self
    }

    /// Changes the headers of the answer that opens a session (Socket.IO's `initial_headers`): that to the
    /// first poll, or the 101 of a client that begins with WebSocket.
    ///
    /// ```
    /// use actix_web::http::header::{HeaderValue, SET_COOKIE};
    /// use greenroom::prelude::*;
    ///
    /// let io = Server::builder()
    ///     .on_initial_headers(|headers, _request| {
    ///         headers.append(SET_COOKIE, HeaderValue::from_static("table=7; Path=/"));
    ///     })
    ///     .build();
    /// ```
    #[must_use]
    pub fn on_initial_headers(
        mut self,
        hook: impl Fn(&mut HeaderMap, &RequestHead) + Send + Sync + 'static,
    ) -> Self {
        self.hooks.initial_headers = Some(Box::new(hook));
        self
    }

    /// Changes the headers of every answer of a transport (Socket.IO's `headers`): to polls, to POSTs, and the
    /// 101 of a WebSocket; refusals have none of it.
    ///
    /// ```
    /// use actix_web::http::header::{HeaderName, HeaderValue};
    /// use greenroom::prelude::*;
    ///
    /// let io = Server::builder()
    ///     .on_headers(|headers, _request| {
    ///         headers.insert(HeaderName::from_static("x-region"), HeaderValue::from_static("eu"));
    ///     })
    ///     .build();
    /// ```
    #[must_use]
    pub fn on_headers(mut self, hook: impl Fn(&mut HeaderMap, &RequestHead) + Send + Sync + 'static) -> Self {
        self.hooks.headers = Some(Box::new(hook));
        self
    }

    /// Runs for every request that is refused before a session has it (Socket.IO's `connection_error`).
    ///
    /// ```
    /// use greenroom::prelude::*;
    ///
    /// let io = Server::builder()
    ///     .on_connection_error(|error| {
    ///         eprintln!("{:?} {} {}", error.code(), error.message(), error.context());
    ///     })
    ///     .build();
    /// ```
    #[must_use]
    pub fn on_connection_error(mut self, hook: impl Fn(&ConnectionError) + Send + Sync + 'static) -> Self {
        self.hooks.connection_error = Some(Box::new(hook));
        self
    }
}
