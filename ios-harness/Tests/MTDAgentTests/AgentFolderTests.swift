import Foundation
import TestSupport
import XCTest

@testable import MTDAgent

/// What the agent keeps is read by nobody else, and taken along by no backup.
final class AgentFolderTests: AgentTestCase {
    func testTheFolderAndAllThatIsInItAreSealedAtEachStart() throws {
        let folder = workshop.folder.appendingPathComponent("agent")
        let uploads = folder.appendingPathComponent("uploads")
        try FileManager.default.createDirectory(at: uploads, withIntermediateDirectories: true)
        try Data([1]).write(to: folder.appendingPathComponent("agent.sqlite"))
        try Data([1]).write(to: uploads.appendingPathComponent("report"))

        let guarded = RecordingGuard()
        XCTAssertEqual(try AgentFolder.prepare(folder, guarded).lastPathComponent, "agent.sqlite")
        XCTAssertEqual(guarded.sealed, ["agent/", "agent.sqlite", "uploads/", "report"])
        XCTAssertEqual(guarded.keptOut, ["agent"])
    }

    func testAFolderThatCannotBeSealedIsNotUsed() {
        let guarded = RecordingGuard()
        guarded.fails = true
        XCTAssertThrowsError(try AgentFolder.prepare(workshop.folder.appendingPathComponent("agent"), guarded)) { error in
            guard case AgentError.Store(let reason) = error else { return XCTFail("\(error)") }
            XCTAssertFalse(reason.contains(workshop.folder.lastPathComponent), reason)
        }
    }

    func testAfterAScanNobodyElseReadsAFileOfTheAgent() async throws {
        try FileManager.default.createDirectory(at: workshop.store, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        for _ in 0..<2 {
            let agent = try await workshop.open(device: ScriptedHost())
            _ = try await agent.scan(.requested)
            agent.close()
        }
        // Of the second start, with files that the first has left.
        let agent = try await workshop.open(device: ScriptedHost())
        defer { agent.close() }
        XCTAssertEqual(try permissions(workshop.store), 0o700)
        let items = try FileManager.default.contentsOfDirectory(at: workshop.store, includingPropertiesForKeys: nil)
        XCTAssertFalse(items.isEmpty)
        for item in items where item.pathExtension == "sqlite" { XCTAssertEqual(try permissions(item), 0o600, item.lastPathComponent) }
    }

    private func permissions(_ item: URL) throws -> Int {
        try XCTUnwrap(FileManager.default.attributesOfItem(atPath: item.path)[.posixPermissions] as? NSNumber).intValue
    }
}

/// Notes what it is asked to do, in the file system's place.
private final class RecordingGuard: FileGuard {
    private(set) var sealed: Set<String> = []
    private(set) var keptOut: [String] = []
    var fails = false

    func seal(_ item: URL, isFolder: Bool) throws {
        if fails { throw CocoaError(.fileWriteNoPermission) }
        sealed.insert(item.lastPathComponent + (isFolder ? "/" : ""))
    }

    func keepOutOfBackups(_ folder: URL) throws { keptOut.append(folder.lastPathComponent) }
}
