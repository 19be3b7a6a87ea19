//! From a check to a finding: what was looked at, what was judged, what is open.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::bytes::Sha256;
use super::level::Severity;
use super::time::Timestamp;
use super::words::words;

words! {
    /// A thing that the agent looks at. Coverage is told, and findings are resolved, by check.
    pub enum CheckId {
        /// The list of installed apps.
        Inventory = "apps.inventory",
        /// The apps against the indicators of the threat intelligence.
        AppIndicators = "apps.indicators",
        /// The apps against those of the scan before.
        AppChanges = "apps.changes",
        /// From where the apps came, and who signed them.
        AppOrigin = "apps.origin",
        /// How the apps are built, and what they may do.
        AppBuild = "apps.build",
        /// The apps against the organisation's rules.
        AppRules = "apps.rules",
        /// The hosts that the device was in contact with against the threat intelligence.
        WebContacts = "web.contacts",
        /// Captive portal probes.
        Captive = "network.captive",
        /// Certificate chains of the probe endpoints.
        TlsChain = "network.tls_chain",
        /// The session that ends at a canary against the one that began here.
        TlsBinding = "network.tls_binding",
        /// Certificate chains against the organisation's pins.
        TlsPins = "network.tls_pins",
        /// Signed certificate timestamps of public certificates.
        TlsSct = "network.tls_sct",
        /// Whether the best version of TLS gets through.
        TlsDowngrade = "network.tls_downgrade",
        /// The redirect from clear HTTP to HTTPS.
        HttpStrip = "network.http_strip",
        /// Page, script and image over clear HTTP.
        HttpTamper = "network.http_tamper",
        /// Requests over clear HTTP as they arrive.
        HttpProxy = "network.http_proxy",
        /// The canary's names by the network's resolvers.
        DnsAnswer = "network.dns_answer",
        /// Names that do not exist, resolvers that do not, and answers that come twice.
        DnsPath = "network.dns_path",
        /// The system's encrypted DNS.
        DnsPrivate = "network.dns_private",
        /// Hardware addresses of the gateways and their neighbours.
        LinkNeighbour = "network.link_neighbour",
        /// The first hops of the way out.
        LinkPath = "network.link_path",
        /// What the network tells of itself, against what it told before.
        LinkDrift = "network.link_drift",
        /// Encryption of the Wi-Fi.
        WifiExposure = "network.wifi_exposure",
        /// A Wi-Fi with a known name against the one that had it before.
        WifiTwin = "network.wifi_twin",
        /// What was met on this device's own way to its connector.
        ConnectorPath = "network.connector_path",
        /// Version and patch age of the operating system.
        OsVersion = "device.os_version",
        /// Encryption of the storage.
        StorageEncryption = "device.storage_encryption",
        /// Screen lock.
        ScreenLock = "device.screen_lock",
        /// Root and jailbreak.
        Integrity = "device.integrity",
        /// The system's own files and identity.
        SystemIntegrity = "device.system_integrity",
        /// What runs in and below this app: hooking frameworks, emulators.
        Runtime = "device.runtime",
        /// Bootloader and verified boot.
        VerifiedBoot = "device.verified_boot",
        /// How the key that signs reports is kept.
        KeyAttestation = "device.key_attestation",
        /// Debugging switches.
        Debugging = "device.debugging",
        /// From where apps may be installed, and whether they are looked at.
        AppSources = "device.app_sources",
        /// Apps that may read and act for others: accessibility, device administration, always-on VPN.
        SpecialAccess = "device.special_access",
        /// Root certificates that were added.
        Certificates = "device.certificates",
        /// Configuration profiles.
        Profiles = "device.profiles",
        /// Proxies and VPNs that stand in the device's path.
        NetworkPath = "device.network_path",
        /// The version of the agent.
        AgentVersion = "device.agent_version",
        /// Findings that together are worse than each.
        Composite = "device.composite",
    }
}

impl CheckId {
    /// Whether this check looks at the network in use.
    pub fn is_of_the_network(self) -> bool {
        self.as_str().starts_with("network.")
    }
}

