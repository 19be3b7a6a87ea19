import Foundation
import MTDAgent
import TestSupport
import XCTest

final class HostileHostTests: AgentTestCase {
    private struct Careless: Error, CustomStringConvertible {
        var description: String { "alice@example.com could not be read" }
    }

    func testWhatAHostThrowsIsToldByItsTypeAlone() async throws {
        let host = ScriptedHost(
            apps: { throw Careless() }, posture: { throw Careless() }, network: { throw Careless() }, trust: { throw Careless() }
        )
        let agent = try await workshop.open(device: host)
        let scan = try await agent.scan(.requested)
        XCTAssertEqual(try coverage(of: .inventory, in: scan), .unknown(why: "the host app failed with Careless"))
        XCTAssertFalse("\(scan)".contains("alice"))
        let explanation = try await agent.explain(in: .en)
        XCTAssertFalse("\(explanation as Any)".contains("alice"))
        agent.close()
    }

    func testWithheldListIsNotPermitted() async throws {
        let host = ScriptedHost(apps: { throw HostError.NotPermitted(why: "the administrator shares no list") })
        let agent = try await workshop.open(device: host)
        let scan = try await agent.scan(.requested)
        XCTAssertEqual(try coverage(of: .inventory, in: scan), .notPermitted(why: "the administrator shares no list"))
        XCTAssertNil(scan.appCount)
        agent.close()
    }

    func testKeyThatDoesNotSignFailsTheEnrolmentAndNothingElse() async throws {
        guard let stage = try Stage() else { throw XCTSkip("MTD_BINARY does not name the mtd command: tests/run ios does") }
        let broken = SoftwareDeviceKey(in: workshop.keychain) { throw Careless() }
        let agent = try await workshop.open(device: ScriptedHost(), key: broken)
        await assertFails { () throws(AgentError) in try await agent.enroll(stage.payload) } matches: {
            guard case .Host(let reason) = $0 else { return false }
            return reason.contains("Careless") && !reason.contains("alice")
        }
        _ = try await agent.scan(.requested)
        agent.close()
    }

    func testHostThatBlocksIsNotWaitedForBeyondTheLimit() async throws {
        let blocked = DispatchSemaphore(value: 0)
        defer { blocked.signal() }
        let host = ScriptedHost(apps: {
            _ = blocked.wait(timeout: .now() + 60)
            return Inventory(apps: [], notes: [])
        })
        let agent = try await workshop.open(device: host)
        let begin = uptime()
        let scan = try await agent.scan(.requested, within: 2)
        XCTAssertLessThan(uptime() - begin, 4)
        guard case .unknown = try coverage(of: .inventory, in: scan) else { return XCTFail("\(scan.checks)") }
        // Neither is closing.
        agent.close()
        XCTAssertLessThan(uptime() - begin, 4)
    }

    func testAHundredThousandAppsAreTakenAndNotOneMore() async throws {
        for (count, isTaken) in [(100_000, true), (100_001, false)] {
            let host = ScriptedHost(apps: {
                Inventory(apps: (0..<count).map { .listed("com.example.app\($0)", name: "App \($0)") }, notes: [])
            })
            let agent = try await workshop.open(device: host)
            let begin = uptime()
            let scan = try await agent.scan(.requested, within: 60)
            print("a scan of \(count) apps: \(String(format: "%.2f", uptime() - begin)) s")
            XCTAssertEqual(scan.appCount, isTaken ? UInt64(count) : nil, "\(scan.checks.first as Any)")
            agent.close()
        }
    }

    func testAbsurdValuesAreTakenForWhatTheyAre() async throws {
        let absurd: [AppRecord] = [
            .listed(nil), .listed(""), .listed("   "), .listed("com.example.a", bundleSize: -1, dynamicSize: .min),
            .listed("com.example.b", bundleSize: .max), .listed("com.example.c", name: String(repeating: "\u{1F4A3}", count: 100_000)),
            .listed("com.example.d", signers: ["sha256:zz", "", "md5:00"]), .listed("com.example.e\u{0}\n\u{202e}", name: "\u{0}"),
            .listed("com.example.a"), .listed("com.example.a"),
        ]
        let host = ScriptedHost(
            apps: { Inventory(apps: absurd, notes: [InventoryNote(place: "", message: "")]) },
            network: {
                NetworkSnapshot(
                    name: .known(value: ""), gateways: .known(value: ["not an address", "", "999.1.1.1"]),
                    dnsServers: .known(value: Array(repeating: "x", count: 10_000)),
                    proxies: .known(value: [Proxy(scheme: "", address: "user:secret@proxy.example:99999999")]),
                    vpns: .known(value: [""]), captive: .known(value: true), privateDns: .notAvailable(why: ""),
                    transport: .known(value: .wifi), ssid: .known(value: String(repeating: "s", count: 1_000_000)),
                    bssid: .known(value: "not a hardware address"), security: .notAvailable(why: ""),
                    neighbours: .known(value: [Neighbour(address: "?", mac: "?")]), dhcpServer: .known(value: "nobody"),
                    nat64Prefix: .known(value: "64:ff9b::/999"), portalApi: .known(value: "javascript:0"), metered: .notPermitted(why: "")
                )
            },
            trust: { .outOfDate(anchor: .untold, rootSpkiSha256: Data(count: 5), validAt: Date(timeIntervalSince1970: .nan)) }
        )
        let agent = try await workshop.open(device: host)
        let scan = try await agent.scan(.requested)
        XCTAssertEqual(try coverage(of: .inventory, in: scan), .complete)
        // An app that has no identifier is an app; one that is listed thrice is one.
        XCTAssertNotNil(scan.appCount)
        agent.close()
    }

    func testLimitsThatAreNoneAreTakenForWhatTheyMean() async throws {
        let agent = try await workshop.open(device: ScriptedHost())
        for limit in [-1, -.infinity, .nan, 0, -0.0, .leastNonzeroMagnitude] as [TimeInterval] {
            // No time: either it is said so, or there is a result in which nothing is known.
            do throws(AgentError) {
                let scan = try await agent.scan(.requested, within: limit)
                XCTAssertNotEqual(scan.level, .secured, "\(limit)")
            } catch {
                guard case .Deadline = error else { return XCTFail("\(limit): \(error)") }
            }
        }
        for limit in [1e300, .infinity, .greatestFiniteMagnitude] as [TimeInterval] {
            _ = try await agent.status(within: limit)
        }
        agent.close()
    }
}
