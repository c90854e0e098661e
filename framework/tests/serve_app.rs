//! `Serve` beside a user's own `App`, and with TLS.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, web};
use greenroom::prelude::*;
use greenroom::{Config, Serve};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

fn server() -> Server {
    server_with(Config::default())
}

fn server_with(config: Config) -> Server {
    let config = Config { workers: 2, shutdown_timeout: Duration::from_millis(300), ..config };
    let io = Server::builder().config(config).build();
    io.of("/").on_connect(|socket: Socket| {
        socket.emit("hello", ());
    });
    io
}

/// Runs `serve`, and gives its address and a way to stop it.
fn start(serve: Serve) -> (SocketAddr, oneshot::Sender<()>, actix_rt::task::JoinHandle<std::io::Result<()>>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let serve = serve.bind(("127.0.0.1", 0)).unwrap().stop_on(async move { drop(stopped.await) });
    let addr = serve.addrs()[0];
    (addr, stop, actix_rt::spawn(serve.run()))
}

/// Sends `request`, and reads until the answer contains `wanted`.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, request: &[u8], wanted: &str) -> String {
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    let read = async {
        while !String::from_utf8_lossy(&answer).contains(wanted) {
            let mut chunk = [0; 4096];
            let count = stream.read(&mut chunk).await.unwrap();
            assert!(count > 0, "no {wanted} in {:?}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&chunk[..count]);
        }
    };
    tokio::time::timeout(Duration::from_secs(10), read).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn upgrade_request(path: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .into_bytes()
}

/// `40` of Socket.IO in a masked frame; a mask of zeros leaves it readable.
const CONNECT: &[u8] = b"\x81\x82\0\0\0\x0040";

/// A WebSocket of the user's own, reduced to what a listener sees of it: bytes both ways.
async fn shout(req: HttpRequest, body: web::Payload) -> actix_web::Result<HttpResponse> {
    use futures_util::StreamExt as _;
    let shouted = body.map(|chunk| chunk.map(|chunk| bytes::Bytes::from(chunk.to_ascii_uppercase())));
    Ok(actix_web_actors::ws::handshake(&req)?.streaming(shouted))
}

#[actix_web::test]
async fn a_page_and_a_websocket_of_the_users_live_beside_the_engine() {
    let app = || {
        App::new()
            .route("/", web::get().to(|| async { "the page" }))
            .route("/shout", web::get().to(shout))
            .default_service(web::to(|| async { "anything" }))
    };
    let (addr, stop, ended) = start(Serve::new(server()).app(app));

    let mut page = TcpStream::connect(addr).await.unwrap();
    talk(&mut page, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "the page").await;

    let mut own = TcpStream::connect(addr).await.unwrap();
    let answer = talk(&mut own, &upgrade_request("/shout"), "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    talk(&mut own, b"hello", "HELLO").await;
    talk(&mut own, b"again", "AGAIN").await;

    let mut engine = TcpStream::connect(addr).await.unwrap();
    let answer =
        talk(&mut engine, &upgrade_request("/socket.io/?EIO=4&transport=websocket"), "maxPayload").await;
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    talk(&mut engine, CONNECT, r#"42["hello"]"#).await;

    drop((page, own, engine, stop));
    ended.await.unwrap().unwrap();
}

#[actix_web::test]
async fn a_connection_whose_upgrade_the_app_panics_on_ends() {
    let app = || App::new().route("/shout", web::get().to(panic));
    let (addr, stop, ended) = start(Serve::new(server()).app(app));
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(&upgrade_request("/shout")).await.unwrap();
    let mut rest = Vec::new();
    // A reset is an end as well.
    let end = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
    assert!(end.is_ok() && rest.is_empty(), "{rest:?}");
    drop((stream, stop));
    ended.await.unwrap().unwrap();
}

async fn panic() -> HttpResponse {
    std::future::ready(()).await;
    panic!("as a bug in a user's handler would")
}

#[actix_web::test]
async fn an_upgrade_that_the_app_refuses_gets_its_answer() {
    let (addr, stop, ended) = start(Serve::new(server()));
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let answer = talk(&mut stream, &upgrade_request("/nowhere"), "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    drop((stream, stop));
    ended.await.unwrap().unwrap();
}

#[cfg(feature = "rustls")]
#[actix_web::test]
async fn both_transports_work_over_tls() {
    let (server_config, client) = tls();
    let (addr, stop, ended) = start(Serve::new(server()).rustls(server_config));
    let connect = || async {
        let stream = TcpStream::connect(addr).await.unwrap();
        client.connect("localhost".try_into().unwrap(), stream).await.unwrap()
    };

    let mut polling = connect().await;
    let request = b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\n\r\n";
    talk(&mut polling, request, r#""upgrades":["websocket"]"#).await;

    let mut websocket = connect().await;
    talk(&mut websocket, &upgrade_request("/socket.io/?EIO=4&transport=websocket"), "maxPayload").await;
    talk(&mut websocket, CONNECT, r#"42["hello"]"#).await;

    drop((polling, websocket, stop));
    ended.await.unwrap().unwrap();
}

/// What ends a connection between two requests must not end a WebSocket that is quiet for as long.
#[cfg(feature = "rustls")]
#[actix_web::test]
async fn a_second_request_that_trickles_in_over_tls_is_cut_off_and_a_quiet_websocket_is_not() {
    let brief = Duration::from_millis(200);
    let config = Config {
        request_timeout: Duration::from_secs(1),
        keep_alive: brief,
        ping_interval: Duration::from_secs(2),
        ..Config::default()
    };
    let (server_config, client) = tls();
    let (addr, stop, ended) = start(Serve::new(server_with(config)).rustls(server_config));
    let connect = || async {
        let stream = TcpStream::connect(addr).await.unwrap();
        client.connect("localhost".try_into().unwrap(), stream).await.unwrap()
    };

    let mut websocket = connect().await;
    talk(&mut websocket, &upgrade_request("/socket.io/?EIO=4&transport=websocket"), "maxPayload").await;
    talk(&mut websocket, CONNECT, r#"42["hello"]"#).await;

    let (mut reader, mut writer) = tokio::io::split(connect().await);
    writer.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET /again HTTP/1.1\r\nX: ").await.unwrap();
    let trickle = async {
        let mut pace = tokio::time::interval(brief / 5);
        while writer.write_all(b"x").await.is_ok() {
            pace.tick().await;
        }
        // The reader sees the end.
        std::future::pending::<()>().await;
    };
    let mut answer = Vec::new();
    tokio::select! {
        // A reset is an end as well.
        _ = reader.read_to_end(&mut answer) => {}
        () = trickle => {}
        () = tokio::time::sleep(Duration::from_secs(10)) => panic!("half a second head is kept"),
    }
    assert!(String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 404"), "{answer:?}");
    // The first ping comes when both times are over.
    talk(&mut websocket, b"", "\u{1}2").await;

    drop((websocket, stop));
    ended.await.unwrap().unwrap();
}

#[cfg(feature = "rustls")]
fn tls() -> (rustls::ServerConfig, tokio_rustls::TlsConnector) {
    use std::sync::Arc;

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let server = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (server, tokio_rustls::TlsConnector::from(Arc::new(client)))
}
