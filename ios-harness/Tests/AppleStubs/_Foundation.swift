// What Foundation has on Apple's platforms and lacks on Linux.
import Foundation
import FoundationNetworking
import Security

extension URLSessionConfiguration {
    enum TLSVersion { case TLSv12, TLSv13 }
    class func background(withIdentifier identifier: String) -> URLSessionConfiguration { fatalError() }
    var isDiscretionary: Bool {
        get { fatalError() }
        set { fatalError() }
    }
    var sessionSendsLaunchEvents: Bool {
        get { fatalError() }
        set { fatalError() }
    }
    /// `tls_protocol_version_t`.
    var tlsMinimumSupportedProtocolVersion: TLSVersion {
        get { fatalError() }
        set { fatalError() }
    }
}

/// There on Linux, but marked unavailable.
let NSURLAuthenticationMethodServerTrust = ""

extension URLProtectionSpace {
    var serverTrust: SecTrust? { fatalError() }
}

extension URLCredential {
    convenience init(trust: SecTrust) { fatalError() }
}

extension ProcessInfo {
    var isLowPowerModeEnabled: Bool { fatalError() }
}
