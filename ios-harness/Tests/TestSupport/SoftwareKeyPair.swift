import Foundation

#if canImport(CryptoKit)
    import CryptoKit
#else
    import CSoftwareKey
#endif

/// A P-256 key pair in this process's memory, for tests: the private half is anybody's who can read a file.
public final class SoftwareKeyPair: @unchecked Sendable {
    #if canImport(CryptoKit)
        private let key: P256.Signing.PrivateKey

        public init() {
            key = P256.Signing.PrivateKey()
        }

        public init?(stored: Data) {
            guard let key = try? P256.Signing.PrivateKey(derRepresentation: stored) else { return nil }
            self.key = key
        }

        public var stored: Data { key.derRepresentation }
        public var spkiDER: Data { key.publicKey.derRepresentation }

        public func sign(_ message: Data) -> Data? {
            try? key.signature(for: message).derRepresentation
        }
    #else
        private let key: OpaquePointer

        public init() {
            guard let key = software_key_new() else { fatalError("OpenSSL makes no P-256 key") }
            self.key = key
        }

        /// The pair of before, from `stored`.
        public init?(stored: Data) {
            let bytes = [UInt8](stored)
            guard let key = software_key_from_pkcs8(bytes, bytes.count) else { return nil }
            self.key = key
        }

        deinit { software_key_free(key) }

        /// The pair as PKCS #8 DER, to be kept in a file.
        public var stored: Data { fill { software_key_pkcs8(key, $0, $1) } ?? Data() }

        /// The public half as DER SubjectPublicKeyInfo.
        public var spkiDER: Data { fill { software_key_spki(key, $0, $1) } ?? Data() }

        /// ECDSA with SHA-256, as DER.
        public func sign(_ message: Data) -> Data? {
            let bytes = [UInt8](message)
            return fill { software_key_sign(key, bytes, bytes.count, $0, $1) }
        }

        private func fill(_ write: (UnsafeMutablePointer<UInt8>, Int) -> Int) -> Data? {
            // A P-256 pair as PKCS #8 takes 138 bytes, the longest of what is written here.
            var buffer = [UInt8](repeating: 0, count: 512)
            let count = buffer.withUnsafeMutableBufferPointer { write($0.baseAddress!, $0.count) }
            return count == 0 ? nil : Data(buffer[..<count])
        }
    #endif
}
