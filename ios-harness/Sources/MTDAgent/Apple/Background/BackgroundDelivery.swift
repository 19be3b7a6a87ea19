// macOS has no handling of background events.
#if canImport(UIKit) && canImport(Security) && canImport(CryptoKit)
    import Foundation
    import MTDAgentCore
    import os

    #if canImport(FoundationNetworking)
        import FoundationNetworking
    #endif

    /// Delivers reports by the system's own transfers, which go on while this app sleeps and after it has ended
    /// (background `URLSession`).
    ///
    /// One object for the life of the process, made when the app starts: the system hands it what happened meanwhile.
    public final class BackgroundDelivery: Sendable {
        private let uploads: ReportUploads
        private let delegate: UploadSessionDelegate

        /// `identifier` names the session; another app of the same vendor, or an extension, needs another. `agent` gives the
        /// app's agent, opened if need be. `retry` is told when a report is to be tried again: hand it to
        /// `BackgroundRefresh.schedule`.
        public init(
            identifier: String = "dev.mtd-agent.reports",
            agent: @escaping @Sendable () async throws -> DeviceAgent,
            retry: @escaping @Sendable (Date) -> Void = { _ in }
        ) {
            let delegate = UploadSessionDelegate()
            let session = UploadSession(identifier: identifier, delegate: delegate)
            let uploads = ReportUploads(agent: { try await agent() }, transfer: session)
            delegate.onAnswer { tag, answer in
                do {
                    if case .again(let at, _) = try await uploads.finished(tag, answer: answer) { retry(at) }
                } catch {
                    // The report is queued still, and the next window hands it out again.
                    Logger.delivery.error("the outcome of a transfer could not be told to the agent")
                }
            }
            self.uploads = uploads
            self.delegate = delegate
        }

        /// Hands the next due report to the system, unless one is under way. The ones after it follow by themselves.
        public func begin() async throws {
            try await uploads.begin()
        }

        /// Waits until the agent was told all that happened while the app was not running: for SwiftUI's
        /// `.backgroundTask(.urlSession(…))`, or before the completion handler of
        /// `application(_:handleEventsForBackgroundURLSession:completionHandler:)` is called.
        public func handleEvents() async {
            await delegate.allEvents()
        }
    }

    extension Logger {
        fileprivate static let delivery = Logger(subsystem: "dev.mtd-agent", category: "delivery")
    }
#endif
