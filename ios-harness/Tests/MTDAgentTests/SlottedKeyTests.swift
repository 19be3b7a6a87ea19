import Foundation
import XCTest

@testable import MTDAgent
@testable import TestSupport

/// The two slots of the device key, over a keychain that answers as Apple's does.
final class SlottedKeyTests: AgentTestCase {
    private let challenge = Data("challenge".utf8)

    /// As another process of the app makes it.
    private var key: SoftwareDeviceKey { SoftwareDeviceKey(in: workshop.keychain) }

    func testNothingIsMadeBeforeItIsAskedFor() throws {
        for slot in [KeySlot.current, .candidate] {
            XCTAssertNil(try key.publicKeySpkiDer(slot: slot))
            assertThrows(KeychainStatus.gone) { _ = try key.signEs256(slot: slot, message: Data([1])) }
        }
        assertThrows(KeychainStatus.gone) { try key.adoptCandidate() }
    }

    func testACandidateIsBesideTheKeyInUseUntilItIsAdoptedWhateverProcessAsks() throws {
        var current: Data?
        for _ in 0..<3 {
            _ = try key.makeCandidate(challenge: challenge)
            let candidate = try XCTUnwrap(key.publicKeySpkiDer(slot: .candidate))
            XCTAssertEqual(try key.publicKeySpkiDer(slot: .current), current)
            XCTAssertNotEqual(candidate, current)
            try key.adoptCandidate()
            XCTAssertEqual(try key.publicKeySpkiDer(slot: .current), candidate)
            XCTAssertNil(try key.publicKeySpkiDer(slot: .candidate), "the former key is gone")
            current = candidate
        }
    }

    func testAnotherCandidateReplacesTheOneBeforeAndNeverTheKeyInUse() throws {
        _ = try key.makeCandidate(challenge: challenge)
        try key.adoptCandidate()
        let current = try key.publicKeySpkiDer(slot: .current)
        _ = try key.makeCandidate(challenge: challenge)
        let before = try key.publicKeySpkiDer(slot: .candidate)
        _ = try key.makeCandidate(challenge: challenge)
        XCTAssertNotEqual(try key.publicKeySpkiDer(slot: .candidate), before)
        XCTAssertEqual(try key.publicKeySpkiDer(slot: .current), current)
    }

    func testTheOneKeyOfAnOlderVersionIsTheKeyInUse() throws {
        let before = try FakeKeychainKeys(keychain: workshop.keychain).make("device-key").spkiDER
        XCTAssertEqual(try key.publicKeySpkiDer(slot: .current), before)
        _ = try key.makeCandidate(challenge: challenge)
        XCTAssertEqual(try key.publicKeySpkiDer(slot: .current), before)
    }

    func testWithoutTheTextBothKeysAreFoundStill() throws {
        _ = try key.makeCandidate(challenge: challenge)
        try key.adoptCandidate()
        _ = try key.makeCandidate(challenge: challenge)
        let keys = try Set([KeySlot.current, .candidate].map { try XCTUnwrap(key.publicKeySpkiDer(slot: $0)) })
        for text in [nil, "", "somebody else's"] {
            try FakeKeychainText(keychain: workshop.keychain, name: "device-key.slot").write(text)
            XCTAssertEqual(try Set([KeySlot.current, .candidate].map { try XCTUnwrap(key.publicKeySpkiDer(slot: $0)) }), keys)
        }
    }

