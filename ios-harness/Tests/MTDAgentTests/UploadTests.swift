import Foundation
import TestSupport
import XCTest

@testable import MTDAgent

final class UploadTests: XCTestCase {
    private let agent = QueueOfReports(["a", "b", "c"])
    private let transfer = FakeTransfer()

    private func uploads() -> ReportUploads {
        ReportUploads(agent: { [agent] in agent }, transfer: transfer)
    }

    func testReportsLeaveOneAfterAnotherInTheOrderOfTheirChain() async throws {
        let uploads = uploads()
        try await uploads.begin()
        try await uploads.begin()
        XCTAssertEqual(transfer.started.map(\.id), ["a"])
        for _ in 0..<3 {
            let sent = try XCTUnwrap(transfer.started.last)
            transfer.end()
            try await uploads.finished(UploadTag(sent), answer: .http(status: 202, headers: [:], body: Data()))
        }
        XCTAssertEqual(transfer.started.map(\.id), ["a", "b", "c"])
        XCTAssertEqual(agent.settled.map(\.id), ["a", "b", "c"])
    }

    func testAReportThatIsToBeTriedAgainHoldsUpThoseAfterIt() async throws {
        let uploads = uploads()
        try await uploads.begin()
        let first = try XCTUnwrap(transfer.started.last)
        transfer.end()
        let outcome = try await uploads.finished(UploadTag(first), answer: .failed(why: "NSURLErrorDomain -1009"))
        guard case .again = outcome else { return XCTFail("\(outcome)") }
        XCTAssertEqual(transfer.started.map(\.id), ["a"])
        try await uploads.begin()
        XCTAssertEqual(transfer.started.map(\.id), ["a", "a"])
    }

    func testTheOutcomeOfAnotherProcessIsTold() async throws {
        try await uploads().begin()
        let text = UploadTag(try XCTUnwrap(transfer.started.last)).text
        transfer.end()
        // What the system kept is all that the next process has.
        let tag = try XCTUnwrap(UploadTag(text: text))
        try await uploads().finished(tag, answer: .http(status: 202, headers: [:], body: Data()))
        XCTAssertEqual(agent.settled.map(\.id), ["a"])
    }

    func testAReportThatTheAgentNoLongerHasHoldsUpNoOther() async throws {
        let uploads = uploads()
        try await uploads.begin()
        let old = try XCTUnwrap(transfer.started.last)
        transfer.end()
        agent.enrollAnew(["d"])
        let outcome = try await uploads.finished(UploadTag(old), answer: .http(status: 400, headers: [:], body: Data()))
        XCTAssertEqual(outcome, .forgotten)
        XCTAssertEqual(transfer.started.map(\.id), ["a", "d"])
    }

    func testTwoBeginningsAtOnceStartOneTransfer() async throws {
        let uploads = uploads()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<50 { group.addTask { try? await uploads.begin() } }
        }
        XCTAssertEqual(transfer.started.map(\.id), ["a"])
    }

    func testATextThatIsNotOursIsNoTag() {
        XCTAssertNil(UploadTag(text: nil))
        XCTAssertNil(UploadTag(text: "download of a picture"))
        XCTAssertNil(UploadTag(text: #"{"seq":1,"pins":[]}"#), "of an older version: the report is queued still")
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
        let id: String
        let answer: UploadAnswer
    }

    private let state: Locked<(queue: [String], settled: [Settled])>

    init(_ queue: [String]) {
        state = Locked((queue, []))
    }

    var settled: [Settled] { state.with { $0.settled } }

    func enrollAnew(_ queue: [String]) {
        state.with { $0.queue = queue }
    }

    func nextUpload(within limit: TimeInterval) async throws(AgentError) -> Upload? {
        state.with { state in
            state.queue.first.map { id in
                Upload(
                    id: id, seq: 1, url: "https://mtd.example/set", headers: [:], file: "/nowhere/\(id).jws", size: 1, sha256: "",
                    spkiPins: ["sha256/AAAA"]
                )
            }
        }
    }

    func uploadResult(id: String, _ answer: UploadAnswer, within limit: TimeInterval) async throws(AgentError) -> UploadOutcome {
        state.with { state in
            guard state.queue.contains(id) else { return .forgotten }
            state.settled.append(Settled(id: id, answer: answer))
            guard case .http(202, _, _) = answer else { return .again(at: Date(), why: "no receipt") }
            state.queue.removeFirst()
            return .delivered
        }
    }
}

/// In the system's place, which sends only from an app.
private final class FakeTransfer: ReportTransfer, @unchecked Sendable {
    private let state = Locked<(started: [Upload], isBusy: Bool)>(([], false))

    var started: [Upload] { state.with { $0.started } }

    func isBusy() async -> Bool {
        await Task.yield()
        return state.with { $0.isBusy }
    }

    func start(_ upload: Upload) {
        state.with { ($0.started, $0.isBusy) = ($0.started + [upload], true) }
    }

    func end() {
        state.with { $0.isBusy = false }
    }
}
