import MTDAgent
import TestSupport
import XCTest

/// A process ends without a word, as iOS ends one: another, on the same database, finds everything that was stored.
final class ProcessDeathTests: AgentTestCase {
    private var stage: Stage!

    override func setUpWithError() throws {
        try super.setUpWithError()
        guard let stage = try Stage() else { throw XCTSkip("MTD_BINARY does not name the mtd command: tests/run ios does") }
        self.stage = stage
    }

    func testDeathInAScanLosesNoReportThatWasQueued() async throws {
        let queued = try await enrolAndQueue(reports: 2)
        try killProcess(doing: "scan", when: { true })
        let found = try await reports()
        XCTAssertEqual(found, queued)

        let agent = try await workshop.open(device: ScriptedHost())
        _ = try await agent.scan(.requested)
        let delivery = try await agent.deliver()
        agent.close()
        XCTAssertEqual(Array(delivery.delivered.prefix(queued.count)), queued.map(\.seq))
        XCTAssertEqual(delivery.stillQueued, 0)
        try assertChainIsIntact(to: XCTUnwrap(delivery.delivered.last))
    }

    func testDeathInADeliveryLosesNoReportAndSendsTheSameBytes() async throws {
        var queued: [PreviewedReport] = [], left: [PreviewedReport] = []
        // A delivery that is faster than the death is no test of it. Once the second report is there, the receipt for the
        // first was kept.
        for _ in 0..<5 where left.isEmpty {
            queued = try await enrolAndQueue(reports: 60)
            let first = try XCTUnwrap(queued.first).seq
            try killProcess(doing: "deliver", when: { try self.deliveredSeq() > first })
            left = try await reports()
        }
        print("killed with \(left.count) of \(queued.count) reports to deliver")
        XCTAssertFalse(left.isEmpty)
        XCTAssertLessThan(left.count, queued.count)
        XCTAssertEqual(left, queued.suffix(left.count))

        let agent = try await workshop.open(device: ScriptedHost())
        let delivery = try await agent.deliver()
        agent.close()
        XCTAssertEqual(delivery.delivered, left.map(\.seq))
        XCTAssertEqual(delivery.stillQueued, 0)
        try assertChainIsIntact(to: XCTUnwrap(queued.last).seq)
    }

    /// Enrols the device and queues at least `reports` reports.
    private func enrolAndQueue(reports: Int) async throws -> [PreviewedReport] {
        let agent = try await workshop.open(device: ScriptedHost())
        defer { agent.close() }
        if try await agent.status().enrolment == nil { _ = try await agent.enroll(stage.payload) }
        var queued: [PreviewedReport] = []
        while queued.count < reports {
            _ = try await agent.scan(.requested)
            queued = try await agent.previewReports()
        }
        return queued
    }

    private func reports() async throws -> [PreviewedReport] {
        let agent = try await workshop.open(device: ScriptedHost())
        defer { agent.close() }
        return try await agent.previewReports()
    }

    /// Has another process begin with `what`, and kills it as soon as `isTime`.
    private func killProcess(doing what: String, when isTime: () throws -> Bool) throws {
        let process = try OtherProcess(workshop, what)
        XCTAssertEqual(process.nextOutput(), "begun\n")
        while try !isTime() {}
        process.killNow()
    }

    private func deliveredSeq() throws -> UInt64 {
        let device = try XCTUnwrap(stage.tell("device")["device"] as? [String: Any])
        return UInt64(device["last_seq"] as? Int ?? 0)
    }

    private func assertChainIsIntact(to seq: UInt64) throws {
        let device = try XCTUnwrap(stage.tell("device")["device"] as? [String: Any])
        let chain = try XCTUnwrap(device["chain"] as? [String: Any])
        for breach in ["forks", "gaps", "regressions"] { XCTAssertEqual(chain[breach] as? Int, 0, "\(breach): \(chain)") }
        XCTAssertEqual(try deliveredSeq(), seq)
    }
}
