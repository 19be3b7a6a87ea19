#if canImport(Security)
    import Foundation
    import MTDAgentCore
    import Security

    /// The device key: it signs reports, and its private half does not leave the Secure Enclave. In the simulator the
    /// keychain keeps it, which is told as `software`.
    public final class SecureEnclaveKey: DeviceKey {
        private let key: KeychainKey

        /// The key named `tag` in the app's own part of the keychain, made at first use. Two agents in one app need two.
        public init(tag: String = "dev.mtd-agent.device-key") {
            key = KeychainKey(tag: tag)
        }

        public func publicKeySpkiDer() throws -> Data {
            var error: Unmanaged<CFError>?
            guard let point = SecKeyCopyExternalRepresentation(try key.publicKey(), &error) as Data? else {
                throw HostError.Failed(why: "the public key cannot be read: \(KeychainKey.words(error))")
            }
            guard let spki = P256SPKI.der(x963: point) else {
                throw HostError.Failed(why: "the keychain's key is none of P-256: remove it")
            }
            return spki
        }

        public func signEs256(message: Data) throws -> Signature {
            var error: Unmanaged<CFError>?
            let algorithm = SecKeyAlgorithm.ecdsaSignatureMessageX962SHA256
            guard let signature = SecKeyCreateSignature(try key.privateKey(), algorithm, message as CFData, &error) as Data? else {
                throw HostError.Failed(why: "the device key does not sign: \(KeychainKey.words(error))")
            }
            return .der(bytes: signature)
        }

        public func protection() throws -> KeyProtection {
            KeychainKey.isInSecureEnclave ? .secureEnclave : .software
        }

        /// Apple's word on this key; absent where this device or this app's signature has no App Attest.
        public func attestation(challenge: Data) throws -> KeyAttestation? {
            #if canImport(DeviceCheck) && canImport(CryptoKit)
                let clientData = try AppAttestation.clientData(challenge: challenge, deviceKeySPKI: publicKeySpkiDer())
                let kept = KeychainText(account: "dev.mtd-agent.app-attest")
                return try AppAttestation(service: AppAttestService(), keptKeyID: kept).attest(clientData: clientData)
            #else
                return nil
            #endif
        }
    }
#endif
