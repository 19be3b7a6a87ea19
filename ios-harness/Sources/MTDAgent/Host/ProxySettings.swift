/// The proxies of a network, as `CFNetworkCopySystemProxySettings` tells them.
public struct ProxySettings: Sendable, Equatable {
    /// One proxy.
    public struct Entry: Sendable, Equatable {
        /// Which traffic: `http`, `https`, `all`, `pac`.
        public var scheme: String
        /// `host:port`; the URL of the script for `pac`.
        public var address: String
    }

    /// The proxies that are turned on.
    public var entries: [Entry]
    /// The interfaces that have settings of their own (`__SCOPED__`): a VPN's is among them while it is up.
    public var scopedInterfaces: [String]

    /// Reads the dictionary's keys (`kCFNetworkProxiesHTTPEnable` and the like, whose values are `HTTPEnable`…). What is
    /// not of the right type is taken as absent.
    public init(_ dictionary: [String: Any]) {
        entries = [
            Self.entry("http", in: dictionary, key: "HTTP"),
            Self.entry("https", in: dictionary, key: "HTTPS"),
            Self.entry("all", in: dictionary, key: "SOCKS"),
            Self.script(in: dictionary),
        ].compactMap { $0 }
        scopedInterfaces = ((dictionary["__SCOPED__"] as? [String: Any])?.keys).map { $0.sorted() } ?? []
    }

    private static func entry(_ scheme: String, in dictionary: [String: Any], key: String) -> Entry? {
        guard isOn(dictionary["\(key)Enable"]), let host = dictionary["\(key)Proxy"] as? String, !host.isEmpty else {
            return nil
        }
        let port = (dictionary["\(key)Port"] as? Int).map { ":\($0)" } ?? ""
        return Entry(scheme: scheme, address: host + port)
    }

    private static func script(in dictionary: [String: Any]) -> Entry? {
        if isOn(dictionary["ProxyAutoConfigEnable"]), let url = dictionary["ProxyAutoConfigURLString"] as? String {
            return Entry(scheme: "pac", address: url)
        }
        // Web Proxy Auto-Discovery: the network names the script.
        return isOn(dictionary["ProxyAutoDiscoveryEnable"]) ? Entry(scheme: "pac", address: "wpad") : nil
    }

    private static func isOn(_ value: Any?) -> Bool {
        (value as? Int).map { $0 != 0 } ?? (value as? Bool) ?? false
    }
}
