/// What iOS tells of the network, as it tells it: `IOSDeviceHost` makes facts of it.
///
/// Asked on a thread of the agent, at most once in each scan; may block for as long as the platform does.
public protocol NetworkProbe: Sendable {
    /// The path in use (`NWPathMonitor.currentPath`).
    func path() -> Fact<PathDescription>
    /// The addresses of the interfaces (`getifaddrs`).
    func interfaces() -> Fact<[InterfaceAddress]>
    /// Addresses of the DNS servers in use (`res_getservers`).
    func dnsServers() -> Fact<[String]>
    /// The proxies (`CFNetworkCopySystemProxySettings`).
    func proxies() -> Fact<ProxySettings>
    /// The Wi-Fi (`NEHotspotNetwork.fetchCurrent`).
    func wifi() -> Fact<WifiDescription>
}

/// A network path (`NWPath`).
public struct PathDescription: Sendable, Equatable {
    /// How an interface carries the network (`NWInterface.InterfaceType`).
    public enum Kind: Sendable { case wifi, cellular, wiredEthernet, loopback, other }

    /// Whether the path can be used now (`NWPath.Status.satisfied`).
    public var isSatisfied: Bool
    /// The interfaces in the system's order of preference: name and type.
    public var interfaces: [Interface]
    /// The gateways' addresses, as text (`NWPath.gateways`).
    public var gateways: [String]
    /// Whether its traffic costs (`NWPath.isExpensive`).
    public var isExpensive: Bool
    /// Whether the user asks to spare its data (`NWPath.isConstrained`, Low Data Mode).
    public var isConstrained: Bool

    /// One interface of a path.
    public struct Interface: Sendable, Equatable {
        /// `en0`, `pdp_ip0`, `utun4`.
        public var name: String
        /// What carries it.
        public var kind: Kind

        /// An interface of this name and type.
        public init(name: String, kind: Kind) {
            self.name = name
            self.kind = kind
        }
    }

    /// A path as `NWPath` tells it.
    public init(isSatisfied: Bool, interfaces: [Interface], gateways: [String], isExpensive: Bool, isConstrained: Bool = false) {
        self.isSatisfied = isSatisfied
        self.interfaces = interfaces
        self.gateways = gateways
        self.isExpensive = isExpensive
        self.isConstrained = isConstrained
    }
}

/// One address of one interface that is up (`ifaddrs`).
public struct InterfaceAddress: Sendable, Equatable {
    /// The interface's name: `utun4`.
    public var interface: String
    /// The address as text; a scope (`%en0`) may follow.
    public var address: String

    /// An address of an interface.
    public init(interface: String, address: String) {
        self.interface = interface
        self.address = address
    }
}

/// A Wi-Fi (`NEHotspotNetwork`).
public struct WifiDescription: Sendable, Equatable {
    /// `NEHotspotNetworkSecurityType`.
    public enum Security: Sendable { case open, wep, personal, enterprise, unknown }

    /// The Wi-Fi's name (`ssid`).
    public var ssid: String
    /// The access point's hardware address (`bssid`), as iOS writes it: leading zeros of a pair may be missing.
    public var bssid: String
    /// How it is protected (`securityType`); absent before iOS 15, which does not tell.
    public var security: Security?

    /// A Wi-Fi as `NEHotspotNetwork` tells it.
    public init(ssid: String, bssid: String, security: Security?) {
        self.ssid = ssid
        self.bssid = bssid
        self.security = security
    }
}
