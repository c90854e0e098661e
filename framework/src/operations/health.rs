//! Alive and ready.

use std::time::Duration;

use actix_http::StatusCode;
use actix_web::HttpResponse;
use actix_web::http::header;
use tokio::sync::oneshot;

use crate::server::Server;

/// Whether every worker takes a message in time.
pub(super) async fn alive(server: &Server) -> HttpResponse {
    let runtime = server.engine.runtime();
    let deadline = runtime.clock.now() + PATIENCE;
    for (worker, _) in runtime.workers.all() {
        let (reply, answer) = oneshot::channel::<()>();
        // A thread that has ended, of a server that was stopped, drops the question at once.
        worker.arbiter.spawn_fn(move || drop(reply));
        tokio::select! {
            _ = answer => {}
            () = runtime.clock.sleep_until(deadline) => {
                tracing::error!(worker = worker.id.0, "a worker takes no messages");
                return text(StatusCode::SERVICE_UNAVAILABLE, &format!("worker {} takes no messages", worker.id.0));
            }
        }
    }
    text(StatusCode::OK, "alive")
}

/// Whether new clients are welcome.
pub(super) fn ready(server: &Server) -> HttpResponse {
    let engine = &server.engine;
    if engine.is_leaving() {
        text(StatusCode::SERVICE_UNAVAILABLE, "draining")
    } else if engine.is_listening() {
        text(StatusCode::OK, "ready")
    } else {
        text(StatusCode::SERVICE_UNAVAILABLE, "starting")
    }
}

fn text(status: StatusCode, body: &str) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("text/plain; charset=utf-8")
        .body(format!("{body}\n"))
}

/// Far longer than any turn of a worker, and as long as orchestrators wait for an answer.
const PATIENCE: Duration = Duration::from_secs(1);
