import Foundation
import MTDAgentCore

#if canImport(Darwin)
    import Darwin
#endif

/// What the keychain says to a question (`OSStatus`).
enum KeychainAnswer<Item> {
    /// The item.
    case found(Item)
    /// There is none (`errSecItemNotFound`).
    case nothing
    /// No answer, for this reason.
    case failed(OSStatus)

    /// The item; `nil` where there is none. Fails where there is no answer.
    func item() throws -> Item? {
        switch self {
        case .found(let item): item
        case .nothing: nil
        case .failed(let status): throw KeychainStatus.error(status)
        }
    }

    /// The answer that `status` stands for; `item` is what came with success.
    init(status: OSStatus, item: @autoclosure () -> Item?) {
        switch status {
        case KeychainStatus.success: self = item().map(Self.found) ?? .failed(KeychainStatus.decode)
        case KeychainStatus.itemNotFound: self = .nothing
        default: self = .failed(status)
        }
    }
}

/// An item that is looked for and made where there is none; where the keychain gives no answer, neither: a second key in
/// the first one's place would lock the agent out of what the first has sealed.
final class KeptItem<Item>: @unchecked Sendable {
    private let lock = NSLock()
    private let find: @Sendable () -> KeychainAnswer<Item>
    private let make: @Sendable () throws -> Item
    private var known: Item?

    init(find: @escaping @Sendable () -> KeychainAnswer<Item>, make: @escaping @Sendable () throws -> Item) {
        self.find = find
        self.make = make
    }

    /// The item, made if `makes` and there is none.
    func item(making makes: Bool) throws -> Item {
        lock.lock()
        defer { lock.unlock() }
        if let known { return known }
        let item: Item
        switch find() {
        case .found(let found): item = found
        case .nothing where makes: item = try make()
        case .nothing: throw KeychainStatus.gone
        case .failed(let status): throw KeychainStatus.error(status)
        }
        known = item
        return item
    }
}
