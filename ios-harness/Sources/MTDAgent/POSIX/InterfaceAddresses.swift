#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The addresses of the interfaces that are up (`getifaddrs`), without loopback.
enum InterfaceAddresses {
    static func all() -> Fact<[InterfaceAddress]> {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return .notAvailable(why: "the system lists no interfaces (getifaddrs, errno \(errno))") }
        defer { freeifaddrs(first) }
        let entries = sequence(first: first) { $0?.pointee.ifa_next }.prefix { $0 != nil }.compactMap { $0 }
        return .known(entries.compactMap(address))
    }

    private static func address(_ entry: UnsafeMutablePointer<ifaddrs>) -> InterfaceAddress? {
        let flags = UInt32(entry.pointee.ifa_flags)
        guard flags & UInt32(IFF_UP) != 0, flags & UInt32(IFF_LOOPBACK) == 0, let address = entry.pointee.ifa_addr else { return nil }
        let length: Int
        switch Int32(address.pointee.sa_family) {
        case AF_INET: length = MemoryLayout<sockaddr_in>.size
        case AF_INET6: length = MemoryLayout<sockaddr_in6>.size
        default: return nil
        }
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(address, socklen_t(length), &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else { return nil }
        return InterfaceAddress(interface: String(cString: entry.pointee.ifa_name), address: String(buffer: text))
    }
}
