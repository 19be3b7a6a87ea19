import MTDAgent
import TestSupport
import XCTest

/// The story of docs/stage.md on iOS, against a real connector and a real network: what it must be is in
/// `tests/story/golden.json`, the same for all platforms.
final class StoryTests: XCTestCase {
    func testStoryIsTheSameAsOnEveryPlatform() async throws {
        guard let stage = try Stage() else { throw XCTSkip("MTD_BINARY does not name the mtd command: tests/run ios does") }
        let workshop = try Workshop()
        defer { workshop.clear() }
        let teller = try await StoryTeller(workshop)

        try await teller.enrol(stage.payload)
        try await teller.scanAndDeliver("app_sync_off", apps: "apps.plist")
        try stage.tell("app-sync on")
        try await teller.fetchSettings("app_sync_on")
        try stage.tell("cafe")
        try await teller.scanAndDeliver("attacked", apps: "apps-with-trackview.plist")
        try stage.tell("home")
        try await teller.scanAndDeliver("repaired", apps: "apps.plist")
        teller.agent.close()

        let told: [String: Any] = ["steps": teller.steps, "story": try XCTUnwrap(stage.tell("story")["story"])]
        let golden = try JSONSerialization.jsonObject(with: StoryFiles.read("golden.json"))
        XCTAssertEqual(try lines(told), try lines(golden))
        try stage.tell("stop")
    }

    /// In one form, so that a difference is told by its lines.
    private func lines(_ json: Any) throws -> [Substring] {
        let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try JSONSerialization.data(withJSONObject: json, options: options), as: UTF8.self).split(separator: "\n")
    }
}

/// The device, and what it said at each step.
private final class StoryTeller {
    let agent: DeviceAgent
    private(set) var steps: [[String: Any]] = []
    private let device: ScriptedDevice

    init(_ workshop: Workshop) async throws {
        device = workshop.device
        agent = try await workshop.open()
    }

    /// By the way of an app that an MDM has configured.
    func enrol(_ code: String) async throws {
        let configuration = ManagedConfiguration(from: Given(code: code))
        let enrolled = try await agent.enroll(XCTUnwrap(configuration.enrolmentCode().value))
        XCTAssertEqual(enrolled.tenant, "acme")
    }

    func scanAndDeliver(_ step: String, apps: String) async throws {
        let responses = try StoryFiles.responses(apps)
        device.change { $0.apps = .known(responses) }
        let scan = try await agent.scan(.requested)
        let (delivered, decision) = try await deliver()
        steps.append([
            "step": step,
            "level": word(scan.level),
            "at_least": word(scan.atLeast),
            "open_findings": openFindings(scan),
            "delivered": delivered.delivered,
            "decision": decision,
        ])
    }

    func fetchSettings(_ step: String) async throws {
        let (delivered, decision) = try await deliver()
        steps.append([
            "step": step,
            "new_settings": delivered.newSettings.map { $0 as Any } ?? NSNull(),
            "delivered": delivered.delivered,
            "decision": decision,
        ])
    }

    private func deliver() async throws -> (DeliverySummary, [String: Any]) {
        let delivered = try await agent.deliver()
        let decision = try XCTUnwrap(delivered.decision, "\(delivered)")
        let access = Dictionary(uniqueKeysWithValues: decision.resources.map { ($0.name, word($0.access)) })
        return (delivered, [
            "allowed_level": word(decision.allowedLevel),
            "level": decision.level.map { word($0) as Any } ?? NSNull(),
            "compliant": decision.compliant,
            "access": access,
        ])
    }

    private func openFindings(_ scan: ScanResult) -> [[String: Any]] {
        let open = scan.findings.filter { $0.state == .open }
        let told = open.map {
            ["detection": detectionId(detection: $0.detection), "subject": $0.subject, "verdict": word($0.verdict), "severity": word($0.severity)]
        }
        return told.sorted { $0["detection"]! < $1["detection"]! }
    }

    private struct Given: ManagedConfigurationSource {
        let code: String
        func dictionary() -> [String: Any]? { ["mtd_enrolment": code] }
    }
}

/// A word of the agent as JSON has it: `highSeverity` is `high_severity`.
func word(_ value: some Any) -> String {
    "\(value)".reduce(into: "") { text, letter in text += letter.isUppercase ? "_" + letter.lowercased() : String(letter) }
}
