import Foundation
import MTDAgentCore

// An app's own parts as the core gets them: whatever they throw is told by its type alone, since its text may quote
// anything, and no value reaches UniFFI's code at which that ends the process.

final class GuardedHost: DeviceHost {
    private let host: any DeviceHost

    init(_ host: any DeviceHost) {
        self.host = host
    }

    func installedApps() throws -> Inventory {
        try guarded(host.installedApps)
    }

    func devicePosture() throws -> DevicePosture {
        try guarded(host.devicePosture)
    }

    func networkSnapshot() throws -> NetworkSnapshot {
        try guarded(host.networkSnapshot)
    }

    func evaluateTrust(chain: [Data], host name: String) throws -> TrustVerdict {
        let verdict = try guarded { try host.evaluateTrust(chain: chain, host: name) }
        if case .outOfDate(_, _, let moment) = verdict, !Self.isDate(moment) {
            throw HostError.Failed(why: "the host app told a moment that is none")
        }
        return verdict
    }

    /// Whether `moment` is within the years that a certificate can name.
    private static func isDate(_ moment: Date) -> Bool {
        let seconds = moment.timeIntervalSince1970
        return seconds.isFinite && abs(seconds) < 9999 * 366 * 86400
    }
}

final class GuardedKey: DeviceKey {
    private let key: any DeviceKey

    init(_ key: any DeviceKey) {
        self.key = key
    }

    func publicKeySpkiDer(slot: KeySlot) throws -> Data? {
        try guarded { try key.publicKeySpkiDer(slot: slot) }
    }

    func signEs256(slot: KeySlot, message: Data) throws -> Signature {
        try guarded { try key.signEs256(slot: slot, message: message) }
    }

    func protection(slot: KeySlot) throws -> KeyProtection {
        try guarded { try key.protection(slot: slot) }
    }

    func makeCandidate(challenge: Data) throws -> KeyAttestation? {
        try guarded { try key.makeCandidate(challenge: challenge) }
    }

    func adoptCandidate() throws {
        try guarded(key.adoptCandidate)
    }
}

final class GuardedSecrets: SecretStore {
    private let secrets: any SecretStore

    init(_ secrets: any SecretStore) {
        self.secrets = secrets
    }

    func wrap(dataKey: Data) throws -> Data {
        try guarded { try secrets.wrap(dataKey: dataKey) }
    }

    func unwrap(wrapped: Data) throws -> Data {
        try guarded { try secrets.unwrap(wrapped: wrapped) }
    }
}

private func guarded<T>(_ work: () throws -> T) throws -> T {
    do {
        return try work()
    } catch let error as HostError {
        throw error
    } catch {
        throw HostError.Failed(why: "the host app failed with \(type(of: error))")
    }
}
