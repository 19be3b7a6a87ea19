import MTDAgent
import TestSupport
import XCTest

final class TrustTests: XCTestCase {
    private let device = ScriptedDevice()
    private let root = Data(repeating: 7, count: 32)

    private func verdict(on chain: [Data] = [TestCertificates.of2024]) throws -> TrustVerdict {
        try device.host.evaluateTrust(chain: chain, host: "leaf.example")
    }

    func testTrustedChainHasItsRoot() throws {
        device.change { [root] in $0.trust = .known(.trusted(path: EvaluatedPath(rootSPKI: root))) }
        XCTAssertEqual(try verdict(), .trusted(anchor: .untold, rootSpkiSha256: root))
    }

    func testRefusedChainHasThePlatformsWords() throws {
        device.change { $0.trust = .known(.refused(why: "not standards compliant")) }
        XCTAssertEqual(try verdict(), .rejected(why: "not standards compliant"))
    }

    func testExpiredChainThatWasValidIsOutOfDate() throws {
        device.change { [root] in
            $0.trust = .known(.outOfDate(why: "expired"))
            $0.trustAtAnotherMoment = .known(.trusted(path: EvaluatedPath(rootSPKI: root)))
        }
        XCTAssertEqual(
            try verdict(), .outOfDate(anchor: .untold, rootSpkiSha256: root, validAt: date("2024-12-31T23:59:59Z"))
        )
    }

    /// An unknown authority is not excused by the time.
    func testExpiredChainThatWasNeverTrustedIsRejected() throws {
        device.change { $0.trust = .known(.outOfDate(why: "expired")) }
        XCTAssertEqual(try verdict(), .rejected(why: "expired"))
        XCTAssertEqual(try verdict(on: [Data([1, 2, 3])]), .rejected(why: "expired"))
    }

    func testVerifierThatIsNotThereIsSaidSo() {
        device.change { $0.trust = .notAvailable(why: "no verifier") }
        XCTAssertThrowsError(try verdict()) { XCTAssertEqual($0 as? HostError, .NotAvailable(why: "no verifier")) }
    }
}
