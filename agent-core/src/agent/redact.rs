//! Findings and posture as they may leave the device: an app that is not shared is not named in a finding either, and no
//! app, profile or certificate in the posture.

use crate::inventory::may_share;
use crate::model::{
    AppRecord, AppSource, Detection, DevicePosture, Evidence, Fact, Finding, Inventory, Settings, Trace,
};

/// Evidence about an app that does not tell which app it is. A family is often the name of a product.
const ANONYMOUS_EVIDENCE: [&str; 2] = ["category", "source"];

/// `findings` with everything that would name an app withheld by the consent filter taken out, and without their traces.
pub(super) fn shareable_findings(
    findings: &[&Finding],
    inventory: &Inventory,
    settings: &Settings,
) -> Vec<Finding> {
    let mut withheld = 0;
    let mut share = |finding: &Finding| {
        let is_of_the_device = finding.judgement.subject.is_empty()
            && finding.judgement.detection.as_str().starts_with("device.");
        if is_of_the_device
            || !finding.judgement.detection.is_about_an_app()
            || is_named_by_the_organisation(finding)
            || may_name(&finding.judgement.subject, inventory, settings)
        {
            return without_trace(finding);
        }
        withheld += 1;
        anonymous(finding, withheld)
    };
    findings.iter().map(|finding| share(finding)).collect()
}

/// An app that is missing is named by the rule that requires it, and by nothing on the device.
fn is_named_by_the_organisation(finding: &Finding) -> bool {
    finding.judgement.detection == Detection::RequiredAppMissing
}

/// Whether every app of this name is one that the user's consent covers. An app that is gone can no longer be
/// told managed, so it is named only where all apps are shared.
fn may_name(subject: &str, inventory: &Inventory, settings: &Settings) -> bool {
    let allowed = |app: &AppRecord| may_share(app, settings.ownership, settings.app_sync);
    let mut named = inventory.apps.iter().filter(|app| is_called(app, subject)).peekable();
    match named.peek() {
        Some(_) => named.all(allowed),
        None => allowed(&AppRecord::from_source(AppSource::AppleMdm)),
    }
}

fn is_called(app: &AppRecord, subject: &str) -> bool {
    app.id.as_ref().is_some_and(|id| id.as_str() == subject) || (app.id.is_none() && app.label() == subject)
}

/// `posture` without the lists that name apps, profiles and certificates: the findings name those that matter.
pub(super) fn shareable_posture(posture: &DevicePosture) -> DevicePosture {
    let mut shared = posture.clone();
    keep_back(&mut shared.unknown_sources);
    keep_back(&mut shared.always_on_vpn);
    keep_back(&mut shared.accessibility_services);
    keep_back(&mut shared.device_admins);
    keep_back(&mut shared.profiles);
    keep_back(&mut shared.added_roots);
    shared
}

/// Why there is no list says nothing of what would be on it.
fn keep_back<T>(list: &mut Fact<Vec<T>>) {
    if list.value().is_some() {
        *list = Fact::not_available("it stays on the device; findings name what matters");
    }
}

fn without_trace(finding: &Finding) -> Finding {
    Finding { trace: Trace::default(), ..finding.clone() }
}

fn anonymous(finding: &Finding, number: usize) -> Finding {
    let mut finding = without_trace(finding);
    let judgement = &mut finding.judgement;
    judgement.subject = format!("withheld app {number}");
    judgement.reason = "the app is not shared; its user sees the details on the device".to_owned();
    judgement.evidence.retain(|Evidence { name, .. }| ANONYMOUS_EVIDENCE.contains(&name.as_str()));
    finding
}
