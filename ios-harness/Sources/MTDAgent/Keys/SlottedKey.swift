import Foundation
import MTDAgentCore

/// P-256 keys by name: the keychain, as a device key needs it.
protocol KeyKeeper: Sendable {
    associatedtype Key

    func find(_ name: String) -> KeychainAnswer<Key>
    /// Makes a key where there is none of that name.
    func make(_ name: String) throws -> Key
    /// Removes the key of that name, if there is one.
    func remove(_ name: String) throws
    /// The public half as DER SubjectPublicKeyInfo.
    func spki(of key: Key) throws -> Data
    /// ECDSA with SHA-256, as DER.
    func sign(_ message: Data, with key: Key) throws -> Data
    /// How private halves are kept.
    var protection: KeyProtection { get }
}

/// A device key in two slots: the one in use, and the candidate that is being enrolled or rotated to.
///
/// A key in the keychain is not renamed. The slots are two names, and a text beside them says which of the two is in use: the
/// first where there is none. Were it lost, the key in use would be found in the other slot, where the core looks for it.
final class SlottedKey<Keeper: KeyKeeper>: DeviceKey, @unchecked Sendable {
    /// The platform's word on the key whose public half is given, bound to the challenge.
    typealias Attest = @Sendable (_ challenge: Data, _ spki: Data) throws -> KeyAttestation?

    // Guards the slots: an adoption is no moment for others to look.
    private let lock = NSLock()
    private let keeper: Keeper
    private let name: String
    private let inUse: any KeptText
    private let attest: Attest

    /// The names of the keys are `name` and `name` with `.b`.
    init(_ keeper: Keeper, name: String, inUse: any KeptText, attest: @escaping Attest) {
        (self.keeper, self.name, self.inUse, self.attest) = (keeper, name, inUse, attest)
    }

    private var other: String { name + ".b" }

    func publicKeySpkiDer(slot: KeySlot) throws -> Data? {
        try lock.withLock { try keeper.find(name(of: slot)).item().map(keeper.spki) }
    }

    func signEs256(slot: KeySlot, message: Data) throws -> Signature {
        try lock.withLock {
            guard let key = try keeper.find(name(of: slot)).item() else { throw KeychainStatus.gone }
            return .der(bytes: try keeper.sign(message, with: key))
        }
    }

    func protection(slot: KeySlot) throws -> KeyProtection {
        keeper.protection
    }

    /// Where Apple does not attest the key now, it stays in its slot, and the next attempt makes another.
    func makeCandidate(challenge: Data) throws -> KeyAttestation? {
        let spki = try lock.withLock {
            let name = try name(of: .candidate)
            // The keychain takes two keys of one name, and then gives either.
            try keeper.remove(name)
            return try keeper.spki(of: keeper.make(name))
        }
        return try attest(challenge, spki)
    }

    func adoptCandidate() throws {
        try lock.withLock {
            let candidate = try name(of: .candidate), former = try name(of: .current)
            guard try keeper.find(candidate).item() != nil else { throw KeychainStatus.gone }
            try inUse.write(candidate)
            // What cannot be removed now signs nothing any more, and the next candidate takes its place.
            try? keeper.remove(former)
        }
    }

    private func name(of slot: KeySlot) throws -> String {
        let current = try inUse.read() == other ? other : name
        return slot == .current ? current : current == name ? other : name
    }
}
