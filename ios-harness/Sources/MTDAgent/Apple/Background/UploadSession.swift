#if canImport(UIKit) && canImport(Security) && canImport(CryptoKit)
    import Foundation
    import MTDAgentCore

    #if canImport(FoundationNetworking)
        import FoundationNetworking
    #endif

    /// The background session as `ReportUploads` uses it.
    final class UploadSession: ReportTransfer, @unchecked Sendable {
        /// How long the system goes on trying before it gives a report back, in seconds: a day without a network.
        private static let patience: TimeInterval = 24 * 60 * 60

        private let session: URLSession

        init(identifier: String, delegate: UploadSessionDelegate) {
            let configuration = URLSessionConfiguration.background(withIdentifier: identifier)
            // A report is small and its moment counts; the system still chooses the time while the app is in the background.
            configuration.isDiscretionary = false
            configuration.sessionSendsLaunchEvents = true
            configuration.timeoutIntervalForResource = Self.patience
            configuration.tlsMinimumSupportedProtocolVersion = .TLSv13
            configuration.httpCookieStorage = nil
            configuration.urlCredentialStorage = nil
            configuration.urlCache = nil
            session = URLSession(configuration: configuration, delegate: delegate, delegateQueue: nil)
        }

        func isBusy() async -> Bool {
            await withCheckedContinuation { found in
                session.getAllTasks { tasks in
                    found.resume(returning: tasks.contains { UploadTag(text: $0.taskDescription) != nil && $0.state != .completed })
                }
            }
        }

        func start(_ upload: Upload) {
            guard let url = URL(string: upload.url) else { return }
            var request = URLRequest(url: url)
            request.httpMethod = "POST"
            for (name, value) in upload.headers { request.setValue(value, forHTTPHeaderField: name) }
            let task = session.uploadTask(with: request, fromFile: URL(fileURLWithPath: upload.file))
            task.taskDescription = UploadTag(upload).text
            task.resume()
        }
    }
#endif
