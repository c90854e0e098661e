//! Which address a client has, behind proxies that are trusted and others.
//!
//! Keeps: nobody is believed about an address but a proxy from a configured network.

use std::net::IpAddr;

/// Networks whose proxies are believed.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrustedProxies(Vec<Network>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u32,
}

impl TrustedProxies {
    /// Reads addresses and networks; what is neither is reported and trusts nobody.
    pub(crate) fn parse(entries: &[String]) -> Self {
        let parse = |entry: &String| {
            let network = Network::parse(entry);
            if network.is_none() {
                tracing::error!(%entry, "`trusted_proxies`: neither an address nor a network; nobody is trusted by it");
            }
            network
        };
        Self(entries.iter().filter_map(parse).collect())
    }

    /// Whether this peer is a trusted proxy.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// The client's address: the peer's, or the last one in the chain that no trusted proxy has.
    ///
    /// Only the header that the configuration names is given: a proxy that sets one of them often lets
    /// the other pass as the client wrote it.
    pub(crate) fn client(
        &self,
        peer: IpAddr,
        forwarded: Option<&str>,
        x_forwarded_for: Option<&str>,
    ) -> IpAddr {
        if !self.contains(peer) {
            return peer;
        }
        let chain: Vec<&str> = match (forwarded, x_forwarded_for) {
            (Some(forwarded), _) => {
                // An element that names nobody ends the chain, too.
                forwarded.split(',').map(|element| for_parameter(element).unwrap_or_default()).collect()
            }
            (None, Some(list)) => list.split(',').map(str::trim).collect(),
            (None, None) => Vec::new(),
        };
        let mut client = peer;
        for name in chain.into_iter().rev() {
            // An obfuscated name, or rubbish: what stands further left was not checked by anyone.
            let Some(address) = parse_node(name) else { break };
            client = address;
            if !self.contains(address) {
                break;
            }
        }
        client
    }
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().ok()?;
        let bits = bits(address);
        let prefix = prefix.map_or(Some(bits), |prefix| prefix.trim().parse().ok())?;
        (prefix <= bits).then_some(Self { address, prefix })
    }

    fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                same_prefix(u32::from(network).into(), u32::from(address).into(), 32 - self.prefix)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                same_prefix(network.into(), address.into(), 128 - self.prefix)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

fn bits(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn same_prefix(one: u128, other: u128, ignored_bits: u32) -> bool {
    (one ^ other).checked_shr(ignored_bits).unwrap_or(0) == 0
}

/// The `for` parameter of one element of a `Forwarded` header.
fn for_parameter(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value.trim())
    })
}

/// An address as proxies write it: with quotes, brackets or a port.
fn parse_node(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    if let Some((address, _)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        return address.parse().ok();
    }
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    text.split_once(':').and_then(|(address, _)| address.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: Option<&str>, list: Option<&str>) -> String {
        let trusted = ["10.0.0.0/8", "fd00::/8", "192.0.2.7", "rubbish", "1.2.3.4/40"].map(str::to_owned);
        let peer = peer.parse().unwrap();
        TrustedProxies::parse(&trusted).client(peer, forwarded, list).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(client("203.0.113.1", None, Some("8.8.8.8")), "203.0.113.1");
        assert_eq!(client("203.0.113.1", Some("for=8.8.8.8"), None), "203.0.113.1");
    }

    #[test]
    fn the_chain_is_followed_from_the_right_through_trusted_proxies() {
        let table = [
            (None, Some("198.51.100.1"), "198.51.100.1"),
            (None, Some("8.8.8.8, 198.51.100.1, 10.1.1.1"), "198.51.100.1"),
            (None, Some("10.2.2.2, 10.1.1.1"), "10.2.2.2"),
            (None, Some("8.8.8.8, unknown, 10.1.1.1"), "10.1.1.1"),
            (None, Some("198.51.100.1:4711"), "198.51.100.1"),
            (Some(r#"for="[2001:db8::1]:4711";proto=https, for=10.1.1.1"#), None, "2001:db8::1"),
            (Some("For=198.51.100.2"), Some("8.8.8.8"), "198.51.100.2"),
            (None, None, "10.0.0.1"),
        ];
        for (forwarded, list, expected) in table {
            assert_eq!(client("10.0.0.1", forwarded, list), expected, "{forwarded:?} {list:?}");
        }
    }

    #[test]
    fn networks_of_both_families_are_understood() {
        assert_eq!(client("fd12::1", None, Some("8.8.8.8")), "8.8.8.8");
        assert_eq!(client("::ffff:10.0.0.1", None, Some("8.8.8.8")), "8.8.8.8");
        assert_eq!(client("192.0.2.7", None, Some("8.8.8.8")), "8.8.8.8");
        assert_eq!(client("192.0.2.8", None, Some("8.8.8.8")), "192.0.2.8");
    }
}
