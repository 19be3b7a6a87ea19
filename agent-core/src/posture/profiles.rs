//! Configuration profiles that are not the organisation's.

use super::parts::Parts;
use super::words::{bounded, clipped, listed, with_signs};
use crate::model::{
    CheckId, CheckOutcome, ConfigurationProfile, Detection, DevicePosture, DeviceRules, Judgement, Verdict,
};

/// Payloads by which a profile can read along, redirect traffic, or take the device over (Apple device management,
/// *Profile-Specific Payload Keys*), and what each can do.
const RISKY: &[(&str, &str)] = &[
    ("com.apple.vpn.managed", "it sends traffic through a VPN"),
    ("com.apple.vpn.managed.applayer", "it sends the traffic of apps through a VPN"),
    ("com.apple.vpn.managed.alwayson", "it sends all traffic through a VPN"),
    ("com.apple.security.root", "it adds a root certificate"),
    ("com.apple.proxy.http.global", "it sends web traffic through a proxy"),
    ("com.apple.webcontent-filter", "it filters what is looked at"),
    ("com.apple.dnsSettings.managed", "it sets who answers DNS"),
    ("com.apple.dnsProxy.managed", "it sets an app that answers DNS"),
    ("com.apple.relay.managed", "it sends traffic through a relay"),
    ("com.apple.mdm", "it hands the device to a management server"),
];

/// Judges the profiles that neither the MDM manages nor the organisation declares: one with a risky payload is
/// confirmed, one that merely nobody signed is suspicious. Where the platform does not tell whether the MDM manages it,
/// it may be the MDM's.
pub(super) fn judge(posture: &DevicePosture, rules: &DeviceRules) -> CheckOutcome {
    Parts::of(CheckId::Profiles)
        .fact("profiles", &posture.profiles, &[Detection::RiskyProfile], |profiles| {
            let judgements = profiles.iter().filter_map(|profile| judge_one(profile, rules)).collect();
            bounded(Detection::RiskyProfile, judgements)
        })
        .finish("no profile that is not the organisation's and can do harm")
}

fn judge_one(profile: &ConfigurationProfile, rules: &DeviceRules) -> Option<Judgement> {
    if profile.managed == Some(true) || rules.profiles.contains(&profile.identifier) {
        return None;
    }
    let harm: Vec<String> = RISKY
        .iter()
        .filter(|(payload, _)| profile.payload_types.iter().any(|it| it == payload))
        .map(|(_, harm)| (*harm).to_owned())
        .collect();
    let unsigned = profile.signed == Some(false);
    let reason = match (harm.as_slice(), unsigned) {
        ([], false) => return None,
        ([], true) => "a profile that is not the organisation's, and that nobody signed".to_owned(),
        (harm, true) => {
            format!("a profile that is not the organisation's, and that nobody signed: {}", listed(harm))
        }
        (harm, false) => format!("a profile that is not the organisation's: {}", listed(harm)),
    };
    let verdict = match profile.managed {
        Some(_) if !harm.is_empty() => Verdict::Confirmed,
        _ => Verdict::Suspicious,
    };
    let judgement =
        Judgement::new(Detection::RiskyProfile, verdict).about(clipped(&profile.identifier)).because(reason);
    let judgement = with_signs(judgement, "payload", &profile.payload_types);
    let names = [("name", &profile.name), ("organization", &profile.organization)];
    Some(names.into_iter().fold(judgement, |judgement, (key, name)| match name {
        Some(name) => judgement.with(key, clipped(name)),
        None => judgement,
    }))
}
