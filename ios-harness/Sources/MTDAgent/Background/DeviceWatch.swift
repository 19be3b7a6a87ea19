import Foundation
import MTDAgentCore

/// Tells the agent what happens on this device while the app runs, and does what it answers: scans, delivers, sets the
/// alarm. Made once the agent is open, and kept.
public final class DeviceWatch: Sendable {
    /// Longest turn while the app is in front, in seconds: everything, and a delivery over a slow network.
    private static let turn: TimeInterval = 60

    private let scheduler: ScanScheduler
    private let alarm: RunningAlarm
    private let turned: @Sendable (ScanScheduler.Turn) async -> Void

    /// A watch for `agent`. `turned` hears what came of each turn that did something: the screen's model, say.
    public init(agent: any Scheduling, turned: @escaping @Sendable (ScanScheduler.Turn) async -> Void = { _ in }) {
        let alarm = RunningAlarm()
        let scheduler = ScanScheduler(agent: agent, alarm: alarm)
        self.alarm = alarm
        self.scheduler = scheduler
        self.turned = turned
        // The scheduler holds the alarm.
        alarm.onRing { [weak scheduler] in
            guard let scheduler else { return }
            let turn = await scheduler.alarmRang(within: Self.turn)
            await Self.tell(turn, to: turned)
        }
    }

    /// Something happened: comes back at once. The agent is told at once too, even while it scans: what it sees may be of
    /// both networks.
    public func happened(_ trigger: ScanTrigger) {
        Task { [scheduler, turned] in
            let turn = await scheduler.happened(trigger, within: Self.turn)
            await Self.tell(turn, to: turned)
        }
    }

    /// Tells of an update of iOS. It is remembered once the agent has taken it in: a process that ends before looks again.
    func look(for update: SystemUpdate) {
        guard update.happened() else { return }
        Task { [scheduler, turned] in
            let turn = await scheduler.happened(.systemUpdated, within: Self.turn)
            if turn.failure == nil { update.remember() }
            await Self.tell(turn, to: turned)
        }
    }

    /// The network's path changed (`NWPathMonitor`).
    func pathChanged(from before: PathDescription?, to now: PathDescription) {
        if let trigger = PathChange.trigger(from: before, to: now) { happened(trigger) }
    }

    private static func tell(_ turn: ScanScheduler.Turn, to turned: @Sendable (ScanScheduler.Turn) async -> Void) async {
        guard !turn.scans.isEmpty || turn.delivery != nil || turn.failure != nil else { return }
        await turned(turn)
    }
}
