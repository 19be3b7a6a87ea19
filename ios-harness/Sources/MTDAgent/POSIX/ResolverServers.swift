import CResolver

/// The DNS servers that this process's resolver asks (`res_getservers`).
enum ResolverServers {
    /// Most servers that are told: a resolver asks three (`MAXNS`).
    private static let most = 8

    /// Their addresses, in the resolver's order.
    static func addresses() -> Fact<[String]> {
        let stride = Int(MTD_ADDRESS_TEXT)
        var texts = [CChar](repeating: 0, count: most * stride)
        let count = Int(mtd_resolver_servers(&texts, most))
        guard count > 0 else { return .notAvailable(why: "the system's resolver names no DNS server") }
        return .known((0..<count).map { String(buffer: texts[($0 * stride)..<(($0 + 1) * stride)]) })
    }
}
