import Foundation
import MTDAgent
import TestSupport
import XCTest

final class PostureTests: XCTestCase {
    private let device = ScriptedDevice()

    func testWhatIOSTellsIsPassedOn() throws {
        let posture = try device.host.devicePosture()
        XCTAssertEqual(posture.model, .known(value: "iPhone16,1"))
        XCTAssertEqual(posture.osName, .known(value: "iOS"))
        XCTAssertEqual(posture.osVersion, .known(value: "18.1"))
        XCTAssertEqual(posture.osBuild, .known(value: "22B83"))
        XCTAssertEqual(posture.kernelVersion, .known(value: "24.1.0"))
        XCTAssertEqual(posture.screenLock, .known(value: true))
        XCTAssertEqual(posture.rootSigns, .known(value: []))
        XCTAssertEqual(posture.debugFlags, .known(value: []))
    }

    func testStorageIsEncryptedFromThePasscodeOn() throws {
        device.change { $0.passcodeIsSet = .known(false) }
        XCTAssertEqual(try device.host.devicePosture().storageEncrypted, .known(value: false))
        device.change { $0.passcodeIsSet = .notAvailable(why: "no answer") }
        XCTAssertEqual(try device.host.devicePosture().storageEncrypted, .notAvailable(why: "no answer"))
    }

    func testWithheldFactsKeepTheirWords() throws {
        device.change {
            $0.osVersion = .notPermitted(why: "the administrator hides it")
            $0.model = .notAvailable(why: "sysctl gave no hw.machine")
        }
        let posture = try device.host.devicePosture()
        XCTAssertEqual(posture.osVersion, .notPermitted(why: "the administrator hides it"))
        XCTAssertEqual(posture.model, .notAvailable(why: "sysctl gave no hw.machine"))
        guard case .notAvailable(let why) = posture.securityPatch else { return XCTFail("iOS has no security patch") }
        XCTAssertFalse(why.isEmpty)
    }

    func testEverySignIsToldInItsOwnList() throws {
        device.change {
            $0.existing = ["/var/jb"]
            $0.links = ["/Applications"]
            $0.writable = ["/private"]
            $0.libraries.append("/var/jb/usr/lib/FridaGadget.dylib")
            $0.environment["DYLD_INSERT_LIBRARIES"] = "/usr/lib/libMainThreadChecker.dylib:/var/jb/tweak.dylib"
            $0.schemes = ["sileo"]
        }
        let posture = try device.host.devicePosture()
        XCTAssertEqual(
            posture.rootSigns,
            .known(value: ["/var/jb exists: the folder of a rootless jailbreak", "an app opens sileo:// links: the app store Sileo"])
        )
        XCTAssertEqual(
            posture.tamperSigns,
            .known(value: [
                "/Applications is a link: the system was changed", "/private can be written to: apps are not kept apart from the system",
            ])
        )
        XCTAssertEqual(
            posture.hookingSigns,
            .known(value: [
                "FridaGadget.dylib is loaded into this app: a tool that controls other apps",
                "tweak.dylib was inserted into this app when it started (DYLD_INSERT_LIBRARIES)",
            ])
        )
        XCTAssertEqual(posture.emulatorSigns, .known(value: []))
    }

    func testHookingLibrariesAreKnownByName() throws {
        for library in ["/usr/lib/SubstrateLoader.dylib", "/usr/lib/libhooker.dylib", "/private/var/FridaGadget.dylib"] {
            device.change { $0.libraries = [library] }
            guard case .known(let signs) = try device.host.devicePosture().hookingSigns else { return XCTFail(library) }
            XCTAssertEqual(signs.count, 1, library)
        }
    }

    func testEachPathOfTheCatalogueIsASignByItself() throws {
        for path in ["/Applications/Cydia.app", "/usr/sbin/sshd", "/etc/apt", "/.installed_unc0ver"] {
            device.change { $0.existing = [path] }
            guard case .known(let signs) = try device.host.devicePosture().rootSigns else { return XCTFail(path) }
            XCTAssertEqual(signs.count, 1, path)
            XCTAssertTrue(signs[0].hasPrefix(path), signs[0])
        }
    }

