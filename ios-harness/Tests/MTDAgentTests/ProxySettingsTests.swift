import XCTest

@testable import MTDAgent

final class ProxySettingsTests: XCTestCase {
    func testProxiesThatAreTurnedOffAreNotTold() {
        let settings = ProxySettings(["HTTPEnable": 0, "HTTPProxy": "proxy.example", "HTTPPort": 8080])
        XCTAssertEqual(settings.entries, [])
    }

    func testEveryKindOfProxyIsTold() {
        let settings = ProxySettings([
            "HTTPEnable": 1, "HTTPProxy": "proxy.example", "HTTPPort": 8080,
            "HTTPSEnable": 1, "HTTPSProxy": "proxy.example",
            "SOCKSEnable": 1, "SOCKSProxy": "socks.example", "SOCKSPort": 1080,
            "ProxyAutoConfigEnable": 1, "ProxyAutoConfigURLString": "http://proxy.example/proxy.pac",
        ])
        XCTAssertEqual(
            settings.entries.map { "\($0.scheme) \($0.address)" },
            ["http proxy.example:8080", "https proxy.example", "all socks.example:1080", "pac http://proxy.example/proxy.pac"]
        )
    }

    func testWhatIsNotOfTheRightTypeIsAbsent() {
        let settings = ProxySettings(["HTTPEnable": "yes", "HTTPProxy": 7, "__SCOPED__": ["en0"]])
        XCTAssertEqual(settings.entries, [])
        XCTAssertEqual(settings.scopedInterfaces, [])
    }
}
