//! The right answer to a canary's name: what the measurement follows up and the analysis judges by.
//!
//! Derived addresses lie in blocks set apart for benchmarks, so no rule about reserved addresses is applied to them.

use std::net::IpAddr;

use crate::canary::{CanarySettings, Nonce, address_v4, address_v6};
use crate::model::{Nat64Prefix, NetworkSettings};
use crate::network::limits::MAX_DNS_CANARIES;

/// The canaries whose zones are asked for, each with its zone.
pub(super) fn zones(settings: &NetworkSettings) -> impl Iterator<Item = (&CanarySettings, &str)> {
    let zones = settings.canaries.iter().filter_map(|canary| Some((canary, canary.zone.as_deref()?)));
    zones.take(MAX_DNS_CANARIES)
}

/// Whether `address` is the right answer for `nonce` in `zone`: derived, or the derived IPv4 address as a NAT64
/// shows it.
pub(super) fn is_right(address: IpAddr, nonce: &Nonce, zone: &str, prefixes: &[Nat64Prefix]) -> bool {
    let v4 = address_v4(nonce, zone);
    match address {
        IpAddr::V4(address) => address == v4,
        IpAddr::V6(address) => {
            let mut prefixes = prefixes.iter().chain([&Nat64Prefix::WELL_KNOWN]);
            address == address_v6(nonce, zone) || prefixes.any(|prefix| prefix.embed(v4) == address)
        }
    }
}
