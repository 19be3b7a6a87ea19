import Foundation
import MTDAgentCore

#if canImport(Darwin)
    import Darwin
#else
    /// Apple's status of a call, as there.
    typealias OSStatus = Int32
#endif

/// What the keychain says to a question (`OSStatus`).
enum KeychainAnswer<Item> {
    /// The item.
    case found(Item)
    /// There is none (`errSecItemNotFound`).
    case nothing
    /// No answer, for this reason.
    case failed(OSStatus)

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
        case .nothing: throw HostError.Failed(why: "the key is gone from the keychain: the device was restored or erased; enrol it again")
        case .failed(let status): throw HostError.Failed(why: KeychainStatus.words(status))
        }
        known = item
        return item
    }
}

/// The keychain's answers that mean something here (`SecBase.h`).
enum KeychainStatus {
    static let success: OSStatus = 0
    static let itemNotFound: OSStatus = -25300
    static let interactionNotAllowed: OSStatus = -25308
    static let missingEntitlement: OSStatus = -34018
    static let decode: OSStatus = -26275

    /// What `status` means, and what to do.
    static func words(_ status: OSStatus) -> String {
        switch status {
        case interactionNotAllowed: "the keychain is closed until the device is unlocked for the first time since it started (-25308)"
        case missingEntitlement: "this app may not use the keychain: sign it with an application identifier (-34018)"
        default: "the keychain failed (OSStatus \(status))"
        }
    }
}
