//! How many sessions each address has.
//!
//! Owns: one count per address that has a session. Keeps: a count is given back however its session
//! ends, and an address without sessions is forgotten, so there are no more entries than sessions.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The sessions of a server by address.
#[derive(Debug)]
pub(super) struct Addresses {
    /// 0: no limit, nothing is counted.
    most: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// Counts one session until it is dropped.
#[derive(Debug)]
pub(super) struct AddressPermit {
    addresses: Arc<Addresses>,
    address: IpAddr,
}

/// The address has as many sessions as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AddressFull;

impl Addresses {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, open: Mutex::default() })
    }

    /// Counts a session of this client, if it may have another one.
    pub(super) fn take(
        self: &Arc<Self>,
        client: Option<IpAddr>,
    ) -> Result<Option<AddressPermit>, AddressFull> {
        let Some(address) = client.map(household).filter(|_| self.most > 0) else { return Ok(None) };
        let mut open = self.open();
        let count = open.entry(address).or_insert(0);
        if *count >= self.most {
            return Err(AddressFull);
        }
        *count += 1;
        Ok(Some(AddressPermit { addresses: self.clone(), address }))
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for AddressPermit {
    fn drop(&mut self) {
        let mut open = self.addresses.open();
        match open.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) | None => drop(open.remove(&self.address)),
        }
    }
}

/// One household or machine: with IPv6 it has a network of 64 bits to choose addresses from.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(addresses: &Arc<Addresses>, client: &str) -> Result<Option<AddressPermit>, AddressFull> {
        addresses.take(Some(client.parse().unwrap()))
    }

    #[test]
    fn an_address_has_its_share_and_what_is_given_back_is_forgotten() {
        let addresses = Addresses::new(2);
        let permits = [take(&addresses, "10.0.0.1"), take(&addresses, "10.0.0.1")];
        assert_eq!(take(&addresses, "10.0.0.1").unwrap_err(), AddressFull);
        assert_eq!(take(&addresses, "::ffff:10.0.0.1").unwrap_err(), AddressFull, "the same in disguise");
        assert!(take(&addresses, "10.0.0.2").unwrap().is_some());
        let [first, _second] = permits;
        drop(first);
        assert!(take(&addresses, "10.0.0.1").is_ok());
        drop(_second);
        assert!(addresses.open().is_empty());
    }

    #[test]
    fn a_network_of_64_bits_is_one_address() {
        let addresses = Addresses::new(1);
        let _one = take(&addresses, "2001:db8:1:2::1").unwrap();
        assert_eq!(take(&addresses, "2001:db8:1:2:ffff::9").unwrap_err(), AddressFull);
        assert!(take(&addresses, "2001:db8:1:3::1").is_ok());
    }

    #[test]
    fn without_a_limit_or_an_address_nothing_is_counted() {
        assert!(take(&Addresses::new(0), "10.0.0.1").unwrap().is_none());
        assert!(Addresses::new(1).take(None).unwrap().is_none());
    }
}
