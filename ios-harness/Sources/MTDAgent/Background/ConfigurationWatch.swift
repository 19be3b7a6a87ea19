import Foundation
import MTDAgentCore

extension DeviceWatch {
    /// Watches what the MDM tells of the apps through the managed app configuration, for as long as the returned object is
    /// kept.
    public func watchManagedConfiguration(_ defaults: UserDefaults = .standard) -> AnyObject {
        ConfigurationWatch(defaults) { [weak self] in self?.happened(.appsChanged) }
    }
}

/// Calls when the list of apps in a managed app configuration is another than before.
final class ConfigurationWatch: @unchecked Sendable {
    private let lock = NSLock()
    private var known: MDMResponses?
    private var observer: (any NSObjectProtocol)?

    init(_ defaults: UserDefaults, changed: @escaping @Sendable () -> Void) {
        let configuration = ManagedConfiguration(from: ManagedDefaults(defaults))
        known = configuration.responses().value
        // Told of every change of every setting, and seldom of one of these.
        observer = NotificationCenter.default.addObserver(forName: UserDefaults.didChangeNotification, object: nil, queue: nil) {
            [weak self] _ in
            if self?.isNew(configuration.responses().value) == true { changed() }
        }
    }

    deinit {
        if let observer { NotificationCenter.default.removeObserver(observer) }
    }

    private func isNew(_ responses: MDMResponses?) -> Bool {
        lock.withLock {
            defer { known = responses }
            return responses != known
        }
    }
}