words! {
    /// What can be found. Each has one row in the policy file and one entry in each text file.
    pub enum Detection {
        /// The network answers for everyone until somebody signs in.
        CaptivePortal = "network.captive_portal",
        /// Somebody other than the endpoint terminates TLS.
        TlsInterception = "network.tls_interception",
        /// TLS is inspected under a root that the organisation declared.
        ManagedInspection = "network.managed_inspection",
        /// An endpoint's certificate is not valid, and nothing says that the network is the cause.
        InvalidCertificate = "network.invalid_certificate",
        /// The best version of TLS is kept from getting through.
        TlsDowngrade = "network.tls_downgrade",
        /// The redirect from clear HTTP to HTTPS is taken away.
        SslStrip = "network.ssl_strip",
        /// What comes over clear HTTP is changed on the way.
        ContentTampering = "network.content_tampering",
        /// Images over clear HTTP are recompressed on the way.
        ContentRecompressed = "network.content_recompressed",
        /// A proxy that nobody set passes on requests over clear HTTP.
        TransparentProxy = "network.transparent_proxy",
        /// The device's clock is wrong.
        ClockSkew = "device.clock_skew",
        /// DNS answers are forged on this network.
        DnsSpoofing = "network.dns_spoofing",
        /// Names that do not exist get an address.
        DnsWildcard = "network.dns_wildcard",
        /// A zone that the organisation declared is answered otherwise here.
        SplitHorizon = "network.split_horizon",
        /// A name leads elsewhere, and the right server is there.
        DnsRedirected = "network.dns_redirected",
        /// The system's encrypted DNS cannot be reached.
        PrivateDnsBlocked = "network.private_dns_blocked",
        /// Another host has taken the gateway's place on the link.
        ArpSpoofing = "network.arp_spoofing",
        /// Traffic takes a way out that is not the gateway's.
        PathChanged = "network.path_changed",
        /// Another DHCP server than this network's configured the device.
        RogueDhcp = "network.rogue_dhcp",
        /// A new IPv6 router announced itself.
        RogueRouter = "network.rogue_router",
        /// The network configures the device otherwise than before.
        ConfigurationChanged = "network.configuration_changed",
        /// Another access point uses the name of a known network.
        EvilTwin = "network.evil_twin",
        /// An app matches an indicator of malware, spyware, stalkerware or the like.
        MaliciousApp = "app.malicious",
        /// An app matches an indicator of dual-use software or adware.
        UnwantedApp = "app.potentially_unwanted",
        /// The same app id now has another signer, or one that is not its publisher.
        ResignedApp = "app.resigned",
        /// A managed app is managed no longer.
        ManagementRemoved = "app.management_removed",
        /// An app came from no store.
        SideloadedApp = "app.sideloaded",
        /// An app is signed by an enterprise or ad hoc, and not validated (iOS).
        UnvalidatedApp = "app.unvalidated",
        /// An app came from a store that is not the platform's.
        ThirdPartyStore = "app.third_party_store",
        /// An app can be debugged.
        DebuggableApp = "app.debuggable",
        /// An app is built for a version of the system that spares it today's protections.
        OldTargetSdk = "app.old_target_sdk",
        /// An app from no store holds permissions that together take over a device.
        RiskyPermissions = "app.risky_permissions",
        /// An app that the organisation denies, or does not allow, is installed.
        DeniedApp = "app.denied",
        /// An app that the organisation requires is missing.
        RequiredAppMissing = "app.required_missing",
        /// An app is older than the organisation wants.
        AppBelowMinimum = "app.below_minimum",
        /// An unmanaged app has the identifier of a managed one.
        UnmanagedTwin = "app.unmanaged_twin",
        /// An app from no store controls the device: several findings on one app.
        DeviceTakeover = "app.device_takeover",
        /// A host that asks for credentials in another's name.
        PhishingSite = "web.phishing",
        /// A host of malware or of its command and control.
        MaliciousSite = "web.malicious",
        /// A host of a scam or a hidden miner.
        UnwantedSite = "web.unwanted",
        /// A name that is made to be taken for the organisation's.
        LookalikeDomain = "web.lookalike",
        /// A bare address, or a name that nobody knew until lately.
        RiskyHost = "web.risky_host",
        /// The device is rooted or jailbroken.
        Rooted = "device.rooted",
        /// The system was tampered with.
        SystemTampered = "device.system_tampered",
        /// A hooking framework is at work in this app.
        Hooked = "device.hooked",
        /// The device is an emulator.
        Emulator = "device.emulator",
        /// The key that signs reports is not kept, or not proved to be kept, as was promised.
        KeyNotAttested = "device.key_not_attested",
        /// The system gets no more security updates.
        OsEndOfLife = "device.os_end_of_life",
        /// The system has a vulnerability that is being exploited.
        OsExploited = "device.os_exploited",
        /// The system is older than the organisation wants.
        OsBelowMinimum = "device.os_below_minimum",
        /// There is a newer version of the system.
        OsOutdated = "device.os_outdated",
        /// The newest security patch is too old.
        PatchOld = "device.patch_old",
        /// Storage is not encrypted.
        StorageUnencrypted = "device.storage_unencrypted",
        /// There is no screen lock.
        ScreenLockOff = "device.screen_lock_off",
        /// The bootloader is unlocked, or the verified boot is not green.
        BootloaderUnlocked = "device.bootloader_unlocked",
        /// Developer mode is on.
        DeveloperMode = "device.developer_mode",
        /// Debugging over USB is on.
        UsbDebugging = "device.usb_debugging",
        /// Debugging over the network is on.
        WirelessDebugging = "device.wireless_debugging",
        /// Another debugging switch is on.
        DebuggingOn = "device.debugging_on",
        /// Apps may be installed from unknown sources.
        UnknownSources = "device.unknown_sources",
        /// Apps are not looked at before they are installed (Google Play Protect).
        AppVerificationOff = "device.app_verification_off",
        /// An unknown app is the always-on VPN.
        AlwaysOnVpn = "device.always_on_vpn",
        /// An app from no store is an accessibility service.
        AccessibilityGranted = "device.accessibility_granted",
        /// An app from no store is a device administrator.
        DeviceAdminGranted = "device.device_admin_granted",
        /// A configuration profile is not the organisation's, and can do harm.
        RiskyProfile = "device.risky_profile",
        /// A root certificate was added that the organisation did not declare.
        UndeclaredRoot = "device.undeclared_root",
        /// The agent is older than the organisation wants.
        AgentOutdated = "device.agent_outdated",
        /// A root certificate was put among those of the system.
        TrustStoreCompromised = "device.trust_store_compromised",
        /// A proxy stands in the path of the device's traffic.
        LocalProxy = "device.local_proxy",
        /// Traffic leaves by a VPN: a label, not a fault.
        VpnActive = "device.vpn_active",
    }
}

