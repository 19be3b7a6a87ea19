//! What the agent looks at and what it can find: the identifiers of the policy file, as types.

pub use agent_core::model::{CheckId, Detection};

/// A thing that the agent looks at. Coverage is told, and findings are resolved, by check.
#[uniffi::remote(Enum)]
pub enum CheckId {
    /// The list of installed apps.
    Inventory,
    /// The apps against the indicators of the threat intelligence.
    AppIndicators,
    /// The apps against those of the scan before.
    AppChanges,
    /// Captive portal probes.
    Captive,
    /// Certificate chains of the probe endpoints.
    TlsChain,
    /// The session that ends at a canary against the one that began here.
    TlsBinding,
    /// Certificate chains against the organisation's pins.
    TlsPins,
    /// Signed certificate timestamps of public certificates.
    TlsSct,
    /// Whether the best version of TLS gets through.
    TlsDowngrade,
    /// The redirect from clear HTTP to HTTPS.
    HttpStrip,
    /// Page, script and image over clear HTTP.
    HttpTamper,
    /// Requests over clear HTTP as they arrive.
    HttpProxy,
    /// The canary's names by the network's resolvers.
    DnsAnswer,
    /// Names that do not exist, resolvers that do not, and answers that come twice.
    DnsPath,
    /// The system's encrypted DNS.
    DnsPrivate,
    /// Hardware addresses of the gateways and their neighbours.
    LinkNeighbour,
    /// The first hops of the way out.
    LinkPath,
    /// What the network tells of itself, against what it told before.
    LinkDrift,
    /// Encryption of the Wi-Fi.
    WifiExposure,
    /// A Wi-Fi with a known name against the one that had it before.
    WifiTwin,
    /// Version and patch age of the operating system.
    OsVersion,
    /// Encryption of the storage.
    StorageEncryption,
    /// Screen lock.
    ScreenLock,
    /// Root, jailbreak and tampering.
    Integrity,
    /// Debugging switches.
    Debugging,
    /// Proxies and VPNs that stand in the device's path.
    NetworkPath,
}

/// What can be found. Each has one row in the policy file and one entry in each text file.
#[uniffi::remote(Enum)]
pub enum Detection {
    /// The network answers for everyone until somebody signs in.
    CaptivePortal,
    /// Somebody other than the endpoint terminates TLS.
    TlsInterception,
    /// TLS is inspected under a root that the organisation declared.
    ManagedInspection,
    /// An endpoint's certificate is not valid, and nothing says that the network is the cause.
    InvalidCertificate,
    /// The best version of TLS is kept from getting through.
    TlsDowngrade,
    /// The redirect from clear HTTP to HTTPS is taken away.
    SslStrip,
    /// What comes over clear HTTP is changed on the way.
    ContentTampering,
    /// Images over clear HTTP are recompressed on the way.
    ContentRecompressed,
    /// A proxy that nobody set passes on requests over clear HTTP.
    TransparentProxy,
    /// The device's clock is wrong.
    ClockSkew,
    /// DNS answers are forged on this network.
    DnsSpoofing,
    /// Names that do not exist get an address.
    DnsWildcard,
    /// A zone that the organisation declared is answered otherwise here.
    SplitHorizon,
    /// A name leads elsewhere, and the right server is there.
    DnsRedirected,
    /// The system's encrypted DNS cannot be reached.
    PrivateDnsBlocked,
    /// Another host has taken the gateway's place on the link.
    ArpSpoofing,
    /// Traffic takes a way out that is not the gateway's.
    PathChanged,
    /// Another DHCP server than this network's configured the device.
    RogueDhcp,
    /// A new IPv6 router announced itself.
    RogueRouter,
    /// The network configures the device otherwise than before.
    ConfigurationChanged,
    /// Another access point uses the name of a known network.
    EvilTwin,
    /// An app matches an indicator of malware, spyware, stalkerware or the like.
    MaliciousApp,
    /// An app matches an indicator of dual-use software or adware.
    UnwantedApp,
    /// The same app id now has another signer.
    ResignedApp,
    /// A managed app is managed no longer.
    ManagementRemoved,
    /// The device is rooted or jailbroken, or its system was tampered with.
    Rooted,
    /// The newest security patch is too old.
    PatchOld,
    /// Storage is not encrypted.
    StorageUnencrypted,
    /// There is no screen lock.
    ScreenLockOff,
    /// A debugging switch is on.
    DebuggingOn,
    /// A root certificate was put among those of the system.
    TrustStoreCompromised,
    /// A proxy stands in the path of the device's traffic.
    LocalProxy,
    /// Traffic leaves by a VPN: a label, not a fault.
    VpnActive,
}
