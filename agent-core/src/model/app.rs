//! Installed apps, as every platform can describe them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::bytes::{ParseDigestError, Sha256};

/// An app's identifier on its platform: bundle identifier, package name, Debian package name.
///
/// Never empty. Case-sensitive, as on Android.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AppId(String);

impl AppId {
    /// An identifier; `None` when `text` is empty or only white space.
    pub fn new(text: impl AsRef<str>) -> Option<Self> {
        let text = text.as_ref().trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AppId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("app id is empty"))
    }
}

/// Which reader an app record came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// The digest of an app's signing certificate.
///
/// Serialized as `sha256:` or `sha1:` and lower-case hexadecimal digits, or `hashcode:` and 8 digits for the
/// 32-bit `Signature.hashCode()` that older `dumpsys package` prints: enough to see a change, never enough to
/// identify a signer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignerDigest {
    /// SHA-256 of the DER certificate.
    Sha256(Sha256),
    /// SHA-1 of the DER certificate, 20 bytes.
    Sha1([u8; 20]),
    /// Java's `hashCode` of the certificate.
    HashCode(u32),
}

impl fmt::Display for SignerDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(digest) => write!(f, "sha256:{digest}"),
            Self::Sha1(bytes) => {
                f.write_str("sha1:")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::HashCode(code) => write!(f, "hashcode:{code:08x}"),
        }
    }
}

impl FromStr for SignerDigest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = ParseDigestError { expected: "sha256:, sha1: or hashcode: and hexadecimal digits" };
        let (algorithm, digits) = text.split_once(':').ok_or(error)?;
        let digits: String = digits.chars().filter(|c| *c != ':').collect();
        if !digits.bytes().all(|c| c.is_ascii_hexdigit()) {
            return Err(error);
        }
        match (algorithm, digits.len()) {
            ("sha256", 64) => digits.parse().map(Self::Sha256),
            ("sha1", 40) => {
                let mut bytes = [0; 20];
                for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
                    let pair = std::str::from_utf8(pair).map_err(|_| error)?;
                    *byte = u8::from_str_radix(pair, 16).map_err(|_| error)?;
                }
                Ok(Self::Sha1(bytes))
            }
            ("hashcode", 1..=8) => u32::from_str_radix(&digits, 16).map(Self::HashCode).map_err(|_| error),
            _ => Err(error),
        }
    }
}

impl Serialize for SignerDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SignerDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// One installed app. A field that the source does not give is absent, and absent fields are not serialized.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AppRecord {
    /// Apple `Identifier`, Android `packageName`. Real responses lack it now and then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<AppId>,
    /// Apple `Version`, Android `longVersionCode`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Apple `ShortVersion`, Android `versionName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_version: Option<String>,
    /// Apple `Name`, Android label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Apple `BundleSize`, Android `StorageStats.getAppBytes`, in bytes. Exceeds 32 bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle_size: Option<u64>,
    /// Apple `DynamicSize`, Android data plus cache bytes, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dynamic_size: Option<u64>,
    /// Apple `IsValidated`: the app can run. Not a verdict about malware.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validated: Option<bool>,
    /// The organisation's MDM manages the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed: Option<bool>,
    /// Android's installing package. `None` is "not told"; a told absence of an installer is `Some("")`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installer: Option<String>,
    /// Digests of the signing certificates, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signers: Vec<SignerDigest>,
    /// Apple `AdHocCodeSigned`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ad_hoc_code_signed: Option<bool>,
    /// Apple `AppStoreVendable`. False for device-licensed (VPP) apps too, so not a sign of sideloading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_store_vendable: Option<bool>,
    /// Apple `BetaApp`: installed through TestFlight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beta_app: Option<bool>,
    /// Apple `DeviceBasedVPP`: licensed to the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_based_vpp: Option<bool>,
    /// Android `FLAG_DEBUGGABLE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debuggable: Option<bool>,
    /// Android `FLAG_SYSTEM`; Debian `Essential: yes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<bool>,
    /// Android `targetSdkVersion`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_sdk: Option<u32>,
    /// Android permissions that the app holds: granted ones, and special access by its own name
    /// (`android.permission.BIND_ACCESSIBILITY_SERVICE`). Judged on the device and never serialized, so never shared.
    #[serde(skip)]
    pub permissions: Vec<String>,
    /// SHA-256 of the package file (Android Management API `packageSha256Hash`; of a base APK). Judged on the device and
    /// never serialized, so never shared.
    #[serde(skip)]
    pub package_sha256: Option<Sha256>,
    /// The reader that this record came from.
    pub source: AppSource,
}

impl AppRecord {
    /// A record of which only the source is known.
    pub const fn from_source(source: AppSource) -> Self {
        Self {
            id: None,
            version: None,
            short_version: None,
            name: None,
            bundle_size: None,
            dynamic_size: None,
            validated: None,
            managed: None,
            installer: None,
            signers: Vec::new(),
            ad_hoc_code_signed: None,
            app_store_vendable: None,
            beta_app: None,
            device_based_vpp: None,
            debuggable: None,
            system: None,
            target_sdk: None,
            permissions: Vec::new(),
            package_sha256: None,
            source,
        }
    }

    /// What a person would call this app: its name, else its identifier, else `unnamed app`.
    pub fn label(&self) -> &str {
        self.name.as_deref().or(self.id.as_ref().map(AppId::as_str)).unwrap_or("unnamed app")
    }
}

/// What a reader had to leave out or take differently, said once and kept with the inventory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Note {
    /// Where in the input: `InstalledApplicationList[2]`, `line 17`.
    pub place: String,
    /// What was wrong and what was done about it.
    pub message: String,
}

/// The apps of a device at one moment, sorted by identifier, then name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// The apps.
    pub apps: Vec<AppRecord>,
    /// What could not be read as it stood.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// The permission for want of which the platform shows some apps only, in words for a person; absent where it shows
    /// all (Android 11 and later: `QUERY_ALL_PACKAGES`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
}
