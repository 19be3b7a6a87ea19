import Foundation
import MTDAgent

/// A host whose every answer is a test's: for what no iPhone would tell.
public final class ScriptedHost: DeviceHost {
    private let apps: @Sendable () throws -> Inventory
    private let posture: @Sendable () throws -> DevicePosture
    private let network: @Sendable () throws -> NetworkSnapshot
    private let trust: @Sendable () throws -> TrustVerdict

    /// Where nothing else is said, the answers of an iPhone at home without apps.
    public init(
        apps: @escaping @Sendable () throws -> Inventory = { Inventory(apps: [], notes: []) },
        posture: @escaping @Sendable () throws -> DevicePosture = { try ScriptedDevice().host.devicePosture() },
        network: @escaping @Sendable () throws -> NetworkSnapshot = { try ScriptedDevice().host.networkSnapshot() },
        trust: @escaping @Sendable () throws -> TrustVerdict = { .rejected(why: "the root is not trusted by this device") }
    ) {
        (self.apps, self.posture, self.network, self.trust) = (apps, posture, network, trust)
    }

    public func installedApps() throws -> Inventory { try apps() }
    public func devicePosture() throws -> DevicePosture { try posture() }
    public func networkSnapshot() throws -> NetworkSnapshot { try network() }
    public func evaluateTrust(chain: [Data], host: String) throws -> TrustVerdict { try trust() }
}

extension AppRecord {
    /// An app as an MDM tells of it.
    public static func listed(_ id: String?, name: String? = nil, bundleSize: Int64? = nil, dynamicSize: Int64? = nil, signers: [String] = []) -> AppRecord {
        AppRecord(id: id, name: name, bundleSize: bundleSize, dynamicSize: dynamicSize, signers: signers, source: .appleMdm)
    }
}
