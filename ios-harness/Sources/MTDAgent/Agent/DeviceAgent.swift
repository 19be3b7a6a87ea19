import Foundation
import MTDAgentCore

/// The agent on this device: collects, checks, classifies, signs, reports. One object for the life of the app's process.
///
/// Calls may be made from any task and at once. Each takes a limit in seconds and comes back when it is over; cancelling
/// the task ends the call with `AgentError.Cancelled`. What was stored stays stored.
public final class DeviceAgent: Sendable {
    private let core: Agent
    private let hub: EventHub
    private let moment: any MomentProbe

    /// Whether the database could not be opened any more, because the key that seals it is gone for good (the device was erased,
    /// or the app's files were put on another one), and the agent began anew. It has to be enrolled again.
    public let startedOver: Bool

    /// Opens the agent's database in `folder`, which is made if need be and kept out of backups. Sends nothing.
    ///
    /// Fails with `KeyUnavailable` while the keychain is closed: nothing was touched, try again later. Where the key is gone for
    /// good, it begins anew: see `startedOver`.
    ///
    /// `unenrolledSettings` is JSON as in `docs/wire.md` and holds until the device is enrolled; without it, nothing is
    /// shared and nobody contacted. `intelKey` is who signs intelligence bundles as long as the organisation's settings name
    /// nobody: `ed25519/` and base64, as `mtd intel build` prints it. `moment` tells deliveries what can wait.
    public static func open(
        in folder: URL,
        device: any DeviceHost,
        key: any DeviceKey,
        secrets: any SecretStore,
        moment: (any MomentProbe)? = nil,
        unenrolledSettings: String? = nil,
        intelKey: String? = nil,
        within limit: TimeInterval = 30
    ) async throws(AgentError) -> DeviceAgent {
        let store = try AgentFolder.prepare(folder)
        let options = AgentOptions(
            platform: .ios,
            storePath: store.path,
            unenrolledSettingsJson: unenrolledSettings,
            intelKey: intelKey,
            device: GuardedHost(device),
            key: GuardedKey(key),
            secrets: GuardedSecrets(secrets)
        )
        do throws(AgentError) {
            return DeviceAgent(try await typed { try await Agent.open(options: options, limit: sane(limit)) }, moment)
        } catch AgentError.KeyGone {
            let core = try await typed { try await Agent.startOver(options: options, limit: sane(limit)) }
            return DeviceAgent(core, moment, startedOver: true)
        }
    }

    private init(_ core: Agent, _ moment: (any MomentProbe)?, startedOver: Bool = false) {
        self.core = core
        self.moment = moment ?? UnknownMoment()
        self.startedOver = startedOver
        hub = EventHub(core)
    }

    deinit {
        close()
    }

    /// Signs with a new key from now on: the old one authorises it, the connector takes it, and the old one is deleted. Name and
    /// chain of the device go on. May be called again after a failure.
    @discardableResult
    public func rotateKey(within limit: TimeInterval = 60) async throws(AgentError) -> EnrolmentStatus {
        try await call { try await $0.rotateKey(limit: sane(limit)) }
    }

    /// Enrols this device with the organisation that made `code`: the text of its QR code or managed app configuration. A
    /// device that was enrolled before keeps its name where its key still works. May be called again after a failure.
    @discardableResult
    public func enroll(_ code: String, within limit: TimeInterval = 60) async throws(AgentError) -> EnrolmentStatus {
        try await call { try await $0.enroll(payload: code, limit: sane(limit)) }
    }

    /// Checks apps, network and device, classifies, and queues signed reports if the device is enrolled. What is not known
    /// when `limit` is over is unknown, never clean.
    @discardableResult
    public func scan(
        _ trigger: ScanTrigger = .requested, depth: Depth = .everything, within limit: TimeInterval = 30
    ) async throws(AgentError) -> ScanResult {
        try await call { try await $0.scan(trigger: trigger, depth: depth, limit: sane(limit)) }
    }

    /// Tells that something happened which may ask for a scan, and what to do about it. `ScanScheduler` does it.
    public func plan(_ trigger: ScanTrigger, within limit: TimeInterval = 10) async throws(AgentError) -> Plan {
        try await call { try await $0.plan(trigger: trigger, limit: sane(limit)) }
    }

    /// What to do now that the time of a `Plan.later` has come.
    public func due(within limit: TimeInterval = 10) async throws(AgentError) -> Plan {
        try await call { try await $0.due(limit: sane(limit)) }
    }

    /// Delivers queued reports, then fetches settings, the connector's decision and threat intelligence. What is left undone
    /// stays queued. What can wait for a better moment, on a network that costs or a battery that is spared, does so within
    /// bounds.
    @discardableResult
    public func deliver(within limit: TimeInterval = 30) async throws(AgentError) -> DeliverySummary {
        let hints = moment.hints()
        return try await call { try await $0.deliver(limit: sane(limit), hints: hints) }
    }

