//! The demo's organisation: what its administrator has set.

use std::net::SocketAddr;

use agent_core::model::{CheckId, Detection, PolicyOverride, ProbeEndpoint, RiskLevel, Severity, SpkiPin};

use super::apps;
use super::internet::Service;
use crate::connector::TenantSettings;

/// Why this machine's own posture is shown and not counted: the demo is to end alike on every machine.
const OWN_POSTURE: &str = "the demo is about the app and the network, whatever machine it runs on";

/// Sets everything but app sync, which stays off.
pub(super) fn set_up(
    settings: &mut TenantSettings,
    services: &[Service],
    services_ca: SpkiPin,
    captive_probe: SocketAddr,
) {
    let device = &mut settings.device;
    device.allowed_level = RiskLevel::Low;
    device.required_checks =
        vec![CheckId::Inventory, CheckId::AppIndicators, CheckId::Captive, CheckId::TlsChain];
    device.network.captive_probes = vec![format!("http://{captive_probe}/generate_204")];
    device.network.endpoints = services
        .iter()
        .map(|service| ProbeEndpoint {
            host: service.host.to_owned(),
            port: service.router.port(),
            address: Some(service.router.ip()),
            network: service.host.to_owned(),
            private_anchors: vec![services_ca],
        })
        .collect();
    device.indicators = vec![apps::indicator()];
    device.policy_overrides = Detection::ALL
        .iter()
        .filter(|detection| detection.check().as_str().starts_with("device."))
        .map(|detection| PolicyOverride {
            detection: *detection,
            severity: Some(Severity::None),
            ignore: false,
            reason: OWN_POSTURE.to_owned(),
        })
        .collect();
}
