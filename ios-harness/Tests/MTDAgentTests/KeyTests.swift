import Foundation
import TestSupport
import XCTest

@testable import MTDAgent

final class KeyTests: XCTestCase {
    func testAPointBecomesTheKeyThatOpenSSLWrites() throws {
        let spki = SoftwareKeyPair().spkiDER
        let point = spki.suffix(65)
        XCTAssertEqual(P256SPKI.der(x963: Data(point)), spki)
        XCTAssertNoThrow(try keyThumbprint(spkiDer: XCTUnwrap(P256SPKI.der(x963: Data(point)))))
    }

    func testWhatIsNoUncompressedPointIsNoKey() {
        XCTAssertNil(P256SPKI.der(x963: Data([0x04])))
        XCTAssertNil(P256SPKI.der(x963: Data([0x02] + [UInt8](repeating: 1, count: 64))))
        XCTAssertNil(P256SPKI.der(x963: Data()))
    }

    func testAKeyIsMadeOnceAndFoundFromThenOn() throws {
        let made = Counter()
        let kept = KeptItem<Int>(find: { .nothing }, make: { made.next() })
        XCTAssertEqual(try kept.item(making: true), 1)
        XCTAssertEqual(try kept.item(making: true), 1)
        XCTAssertEqual(made.count, 1)
    }

    func testAClosedKeychainLeadsToNoSecondKey() throws {
        let made = Counter()
        let kept = KeptItem<Int>(find: { .failed(KeychainStatus.interactionNotAllowed) }, make: { made.next() })
        XCTAssertThrowsError(try kept.item(making: true)) { error in
            guard case HostError.Locked(let why) = error else { return XCTFail("\(error)") }
            XCTAssertTrue(why.contains("until the device is unlocked"), why)
        }
        XCTAssertEqual(made.count, 0)
    }

    func testUnwrappingNeverMakesAKey() {
        let made = Counter()
        let kept = KeptItem<Int>(find: { .nothing }, make: { made.next() })
        XCTAssertThrowsError(try kept.item(making: false))
        XCTAssertEqual(made.count, 0)
    }

    func testSuccessWithoutAnItemIsAFailure() {
        guard case .failed = KeychainAnswer<Int>(status: KeychainStatus.success, item: nil) else { return XCTFail("taken for an answer") }
        guard case .nothing = KeychainAnswer<Int>(status: KeychainStatus.itemNotFound, item: 1) else { return XCTFail("not nothing") }
    }
}

/// Counts, on any thread.
private final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var value = 0

    var count: Int { lock.withLock { value } }

    func next() -> Int {
        lock.withLock {
            value += 1
            return value
        }
    }
}
