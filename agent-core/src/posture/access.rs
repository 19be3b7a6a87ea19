//! Apps that may read and act for others: accessibility services, device administrators, the always-on VPN.

use super::Device;
use super::parts::Parts;
use super::words::{bounded, clipped};
use crate::model::{AppId, AppOrigin, CheckId, CheckOutcome, Detection, Fact, Judgement, Verdict};

/// Judges the apps that hold each of the three, by where they came from.
pub(super) fn judge(device: &Device<'_>) -> CheckOutcome {
    let posture = device.posture;
    let held = |parts: Parts, name, fact: &Fact<Vec<String>>, detection, what| {
        parts.fact(name, fact, &[detection], |apps| {
            let judge = |app: &String| judge_one(app, detection, what, device);
            bounded(detection, apps.iter().filter_map(judge).collect())
        })
    };
    let parts = Parts::of(CheckId::SpecialAccess);
    let parts = held(
        parts,
        "always-on VPN",
        &posture.always_on_vpn,
        Detection::AlwaysOnVpn,
        "all traffic goes through its VPN",
    );
    let parts = held(
        parts,
        "accessibility services",
        &posture.accessibility_services,
        Detection::AccessibilityGranted,
        "it reads the screen and acts for the user, as an accessibility service",
    );
    let parts = held(
        parts,
        "device administrators",
        &posture.device_admins,
        Detection::DeviceAdminGranted,
        "it is a device administrator",
    );
    parts.finish("no app from elsewhere than a store has special access")
}

/// An app of the system, of a store or of the organisation's may. Of the others one that is known to be from no store is
/// confirmed, and one that tells no origin, or hides, suspicious.
fn judge_one(app: &str, detection: Detection, what: &str, device: &Device<'_>) -> Option<Judgement> {
    if device.settings.device.special_access.iter().any(|allowed| allowed.as_str() == app) {
        return None;
    }
    let (verdict, whence) = match origin(app, device) {
        Origin::Of(
            AppOrigin::System | AppOrigin::PlatformStore | AppOrigin::Trusted | AppOrigin::ThirdPartyStore,
        ) => return None,
        Origin::Of(AppOrigin::Sideloaded) => (Verdict::Confirmed, "it came from no store"),
        Origin::Of(AppOrigin::Unknown) => (Verdict::Suspicious, "nothing tells where it came from"),
        Origin::NotListed => (Verdict::Suspicious, "it is not among the installed apps"),
        Origin::Untold => (Verdict::Inconclusive, "the apps are not told, so it may be from a store"),
    };
    Some(Judgement::new(detection, verdict).about(clipped(app)).because(format!("{what}, and {whence}")))
}

enum Origin {
    Of(AppOrigin),
    /// The list of apps is whole, and has no such app.
    NotListed,
    /// The list of apps is not whole, or there is none.
    Untold,
}

/// Where `app` came from: of several installations, as in a work profile, the worst counts.
fn origin(app: &str, device: &Device<'_>) -> Origin {
    let Some(inventory) = device.inventory else { return Origin::Untold };
    let is_it = |id: &AppId| id.as_str() == app;
    let records = inventory.apps.iter().filter(|record| record.id.as_ref().is_some_and(is_it));
    let origins = records.map(|record| record.origin(&device.settings.apps));
    let trust = |origin: &AppOrigin| match origin {
        AppOrigin::Sideloaded => 0,
        AppOrigin::Unknown => 1,
        AppOrigin::ThirdPartyStore => 2,
        AppOrigin::PlatformStore | AppOrigin::Trusted | AppOrigin::System => 3,
    };
    match origins.min_by_key(trust) {
        Some(origin) => Origin::Of(origin),
        None if inventory.incomplete.is_some() => Origin::Untold,
        None => Origin::NotListed,
    }
}
