#if canImport(Security) && canImport(CryptoKit)
    import CryptoKit
    import Foundation
    import Security

    /// The system's verifier (`SecTrustEvaluateWithError`). It does not say who put a root among the trusted ones.
    struct SecTrustProbe: TrustProbe {
        func evaluate(chain: [Data], host: String, at moment: Date?) -> Fact<TrustOutcome> {
            let certificates = chain.compactMap { SecCertificateCreateWithData(nil, $0 as CFData) }
            guard certificates.count == chain.count, !chain.isEmpty else {
                return .known(.refused(why: "what the server presents is no chain of certificates"))
            }
            var made: SecTrust?
            let status = SecTrustCreateWithCertificates(certificates as CFArray, SecPolicyCreateSSL(true, host as CFString), &made)
            guard status == errSecSuccess, let trust = made else {
                return .notAvailable(why: "the system's verifier does not start (OSStatus \(status))")
            }
            // The network is what is being judged: nothing is fetched over it, and nobody learns of the evaluation.
            guard SecTrustSetNetworkFetchAllowed(trust, false) == errSecSuccess,
                moment.map({ SecTrustSetVerifyDate(trust, $0 as CFDate) }) ?? errSecSuccess == errSecSuccess
            else { return .notAvailable(why: "the system's verifier cannot be set up") }
            var error: CFError?
            if SecTrustEvaluateWithError(trust, &error) { return .known(.trusted(path: EvaluatedPath(rootSPKI: rootSPKI(of: trust)))) }
            return .known(refusal(error))
        }

        private func refusal(_ error: CFError?) -> TrustOutcome {
            guard let error else { return .refused(why: "refused, without a reason") }
            let code = CFErrorGetCode(error)
            // The text of the error names the certificate; its code, in the system's words, does not.
            let words = SecCopyErrorMessageString(OSStatus(code), nil) as String?
            let why = "\(words ?? "refused") (\(code))"
            let isForTime = code == Int(errSecCertificateExpired) || code == Int(errSecCertificateNotValidYet)
            return isForTime ? .outOfDate(why: why) : .refused(why: why)
        }

        /// The last certificate of the path that the verifier built.
        private func rootSPKI(of trust: SecTrust) -> Data? {
            guard let path = SecTrustCopyCertificateChain(trust) as? [SecCertificate], let root = path.last else { return nil }
            return CertificateFields(der: SecCertificateCopyData(root) as Data).map { Data(SHA256.hash(data: $0.spkiDER)) }
        }
    }
#endif
