import XCTest

@testable import MTDAgent

final class CertificateFieldsTests: XCTestCase {
    func testFieldsOfACertificateOfVersion1() throws {
        let fields = try XCTUnwrap(CertificateFields(der: TestCertificates.of2024))
        XCTAssertEqual(fields.spkiDER, TestCertificates.spki)
        XCTAssertEqual(fields.validity, date("2024-01-01T00:00:00Z")...date("2024-12-31T23:59:59Z"))
    }

    func testFieldsOfACertificateThatEndsInTheYear2060() throws {
        let fields = try XCTUnwrap(CertificateFields(der: TestCertificates.until2060))
        XCTAssertEqual(fields.spkiDER, TestCertificates.spki)
        XCTAssertEqual(fields.validity, date("2024-06-01T00:00:00Z")...date("2060-01-01T00:00:00Z"))
    }

    func testWhatIsNoCertificateHasNoFields() {
        XCTAssertNil(CertificateFields(der: Data()))
        XCTAssertNil(CertificateFields(der: TestCertificates.spki))
        XCTAssertNil(CertificateFields(der: TestCertificates.of2024 + [0]))
    }

    func testNoBeginningOfACertificateIsOne() {
        for length in 0..<TestCertificates.of2024.count {
            XCTAssertNil(CertificateFields(der: TestCertificates.of2024.prefix(length)), "\(length) bytes")
        }
    }

    /// Nothing is read beyond the bytes, whatever they say of their length.
    func testAnyByteMayBeWrong() {
        for index in TestCertificates.until2060.indices {
            for value: UInt8 in [0x00, 0x30, 0x7f, 0x80, 0x84, 0xff] {
                var bytes = TestCertificates.until2060
                bytes[index] = value
                _ = CertificateFields(der: bytes)
            }
        }
    }

    func testMomentIsTheNearestAtWhichAllAreValid() {
        let chain = [TestCertificates.of2024, TestCertificates.until2060]
        func moment(_ now: String) -> Date? { CertificateFields.momentOfValidity(of: chain, nextTo: date(now)) }
        XCTAssertEqual(moment("2026-01-01T00:00:00Z"), date("2024-12-31T23:59:59Z"))
        XCTAssertEqual(moment("2020-01-01T00:00:00Z"), date("2024-06-01T00:00:00Z"))
        XCTAssertEqual(moment("2024-07-01T00:00:00Z"), date("2024-07-01T00:00:00Z"))
        XCTAssertNil(CertificateFields.momentOfValidity(of: [], nextTo: Date()))
        XCTAssertNil(CertificateFields.momentOfValidity(of: [Data([1])], nextTo: Date()))
    }
}

func date(_ text: String) -> Date {
    ISO8601DateFormatter().date(from: text)!
}

/// Certificates of one key, made with openssl ca for these tests.
enum TestCertificates {
    static let of2024 = Data(base64Encoded: """
        MIIBFTCBvAIBATAKBggqhkjOPQQDAjAXMRUwEwYDVQQDDAxsZWFmLmV4YW1wbGUwHhcNMjQwMTAxMDAwMDAwWhcNMjQxMjMxMjM1OTU5WjAXMRUwEwYDVQQDDAxsZWFmLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASUWaQXeSlso8WWUfbvJ95J4eshlYa8Qo9g0ywMMZztYdUc+aYBURuqqC48M9dycgMPNjGg0nd0FbPpbpqNXJrnMAoGCCqGSM49BAMCA0gAMEUCIQD1QS3/JdnHiflfcVvpTk+f7I2f1RMly4HlYcxyaIKVdAIgIYjaFTRv3kIKTu6LHkRiXgO0K+K//L39yE4ddw4UtLc=
        """)!
    static let until2060 = Data(base64Encoded: """
        MIIBSTCB8aADAgECAgEDMAoGCCqGSM49BAMCMBcxFTATBgNVBAMMDGxlYWYuZXhhbXBsZTAgFw0yNDA2MDEwMDAwMDBaGA8yMDYwMDEwMTAwMDAwMFowFzEVMBMGA1UEAwwMbGVhZi5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAElFmkF3kpbKPFllH27yfeSeHrIZWGvEKPYNMsDDGc7WHVHPmmAVEbqqguPDPXcnIDDzYxoNJ3dBWz6W6ajVya56MsMCowCQYDVR0TBAIwADAdBgNVHQ4EFgQUSbFeDzN8dXmMydMVRZ5/k/MAA+AwCgYIKoZIzj0EAwIDRwAwRAIgGbnKgOvanh7PC9PfVMc0OW80fMsxS5sTci/xWB5H5HACIFpVU/CdblzTlrbUMsyNGTCMGUCdFjLJ3+t5fwbuYPkI
        """)!
    static let spki = Data(base64Encoded: "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAElFmkF3kpbKPFllH27yfeSeHrIZWGvEKPYNMsDDGc7WHVHPmmAVEbqqguPDPXcnIDDzYxoNJ3dBWz6W6ajVya5w==")!
}
