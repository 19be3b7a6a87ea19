import Dispatch
import Foundation

open class BGTaskRequest {
    open var earliestBeginDate: Date?
    init() {}
}

public class BGAppRefreshTaskRequest: BGTaskRequest {
    public init(identifier: String) {}
}

open class BGTask {
    open var expirationHandler: (() -> Void)?
    open func setTaskCompleted(success: Bool) {}
    init() {}
}

public final class BGTaskScheduler: Sendable {
    public class var shared: BGTaskScheduler { fatalError() }
    public func register(
        forTaskWithIdentifier identifier: String, using queue: DispatchQueue?,
        launchHandler: @escaping @Sendable (BGTask) -> Void
    ) -> Bool { fatalError() }
    public func submit(_ taskRequest: BGTaskRequest) throws {}
}
