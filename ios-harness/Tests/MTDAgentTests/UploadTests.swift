import Foundation
import TestSupport
import XCTest

@testable import MTDAgent

final class UploadTests: XCTestCase {
    private let agent = QueueOfReports([1, 2, 3])
    private let transfer = FakeTransfer()
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

    override func tearDown() {
        try? FileManager.default.removeItem(at: folder)
    }

    private func uploads() -> ReportUploads {
        ReportUploads(agent: { [agent] in agent }, transfer: transfer, folder: folder)
    }

    func testReportsLeaveOneAfterAnotherInTheOrderOfTheirChain() async throws {
        let uploads = uploads()
        try await uploads.begin()
        try await uploads.begin()
        XCTAssertEqual(transfer.started.map(\.seq), [1])
        for seq: UInt64 in 1...3 {
            let sent = try XCTUnwrap(transfer.started.last)
            XCTAssertEqual(try Data(contentsOf: transfer.bodies[Int(seq) - 1]), sent.body)
            transfer.end()
            try await uploads.finished(UploadTag(sent), answer: .http(status: 202, headers: [:], body: Data()))
        }
        XCTAssertEqual(transfer.started.map(\.seq), [1, 2, 3])
        XCTAssertEqual(agent.settled.map(\.seq), [1, 2, 3])
        XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder.path), [])
    }

    func testAReportThatIsToBeTriedAgainHoldsUpThoseAfterIt() async throws {
        let uploads = uploads()
        try await uploads.begin()
        let first = try XCTUnwrap(transfer.started.last)
        transfer.end()
        let outcome = try await uploads.finished(UploadTag(first), answer: .failed(why: "NSURLErrorDomain -1009"))
        guard case .again = outcome else { return XCTFail("\(String(describing: outcome))") }
        XCTAssertEqual(transfer.started.map(\.seq), [1])
        try await uploads.begin()
        XCTAssertEqual(transfer.started.map(\.seq), [1, 1])
    }

    func testTheOutcomeOfAnotherProcessIsTold() async throws {
        try await uploads().begin()
        let text = UploadTag(try XCTUnwrap(transfer.started.last)).text
        transfer.end()
        // What the system kept is all that the next process has.
        let tag = try XCTUnwrap(UploadTag(text: text))
        try await uploads().finished(tag, answer: .http(status: 202, headers: [:], body: Data()))
        XCTAssertEqual(agent.settled.map(\.seq), [1])
    }

    func testTheAnswerToAReportOfAnEarlierEnrolmentIsNotTakenForOneOfThis() async throws {
        let uploads = uploads()
        try await uploads.begin()
        let old = try XCTUnwrap(transfer.started.last)
        transfer.end()
        agent.enrollAnew()
        let outcome = try await uploads.finished(UploadTag(old), answer: .http(status: 400, headers: [:], body: Data()))
        XCTAssertNil(outcome)
        XCTAssertEqual(agent.settled, [])
    }

    func testTwoBeginningsAtOnceStartOneTransfer() async throws {
        let uploads = uploads()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<50 { group.addTask { try? await uploads.begin() } }
        }
        XCTAssertEqual(transfer.started.map(\.seq), [1])
    }

    func testATextThatIsNotOursIsNoTag() {
        XCTAssertNil(UploadTag(text: nil))
        XCTAssertNil(UploadTag(text: "download of a picture"))
        XCTAssertNil(UploadTag(text: #"{"seq":-1,"pins":[]}"#))
    }

    func testOnlyCertificatesWithAPinnedKeyCount() {
        // The digest is the bytes themselves, so that the pin can be written down without a second SHA-256.
        let pin = "sha256/" + TestCertificates.spki.base64EncodedString()
        let check = PinCheck(pins: [pin, "sha256/AAAA"]) { $0 }
        XCTAssertEqual(check.pinned(in: [TestCertificates.of2024, Data("none".utf8), TestCertificates.until2060]), [0, 2])
        XCTAssertEqual(PinCheck(pins: ["sha256/AAAA"]) { $0 }.pinned(in: [TestCertificates.of2024]), [])
        XCTAssertEqual(PinCheck(pins: []) { $0 }.pinned(in: [TestCertificates.of2024]), [])
    }

    func testAnErrorIsToldWithoutTheAddressThatItQuotes() {
        let error = NSError(domain: "NSURLErrorDomain", code: -1009, userInfo: ["NSErrorFailingURLKey": "https://mtd.example/"])
        XCTAssertEqual(UploadAnswer(response: nil, body: Data(), error: error), .failed(why: "NSURLErrorDomain -1009"))
        XCTAssertEqual(UploadAnswer(response: nil, body: Data(), error: nil), .failed(why: "no HTTP answer"))
    }

    func testWorkIsDoneInTheOrderInWhichItWasHandedIn() async {
        let tasks = SerialTasks()
        let order = Locked<[Int]>([])
        for number in 0..<20 {
            tasks.add {
                // The later, the shorter: out of order unless each waits for the one before.
                try? await Task.sleep(nanoseconds: UInt64(20 - number) * 200_000)
                order.with { $0.append(number) }
            }
        }
        await withCheckedContinuation { done in tasks.add { done.resume() } }
        XCTAssertEqual(order.with { $0 }, Array(0..<20))
    }
}

/// In the agent's place: a queue whose reports are taken on status 202 and tried again on anything else.
private final class QueueOfReports: UploadingAgent, @unchecked Sendable {
    struct Settled: Equatable {
        let seq: UInt64
        let answer: UploadAnswer
    }

    private let state: Locked<(queue: [UInt64], epoch: Int, settled: [Settled])>

    init(_ queue: [UInt64]) {
        state = Locked((queue, 1, []))
    }

    var settled: [Settled] { state.with { $0.settled } }

    func enrollAnew() {
        state.with { $0 = ([1], $0.epoch + 1, $0.settled) }
    }

    func nextUpload(within limit: TimeInterval) async throws(AgentError) -> Upload? {
        state.with { state in
            state.queue.first.map { seq in
                let body = Data("token \(seq) of \(state.epoch)".utf8)
                return Upload(seq: seq, url: "https://mtd.example/set", headers: [:], body: body, spkiPins: ["sha256/AAAA"])
            }
        }
    }

    func uploadResult(seq: UInt64, _ answer: UploadAnswer, within limit: TimeInterval) async throws(AgentError) -> UploadOutcome {
        state.with { state in
            state.settled.append(Settled(seq: seq, answer: answer))
            guard case .http(202, _, _) = answer else { return .again(at: Date(), why: "no receipt") }
            state.queue.removeFirst()
            return .delivered
        }
    }
}

/// In the system's place, which sends only from an app.
private final class FakeTransfer: ReportTransfer, @unchecked Sendable {
    private let state = Locked<(started: [Upload], bodies: [URL], isBusy: Bool)>(([], [], false))

    var started: [Upload] { state.with { $0.started } }
    var bodies: [URL] { state.with { $0.bodies } }

    func isBusy() async -> Bool {
        await Task.yield()
        return state.with { $0.isBusy }
    }

    func start(_ upload: Upload, body: URL) {
        state.with { ($0.started, $0.bodies, $0.isBusy) = ($0.started + [upload], $0.bodies + [body], true) }
    }

    func end() {
        state.with { $0.isBusy = false }
    }
}
