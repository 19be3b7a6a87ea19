import Foundation

/// The alarm while the app runs. A process that is suspended hears it when it runs again.
final class RunningAlarm: ScanAlarm, @unchecked Sendable {
    // Guards what follows.
    private let lock = NSLock()
    private var ringing: Task<Void, Never>?
    private var ring: @Sendable () async -> Void = {}

    deinit {
        ringing?.cancel()
    }

    /// Calls `ring` each time.
    func onRing(_ ring: @escaping @Sendable () async -> Void) {
        lock.withLock { self.ring = ring }
    }

    func set(after seconds: TimeInterval) {
        lock.withLock {
            ringing?.cancel()
            ringing = Task { [ring] in
                guard (try? await Task.sleep(nanoseconds: UInt64(sane(seconds) * 1_000_000_000))) != nil else { return }
                // The alarm that is set while this one rings must not end what it rings for.
                await Task { await ring() }.value
            }
        }
    }

    func cancel() {
        lock.withLock {
            ringing?.cancel()
            ringing = nil
        }
    }
}
