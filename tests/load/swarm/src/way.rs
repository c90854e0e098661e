//! The ways to end.

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// Socket.IO DISCONNECT, WebSocket close, then the server's close.
    Clean,
    /// TCP FIN without a word.
    Fin,
    /// TCP RST.
    Rst,
    /// Stops reading; the socket stays open.
    HalfOpen,
    /// Left open until the process ends.
    Exit,
    /// Somewhere between the TCP handshake and the answer to CONNECT.
    MidConnect,
    /// While joins and leaves are on their way, or in the middle of a frame.
    MidJoin,
    /// Somewhere between the upgrade request and the packet that completes the upgrade.
    MidUpgrade,
    /// A polling session: in its handshake, with a GET pending, or in the middle of a POST.
    PollingAbort,
}

impl Way {
    /// All ways.
    pub(crate) const ALL: [Self; 9] = [
        Self::Clean,
        Self::Fin,
        Self::Rst,
        Self::HalfOpen,
        Self::Exit,
        Self::MidConnect,
        Self::MidJoin,
        Self::MidUpgrade,
        Self::PollingAbort,
    ];

    /// The name in the arguments and in the output.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Fin => "fin",
            Self::Rst => "rst",
            Self::HalfOpen => "halfopen",
            Self::Exit => "exit",
            Self::MidConnect => "midconnect",
            Self::MidJoin => "midjoin",
            Self::MidUpgrade => "midupgrade",
            Self::PollingAbort => "polling-abort",
        }
    }

    /// The way of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name() == name)
    }

    /// All names, for messages.
    pub(crate) fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::Way;

    #[test]
    fn every_way_is_found_by_its_own_name_only() {
        for way in Way::ALL {
            assert_eq!(Way::named(way.name()), Some(way));
        }
        assert_eq!(Way::named("politely"), None);
    }
}
