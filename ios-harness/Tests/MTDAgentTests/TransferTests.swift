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
        let uploads = ReportUploads(agent: { agent }, transfer: transfer)
        transfer.onEnd { text, answer in
            guard let tag = UploadTag(text: text), let outcome = try? await uploads.finished(tag, answer: answer) else { return }
            outcomes.with { $0.append("\(outcome)") }
        }
        try await uploads.begin()
        try await waitUntil { try await agent.status().queued == 0 || outcomes.with { $0.contains { $0 != "delivered" } } }

        XCTAssertEqual(outcomes.with { $0 }, queued.map { _ in "delivered" })
        XCTAssertEqual(files(), [], "each file is removed when it is known what came of it")
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
        let uploads = ReportUploads(agent: { agent }, transfer: transfer)
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

    /// A transfer that the system goes on with while the app's process is gone: its outcome comes to the next one.
    func testAnotherProcessIsToldTheOutcomeOfTheSameFileAndGoesOn() async throws {
        guard let stage = try Stage() else { throw XCTSkip("MTD_BINARY does not name the mtd command: tests/run ios does") }
        let before = try await workshop.open()
        _ = try await before.enroll(stage.payload)
        for _ in 0..<2 { _ = try await before.scan(.requested) }
        let queued = try await before.previewReports()
        let handed = try await before.nextUpload()
        let upload = try XCTUnwrap(handed)
        XCTAssertEqual(FileManager.default.contents(atPath: upload.file).map { String(decoding: $0, as: UTF8.self) }, queued.first?.token)
        before.close()

        let agent = try await workshop.open()
        defer { agent.close() }
        XCTAssertEqual(files(), [URL(fileURLWithPath: upload.file).lastPathComponent], "kept for the transfer under way")
        let same = try await agent.nextUpload()
        XCTAssertEqual(same, upload)
        let transfer = OpenSSLTransfer()
        let uploads = ReportUploads(agent: { agent }, transfer: transfer)
        transfer.onEnd { text, answer in
            guard let tag = UploadTag(text: text) else { return }
            _ = try? await uploads.finished(tag, answer: answer)
        }
        transfer.start(upload)
        try await waitUntil { try await agent.status().queued == 0 }
        try await waitUntil { files().isEmpty }
        // Told once more, as the system may: it changes nothing.
        let again = try await agent.uploadResult(id: upload.id, .failed(why: "told twice"))
        XCTAssertEqual(again, .delivered)
        try stage.tell("stop")
    }

    /// What waits in the core's folder of uploads.
    private func files() -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: workshop.store.appendingPathComponent("agent.uploads").path)) ?? []
    }
}
