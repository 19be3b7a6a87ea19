//! The first hops of the way to a destination, by datagrams that live no longer.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Attempt;

/// The way to one destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathProbe {
    /// Where the datagrams were sent.
    pub destination: IpAddr,
    /// The hops, nearest first.
    pub hops: Vec<Hop>,
}

/// One hop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// The time to live of the datagram (IPv6: hop limit).
    pub ttl: u8,
    /// What happened, first attempt first. Only the last can be an answer.
    pub attempts: Vec<Attempt<HopAnswer>>,
}

/// The ICMP error that a datagram brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HopAnswer {
    /// Who sent it.
    pub from: IpAddr,
    /// ICMP type: 11 (IPv6: 3) for a datagram that lived no longer, 3 (IPv6: 1) for one that went no further.
    pub icmp_type: u8,
    /// ICMP code.
    pub icmp_code: u8,
}
