//! Which system this is, and where the tables have it.

use crate::model::{DevicePosture, OsFamily, OsRelease, OsVersion, Platform};
use crate::posture::Device;
use crate::posture::parts::{Gap, told};

/// The system, as far as it is told.
pub(super) struct System<'a> {
    /// `Android 14`, as far as it is known.
    pub(super) name: String,
    /// What the tables call it; `None` where they have no word for it.
    pub(super) family: Option<OsFamily>,
    /// Its version.
    pub(super) version: Result<OsVersion, Gap>,
    /// Its release cycle.
    pub(super) place: Result<Place<'a>, Gap>,
    /// All cycles of the family.
    pub(super) releases: &'a [OsRelease],
}

/// Where the tables have a version.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    /// In this cycle.
    Of(&'a OsRelease),
    /// Before the oldest cycle, which is this.
    Older(&'a OsRelease),
    /// After the newest: the tables are older than the system, as with a beta.
    Newer,
}

impl<'a> System<'a> {
    /// That of `device`.
    pub(super) fn of(device: &Device<'a>) -> Self {
        let posture = device.posture;
        let name = name(posture);
        let family = family(posture);
        let version = version(posture, family);
        let releases =
            family.and_then(|family| device.tables?.releases.get(&family)).map_or(&[][..], Vec::as_slice);
        let place = match (&version, device.tables, family) {
            (Err(gap), _, _) => Err(gap.clone()),
            (Ok(_), _, None) => Err(Gap::NotAvailable(format!("version tables have nothing on {name}"))),
            (Ok(_), None, _) => Err(Gap::NotAvailable(
                "there are no version tables: they come with the intelligence bundle".to_owned(),
            )),
            (Ok(version), Some(_), Some(family)) => {
                place(version, releases, family).map_err(Gap::NotAvailable)
            }
        };
        Self { name, family, version, place, releases }
    }

    /// The cycle that `version` is of: by the tables, else its first number, as Apple counts.
    pub(super) fn cycle_of(&self, version: &OsVersion) -> OsVersion {
        let known = cycle_of(version, self.releases).map(|release| release.cycle.clone());
        let major = || version.parts().first().and_then(|major| major.to_string().parse().ok());
        known.or_else(major).unwrap_or_else(|| version.clone())
    }
}

fn name(posture: &DevicePosture) -> String {
    let name = posture.os_name.value().map_or(posture.platform.as_str(), String::as_str);
    match posture.os_version.value() {
        Some(version) => format!("{name} {version}"),
        None => format!("{name} of unknown version"),
    }
}

fn family(posture: &DevicePosture) -> Option<OsFamily> {
    let says = |word: &str| {
        [&posture.os_name, &posture.model]
            .into_iter()
            .filter_map(|fact| fact.value())
            .any(|it| it.contains(word))
    };
    match posture.platform {
        Platform::Android => Some(OsFamily::Android),
        Platform::Ios if says("iPad") => Some(OsFamily::Ipados),
        Platform::Ios => Some(OsFamily::Ios),
        Platform::Linux if says("Debian") => Some(OsFamily::Debian),
        Platform::Linux => None,
    }
}

/// The version. Debian's os-release has the release alone, `12`; its point release is the build, `12.11`.
fn version(posture: &DevicePosture, family: Option<OsFamily>) -> Result<OsVersion, Gap> {
    let text = told(&posture.os_version)?;
    let version: OsVersion = text.parse().map_err(|_| {
        Gap::NotAvailable(format!("the version \"{text}\" is no number that could be compared"))
    })?;
    let build = posture.os_build.value().and_then(|build| build.parse::<OsVersion>().ok());
    Ok(match build {
        Some(build) if family == Some(OsFamily::Debian) && build.is_of(&version) => build,
        _ => version,
    })
}

fn place<'a>(version: &OsVersion, releases: &'a [OsRelease], family: OsFamily) -> Result<Place<'a>, String> {
    if let Some(release) = cycle_of(version, releases) {
        return Ok(Place::Of(release));
    }
    let by_cycle = |release: &&OsRelease| release.cycle.clone();
    let (Some(oldest), Some(newest)) =
        (releases.iter().min_by_key(by_cycle), releases.iter().max_by_key(by_cycle))
    else {
        return Err(format!("the version tables do not tell of {family}"));
    };
    if *version < oldest.cycle {
        Ok(Place::Older(oldest))
    } else if *version > newest.cycle {
        Ok(Place::Newer)
    } else {
        Err(format!("the version tables do not know {family} {version}"))
    }
}

/// The narrowest cycle that `version` is of: 12.1 is one of its own beside 12.
fn cycle_of<'a>(version: &OsVersion, releases: &'a [OsRelease]) -> Option<&'a OsRelease> {
    let of = releases.iter().filter(|release| version.is_of(&release.cycle));
    of.max_by_key(|release| release.cycle.parts().len())
}
