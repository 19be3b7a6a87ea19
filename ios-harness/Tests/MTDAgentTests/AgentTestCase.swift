import MTDAgent
import TestSupport
import XCTest

/// A test with a device of its own.
class AgentTestCase: XCTestCase {
    private(set) var workshop: Workshop!

    override func setUpWithError() throws {
        workshop = try Workshop()
    }

    override func tearDown() {
        workshop.clear()
    }

    /// The outcome of one check of a scan.
    func coverage(of check: CheckId, in scan: ScanResult) throws -> Coverage {
        try XCTUnwrap(scan.checks.first { $0.check == check } ?? nil, "\(check) is not told of").coverage
    }
}

/// Asserts that `call` fails with `expected`, or with whatever `matches` accepts.
func assertFails<T>(
    _ expected: AgentError? = nil, file: StaticString = #filePath, line: UInt = #line,
    _ call: () async throws(AgentError) -> T, matches: (AgentError) -> Bool = { _ in true }
) async {
    do throws(AgentError) {
        let value = try await call()
        XCTFail("came back with \(value)", file: file, line: line)
    } catch {
        if let expected { XCTAssertEqual(error, expected, file: file, line: line) }
        XCTAssertTrue(matches(error), "\(error)", file: file, line: line)
        XCTAssertFalse(error.message.isEmpty, file: file, line: line)
    }
}

/// Seconds on a clock that nobody sets.
func uptime() -> TimeInterval { ProcessInfo.processInfo.systemUptime }
