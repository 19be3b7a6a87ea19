import Foundation

@testable import MTDAgent

/// The slots of the device key as they are, with keys of a fake keychain in place of the Secure Enclave's.
public final class SoftwareDeviceKey: DeviceKey {
    private let slots: SlottedKey<FakeKeychainKeys>

    /// A key that calls `beforeSigning` each time it is to sign, where a test can interfere.
    public init(in keychain: FakeKeychain, beforeSigning: @escaping @Sendable () throws -> Void = {}) {
        let keys = FakeKeychainKeys(keychain: keychain, beforeSigning: beforeSigning)
        let inUse = FakeKeychainText(keychain: keychain, name: "device-key.slot")
        slots = SlottedKey(keys, name: "device-key", inUse: inUse) { _, _ in nil }
    }

    public func publicKeySpkiDer(slot: KeySlot) throws -> Data? { try slots.publicKeySpkiDer(slot: slot) }
    public func signEs256(slot: KeySlot, message: Data) throws -> Signature { try slots.signEs256(slot: slot, message: message) }
    public func protection(slot: KeySlot) throws -> KeyProtection { try slots.protection(slot: slot) }
    public func makeCandidate(challenge: Data) throws -> KeyAttestation? { try slots.makeCandidate(challenge: challenge) }
    public func adoptCandidate() throws { try slots.adoptCandidate() }
}
