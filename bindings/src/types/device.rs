//! The state of the device.

use agent_core::model;

use super::{BoolFact, CertificatesFact, ProfilesFact, TextFact, TextListFact, VerifiedBootFact};

/// The device's own properties. Each is told, not permitted, or not available.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct DevicePosture {
    /// Maker's model name: Android `Build.MODEL`, Apple's `hw.machine`.
    pub model: TextFact,
    /// `Android`, `iOS`, `iPadOS`.
    pub os_name: TextFact,
    /// Android `Build.VERSION.RELEASE`, Apple `UIDevice.systemVersion`.
    pub os_version: TextFact,
    /// Kernel release, as `uname -r`.
    pub kernel_version: TextFact,
    /// Android `Build.VERSION.SECURITY_PATCH`, as `YYYY-MM-DD`. Apple has none.
    pub security_patch: TextFact,
    /// Whether user data is encrypted at rest (Android `DevicePolicyManager.getStorageEncryptionStatus`).
    pub storage_encrypted: BoolFact,
    /// Whether unlocking the screen takes a secret or a biometric (Android `KeyguardManager.isDeviceSecure`, Apple
    /// `LAContext.canEvaluatePolicy(.deviceOwnerAuthentication)`).
    pub screen_lock: BoolFact,
    /// Signs of root, jailbreak or tampering, each in words; empty when none was seen.
    pub root_signs: TextListFact,
    /// Debugging switches that are on beside those below, each in words; empty when none was seen.
    pub debug_flags: TextListFact,
    /// Build of the system: Android `Build.ID`, Apple `kern.osversion`.
    pub os_build: TextFact,
    /// Signs that the system is not as its maker shipped it, each in words; empty when none was seen.
    pub tamper_signs: TextListFact,
    /// Signs of a hooking framework in this app's process, each in words; empty when none was seen.
    pub hooking_signs: TextListFact,
    /// Signs of an emulator or simulator, each in words; empty when none was seen.
    pub emulator_signs: TextListFact,
    /// Whether the bootloader is locked (Android `ro.boot.flash.locked`, `ro.boot.vbmeta.device_state`).
    pub bootloader_locked: BoolFact,
    /// What the boot loader said (Android `ro.boot.verifiedbootstate`).
    pub verified_boot: VerifiedBootFact,
    /// Android `Settings.Global.DEVELOPMENT_SETTINGS_ENABLED`, iOS Developer Mode.
    pub developer_mode: BoolFact,
    /// Android `Settings.Global.ADB_ENABLED`.
    pub usb_debugging: BoolFact,
    /// Android `adb_wifi_enabled`, or `service.adb.tcp.port`.
    pub wireless_debugging: BoolFact,
    /// Apps that may install others (Android `REQUEST_INSTALL_PACKAGES`, allowed), by identifier; `*` before Android 8,
    /// where one setting allows all. Stores are among them.
    pub unknown_sources: TextListFact,
    /// Whether apps are looked at when they are installed (Android `package_verifier_user_consent`; Play Protect).
    pub app_verification: BoolFact,
    /// The app that is the always-on VPN, by identifier; empty when there is none.
    pub always_on_vpn: TextListFact,
    /// Apps with an accessibility service that is on, by identifier (Android `ENABLED_ACCESSIBILITY_SERVICES`).
    pub accessibility_services: TextListFact,
    /// Apps that are device administrators, by identifier (Android `DevicePolicyManager.getActiveAdmins`).
    pub device_admins: TextListFact,
    /// Configuration profiles (Apple MDM `ProfileList`).
    pub profiles: ProfilesFact,
    /// Root certificates beside those of the system (Android `AndroidCAStore`, aliases `user:`; Apple MDM
    /// `CertificateList`).
    pub added_roots: CertificatesFact,
}

/// A configuration profile (Apple MDM `ProfileList`).
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ConfigurationProfile {
    /// `PayloadIdentifier`.
    pub identifier: String,
    /// `PayloadDisplayName`.
    pub name: Option<String>,
    /// `PayloadOrganization`.
    pub organization: Option<String>,
    /// Whether the MDM installed it (`IsManaged`); absent where that is not told.
    pub managed: Option<bool>,
    /// Whether it is signed: `SignerCertificates` is not empty; absent where that is not told.
    pub signed: Option<bool>,
    /// `PayloadType` of each payload: `com.apple.vpn.managed`.
    pub payload_types: Vec<String>,
}

impl From<model::ConfigurationProfile> for ConfigurationProfile {
    fn from(profile: model::ConfigurationProfile) -> Self {
        let model::ConfigurationProfile { identifier, name, organization, managed, signed, payload_types } =
            profile;
        Self { identifier, name, organization, managed, signed, payload_types }
    }
}
