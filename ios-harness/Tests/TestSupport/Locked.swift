import Foundation

/// A value that many threads may use, one at a time.
public final class Locked<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value

    public init(_ value: Value) {
        self.value = value
    }

    public func with<Result>(_ use: (inout Value) -> Result) -> Result {
        lock.withLock { use(&value) }
    }
}
