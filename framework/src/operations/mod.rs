//! What an operator asks: whether the server lives, whether it is ready, and what it has counted.
//!
//! | path | answer |
//! |---|---|
//! | `/healthz` | 200 while every worker takes messages, 503 if one has not for a while |
//! | `/readyz` | 200 while new clients are welcome, 503 before that and once the server is told to stop |
//! | `/metrics` | all counters, in the text format of Prometheus |
//!
//! Owns: nothing. Keeps: nothing here is for clients; no label has a value that a client chooses.

mod exposition;
mod health;

use std::io;
use std::net::TcpListener;

use actix_web::dev::{Server as HttpServing, ServerHandle};
use actix_web::{App, HttpResponse, HttpServer, Resource, guard, web};

use crate::server::Server;

impl Server {
    /// `/healthz` and `/readyz`, for an `App` of yours. [`Serve::operations`](crate::Serve::operations) has
    /// them on a port of their own.
    ///
    /// A balancer sends clients to a process while `/readyz` answers 200, and an orchestrator starts one anew
    /// when `/healthz` answers 503 or not at all.
    ///
    /// ```
    /// # use actix_web::App;
    /// # use greenroom::prelude::*;
    /// # use greenroom::Serve;
    /// let io = Server::new();
    /// let health = io.clone();
    /// let serve = Serve::new(io).app(move || App::new().service(health.health_routes()));
    /// ```
    #[must_use]
    pub fn health_routes(&self) -> Vec<Resource> {
        let (alive, ready) = (self.clone(), self.clone());
        vec![
            resource("/healthz", move || {
                let server = alive.clone();
                async move { health::alive(&server).await }
            }),
            resource("/readyz", move || {
                let answer = health::ready(&ready);
                async move { answer }
            }),
        ]
    }

    /// `/metrics`, `/healthz` and `/readyz`, for an `HttpServer` that only operators reach.
    ///
    /// ```no_run
    /// # use actix_web::{App, HttpServer};
    /// # use greenroom::prelude::*;
    /// # fn example(io: Server) -> std::io::Result<()> {
    /// let operations = HttpServer::new(move || App::new().service(io.operations_routes()));
    /// actix_web::rt::spawn(operations.workers(1).bind(("127.0.0.1", 9000))?.run());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn operations_routes(&self) -> Vec<Resource> {
        let server = self.clone();
        let metrics = resource("/metrics", move || {
            let answer = match exposition::encode(&server) {
                Ok(text) => HttpResponse::Ok().content_type(exposition::CONTENT_TYPE).body(text),
                Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
            };
            async move { answer }
        });
        self.health_routes().into_iter().chain([metrics]).collect()
    }
}

/// Serves the operations routes, on one thread of their own: it answers while the workers are busy.
pub(crate) fn start(server: &Server, listeners: Vec<TcpListener>) -> io::Result<(HttpServing, ServerHandle)> {
    let server = server.clone();
    let mut http = HttpServer::new(move || App::new().service(server.operations_routes()));
    http = http.workers(1).disable_signals();
    for listener in listeners {
        http = http.listen(listener)?;
    }
    let running = http.run();
    let handle = running.handle();
    Ok((running, handle))
}

fn resource<F, Fut>(path: &str, answer: F) -> Resource
where
    F: Fn() -> Fut + Clone + 'static,
    Fut: Future<Output = HttpResponse> + 'static,
{
    let read = guard::Any(guard::Get()).or(guard::Head());
    web::resource(path).route(web::route().guard(read).to(answer))
}
