import Foundation

/// The managed app configuration of this app, and what it tells back (`UserDefaults`, Apple: "Managed App
/// Configuration").
public struct ManagedDefaults: ManagedConfigurationSource, @unchecked Sendable {
    /// What the MDM sets.
    static let configurationKey = "com.apple.configuration.managed"
    /// What the MDM may read (`ManagedApplicationFeedback`).
    static let feedbackKey = "com.apple.feedback.managed"

    // UserDefaults is thread-safe, which its type does not say on every platform.
    private let defaults: UserDefaults

    /// Those of `defaults`; this app's own where none are named.
    public init(_ defaults: UserDefaults = .standard) {
        self.defaults = defaults
    }

    public func dictionary() -> [String: Any]? {
        defaults.dictionary(forKey: Self.configurationKey)
    }

    /// Tells the MDM whether this app is set up. Nothing else: the MDM does not protect what it reads here.
    public func report(isEnrolled: Bool, agentVersion: String) {
        defaults.set(["mtd_enrolled": isEnrolled, "mtd_agent_version": agentVersion], forKey: Self.feedbackKey)
    }
}
