//! The state of the device, as its host can tell it.

use std::convert::Infallible;

use serde::{Deserialize, Serialize};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use super::bytes::{Sha256, SpkiPin};
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

words! {
    /// What the boot loader says of the system that it started (Android Verified Boot, *Boot Flow*).
    pub enum VerifiedBoot {
        /// Locked, and verified by the maker's key.
        Green = "green",
        /// Locked, and verified by a key that the owner set.
        Yellow = "yellow",
        /// Unlocked: not verified.
        Orange = "orange",
        /// Verification failed.
        Red = "red",
    }
}

words! {
    /// How a device key is kept. WIRE `key_protection`.
    pub enum KeyProtection {
        /// In a file or in the app's memory: accepted only where the organisation allows it.
        Software = "software",
        /// In the Trusted Execution Environment (Android `SECURITY_LEVEL_TRUSTED_ENVIRONMENT`).
        TrustedEnvironment = "trusted_environment",
        /// In a secure element (Android `SECURITY_LEVEL_STRONGBOX`).
        StrongBox = "strongbox",
        /// In Apple's Secure Enclave.
        SecureEnclave = "secure_enclave",
    }
}

/// A configuration profile (Apple MDM `ProfileList`; on Android the work profile's owner).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ConfigurationProfile {
    /// `PayloadIdentifier`.
    pub identifier: String,
    /// `PayloadDisplayName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `PayloadOrganization`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Whether the MDM installed it (`IsManaged`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed: Option<bool>,
    /// Whether it is signed: `SignerCertificates` is not empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<bool>,
    /// `PayloadType` of each payload: `com.apple.vpn.managed`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payload_types: Vec<String>,
}

/// A root certificate that somebody added to those of the system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AddedRoot {
    /// SHA-256 of the DER certificate.
    pub sha256: Sha256,
    /// Pin of its key, as the organisation declares its own roots.
    pub spki: SpkiPin,
    /// Its subject, as text (RFC 4514).
    pub subject: String,
}

impl AddedRoot {
    /// A root by its certificate, DER (RFC 5280).
    pub fn from_der(der: &[u8]) -> Result<Self, String> {
        let (_, certificate) =
            X509Certificate::from_der(der).map_err(|error| format!("not a certificate: {error}"))?;
        Ok(Self {
            sha256: Sha256::of(der),
            spki: SpkiPin::of_spki(certificate.public_key().raw),
            subject: certificate.subject().to_string(),
        })
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
    /// Debugging switches that are on beside those below, each in words; empty when none was seen.
    pub debug_flags: Fact<Vec<String>>,
    /// Build of the system: Android `Build.ID`, Apple `kern.osversion`.
    pub os_build: Fact<String>,
    /// Signs that the system is not as its maker shipped it, each in words; empty when none was seen.
    pub tamper_signs: Fact<Vec<String>>,
    /// Signs of a hooking framework in this app's process, each in words; empty when none was seen.
    pub hooking_signs: Fact<Vec<String>>,
    /// Signs of an emulator, each in words; empty when none was seen.
    pub emulator_signs: Fact<Vec<String>>,
    /// Whether the bootloader is locked (Android `ro.boot.flash.locked`, `ro.boot.vbmeta.device_state`).
    pub bootloader_locked: Fact<bool>,
    /// What the boot loader said (Android `ro.boot.verifiedbootstate`).
    pub verified_boot: Fact<VerifiedBoot>,
    /// Android `Settings.Global.DEVELOPMENT_SETTINGS_ENABLED`, iOS Developer Mode.
    pub developer_mode: Fact<bool>,
    /// Android `Settings.Global.ADB_ENABLED`.
    pub usb_debugging: Fact<bool>,
    /// Android `adb_wifi_enabled`, or `service.adb.tcp.port`.
    pub wireless_debugging: Fact<bool>,
    /// Apps that may install others (Android `REQUEST_INSTALL_PACKAGES`, allowed), by identifier; `*` before
    /// Android 8, where one setting allows all. Stores are among them.
    pub unknown_sources: Fact<Vec<String>>,
    /// Whether apps are looked at when they are installed (Android `package_verifier_user_consent`; Play Protect).
    pub app_verification: Fact<bool>,
    /// The app that is the always-on VPN, by identifier; empty when there is none.
    pub always_on_vpn: Fact<Vec<String>>,
    /// Apps with an accessibility service that is on, by identifier (Android `ENABLED_ACCESSIBILITY_SERVICES`).
    pub accessibility_services: Fact<Vec<String>>,
    /// Apps that are device administrators, by identifier (Android `DevicePolicyManager.getActiveAdmins`).
    pub device_admins: Fact<Vec<String>>,
    /// Configuration profiles.
    pub profiles: Fact<Vec<ConfigurationProfile>>,
    /// Root certificates beside those of the system (Android `AndroidCAStore`, aliases `user:`; Apple MDM
    /// `CertificateList`).
    pub added_roots: Fact<Vec<AddedRoot>>,
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
            os_build: absence.of(),
            tamper_signs: absence.of(),
            hooking_signs: absence.of(),
            emulator_signs: absence.of(),
            bootloader_locked: absence.of(),
            verified_boot: absence.of(),
            developer_mode: absence.of(),
            usb_debugging: absence.of(),
            wireless_debugging: absence.of(),
            unknown_sources: absence.of(),
            app_verification: absence.of(),
            always_on_vpn: absence.of(),
            accessibility_services: absence.of(),
            device_admins: absence.of(),
            profiles: absence.of(),
            added_roots: absence.of(),
        }
    }
}
