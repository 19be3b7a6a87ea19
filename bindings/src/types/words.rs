//! The words of the agent: how bad it is, what happened, where a thing comes from. Each is the core's own type; the texts
//! here are what Kotlin and Swift show.

pub use agent_core::connector::Access;
pub use agent_core::inventory::Format;
pub use agent_core::model::{
    AppSource, Depth, Exposure, Level, Ownership, Platform, RiskLevel, Severity, Transport, TrustAnchor,
    Verdict, VerifiedBoot, WifiSecurity,
};
pub use agent_core::platform::KeyProtection;
pub use agent_core::policy::Language;
pub use agent_core::schedule::{Reason, ScanTrigger};

/// The operating system that the agent runs on.
#[uniffi::remote(Enum)]
pub enum Platform {
    /// Apple iOS and iPadOS.
    Ios,
    /// Android.
    Android,
    /// Linux desktop, for development.
    Linux,
}

/// What the boot loader says of the system that it started (Android Verified Boot, *Boot Flow*).
#[uniffi::remote(Enum)]
pub enum VerifiedBoot {
    /// Locked, and verified by the maker's key.
    Green,
    /// Locked, and verified by a key that the owner set.
    Yellow,
    /// Unlocked: not verified.
    Orange,
    /// Verification failed.
    Red,
}

/// What the device reports: a risk level, or that one cannot be told.
///
/// A required check that did not run hides an unknown amount of risk, so anything below high becomes `unknown`
/// (or `misconfigured`, when a permission or setting is what is missing). That keeps the level monotone: a
/// gap never makes a device look better.
#[uniffi::remote(Enum)]
pub enum Level {
    /// Every required check ran and nothing that counts was found.
    Secured,
    /// The worst open finding is low.
    Low,
    /// The worst open finding is medium.
    Medium,
    /// The worst open finding is high.
    High,
    /// A required check did not run, or its result is stale.
    Unknown,
    /// A required check lacks a permission or a setting.
    Misconfigured,
}

/// The risk of a device, ordered: the worst open finding decides.
#[uniffi::remote(Enum)]
pub enum RiskLevel {
    /// No finding that counts. Graph `secured`.
    Secured,
    /// Graph `lowSeverity`.
    Low,
    /// Graph `mediumSeverity`.
    Medium,
    /// Graph `highSeverity`.
    High,
}

/// How bad one finding is. `None` is recorded and leaves the device secured.
#[uniffi::remote(Enum)]
pub enum Severity {
    /// Recorded only.
    None,
    /// Raises the device to low.
    Low,
    /// Raises the device to medium.
    Medium,
    /// Raises the device to high.
    High,
}

/// How sure an analysis is. `Inconclusive` is never clean and never an alarm.
#[uniffi::remote(Enum)]
pub enum Verdict {
    /// Looked at, and in order.
    Clean,
    /// Out of the ordinary, and explained by a named cause.
    Benign,
    /// Could not be told: loss, time-out, no permission.
    Inconclusive,
    /// Looks like an attack, without proof.
    Suspicious,
    /// Proved, cryptographically or by two independent layers.
    Confirmed,
}

/// Why a scan runs, the weightiest first: where several things happened, that is what is told.
#[uniffi::remote(Enum)]
pub enum ScanTrigger {
    /// Somebody asked.
    Requested,
    /// An app was installed, updated or removed.
    AppsChanged,
    /// A setting of the device that a check looks at was changed: screen lock, developer options, accessibility,
    /// device administration, a certificate, a profile.
    SettingsChanged,
    /// The operating system was updated or restored.
    SystemUpdated,
    /// A captive portal lets this device through (Android `NetworkCallback.onCapabilitiesChanged` with
    /// `NET_CAPABILITY_VALIDATED`).
    PortalCleared,
    /// The device joined or left a network.
    NetworkChanged,
    /// The app that embeds this agent came to the foreground.
    Foreground,
    /// The platform's periodic window (Android JobScheduler, iOS `BGAppRefreshTask`).
    Periodic,
}

/// How deep the network is looked into.
#[uniffi::remote(Enum)]
pub enum Depth {
    /// The first tier: what every scan looks at, in a few round trips.
    First,
    /// Every check, at every host that the settings name.
    Everything,
}

