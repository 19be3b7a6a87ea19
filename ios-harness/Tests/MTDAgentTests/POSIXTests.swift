import Foundation
import XCTest

@testable import MTDAgent

/// What POSIX tells is the same question on iOS and on the machine of the tests, so that it is really asked.
final class POSIXTests: XCTestCase {
    private var folder = URL(fileURLWithPath: "/")

    override func setUpWithError() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    override func tearDownWithError() throws {
        try FileManager.default.removeItem(at: folder)
    }

    func testALinkThatLeadsNowhereExistsAndAFileIsNoLink() throws {
        let link = folder.appendingPathComponent("link").path
        let file = folder.appendingPathComponent("file").path
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/nowhere/at/all")
        try Data("x".utf8).write(to: URL(fileURLWithPath: file))
        XCTAssertTrue(FileLook.exists(link))
        XCTAssertTrue(FileLook.isSymbolicLink(link))
        XCTAssertTrue(FileLook.exists(file))
        XCTAssertFalse(FileLook.isSymbolicLink(file))
        XCTAssertFalse(FileLook.exists(folder.appendingPathComponent("absent").path))
    }

    func testWritingIsTriedAndLeavesNothingBehind() throws {
        XCTAssertTrue(FileLook.canWrite(inFolder: folder.path))
        XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder.path), [])
        XCTAssertFalse(FileLook.canWrite(inFolder: "/proc"))
        XCTAssertFalse(FileLook.canWrite(inFolder: folder.appendingPathComponent("absent").path))
    }

    func testTheKernelTellsItsNameWithoutZeroes() throws {
        let name = try XCTUnwrap(SystemName())
        #if os(Linux)
            XCTAssertEqual(name.release, try String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8).trimmingCharacters(in: .newlines))
        #endif
        XCTAssertFalse(name.machine.isEmpty)
        XCTAssertFalse(name.machine.contains("\0"))
    }

    func testSystemsAreNamedAsUIDeviceNamesThem() {
        XCTAssertEqual(SystemWords.osName(ofModel: "iPad14,3"), "iPadOS")
        XCTAssertEqual(SystemWords.osName(ofModel: "iPhone16,1"), "iOS")
        XCTAssertEqual(SystemWords.osVersion(major: 18, minor: 0, patch: 0), "18.0")
        XCTAssertEqual(SystemWords.osVersion(major: 17, minor: 5, patch: 1), "17.5.1")
    }

    func testAddressesAreWrittenAsInRFC5952AndOtherLengthsAreNone() {
        XCTAssertEqual(AddressText.of(Data([192, 0, 2, 1])), "192.0.2.1")
        XCTAssertEqual(AddressText.of(Data([0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [1])), "2001:db8::1")
        XCTAssertNil(AddressText.of(Data([1, 2, 3])))
        XCTAssertNil(AddressText.of(Data()))
    }

    func testInterfacesAreListedWithoutLoopback() throws {
        let interfaces = try XCTUnwrap(InterfaceAddresses.all().value)
        XCTAssertFalse(interfaces.contains { $0.address == "127.0.0.1" || $0.address == "::1" })
        XCTAssertTrue(interfaces.allSatisfy { !$0.interface.isEmpty && !$0.address.isEmpty })
    }

    /// The C library reads `/etc/resolv.conf`, which this test reads too.
    func testTheResolverNamesItsServers() throws {
        #if os(Linux)
            let lines = (try? String(contentsOfFile: "/etc/resolv.conf", encoding: .utf8))?.split(separator: "\n") ?? []
            let listed = lines.filter { $0.hasPrefix("nameserver") }.compactMap { $0.split(separator: " ").last.map(String.init) }
            try XCTSkipIf(listed.isEmpty, "this machine names no DNS server")
            XCTAssertEqual(ResolverServers.addresses(), .known(Array(listed.prefix(3))))
        #endif
    }

    func testTextInACBufferEndsAtItsZero() {
        XCTAssertEqual(String(buffer: [0x68, 0x69, 0, 0x78]), "hi")
        XCTAssertEqual(String(buffer: [CChar]()), "")
    }
}
