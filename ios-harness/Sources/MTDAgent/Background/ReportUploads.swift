import Foundation
import MTDAgentCore

/// Carries one report after another while this process sleeps, or is gone (a background `URLSession`).
protocol ReportTransfer: Sendable {
    /// Whether a report is under way.
    func isBusy() async -> Bool
    /// Starts to send the file `body` as `upload` says. Its outcome comes to `ReportUploads.finished`, perhaps in another
    /// process of this app.
    func start(_ upload: Upload, body: URL)
}

/// The calls of the agent that uploads need.
protocol UploadingAgent: Sendable {
    func nextUpload(within limit: TimeInterval) async throws(AgentError) -> Upload?
    func uploadResult(seq: UInt64, _ answer: UploadAnswer, within limit: TimeInterval) async throws(AgentError) -> UploadOutcome
}

extension DeviceAgent: UploadingAgent {}

/// Delivers reports by transfers outside this process, in the order of their chain: one at a time, the next one after the
/// connector's receipt for the one before.
actor ReportUploads {
    /// Longest time that the agent's own work for one step may take, in seconds: a few reads of its database.
    private static let limit: TimeInterval = 5

    private let agent: @Sendable () async throws -> any UploadingAgent
    private let transfer: any ReportTransfer
    private let folder: URL
    private var isStarting = false

    /// `folder` keeps the bodies of reports under way. It is made when it is needed.
    init(agent: @escaping @Sendable () async throws -> any UploadingAgent, transfer: any ReportTransfer, folder: URL) {
        self.agent = agent
        self.transfer = transfer
        self.folder = folder
    }

    /// Hands the next due report to the transfer, unless one is under way.
    func begin() async throws {
        // The actor's other calls get in while this one waits.
        guard !isStarting else { return }
        isStarting = true
        defer { isStarting = false }
        guard await !transfer.isBusy(), let upload = try await agent().nextUpload(within: Self.limit) else { return }
        transfer.start(upload, body: try write(upload))
    }

    /// Tells the agent what came of a transfer, and hands on the next report if it was the last word on this one.
    @discardableResult
    func finished(_ tag: UploadTag, answer: UploadAnswer) async throws -> UploadOutcome? {
        let sent = body(of: tag.seq)
        let bytes = try? Data(contentsOf: sent)
        let agent = try await agent()
        // After a new enrolment another report may have this number; what is told of the old one is not about it.
        if let next = try await agent.nextUpload(within: Self.limit), next.seq == tag.seq, next.body != bytes { return nil }
        let outcome = try await agent.uploadResult(seq: tag.seq, answer, within: Self.limit)
        try? FileManager.default.removeItem(at: sent)
        switch outcome {
        case .delivered, .quarantined: try await begin()
        case .again: break
        }
        return outcome
    }

    private func write(_ upload: Upload) throws -> URL {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = body(of: upload.seq)
        #if os(Linux)
            try upload.body.write(to: file, options: .atomic)
        #else
            // Readable from the first unlock on, when the system may send it.
            try upload.body.write(to: file, options: [.atomic, .completeFileProtectionUntilFirstUserAuthentication])
        #endif
        return file
    }

    private func body(of seq: UInt64) -> URL {
        folder.appendingPathComponent("report-\(seq).jws")
    }
}
