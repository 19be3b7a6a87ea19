import Foundation
import MTDAgentCore

/// What a screen shows of the agent. A value: each thing that is learnt makes the next one.
public struct AgentState: Sendable, Equatable {
    /// What the agent is doing.
    public enum Activity: Sendable, Equatable { case idle, scanning, delivering, closed }

    /// Where access to the organisation's resources stands.
    public enum Access: Sendable, Equatable {
        /// The device is not enrolled, or the connector has not decided yet.
        case undecided
        case allowed
        case blocked
    }

    /// What the agent is doing for this screen.
    public private(set) var activity = Activity.idle
    /// The level of the last scan; absent before the first.
    public private(set) var level: Level?
    /// The worst open finding of the last scan.
    public private(set) var atLeast: RiskLevel?
    /// When it started.
    public private(set) var lastScanAt: Date?
    /// Whose device this is; absent where it is not enrolled.
    public private(set) var enrolment: EnrolmentStatus?
    /// Why the device has to be enrolled again, where it has: its reports stay queued until then.
    public private(set) var enrolAgain: EnrolAgain?
    /// What keeps the device key from signing, and what to do about it. Nothing is lost meanwhile.
    public private(set) var keyTrouble: KeyTrouble?
    /// The connector's last decision.
    public private(set) var access = Access.undecided
    /// Reports that wait for delivery.
    public private(set) var queued: UInt64 = 0
    /// Why, and how to get better.
    public private(set) var explanation: Explanation?
    /// Why the last call failed; absent after one that did not.
    public private(set) var failure: AgentError?
    /// Whether `explanation` is of an earlier scan: ask for a new one.
    public private(set) var isExplanationStale = false

    /// What can be learnt.
    public enum Change: Sendable {
        case scanBegan
        case deliveryBegan
        case scanned(ScanResult)
        case delivered(DeliverySummary)
        case status(Status)
        case explained(Explanation?)
        case event(AgentEvent)
        case failed(AgentError)
        case closed
    }

    /// Nothing is known yet: learn `status` first.
    public init() {}

    /// Learns `change`. Nothing is learnt once the agent is closed.
    public mutating func learn(_ change: Change) {
        guard activity != .closed else { return }
        switch change {
        case .scanBegan: activity = .scanning
        case .deliveryBegan: activity = .delivering
        case .scanned(let scan): learn(scan)
        case .delivered(let summary): learn(summary)
        case .status(let status): learn(status)
        case .explained(let explanation): (self.explanation, isExplanationStale) = (explanation, false)
        case .event(let event): learn(event)
        case .failed(let error): fail(error)
        case .closed: activity = .closed
        }
    }

    private mutating func learn(_ scan: ScanResult) {
        (activity, failure) = (.idle, nil)
        (level, atLeast, lastScanAt) = (scan.level, scan.atLeast, scan.startedAt)
        queued += UInt64(scan.queuedReports.count)
        isExplanationStale = true
    }

    private mutating func learn(_ summary: DeliverySummary) {
        (activity, failure) = (.idle, nil)
        (queued, enrolAgain) = (summary.stillQueued, summary.enrolAgain)
        if let decision = summary.decision { access = decision.compliant ? .allowed : .blocked }
    }

    private mutating func learn(_ status: Status) {
        (level, atLeast, lastScanAt) = (status.level, status.atLeast, status.lastScanAt)
        (enrolment, enrolAgain, queued) = (status.enrolment, status.enrolAgain, status.queued)
        keyTrouble = status.keyTrouble
        access = status.decision.map { $0.compliant ? .allowed : .blocked } ?? .undecided
    }

    private mutating func learn(_ event: AgentEvent) {
        switch event {
        case .levelChanged(_, let to): level = to
        case .accessChanged(let compliant): access = compliant ? .allowed : .blocked
        case .keyTrouble(let trouble): keyTrouble = trouble
        case .keyUsable: keyTrouble = nil
        case .findingDetected, .findingResolved, .settingsChanged: break
        }
        isExplanationStale = true
    }

    /// A person who cancels has not met a failure.
    private mutating func fail(_ error: AgentError) {
        activity = error == .Closed ? .closed : .idle
        failure = error == .Cancelled ? nil : error
    }
}
