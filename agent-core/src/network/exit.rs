//! Where a network's traffic comes out, as a canary saw it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::observation::{Observations, Outcome, Target, TlsExchange, answer};
use super::response::Response;
use crate::canary::{CanarySettings, REPLY_HEADER, TlsReply, verify};
use crate::model::NetworkSettings;

/// The network that this device's connections come from, by the first canary that signed what it saw: `203.0.113.0/24`
/// or `2001:db8:1::/48`, because a carrier's translators take turns within one.
pub fn exit(settings: &NetworkSettings, seen: &Observations) -> Option<String> {
    seen.canaries.iter().find_map(|probe| {
        let canary = settings.canaries.iter().find(|canary| Target::from(*canary) == probe.target)?;
        let (exchange, _) = answer(&probe.tls)?;
        Some(around(peer(canary, exchange)?))
    })
}

/// The address that `canary` saw, if it signed it for this very exchange.
fn peer(canary: &CanarySettings, exchange: &TlsExchange) -> Option<IpAddr> {
    let Outcome::Answered(response) = &exchange.response else { return None };
    let response = Response::parse(response.as_bytes())?;
    let token = response.field(REPLY_HEADER)?;
    let reply = verify::<TlsReply>(token, (), &exchange.question.nonce, &canary.keys).ok()?;
    Some(reply.peer)
}

fn around(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{}/24", Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_network_are_one_exit() {
        let around = |text: &str| around(text.parse().unwrap());
        assert_eq!(around("203.0.113.7"), "203.0.113.0/24");
        assert_eq!(around("::ffff:203.0.113.9"), "203.0.113.0/24");
        assert_eq!(around("2001:db8:1:2::3"), "2001:db8:1::/48");
    }
}
