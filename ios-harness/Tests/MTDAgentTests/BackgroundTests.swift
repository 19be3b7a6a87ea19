import Foundation
import TestSupport
import XCTest

@testable import MTDAgent

final class BackgroundTests: XCTestCase {
    func testAWindowWaitsForEventsToSettleAndScans() async {
        let agent = ScriptedPlans([.later(after: 0.05, why: .settling), .now(trigger: .periodic, depth: .first), .skip(why: .nothingNew)])
        let outcome = await BackgroundWindow(length: 20).use(agent)
        XCTAssertEqual(agent.calls, ["plan periodic", "due", "scan periodic", "due", "deliver"])
        XCTAssertEqual(outcome, .init(isWhole: true, wanted: nil))
    }

    func testAWindowWithoutAScanDeliversWhatWasQueuedBefore() async {
        let agent = ScriptedPlans([.skip(why: .nothingNew)])
        _ = await BackgroundWindow(length: 20).use(agent)
        XCTAssertEqual(agent.calls, ["plan periodic", "deliver"])
    }

    func testWhatIsDueAfterTheWindowIsLeftToTheNext() async {
        let agent = ScriptedPlans([.later(after: 600, why: .backingOff)])
        let outcome = await BackgroundWindow(length: 20).use(agent)
        XCTAssertEqual(agent.calls, ["plan periodic", "deliver"])
        XCTAssertEqual(outcome, .init(isWhole: true, wanted: 600))
    }

    func testAWindowThatIsCutShortSaysSoAndStartsNothingMore() async throws {
        let agent = ScriptedPlans([.later(after: 10, why: .settling), .now(trigger: .periodic, depth: .first)])
        let work = Task { await BackgroundWindow(length: 20).use(agent) }
        try await waitUntil { !agent.calls.isEmpty }
        work.cancel()
        let outcome = await work.value
        XCTAssertFalse(outcome.isWhole)
        XCTAssertEqual(agent.calls, ["plan periodic"])
    }

    func testAFailureIsTriedAgainInAQuarterOfAnHour() async {
        let agent = ScriptedPlans([])
        let outcome = await BackgroundWindow(length: 20).use(agent)
        XCTAssertEqual(outcome.wanted, 15 * 60)
    }

    func testWhatADeliveryMetInTheConnectorsPlaceIsLookedAtAtOnce() async {
        let now = Plan.now(trigger: .networkChanged, depth: .first)
        let agent = ScriptedPlans([.now(trigger: .periodic, depth: .first), .skip(why: .nothingNew), now], scanDue: true)
        let outcome = await BackgroundWindow(length: 20).use(agent)
        XCTAssertEqual(agent.calls, ["plan periodic", "scan periodic", "due", "deliver", "due"])
        XCTAssertEqual(outcome, .init(isWhole: true, wanted: 0))
    }

    func testADeviceThatIsNotEnrolledScansAndIsNotWokenToDeliver() async {
        let agent = ScriptedPlans([.now(trigger: .periodic, depth: .first), .skip(why: .nothingNew)], isEnrolled: false)
        let outcome = await BackgroundWindow(length: 20).use(agent)
        XCTAssertEqual(outcome, .init(isWhole: true, wanted: nil))
        XCTAssertTrue(agent.calls.starts(with: ["plan periodic", "scan periodic", "due", "deliver"]), "\(agent.calls)")
    }

    func testIOSIsAskedForTheSoonerOfRhythmAndWishButNotForAtOnce() {
        let now = Date(timeIntervalSince1970: 1_000_000)
        let times = RefreshTimes(every: 900)
        XCTAssertEqual(times.next(after: now, wanted: nil), now + 900)
        XCTAssertEqual(times.next(after: now, wanted: now + 300), now + 300)
        XCTAssertEqual(times.next(after: now, wanted: now + 3600), now + 900)
        XCTAssertEqual(times.next(after: now, wanted: now - 5), now + RefreshTimes.soonest)
        XCTAssertEqual(RefreshTimes(every: -1).next(after: now, wanted: nil), now + RefreshTimes.soonest)
    }

    func testTheAlarmRingsOnceAfterTheLastTimeThatWasSet() async throws {
        let alarm = RunningAlarm()
        let rings = Locked(0)
        alarm.onRing { rings.with { $0 += 1 } }
        for _ in 0..<5 { alarm.set(after: 0.05) }
        try await waitUntil { rings.with { $0 } > 0 }
        try await Task.sleep(nanoseconds: 300_000_000)
        XCTAssertEqual(rings.with { $0 }, 1)
        alarm.set(after: 0.05)
        alarm.cancel()
        try await Task.sleep(nanoseconds: 200_000_000)
        XCTAssertEqual(rings.with { $0 }, 1)
    }

    func testARingingAlarmMayBeSetByWhatItRingsFor() async throws {
        let alarm = RunningAlarm()
        let rings = Locked((count: 0, wasCancelled: false))
        alarm.onRing { [weak alarm] in
            if rings.with({ $0.count }) == 0 { alarm?.set(after: 0.02) }
            rings.with { ($0.count, $0.wasCancelled) = ($0.count + 1, $0.wasCancelled || Task.isCancelled) }
        }
        alarm.set(after: 0.02)
        try await waitUntil { rings.with { $0.count } == 2 }
        XCTAssertEqual(rings.with { $0.count }, 2)
        XCTAssertFalse(rings.with { $0.wasCancelled })
    }

