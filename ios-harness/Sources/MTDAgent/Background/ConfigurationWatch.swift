import Foundation
import MTDAgentCore

extension DeviceWatch {
    /// Watches what the MDM tells of apps, profiles and certificates through the managed app configuration, for as long as the
    /// returned object is kept.
    public func watchManagedConfiguration(_ defaults: UserDefaults = .standard) -> AnyObject {
        ConfigurationWatch(defaults) { [weak self] in self?.happened($0) }
    }
}

/// Calls when a list in a managed app configuration is another than before.
final class ConfigurationWatch: @unchecked Sendable {
    private let lock = NSLock()
    private var known: Lists
    private var observer: (any NSObjectProtocol)?

    init(_ defaults: UserDefaults, changed: @escaping @Sendable (ScanTrigger) -> Void) {
        let configuration = ManagedConfiguration(from: ManagedDefaults(defaults))
        known = Lists(configuration)
        // Told of every change of every setting, and seldom of one of these.
        observer = NotificationCenter.default.addObserver(forName: UserDefaults.didChangeNotification, object: nil, queue: nil) {
            [weak self] _ in
            self?.change(to: Lists(configuration)).forEach(changed)
        }
    }

    deinit {
        if let observer { NotificationCenter.default.removeObserver(observer) }
    }

    private func change(to lists: Lists) -> [ScanTrigger] {
        lock.withLock {
            defer { known = lists }
            let others = lists.profiles != known.profiles || lists.certificates != known.certificates
            return (lists.apps != known.apps ? [.appsChanged] : []) + (others ? [.settingsChanged] : [])
        }
    }

    private struct Lists {
        let apps: MDMResponses?
        let profiles: Data?
        let certificates: Data?

        init(_ configuration: ManagedConfiguration) {
            apps = configuration.responses().value
            profiles = configuration.profileList().value
            certificates = configuration.certificateList().value
        }
    }
}
