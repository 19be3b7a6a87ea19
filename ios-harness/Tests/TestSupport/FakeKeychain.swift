import Foundation

@testable import MTDAgent

/// A keychain in a folder, in place of Apple's, with its answers: what is put away is protected by nothing, and outlives the
/// process.
public final class FakeKeychain: Sendable {
    private let folder: URL
    private let faulty = Locked<Int32?>(nil)

    public init(in folder: URL) throws {
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// What it answers to every question (`OSStatus`), where it gives no answer.
    public var fault: Int32? {
        get { faulty.with { $0 } }
        set { faulty.with { $0 = newValue } }
    }

    /// Loses all that is in it, as one that was not restored with the app's files.
    public func erase() throws {
        for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
            try FileManager.default.removeItem(at: file)
        }
    }

    func read(_ name: String) -> KeychainAnswer<Data> {
        if let fault { return KeychainAnswer(status: fault, item: nil) }
        let bytes = try? Data(contentsOf: folder.appendingPathComponent(name))
        return KeychainAnswer(status: bytes == nil ? KeychainStatus.itemNotFound : KeychainStatus.success, item: bytes)
    }

    func write(_ bytes: Data?, as name: String) throws {
        if let fault { throw KeychainStatus.error(fault) }
        let file = folder.appendingPathComponent(name)
        if let bytes { try bytes.write(to: file, options: .atomic) } else { try? FileManager.default.removeItem(at: file) }
    }
}

extension FakeKeychain: SecretStore {
    public func wrap(dataKey: Data) throws -> Data {
        let name = UUID().uuidString
        try write(dataKey, as: name)
        return Data(name.utf8)
    }

    public func unwrap(wrapped: Data) throws -> Data {
        guard let name = UUID(uuidString: String(decoding: wrapped, as: UTF8.self)) else {
            throw HostError.Failed(why: "the keychain did not make this")
        }
        guard let dataKey = try read(name.uuidString).item() else { throw KeychainStatus.gone }
        return dataKey
    }
}

/// Keys of the fake keychain, in software.
struct FakeKeychainKeys: KeyKeeper {
    let keychain: FakeKeychain
    /// Called each time one is to sign, where a test can interfere.
    var beforeSigning: @Sendable () throws -> Void = {}

    var protection: KeyProtection { .software }

    func find(_ name: String) -> KeychainAnswer<SoftwareKeyPair> {
        switch keychain.read(name) {
        case .found(let stored): KeychainAnswer(status: KeychainStatus.success, item: SoftwareKeyPair(stored: stored))
        case .nothing: .nothing
        case .failed(let status): .failed(status)
        }
    }

    func make(_ name: String) throws -> SoftwareKeyPair {
        let pair = SoftwareKeyPair()
        try keychain.write(pair.stored, as: name)
        return pair
    }

    func remove(_ name: String) throws { try keychain.write(nil, as: name) }

    func spki(of key: SoftwareKeyPair) throws -> Data { key.spkiDER }

    func sign(_ message: Data, with key: SoftwareKeyPair) throws -> Data {
        try beforeSigning()
        guard let signature = key.sign(message) else { throw HostError.Failed(why: "the software key does not sign") }
        return signature
    }
}

/// A text of the fake keychain.
struct FakeKeychainText: KeptText {
    let keychain: FakeKeychain
    let name: String

    func read() throws -> String? { try keychain.read(name).item().map { String(decoding: $0, as: UTF8.self) } }
    func write(_ text: String?) throws { try keychain.write(text.map { Data($0.utf8) }, as: name) }
}
