import MTDAgentCore

/// The device's properties as the agent takes them, of what iOS tells.
struct PostureFacts {
    let probe: any PostureProbe

    var posture: DevicePosture {
        let passcode = probe.passcodeIsSet()
        return DevicePosture(
            model: .init(probe.model()),
            osName: .init(probe.osName()),
            osVersion: .init(probe.osVersion()),
            kernelVersion: .init(probe.kernelVersion()),
            securityPatch: .notAvailable(why: "iOS has no date of a security patch: its version tells"),
            // Data Protection is on as soon as there is a passcode, and only then (Apple Platform Security, "Data Protection").
            storageEncrypted: .init(passcode),
            screenLock: .init(passcode),
            rootSigns: .init(JailbreakSigns.look(with: probe.integrity())),
            debugFlags: .init(debugFlags)
        )
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
