import Foundation
import MTDAgentCore

/// A short time in the background, used: a scan if one is due, then delivery.
///
/// Whatever ends the window, by its limit or by cancelling the task, what was found by then is stored, and what was not
/// looked at is unknown.
struct BackgroundWindow: Sendable {
    /// What came of a window.
    struct Outcome: Sendable, Equatable {
        /// Whether it was used to its end, and not cancelled before.
        var isWhole: Bool
        /// In how many seconds the agent wants to be asked again at the latest; absent where it does not mind.
        var wanted: TimeInterval?
    }

    /// How long the window is, in seconds. iOS gives a refresh task about 30, and ends a process that takes longer.
    var length: TimeInterval = 25

    /// Shortest scan that is worth waiting for, in seconds: the first tier takes less on most networks.
    private static let shortestScan: TimeInterval = 5

    func use(_ agent: any Scheduling) async -> Outcome {
        let end = MonotonicDeadline(after: length)
        let alarm = WindowAlarm()
        let scheduler = ScanScheduler(agent: agent, alarm: alarm)
        var turn = await scheduler.happened(.periodic, within: end.left)
        // The agent lets events settle for a moment, which a window can wait for and the next one is hours away.
        while turn.scans.isEmpty, turn.failure == nil, let after = alarm.after, after + Self.shortestScan <= end.left {
            guard (try? await Task.sleep(nanoseconds: UInt64(max(after, 0) * 1_000_000_000))) != nil else { break }
            turn = await scheduler.alarmRang(within: end.left)
        }
        // A turn delivers what it found. What was queued before waits for nobody else.
        if turn.delivery == nil, !Task.isCancelled { _ = try? await agent.deliver(within: end.left) }
        return Outcome(isWhole: !Task.isCancelled, wanted: alarm.after)
    }
}

/// The alarm of a window: it says when it would ring.
private final class WindowAlarm: ScanAlarm, @unchecked Sendable {
    private let lock = NSLock()
    private var seconds: TimeInterval?

    var after: TimeInterval? {
        lock.withLock { seconds }
    }

    func set(after seconds: TimeInterval) {
        lock.withLock { self.seconds = seconds }
    }

    func cancel() {
        lock.withLock { seconds = nil }
    }
}
