//! How often one peer may ask: a token bucket each, in a table of fixed size.
//!
//! Peers that hash alike share a bucket, which costs memory for nobody; the hash is keyed at random, so that none can
//! choose whom to share with. An IPv6 peer is its /64.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::limits::PEER_SLOTS;

/// A limit on questions, per peer.
pub struct PeerLimit {
    /// When each bucket is full again: the generic cell rate algorithm, one moment a bucket.
    full_at: Mutex<Vec<Instant>>,
    hasher: RandomState,
    /// Time in which one token comes back.
    interval: Duration,
    /// Time in which an empty bucket fills.
    capacity: Duration,
}

impl PeerLimit {
    /// A limit of `burst` questions in a row, and `per_second` from then on.
    pub fn new(burst: u32, per_second: u32, now: Instant) -> Self {
        let interval = Duration::from_secs(1) / per_second.max(1);
        Self {
            full_at: Mutex::new(vec![now; PEER_SLOTS]),
            hasher: RandomState::new(),
            interval,
            capacity: interval * burst,
        }
    }

    /// Takes a token from the bucket of `peer`; false when it is empty.
    pub fn allow(&self, peer: IpAddr, now: Instant) -> bool {
        let slot = self.hasher.hash_one(prefix(peer)) % PEER_SLOTS as u64;
        let mut table = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(full_at) = usize::try_from(slot).ok().and_then(|slot| table.get_mut(slot)) else {
            return false;
        };
        let next = now.max(*full_at) + self.interval;
        if next > now + self.capacity {
            return false;
        }
        *full_at = next;
        true
    }
}

fn prefix(peer: IpAddr) -> u128 {
    match peer {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits() >> 64 << 64,
    }
}