impl Detection {
    /// The check that makes and resolves this detection.
    pub const fn check(self) -> CheckId {
        match self {
            Self::CaptivePortal => CheckId::Captive,
            Self::TlsInterception
            | Self::ManagedInspection
            | Self::InvalidCertificate
            | Self::TrustStoreCompromised => CheckId::TlsChain,
            Self::TlsDowngrade => CheckId::TlsDowngrade,
            Self::SslStrip => CheckId::HttpStrip,
            Self::ContentTampering | Self::ContentRecompressed => CheckId::HttpTamper,
            Self::TransparentProxy => CheckId::HttpProxy,
            Self::ClockSkew => CheckId::TlsBinding,
            Self::DnsSpoofing | Self::SplitHorizon | Self::DnsRedirected => CheckId::DnsAnswer,
            Self::DnsWildcard => CheckId::DnsPath,
            Self::PrivateDnsBlocked => CheckId::DnsPrivate,
            Self::ArpSpoofing => CheckId::LinkNeighbour,
            Self::PathChanged => CheckId::LinkPath,
            Self::RogueDhcp | Self::RogueRouter | Self::ConfigurationChanged => CheckId::LinkDrift,
            Self::EvilTwin => CheckId::WifiTwin,
            Self::MaliciousApp | Self::UnwantedApp => CheckId::AppIndicators,
            Self::ResignedApp | Self::ManagementRemoved | Self::UnmanagedTwin => CheckId::AppChanges,
            Self::SideloadedApp | Self::UnvalidatedApp | Self::ThirdPartyStore => CheckId::AppOrigin,
            Self::DebuggableApp | Self::OldTargetSdk | Self::RiskyPermissions => CheckId::AppBuild,
            Self::DeniedApp | Self::RequiredAppMissing | Self::AppBelowMinimum => CheckId::AppRules,
            Self::DeviceTakeover => CheckId::Composite,
            Self::PhishingSite
            | Self::MaliciousSite
            | Self::UnwantedSite
            | Self::LookalikeDomain
            | Self::RiskyHost => CheckId::WebContacts,
            Self::Rooted => CheckId::Integrity,
            Self::SystemTampered => CheckId::SystemIntegrity,
            Self::Hooked | Self::Emulator => CheckId::Runtime,
            Self::KeyNotAttested => CheckId::KeyAttestation,
            Self::OsEndOfLife
            | Self::OsExploited
            | Self::OsBelowMinimum
            | Self::OsOutdated
            | Self::PatchOld => CheckId::OsVersion,
            Self::StorageUnencrypted => CheckId::StorageEncryption,
            Self::ScreenLockOff => CheckId::ScreenLock,
            Self::BootloaderUnlocked => CheckId::VerifiedBoot,
            Self::DeveloperMode | Self::UsbDebugging | Self::WirelessDebugging | Self::DebuggingOn => {
                CheckId::Debugging
            }
            Self::UnknownSources | Self::AppVerificationOff => CheckId::AppSources,
            Self::AlwaysOnVpn | Self::AccessibilityGranted | Self::DeviceAdminGranted => {
                CheckId::SpecialAccess
            }
            Self::RiskyProfile => CheckId::Profiles,
            Self::UndeclaredRoot => CheckId::Certificates,
            Self::AgentOutdated => CheckId::AgentVersion,
            Self::LocalProxy | Self::VpnActive => CheckId::NetworkPath,
        }
    }

