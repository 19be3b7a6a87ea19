// macOS has the framework without these tasks; UIKit tells the two apart.
#if canImport(BackgroundTasks) && canImport(UIKit)
    import BackgroundTasks
    import Foundation
    import MTDAgentCore
    import os

    /// Wakes the app now and then to scan and to deliver (`BGAppRefreshTask`).
    ///
    /// Made and registered while the app starts, in the `init` of the SwiftUI `App`; scheduled when the app goes to the
    /// background, and by itself after each run.
    public final class BackgroundRefresh: Sendable {
        private let identifier: String
        private let times: RefreshTimes
        private let agent: @Sendable () async throws -> DeviceAgent
        private let delivery: BackgroundDelivery?

        /// `identifier` is listed in Info.plist under `BGTaskSchedulerPermittedIdentifiers`. `every` is the wished rhythm in
        /// seconds. `agent` gives the app's agent, opened if need be. `delivery` takes what the window left undelivered.
        public init(
            identifier: String,
            every: TimeInterval = 15 * 60,
            agent: @escaping @Sendable () async throws -> DeviceAgent,
            delivery: BackgroundDelivery? = nil
        ) {
            self.identifier = identifier
            times = RefreshTimes(every: every)
            self.agent = agent
            self.delivery = delivery
        }

        /// Tells iOS what to run. Once, before the app has finished launching; `false` where Info.plist does not list the
        /// identifier.
        @discardableResult
        public func register() -> Bool {
            BGTaskScheduler.shared.register(forTaskWithIdentifier: identifier, using: nil) { [self] task in
                run(RefreshTask(task))
            }
        }

        /// Asks iOS for the next run: at the usual rhythm, or by `wanted` if that is sooner. The request before is replaced.
        public func schedule(by wanted: Date? = nil) {
            let request = BGAppRefreshTaskRequest(identifier: identifier)
            request.earliestBeginDate = times.next(after: Date(), wanted: wanted)
            do {
                try BGTaskScheduler.shared.submit(request)
            } catch {
                // The user has turned background refresh off, or this is the simulator, which has none.
                Logger.refresh.notice("no background refresh: \((error as NSError).code, privacy: .public)")
            }
        }

        private func run(_ task: RefreshTask) {
            // First of all: a run that is cut short must not be the last.
            schedule()
            let work = Task {
                let isWhole = await use()
                task.end(success: isWhole)
            }
            task.onExpiration { work.cancel() }
        }

        private func use() async -> Bool {
            guard let agent = try? await agent() else { return false }
            let outcome = await BackgroundWindow().use(agent)
            if let seconds = outcome.wanted { schedule(by: Date(timeIntervalSinceNow: seconds)) }
            // What the window left is sent while the app sleeps.
            try? await delivery?.begin()
            return outcome.isWhole
        }
    }

    /// A task of the system, which may be told of its end on any thread.
    private struct RefreshTask: @unchecked Sendable {
        private let task: BGTask

        init(_ task: BGTask) {
            self.task = task
        }

        func onExpiration(_ handler: @escaping @Sendable () -> Void) {
            task.expirationHandler = handler
        }

        func end(success: Bool) {
            task.setTaskCompleted(success: success)
        }
    }

    extension Logger {
        fileprivate static let refresh = Logger(subsystem: "dev.mtd-agent", category: "refresh")
    }
#endif
