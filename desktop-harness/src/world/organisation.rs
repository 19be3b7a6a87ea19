//! The organisation: what its administrator has set.

use std::net::{IpAddr, SocketAddr};

use agent_core::model::{
    CheckId, Detection, Indicator, IndicatorKind, PolicyOverride, ProbeEndpoint, RiskLevel, Severity,
    SpkiPin, ThreatCategory,
};

use super::internet::Service;
use crate::connector::TenantSettings;

/// The app that the organisation's threat intelligence names.
pub(crate) const TRACKER: &str = "com.example.trackview";

/// Why the device's own posture is shown and not counted: the story is to end alike on every machine.
const OWN_POSTURE: &str = "the demo is about the app and the network, whatever machine it runs on";

/// Sets everything but app sync, which stays off. `reach` is the address at which devices reach the router.
pub(super) fn set_up(
    settings: &mut TenantSettings,
    services: &[Service],
    reach: IpAddr,
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
            address: Some(reach),
            network: service.host.to_owned(),
            private_anchors: vec![services_ca],
        })
        .collect();
    device.indicators = vec![indicator()];
    device.policy_overrides = Detection::ALL
        .iter()
        .filter(|detection| detection.check().as_str().starts_with("device."))
        .map(|detection| PolicyOverride {
            detection: *detection,
            subject: None,
            grace_hours: None,
            expires: None,
            severity: Some(Severity::None),
            ignore: false,
            reason: OWN_POSTURE.to_owned(),
        })
        .collect();
}

fn indicator() -> Indicator {
    Indicator {
        kind: IndicatorKind::AppId,
        value: TRACKER.to_owned(),
        category: ThreatCategory::Stalkerware,
        family: "TrackView".to_owned(),
        source: "demo indicators".to_owned(),
    }
}
