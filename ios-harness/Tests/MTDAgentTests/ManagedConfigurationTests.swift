import MTDAgent
import TestSupport
import XCTest

final class ManagedConfigurationTests: XCTestCase {
    private struct Given: ManagedConfigurationSource, @unchecked Sendable {
        let dictionaryGiven: [String: Any]?
        func dictionary() -> [String: Any]? { dictionaryGiven }
    }

    private func configuration(_ dictionary: [String: Any]?) -> ManagedConfiguration {
        ManagedConfiguration(from: Given(dictionaryGiven: dictionary))
    }

    func testCodeIsTakenAsTextOrAsParts() {
        XCTAssertEqual(configuration(["mtd_enrolment": "mtd-enrol:abc"]).enrolmentCode(), .known("mtd-enrol:abc"))
        XCTAssertEqual(
            configuration(["mtd_enrolment": ["url": "https://mtd.example", "tenant": "acme", "spki_pins": ["a", "b"]] as [String: Any]])
                .enrolmentCode(),
            .known(#"{"spki_pins":["a","b"],"tenant":"acme","url":"https://mtd.example"}"#)
        )
    }

    func testMissingOrWrongCodeIsSaidSoWithoutIt() {
        for dictionary in [nil, [:], ["mtd_enrolment": 17], ["mtd_enrolment": ["token": Data("secret".utf8)]]] as [[String: Any]?] {
            guard case .notAvailable(let why) = configuration(dictionary).enrolmentCode() else { return XCTFail("a code") }
            XCTAssertTrue(why.contains("mtd_enrolment"), why)
            XCTAssertFalse(why.contains("secret"), why)
        }
    }

    func testAppsAreReadByTheCore() throws {
        let apps = try StoryFiles.read("apps.plist"), managed = try StoryFiles.read("managed.plist")
        for given in [apps as Any, apps.base64EncodedString(options: .lineLength76Characters)] {
            let configuration = configuration(["mtd_installed_apps": given, "mtd_managed_apps": managed])
            let host = ScriptedDevice().host(inventory: configuration)
            XCTAssertEqual(try host.installedApps().apps.compactMap(\.id), ["com.example.notes"])
            // The list of managed apps says that it is not one.
            XCTAssertEqual(try host.installedApps().apps[0].managed, false)
        }
    }

    func testMissingAppsAreNotAnEmptyList() {
        for dictionary in [nil, [:], ["mtd_installed_apps": 5], ["mtd_installed_apps": Data(), "mtd_managed_apps": 1]] as [[String: Any]?] {
            let host = ScriptedDevice().host(inventory: configuration(dictionary))
            XCTAssertThrowsError(try host.installedApps()) { error in
                guard case .NotAvailable = error as? HostError else { return XCTFail("\(error)") }
            }
        }
    }

    func testResponseThatIsNoneIsRefusedInWords() {
        for response in [Data(), Data("<plist>".utf8), Data([0xff, 0xfe])] {
            let host = ScriptedDevice().host(inventory: GivenInventory(MDMResponses(installed: response)))
            XCTAssertThrowsError(try host.installedApps()) { error in
                guard case .Failed(let why) = error as? HostError else { return XCTFail("\(error)") }
                XCTAssertFalse(why.isEmpty)
            }
        }
    }
}
