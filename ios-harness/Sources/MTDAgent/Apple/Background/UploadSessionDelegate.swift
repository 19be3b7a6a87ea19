#if canImport(UIKit) && canImport(Security) && canImport(CryptoKit)
    import Foundation
    import MTDAgentCore

    #if canImport(FoundationNetworking)
        import FoundationNetworking
    #endif

    /// What the background session tells of transfers, on its own serial queue.
    final class UploadSessionDelegate: NSObject, URLSessionDataDelegate, @unchecked Sendable {
        /// Most bytes of an answer that are kept. The connector's refusals are a few hundred.
        private static let mostBytes = 64 * 1024

        private let lock = NSLock()
        private let pending = SerialTasks()
        private var bodies: [Int: Data] = [:]
        private var answered: (@Sendable (UploadTag, UploadAnswer) async -> Void)?
        private var waiting: [CheckedContinuation<Void, Never>] = []
        private var isFinished = false

        /// Calls `answered` with the outcome of each transfer, in order.
        func onAnswer(_ answered: @escaping @Sendable (UploadTag, UploadAnswer) async -> Void) {
            lock.lock()
            defer { lock.unlock() }
            self.answered = answered
        }

        /// Returns when the system has told everything, and all of it was dealt with.
        func allEvents() async {
            await withCheckedContinuation { continuation in
                lock.lock()
                let isFinished = isFinished
                if isFinished { self.isFinished = false } else { waiting.append(continuation) }
                lock.unlock()
                if isFinished { continuation.resume() }
            }
        }

        func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
            lock.lock()
            defer { lock.unlock() }
            let body = bodies[dataTask.taskIdentifier] ?? Data()
            bodies[dataTask.taskIdentifier] = body + data.prefix(max(0, Self.mostBytes - body.count))
        }

        func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
            lock.lock()
            let body = bodies.removeValue(forKey: task.taskIdentifier) ?? Data()
            let answered = answered
            lock.unlock()
            guard let tag = UploadTag(text: task.taskDescription), let answered else { return }
            let answer = UploadAnswer(response: task.response, body: body, error: error)
            pending.add { await answered(tag, answer) }
        }

        /// The system keeps a redirect's target from nobody; the connector sends none.
        func urlSession(
            _ session: URLSession,
            task: URLSessionTask,
            willPerformHTTPRedirection response: HTTPURLResponse,
            newRequest request: URLRequest,
            completionHandler: @escaping @Sendable (URLRequest?) -> Void
        ) {
            completionHandler(nil)
        }

        func urlSession(
            _ session: URLSession,
            task: URLSessionTask,
            didReceive challenge: URLAuthenticationChallenge,
            completionHandler: @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
        ) {
            guard challenge.protectionSpace.authenticationMethod == NSURLAuthenticationMethodServerTrust else {
                return completionHandler(.performDefaultHandling, nil)
            }
            guard let tag = UploadTag(text: task.taskDescription), let trust = challenge.protectionSpace.serverTrust,
                ConnectorTrust.accepts(trust, pins: tag.pins)
            else { return completionHandler(.cancelAuthenticationChallenge, nil) }
            completionHandler(.useCredential, URLCredential(trust: trust))
        }

        func urlSessionDidFinishEvents(forBackgroundURLSession session: URLSession) {
            pending.add { [self] in finish() }
        }

        private func finish() {
            lock.lock()
            let waiting = waiting
            self.waiting = []
            isFinished = waiting.isEmpty
            lock.unlock()
            for continuation in waiting { continuation.resume() }
        }
    }
#endif
