import MTDAgent
import TestSupport
import XCTest

/// What a background transfer does, with answers of a test's making: the receipt alone counts.
final class ReceiptTests: AgentTestCase {
    func testReportStaysUntilTheConnectorHasSignedForIt() async throws {
        guard let stage = try Stage() else { throw XCTSkip("MTD_BINARY does not name the mtd command: tests/run ios does") }
        let agent = try await workshop.open()
        _ = try await agent.enroll(stage.payload)
        _ = try await agent.scan(.requested)
        let preview = try await agent.previewReports()
        let next = try await agent.nextUpload()
        let upload = try XCTUnwrap(next)
        XCTAssertEqual(upload.seq, preview.first?.seq)
        XCTAssertEqual(FileManager.default.contents(atPath: upload.file).map { String(decoding: $0, as: UTF8.self) }, preview.first?.token)
        XCTAssertTrue(upload.url.hasPrefix("https://"), upload.url)

        // A sign-in page says that all is well.
        let taken = try await agent.uploadResult(id: upload.id, .http(status: 202, headers: [:], body: Data("welcome".utf8)))
        guard case .again = taken else { return XCTFail("\(taken)") }
        let forged = try await agent.uploadResult(
            id: upload.id, .http(status: 202, headers: ["MTD-Receipt": "a.b.c"], body: Data())
        )
        guard case .again = forged else { return XCTFail("\(forged)") }
        let left = try await agent.previewReports()
        XCTAssertEqual(left, preview)
        agent.close()
    }
}
