//! What the organisation asks of apps, of the device and of the hosts that it is in contact with.

use serde::{Deserialize, Serialize};

use super::app::{AppId, SignerDigest};
use super::os_tables::{OsFamily, OsVersion};

/// Rules for apps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppRules {
    /// Apps that must not be installed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub denied: Vec<DeniedApp>,
    /// The only apps that may be installed, beside those of the system and those that are required; absent: any may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Vec<AppId>>,
    /// Apps that must be installed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<AppId>,
    /// Oldest versions that are wanted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub minimum_versions: Vec<MinimumApp>,
    /// Installers that count as a store of the organisation's: its MDM agent, its own app store.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted_installers: Vec<AppId>,
    /// Signers whose apps count as the organisation's, wherever they came from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted_signers: Vec<SignerDigest>,
    /// Who signs which apps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub publishers: Vec<Publisher>,
}

/// An app that must not be installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeniedApp {
    /// Which.
    pub id: AppId,
    /// Why: shown to the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The oldest version of an app that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinimumApp {
    /// Which app.
    pub id: AppId,
    /// Android `longVersionCode` where it has no dot, else the short version: `12.4.1`.
    pub version: String,
}

/// The certificates that sign one publisher's app. An app of this id that none of them signed is not the publisher's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publisher {
    /// The app.
    pub id: AppId,
    /// The signers, SHA-256 or SHA-1; never empty.
    pub signers: Vec<SignerDigest>,
}

/// Rules for devices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceRules {
    /// Oldest versions of operating systems that are wanted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub minimum_os: Vec<MinimumOs>,
    /// The oldest version of this agent that is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_agent: Option<OsVersion>,
    /// Whether the key that signs reports has to be kept in hardware (Android: trusted environment or StrongBox; iOS:
    /// Secure Enclave).
    #[serde(default)]
    pub hardware_key: bool,
    /// `PayloadIdentifier`s of configuration profiles that are the organisation's, beside those that its MDM manages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
    /// Apps that may be accessibility services, device administrators and the always-on VPN, wherever they came from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub special_access: Vec<AppId>,
}

/// The oldest version of an operating system that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinimumOs {
    /// Which system.
    pub os: OsFamily,
    /// The version.
    pub version: OsVersion,
}

/// Rules for hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebRules {
    /// The organisation's own registrable domains, which look-alikes are compared with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_domains: Vec<String>,
}
