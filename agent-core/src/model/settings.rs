//! What the organisation decides. Reaches the device signed by the connector; see `docs/wire.md`.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, de::IgnoredAny};

use super::bytes::{BundleKey, SpkiPin};
use super::ct_log_list::CtLogList;
use super::finding::{CheckId, Detection};
use super::indicator::Indicator;
use super::level::{RiskLevel, Severity};
use super::nat64::Nat64Prefix;
use super::rules::{AppRules, DeviceRules, WebRules};
use super::time::Timestamp;
use super::transport::TransportSettings;
use super::words::words;
use crate::canary::CanarySettings;

words! {
    /// Whose device it is.
    pub enum Ownership {
        /// The organisation's.
        Corporate = "corporate",
        /// The user's own.
        Personal = "personal",
    }
}

words! {
    /// How a connector treats a device whose level is `unknown` or `misconfigured`.
    pub enum UnknownLevelAccess {
        /// Block unless even high is allowed.
        Block = "block",
        /// Allow.
        Allow = "allow",
    }
}

/// The two switches for sharing the app inventory. Both are off until the organisation turns them on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppSync {
    /// Corporate devices send all apps, personal devices their managed apps.
    /// Graph `allowPartnerToCollectIosApplicationMetadata`.
    #[serde(default)]
    pub enabled: bool,
    /// Personal devices send all apps too.
    /// Graph `allowPartnerToCollectIosPersonalApplicationMetadata`.
    #[serde(default)]
    pub personal_full_inventory: bool,
}

/// A TLS server that the network check probes: nothing is sent to it but a handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeEndpoint {
    /// The host name that the certificate must be valid for, and the SNI.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Connect here instead of resolving `host`: an IP address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<std::net::IpAddr>,
    /// Which network the endpoint is in. Endpoints of one network count once for quorum.
    pub network: String,
    /// Pins of certification authorities that may issue for this host beside the public ones: the
    /// organisation's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub private_anchors: Vec<SpkiPin>,
}

/// The keys that may stand in the chain of one host (RFC 7469, section 2.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinSet {
    /// The host name of an endpoint.
    pub host: String,
    /// The pins, a backup among them: one of them must match a key of the verified chain.
    pub spki: Vec<SpkiPin>,
    /// When the set ends: from then on a mismatch is told, and nothing follows from it.
    pub expires: Timestamp,
}

/// The certificate of a root, DER. Serialized as base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootCertificate(Vec<u8>);

impl RootCertificate {
    /// A certificate by its bytes.
    pub const fn from_der(der: Vec<u8>) -> Self {
        Self(der)
    }

    /// The bytes.
    pub fn as_der(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for RootCertificate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for RootCertificate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BASE64_STANDARD.decode(String::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

/// What the network checks probe and believe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkSettings {
    /// Endpoints of the chain check, ideally three in different networks.
    #[serde(default)]
    pub endpoints: Vec<ProbeEndpoint>,
    /// URLs, `http` or `https`, that answer 204 with no body.
    #[serde(default)]
    pub captive_probes: Vec<String>,
    /// The organisation's canaries, ideally three in different networks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub canaries: Vec<CanarySettings>,
    /// Pins of the roots under which the organisation inspects TLS.
    #[serde(default)]
    pub inspection_roots: Vec<SpkiPin>,
    /// DNS zones that the organisation's own resolvers may answer otherwise than the rest of the world does. A
    /// canary's zone that lies in one of them tells nothing about forged answers there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub split_horizon: Vec<String>,
    /// Prefixes of the organisation's NAT64, beside the well-known one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nat64_prefixes: Vec<Nat64Prefix>,
    /// An address, usually with port 53, at which nothing answers DNS: whatever does is in the path. Absent: that
    /// of a canary that has no name server on port 53, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_resolver: Option<std::net::SocketAddr>,
    /// Pins of endpoints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<PinSet>,
    /// Proxies of the organisation, `host:port`, or the URL of a script.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proxies: Vec<String>,
    /// Public roots beside those that this release was built with, as root programmes take new ones in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub public_roots: Vec<RootCertificate>,
    /// The logs of Certificate Transparency whose SCTs count. No list is built in: it would go stale in an app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ct_log_list: Option<CtLogList>,
}

/// One change of a policy row by the organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyOverride {
    /// The row.
    pub detection: Detection,
    /// Only findings about this: an app identifier, a host; absent: all of the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The severity for every verdict that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Set findings of this row aside.
    #[serde(default)]
    pub ignore: bool,
    /// How long a finding may stand before it counts, in hours: time to mend it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_hours: Option<u32>,
    /// From when on the change no longer holds; absent: it holds until it is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Why: shown to the user and the administrator.
    pub reason: String,
}

/// Sizes that the connector accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Largest token, in bytes.
    pub max_token_bytes: usize,
}

impl Default for Limits {
    /// 1 MiB a token (WIRE: Delivery).
    fn default() -> Self {
        Self { max_token_bytes: 1024 * 1024 }
    }
}

/// The signed settings of one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Grows with every change; an older version is refused.
    pub version: u64,
    /// Whose device it is.
    pub ownership: Ownership,
    /// Sharing of the app inventory.
    pub app_sync: AppSync,
    /// The highest level that is let in, told to the user beside their own.
    pub allowed_level: RiskLevel,
    /// Network checks.
    #[serde(default)]
    pub network: NetworkSettings,
    /// Checks that must run for a level to be told.
    pub required_checks: Vec<CheckId>,
    /// Rules for apps.
    #[serde(default, skip_serializing_if = "is_default")]
    pub apps: AppRules,
    /// Rules for devices.
    #[serde(default, skip_serializing_if = "is_default")]
    pub device: DeviceRules,
    /// Rules for hosts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub web: WebRules,
    /// Who signs the organisation's intelligence bundles; absent: who the app says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intel_key: Option<BundleKey>,
    /// Changes to the policy file. Those of rows that this agent does not know, or in words that it does not know, are
    /// left out: they must not cost an older agent the rest of its settings.
    #[serde(default, deserialize_with = "known_overrides")]
    pub policy_overrides: Vec<PolicyOverride>,
    /// The way to the connector; absent: as the device enrolled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<TransportSettings>,
    /// Threat intelligence.
    #[serde(default)]
    pub indicators: Vec<Indicator>,
    /// Sizes.
    #[serde(default)]
    pub limits: Limits,
}

fn known_overrides<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PolicyOverride>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Change {
        Known(PolicyOverride),
        Unknown(IgnoredAny),
    }
    let changes = Vec::<Change>::deserialize(deserializer)?;
    let known = changes.into_iter().filter_map(|change| match change {
        Change::Known(change) => Some(change),
        Change::Unknown(_) => None,
    });
    Ok(known.collect())
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Settings {
    /// Reads the JSON form. The error names line and column.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

impl Default for Settings {
    /// What holds before an organisation has said anything: nothing is shared, nobody else's host is contacted.
    fn default() -> Self {
        Self {
            version: 0,
            ownership: Ownership::Personal,
            app_sync: AppSync::default(),
            allowed_level: RiskLevel::Secured,
            network: NetworkSettings::default(),
            required_checks: vec![
                CheckId::Inventory,
                CheckId::AppIndicators,
                CheckId::Captive,
                CheckId::TlsChain,
                CheckId::OsVersion,
                CheckId::Integrity,
            ],
            apps: AppRules::default(),
            device: DeviceRules::default(),
            web: WebRules::default(),
            intel_key: None,
            policy_overrides: Vec::new(),
            transport: None,
            indicators: Vec::new(),
            limits: Limits::default(),
        }
    }
}
