#if canImport(Security)
    import Foundation
    import MTDAgentCore
    import Security

    /// A short text in the keychain: usable from the first unlock on, on this device only.
    struct KeychainText: KeptText {
        /// Its name in the app's own part of the keychain.
        let account: String

        func read() throws -> String? {
            var query = identity
            query[kSecReturnData as String] = true
            var result: CFTypeRef?
            let status = SecItemCopyMatching(query as CFDictionary, &result)
            switch KeychainAnswer(status: status, item: result as? Data) {
            case .found(let bytes): return String(decoding: bytes, as: UTF8.self)
            case .nothing: return nil
            case .failed(let status): throw HostError.Failed(why: KeychainStatus.words(status))
            }
        }

        func write(_ text: String?) throws {
            let removed = SecItemDelete(identity as CFDictionary)
            guard removed == errSecSuccess || removed == errSecItemNotFound else { throw HostError.Failed(why: KeychainStatus.words(removed)) }
            guard let text else { return }
            var item = identity
            item[kSecValueData as String] = Data(text.utf8)
            item[kSecAttrAccessible as String] = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
            let added = SecItemAdd(item as CFDictionary, nil)
            guard added == errSecSuccess else { throw HostError.Failed(why: KeychainStatus.words(added)) }
        }

        private var identity: [String: Any] {
            [
                kSecClass as String: kSecClassGenericPassword,
                kSecAttrService as String: "dev.mtd-agent",
                kSecAttrAccount as String: account,
                kSecUseDataProtectionKeychain as String: true,
            ]
        }
    }
#endif
