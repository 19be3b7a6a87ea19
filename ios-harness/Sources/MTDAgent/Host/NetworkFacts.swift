import MTDAgentCore

/// The network as the agent takes it, of what iOS tells. Asks each question once.
struct NetworkFacts {
    private let path: Fact<PathDescription>
    private let interfaces: Fact<[InterfaceAddress]>
    private let proxies: Fact<ProxySettings>
    private let wifi: Fact<WifiDescription>
    private let dnsServers: Fact<[String]>

    init(probe: any NetworkProbe) {
        path = probe.path().flatMap { $0.isSatisfied ? .known($0) : .notAvailable(why: "there is no network") }
        let carrier = path.map(Self.transport)
        // Asked on a Wi-Fi only: the answer would be of the one before, or an error that means nothing.
        wifi = switch carrier {
        case .known(.wifi): probe.wifi()
        case .known: .notAvailable(why: "the network in use is no Wi-Fi")
        case .notPermitted(let why): .notPermitted(why: why)
        case .notAvailable(let why): .notAvailable(why: why)
        }
        interfaces = probe.interfaces()
        proxies = probe.proxies()
        dnsServers = probe.dnsServers()
    }

    var snapshot: NetworkSnapshot {
        NetworkSnapshot(
            name: .init(name),
            gateways: .init(path.flatMap { $0.gateways.isEmpty ? .notAvailable(why: "iOS names no gateway of this network") : .known($0.gateways) }),
            dnsServers: .init(dnsServers),
            proxies: .init(proxies.map { $0.entries.map { Proxy(scheme: $0.scheme, address: $0.address) } }),
            vpns: .init(vpns),
            captive: .notAvailable(why: "iOS does not tell apps of sign-in pages"),
            privateDns: .notAvailable(why: "iOS does not tell apps whether the system's DNS is encrypted"),
            transport: .init(path.map(Self.transport)),
            ssid: .init(wifi.map(\.ssid)),
            bssid: .init(wifi.map { Self.hardwareAddress($0.bssid) }),
            security: .init(wifi.flatMap(Self.security)),
            neighbours: .notAvailable(why: "iOS does not show apps the other devices on the link"),
            dhcpServer: .notAvailable(why: "iOS does not tell apps which DHCP server gave the lease"),
            nat64Prefix: .notAvailable(why: "iOS does not tell apps under which prefix the network reaches IPv4"),
            portalApi: .notAvailable(why: "iOS keeps the address of the sign-in page's interface to itself"),
            metered: .init(path.map(\.isExpensive))
        )
    }

    /// The Wi-Fi's, or the interface's.
    private var name: Fact<String> {
        if let ssid = wifi.value?.ssid { return .known(ssid) }
        return path.flatMap { path in
            let carrier = path.interfaces.first { $0.kind != .other && $0.kind != .loopback } ?? path.interfaces.first
            return carrier.map { .known($0.name) } ?? .notAvailable(why: "iOS names no interface of this network")
        }
    }

    /// Interfaces of tunnels that carry traffic. iOS keeps `utun` interfaces of its own, without a routable address.
    private var vpns: Fact<[String]> {
        interfaces.map { addresses in
            let carrying = addresses.filter { Self.isTunnel($0.interface) && !Self.isLinkLocal($0.address) }.map(\.interface)
            let scoped = (proxies.value?.scopedInterfaces ?? []).filter(Self.isTunnel)
            return Set(carrying + scoped).sorted()
        }
    }

    private static func isTunnel(_ interface: String) -> Bool {
        ["utun", "ipsec", "ppp", "tun", "tap"].contains { interface.hasPrefix($0) }
    }

    private static func isLinkLocal(_ address: String) -> Bool {
        address.lowercased().hasPrefix("fe80:") || address.hasPrefix("169.254.")
    }

    /// What carries the network under a VPN, too, whose own interface is of type `other`.
    private static func transport(_ path: PathDescription) -> Transport {
        for interface in path.interfaces {
            switch interface.kind {
            case .wifi: return .wifi
            case .cellular: return .cellular
            case .wiredEthernet: return .ethernet
            case .loopback, .other: continue
            }
        }
        return .other
    }

    private static func security(_ wifi: WifiDescription) -> Fact<WifiSecurity> {
        switch wifi.security {
        case .open: .known(.open)
        case .wep: .known(.wep)
        case .personal: .known(.personal)
        case .enterprise: .known(.enterprise)
        case .unknown: .notAvailable(why: "iOS does not know how this Wi-Fi is protected")
        case nil: .notAvailable(why: "iOS tells how a Wi-Fi is protected from version 15 on")
        }
    }

    /// iOS leaves out leading zeros: `2:0:5e:10:0:1`.
    private static func hardwareAddress(_ text: String) -> String {
        text.split(separator: ":", omittingEmptySubsequences: false).map { $0.count == 1 ? "0\($0)" : String($0) }.joined(separator: ":")
    }
}
