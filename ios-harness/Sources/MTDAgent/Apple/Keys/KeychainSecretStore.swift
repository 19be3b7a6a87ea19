#if canImport(Security)
    import Foundation
    import MTDAgentCore
    import Security

    /// Keeps the key that seals the agent's database: encrypted to a key of the Secure Enclave (ECIES: P-256, ANSI X9.63
    /// key derivation with SHA-256, AES-GCM), so that a copy of the database is worth nothing on another device.
    public final class KeychainSecretStore: SecretStore {
        private static let algorithm = SecKeyAlgorithm.eciesEncryptionCofactorVariableIVX963SHA256AESGCM
        private let key: KeychainKey

        /// The wrapping key named `tag` in the app's own part of the keychain, made when it is first needed to wrap.
        public init(tag: String = "dev.mtd-agent.wrapping-key") {
            key = KeychainKey(tag: tag)
        }

        public func wrap(dataKey: Data) throws -> Data {
            var error: Unmanaged<CFError>?
            guard let wrapped = SecKeyCreateEncryptedData(try key.publicKey(), Self.algorithm, dataKey as CFData, &error) as Data? else {
                throw HostError.Failed(why: "the wrapping key does not encrypt: \(KeychainKey.words(error))")
            }
            return wrapped
        }

        /// Fails where the wrapping key is gone: a new one could not open what the old one closed.
        public func unwrap(wrapped: Data) throws -> Data {
            var error: Unmanaged<CFError>?
            let privateKey = try key.privateKey(making: false)
            guard let dataKey = SecKeyCreateDecryptedData(privateKey, Self.algorithm, wrapped as CFData, &error) as Data? else {
                throw HostError.Failed(why: "the wrapping key does not decrypt: \(KeychainKey.words(error))")
            }
            return dataKey
        }
    }
#endif
