import Foundation
import MTDAgentCore

/// The agent's host on iOS: makes facts of what small probes tell. `IOSDeviceHost()` takes those of this device.
///
/// What iOS withholds is said so, in words: never empty, never guessed.
public final class IOSDeviceHost: DeviceHost {
    private let inventory: any InventorySource
    private let network: any NetworkProbe
    private let posture: any PostureProbe
    private let trust: any TrustProbe

    /// A host of these parts.
    public init(inventory: any InventorySource, network: any NetworkProbe, posture: any PostureProbe, trust: any TrustProbe) {
        self.inventory = inventory
        self.network = network
        self.posture = posture
        self.trust = trust
    }

    /// The apps that an MDM told of (`InstalledApplicationList`), read by the core.
    public func installedApps() throws -> Inventory {
        let responses = try inventory.responses().get()
        return try readAppInventory(input: responses.installed, format: .appleMdm, managed: responses.managed)
    }

    /// What `PostureProbe` and the MDM tell, and why iOS tells no more.
    public func devicePosture() throws -> DevicePosture {
        PostureFacts(probe: posture, management: inventory).posture
    }

    /// What `NetworkProbe` tells, and why iOS tells no more.
    public func networkSnapshot() throws -> NetworkSnapshot {
        NetworkFacts(probe: network).snapshot
    }

    /// What the platform's verifier says now; and, where only the time is wrong, whether it would have said otherwise at
    /// another.
    public func evaluateTrust(chain: [Data], host: String) throws -> TrustVerdict {
        switch try trust.evaluate(chain: chain, host: host, at: nil).get() {
        case .trusted(let path): .trusted(anchor: .untold, rootSpkiSha256: path.rootSPKI)
        case .refused(let why): .rejected(why: why)
        case .outOfDate(let why): verdictAtAnotherTime(chain: chain, host: host, why: why)
        }
    }

    private func verdictAtAnotherTime(chain: [Data], host: String, why: String) -> TrustVerdict {
        guard let moment = CertificateFields.momentOfValidity(of: chain, nextTo: Date()),
            case .known(.trusted(let path)) = trust.evaluate(chain: chain, host: host, at: moment)
        else { return .rejected(why: why) }
        return .outOfDate(anchor: .untold, rootSpkiSha256: path.rootSPKI, validAt: moment)
    }
}

extension Fact {
    /// The value, or the host's error that says why there is none.
    func get() throws -> Value {
        switch self {
        case .known(let value): value
        case .notPermitted(let why): throw HostError.NotPermitted(why: why)
        case .notAvailable(let why): throw HostError.NotAvailable(why: why)
        }
    }
}
