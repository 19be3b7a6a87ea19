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

    func testEverySignOfAJailbreakIsTold() throws {
        device.change {
            $0.existing = ["/var/jb"]
            $0.links = ["/Applications"]
            $0.writable = ["/private"]
            $0.libraries.append("/var/jb/usr/lib/FridaGadget.dylib")
            $0.environment["DYLD_INSERT_LIBRARIES"] = "/usr/lib/libMainThreadChecker.dylib:/var/jb/tweak.dylib"
            $0.schemes = ["sileo"]
        }
        XCTAssertEqual(
            try device.host.devicePosture().rootSigns,
            .known(value: [
                "/var/jb exists: the folder of a rootless jailbreak",
                "/Applications is a link: the system was changed",
                "/private can be written to: apps are not kept apart from the system",
                "FridaGadget.dylib is loaded into this app: a tool that controls other apps",
                "tweak.dylib was inserted into this app when it started (DYLD_INSERT_LIBRARIES)",
                "an app opens sileo:// links: the app store Sileo",
            ])
        )
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
        XCTAssertEqual(try device.host.devicePosture().rootSigns, .known(value: []))
    }

    func testSimulatorSaysNothingOfAJailbreak() throws {
        device.change {
            $0.isSimulator = true
            $0.existing = ["/bin/bash"]
        }
        guard case .notAvailable = try device.host.devicePosture().rootSigns else { return XCTFail("judged a Mac") }
    }

    func testDebuggingIsNotDeniedWhereNotAllOfItWasSeen() throws {
        device.change { $0.allowsDebugging = .notAvailable(why: "no provisioning profile") }
        XCTAssertEqual(try device.host.devicePosture().debugFlags, .notAvailable(why: "no provisioning profile"))
        device.change { $0.isDebugged = .known(true) }
        XCTAssertEqual(try device.host.devicePosture().debugFlags, .known(value: ["a debugger is attached to this app"]))
    }
}