    /// Whether this is found of one network, and is gone once the device is on another.
    pub fn is_of_the_network(self) -> bool {
        self.as_str().starts_with("network.")
    }

    /// Whether the subject of this detection is an app: named only where the user's consent covers the app.
    pub fn is_about_an_app(self) -> bool {
        self.as_str().starts_with("app.")
            || matches!(
                self,
                Self::UnknownSources
                    | Self::AlwaysOnVpn
                    | Self::AccessibilityGranted
                    | Self::DeviceAdminGranted
            )
    }
}

words! {
    /// How sure an analysis is. `Inconclusive` is never clean and never an alarm.
    pub enum Verdict {
        /// Looked at, and in order.
        Clean = "clean",
        /// Out of the ordinary, and explained by a named cause.
        Benign = "benign",
        /// Could not be told: loss, time-out, no permission.
        Inconclusive = "inconclusive",
        /// Looks like an attack, without proof.
        Suspicious = "suspicious",
        /// Proved, cryptographically or by two independent layers.
        Confirmed = "confirmed",
    }
}

/// One thing that a second person can check: a name from the field, and its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is: `endpoint`, `issuer`, `http_status`, `certificate_sha256`.
    pub name: String,
    /// Its value as text.
    pub value: String,
}

impl Evidence {
    /// A named value.
    pub fn new(name: impl Into<String>, value: impl ToString) -> Self {
        Self { name: name.into(), value: value.to_string() }
    }
}

/// What an analysis says of one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// What it is.
    pub detection: Detection,
    /// Of what: an app id, a host name, a profile's identifier, a certificate's subject, or empty where the device or the network as a whole is meant.
    pub subject: String,
    /// How sure.
    pub verdict: Verdict,
    /// Why, in English words that a person can check.
    pub reason: String,
    /// What it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}

impl Judgement {
    /// A judgement about the device or the network as a whole, to be completed by [`Self::about`],
    /// [`Self::because`] and [`Self::with`].
    pub fn new(detection: Detection, verdict: Verdict) -> Self {
        Self { detection, subject: String::new(), verdict, reason: String::new(), evidence: Vec::new() }
    }

