import Foundation
import XCTest

@testable import MTDAgent
@testable import TestSupport

/// A keychain that is closed, or has lost its keys, through the real core and a real connector.
final class KeychainFailureTests: AgentTestCase {
    func testWhatAScanFindsWhileTheKeychainIsClosedIsSignedLater() async throws {
        guard let stage = try Stage() else { throw XCTSkip("MTD_BINARY does not name the mtd command: tests/run ios does") }
        let agent = try await workshop.open()
        defer { agent.close() }
        _ = try await agent.enroll(stage.payload)
        _ = try await agent.scan(.requested)
        _ = try await agent.deliver()
        let before = try reports(of: stage)

        workshop.keychain.fault = KeychainStatus.interactionNotAllowed
        let trackview = try StoryFiles.responses("apps-with-trackview.plist")
        workshop.device.change { $0.apps = .known(trackview) }
        let scan = try await agent.scan(.requested)
        XCTAssertEqual(scan.level, .high, "the check itself needs no key")
        XCTAssertEqual(try reports(of: stage), before)
        var state = AgentState()
        state.learn(.status(try await agent.status()))
        XCTAssertEqual(state.keyTrouble?.kind, .locked)
        workshop.device.change { $0.apps = .notAvailable(why: "the finding is gone when it is told") }

        workshop.keychain.fault = nil
        let delivery = try await agent.deliver()
        state.learn(.status(try await agent.status()))
        XCTAssertNil(state.keyTrouble)
        XCTAssertNil(delivery.stopped)
        XCTAssertEqual(delivery.stillQueued, 0)
        XCTAssertGreaterThan(try reports(of: stage), before)
        XCTAssertEqual(delivery.decision?.compliant, false, "the connector knows of what was found then")
        let chain = try XCTUnwrap((stage.tell("device")["device"] as? [String: Any])?["chain"] as? [String: Any])
        XCTAssertEqual(chain["status"] as? String, "intact")
        try stage.tell("stop")
    }

    func testAClosedKeychainIsWaitedForAndNothingIsTouched() async throws {
        guard let stage = try Stage() else { throw XCTSkip("MTD_BINARY does not name the mtd command: tests/run ios does") }
        let before = try await workshop.open()
        _ = try await before.enroll(stage.payload)
        _ = try await before.scan(.requested)
        let queued = try await before.previewReports()
        before.close()

        for status in [KeychainStatus.interactionNotAllowed, KeychainStatus.notAvailable] {
            workshop.keychain.fault = status
            await assertFails { [workshop] () throws(AgentError) in try await workshop!.open() } matches: {
                guard case .KeyUnavailable = $0 else { return false }
                return true
            }
        }
        workshop.keychain.fault = nil
        let agent = try await workshop.open()
        defer { agent.close() }
        XCTAssertFalse(agent.startedOver)
        let found = try await agent.previewReports()
        XCTAssertEqual(found, queued)
        try stage.tell("stop")
    }

    func testAKeychainThatHasLostItsKeysBeginsAnewAndSaysThatTheDeviceIsToBeEnrolledAgain() async throws {
        guard let stage = try Stage() else { throw XCTSkip("MTD_BINARY does not name the mtd command: tests/run ios does") }
        let before = try await workshop.open()
        _ = try await before.enroll(stage.payload)
        _ = try await before.scan(.requested)
        before.close()
        try workshop.keychain.erase()

        let agent = try await workshop.open()
        XCTAssertTrue(agent.startedOver)
        let status = try await agent.status()
        XCTAssertNil(status.enrolment)
        XCTAssertEqual(status.queued, 0)
        var state = AgentState()
        state.learn(.status(status))
        XCTAssertNotNil(state.enrolAgain)
        agent.close()

        let again = try await workshop.open()
        defer { again.close() }
        XCTAssertFalse(again.startedOver, "once")
        let kept = try await again.status()
        XCTAssertNotNil(kept.enrolAgain, "until it is enrolled")
        let code = try XCTUnwrap(stage.tell("token corporate")["payload"] as? String)
        _ = try await again.enroll(code)
        let enrolled = try await again.status()
        XCTAssertNil(enrolled.enrolAgain)
        _ = try await again.scan(.requested)
        let delivery = try await again.deliver()
        XCTAssertEqual(delivery.stillQueued, 0)
        try stage.tell("stop")
    }

    func testADeviceKeyThatIsGoneIsNotReplacedInSilence() async throws {
        guard let stage = try Stage() else { throw XCTSkip("MTD_BINARY does not name the mtd command: tests/run ios does") }
        let agent = try await workshop.open()
        defer { agent.close() }
        _ = try await agent.enroll(stage.payload)
        for name in ["device-key", "device-key.b"] { try FakeKeychainKeys(keychain: workshop.keychain).remove(name) }
        _ = try await agent.scan(.requested)
        let trouble = try await agent.status().keyTrouble
        XCTAssertEqual(trouble?.kind, .gone)
        XCTAssertTrue(trouble?.advice.contains("enrol this device again") == true, "\(trouble as Any)")
        XCTAssertNil(try workshop.key.publicKeySpkiDer(slot: .current))
        XCTAssertNil(try workshop.key.publicKeySpkiDer(slot: .candidate))
        try stage.tell("stop")
    }

    func testAKeyThatIsChangedSignsFromThenOnAndTheChainGoesOn() async throws {
        guard let stage = try Stage() else { throw XCTSkip("MTD_BINARY does not name the mtd command: tests/run ios does") }
        let agent = try await workshop.open()
        defer { agent.close() }
        let enrolled = try await agent.enroll(stage.payload)
        _ = try await agent.scan(.requested)
        _ = try await agent.deliver()
        let before = try XCTUnwrap(workshop.key.publicKeySpkiDer(slot: .current))
        let rotated = try await agent.rotateKey()
        XCTAssertEqual(rotated.deviceId, enrolled.deviceId)
        XCTAssertNotEqual(try workshop.key.publicKeySpkiDer(slot: .current), before)
        XCTAssertNil(try workshop.key.publicKeySpkiDer(slot: .candidate))
        _ = try await agent.scan(.requested)
        let delivery = try await agent.deliver()
        XCTAssertEqual(delivery.stillQueued, 0)
        let chain = try XCTUnwrap((stage.tell("device")["device"] as? [String: Any])?["chain"] as? [String: Any])
        XCTAssertEqual(chain["status"] as? String, "intact")
        try stage.tell("stop")
    }

    /// How many reports the connector has.
    private func reports(of stage: Stage) throws -> Int {
        let story = try XCTUnwrap(stage.tell("story")["story"] as? [String: Any])
        return (story["tokens"] as? [Any])?.count ?? 0
    }
}
