import Foundation
import MTDAgentCore

/// Apple's service that vouches for an app on a device (`DCAppAttestService`). Called on a thread of the agent, and blocks.
protocol AttestService: Sendable {
    /// Whether this device has it (`isSupported`).
    var isSupported: Bool { get }
    /// Makes a key in the Secure Enclave and names it (`generateKey`).
    func generateKey() throws(AttestFailure) -> String
    /// Apple's word on the key, bound to the SHA-256 of `clientData` (`attestKey`).
    func attest(keyID: String, clientData: Data) throws(AttestFailure) -> Data
}

/// Why the service did not do it (`DCError`).
enum AttestFailure: Error, Equatable {
    /// It cannot be reached now. Apple asks for the same key to be tried again later.
    case busy(why: String)
    /// This key will never be attested. Apple asks for another.
    case keyUnusable(why: String)
    /// Anything else.
    case failed(why: String)
}

/// A short text that outlives the process, on this device only.
protocol KeptText: Sendable {
    func read() throws -> String?
    /// Keeps `text`; none where it is absent.
    func write(_ text: String?) throws
}

/// Attests the device key through App Attest: the key that Apple vouches for signs nothing, but what it vouches for names the
/// device key.
///
/// An App Attest key is attested once. Its name is kept from when it is made until it is attested, so that an enrolment that
/// failed on the way to Apple goes on with it; the enrolment after a success makes another.
struct AppAttestation {
    let service: any AttestService
    let keptKeyID: any KeptText

    /// What App Attest is asked to vouch for: `challenge`, then the RFC 7638 thumbprint of the device key.
    static func clientData(challenge: Data, deviceKeySPKI: Data) throws -> Data {
        challenge + Data(try keyThumbprint(spkiDer: deviceKeySPKI).utf8)
    }

    /// Apple's word on `clientData`; `nil` where this device has no App Attest.
    func attest(clientData: Data) throws -> KeyAttestation? {
        guard service.isSupported else { return nil }
        do {
            if let kept = try keptKeyID.read() {
                do { return try attest(keyID: kept, clientData: clientData) } catch AttestFailure.keyUnusable {}
            }
            return try attest(keyID: try makeKey(), clientData: clientData)
        } catch let failure as AttestFailure {
            throw error(failure)
        }
    }

    private func makeKey() throws -> String {
        let keyID = try service.generateKey()
        try keptKeyID.write(keyID)
        return keyID
    }

    private func attest(keyID: String, clientData: Data) throws -> KeyAttestation {
        do {
            let object = try service.attest(keyID: keyID, clientData: clientData)
            try keptKeyID.write(nil)
            return .appleAppAttest(keyId: keyID, object: object)
        } catch AttestFailure.keyUnusable(let why) {
            try keptKeyID.write(nil)
            throw AttestFailure.keyUnusable(why: why)
        }
    }

    private func error(_ failure: AttestFailure) -> HostError {
        switch failure {
        case .busy(let why): .Busy(why: "Apple's attestation service cannot be reached: try again later, or on another network (\(why))")
        case .keyUnusable(let why), .failed(let why): .Failed(why: "Apple does not attest this app: \(why)")
        }
    }
}
