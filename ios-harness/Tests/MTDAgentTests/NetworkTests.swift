import MTDAgent
import TestSupport
import XCTest

final class NetworkTests: XCTestCase {
    private let device = ScriptedDevice()

    private func snapshot() throws -> NetworkSnapshot { try device.host.networkSnapshot() }

    func testWifiAtHome() throws {
        let network = try snapshot()
        XCTAssertEqual(network.name, .known(value: "home"))
        XCTAssertEqual(network.ssid, .known(value: "home"))
        XCTAssertEqual(network.bssid, .known(value: "02:00:5e:10:00:01"))
        XCTAssertEqual(network.security, .known(value: .personal))
        XCTAssertEqual(network.transport, .known(value: .wifi))
        XCTAssertEqual(network.gateways, .known(value: ["192.168.1.1"]))
        XCTAssertEqual(network.dnsServers, .known(value: ["192.168.1.1"]))
        XCTAssertEqual(network.proxies, .known(value: []))
        XCTAssertEqual(network.metered, .known(value: false))
    }

    /// iOS keeps tunnels of its own, which have link-local addresses only.
    func testTunnelIsAVPNOnceItCarriesTraffic() throws {
        XCTAssertEqual(try snapshot().vpns, .known(value: []))
        device.change { $0.interfaces = $0.interfaces.map { $0 + [.init(interface: "utun4", address: "10.8.0.2")] } }
        XCTAssertEqual(try snapshot().vpns, .known(value: ["utun4"]))
        device.change { $0.proxies = .known(ProxySettings(["__SCOPED__": ["en0": [:], "ipsec0": [:]] as [String: Any]])) }
        XCTAssertEqual(try snapshot().vpns, .known(value: ["ipsec0", "utun4"]))
    }

    func testWhatCarriesAVPNIsTold() throws {
        device.change {
            $0.path = .known(.init(
                isSatisfied: true,
                interfaces: [.init(name: "utun4", kind: .other), .init(name: "pdp_ip0", kind: .cellular)],
                gateways: ["10.8.0.1"], isExpensive: true
            ))
        }
        let network = try snapshot()
        XCTAssertEqual(network.transport, .known(value: .cellular))
        XCTAssertEqual(network.name, .known(value: "pdp_ip0"))
        XCTAssertEqual(network.metered, .known(value: true))
    }

    func testWifiIsNotAskedForOnAnotherNetwork() throws {
        device.change {
            $0.path = .known(.init(isSatisfied: true, interfaces: [.init(name: "pdp_ip0", kind: .cellular)], gateways: [], isExpensive: true))
        }
        let network = try snapshot()
        XCTAssertEqual(network.ssid, .notAvailable(why: "the network in use is no Wi-Fi"))
        XCTAssertEqual(network.security, .notAvailable(why: "the network in use is no Wi-Fi"))
        guard case .notAvailable = network.gateways else { return XCTFail("no gateway is told as none") }
    }

    func testMissingEntitlementIsNotPermitted() throws {
        device.change { $0.wifi = .notPermitted(why: "the app lacks the entitlement Access Wi-Fi Information") }
        let network = try snapshot()
        let withheld = TextFact.notPermitted(why: "the app lacks the entitlement Access Wi-Fi Information")
        XCTAssertEqual(network.ssid, withheld)
        XCTAssertEqual(network.bssid, withheld)
        // There is another name for it.
        XCTAssertEqual(network.name, .known(value: "en0"))
    }

    func testSecurityThatIOSDoesNotKnowIsNotOpen() throws {
        for security in [WifiDescription.Security.unknown, nil] {
            device.change { $0.wifi = .known(.init(ssid: "home", bssid: "02:00:5e:10:00:01", security: security)) }
            guard case .notAvailable = try snapshot().security else { return XCTFail("told as known") }
        }
    }

    func testNoNetworkIsSaidSo() throws {
        device.change { $0.path = .known(.init(isSatisfied: false, interfaces: [], gateways: [], isExpensive: false)) }
        let network = try snapshot()
        XCTAssertEqual(network.transport, .notAvailable(why: "there is no network"))
        XCTAssertEqual(network.ssid, .notAvailable(why: "there is no network"))
        XCTAssertEqual(network.gateways, .notAvailable(why: "there is no network"))
    }

    func testWhatIOSWithholdsHasItsWords() throws {
        let network = try snapshot()
        guard case .notAvailable(let captive) = network.captive, case .notAvailable(let neighbours) = network.neighbours,
            case .notAvailable(let dhcp) = network.dhcpServer, case .notAvailable(let dns) = network.privateDns
        else { return XCTFail("told what iOS does not tell") }
        for why in [captive, neighbours, dhcp, dns] { XCTAssertTrue(why.contains("iOS"), why) }
    }
}
