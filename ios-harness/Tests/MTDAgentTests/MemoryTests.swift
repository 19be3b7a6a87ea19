import MTDAgent
import TestSupport
import XCTest

final class MemoryTests: AgentTestCase {
    /// In MB. Allocators keep some of what was freed. An agent that was closed and kept is 26 KB, so that a thousand of them
    /// are three times as much.
    private static let mostGrowth = 8.0

    /// In a process of its own, where no other test has left room to grow into.
    func testAThousandScansWithOpeningAndClosingDoNotGrow() throws {
        #if os(Linux)
            let begin = uptime()
            let process = try OtherProcess(workshop, "cycles")
            let figures = process.restOfOutput().split(separator: "\n").compactMap { Double($0) }
            XCTAssertEqual(figures.count, 2, "\(figures)")
            guard let before = figures.first, let after = figures.last else { return }
            print(String(format: "1,000 scan/close cycles: %.1f MB before, %.1f MB after, %.1f s", before, after, uptime() - begin))
            XCTAssertLessThan(after - before, Self.mostGrowth)
        #else
            throw XCTSkip("the other process reads /proc/self/statm, which Linux has")
        #endif
    }
}
