//! Why a socket was disconnected, in the words of Socket.IO.
//!
//! *Spec*: Socket.IO documentation › Server › Socket instance › `disconnect`. The strings are those
//! of the reference server, since dashboards and handlers compare them.

use std::fmt;

/// Why a socket was disconnected. Not an error: a value that the `disconnect` handlers get.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum DisconnectReason {
    /// The client left the namespace: `socket.disconnect()` in the browser.
    ClientNamespaceDisconnect,
    /// The server took the socket out of the namespace, by `disconnect` or by a room.
    ServerNamespaceDisconnect,
    /// The server is shutting down.
    ServerShuttingDown,
    /// The client joined no namespace in time, or sent a packet that its state does not allow.
    ForcedServerClose,
    /// The session was closed on purpose: by `disconnect(true)`, as a slow client, or because a
    /// packet could not be decoded.
    ForcedClose,
    /// The client did not answer a ping in time.
    PingTimeout,
    /// The transport was closed: a lost network, a closed tab.
    TransportClose,
    /// The transport failed.
    TransportError,
    /// The client sent something that the transport cannot parse.
    ParseError,
}

/// Who brought a disconnect about.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Initiator {
    /// The client, by a packet of its own.
    Client,
    /// The server.
    Server,
    /// Neither on purpose: the way between them failed.
    Transport,
}

impl DisconnectReason {
    /// All reasons.
    pub const ALL: [Self; 9] = [
        Self::ClientNamespaceDisconnect,
        Self::ServerNamespaceDisconnect,
        Self::ServerShuttingDown,
        Self::ForcedServerClose,
        Self::ForcedClose,
        Self::PingTimeout,
        Self::TransportClose,
        Self::TransportError,
        Self::ParseError,
    ];

    /// The string that the reference server gives to `disconnect` handlers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientNamespaceDisconnect => "client namespace disconnect",
            Self::ServerNamespaceDisconnect => "server namespace disconnect",
            Self::ServerShuttingDown => "server shutting down",
            Self::ForcedServerClose => "forced server close",
            Self::ForcedClose => "forced close",
            Self::PingTimeout => "ping timeout",
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::ParseError => "parse error",
        }
    }

    /// Who brought it about.
    #[must_use]
    pub const fn initiator(self) -> Initiator {
        match self {
            Self::ClientNamespaceDisconnect => Initiator::Client,
            Self::ServerNamespaceDisconnect
            | Self::ServerShuttingDown
            | Self::ForcedServerClose
            | Self::ForcedClose
            | Self::ParseError => Initiator::Server,
            Self::PingTimeout | Self::TransportClose | Self::TransportError => Initiator::Transport,
        }
    }

    /// Whether connection state recovery may restore the socket afterwards: not after a farewell of
    /// either side, and not for a client that breaks the protocol.
    #[must_use]
    pub const fn is_recoverable(self) -> bool {
        match self {
            Self::ClientNamespaceDisconnect | Self::ServerNamespaceDisconnect | Self::ParseError => false,
            Self::ServerShuttingDown
            | Self::ForcedServerClose
            | Self::ForcedClose
            | Self::PingTimeout
            | Self::TransportClose
            | Self::TransportError => true,
        }
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_the_strings_and_the_recovery_of_the_reference_server() {
        let table = [
            ("client namespace disconnect", Initiator::Client, false),
            ("server namespace disconnect", Initiator::Server, false),
            ("server shutting down", Initiator::Server, true),
            ("forced server close", Initiator::Server, true),
            ("forced close", Initiator::Server, true),
            ("ping timeout", Initiator::Transport, true),
            ("transport close", Initiator::Transport, true),
            ("transport error", Initiator::Transport, true),
            ("parse error", Initiator::Server, false),
        ];
        let reasons = DisconnectReason::ALL
            .map(|reason| (reason.as_str(), reason.initiator(), reason.is_recoverable()));
        assert_eq!(reasons, table);
        assert_eq!(DisconnectReason::PingTimeout.to_string(), "ping timeout");
    }
}