    func testWhatXcodeInsertsIsNoSign() throws {
        device.change { $0.environment["DYLD_INSERT_LIBRARIES"] = "/Developer/usr/lib/libBacktraceRecording.dylib" }
        XCTAssertEqual(try device.host.devicePosture().hookingSigns, .known(value: []))
    }

    func testSimulatorIsToldAndSaysNothingOfAJailbreak() throws {
        let simulators: [(inout ScriptedDevice.Script) -> Void] = [
            { $0.isSimulator = true }, { $0.environment["SIMULATOR_UDID"] = "5E1F" },
        ]
        for simulator in simulators {
            let device = ScriptedDevice()
            device.change(simulator)
            device.change { $0.existing = ["/bin/bash"] }
            let posture = try device.host.devicePosture()
            guard case .known(let signs) = posture.emulatorSigns else { return XCTFail("did not look") }
            XCTAssertEqual(signs.count, 1)
            for told in [posture.rootSigns, posture.tamperSigns, posture.hookingSigns] {
                guard case .notAvailable = told else { return XCTFail("judged a Mac") }
            }
        }
    }

    func testWhatIOSTellsNoAppHasAReason() throws {
        let posture = try device.host.devicePosture()
        let switches = [
            posture.bootloaderLocked, posture.developerMode, posture.usbDebugging, posture.wirelessDebugging, posture.appVerification,
        ]
        for told in switches {
            guard case .notAvailable(let why) = told else { return XCTFail("\(told)") }
            XCTAssertTrue(why.hasPrefix("iOS"), why)
        }
        for told in [posture.unknownSources, posture.alwaysOnVpn, posture.accessibilityServices, posture.deviceAdmins] {
            guard case .notAvailable(let why) = told else { return XCTFail("\(told)") }
            XCTAssertTrue(why.hasPrefix("iOS"), why)
        }
    }

    func testProfilesAreThoseThatTheMDMTells() throws {
        let list = """
            <plist version="1.0"><dict><key>ProfileList</key><array><dict>
            <key>PayloadIdentifier</key><string>com.example.vpn</string><key>IsManaged</key><true/>
            <key>PayloadContent</key><array><dict><key>PayloadType</key><string>com.apple.vpn.managed</string></dict></array>
            </dict></array></dict></plist>
            """
        device.change { $0.profiles = .known(Data(list.utf8)) }
        let told = ConfigurationProfile(
            identifier: "com.example.vpn", name: nil, organization: nil, managed: true, signed: nil, payloadTypes: ["com.apple.vpn.managed"])
        XCTAssertEqual(try device.host.devicePosture().profiles, .known(value: [told]))
    }

    func testAListThatIsNoneIsNotAnEmptyOne() throws {
        let missing = try device.host.devicePosture()
        XCTAssertEqual(missing.profiles, .notAvailable(why: "the test has set no profiles"))
        XCTAssertEqual(missing.addedRoots, .notAvailable(why: "the test has set no certificates"))
        for response in [Data(), Data("<plist>".utf8), Data("<plist><dict><key>Status</key><string>NotNow</string></dict></plist>".utf8)] {
            device.change { ($0.profiles, $0.certificates) = (.known(response), .known(response)) }
            let posture = try device.host.devicePosture()
            guard case .notAvailable(let profiles) = posture.profiles, case .notAvailable(let roots) = posture.addedRoots else {
                return XCTFail("\(posture)")
            }
            XCTAssertTrue(profiles.hasPrefix("ProfileList"), profiles)
            XCTAssertTrue(roots.hasPrefix("CertificateList"), roots)
        }
    }

    func testDebuggingIsNotDeniedWhereNotAllOfItWasSeen() throws {
        device.change { $0.allowsDebugging = .notAvailable(why: "no provisioning profile") }
        XCTAssertEqual(try device.host.devicePosture().debugFlags, .notAvailable(why: "no provisioning profile"))
        device.change { $0.isDebugged = .known(true) }
        XCTAssertEqual(try device.host.devicePosture().debugFlags, .known(value: ["a debugger is attached to this app"]))
    }
}
