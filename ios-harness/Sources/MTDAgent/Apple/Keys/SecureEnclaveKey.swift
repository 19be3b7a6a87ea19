#if canImport(Security)
    import Foundation
    import MTDAgentCore
    import Security

    /// The device key: it signs reports, and its private half does not leave the Secure Enclave. In the simulator the
    /// keychain keeps it, which is told as `software`.
    public final class SecureEnclaveKey: DeviceKey {
        private let slots: SlottedKey<KeychainKeys>

        /// Keys named `tag` and `tag` with `.b` in the app's own part of the keychain. Two agents in one app need two tags.
        public init(tag: String = "dev.mtd-agent.device-key") {
            slots = SlottedKey(KeychainKeys(), name: tag, inUse: KeychainText(account: "\(tag).slot"), attest: Self.attest)
        }

        public func publicKeySpkiDer(slot: KeySlot) throws -> Data? { try slots.publicKeySpkiDer(slot: slot) }

        public func signEs256(slot: KeySlot, message: Data) throws -> Signature { try slots.signEs256(slot: slot, message: message) }

        public func protection(slot: KeySlot) throws -> KeyProtection { try slots.protection(slot: slot) }

        /// With Apple's word on the new key; without it where this device or this app's signature has no App Attest.
        public func makeCandidate(challenge: Data) throws -> KeyAttestation? { try slots.makeCandidate(challenge: challenge) }

        public func adoptCandidate() throws { try slots.adoptCandidate() }

        private static func attest(challenge: Data, spki: Data) throws -> KeyAttestation? {
            #if canImport(DeviceCheck) && canImport(CryptoKit)
                let clientData = try AppAttestation.clientData(challenge: challenge, deviceKeySPKI: spki)
                let kept = KeychainText(account: "dev.mtd-agent.app-attest")
                return try AppAttestation(service: AppAttestService(), keptKeyID: kept).attest(clientData: clientData)
            #else
                return nil
            #endif
        }
    }
#endif
