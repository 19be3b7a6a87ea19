//! The exposure of a Wi-Fi: what its own protection is worth. Never an attack, and never raised by one.

use super::Scene;
use crate::model::{CheckId, CheckOutcome, Exposure, Fact, NetworkSnapshot, Transport, WifiSecurity};
use crate::network::words::plain;

/// Weaknesses of the network, as the platform tells them.
pub(super) fn exposure(network: &NetworkSnapshot) -> Vec<Exposure> {
    if network.transport.value().is_some_and(|transport| *transport != Transport::Wifi) {
        return Vec::new();
    }
    let weakness = network.security.value().and_then(|security| match security {
        WifiSecurity::Open => Some(Exposure::Open),
        WifiSecurity::Wep => Some(Exposure::Wep),
        WifiSecurity::Wpa => Some(Exposure::Wpa),
        WifiSecurity::Owe
        | WifiSecurity::Wpa2
        | WifiSecurity::Wpa3
        | WifiSecurity::Personal
        | WifiSecurity::Enterprise => None,
    });
    weakness.into_iter().collect()
}

/// Tells how the Wi-Fi is protected.
pub(super) fn judge(scene: &Scene<'_>) -> CheckOutcome {
    let check = CheckId::WifiExposure;
    let network = &scene.seen.network;
    match (&network.security, network.transport.value()) {
        (_, Some(transport)) if *transport != Transport::Wifi => {
            CheckOutcome::clean(check, format!("this network is no Wi-Fi ({transport})"))
        }
        (Fact::Known { value: WifiSecurity::Open }, _) => CheckOutcome::clean(
            check,
            "this Wi-Fi is open: whoever is near hears what is not encrypted otherwise",
        ),
        (Fact::Known { value }, _) => {
            CheckOutcome::clean(check, format!("this Wi-Fi is protected by {value}"))
        }
        (Fact::NotPermitted { why }, _) => CheckOutcome::not_permitted(check, plain(why)),
        (Fact::NotAvailable { why }, _) => CheckOutcome::unknown(check, plain(why)),
    }
}
