// macOS has the framework without this class; UIKit tells the two apart.
#if canImport(NetworkExtension) && canImport(UIKit)
    import Foundation
    import NetworkExtension

    /// The Wi-Fi in use (`NEHotspotNetwork.fetchCurrent`).
    enum Hotspot {
        /// How long iOS is waited for, in seconds.
        private static let patience: TimeInterval = 3

        /// Asked on a Wi-Fi only, so that nothing means: not allowed.
        static func current() -> Fact<WifiDescription> {
            guard !Simulator.isThis else { return .notAvailable(why: "the simulator has no Wi-Fi of its own") }
            let answer: WifiDescription?? = BlockingCall.value(within: patience) { give in
                NEHotspotNetwork.fetchCurrent { give($0.map(WifiDescription.init)) }
            }
            switch answer {
            case .some(.some(let wifi)): return .known(wifi)
            case .some(.none): return .notPermitted(why: permission)
            case .none: return .notAvailable(why: "iOS did not tell the Wi-Fi in time (NEHotspotNetwork)")
            }
        }

        private static let permission = """
            the Wi-Fi's name needs the precise location: allow it for this app in Settings > Privacy & Security > Location \
            Services (and the app needs the entitlement com.apple.developer.networking.wifi-info)
            """
    }

    extension WifiDescription {
        fileprivate init(_ network: NEHotspotNetwork) {
            self.init(ssid: network.ssid, bssid: network.bssid, security: Security(network.securityType))
        }
    }

    extension WifiDescription.Security {
        fileprivate init(_ type: NEHotspotNetworkSecurityType) {
            switch type {
            case .open: self = .open
            case .WEP: self = .wep
            case .personal: self = .personal
            case .enterprise: self = .enterprise
            case .unknown: self = .unknown
            @unknown default: self = .unknown
            }
        }
    }
#endif
