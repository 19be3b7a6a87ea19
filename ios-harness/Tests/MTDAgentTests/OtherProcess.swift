import Foundation
import TestSupport
import XCTest

/// A process that runs `Tests/OtherProcess`, on the device of a workshop.
final class OtherProcess {
    private let process = Process()
    private let output = Pipe()

    init(_ workshop: Workshop, _ command: String) throws {
        process.executableURL = Self.builtProducts.appendingPathComponent("other-process")
        process.arguments = [workshop.folder.path, command]
        process.standardOutput = output
        try process.run()
    }

    /// Waits for what it says next.
    func nextOutput() -> String {
        String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    }

    /// Waits until it has ended.
    func restOfOutput() -> String {
        String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    }

    /// Ends it as iOS ends one: at once, and without a word.
    func killNow() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        XCTAssertEqual(process.terminationReason, .uncaughtSignal)
        XCTAssertEqual(process.terminationStatus, SIGKILL)
    }

    private static var builtProducts: URL {
        #if os(Linux)
            URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        #else
            Bundle(for: OtherProcess.self).bundleURL.deletingLastPathComponent()
        #endif
    }
}
