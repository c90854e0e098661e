//! Path and query of a request, and how a wrong one is refused.

use greenroom_tests::http::Request;
use greenroom_tests::{Endpoint, Failure, Polling, Session, Transport, WebSocket};
use serde_json::{Value, json};

use super::lives;
use crate::case::{Check, cases};
use crate::servers::{ALLOWED_ORIGIN, MOUNTS, Server};

cases! {
    both eio_1_01_a_request_without_the_version_is_refused,
    both eio_1_02_a_request_of_another_version_is_refused,
    both eio_1_03_a_request_without_the_transport_is_refused,
    both eio_1_04_an_unknown_transport_is_refused,
    both eio_1_05_a_transport_named_like_a_property_is_refused,
    polling eio_1_06_a_handshake_is_a_get,
    both eio_1_07_an_unknown_session_is_refused,
    websocket eio_1_08_the_websocket_transport_needs_an_upgrade_header,
    polling eio_1_09_a_session_on_websocket_takes_no_poll,
    both eio_1_10_the_version_cannot_change_within_a_session,
    polling eio_1_11_a_refusal_is_json,
    both eio_1_12_an_origin_that_is_not_allowed_is_refused,
    both eio_1_13_other_parameters_do_not_matter,
}

/// The six refusals, as they stand on the wire.
const REFUSALS: [(u16, &str); 6] = [
    (400, "Transport unknown"),
    (400, "Session ID unknown"),
    (400, "Bad handshake method"),
    (400, "Bad request"),
    (403, "Forbidden"),
    (400, "Unsupported protocol version"),
];

async fn eio_1_01_a_request_without_the_version_is_refused(transport: Transport) -> Check {
    for mount in MOUNTS {
        let at = Server::Steady.at(mount)?;
        is_refused(at, transport, &format!("transport={transport}"), 5).await?;
    }
    Ok(())
}

async fn eio_1_02_a_request_of_another_version_is_refused(transport: Transport) -> Check {
    for mount in MOUNTS {
        let at = Server::Steady.at(mount)?;
        for version in ["abc", "3", "5", "-4", "4.0", ""] {
            is_refused(at, transport, &format!("EIO={version}&transport={transport}"), 5).await?;
        }
    }
    Ok(())
}

async fn eio_1_03_a_request_without_the_transport_is_refused(transport: Transport) -> Check {
    for mount in MOUNTS {
        is_refused(Server::Steady.at(mount)?, transport, "EIO=4", 0).await?;
    }
    Ok(())
}

async fn eio_1_04_an_unknown_transport_is_refused(transport: Transport) -> Check {
    for mount in MOUNTS {
        let at = Server::Steady.at(mount)?;
        for name in ["abc", "Polling", "WEBSOCKET", "polling,websocket", "flashsocket", ""] {
            is_refused(at, transport, &format!("EIO=4&transport={name}"), 0).await?;
        }
    }
    Ok(())
}

async fn eio_1_05_a_transport_named_like_a_property_is_refused(transport: Transport) -> Check {
    let at = Server::Steady.engine()?;
    for name in ["__proto__", "constructor", "toString", "hasOwnProperty", "prototype"] {
        is_refused(at, transport, &format!("EIO=4&transport={name}"), 0).await?;
    }
    let mut session = Session::open(at, transport).await?;
    lives(at, &mut session).await
}

async fn eio_1_06_a_handshake_is_a_get() -> Check {
    for mount in MOUNTS {
        let at = Server::Steady.at(mount)?;
        for method in ["POST", "PUT"] {
            let request = Request::new(method, at.target(Transport::Polling, None));
            refuses(at, &request, 2).await?;
        }
    }
    Ok(())
}

async fn eio_1_07_an_unknown_session_is_refused(transport: Transport) -> Check {
    let at = Server::Steady.engine()?;
    for sid in ["unknown", "__proto__", "AAAAAAAAAAAAAAAAAAAA", "%00", "%E2%82%AC"] {
        let query = format!("EIO=4&transport={transport}&sid={sid}");
        is_refused(at, transport, &query, 1).await?;
        if transport == Transport::Polling {
            refuses(at, &Request::post(at.query(&query), "4hello"), 1).await?;
        }
    }
    Ok(())
}

async fn eio_1_08_the_websocket_transport_needs_an_upgrade_header() -> Check {
    let at = Server::Steady.engine()?;
    refuses(at, &Request::get(at.target(Transport::WebSocket, None)), 3).await?;
    let polling = Polling::open(at).await?;
    refuses(at, &Request::get(at.target(Transport::WebSocket, Some(polling.sid()))), 3).await
}

