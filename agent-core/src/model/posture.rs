//! The state of the device, as its host can tell it.

use std::convert::Infallible;

use serde::{Deserialize, Serialize};

use super::fact::Fact;
use super::time::Date;
use super::words::words;

words! {
    /// The operating system that the agent runs on.
    pub enum Platform {
        /// Apple iOS and iPadOS.
        Ios = "ios",
        /// Android.
        Android = "android",
        /// Linux desktop, for development.
        Linux = "linux",
    }
}

/// The device's own properties. Each is told, not permitted, or not available.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DevicePosture {
    /// The operating system.
    pub platform: Platform,
    /// Maker's model name: `Build.MODEL`, `UIDevice` model, DMI product name.
    pub model: Fact<String>,
    /// `Android`, `iOS`, `Debian GNU/Linux`.
    pub os_name: Fact<String>,
    /// `Build.VERSION.RELEASE`, `UIDevice.systemVersion`, os-release `VERSION_ID`.
    pub os_version: Fact<String>,
    /// Kernel release, as `uname -r`.
    pub kernel_version: Fact<String>,
    /// Android `Build.VERSION.SECURITY_PATCH`; on Linux the day of the newest package upgrade.
    pub security_patch: Fact<Date>,
    /// Whether user data is encrypted at rest.
    pub storage_encrypted: Fact<bool>,
    /// Whether unlocking the screen takes a secret or a biometric.
    pub screen_lock: Fact<bool>,
    /// Signs of root, jailbreak or tampering, each in words; empty when none was seen.
    pub root_signs: Fact<Vec<String>>,
    /// Debugging switches that are on, each in words; empty when none was seen.
    pub debug_flags: Fact<Vec<String>>,
}

impl DevicePosture {
    /// A posture in which only the platform is known, for `why`.
    pub fn not_available(platform: Platform, why: &str) -> Self {
        Self::withheld(platform, &Fact::not_available(why))
    }

    /// A posture in which only the platform is known, for the reason of `absence`.
    pub fn withheld(platform: Platform, absence: &Fact<Infallible>) -> Self {
        Self {
            platform,
            model: absence.of(),
            os_name: absence.of(),
            os_version: absence.of(),
            kernel_version: absence.of(),
            security_patch: absence.of(),
            storage_encrypted: absence.of(),
            screen_lock: absence.of(),
            root_signs: absence.of(),
            debug_flags: absence.of(),
        }
    }
}