    /// Names the subject.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// Gives the reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// Adds evidence.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.evidence.push(Evidence::new(name, value));
        self
    }
}

/// How far a check got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Coverage {
    /// The check ran to its end.
    Complete,
    /// The check did not come to a result.
    Unknown {
        /// Why not, in words for a person.
        why: String,
    },
    /// A permission or setting that the check needs is missing.
    NotPermitted {
        /// Which one, in words for a person.
        why: String,
    },
}

/// One line of the coverage report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageItem {
    /// The check.
    pub check: CheckId,
    /// How far it got.
    #[serde(flatten)]
    pub coverage: Coverage,
}

impl From<&CheckOutcome> for CoverageItem {
    fn from(outcome: &CheckOutcome) -> Self {
        Self { check: outcome.check, coverage: outcome.coverage.clone() }
    }
}

/// Everything that one check of one scan has to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckOutcome {
    /// The check.
    pub check: CheckId,
    /// How far it got.
    pub coverage: Coverage,
    /// One sentence for a person: what was seen, for a clean check too.
    pub summary: String,
    /// What it judged; empty when clean.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judgements: Vec<Judgement>,
    /// What another check judged, of which something that this one saw is a part: one cause is one finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<Detection>,
}

impl CheckOutcome {
    /// A check that ran and found nothing out of the ordinary.
    pub fn clean(check: CheckId, summary: impl Into<String>) -> Self {
        Self::judged(check, summary, Vec::new())
    }

    /// A check that came to no result.
    pub fn unknown(check: CheckId, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { coverage: Coverage::Unknown { why: why.clone() }, ..Self::clean(check, why) }
    }

    /// A check that lacks a permission or setting.
    pub fn not_permitted(check: CheckId, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { coverage: Coverage::NotPermitted { why: why.clone() }, ..Self::clean(check, why) }
    }

    /// A check that ran and has something to say.
    pub fn judged(check: CheckId, summary: impl Into<String>, judgements: Vec<Judgement>) -> Self {
        Self { check, coverage: Coverage::Complete, summary: summary.into(), judgements, part_of: None }
    }

    /// The gravest verdict: that of the judgements, or `Inconclusive` for a check without result.
    pub fn verdict(&self) -> Verdict {
        let floor = match self.coverage {
            Coverage::Complete => Verdict::Clean,
            Coverage::Unknown { .. } | Coverage::NotPermitted { .. } => Verdict::Inconclusive,
        };
        self.judgements.iter().map(|judgement| judgement.verdict).fold(floor, Verdict::max)
    }
}

/// Where a finding is in its life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum FindingState {
    /// It counts.
    Open,
    /// A later scan looked again and found it gone.
    Resolved {
        /// When that was seen.
        at: Timestamp,
    },
    /// The organisation's policy sets it aside.
    Ignored {
        /// Since when.
        at: Timestamp,
        /// Why, from the policy. Beside the judgement's own `reason` in the same object, hence another name.
        #[serde(rename = "ignored_because")]
        reason: String,
    },
}

/// A judgement with a severity and a life: what the level is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was judged, as last seen.
    #[serde(flatten)]
    pub judgement: Judgement,
    /// How bad it is under the policy in force.
    pub severity: Severity,
    /// When it was first seen in this life.
    pub detected_at: Timestamp,
    /// When it was last seen.
    pub last_seen_at: Timestamp,
    /// Open, resolved or ignored.
    #[serde(flatten)]
    pub state: FindingState,
    /// What decides when it is gone. Stays on the device.
    #[serde(default, skip_serializing_if = "Trace::is_empty")]
    pub trace: Trace,
}

/// Who saw a finding, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The checks whose last word is that they saw it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub seen_by: BTreeSet<CheckId>,
    /// A digest of what tells the network of the last sighting from others; absent where nothing does, and for what is
    /// no finding of a network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Sha256>,
}

impl Trace {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.seen_by.is_empty() && self.network.is_none()
    }
}

impl Finding {
    /// Whether this finding counts towards the level.
    pub fn is_open(&self) -> bool {
        self.state == FindingState::Open
    }
}
