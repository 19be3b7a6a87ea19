#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif
import Foundation

/// IP addresses as text.
enum AddressText {
    /// The text of `bytes` in network order: 4 of IPv4, 16 of IPv6, without a scope; `nil` for another count.
    static func of(_ bytes: Data) -> String? {
        let family: Int32
        switch bytes.count {
        case 4: family = AF_INET
        case 16: family = AF_INET6
        default: return nil
        }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let isText = bytes.withUnsafeBytes { inet_ntop(family, $0.baseAddress, &text, socklen_t(text.count)) != nil }
        return isText ? String(buffer: text) : nil
    }
}
