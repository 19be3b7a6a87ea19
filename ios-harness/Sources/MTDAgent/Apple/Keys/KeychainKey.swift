#if canImport(Security)
    import Foundation
    import MTDAgentCore
    import Security

    /// A P-256 key pair in the keychain, its private half in the Secure Enclave; in the simulator, which has none, in the
    /// keychain's own file.
    ///
    /// It is usable from the first unlock after the device started, so that background tasks can sign, and never leaves the
    /// device: neither by backup nor by iCloud. It outlives the app's removal, as all of the keychain does.
    final class KeychainKey: Sendable {
        private let kept: KeptItem<SecKey>

        /// The key named `tag`, in the app's own part of the keychain.
        init(tag: String) {
            kept = KeptItem(find: { Self.find(tag) }, make: { try Self.make(tag) })
        }

        /// Whether the private half is in the Secure Enclave.
        static var isInSecureEnclave: Bool { !Simulator.isThis }

        /// The private half, to be used through the keychain; made if `makes` and there is none.
        func privateKey(making makes: Bool = true) throws -> SecKey {
            try kept.item(making: makes)
        }

        /// The public half.
        func publicKey() throws -> SecKey {
            guard let key = SecKeyCopyPublicKey(try privateKey()) else {
                throw HostError.Failed(why: "the keychain does not give the public half of the key")
            }
            return key
        }

        private static func find(_ tag: String) -> KeychainAnswer<SecKey> {
            var query = identity(tag)
            query[kSecReturnRef as String] = true
            var result: CFTypeRef?
            let status = SecItemCopyMatching(query as CFDictionary, &result)
            return KeychainAnswer(status: status, item: result.flatMap { CFGetTypeID($0) == SecKeyGetTypeID() ? ($0 as! SecKey) : nil })
        }

        private static func make(_ tag: String) throws -> SecKey {
            var error: Unmanaged<CFError>?
            let accessible = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
            guard let access = SecAccessControlCreateWithFlags(nil, accessible, .privateKeyUsage, &error) else {
                throw HostError.Failed(why: "the keychain does not protect a key: \(words(error))")
            }
            var attributes = identity(tag)
            attributes[kSecAttrKeySizeInBits as String] = 256
            attributes[kSecPrivateKeyAttrs as String] = [
                kSecAttrIsPermanent as String: true,
                kSecAttrApplicationTag as String: Data(tag.utf8),
            ].merging(protection(access)) { $1 }
            if isInSecureEnclave { attributes[kSecAttrTokenID as String] = kSecAttrTokenIDSecureEnclave }
            guard let key = SecKeyCreateRandomKey(attributes as CFDictionary, &error) else {
                throw HostError.Failed(why: "the Secure Enclave makes no key: \(words(error))")
            }
            return key
        }

        /// A key outside the Secure Enclave has no operations to control, only a time from when it is usable.
        private static func protection(_ access: SecAccessControl) -> [String: Any] {
            isInSecureEnclave
                ? [kSecAttrAccessControl as String: access]
                : [kSecAttrAccessible as String: kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly]
        }

        private static func identity(_ tag: String) -> [String: Any] {
            [
                kSecClass as String: kSecClassKey,
                kSecAttrKeyType as String: kSecAttrKeyTypeECSECPrimeRandom,
                kSecAttrApplicationTag as String: Data(tag.utf8),
                // The same keychain on a Mac, where the package's tests run.
                kSecUseDataProtectionKeychain as String: true,
            ]
        }

        /// An error's code. Its text may quote the key's attributes.
        static func words(_ error: Unmanaged<CFError>?) -> String {
            guard let error = error?.takeRetainedValue() else { return "no reason given" }
            return KeychainStatus.words(OSStatus(truncatingIfNeeded: CFErrorGetCode(error)))
        }
    }
#endif
