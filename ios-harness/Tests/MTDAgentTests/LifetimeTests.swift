import MTDAgent
import TestSupport
import XCTest

final class LifetimeTests: AgentTestCase {
    /// A code that is well-formed, of a connector that is not there.
    private static let code = """
        {"url":"https://127.0.0.1:9","spki_pins":["sha256/AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=","sha256/AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="],"token":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8","tenant":"acme"}
        """

    func testEveryCallAfterCloseSaysClosed() async throws {
        let agent = try await workshop.open()
        agent.close()
        agent.close()
        agent.cancel()
        await assertFails(.Closed) { () throws(AgentError) in try await agent.scan(.requested) }
        await assertFails(.Closed) { () throws(AgentError) in try await agent.enroll(Self.code) }
        await assertFails(.Closed) { () throws(AgentError) in try await agent.deliver() }
        await assertFails(.Closed) { () throws(AgentError) in try await agent.plan(.foreground) }
        await assertFails(.Closed) { () throws(AgentError) in try await agent.due() }
        await assertFails(.Closed) { () throws(AgentError) in try await agent.status() }
        await assertFails(.Closed) { () throws(AgentError) in try await agent.explain(in: .en) }
        await assertFails(.Closed) { () throws(AgentError) in try await agent.previewReports() }
        await assertFails(.Closed) { () throws(AgentError) in try await agent.nextUpload() }
        await assertFails(.Closed) { () throws(AgentError) in try await agent.uploadResult(id: "a", .failed(why: "")) }
        for await event in agent.events { XCTFail("\(event)") }
    }

    func testEventsReachEveryStreamAndEndWithTheAgent() async throws {
        let agent = try await workshop.open(device: ScriptedHost())
        let streams = [agent.events, agent.events]
        var iterators = streams.map { $0.makeAsyncIterator() }
        let scan = try await agent.scan(.requested)
        for index in iterators.indices {
            let event = await iterators[index].next()
            XCTAssertEqual(event, .levelChanged(from: nil, to: scan.level))
        }
        agent.close()
        for index in iterators.indices {
            while await iterators[index].next() != nil {}
        }
    }

    func testStreamThatIsNotWantedAnyMoreLeavesTheOthers() async throws {
        let agent = try await workshop.open(device: ScriptedHost())
        var kept = agent.events.makeAsyncIterator()
        let dropped = Task { for await _ in agent.events {} }
        dropped.cancel()
        await dropped.value
        let scan = try await agent.scan(.requested)
        let event = await kept.next()
        XCTAssertEqual(event, .levelChanged(from: nil, to: scan.level))
        agent.close()
    }

    func testAgentThatIsDroppedIsClosed() async throws {
        var agent: DeviceAgent? = try await workshop.open(device: ScriptedHost())
        let events = try XCTUnwrap(agent).events
        agent = nil
        for await event in events { XCTFail("\(event)") }
    }

    func testWrongSettingsAreAnInvalidConfiguration() async {
        for settings in ["", "{", "[]", #"{"version":"x"}"#, String(repeating: "[", count: 100_000), "\u{0}"] {
            await assertFails { [workshop] () throws(AgentError) in try await workshop!.open(settings: settings) } matches: {
                guard case .InvalidConfiguration(let reason) = $0 else { return false }
                return reason.contains("settings")
            }
        }
    }

    func testWrongCodesAreRefusedWithoutBeingQuoted() async throws {
        let agent = try await workshop.open()
        for code in ["", "{}", "mtd-enrol:c2VjcmV0", #"{"token":"secret"}"#, String(repeating: "a", count: 1_000_000)] {
            await assertFails { () throws(AgentError) in try await agent.enroll(code) } matches: {
                guard case .InvalidPayload(let reason) = $0 else { return false }
                return !reason.contains("secret") && !reason.contains("c2Vj")
            }
        }
        await assertFails(.NotEnrolled) { () throws(AgentError) in try await agent.deliver() }
    }

    func testFolderThatCannotBeMadeIsAnErrorOfTheStore() async throws {
        let file = workshop.folder.appendingPathComponent("file")
        try Data().write(to: file)
        let unusable = [file, file.appendingPathComponent("below"), URL(fileURLWithPath: "/proc/none"), URL(fileURLWithPath: "/" + String(repeating: "x", count: 300))]
        for folder in unusable {
            await assertFails { [workshop] () throws(AgentError) in
                try await DeviceAgent.open(in: folder, device: ScriptedHost(), key: workshop!.key, secrets: workshop!.keychain)
            } matches: {
                guard case .Store(let reason) = $0 else { return false }
                return !reason.contains(folder.lastPathComponent)
            }
        }
    }

    func testDatabaseThatIsNoneIsAnErrorOfTheStore() async throws {
        try await workshop.open().close()
        let database = try XCTUnwrap(FileManager.default.contentsOfDirectory(at: workshop.store, includingPropertiesForKeys: nil).first)
        try Data(repeating: 0x5a, count: 8192).write(to: database)
        await assertFails { [workshop] () throws(AgentError) in try await workshop!.open() } matches: {
            if case .Store = $0 { true } else { false }
        }
    }

    func testKeychainThatLostTheKeyIsTold() async throws {
        try await workshop.open().close()
        try FileManager.default.removeItem(at: workshop.folder.appendingPathComponent("keychain"))
        await assertFails { [workshop] () throws(AgentError) in try await workshop!.open() } matches: {
            switch $0 {
            case .Store, .Host: true
            default: false
            }
        }
    }

    func testTwoAgentsOnOneDatabaseLoseNothing() async throws {
        let first = try await workshop.open(device: ScriptedHost())
        let second = try await workshop.open(device: ScriptedHost())
        async let one = first.scan(.requested)
        async let other = second.scan(.requested)
        let scans = try await [one, other]
        XCTAssertNotEqual(scans[0].scanId, scans[1].scanId)
        first.close()
        let status = try await second.status()
        XCTAssertEqual(status.level, scans[0].level)
        second.close()
    }
}
