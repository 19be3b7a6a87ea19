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
    /// From where the apps came, and who signed them.
    AppOrigin,
    /// How the apps are built, and what they may do.
    AppBuild,
    /// The apps against the organisation's rules.
    AppRules,
    /// The hosts that the device was in contact with against the threat intelligence.
    WebContacts,
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
    /// What was met on this device's own way to its connector.
    ConnectorPath,
    /// Version and patch age of the operating system.
    OsVersion,
    /// Encryption of the storage.
    StorageEncryption,
    /// Screen lock.
    ScreenLock,
    /// Root and jailbreak.
    Integrity,
    /// The system's own files and identity.
    SystemIntegrity,
    /// What runs in and below this app: hooking frameworks, emulators.
    Runtime,
    /// Bootloader and verified boot.
    VerifiedBoot,
    /// How the key that signs reports is kept.
    KeyAttestation,
    /// Debugging switches.
    Debugging,
    /// From where apps may be installed, and whether they are looked at.
    AppSources,
    /// Apps that may read and act for others: accessibility, device administration, always-on VPN.
    SpecialAccess,
    /// Root certificates that were added.
    Certificates,
    /// Configuration profiles.
    Profiles,
    /// Proxies and VPNs that stand in the device's path.
    NetworkPath,
    /// The version of the agent.
    AgentVersion,
    /// Findings that together are worse than each.
    Composite,
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
    /// The same app id now has another signer, or one that is not its publisher.
    ResignedApp,
    /// A managed app is managed no longer.
    ManagementRemoved,
    /// An app came from no store.
    SideloadedApp,
    /// An app is signed by an enterprise or ad hoc, and not validated (iOS).
    UnvalidatedApp,
    /// An app came from a store that is not the platform's.
    ThirdPartyStore,
    /// An app can be debugged.
    DebuggableApp,
    /// An app is built for a version of the system that spares it today's protections.
    OldTargetSdk,
    /// An app from no store holds permissions that together take over a device.
    RiskyPermissions,
    /// An app that the organisation denies, or does not allow, is installed.
    DeniedApp,
    /// An app that the organisation requires is missing.
    RequiredAppMissing,
    /// An app is older than the organisation wants.
    AppBelowMinimum,
    /// An unmanaged app has the identifier of a managed one.
    UnmanagedTwin,
    /// An app from no store controls the device: several findings on one app.
    DeviceTakeover,
    /// A host that asks for credentials in another's name.
    PhishingSite,
    /// A host of malware or of its command and control.
    MaliciousSite,
    /// A host of a scam or a hidden miner.
    UnwantedSite,
    /// A name that is made to be taken for the organisation's.
    LookalikeDomain,
    /// A bare address, or a name that nobody knew until lately.
    RiskyHost,
    /// The device is rooted or jailbroken.
    Rooted,
    /// The system was tampered with.
    SystemTampered,
    /// A hooking framework is at work in this app.
    Hooked,
    /// The device is an emulator.
    Emulator,
    /// The key that signs reports is not kept, or not proved to be kept, as was promised.
    KeyNotAttested,
    /// The system gets no more security updates.
    OsEndOfLife,
    /// The system has a vulnerability that is being exploited.
    OsExploited,
    /// The system is older than the organisation wants.
    OsBelowMinimum,
    /// There is a newer version of the system.
    OsOutdated,
    /// The newest security patch is too old.
    PatchOld,
    /// Storage is not encrypted.
    StorageUnencrypted,
    /// There is no screen lock.
    ScreenLockOff,
    /// The bootloader is unlocked, or the verified boot is not green.
    BootloaderUnlocked,
    /// Developer mode is on.
    DeveloperMode,
    /// Debugging over USB is on.
    UsbDebugging,
    /// Debugging over the network is on.
    WirelessDebugging,
    /// Another debugging switch is on.
    DebuggingOn,
    /// Apps may be installed from unknown sources.
    UnknownSources,
    /// Apps are not looked at before they are installed (Google Play Protect).
    AppVerificationOff,
    /// An unknown app is the always-on VPN.
    AlwaysOnVpn,
    /// An app from no store is an accessibility service.
    AccessibilityGranted,
    /// An app from no store is a device administrator.
    DeviceAdminGranted,
    /// A configuration profile is not the organisation's, and can do harm.
    RiskyProfile,
    /// A root certificate was added that the organisation did not declare.
    UndeclaredRoot,
    /// The agent is older than the organisation wants.
    AgentOutdated,
    /// A root certificate was put among those of the system.
    TrustStoreCompromised,
    /// A proxy stands in the path of the device's traffic.
    LocalProxy,
    /// Traffic leaves by a VPN: a label, not a fault.
    VpnActive,
}
