import MTDAgent
import TestSupport
import XCTest

final class ScanSchedulerTests: AgentTestCase {
    /// An alarm that never rings.
    private final class FakeAlarm: ScanAlarm, @unchecked Sendable {
        private let lock = NSLock()
        private var last: TimeInterval??

        /// After how long it would ring; `.some(nil)` where it was cancelled, `nil` where nobody said.
        var setting: TimeInterval?? { lock.withLock { last } }

        func set(after seconds: TimeInterval) { lock.withLock { last = .some(seconds) } }
        func cancel() { lock.withLock { last = .some(nil) } }
    }

    /// An agent that answers as a test says, and notes what it was asked.
    private final class FakeAgent: Scheduling, @unchecked Sendable {
        private let lock = NSLock()
        private var plans: [Plan]
        private var asked: [String] = []
        private let scanned: ScanResult

        init(plans: [Plan], scanned: ScanResult) {
            (self.plans, self.scanned) = (plans, scanned)
        }

        var calls: [String] { lock.withLock { asked } }

        private func next(_ call: String) -> Plan {
            lock.withLock {
                asked.append(call)
                return plans.count > 1 ? plans.removeFirst() : plans[0]
            }
        }

        func plan(_ trigger: ScanTrigger, within limit: TimeInterval) async throws(AgentError) -> Plan { next("plan \(trigger)") }
        func due(within limit: TimeInterval) async throws(AgentError) -> Plan { next("due") }

        func scan(_ trigger: ScanTrigger, depth: Depth, within limit: TimeInterval) async throws(AgentError) -> ScanResult {
            lock.withLock { asked.append("scan \(trigger) \(depth)") }
            return scanned
        }

        func deliver(within limit: TimeInterval) async throws(AgentError) -> DeliverySummary {
            lock.withLock { asked.append("deliver") }
            throw .Connector(reason: "nobody answers")
        }
    }

    private let alarm = FakeAlarm()

    private func aScan() async throws -> ScanResult {
        let agent = try await workshop.open(device: ScriptedHost())
        defer { agent.close() }
        return try await agent.scan(.requested)
    }

    func testPlanForNowIsFollowedByScanAndDelivery() async throws {
        let agent = FakeAgent(
            plans: [.now(trigger: .networkChanged, depth: .first), .skip(why: .nothingNew)], scanned: try await aScan()
        )
        let turn = await ScanScheduler(agent: agent, alarm: alarm).happened(.networkChanged)
        XCTAssertEqual(agent.calls, ["plan networkChanged", "scan networkChanged first", "due", "deliver"])
        XCTAssertEqual(turn.scans.count, 1)
        XCTAssertEqual(turn.failure, .Connector(reason: "nobody answers"))
    }

    func testReportsWaitForTheBackgroundSessionWhereThereIsOne() async throws {
        let agent = FakeAgent(
            plans: [.now(trigger: .periodic, depth: .everything), .skip(why: .recent)], scanned: try await aScan()
        )
        let turn = await ScanScheduler(agent: agent, alarm: alarm, delivers: false).happened(.periodic)
        XCTAssertFalse(agent.calls.contains("deliver"))
        XCTAssertNil(turn.failure)
        XCTAssertEqual(alarm.setting, .some(nil))
    }

    func testPlanForLaterSetsTheAlarm() async throws {
        let agent = FakeAgent(plans: [.later(after: 42, why: .settling)], scanned: try await aScan())
        let turn = await ScanScheduler(agent: agent, alarm: alarm).alarmRang()
        XCTAssertEqual(agent.calls, ["due"])
        XCTAssertEqual(alarm.setting, .some(42))
        XCTAssertTrue(turn.scans.isEmpty)
    }

    func testWhateverKeepsHappeningWaitsForTheAlarm() async throws {
        let agent = FakeAgent(plans: [.now(trigger: .networkChanged, depth: .first)], scanned: try await aScan())
        let turn = await ScanScheduler(agent: agent, alarm: alarm, delivers: false).happened(.networkChanged)
        XCTAssertEqual(turn.scans.count, 2)
        XCTAssertNotNil(alarm.setting ?? nil)
    }

    func testClosedAgentIsNotWokenAgain() async throws {
        let agent = try await workshop.open()
        agent.close()
        let turn = await ScanScheduler(agent: agent, alarm: alarm).happened(.foreground)
        XCTAssertEqual(turn.failure, .Closed)
        XCTAssertEqual(alarm.setting, .some(nil))
    }

    /// With the real agent: two seconds for events to settle, then one scan.
    func testRealAgentScansOnceWhenEventsHaveSettled() async throws {
        let agent = try await workshop.open(device: ScriptedHost())
        let scheduler = ScanScheduler(agent: agent, alarm: alarm, delivers: false)
        var turn = await scheduler.happened(.foreground)
        XCTAssertTrue(turn.scans.isEmpty, "\(turn)")
        while turn.scans.isEmpty, case .some(.some(let seconds)) = alarm.setting, seconds < 5 {
            try await Task.sleep(nanoseconds: UInt64(seconds * 1_000_000_000) + 1_000_000)
            turn = await scheduler.alarmRang()
        }
        XCTAssertEqual(turn.scans.map(\.trigger), [.foreground])
        turn = await scheduler.happened(.foreground)
        XCTAssertTrue(turn.scans.isEmpty, "scanned again at once")
        agent.close()
    }
}
