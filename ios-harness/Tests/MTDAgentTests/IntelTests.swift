import Foundation
import MTDAgent
import TestSupport
import XCTest

/// URLs and bundles, on bundles that the real `mtd` makes.
final class IntelTests: AgentTestCase {
    func testAURLIsJudgedByTheBundleInForceAndNothingIsCleanBeforeThereIsOne() async throws {
        let maker = try BundleMaker(in: workshop.folder)
        let bundle = try maker.build(version: 1, listing: ["phish.example", "bad.example"])
        let agent = try await workshop.open(intelKey: maker.key)
        defer { agent.close() }
        let before = try await agent.checkUrl("https://phish.example/login", in: .en)
        XCTAssertNotEqual(before.coverage, .complete)

        let version = try await agent.installIntel(bundle).version
        XCTAssertEqual(version, 1)
        let bad = try await agent.checkUrl("https://www.phish.example:8443/login?next=a=b", in: .ko)
        XCTAssertEqual(bad.findings.map { detectionId(detection: $0.detection) }, ["web.phishing"])
        XCTAssertEqual(bad.severity, .high)
        let good = try await agent.checkUrl("notphish.example", in: .en)
        XCTAssertEqual(good, UrlVerdict(severity: .none, coverage: .complete, findings: []))
        let met = try await agent.contacted(["bad.example", "good.example"])
        XCTAssertEqual(met, 1)
    }

    func testWhatIsNoURLOlderOrNobodysIsSaidAndWhatIsInForceStays() async throws {
        let maker = try BundleMaker(in: workshop.folder)
        let bundle = try maker.build(version: 7, listing: ["bad.example"])
        let older = try maker.build(version: 6, listing: ["bad.example"])
        let agent = try await workshop.open(intelKey: maker.key)
        defer { agent.close() }
        _ = try await agent.installIntel(bundle)
        await assertFails { () async throws(AgentError) in try await agent.checkUrl("https://", in: .en) } matches: {
            if case .InvalidUrl = $0 { true } else { false }
        }
        for unfit in [older, workshop.folder.appendingPathComponent("nowhere.mtdi")] {
            await assertFails { () async throws(AgentError) in try await agent.installIntel(unfit) } matches: {
                if case .Intel = $0 { true } else { false }
            }
        }
        let inForce = try await agent.status().intel?.version
        XCTAssertEqual(inForce, 7)
    }
}

/// Makes bundles with the `mtd` that `MTD_BINARY` names.
private struct BundleMaker {
    let folder: URL
    let mtd: String
    /// The public half of the key that signs.
    let key: String

    init(in folder: URL) throws {
        self.folder = folder
        mtd = try XCTUnwrap(ProcessInfo.processInfo.environment["MTD_BINARY"], "MTD_BINARY names no mtd")
        key = try Self.build(mtd, in: folder, version: 1, listing: ["first.example"], as: "first.mtdi")
    }

    func build(version: Int, listing hosts: [String]) throws -> URL {
        let name = "v\(version).mtdi"
        _ = try Self.build(mtd, in: folder, version: version, listing: hosts, as: name)
        return folder.appendingPathComponent(name)
    }

    /// Builds a bundle, and gives the key as the command prints it.
    private static func build(_ mtd: String, in folder: URL, version: Int, listing hosts: [String], as name: String) throws -> String {
        let list = folder.appendingPathComponent("hosts.txt")
        try hosts.joined(separator: "\n").write(to: list, atomically: true, encoding: .utf8)
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: mtd)
        process.arguments = [
            "intel", "build", list.path, "--category", "phishing", "--bundle-version", "\(version)", "--json",
            "-o", folder.appendingPathComponent(name).path, "--data", folder.appendingPathComponent("maker").path,
        ]
        process.standardOutput = output
        try process.run()
        let told = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let report = try JSONSerialization.jsonObject(with: told) as? [String: Any]
        return try XCTUnwrap(report?["key"] as? String, "mtd intel build failed")
    }
}
