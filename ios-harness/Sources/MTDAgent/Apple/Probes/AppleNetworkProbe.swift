#if canImport(Network) && canImport(CFNetwork)
    import CFNetwork
    import Foundation

    /// What this device tells of its network.
    final class AppleNetworkProbe: NetworkProbe {
        private let monitor: PathMonitor

        init(monitor: PathMonitor) {
            self.monitor = monitor
        }

        func path() -> Fact<PathDescription> {
            monitor.current()
        }

        func interfaces() -> Fact<[InterfaceAddress]> {
            InterfaceAddresses.all()
        }

        func dnsServers() -> Fact<[String]> {
            ResolverServers.addresses()
        }

        func proxies() -> Fact<ProxySettings> {
            guard let settings = CFNetworkCopySystemProxySettings()?.takeRetainedValue() as? [String: Any] else {
                return .notAvailable(why: "iOS does not tell the proxies (CFNetworkCopySystemProxySettings)")
            }
            return .known(ProxySettings(settings))
        }

        func wifi() -> Fact<WifiDescription> {
            #if canImport(NetworkExtension) && canImport(UIKit)
                Hotspot.current()
            #else
                .notAvailable(why: "only iOS tells the Wi-Fi in this way (NEHotspotNetwork)")
            #endif
        }
    }
#endif
