import Foundation

/// When iOS is asked to wake the app: at the rhythm of the app, or earlier where the agent asks for it, but not sooner than
/// iOS takes seriously.
struct RefreshTimes: Sendable {
    /// The rhythm, in seconds. iOS makes of it what battery and habits of the user allow: hours, often.
    var every: TimeInterval = 15 * 60
    /// Soonest wish, in seconds.
    static let soonest: TimeInterval = 60

    /// The moment to ask for, at `now`, where the agent wants to be called at `wanted` at the latest.
    func next(after now: Date, wanted: Date?) -> Date {
        let regular = now.addingTimeInterval(max(every, Self.soonest))
        guard let wanted else { return regular }
        return min(regular, max(wanted, now.addingTimeInterval(Self.soonest)))
    }
}
