import Foundation
import MTDAgentCore

/// The device's properties as the agent takes them, of what iOS tells.
struct PostureFacts {
    let probe: any PostureProbe
    let management: any InventorySource

    var posture: DevicePosture {
        let passcode = probe.passcodeIsSet()
        let integrity = probe.integrity()
        return DevicePosture(
            model: .init(probe.model()),
            osName: .init(probe.osName()),
            osVersion: .init(probe.osVersion()),
            kernelVersion: .init(probe.kernelVersion()),
            securityPatch: .notAvailable(why: "iOS has no date of a security patch: its version tells"),
            // Data Protection is on as soon as there is a passcode, and only then (Apple Platform Security, "Data Protection").
            storageEncrypted: .init(passcode),
            screenLock: .init(passcode),
            rootSigns: .init(JailbreakSigns.jailbreak(with: integrity)),
            debugFlags: .init(debugFlags),
            osBuild: .init(probe.osBuild()),
            tamperSigns: .init(JailbreakSigns.tampering(with: integrity)),
            hookingSigns: .init(JailbreakSigns.hooking(with: integrity)),
            emulatorSigns: .known(value: EmulatorSigns.look(with: integrity)),
            bootloaderLocked: .notAvailable(why: "iOS has no boot loader that its owner can unlock, and tells no app of it"),
            verifiedBoot: .notAvailable(why: "iOS starts what Apple has signed, and tells no app how it started"),
            developerMode: .notAvailable(why: "iOS tells no app whether Developer Mode is on"),
            usbDebugging: .notAvailable(why: "iOS tells no app whether the device is connected to a debugger over USB"),
            wirelessDebugging: .notAvailable(why: "iOS tells no app whether the device is connected to a debugger over the network"),
            unknownSources: .notAvailable(why: "iOS tells no app from where apps may be installed"),
            appVerification: .notAvailable(why: "iOS verifies every app itself, and has no switch for it"),
            alwaysOnVpn: .notAvailable(why: "iOS tells no app which VPN is always on: the MDM's profiles do"),
            accessibilityServices: .notAvailable(why: "iOS has no accessibility services of other apps"),
            deviceAdmins: .notAvailable(why: "iOS has no device administrators: its profiles tell who manages it"),
            profiles: profiles,
            addedRoots: addedRoots
        )
    }

    private var profiles: ProfilesFact {
        switch read(management.profileList(), by: readProfileList) {
        case .known(let value): .known(value: value)
        case .notPermitted(let why): .notPermitted(why: why)
        case .notAvailable(let why): .notAvailable(why: why)
        }
    }

    private var addedRoots: CertificatesFact {
        switch read(management.certificateList(), by: readCertificateList) {
        case .known(let value): .known(value: value)
        case .notPermitted(let why): .notPermitted(why: why)
        case .notAvailable(let why): .notAvailable(why: why)
        }
    }

    /// A response that cannot be read tells nothing, and says why.
    private func read<Value>(_ response: Fact<Data>, by core: (Data) throws -> Value) -> Fact<Value> {
        switch response {
        case .known(let data):
            do {
                return .known(try core(data))
            } catch HostError.Failed(let why) {
                return .notAvailable(why: why)
            } catch {
                return .notAvailable(why: "the MDM's response cannot be read (\(type(of: error)))")
            }
        case .notPermitted(let why): return .notPermitted(why: why)
        case .notAvailable(let why): return .notAvailable(why: why)
        }
    }

    private var debugFlags: Fact<[String]> {
        let looks = [
            probe.isDebugged().map { $0 ? "a debugger is attached to this app" : nil },
            probe.allowsDebugging().map { $0 ? "this app is signed to be debugged (get-task-allow)" : nil },
        ]
        let seen = looks.compactMap { $0.value ?? nil }
        // Nothing was seen only if all could be looked at.
        let withheld = looks.first { $0.value == nil }
        return seen.isEmpty ? withheld.map { $0.map { _ in [] } } ?? .known([]) : .known(seen)
    }
}
