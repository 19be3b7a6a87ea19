import Foundation
import MTDAgent

/// A keychain in a folder, in place of Apple's: what is put away is named by a random number, and protected by nothing.
public final class FakeKeychain: SecretStore {
    private let folder: URL

    public init(in folder: URL) throws {
        self.folder = folder
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    public func wrap(dataKey: Data) throws -> Data {
        let name = UUID().uuidString
        try dataKey.write(to: folder.appendingPathComponent(name))
        return Data(name.utf8)
    }

    public func unwrap(wrapped: Data) throws -> Data {
        guard let name = UUID(uuidString: String(decoding: wrapped, as: UTF8.self)) else {
            throw HostError.Failed(why: "the keychain did not make this")
        }
        return try Data(contentsOf: folder.appendingPathComponent(name.uuidString))
    }
}
