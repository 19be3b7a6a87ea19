import Foundation
import TestSupport
import XCTest

@testable import MTDAgent

/// Reports by transfers outside the agent, to a real connector.
final class TransferTests: AgentTestCase {
    func testTheConnectorGetsEveryReportInTheOrderOfTheChain() async throws {
        guard let stage = try Stage() else { throw XCTSkip("MTD_BINARY does not name the mtd command: tests/run ios does") }
        let agent = try await workshop.open()
        defer { agent.close() }
        _ = try await agent.enroll(stage.payload)
        for _ in 0..<3 { _ = try await agent.scan(.requested) }
        let queued = try await agent.previewReports().map(\.seq)
        XCTAssertGreaterThanOrEqual(queued.count, 3)

        let outcomes = Locked<[String]>([])
        let transfer = OpenSSLTransfer()
        let uploads = ReportUploads(agent: { agent }, transfer: transfer, folder: workshop.folder.appendingPathComponent("uploads"))
        transfer.onEnd { text, answer in
            guard let tag = UploadTag(text: text), let outcome = try? await uploads.finished(tag, answer: answer) else { return }
            outcomes.with { $0.append("\(tag.seq) \(outcome)") }
        }
        try await uploads.begin()
        try await waitUntil { try await agent.status().queued == 0 || outcomes.with { $0.contains { !$0.hasSuffix("delivered") } } }

        XCTAssertEqual(outcomes.with { $0 }, queued.map { "\($0) delivered" })
        let story = try XCTUnwrap(stage.tell("story")["story"] as? [String: Any])
        XCTAssertEqual((story["tokens"] as? [Any])?.count, queued.count)
        let chain = (story["device"] as? [String: Any])?["chain"] as? [String: Any]
        XCTAssertEqual(chain?["status"] as? String, "intact")
        try stage.tell("stop")
    }

    func testAReportStaysWhereTheConnectorIsDown() async throws {
        guard let stage = try Stage() else { throw XCTSkip("MTD_BINARY does not name the mtd command: tests/run ios does") }
        let agent = try await workshop.open()
        defer { agent.close() }
        _ = try await agent.enroll(stage.payload)
        _ = try await agent.scan(.requested)
        let queued = try await agent.previewReports()
        try stage.tell("outage on")

        let outcomes = Locked<[UploadOutcome]>([])
        let transfer = OpenSSLTransfer()
        let uploads = ReportUploads(agent: { agent }, transfer: transfer, folder: workshop.folder.appendingPathComponent("uploads"))
        transfer.onEnd { text, answer in
            guard let tag = UploadTag(text: text), let outcome = try? await uploads.finished(tag, answer: answer) else { return }
            outcomes.with { $0.append(outcome) }
        }
        try await uploads.begin()
        try await waitUntil { !outcomes.with { $0.isEmpty } }
        guard case .again = outcomes.with({ $0[0] }) else { return XCTFail("\(outcomes.with { $0 })") }
        let left = try await agent.previewReports()
        XCTAssertEqual(left, queued)
        try stage.tell("stop")
    }
}
