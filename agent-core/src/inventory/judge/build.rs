//! How the apps are built, and what those from no store may do.

use super::permissions::Combination;
use super::{about, counted, found, is_debian, name, one_per_app};
use crate::model::{
    AppOrigin, AppRecord, AppRules, CheckId, CheckOutcome, Detection, Inventory, Judgement, Verdict,
};

/// Judges builds and permissions of the apps that are not of the system.
///
/// `minimum_target_sdk` is the lowest Android `targetSdkVersion` that is not very old. Where no app tells how it is built
/// or what it may do, the check has no result.
pub fn judge_build(inventory: &Inventory, rules: &AppRules, minimum_target_sdk: u32) -> CheckOutcome {
    const CHECK: CheckId = CheckId::AppBuild;
    if is_debian(inventory) {
        return CheckOutcome::clean(CHECK, "Debian's packages have neither a target version nor permissions");
    }
    if !inventory.apps.is_empty() && !inventory.apps.iter().any(tells_its_build) {
        return CheckOutcome::unknown(
            CHECK,
            "this list of apps tells neither how they are built nor what they may do",
        );
    }

    let apps = || inventory.apps.iter().filter(|app| app.system != Some(true));
    let debuggable = apps().filter_map(judge_debuggable);
    let old = apps().filter_map(|app| judge_target_sdk(app, minimum_target_sdk));
    let risky = apps().filter_map(|app| judge_permissions(app, rules));
    let judgements = one_per_app(debuggable.chain(old).chain(risky));
    let summary = match found(&judgements) {
        0 => format!("{} are built and permitted as they should be", counted(inventory.apps.len(), "app")),
        count => format!("{} of {}", counted(count, "remark"), counted(inventory.apps.len(), "app")),
    };
    CheckOutcome::judged(CHECK, summary, judgements)
}

fn tells_its_build(app: &AppRecord) -> bool {
    app.debuggable.is_some() || app.target_sdk.is_some() || !app.permissions.is_empty()
}

fn judge_debuggable(app: &AppRecord) -> Option<Judgement> {
    if app.debuggable != Some(true) {
        return None;
    }
    let reason = format!(
        "{} is a debug build: whoever connects a debugger reads its data and runs code in its name",
        name(app)
    );
    Some(about(app, Detection::DebuggableApp, Verdict::Confirmed, reason).with("debuggable", true))
}

fn judge_target_sdk(app: &AppRecord, minimum: u32) -> Option<Judgement> {
    let target = app.target_sdk.filter(|target| *target < minimum)?;
    let reason = format!(
        "{} is built for API level {target}, and Android spares it what protects users since; at least {minimum} is \
         wanted",
        name(app)
    );
    let judgement = about(app, Detection::OldTargetSdk, Verdict::Confirmed, reason);
    Some(judgement.with("target_sdk", target).with("minimum_target_sdk", minimum))
}

/// Stores look at what an app does with its permissions. Where nothing tells whether one did, nothing can be said.
fn judge_permissions(app: &AppRecord, rules: &AppRules) -> Option<Judgement> {
    let mut held = Combination::held_by(app);
    let worst = held.next()?;
    let verdict = match app.origin(rules) {
        AppOrigin::Sideloaded => Verdict::Confirmed,
        AppOrigin::Unknown => Verdict::Inconclusive,
        AppOrigin::System | AppOrigin::PlatformStore | AppOrigin::Trusted | AppOrigin::ThirdPartyStore => {
            return None;
        }
    };
    let reason = format!(
        "{} came from no store and can {}; together: {}",
        name(app),
        worst.in_words(),
        worst.use_of_it
    );
    let judgement = about(app, Detection::RiskyPermissions, verdict, reason)
        .with("permissions", worst.permissions_of(app));
    Some(held.fold(judgement, |it, more| it.with("also", format!("{}: {}", more.in_words(), more.use_of_it))))
}
