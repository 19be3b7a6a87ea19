import Foundation

/// Asks the platform's verifier about a chain of certificates.
public protocol TrustProbe: Sendable {
    /// Evaluates `chain` (DER, leaf first) for a TLS server named `host` at `moment`, or now where it is absent
    /// (`SecTrustEvaluateWithError`, `SecTrustSetVerifyDate`), without fetching anything over the network
    /// (`SecTrustSetNetworkFetchAllowed`). What cannot be parsed is refused in words.
    func evaluate(chain: [Data], host: String, at moment: Date?) -> Fact<TrustOutcome>
}

/// What the platform's verifier says.
public enum TrustOutcome: Sendable, Equatable {
    /// Valid.
    case trusted(path: EvaluatedPath)
    /// Refused only for the time: expired, or not valid yet (`errSecCertificateExpired`, `errSecCertificateNotValidYet`).
    case outOfDate(why: String)
    /// Refused, in the platform's words.
    case refused(why: String)
}

/// The path that the verifier built.
public struct EvaluatedPath: Sendable, Equatable {
    /// SHA-256 of the root's SubjectPublicKeyInfo, 32 bytes; absent where the platform does not show the path.
    public var rootSPKI: Data?

    /// A path whose root has this digest.
    public init(rootSPKI: Data?) {
        self.rootSPKI = rootSPKI
    }
}
