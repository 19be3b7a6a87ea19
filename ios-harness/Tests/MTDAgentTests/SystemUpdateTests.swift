import Foundation
import TestSupport
import XCTest

@testable import MTDAgent

final class SystemUpdateTests: AgentTestCase {
    private func update(_ build: Fact<String>) -> SystemUpdate { SystemUpdate(in: workshop.folder, build: build) }

    func testTheFirstLookRemembersAndTheNextOnesTellAnUpdateUntilItIsDealtWith() {
        XCTAssertFalse(update(.known("22B83")).happened())
        XCTAssertFalse(update(.known("22B83")).happened())
        XCTAssertTrue(update(.known("22C152")).happened())
        XCTAssertTrue(update(.known("22C152")).happened())
        update(.known("22C152")).remember()
        XCTAssertFalse(update(.known("22C152")).happened())
        XCTAssertFalse(update(.notAvailable(why: "no sysctl")).happened())
    }

    func testAnUpdateLeadsToAScanOfTheRealAgentAndIsThenRemembered() async throws {
        let agent = try await workshop.open(device: ScriptedHost())
        defer { agent.close() }
        update(.known("22B83")).remember()
        let after = update(.known("22C152"))
        let watch = DeviceWatch(agent: agent)
        watch.look(for: after)
        try await waitUntil { !after.happened() }
        try await waitUntil { try await agent.status().lastScanAt != nil }
        withExtendedLifetime(watch) {}
    }

    func testAnUpdateThatTheAgentDidNotTakeInIsToldAgain() async throws {
        let agent = try await workshop.open(device: ScriptedHost())
        agent.close()
        update(.known("22B83")).remember()
        let failed = Locked(false)
        let watch = DeviceWatch(agent: agent) { turn in failed.with { $0 = turn.failure != nil } }
        watch.look(for: update(.known("22C152")))
        try await waitUntil { failed.with { $0 } }
        XCTAssertTrue(update(.known("22C152")).happened())
    }
}
