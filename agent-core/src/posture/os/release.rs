//! Whether the version is still supported, the latest of its cycle, and as new as the organisation asks.

use super::patch::today;
use super::system::{Place, System};
use crate::model::{
    Date, Detection, EndOfLife, Judgement, MinimumOs, OsFamily, OsRelease, OsVersion, Verdict,
};
use crate::posture::Device;
use crate::posture::parts::{Gap, Parts};

/// Judges end of life, latest version and minimum version.
pub(super) fn judge(device: &Device<'_>, system: &System<'_>, parts: &mut Parts) {
    match &system.place {
        Ok(place) => {
            parts.known(Vec::new());
            end_of_life(device, system, *place, parts);
            outdated(system, *place, parts);
        }
        Err(gap) => {
            parts.miss("support and latest version", gap, &[Detection::OsEndOfLife, Detection::OsOutdated]);
        }
    }
    minimum(&device.settings.device.minimum_os, system, parts);
}

/// A cycle ends with its last day. What the maker of an Android device patched after that day is no longer the word of
/// Google's bulletins, and may still close every hole: suspicious.
fn end_of_life(device: &Device<'_>, system: &System<'_>, place: Place<'_>, parts: &mut Parts) {
    let (reason, ended) = match place {
        Place::Newer => return,
        Place::Older(oldest) => {
            (format!("it is older than {}, the oldest version that is still known", oldest.cycle), None)
        }
        Place::Of(OsRelease { end_of_life: EndOfLife::Supported, .. }) => return,
        Place::Of(release @ OsRelease { end_of_life: EndOfLife::Ended, .. }) => {
            (format!("{} gets no more security updates", release.cycle), None)
        }
        Place::Of(release @ OsRelease { end_of_life: EndOfLife::On(end), .. }) => match today(device.now) {
            Err(gap) => return parts.undecided("end of support", gap.why(), &[Detection::OsEndOfLife]),
            Ok(today) if today <= *end => return,
            Ok(_) => (format!("{} gets no more security updates since {end}", release.cycle), Some(*end)),
        },
    };
    let patched_since = ended.and_then(|end| patched_since(device, system, end));
    let (verdict, reason) = match patched_since {
        Some(patch) => (
            Verdict::Suspicious,
            format!("{reason}; the maker of the device still patches it, last on {patch}"),
        ),
        None => (Verdict::Confirmed, reason),
    };
    let mut judgement =
        Judgement::new(Detection::OsEndOfLife, verdict).because(reason).with("os", &system.name);
    if let Some(end) = ended {
        judgement = judgement.with("end_of_life", end);
    }
    parts.judge(vec![judgement]);
}

fn patched_since(device: &Device<'_>, system: &System<'_>, end: Date) -> Option<Date> {
    let patch = device.posture.security_patch.value().copied()?;
    (system.family == Some(OsFamily::Android) && patch > end).then_some(patch)
}

/// A version is behind where its own cycle has a later one. That there are later cycles says nothing: not every device can
/// take them. Android has no latest version of a cycle, but the date of the patch.
fn outdated(system: &System<'_>, place: Place<'_>, parts: &mut Parts) {
    let Place::Of(release) = place else { return };
    let (Some(latest), Ok(version)) = (&release.latest, &system.version) else { return };
    if version >= latest {
        return;
    }
    if system.family == Some(OsFamily::Debian) && *version == release.cycle {
        let why = "the device tells its release, and not the point release";
        return parts.undecided("latest version", why, &[Detection::OsOutdated]);
    }
    let of = release.latest_released.map_or_else(String::new, |day| format!(", of {day}"));
    parts.judge(vec![
        Judgement::new(Detection::OsOutdated, Verdict::Confirmed)
            .because(format!("{version} is older than {latest}{of}"))
            .with("os", &system.name)
            .with("latest", latest),
    ]);
}

fn minimum(rules: &[MinimumOs], system: &System<'_>, parts: &mut Parts) {
    let Some(family) = system.family else { return };
    let of_family = rules.iter().filter(|rule| rule.os == family).map(|rule| &rule.version);
    let Some(minimum) = of_family.max() else { return };
    match &system.version {
        Ok(version) if version >= minimum => {}
        Ok(version) => parts.judge(vec![below(version, minimum, system)]),
        Err(Gap::NotPermitted(why) | Gap::NotAvailable(why)) => {
            parts.undecided("minimum version", why, &[Detection::OsBelowMinimum]);
        }
    }
}

fn below(version: &OsVersion, minimum: &OsVersion, system: &System<'_>) -> Judgement {
    Judgement::new(Detection::OsBelowMinimum, Verdict::Confirmed)
        .because(format!("{version} is older than {minimum}, which the organisation asks for"))
        .with("os", &system.name)
        .with("minimum", minimum)
}
