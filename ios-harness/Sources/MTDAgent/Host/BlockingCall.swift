import Dispatch
import Foundation

/// Waits on this thread for an answer that the platform gives on another.
///
/// The core asks its host synchronously, on threads of its own that exist to be blocked: never on the main thread, never on
/// a thread of Swift's cooperative pool, whose few threads must not wait. That is why waiting is safe here, and nowhere
/// else in this package. The limit keeps a platform that never answers from holding the thread.
enum BlockingCall {
    /// The value that `start` passes on; `nil` after `limit` seconds without one, which is then ignored.
    static func value<Value: Sendable>(within limit: TimeInterval, of start: (@escaping @Sendable (Value) -> Void) -> Void) -> Value? {
        let answer = Answer<Value>()
        start { answer.give($0) }
        return answer.wait(limit)
    }

    private final class Answer<Value: Sendable>: @unchecked Sendable {
        private let lock = NSLock()
        private let given = DispatchSemaphore(value: 0)
        private var value: Value?

        /// The first value counts.
        func give(_ value: Value) {
            lock.lock()
            defer { lock.unlock() }
            guard self.value == nil else { return }
            self.value = value
            given.signal()
        }

        func wait(_ limit: TimeInterval) -> Value? {
            _ = given.wait(timeout: .now() + limit)
            lock.lock()
            defer { lock.unlock() }
            return value
        }
    }
}
