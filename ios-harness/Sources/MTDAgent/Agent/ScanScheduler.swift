import Foundation
import MTDAgentCore

/// What `ScanScheduler` needs of the agent. `DeviceAgent` has it.
public protocol Scheduling: Sendable {
    func plan(_ trigger: ScanTrigger, within limit: TimeInterval) async throws(AgentError) -> Plan
    func due(within limit: TimeInterval) async throws(AgentError) -> Plan
    func scan(_ trigger: ScanTrigger, depth: Depth, within limit: TimeInterval) async throws(AgentError) -> ScanResult
    func deliver(within limit: TimeInterval) async throws(AgentError) -> DeliverySummary
}

extension DeviceAgent: Scheduling {}

/// The one alarm of a scheduler: on iOS a timer while the app runs, and `BGAppRefreshTaskRequest.earliestBeginDate` while
/// it does not. When it rings, `ScanScheduler.alarmRang` is to be called.
public protocol ScanAlarm: Sendable {
    /// Rings in `seconds`, in place of what was set before.
    func set(after seconds: TimeInterval)
    /// Does not ring.
    func cancel()
}

/// Does what the agent's plans say: see `docs/scheduling.md`. When to scan is the core's to decide; this asks it, scans,
/// delivers, and sets the alarm.
public actor ScanScheduler {
    /// What came of one turn.
    public struct Turn: Sendable {
        /// The scans that ran.
        public var scans: [ScanResult] = []
        /// The last delivery, where there was one.
        public var delivery: DeliverySummary?
        /// Why the turn ended early, where it did. What was stored stays stored.
        public var failure: AgentError?
    }

    private let agent: any Scheduling
    private let alarm: any ScanAlarm
    private let delivers: Bool

    /// Of a turn's time, the part that a scan may take where a delivery is to follow.
    private static let scanShare = 0.6
    /// Scans in one turn. After each, the agent is asked again, because something may have happened meanwhile; whatever
    /// keeps happening waits for the alarm.
    private static let mostScans = 2
    /// Until the alarm, where the agent could not say.
    private static let retryAfter: TimeInterval = 15 * 60

    /// A scheduler for `agent`. With `delivers` false, reports wait for a background `URLSession`.
    public init(agent: any Scheduling, alarm: any ScanAlarm, delivers: Bool = true) {
        self.agent = agent
        self.alarm = alarm
        self.delivers = delivers
    }

    /// Something happened which may ask for a scan. Comes back within `limit` seconds: about 25 in a background window.
    @discardableResult
    public func happened(_ trigger: ScanTrigger, within limit: TimeInterval = 60) async -> Turn {
        await turn(within: limit) { agent, left throws(AgentError) in try await agent.plan(trigger, within: left) }
    }

    /// The alarm rang.
    @discardableResult
    public func alarmRang(within limit: TimeInterval = 60) async -> Turn {
        await turn(within: limit) { agent, left throws(AgentError) in try await agent.due(within: left) }
    }

    private func turn(
        within limit: TimeInterval,
        ask: @Sendable (any Scheduling, TimeInterval) async throws(AgentError) -> Plan
    ) async -> Turn {
        let end = MonotonicDeadline(after: sane(limit))
        var turn = Turn()
        do throws(AgentError) {
            var plan = try await ask(agent, end.left)
            while case .now(let trigger, let depth) = plan, turn.scans.count < Self.mostScans {
                let time = delivers ? end.left * Self.scanShare : end.left
                turn.scans.append(try await agent.scan(trigger, depth: depth, within: time))
                plan = try await agent.due(within: end.left)
            }
            obey(plan)
            if delivers, !turn.scans.isEmpty {
                turn.delivery = try await deliver(within: end.left)
                // Something was met in the connector's place.
                if turn.delivery?.scanDue == true, case .now = try await agent.due(within: end.left) { alarm.set(after: 0) }
            }
        } catch {
            turn.failure = error
            if error == .Closed { alarm.cancel() } else { alarm.set(after: Self.retryAfter) }
        }
        return turn
    }

    /// `nil` on a device that is not enrolled, which has nothing to deliver: no failure, and nothing to wake up for.
    private func deliver(within limit: TimeInterval) async throws(AgentError) -> DeliverySummary? {
        do throws(AgentError) {
            return try await agent.deliver(within: limit)
        } catch AgentError.NotEnrolled {
            return nil
        }
    }

    private func obey(_ plan: Plan) {
        switch plan {
        case .later(let after, _): alarm.set(after: after)
        case .skip: alarm.cancel()
        // Something keeps happening.
        case .now: alarm.set(after: Self.retryAfter)
        }
    }
}

/// An end on a clock that nobody sets.
struct MonotonicDeadline {
    private let end: TimeInterval

    init(after seconds: TimeInterval) {
        end = ProcessInfo.processInfo.systemUptime + seconds
    }

    /// Seconds until then, 0 from then on.
    var left: TimeInterval {
        max(0, end - ProcessInfo.processInfo.systemUptime)
    }
}
