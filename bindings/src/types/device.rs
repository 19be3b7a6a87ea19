//! The state of the device.

use super::{BoolFact, TextFact, TextListFact};

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
    /// Debugging switches that are on, each in words; empty when none was seen.
    pub debug_flags: TextListFact,
}