    /// The report that a background `URLSession` is to deliver, in a file; absent where none is due. The same one, in the same
    /// file, until `uploadResult` has told what became of it, in this process or another.
    public func nextUpload(within limit: TimeInterval = 10) async throws(AgentError) -> Upload? {
        try await call { try await $0.nextUpload(limit: sane(limit)) }
    }

    /// Tells what came of the upload called `id`. The report leaves the queue on the connector's receipt, and on nothing else.
    public func uploadResult(
        id: String, _ answer: UploadAnswer, within limit: TimeInterval = 10
    ) async throws(AgentError) -> UploadOutcome {
        try await call { try await $0.uploadResult(id: id, answer: answer, limit: sane(limit)) }
    }

    /// Judges a URL, or a bare host, before somebody goes there: by the threat intelligence, and by its likeness to the
    /// organisation's own domains. Keeps and sends nothing of it. Fails with `InvalidUrl` for what is neither.
    public func checkUrl(
        _ url: String, in language: Language, within limit: TimeInterval = 10
    ) async throws(AgentError) -> UrlVerdict {
        try await call { try await $0.checkUrl(url: url, language: language, limit: sane(limit)) }
    }

    /// Takes the hosts that the device was in contact with, where the app sees them (a DNS filter, a VPN of its own). Gives how
    /// many of them are found fault with: a scan then tells. Only the indicators that were met are kept.
    @discardableResult
    public func contacted(_ hosts: [String], within limit: TimeInterval = 10) async throws(AgentError) -> UInt64 {
        try await call { try await $0.contacted(hosts: hosts, limit: sane(limit)) }
    }

    /// Puts an intelligence bundle in force: a copy of the file, once it is verified whole, at once or not at all. An older one
    /// is refused, and on every error what was in force stays so.
    @discardableResult
    public func installIntel(_ bundle: URL, within limit: TimeInterval = 30) async throws(AgentError) -> IntelStatus {
        try await call { try await $0.installIntel(path: bundle.path, limit: sane(limit)) }
    }

    /// Where the agent stands, without scanning.
    public func status(within limit: TimeInterval = 10) async throws(AgentError) -> Status {
        try await call { try await $0.status(limit: sane(limit)) }
    }

    /// Why the level of the last scan is what it is, and what would change it; absent before the first scan.
    public func explain(in language: Language, within limit: TimeInterval = 10) async throws(AgentError) -> Explanation? {
        try await call { try await $0.explain(language: language, limit: sane(limit)) }
    }

    /// The reports that wait for delivery, exactly as they will be sent: what the user can look at before they leave.
    public func previewReports(within limit: TimeInterval = 10) async throws(AgentError) -> [PreviewedReport] {
        try await call { try await $0.previewReport(limit: sane(limit)) }
    }

    /// What happens from now on, until `close()`. Each stream gets every event; one that is not read keeps the newest 256.
    public var events: AsyncStream<AgentEvent> {
        hub.stream()
    }

    /// Ends every call under way with `AgentError.Cancelled`.
    public func cancel() {
        core.cancel()
    }

    /// Ends every call under way with `AgentError.Closed`, the agent's thread, and the events. A second call does nothing;
    /// every other call after it fails with `Closed`.
    public func close() {
        core.shutDown()
        hub.finish()
    }

    /// Makes a call that ends with its task. UniFFI's code does not pass on that a task was cancelled; a scope of its own
    /// does.
    private func call<T: Sendable>(_ work: @Sendable (Agent) async throws -> T) async throws(AgentError) -> T {
        let scope = core.scope()
        return try await typed {
            try await withTaskCancellationHandler { try await work(scope) } onCancel: { scope.cancel() }
        }
    }
}

extension AgentError {
    /// What failed, on what, and what to do: one sentence without personal data.
    public var message: String {
        switch self {
        case .InvalidConfiguration(let reason), .InvalidPayload(let reason), .Store(let reason), .Connector(let reason),
            .Refused(let reason), .KeyGone(let reason), .KeyUnavailable(let reason), .Host(let reason), .Intel(let reason), .InvalidUrl(let reason), .Deadline(let reason),
            .Internal(let reason):
            reason
        case .NotEnrolled: "this device is not enrolled: enrol it with the code from your organisation"
        case .Cancelled: "cancelled"
        case .Closed: "the agent is closed: open it again"
        }
    }
}

/// UniFFI's code throws nothing but the agent's errors, which it cannot say in its types.
func typed<T>(_ work: () async throws -> T) async throws(AgentError) -> T {
    do {
        return try await work()
    } catch let error as AgentError {
        throw error
    } catch {
        throw .Internal(reason: "the agent failed with \(type(of: error)): please report this")
    }
}

/// A time that the core takes: UniFFI's code ends the process at one that is negative, not a number, or beyond 2^63 s.
func sane(_ limit: TimeInterval) -> TimeInterval {
    // The core takes a day for without limit.
    limit.isNaN ? 0 : min(max(limit, 0), 24 * 60 * 60)
}
