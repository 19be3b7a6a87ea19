import Foundation

public enum NEHotspotNetworkSecurityType: Int, Sendable {
    case open = 0
    case WEP = 1
    case personal = 2
    case enterprise = 3
    case unknown = 4
}

public class NEHotspotNetwork {
    public var ssid: String { fatalError() }
    public var bssid: String { fatalError() }
    public var securityType: NEHotspotNetworkSecurityType { fatalError() }
    public class func fetchCurrent(completionHandler: @escaping @Sendable (NEHotspotNetwork?) -> Void) {}
}
