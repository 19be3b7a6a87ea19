import Foundation
import TestSupport
import XCTest

@testable import MTDAgent

final class AppAttestationTests: XCTestCase {
    private let clientData = Data("challenge and thumbprint".utf8)

    func testAnAttestedKeyIsForgottenSoThatTheNextEnrolmentMakesAnother() throws {
        let apple = FakeAttestService()
        let kept = FakeKeptText()
        let attestation = AppAttestation(service: apple, keptKeyID: kept)
        XCTAssertEqual(try attestation.attest(clientData: clientData), .appleAppAttest(keyId: "key-1", object: Data("key-1".utf8) + clientData))
        XCTAssertNil(try kept.read())
        XCTAssertEqual(try attestation.attest(clientData: clientData), .appleAppAttest(keyId: "key-2", object: Data("key-2".utf8) + clientData))
    }

    func testABusyServiceIsAskedAgainAboutTheSameKey() throws {
        let apple = FakeAttestService()
        let kept = FakeKeptText()
        let attestation = AppAttestation(service: apple, keptKeyID: kept)
        apple.fails = .busy(why: "no answer")
        XCTAssertThrowsError(try attestation.attest(clientData: clientData)) { error in
            guard case HostError.Busy(let why) = error else { return XCTFail("\(error)") }
            XCTAssertTrue(why.contains("try again later"), why)
        }
        XCTAssertEqual(try kept.read(), "key-1")
        apple.fails = nil
        guard case .appleAppAttest("key-1", _) = try attestation.attest(clientData: clientData) else { return XCTFail("another key") }
    }

    func testAKeyThatIsGoneIsReplacedOnce() throws {
        let apple = FakeAttestService()
        let kept = FakeKeptText("from-before-the-restore")
        apple.unusable = ["from-before-the-restore"]
        let attested = try AppAttestation(service: apple, keptKeyID: kept).attest(clientData: clientData)
        guard case .appleAppAttest("key-1", _) = attested else { return XCTFail("\(String(describing: attested))") }
    }

    func testAServiceThatRefusesEveryKeyIsNotAskedForEver() {
        let apple = FakeAttestService()
        apple.fails = .keyUnusable(why: "invalid")
        XCTAssertThrowsError(try AppAttestation(service: apple, keptKeyID: FakeKeptText()).attest(clientData: clientData))
        XCTAssertEqual(apple.made, 1)
    }

    func testADeviceWithoutTheServiceHasNothingToSay() throws {
        let apple = FakeAttestService()
        apple.isSupported = false
        XCTAssertNil(try AppAttestation(service: apple, keptKeyID: FakeKeptText()).attest(clientData: clientData))
        XCTAssertEqual(apple.made, 0)
    }

    func testTheClientDataIsTheChallengeAndTheThumbprintOfTheKey() throws {
        let spki = SoftwareKeyPair().spkiDER
        let data = try AppAttestation.clientData(challenge: Data("abc".utf8), deviceKeySPKI: spki)
        XCTAssertEqual(String(decoding: data, as: UTF8.self), "abc" + (try keyThumbprint(spkiDer: spki)))
    }
}

/// In Apple's place, which answers devices only.
private final class FakeAttestService: AttestService, @unchecked Sendable {
    var isSupported = true
    var fails: AttestFailure?
    var unusable: Set<String> = []
    private(set) var made = 0

    func generateKey() throws(AttestFailure) -> String {
        made += 1
        return "key-\(made)"
    }

    func attest(keyID: String, clientData: Data) throws(AttestFailure) -> Data {
        if let fails { throw fails }
        guard !unusable.contains(keyID) else { throw .keyUnusable(why: "unknown") }
        return Data(keyID.utf8) + clientData
    }
}

/// In the keychain's place.
private final class FakeKeptText: KeptText, @unchecked Sendable {
    private var text: String?

    init(_ text: String? = nil) {
        self.text = text
    }

    func read() throws -> String? { text }
    func write(_ text: String?) throws { self.text = text }
}
