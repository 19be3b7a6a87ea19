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
        try await killVictim(doing: "scan")

        let agent = try await workshop.open(device: ScriptedHost())
        let found = try await agent.previewReports()
        XCTAssertEqual(found, queued)
        _ = try await agent.scan(.requested)
        let delivery = try await agent.deliver()
        agent.close()
        XCTAssertEqual(Array(delivery.delivered.prefix(queued.count)), queued.map(\.seq))
        XCTAssertEqual(delivery.stillQueued, 0)
        try assertChainIsIntact(to: XCTUnwrap(delivery.delivered.last))
    }

    func testDeathInADeliveryLosesNoReportAndSendsTheSameBytes() async throws {
        let queued = try await enrolAndQueue(reports: 4)
        try await killVictim(doing: "deliver")

        let agent = try await workshop.open(device: ScriptedHost())
        // The first was delivered; its receipt had come.
        let left = try await agent.previewReports()
        XCTAssertEqual(left, Array(queued.dropFirst()))
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
        _ = try await agent.enroll(stage.payload)
        var queued: [PreviewedReport] = []
        while queued.count < reports {
            _ = try await agent.scan(.requested)
            queued = try await agent.previewReports()
        }
        return queued
    }

    private func killVictim(doing what: String) async throws {
        let victim = Process(), output = Pipe()
        victim.executableURL = Bundle(for: Self.self).bundleURL.deletingLastPathComponent().appendingPathComponent("victim")
        victim.arguments = [workshop.folder.path, what]
        victim.standardOutput = output
        try victim.run()
        XCTAssertEqual(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self), "asked\n")
        kill(victim.processIdentifier, SIGKILL)
        victim.waitUntilExit()
        XCTAssertEqual(victim.terminationReason, .uncaughtSignal)
        XCTAssertEqual(victim.terminationStatus, SIGKILL)
    }

    private func assertChainIsIntact(to seq: UInt64) throws {
        let device = try XCTUnwrap(stage.tell("device")["device"] as? [String: Any])
        XCTAssertEqual(device["chain"] as? String, "intact", "\(device)")
        XCTAssertEqual(device["last_seq"] as? Int, Int(seq))
    }
}
