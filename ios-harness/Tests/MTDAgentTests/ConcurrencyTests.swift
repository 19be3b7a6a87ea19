import MTDAgent
import TestSupport
import XCTest

final class ConcurrencyTests: AgentTestCase {
    /// A host that answers when it is let, and says when it was asked.
    private final class Gate: Sendable {
        private let asked = DispatchSemaphore(value: 0)
        private let open = DispatchSemaphore(value: 0)

        func pass() {
            asked.signal()
            _ = open.wait(timeout: .now() + 60)
            open.signal()
        }

        func waitUntilAsked() async {
            await withCheckedContinuation { done in
                DispatchQueue.global().async { [asked] in
                    _ = asked.wait(timeout: .now() + 20)
                    done.resume()
                }
            }
        }

        func letPass() { open.signal() }
    }

    private func host(at gate: Gate) -> ScriptedHost {
        ScriptedHost(apps: {
            gate.pass()
            return Inventory(apps: [], notes: [])
        })
    }

    func testCancellingATaskEndsItsCallAndNoOther() async throws {
        let gate = Gate()
        let agent = try await workshop.open(device: host(at: gate))
        let cancelled = Task { () throws(AgentError) in try await agent.scan(.requested, within: 60) }
        let kept = Task { () throws(AgentError) in try await agent.scan(.requested, within: 60) }
        await gate.waitUntilAsked()
        await gate.waitUntilAsked()
        let begin = uptime()
        cancelled.cancel()
        guard case .failure(let error) = await cancelled.result else { return XCTFail("the scan ran on") }
        XCTAssertEqual(error as? AgentError, .Cancelled)
        XCTAssertLessThan(uptime() - begin, 2)
        gate.letPass()
        _ = try await kept.value
        agent.close()
    }

    func testCallOfACancelledTaskIsNotBegun() async throws {
        let agent = try await workshop.open(device: ScriptedHost())
        let task = Task { () throws(AgentError) in
            while !Task.isCancelled { await Task.yield() }
            return try await agent.scan(.requested)
        }
        task.cancel()
        guard case .failure(let error) = await task.result else { return XCTFail("the scan ran") }
        XCTAssertEqual(error as? AgentError, .Cancelled)
        let status = try await agent.status()
        XCTAssertNil(status.lastScanAt)
        agent.close()
    }

    func testCancelEndsEveryCall() async throws {
        let gate = Gate()
        let agent = try await workshop.open(device: host(at: gate))
        let scans = (0..<3).map { _ in Task { () throws(AgentError) in try await agent.scan(.requested, within: 60) } }
        for _ in scans { await gate.waitUntilAsked() }
        agent.cancel()
        for scan in scans {
            guard case .failure(let error) = await scan.result else { return XCTFail("the scan ran on") }
            XCTAssertEqual(error as? AgentError, .Cancelled)
        }
        gate.letPass()
        // And no later one.
        _ = try await agent.scan(.requested)
        agent.close()
    }

    func testCloseEndsEveryCall() async throws {
        let gate = Gate()
        let agent = try await workshop.open(device: host(at: gate))
        let scan = Task { () throws(AgentError) in try await agent.scan(.requested, within: 60) }
        await gate.waitUntilAsked()
        agent.close()
        guard case .failure(let error) = await scan.result else { return XCTFail("the scan ran on") }
        XCTAssertEqual(error as? AgentError, .Closed)
        gate.letPass()
    }

    func testFiveHundredCallsAtOnce() async throws {
        let agent = try await workshop.open(device: ScriptedHost())
        let begin = uptime()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<500 {
                group.addTask {
                    switch index % 5 {
                    case 0: _ = try await agent.scan(.requested, within: 60)
                    case 1: _ = try await agent.status(within: 60)
                    case 2: _ = try await agent.explain(in: .en, within: 60)
                    case 3: _ = try await agent.plan(.foreground, within: 60)
                    default: _ = try await agent.previewReports(within: 60)
                    }
                }
            }
            try await group.waitForAll()
        }
        print("500 calls at once: \(String(format: "%.2f", uptime() - begin)) s")
        agent.close()
    }

    func testCallsFromTheMainThreadDoNotBlockIt() async throws {
        let gate = Gate()
        let onMainThread = Task { @MainActor [workshop, host = host(at: gate)] in
            let agent = try await workshop!.open(device: host)
            async let scan = agent.scan(.requested, within: 60)
            await gate.waitUntilAsked()
            // This runs on the main thread while the scan waits for its host.
            gate.letPass()
            _ = try await scan
            agent.close()
        }
        try await onMainThread.value
    }
}
