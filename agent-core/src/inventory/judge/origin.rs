//! From where the apps came: no store, another store, a signature that nobody vouches for.

use super::{about, counted, found, installer_in_words, name, one_per_app};
use crate::model::{
    AppOrigin, AppRecord, AppRules, AppSource, CheckId, CheckOutcome, Detection, Inventory, Judgement,
    KnownInstaller, Verdict,
};

/// Judges where the apps came from. `rules` say what counts as the organisation's.
///
/// An app whose origin is not told is inconclusive. Where no app tells it, the check has no result.
pub fn judge_origin(inventory: &Inventory, rules: &AppRules) -> CheckOutcome {
    const CHECK: CheckId = CheckId::AppOrigin;
    let origins: Vec<_> = inventory.apps.iter().map(|app| (app, app.origin(rules))).collect();
    let untold = origins.iter().filter(|(app, origin)| is_untold(app, *origin)).count();
    let told =
        origins.iter().filter(|(app, origin)| !is_untold(app, *origin) && *origin != AppOrigin::System);
    if untold > 0 && told.count() == 0 {
        return CheckOutcome::unknown(CHECK, why_untold(inventory));
    }

    let judgements = one_per_app(origins.iter().filter_map(|(app, origin)| judge(app, *origin)));
    let mut summary = match found(&judgements) {
        0 => format!("{}, none from outside the stores", counted(origins.len(), "app")),
        count => format!("{} of {} from outside the platform's store", count, counted(origins.len(), "app")),
    };
    if untold > 0 {
        summary += &format!("; {untold} do not tell where they came from");
    }
    CheckOutcome::judged(CHECK, summary, judgements)
}

fn judge(app: &AppRecord, origin: AppOrigin) -> Option<Judgement> {
    match origin {
        AppOrigin::System | AppOrigin::PlatformStore | AppOrigin::Trusted => None,
        AppOrigin::ThirdPartyStore => Some(of_another_store(app)),
        AppOrigin::Sideloaded if app.source == AppSource::AppleMdm => Some(signed_by_nobody_known(app)),
        AppOrigin::Sideloaded => Some(sideloaded(app)),
        AppOrigin::Unknown if is_untold(app, origin) => {
            let reason = format!("nothing tells where {} came from", name(app));
            Some(about(app, Detection::SideloadedApp, Verdict::Inconclusive, reason))
        }
        AppOrigin::Unknown => None,
    }
}

fn of_another_store(app: &AppRecord) -> Judgement {
    let store = installer_in_words(app.installer.as_deref().unwrap_or_default());
    let reason = format!("{} was installed by {store}, which is not the platform's store", name(app));
    about(app, Detection::ThirdPartyStore, Verdict::Confirmed, reason)
}

/// `IsValidated` false: iOS lets the app run only once somebody vouches for its signer. An ad hoc signature is for a list
/// of devices.
fn signed_by_nobody_known(app: &AppRecord) -> Judgement {
    let name = name(app);
    let (detection, reason) = if app.validated == Some(false) {
        let reason = format!(
            "{name} is signed by an enterprise or ad hoc and is not validated: it is not from the App Store, and \
             nobody on this device has vouched for its signer"
        );
        (Detection::UnvalidatedApp, reason)
    } else {
        let reason =
            format!("{name} has an ad hoc signature, which no store makes: somebody put it on this device");
        (Detection::SideloadedApp, reason)
    };
    let told = [
        ("is_validated", app.validated),
        ("ad_hoc_code_signed", app.ad_hoc_code_signed),
        ("app_store_vendable", app.app_store_vendable),
    ];
    let told = told.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let judgement = about(app, detection, Verdict::Confirmed, reason);
    told.fold(judgement, |judgement, (name, value)| judgement.with(name, value))
}

/// Android. An app of the system that was updated runs from where others do, and not every source tells the two apart.
fn sideloaded(app: &AppRecord) -> Judgement {
    let name = name(app);
    let installer = app.installer.as_deref().unwrap_or_default();
    let (verdict, reason) = match KnownInstaller::of(installer) {
        Some(known) => {
            (Verdict::Confirmed, format!("{name} came from no store: installed by {}", known.name))
        }
        None if !installer.is_empty() => (
            Verdict::Confirmed,
            format!(
                "{name} was installed by {installer}, which is neither a known store nor the organisation's"
            ),
        ),
        None if app.system.is_none() => (
            Verdict::Suspicious,
            format!(
                "{name} has no installer, as an app from a file has, or a part of the system that was updated"
            ),
        ),
        None => (
            Verdict::Confirmed,
            format!("{name} came from no store: it has no installer and is no part of the system"),
        ),
    };
    about(app, Detection::SideloadedApp, verdict, reason)
}

/// Whether what would tell the origin is missing. Apple tells nothing more of custom and in-house apps that are in order.
fn is_untold(app: &AppRecord, origin: AppOrigin) -> bool {
    let apple =
        [app.validated, app.ad_hoc_code_signed, app.app_store_vendable, app.beta_app, app.device_based_vpp];
    origin == AppOrigin::Unknown && (app.source != AppSource::AppleMdm || apple.iter().all(Option::is_none))
}

fn why_untold(inventory: &Inventory) -> String {
    let hidden = inventory.apps.iter().find_map(|app| app.source.hides_origin());
    hidden.unwrap_or("the list of apps does not tell where they came from").to_owned()
}
