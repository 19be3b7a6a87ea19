//! The last scan, and what it still says later.

use serde::{Deserialize, Serialize};

use crate::model::{OsVersion, Platform, Settings, Timestamp};
use crate::policy::{self, Assessment, Policy, System};

/// What `explain` and `status` need of the last scan.
#[derive(Serialize, Deserialize)]
pub(super) struct LastScan {
    pub(super) at: Timestamp,
    pub(super) assessment: Assessment,
    /// Absent where the host told none that can be read, and in what was stored before there was this field.
    #[serde(default)]
    pub(super) os_version: Option<OsVersion>,
    /// The system that the host told of; absent in what was stored before there was this field.
    #[serde(default)]
    pub(super) platform: Option<Platform>,
}

impl LastScan {
    /// What it still says at `now`.
    pub(super) fn as_of(&self, now: Timestamp, policy: &Policy, settings: &Settings) -> Assessment {
        let hours = policy.parameters().stale_after_hours;
        policy::aged(&self.assessment, &settings.required_checks, self.at, now, hours)
    }

    /// The system that was scanned; `host` where it was not told.
    pub(super) fn system(self, host: Platform) -> System {
        System { platform: self.platform.unwrap_or(host), version: self.os_version }
    }

    /// Whether it is too old at `now` to tell a level.
    pub(super) fn is_stale(&self, now: Timestamp, policy: &Policy) -> bool {
        policy::is_stale(self.at, now, policy.parameters().stale_after_hours)
    }
}