    func testWhileTheAppRunsTheAlarmLeadsToTheScan() async throws {
        let agent = ScriptedPlans([.later(after: 0.05, why: .settling), .now(trigger: .networkChanged, depth: .first), .skip(why: .nothingNew)])
        let turns = Locked(0)
        let watch = DeviceWatch(agent: agent) { _ in turns.with { $0 += 1 } }
        watch.pathChanged(from: path("en0"), to: path("en0"))
        watch.pathChanged(from: path("en0"), to: path("pdp_ip0"))
        try await waitUntil { turns.with { $0 } == 1 }
        XCTAssertEqual(agent.calls, ["plan networkChanged", "due", "scan networkChanged", "due", "deliver"])
        withExtendedLifetime(watch) {}
    }

    func testChangesOfThePathAreToldByWhatTheyMean() {
        let there = path("en0"), blocked = path("en0", isSatisfied: false), elsewhere = path("pdp_ip0")
        XCTAssertEqual(PathChange.trigger(from: nil, to: there), .networkChanged)
        XCTAssertNil(PathChange.trigger(from: nil, to: blocked))
        XCTAssertEqual(PathChange.trigger(from: blocked, to: there), .portalCleared)
        XCTAssertEqual(PathChange.trigger(from: blocked, to: elsewhere), .networkChanged)
        XCTAssertEqual(PathChange.trigger(from: there, to: blocked), .networkChanged)
        XCTAssertEqual(PathChange.trigger(from: there, to: elsewhere), .networkChanged)
        XCTAssertNil(PathChange.trigger(from: there, to: there))
        var costly = there
        costly.isExpensive = true
        XCTAssertNil(PathChange.trigger(from: there, to: costly))
    }

    func testABlockingCallTakesTheFirstAnswerAndWaitsNoLongerThanItsLimit() {
        let first: Int? = BlockingCall.value(within: 5) { give in
            DispatchQueue.global().async {
                give(1)
                give(2)
            }
        }
        XCTAssertEqual(first, 1)
        let begin = Date()
        let never: Int? = BlockingCall.value(within: 0.1) { _ in }
        XCTAssertNil(never)
        XCTAssertLessThan(Date().timeIntervalSince(begin), 20)
    }

    private func path(_ interface: String, isSatisfied: Bool = true) -> PathDescription {
        .init(isSatisfied: isSatisfied, interfaces: [.init(name: interface, kind: .wifi)], gateways: ["192.0.2.1"], isExpensive: false)
    }
}

/// In the agent's place: one plan after the other, then an error; scans and deliveries that find nothing.
private final class ScriptedPlans: Scheduling, @unchecked Sendable {
    private let state: Locked<(plans: [Plan], calls: [String])>
    private let isEnrolled: Bool

    private let scanDue: Bool

    /// `scanDue`: deliveries meet something in the connector's place.
    init(_ plans: [Plan], isEnrolled: Bool = true, scanDue: Bool = false) {
        state = Locked((plans, []))
        (self.isEnrolled, self.scanDue) = (isEnrolled, scanDue)
    }

    var calls: [String] { state.with { $0.calls } }

    func plan(_ trigger: ScanTrigger, within limit: TimeInterval) async throws(AgentError) -> Plan {
        try next("plan \(trigger)")
    }

    func due(within limit: TimeInterval) async throws(AgentError) -> Plan {
        try next("due")
    }

    func scan(_ trigger: ScanTrigger, depth: Depth, within limit: TimeInterval) async throws(AgentError) -> ScanResult {
        state.with { $0.calls.append("scan \(trigger)") }
        return ScanResult(
            scanId: "1", trigger: trigger, startedAt: Date(), elapsed: 1, level: .secured, atLeast: .secured, gaps: [], checks: [],
            findings: [], exposure: [], networkCost: NetworkCost(depth: depth, elapsed: 0, sent: 0, received: 0), appCount: nil,
            appChanges: AppChanges(added: 0, removed: 0, updated: 0, resigned: 0), intelVersion: nil, queuedReports: []
        )
    }

    func deliver(within limit: TimeInterval) async throws(AgentError) -> DeliverySummary {
        state.with { $0.calls.append("deliver") }
        guard isEnrolled else { throw .NotEnrolled }
        return DeliverySummary(
            delivered: [], quarantined: [], stillQueued: 0, stopped: nil, newSettings: nil, newPolicy: nil, policyNotes: [],
            decision: nil, scanDue: scanDue
        )
    }

    private func next(_ call: String) throws(AgentError) -> Plan {
        let plan = state.with { state in
            state.calls.append(call)
            return state.plans.isEmpty ? nil : state.plans.removeFirst()
        }
        guard let plan else { throw .Internal(reason: "nothing left") }
        return plan
    }
}