async fn eio_1_09_a_session_on_websocket_takes_no_poll() -> Check {
    let at = Server::Steady.engine()?;
    let mut session = Session::open(at, Transport::WebSocket).await?;
    let target = at.target(Transport::Polling, Some(session.sid()));
    refuses(at, &Request::get(target.as_str()), 3).await?;
    refuses(at, &Request::post(target, "4hello"), 3).await?;
    lives(at, &mut session).await
}

async fn eio_1_10_the_version_cannot_change_within_a_session(transport: Transport) -> Check {
    let at = Server::Steady.engine()?;
    let mut session = Session::open(at, Transport::Polling).await?;
    let query = format!("EIO=3&transport={transport}&sid={}", session.sid());
    is_refused(at, transport, &query, 3).await?;
    lives(at, &mut session).await
}

async fn eio_1_11_a_refusal_is_json() -> Check {
    let at = Server::Steady.engine()?;
    let requests = [
        Request::get(at.query("EIO=4")),
        Request::get(at.query("EIO=4&transport=polling&sid=unknown")),
        Request::post(at.query("EIO=4&transport=polling"), ""),
        Request::get(at.query("EIO=4&transport=websocket")),
        Request::get(at.query("EIO=3&transport=polling")),
    ];
    for (request, code) in requests.iter().zip([0, 1, 2, 3, 5]) {
        refuses(at, request, code).await?;
        let response = request.send(at.address).await?;
        let content_type = response.header("content-type").unwrap_or_default();
        assert!(content_type.starts_with("application/json"), "code {code}: {content_type:?}");
    }
    Ok(())
}

async fn eio_1_12_an_origin_that_is_not_allowed_is_refused(transport: Transport) -> Check {
    let at = Server::Guarded.engine()?;
    let query = format!("EIO=4&transport={transport}");
    for (origin, is_allowed) in [("http://refused.example", false), (ALLOWED_ORIGIN, true)] {
        let request = request(at, transport, &query).header("Origin", origin);
        match (is_allowed, transport) {
            (true, _) => {
                let status = request.send(at.address).await?.status;
                assert!(matches!(status, 101 | 200), "{origin}: {status}");
            }
            (false, Transport::Polling) => refuses(at, &request, 4).await?,
            (false, Transport::WebSocket) => {
                let status = request.send(at.address).await?.status;
                assert!(matches!(status, 400 | 403), "{origin}: {status}");
            }
        }
    }
    Ok(())
}

async fn eio_1_13_other_parameters_do_not_matter(transport: Transport) -> Check {
    let at = Server::Steady.engine()?;
    let query = format!("t=PYqHmzX&transport={transport}&x=%C3%A4&empty=&flag&EIO=4&b64=1");
    let response = request(at, transport, &query).send(at.address).await?;
    match transport {
        Transport::Polling => assert_eq!(response.status, 200),
        Transport::WebSocket => assert_eq!(response.status, 101),
    }
    Ok(())
}

fn request(at: Endpoint, transport: Transport, query: &str) -> Request {
    match transport {
        Transport::Polling => Request::get(at.query(query)),
        Transport::WebSocket => Request::upgrade(at.query(query)),
    }
}

/// A GET is refused with that code; a WebSocket is not opened.
async fn is_refused(at: Endpoint, transport: Transport, query: &str, code: usize) -> Check {
    let request = request(at, transport, query);
    match transport {
        Transport::Polling => refuses(at, &request, code).await,
        Transport::WebSocket => match request.send(at.address).await?.status {
            400 => Ok(()),
            101 => is_closed_at_once(at, query).await,
            status => Err(Failure::Unexpected(format!("{query}: status {status}"))),
        },
    }
}

/// The specification asks for no more than that the WebSocket is closed.
async fn is_closed_at_once(at: Endpoint, query: &str) -> Check {
    let mut socket = WebSocket::connect(at.address, &at.query(query)).await?;
    match socket.closes().await {
        Ok((packets, _)) => assert_eq!(packets, [], "{query}"),
        // The reference implementation says farewell in HTTP, which is no frame.
        Err(Failure::WebSocket(_)) => {}
        Err(failure) => return Err(failure),
    }
    Ok(())
}

async fn refuses(at: Endpoint, request: &Request, code: usize) -> Check {
    let response = request.send(at.address).await?;
    let (status, message) = REFUSALS.get(code).copied().unwrap_or_default();
    assert_eq!(response.status, status);
    let body: Value = serde_json::from_slice(&response.body).map_err(Failure::from)?;
    assert_eq!(body, json!({ "code": code, "message": message }));
    Ok(())
}
