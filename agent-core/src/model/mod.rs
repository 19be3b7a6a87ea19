//! The words that the rest of the agent speaks: apps, facts, findings, levels, settings.
//!
//! Types only. Nothing here does I/O, reads a clock or knows a platform; every type that reaches a wire or a
//! disk has one serde form, and its names are the ones that the documentation uses.

mod app;
mod bytes;
mod ct_log_list;
mod fact;
mod finding;
mod indicator;
mod jwk;
mod level;
mod nat64;
mod network;
mod origin;
mod os_tables;
mod posture;
mod report;
mod rules;
mod settings;
mod thumbprint;
mod time;
mod transport;
mod weight;

pub use app::{AppId, AppRecord, AppSource, Inventory, Note, SignerDigest};
pub use bytes::{BundleKey, ParseDigestError, Sha256, SpkiPin};
pub use ct_log_list::{
    CtInterval, CtLog, CtLogKey, CtLogList, CtLogOperator, CtLogPhase, CtLogState, CtPreviousOperator,
};
pub use fact::Fact;
pub use finding::{
    CheckId, CheckOutcome, Coverage, CoverageItem, Detection, Evidence, Finding, FindingState, Judgement,
    Trace, Verdict,
};
pub use indicator::{Indicator, IndicatorKind, ThreatCategory};
pub use jwk::Jwk;
pub use level::{Level, RiskLevel, Severity};
pub use nat64::Nat64Prefix;
pub use network::{
    Depth, Exposure, MacAddress, Neighbour, NetworkSnapshot, ParseMacAddressError, PrivateDns, Proxy,
    Transport, TrustAnchor, TrustVerdict, WifiSecurity,
};
pub use origin::{AppOrigin, KnownInstaller};
pub use os_tables::{EndOfLife, ExploitedVulnerability, Fix, OsFamily, OsRelease, OsTables, OsVersion};
pub use posture::{AddedRoot, ConfigurationProfile, DevicePosture, KeyProtection, Platform, VerifiedBoot};
pub use report::{ChainPosition, ReportKind, ReportWorth, SignedReport};
pub use rules::{AppRules, DeniedApp, DeviceRules, MinimumApp, MinimumOs, Publisher, WebRules};
pub use settings::{
    AppSync, Limits, NetworkSettings, Ownership, PinSet, PolicyOverride, ProbeEndpoint, RootCertificate,
    Settings, UnknownLevelAccess,
};
pub use time::{Date, Timestamp};
pub use transport::TransportSettings;
pub use weight::Weight;

pub(crate) use thumbprint::jwk_thumbprint;

pub(crate) mod words;