/// Why a scan does not begin now.
#[uniffi::remote(Enum)]
pub enum Reason {
    /// Nothing happened that asks for a scan.
    NothingNew,
    /// More events may follow.
    Settling,
    /// A scan is under way.
    UnderWay,
    /// The last scan is recent.
    Recent,
    /// Scans of this network came to no result.
    BackingOff,
    /// The day's budget.
    Budget,
}

/// Whose device it is.
#[uniffi::remote(Enum)]
pub enum Ownership {
    /// The organisation's.
    Corporate,
    /// The user's own.
    Personal,
}

/// A weakness of the network itself: told apart from attacks, and never raised by one.
#[uniffi::remote(Enum)]
pub enum Exposure {
    /// A Wi-Fi without encryption: whoever is near hears everything that is not encrypted otherwise.
    Open,
    /// A Wi-Fi with WEP.
    Wep,
    /// A Wi-Fi with WPA's first version.
    Wpa,
}

/// A language that explanations are told in.
#[uniffi::remote(Enum)]
pub enum Language {
    /// English.
    En,
    /// Korean.
    Ko,
}

/// Let in or not.
#[uniffi::remote(Enum)]
pub enum Access {
    /// Let in.
    Allow,
    /// Kept out.
    Block,
}

/// How a device key is kept. WIRE `key_protection`.
#[uniffi::remote(Enum)]
pub enum KeyProtection {
    /// In a file or in the app's memory: accepted only where the organisation allows it.
    Software,
    /// In the Trusted Execution Environment (Android `SECURITY_LEVEL_TRUSTED_ENVIRONMENT`).
    TrustedEnvironment,
    /// In a secure element (Android `SECURITY_LEVEL_STRONGBOX`).
    StrongBox,
    /// In Apple's Secure Enclave.
    SecureEnclave,
}

/// Which reader an app record came from.
#[uniffi::remote(Enum)]
pub enum AppSource {
    /// Apple MDM `InstalledApplicationList`, joined with `ManagedApplicationList`.
    AppleMdm,
    /// Android's PackageManager, asked by the host app.
    AndroidPackageManager,
    /// The text of `dumpsys package`.
    AndroidDumpsys,
    /// The text of `pm list packages -f -i -U`.
    AndroidPmList,
    /// Android Management API `ApplicationReport`.
    AndroidManagement,
    /// Microsoft Graph `detectedApp`.
    MicrosoftGraph,
    /// Debian's package database.
    Dpkg,
}

/// A form in which a platform exports its apps.
#[uniffi::remote(Enum)]
pub enum Format {
    /// Apple MDM `InstalledApplicationList` response, XML or binary plist.
    AppleMdm,
    /// The text of `dumpsys package`.
    AndroidDumpsys,
    /// The text of `pm list packages -f -i -U`.
    AndroidPmList,
    /// Android Management API: a `Device` with `applicationReports`, or these reports alone.
    AndroidManagement,
    /// Microsoft Graph `detectedApp` collection.
    MicrosoftGraph,
    /// Debian's `/var/lib/dpkg/status`.
    Dpkg,
}

/// What carries the network.
#[uniffi::remote(Enum)]
pub enum Transport {
    /// IEEE 802.11.
    Wifi,
    /// A mobile carrier's.
    Cellular,
    /// IEEE 802.3.
    Ethernet,
    /// Something else: Bluetooth, USB.
    Other,
}

/// How a Wi-Fi protects what goes over the air (Android `WifiInfo.getCurrentSecurityType`, iOS
/// `NEHotspotNetworkSecurityType`).
#[uniffi::remote(Enum)]
pub enum WifiSecurity {
    /// Not at all.
    Open,
    /// Encrypted, for whoever joins (RFC 8110, Enhanced Open).
    Owe,
    /// IEEE 802.11's first attempt, broken in minutes.
    Wep,
    /// WPA, with TKIP.
    Wpa,
    /// WPA2 with a shared key.
    Wpa2,
    /// WPA3 with a shared key (SAE).
    Wpa3,
    /// A shared key; the platform does not tell which version of WPA.
    Personal,
    /// IEEE 802.1X, of any version.
    Enterprise,
}

/// Where the platform's verifier found the root of a chain.
#[uniffi::remote(Enum)]
pub enum TrustAnchor {
    /// Shipped with the system.
    System,
    /// Added by the user or by a profile.
    UserAdded,
    /// Trusted, but the platform does not say who put it there.
    Untold,
}