    func testAClosedKeychainIsLockedAndNothingIsMadeInPlaceOfWhatIsThere() throws {
        _ = try key.makeCandidate(challenge: challenge)
        try key.adoptCandidate()
        let before = try key.publicKeySpkiDer(slot: .current)
        let dataKey = Data(repeating: 7, count: 32), wrapped = try workshop.keychain.wrap(dataKey: dataKey)
        workshop.keychain.fault = KeychainStatus.interactionNotAllowed
        let locked = KeychainStatus.error(KeychainStatus.interactionNotAllowed)
        assertThrows(locked) { _ = try key.publicKeySpkiDer(slot: .current) }
        assertThrows(locked) { _ = try key.signEs256(slot: .current, message: Data([1])) }
        assertThrows(locked) { _ = try key.makeCandidate(challenge: challenge) }
        assertThrows(locked) { try key.adoptCandidate() }
        assertThrows(locked) { _ = try workshop.keychain.unwrap(wrapped: wrapped) }
        workshop.keychain.fault = nil
        XCTAssertEqual(try key.publicKeySpkiDer(slot: .current), before)
        XCTAssertEqual(try workshop.keychain.unwrap(wrapped: wrapped), dataKey)
        try workshop.keychain.erase()
        assertThrows(KeychainStatus.gone) { _ = try workshop.keychain.unwrap(wrapped: wrapped) }
    }

    func testAnAttestationThatAppleGivesLaterIsOfTheCandidateInItsSlot() throws {
        let keys = FakeKeychainKeys(keychain: workshop.keychain)
        let inUse = FakeKeychainText(keychain: workshop.keychain, name: "device-key.slot")
        let asked = Locked<[Data]>([])
        let slots = SlottedKey(keys, name: "device-key", inUse: inUse) { challenge, spki in
            asked.with { $0.append(challenge + spki) }
            throw HostError.Busy(why: "no answer")
        }
        assertThrows(.Busy(why: "no answer")) { _ = try slots.makeCandidate(challenge: challenge) }
        let spki = try XCTUnwrap(slots.publicKeySpkiDer(slot: .candidate))
        XCTAssertEqual(asked.with { $0 }, [challenge + spki])
        XCTAssertNil(try slots.publicKeySpkiDer(slot: .current))
    }
}

/// What Apple's errors mean.
final class KeyFailureTests: XCTestCase {
    func testWhoIsLockedGoneBusyOrFailsIsToldSo() {
        let expected: [(String, Int, String)] = [
            ("NSOSStatusErrorDomain", -25308, "Locked"), ("NSOSStatusErrorDomain", -128, "Locked"),
            ("NSOSStatusErrorDomain", -25293, "Locked"), ("NSOSStatusErrorDomain", -25300, "Gone"),
            ("NSOSStatusErrorDomain", -25291, "Busy"), ("NSOSStatusErrorDomain", -50, "Failed"),
            ("NSOSStatusErrorDomain", -34018, "Failed"), ("NSOSStatusErrorDomain", .max, "Failed"),
            ("com.apple.LocalAuthentication", -2, "Locked"), ("com.apple.LocalAuthentication", -4, "Locked"),
            ("com.apple.LocalAuthentication", -10, "Locked"), ("com.apple.LocalAuthentication", -1004, "Locked"),
            ("com.apple.LocalAuthentication", -5, "Locked"), ("com.apple.LocalAuthentication", -8, "Locked"),
            ("com.apple.LocalAuthentication", -99, "Failed"),
            ("CryptoTokenKit", -3, "Gone"), ("CryptoTokenKit", -6, "Gone"), ("CryptoTokenKit", -5, "Locked"),
            ("CryptoTokenKit", -9, "Locked"), ("CryptoTokenKit", -2, "Busy"), ("CryptoTokenKit", -8, "Failed"),
            ("elsewhere", 1, "Failed"),
        ]
        for (domain, code, kind) in expected {
            let error = KeyFailure.error("the device key does not sign", domain: domain, code: code)
            XCTAssertEqual("\(error)".prefix { $0 != "(" }, Substring(kind), "\(domain) \(code)")
        }
    }
}

/// Asserts that `work` fails with `expected`.
func assertThrows(_ expected: HostError, file: StaticString = #filePath, line: UInt = #line, _ work: () throws -> Void) {
    XCTAssertThrowsError(try work(), file: file, line: line) { XCTAssertEqual($0 as? HostError, expected, file: file, line: line) }
}
