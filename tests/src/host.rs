//! The two ways of hosting a server, for the fixture.

use std::error::Error;
use std::io;
use std::net::TcpListener;

use actix_web::rt::signal::unix::{SignalKind, signal};
use actix_web::{App, HttpServer};
use greenroom::Serve;
use greenroom::{Config, Server};

use crate::counters;

/// Where a fixture listens, on 127.0.0.1.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// Of the clients; 0 is any free one.
    pub clients: u16,
    /// Of `/metrics`, `/healthz` and `/readyz`; 0 is none.
    pub operations: u16,
}

/// Serves until SIGTERM, with an Engine.IO echo at `/engine.io/` beside it.
///
/// # Errors
/// An unknown mode, or an address that cannot be listened on.
pub fn run(io: Server, ports: Ports, mode: &str) -> Result<(), Box<dyn Error>> {
    let config = Config { path: "/engine.io".to_owned(), ..io.config().clone() };
    let echo = greenroom::testing::echo_server(config);
    actix_web::rt::System::new().block_on(async move {
        let counted = io.clone();
        counters::print_on_signal(io.clone())?;
        match mode {
            "serve" => serve(io, echo, ports).await?,
            "routes" => routes(io, echo, ports).await?,
            other => return Err(format!("MODE={other}: serve or routes").into()),
        }
        counters::print(&counted);
        Ok(())
    })
}

async fn serve(io: Server, echo: Server, ports: Ports) -> io::Result<()> {
    let gateway = io.clone();
    let app = move || App::new().service(echo.routes()).service(gateway.gateway("/rooms"));
    let mut serve = Serve::new(io).app(app).bind(("127.0.0.1", ports.clients))?;
    if ports.operations != 0 {
        serve = serve.operations(("127.0.0.1", ports.operations))?;
    }
    serve.addrs().iter().for_each(announce);
    serve.run().await
}

async fn routes(io: Server, echo: Server, ports: Ports) -> io::Result<()> {
    if ports.operations != 0 {
        let operations = io.clone();
        let http = HttpServer::new(move || App::new().service(operations.operations_routes()));
        let http = http.workers(1).disable_signals().bind(("127.0.0.1", ports.operations))?;
        actix_web::rt::spawn(http.run());
    }
    let listener = TcpListener::bind(("127.0.0.1", ports.clients))?;
    announce(&listener.local_addr()?);
    let workers = io.config().workers;
    let routes = io.clone();
    let app =
        move || App::new().service(routes.routes()).service(echo.routes()).service(routes.gateway("/rooms"));
    let server = HttpServer::new(app);
    let server = io.tune(server).workers(workers).disable_signals().listen(listener)?.run();
    let handle = server.handle();
    let mut terminated = signal(SignalKind::terminate())?;
    actix_web::rt::spawn(async move {
        terminated.recv().await;
        io.close().await;
        handle.stop(true).await;
    });
    server.await
}

#[expect(clippy::print_stdout, reason = "the line that tells a test where to connect")]
fn announce(addr: &std::net::SocketAddr) {
    println!("listening {addr}");
}
