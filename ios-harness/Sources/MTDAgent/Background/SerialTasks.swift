import Foundation

/// Runs asynchronous work in the order in which it is handed in, one piece after the other.
///
/// `URLSession` tells its delegate in order that transfers ended and that this was the last; each takes a while to be dealt
/// with, and the last word must stay last.
final class SerialTasks: @unchecked Sendable {
    private let lock = NSLock()
    private var last: Task<Void, Never>?

    func add(_ work: @escaping @Sendable () async -> Void) {
        lock.lock()
        defer { lock.unlock() }
        let before = last
        last = Task {
            await before?.value
            await work()
        }
    }
}
