import Foundation
import MTDAgent

/// A device of a test's own: its folder, keychain and key, which outlive the agents that are opened on them.
public final class Workshop: Sendable {
    public let folder: URL
    public let keychain: FakeKeychain
    public let key: SoftwareDeviceKey
    public let device = ScriptedDevice()

    /// A new device, or the one whose `folder` is given, as another process has left it.
    public init(folder: URL? = nil) throws {
        let folder = folder ?? FileManager.default.temporaryDirectory.appendingPathComponent("mtd-\(UUID().uuidString)")
        self.folder = folder
        keychain = try FakeKeychain(in: folder.appendingPathComponent("keychain"))
        key = SoftwareDeviceKey(in: keychain)
    }

    /// Where agents keep their database.
    public var store: URL { folder.appendingPathComponent("store") }

    /// An agent on this device.
    public func open(
        device: (any DeviceHost)? = nil, key: (any DeviceKey)? = nil, settings: String? = nil, intelKey: String? = nil
    ) async throws(AgentError) -> DeviceAgent {
        try await DeviceAgent.open(
            in: store,
            device: device ?? self.device.host,
            key: key ?? self.key,
            secrets: keychain,
            unenrolledSettings: settings,
            intelKey: intelKey
        )
    }

    /// Removes all of it.
    public func clear() {
        try? FileManager.default.removeItem(at: folder)
    }
}
