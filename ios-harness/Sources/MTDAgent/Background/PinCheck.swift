import Foundation

/// Public keys that a server must show: `sha256/` and the base64 of the SHA-256 of a SubjectPublicKeyInfo (RFC 7469,
/// section 2.4), as the organisation's enrolment names them.
struct PinCheck {
    let pins: Set<String>
    /// SHA-256, which is CryptoKit's.
    let sha256: @Sendable (Data) -> Data

    /// Which of `certificates` (DER) have a pinned key, by index. What cannot be read has none.
    func pinned(in certificates: [Data]) -> [Int] {
        certificates.indices.filter { index in
            guard let key = CertificateFields(der: certificates[index])?.spkiDER else { return false }
            return pins.contains("sha256/\(sha256(key).base64EncodedString())")
        }
    }
}
