#if canImport(Security)
    import Foundation
    import MTDAgentCore
    import Security

    /// Keeps the key that seals the agent's database: encrypted to a key of the Secure Enclave (ECIES: P-256, ANSI X9.63
    /// key derivation with SHA-256, AES-GCM), so that a copy of the database is worth nothing on another device.
    public final class KeychainSecretStore: SecretStore {
        private let key: KeptItem<SecKey>

        /// The wrapping key named `tag` in the app's own part of the keychain, made when it is first needed to wrap.
        public init(tag: String = "dev.mtd-agent.wrapping-key") {
            let keys = KeychainKeys()
            key = KeptItem(find: { keys.find(tag) }, make: { try keys.make(tag) })
        }

        public func wrap(dataKey: Data) throws -> Data {
            var error: Unmanaged<CFError>?
            let half = try KeychainKeys.publicHalf(of: key.item(making: true))
            guard let wrapped = SecKeyCreateEncryptedData(half, Self.algorithm, dataKey as CFData, &error) as Data? else {
                throw KeychainKeys.failure("the wrapping key does not encrypt", error)
            }
            return wrapped
        }

        /// Fails where the wrapping key is gone: a new one could not open what the old one closed.
        public func unwrap(wrapped: Data) throws -> Data {
            var error: Unmanaged<CFError>?
            let key = try key.item(making: false)
            guard let dataKey = SecKeyCreateDecryptedData(key, Self.algorithm, wrapped as CFData, &error) as Data? else {
                throw KeychainKeys.failure("the wrapping key does not decrypt", error)
            }
            return dataKey
        }

        private static var algorithm: SecKeyAlgorithm { .eciesEncryptionCofactorVariableIVX963SHA256AESGCM }
    }
#endif
