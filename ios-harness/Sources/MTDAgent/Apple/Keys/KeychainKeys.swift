#if canImport(Security)
    import Foundation
    import MTDAgentCore
    import Security

    /// P-256 keys in the app's own part of the keychain, their private halves in the Secure Enclave; in the simulator, which has
    /// none, in the keychain's own file.
    ///
    /// They are usable from the first unlock after the device started, so that background tasks can sign, and never leave the
    /// device: neither by backup nor by iCloud. They outlive the app's removal, as all of the keychain does.
    struct KeychainKeys: KeyKeeper {
        /// Whether private halves are in the Secure Enclave.
        static var isInSecureEnclave: Bool { !Simulator.isThis }

        var protection: KeyProtection { Self.isInSecureEnclave ? .secureEnclave : .software }

        func find(_ name: String) -> KeychainAnswer<SecKey> {
            var query = identity(name)
            query[kSecReturnRef as String] = true
            var result: CFTypeRef?
            let status = SecItemCopyMatching(query as CFDictionary, &result)
            return KeychainAnswer(status: status, item: result.flatMap { CFGetTypeID($0) == SecKeyGetTypeID() ? ($0 as! SecKey) : nil })
        }

        func make(_ name: String) throws -> SecKey {
            var error: Unmanaged<CFError>?
            let accessible = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
            guard let access = SecAccessControlCreateWithFlags(nil, accessible, .privateKeyUsage, &error) else {
                throw Self.failure("the keychain does not protect a key", error)
            }
            var attributes = identity(name)
            attributes[kSecAttrKeySizeInBits as String] = 256
            attributes[kSecPrivateKeyAttrs as String] = [
                kSecAttrIsPermanent as String: true,
                kSecAttrApplicationTag as String: Data(name.utf8),
            ].merging(guarded(by: access)) { $1 }
            if Self.isInSecureEnclave { attributes[kSecAttrTokenID as String] = kSecAttrTokenIDSecureEnclave }
            guard let key = SecKeyCreateRandomKey(attributes as CFDictionary, &error) else {
                throw Self.failure("the Secure Enclave makes no key", error)
            }
            return key
        }

        func remove(_ name: String) throws {
            let status = SecItemDelete(identity(name) as CFDictionary)
            guard status == errSecSuccess || status == errSecItemNotFound else { throw KeychainStatus.error(status) }
        }

        func spki(of key: SecKey) throws -> Data {
            var error: Unmanaged<CFError>?
            guard let point = SecKeyCopyExternalRepresentation(try Self.publicHalf(of: key), &error) as Data? else {
                throw Self.failure("the public key cannot be read", error)
            }
            guard let spki = P256SPKI.der(x963: point) else {
                throw HostError.Failed(why: "the keychain's key is none of P-256: remove it")
            }
            return spki
        }

        func sign(_ message: Data, with key: SecKey) throws -> Data {
            var error: Unmanaged<CFError>?
            guard let signature = SecKeyCreateSignature(key, .ecdsaSignatureMessageX962SHA256, message as CFData, &error) as Data? else {
                throw Self.failure("the device key does not sign", error)
            }
            return signature
        }

        static func publicHalf(of key: SecKey) throws -> SecKey {
            guard let half = SecKeyCopyPublicKey(key) else {
                throw HostError.Failed(why: "the keychain does not give the public half of the key")
            }
            return half
        }

        /// What `error` says, told as what it is.
        static func failure(_ what: String, _ error: Unmanaged<CFError>?) -> HostError {
            guard let error = error?.takeRetainedValue() else { return .Failed(why: "\(what): no reason given") }
            return KeyFailure.error(what, domain: CFErrorGetDomain(error) as String, code: CFErrorGetCode(error))
        }

        /// A key outside the Secure Enclave has no operations to control, only a time from when it is usable.
        private func guarded(by access: SecAccessControl) -> [String: Any] {
            Self.isInSecureEnclave
                ? [kSecAttrAccessControl as String: access]
                : [kSecAttrAccessible as String: kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly]
        }

        private func identity(_ name: String) -> [String: Any] {
            [
                kSecClass as String: kSecClassKey,
                kSecAttrKeyType as String: kSecAttrKeyTypeECSECPrimeRandom,
                kSecAttrApplicationTag as String: Data(name.utf8),
                // The same keychain on a Mac, where the package's tests run.
                kSecUseDataProtectionKeychain as String: true,
            ]
        }
    }
#endif
