import Foundation
import TestSupport
import XCTest

@testable import MTDAgent

final class ManagementTests: XCTestCase {
    func testTheConfigurationIsReadWhereTheMDMPutsIt() throws {
        let suite = "mtd-\(UUID().uuidString)"
        let defaults = try XCTUnwrap(UserDefaults(suiteName: suite))
        defer { defaults.removePersistentDomain(forName: suite) }
        let managed = ManagedDefaults(defaults)
        XCTAssertNil(managed.dictionary())
        defaults.set(["mtd_enrolment": "mtd-enrol:abc"], forKey: "com.apple.configuration.managed")
        XCTAssertEqual(ManagedConfiguration(from: managed).enrolmentCode(), .known("mtd-enrol:abc"))
    }

    func testFeedbackSaysNothingButThatTheAppIsSetUp() throws {
        let suite = "mtd-\(UUID().uuidString)"
        let defaults = try XCTUnwrap(UserDefaults(suiteName: suite))
        defer { defaults.removePersistentDomain(forName: suite) }
        ManagedDefaults(defaults).report(isEnrolled: true, agentVersion: "1.2.3")
        let feedback = try XCTUnwrap(defaults.dictionary(forKey: "com.apple.feedback.managed"))
        XCTAssertEqual(feedback["mtd_enrolled"] as? Bool, true)
        XCTAssertEqual(feedback["mtd_agent_version"] as? String, "1.2.3")
        XCTAssertEqual(feedback.count, 2)
    }

    func testAnotherListIsNoticedAndOtherSettingsAreNot() throws {
        let suite = "mtd-\(UUID().uuidString)"
        let defaults = try XCTUnwrap(UserDefaults(suiteName: suite))
        defer { defaults.removePersistentDomain(forName: suite) }
        // On Linux nobody tells of changes; where Apple does too, the second time nothing is new.
        let set = { (value: Any, key: String) in
            defaults.set(value, forKey: key)
            NotificationCenter.default.post(name: UserDefaults.didChangeNotification, object: defaults)
        }
        let changes = Locked([ScanTrigger]())
        let watch = ConfigurationWatch(defaults) { trigger in changes.with { $0.append(trigger) } }
        set(["mtd_installed_apps": Data("one".utf8)], "com.apple.configuration.managed")
        XCTAssertEqual(changes.with { $0 }, [.appsChanged])
        set("blue", "colour")
        set(["mtd_installed_apps": Data("one".utf8), "mtd_enrolment": "mtd-enrol:"], "com.apple.configuration.managed")
        XCTAssertEqual(changes.with { $0 }, [.appsChanged])
        set(["mtd_installed_apps": Data("two".utf8)], "com.apple.configuration.managed")
        XCTAssertEqual(changes.with { $0 }, [.appsChanged, .appsChanged])
        set(["mtd_installed_apps": Data("two".utf8), "mtd_profiles": Data("a".utf8)], "com.apple.configuration.managed")
        XCTAssertEqual(changes.with { $0 }, [.appsChanged, .appsChanged, .settingsChanged])
        withExtendedLifetime(watch) {}
    }

    func testAnAppFromTheStoreHasNoProfileAndIsNotDebuggable() {
        XCTAssertEqual(ProvisioningProfile.allowsDebugging(nil), .known(false))
    }

    func testAProfileSaysWhetherTheAppIsSignedToBeDebugged() {
        XCTAssertEqual(ProvisioningProfile.allowsDebugging(profile("<key>get-task-allow</key><true/>")), .known(true))
        XCTAssertEqual(ProvisioningProfile.allowsDebugging(profile("<key>get-task-allow</key><false/>")), .known(false))
        XCTAssertEqual(ProvisioningProfile.allowsDebugging(profile("")), .known(false))
    }

    func testAProfileThatCannotBeReadIsNotTakenForOneThatForbids() {
        for content in [Data(), Data("<?xml".utf8), Data("</plist><?xml".utf8), Data("<?xml <plist><dict></plist>".utf8)] {
            guard case .notAvailable = ProvisioningProfile.allowsDebugging(content) else { return XCTFail("\(content)") }
        }
    }

    /// The list that Apple publishes ("Describing use of required reason API"), as far as it is used here.
    func testThePrivacyManifestNamesReasonsThatAppleKnowsAndNoTracking() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/MTDAgent/Resources/PrivacyInfo.xcprivacy").standardized
        let manifest = try XCTUnwrap(
            PropertyListSerialization.propertyList(from: Data(contentsOf: file), format: nil) as? [String: Any])
        XCTAssertEqual(manifest["NSPrivacyTracking"] as? Bool, false)
        XCTAssertEqual((manifest["NSPrivacyTrackingDomains"] as? [String])?.count, 0)
        let reasons = try XCTUnwrap(manifest["NSPrivacyAccessedAPITypes"] as? [[String: Any]])
        let known: [String: Set<String>] = [
            "NSPrivacyAccessedAPICategoryFileTimestamp": ["DDA9.1", "C617.1", "3B52.1", "0A2A.1"],
            "NSPrivacyAccessedAPICategorySystemBootTime": ["35F9.1", "8FFB.1", "3D61.1"],
            "NSPrivacyAccessedAPICategoryDiskSpace": ["85F4.1", "E174.1", "7D9E.1", "B728.1"],
            "NSPrivacyAccessedAPICategoryUserDefaults": ["CA92.1", "1C8F.1", "C56D.1", "AC6B.1"],
        ]
        XCTAssertEqual(reasons.count, known.count)
        for entry in reasons {
            let category = try XCTUnwrap(entry["NSPrivacyAccessedAPIType"] as? String)
            let named = Set(try XCTUnwrap(entry["NSPrivacyAccessedAPITypeReasons"] as? [String]))
            XCTAssertFalse(named.isEmpty)
            XCTAssertTrue(named.isSubset(of: known[category] ?? []), category)
        }
        for data in try XCTUnwrap(manifest["NSPrivacyCollectedDataTypes"] as? [[String: Any]]) {
            XCTAssertEqual(data["NSPrivacyCollectedDataTypeTracking"] as? Bool, false)
            XCTAssertEqual(data["NSPrivacyCollectedDataTypeLinked"] as? Bool, true)
        }
    }

    private func profile(_ entitlements: String) -> Data {
        // What a CMS signature puts around the list is no text.
        let list = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\"><dict><key>Entitlements</key><dict>\(entitlements)</dict></dict></plist>"
        return Data([0x30, 0x82, 0xff, 0x00]) + Data(list.utf8) + Data([0x00, 0xa0, 0x82])
    }
}
