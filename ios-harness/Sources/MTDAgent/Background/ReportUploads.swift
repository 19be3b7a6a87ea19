import Foundation
import MTDAgentCore

/// Carries one report after another while this process sleeps, or is gone (a background `URLSession`).
protocol ReportTransfer: Sendable {
    /// Whether a report is under way.
    func isBusy() async -> Bool
    /// Starts to send the upload's file as it says. Its outcome comes to `ReportUploads.finished`, perhaps in another process
    /// of this app.
    func start(_ upload: Upload)
}

/// The calls of the agent that uploads need.
protocol UploadingAgent: Sendable {
    func nextUpload(within limit: TimeInterval) async throws(AgentError) -> Upload?
    func uploadResult(id: String, _ answer: UploadAnswer, within limit: TimeInterval) async throws(AgentError) -> UploadOutcome
}

extension DeviceAgent: UploadingAgent {}

/// Delivers reports by transfers outside this process, in the order of their chain: one at a time, the next one after the
/// connector's receipt for the one before. The agent writes the file of each, and removes it once it was told what came of it.
actor ReportUploads {
    /// Longest time that the agent's own work for one step may take, in seconds: a few reads of its database.
    private static let limit: TimeInterval = 5

    private let agent: @Sendable () async throws -> any UploadingAgent
    private let transfer: any ReportTransfer
    private var isStarting = false

    init(agent: @escaping @Sendable () async throws -> any UploadingAgent, transfer: any ReportTransfer) {
        self.agent = agent
        self.transfer = transfer
    }

    /// Hands the next due report to the transfer, unless one is under way.
    func begin() async throws {
        // The actor's other calls get in while this one waits.
        guard !isStarting else { return }
        isStarting = true
        defer { isStarting = false }
        guard await !transfer.isBusy(), let upload = try await agent().nextUpload(within: Self.limit) else { return }
        transfer.start(upload)
    }

    /// Tells the agent what came of a transfer, and hands on the next report if it was the last word on this one.
    @discardableResult
    func finished(_ tag: UploadTag, answer: UploadAnswer) async throws -> UploadOutcome {
        let outcome = try await agent().uploadResult(id: tag.id, answer, within: Self.limit)
        switch outcome {
        case .delivered, .quarantined, .replaced, .forgotten: try await begin()
        case .again: break
        }
        return outcome
    }
}
