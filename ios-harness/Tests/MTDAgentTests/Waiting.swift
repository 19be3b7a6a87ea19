import XCTest

/// Waits until `isSo`, which on a busy machine may take its time; fails after half a minute.
func waitUntil(file: StaticString = #filePath, line: UInt = #line, _ isSo: () async throws -> Bool) async throws {
    for _ in 0..<600 {
        if try await isSo() { return }
        try await Task.sleep(nanoseconds: 50_000_000)
    }
    XCTFail("it did not come to that in 30 s", file: file, line: line)
}
