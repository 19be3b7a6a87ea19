import Foundation
import MTDAgent

/// A device key in this process's memory, in place of the Secure Enclave's.
public final class SoftwareDeviceKey: DeviceKey {
    private let pair: SoftwareKeyPair
    private let beforeSigning: @Sendable () throws -> Void

    /// A key that calls `beforeSigning` each time it is to sign, where a test can interfere.
    public init(_ pair: SoftwareKeyPair = SoftwareKeyPair(), beforeSigning: @escaping @Sendable () throws -> Void = {}) {
        self.pair = pair
        self.beforeSigning = beforeSigning
    }

    public func publicKeySpkiDer() throws -> Data { pair.spkiDER }

    public func signEs256(message: Data) throws -> Signature {
        try beforeSigning()
        guard let signature = pair.sign(message) else { throw HostError.Failed(why: "the software key does not sign") }
        return .der(bytes: signature)
    }

    public func protection() throws -> KeyProtection { .software }

    public func attestation(challenge: Data) throws -> KeyAttestation? { nil }
}
