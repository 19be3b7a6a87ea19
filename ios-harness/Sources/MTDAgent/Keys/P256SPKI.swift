import Foundation

/// Public keys of the curve P-256, from the form that Apple's keychain gives to the one that certificates use.
enum P256SPKI {
    /// SubjectPublicKeyInfo (RFC 5480) in DER up to the key's bits: id-ecPublicKey, secp256r1, and a BIT STRING of 66 bytes.
    private static let header: [UInt8] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
        0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ]

    /// The DER of an uncompressed point (ANSI X9.63: 04, x, y), as `SecKeyCopyExternalRepresentation` gives it; `nil` for
    /// anything else.
    static func der(x963 point: Data) -> Data? {
        guard point.count == 65, point.first == 0x04 else { return nil }
        return Data(header) + point
    }
}
