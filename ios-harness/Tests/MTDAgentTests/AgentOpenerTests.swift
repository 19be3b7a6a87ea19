import Foundation
import TestSupport
import XCTest

@testable import MTDAgent

final class AgentOpenerTests: XCTestCase {
    func testAllWhoNeedTheAgentGetTheSame() async throws {
        let workshop = try Workshop()
        defer { workshop.clear() }
        let opened = Locked(0)
        let device = workshop.device.host, key = workshop.key, secrets = workshop.keychain, store = workshop.store
        let opener = AgentOpener {
            opened.with { $0 += 1 }
            return try await DeviceAgent.open(in: store, device: device, key: key, secrets: secrets)
        }
        let agents = try await withThrowingTaskGroup(of: DeviceAgent.self) { group in
            for _ in 0..<20 { group.addTask { try await opener.agent() } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        XCTAssertEqual(opened.with { $0 }, 1)
        XCTAssertEqual(Set(agents.map(ObjectIdentifier.init)).count, 1)
        agents.first?.close()
    }

    func testAFailureIsNotKept() async throws {
        let workshop = try Workshop()
        defer { workshop.clear() }
        let isLocked = Locked(true)
        let device = workshop.device.host, key = workshop.key, secrets = workshop.keychain, store = workshop.store
        let opener = AgentOpener {
            if isLocked.with({ $0 }) { throw AgentError.Host(reason: "the keychain is closed") }
            return try await DeviceAgent.open(in: store, device: device, key: key, secrets: secrets)
        }
        do {
            _ = try await opener.agent()
            XCTFail("opened")
        } catch {
            XCTAssertEqual(error as? AgentError, .Host(reason: "the keychain is closed"))
        }
        isLocked.with { $0 = false }
        try await opener.agent().close()
    }
}
