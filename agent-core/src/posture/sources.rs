//! From where apps may be installed, and whether anything looks at them before.

use super::parts::Parts;
use super::signs::confirmed_if;
use super::words::{bounded, clipped};
use crate::model::{
    AppOrigin, AppRules, CheckId, CheckOutcome, Detection, DevicePosture, Judgement, KnownInstaller, Verdict,
};

/// What stands for every app: before Android 8 one setting allows all.
const ALL: &str = "*";

/// Judges the apps that may install others and are no store, and the verification of apps.
pub(super) fn judge(posture: &DevicePosture, rules: &AppRules) -> CheckOutcome {
    Parts::of(CheckId::AppSources)
        .fact("unknown sources", &posture.unknown_sources, &[Detection::UnknownSources], |apps| {
            let judgements = apps.iter().filter_map(|app| judge_one(app, rules)).collect();
            bounded(Detection::UnknownSources, judgements)
        })
        .fact("app verification", &posture.app_verification, &[Detection::AppVerificationOff], |on| {
            let reason = "apps are not looked at when they are installed";
            confirmed_if(!on, Detection::AppVerificationOff, reason)
        })
        .finish("apps come from stores only, and are looked at")
}

/// An app of the system is no excuse: a browser that came with the device installs what a page offers.
fn judge_one(app: &str, rules: &AppRules) -> Option<Judgement> {
    let judgement = Judgement::new(Detection::UnknownSources, Verdict::Confirmed);
    if app == ALL {
        return Some(judgement.because("apps may be installed from anywhere"));
    }
    let is_trusted = rules.trusted_installers.iter().any(|installer| installer.as_str() == app);
    if is_trusted || is_store(app) {
        return None;
    }
    Some(judgement.about(clipped(app)).because("it may install other apps, and is no store"))
}

fn is_store(app: &str) -> bool {
    let known = KnownInstaller::of(app);
    known.is_some_and(|it| matches!(it.origin, AppOrigin::PlatformStore | AppOrigin::ThirdPartyStore))
}
