import Foundation
import MTDAgentCore

/// Gives each of the agent's events to every stream. The core gives each of them once.
final class EventHub: @unchecked Sendable {
    private let core: Agent
    // Guards what follows.
    private let lock = NSLock()
    private var streams: [UUID: AsyncStream<AgentEvent>.Continuation] = [:]
    private var pump: Task<Void, Never>?
    private var isFinished = false

    /// Events that a stream keeps for one who is not reading; the core keeps as many.
    private static let capacity = 256

    init(_ core: Agent) {
        self.core = core
    }

    func stream() -> AsyncStream<AgentEvent> {
        let (stream, continuation) = AsyncStream.makeStream(of: AgentEvent.self, bufferingPolicy: .bufferingNewest(Self.capacity))
        let id = UUID()
        continuation.onTermination = { [weak self] _ in self?.remove(id) }
        let isOpen = lock.withLock {
            guard !isFinished else { return false }
            streams[id] = continuation
            // The core keeps what happens before somebody listens.
            pump = pump ?? Task { [core, weak self] in
                while let event = await core.nextEvent() { self?.send(event) }
                self?.finish()
            }
            return true
        }
        if !isOpen { continuation.finish() }
        return stream
    }

    /// Ends all streams, now and from now on. The core's own events have ended before, and with them the pump.
    func finish() {
        let open = lock.withLock {
            isFinished = true
            defer { streams = [:] }
            return Array(streams.values)
        }
        open.forEach { $0.finish() }
    }

    private func send(_ event: AgentEvent) {
        let open = lock.withLock { Array(streams.values) }
        open.forEach { $0.yield(event) }
    }

    private func remove(_ id: UUID) {
        lock.withLock { streams[id] = nil }
    }
}
