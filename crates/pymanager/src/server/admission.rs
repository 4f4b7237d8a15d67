//! Places for connections that have not proven the key yet.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// A bounded waiting room. Nobody waits for a place: when all are taken, a
/// connection gives its own up to the next one, and the server never stops
/// accepting.
///
/// It is the oldest connection of the address that has most places. A
/// handshake takes milliseconds, and who keeps to it has left before its turn
/// comes; and whoever floods the server from one address pushes out but its
/// own connections.
#[derive(Debug)]
pub(crate) struct Admission {
    waiting: Mutex<Waiting>,
    places: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Numbers of connections, the oldest first, by where they come from.
    by_origin: HashMap<IpAddr, VecDeque<u64>>,
    origins: HashMap<u64, IpAddr>,
}

impl Admission {
    pub(crate) fn new(places: usize) -> Self {
        Admission {
            waiting: Mutex::default(),
            places: places.max(1),
        }
    }

    /// Gives the connection `id` a place; the connection that has lost its own
    /// to it is to be ended.
    pub(crate) fn enter(&self, id: u64, from: IpAddr) -> Option<u64> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let full = waiting.origins.len() >= self.places;
        let evicted = full.then(|| waiting.oldest_of_the_most()).flatten();
        if let Some(evicted) = evicted {
            waiting.remove(evicted);
        }
        let origin = origin(from);
        waiting.origins.insert(id, origin);
        waiting.by_origin.entry(origin).or_default().push_back(id);
        evicted
    }

    /// Gives the place of `id` back, if it still has one.
    pub(crate) fn leave(&self, id: u64) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.remove(id);
    }
}

impl Waiting {
    fn oldest_of_the_most(&self) -> Option<u64> {
        let most = self.by_origin.values().max_by_key(|line| line.len())?;
        most.front().copied()
    }

    fn remove(&mut self, id: u64) {
        let Some(origin) = self.origins.remove(&id) else {
            return;
        };
        if let Some(line) = self.by_origin.get_mut(&origin) {
            // The one that goes is near the front, as a rule.
            line.retain(|other| *other != id);
            if line.is_empty() {
                self.by_origin.remove(&origin);
            }
        }
    }
}

/// Where an address counts as coming from: one customer gets a whole network
/// of 64 bits of IPv6.
fn origin(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => mapped.into(),
            None => {
                let network = address.to_bits() & !u128::from(u64::MAX);
                std::net::Ipv6Addr::from_bits(network).into()
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_from_one_address_pushes_out_its_own_connections_alone() {
        let admission = Admission::new(4);
        let (flood, other) = ([1, 1, 1, 1].into(), [2, 2, 2, 2].into());
        assert_eq!(admission.enter(1, other), None);
        assert_eq!(admission.enter(2, flood), None);
        assert_eq!(admission.enter(3, flood), None);
        assert_eq!(admission.enter(4, flood), None);
        assert_eq!(admission.enter(5, flood), Some(2));
        assert_eq!(admission.enter(6, flood), Some(3));
        admission.leave(5);
        assert_eq!(admission.enter(7, other), None);
        // One place each is left to a flood from many addresses.
        assert_eq!(
            admission.enter(8, [3, 3, 3, 3].into()).map(|_| ()),
            Some(())
        );
    }

    #[test]
    fn a_network_of_ipv6_is_one_origin() {
        let (a, b): (IpAddr, IpAddr) = (
            "2001:db8::1".parse().unwrap(),
            "2001:db8::2:1".parse().unwrap(),
        );
        assert_eq!(origin(a), origin(b));
        assert_eq!(
            origin("::ffff:10.0.0.1".parse().unwrap()),
            IpAddr::from([10, 0, 0, 1])
        );
    }
}
