#if canImport(Security) && canImport(CryptoKit)
    import CryptoKit
    import Foundation
    import Security

    /// Whether a server is the connector: its chain is valid, and holds a pinned key.
    ///
    /// As in the core, a certificate that the server presents and whose key is pinned is a trust anchor of its own, so that
    /// an organisation's CA need not be installed. App Transport Security may ask for more, and then refuses by itself.
    enum ConnectorTrust {
        static func accepts(_ trust: SecTrust, pins: [String]) -> Bool {
            let check = PinCheck(pins: Set(pins)) { Data(SHA256.hash(data: $0)) }
            let presented = certificates(of: trust)
            let anchors = check.pinned(in: presented.map(der)).map { presented[$0] }
            guard SecTrustSetAnchorCertificates(trust, anchors as CFArray) == errSecSuccess,
                SecTrustSetAnchorCertificatesOnly(trust, false) == errSecSuccess,
                SecTrustEvaluateWithError(trust, nil)
            else { return false }
            return !check.pinned(in: certificates(of: trust).map(der)).isEmpty
        }

        /// Before an evaluation what the server presented, after it the path.
        private static func certificates(of trust: SecTrust) -> [SecCertificate] {
            SecTrustCopyCertificateChain(trust) as? [SecCertificate] ?? []
        }

        private static func der(_ certificate: SecCertificate) -> Data {
            SecCertificateCopyData(certificate) as Data
        }
    }
#endif
