import Foundation
import MTDAgentCore

/// The one agent of an app's process: opened by whoever needs it first, be it the screen, a window in the background or the
/// end of a transfer.
public actor AgentOpener {
    private let open: @Sendable () async throws -> DeviceAgent
    private var opening: Task<DeviceAgent, any Error>?

    /// `open` opens the agent: `DeviceAgent.open()` on a device.
    public init(_ open: @escaping @Sendable () async throws -> DeviceAgent) {
        self.open = open
    }

    /// The agent. Where opening it failed, the next call tries again: a device that was not unlocked since it started will be.
    public func agent() async throws -> DeviceAgent {
        let current = opening ?? Task { [open] in try await open() }
        opening = current
        do {
            return try await current.value
        } catch {
            if opening == current { opening = nil }
            throw error
        }
    }
}
