import Foundation
import MTDAgentCore

/// The calls of the agent that a window in the background needs.
protocol WindowAgent: Sendable {
    func plan(trigger: ScanTrigger, limit: TimeInterval) async throws -> Plan
    func due(limit: TimeInterval) async throws -> Plan
    func scan(trigger: ScanTrigger, depth: Depth, limit: TimeInterval) async throws -> ScanResult
    func deliver(limit: TimeInterval) async throws -> DeliverySummary
}

extension Agent: WindowAgent {}

/// A short time in the background, used: a scan if one is due, then delivery. See `docs/scheduling.md`.
///
/// Whatever ends the window, by its limit or by cancelling the task, what was found by then is stored, and what was not
/// looked at is unknown.
struct BackgroundWindow: Sendable {
    /// How long the window is, in seconds. iOS gives a refresh task about 30, and ends a process that takes longer.
    var length: TimeInterval = 25
    /// What a scan leaves of the window for delivery, in seconds: one exchange on a slow network.
    var forDelivery: TimeInterval = 6
    /// Seconds that do not go backwards when the clock is set.
    var uptime: @Sendable () -> TimeInterval = { ProcessInfo.processInfo.systemUptime }

    /// Shortest scan that is worth its start, in seconds: the first tier takes less on most networks.
    private static let shortestScan: TimeInterval = 4
    /// Longest time that one question to the agent may take, in seconds.
    private static let question: TimeInterval = 2

    /// Uses the window. `true` if it was used to its end; `false` if the task was cancelled before.
    func use(_ agent: any WindowAgent) async -> Bool {
        let end = uptime() + length
        do {
            try await scan(agent, until: end - forDelivery)
            let left = end - uptime()
            if left > 0 { _ = try await agent.deliver(limit: left) }
        } catch {
            // What failed is in the agent's log, and the next window tries again.
        }
        return !Task.isCancelled
    }

    /// Scans, if a scan is due now or, once events have settled, within this window.
    private func scan(_ agent: any WindowAgent, until end: TimeInterval) async throws {
        var plan = try await agent.plan(trigger: .periodic, limit: Self.question)
        while end - uptime() >= Self.shortestScan {
            switch plan {
            case .now(let trigger, let depth):
                _ = try await agent.scan(trigger: trigger, depth: depth, limit: end - uptime())
            case .later(let after, _) where after <= end - uptime() - Self.shortestScan:
                try await Task.sleep(nanoseconds: UInt64(max(after, 0) * 1_000_000_000))
            case .later, .skip:
                return
            }
            plan = try await agent.due(limit: Self.question)
        }
    }
}
