import MTDAgent
import TestSupport
import XCTest

final class AgentStateTests: AgentTestCase {
    func testScreenFollowsARealAgent() async throws {
        guard let stage = try Stage() else { throw XCTSkip("MTD_BINARY does not name the mtd command: tests/run ios does") }
        let agent = try await workshop.open()
        let events = agent.events
        var state = AgentState()
        XCTAssertNil(state.level)

        let trackview = try StoryFiles.responses("apps-with-trackview.plist")
        workshop.device.change { $0.apps = .known(trackview) }
        _ = try await agent.enroll(stage.payload)
        state.learn(.scanBegan)
        XCTAssertEqual(state.activity, .scanning)
        state.learn(.scanned(try await agent.scan(.requested)))
        XCTAssertEqual(state.level, .high)
        XCTAssertGreaterThan(state.queued, 0)
        XCTAssertTrue(state.isExplanationStale)
        state.learn(.explained(try await agent.explain(in: .en)))
        XCTAssertEqual(state.explanation?.findings.first?.subject, "com.example.trackview")
        XCTAssertFalse(state.isExplanationStale)
        state.learn(.deliveryBegan)
        state.learn(.delivered(try await agent.deliver()))
        XCTAssertEqual(state.access, .blocked)
        XCTAssertEqual(state.queued, 0)
        let status = try await agent.status()

        // Another screen, from what is stored and what happened.
        var other = AgentState()
        other.learn(.status(status))
        XCTAssertEqual(other.level, .high)
        XCTAssertEqual(other.access, .blocked)
        XCTAssertEqual(other.enrolment?.tenant, "acme")
        var third = AgentState()
        for await event in events {
            third.learn(.event(event))
            // The last of the story.
            if case .accessChanged = event { agent.close() }
        }
        XCTAssertEqual(third.level, .high)
        XCTAssertEqual(third.access, .blocked)
    }

    func testFailureIsShownUntilACallSucceedsAndACancelledOneIsNone() async throws {
        var state = AgentState()
        state.learn(.scanBegan)
        state.learn(.failed(.Connector(reason: "not reached")))
        XCTAssertEqual(state.activity, .idle)
        XCTAssertEqual(state.failure, .Connector(reason: "not reached"))
        let agent = try await workshop.open(device: ScriptedHost())
        state.learn(.scanned(try await agent.scan(.requested)))
        agent.close()
        XCTAssertNil(state.failure)
        state.learn(.failed(.Cancelled))
        XCTAssertNil(state.failure)
    }

    func testNothingIsLearntOfAClosedAgent() {
        var state = AgentState()
        state.learn(.failed(.Closed))
        let closed = state
        state.learn(.scanBegan)
        state.learn(.event(.levelChanged(from: nil, to: .secured)))
        XCTAssertEqual(state, closed)
        XCTAssertEqual(state.activity, .closed)
    }
}
