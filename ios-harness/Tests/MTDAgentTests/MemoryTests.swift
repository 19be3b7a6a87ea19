import MTDAgent
import TestSupport
import XCTest

final class MemoryTests: AgentTestCase {
    /// Allocators keep some of what was freed; a leak of one scan in each cycle would be hundreds of times as much.
    private static let mostGrowth = 8.0

    func testAThousandScansWithOpeningAndClosingDoNotGrow() async throws {
        #if os(Linux)
            // What is allocated once and kept.
            try await cycles(100)
            let before = try residentMegabytes()
            let begin = uptime()
            try await cycles(1000)
            let after = try residentMegabytes()
            print(String(format: "1,000 scan/close cycles: %.1f MB before, %.1f MB after, %.1f s", before, after, uptime() - begin))
            XCTAssertLessThan(after - before, Self.mostGrowth)
        #else
            throw XCTSkip("reads /proc/self/statm, which Linux has")
        #endif
    }

    private func cycles(_ count: Int) async throws {
        let apps = (0..<20).map { AppRecord.listed("com.example.app\($0)", name: "App \($0)") }
        for _ in 0..<count {
            let agent = try await workshop.open(device: ScriptedHost(apps: { Inventory(apps: apps, notes: []) }))
            let events = agent.events
            try await agent.scan(.requested)
            agent.close()
            for await _ in events {}
        }
    }

    private func residentMegabytes() throws -> Double {
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        let pages = try XCTUnwrap(Double(fields[1]))
        return pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_048_576
    }
}
