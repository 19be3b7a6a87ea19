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
            return try KeychainAnswer(status: status, item: result as? Data).item().map { String(decoding: $0, as: UTF8.self) }
        }

        /// The text is the old one or the new one, whatever ends the process.
        func write(_ text: String?) throws {
            guard let text else { return try remove() }
            let value = [kSecValueData as String: Data(text.utf8)]
            var status = SecItemUpdate(identity as CFDictionary, value as CFDictionary)
            if status == errSecItemNotFound {
                var item = identity.merging(value) { $1 }
                item[kSecAttrAccessible as String] = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
                status = SecItemAdd(item as CFDictionary, nil)
            }
            guard status == errSecSuccess else { throw KeychainStatus.error(status) }
        }

        private func remove() throws {
            let status = SecItemDelete(identity as CFDictionary)
            guard status == errSecSuccess || status == errSecItemNotFound else { throw KeychainStatus.error(status) }
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
