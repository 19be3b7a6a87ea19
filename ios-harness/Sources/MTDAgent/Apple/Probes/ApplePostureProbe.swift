#if canImport(LocalAuthentication)
    import Foundation
    import LocalAuthentication

    /// What this device tells of itself.
    ///
    /// `UIDevice` is not asked: it belongs to the main thread, and the same words are told elsewhere.
    struct ApplePostureProbe: PostureProbe {
        func model() -> Fact<String> {
            // In the simulator the kernel is the Mac's.
            if let simulated = ProcessInfo.processInfo.environment["SIMULATOR_MODEL_IDENTIFIER"] { return .known(simulated) }
            return SystemName().map { .known($0.machine) } ?? .notAvailable(why: "the kernel does not tell the model (uname)")
        }

        func osName() -> Fact<String> {
            model().map(SystemWords.osName(ofModel:))
        }

        func osVersion() -> Fact<String> {
            let version = ProcessInfo.processInfo.operatingSystemVersion
            return .known(SystemWords.osVersion(major: version.majorVersion, minor: version.minorVersion, patch: version.patchVersion))
        }

        func osBuild() -> Fact<String> {
            // In the simulator the kernel is the Mac's.
            if let simulated = ProcessInfo.processInfo.environment["SIMULATOR_RUNTIME_BUILD_VERSION"] { return .known(simulated) }
            #if canImport(MachO)
                return ProcessLook.osBuild()
            #else
                return .notAvailable(why: "only Apple's kernels tell the build of the system in this way")
            #endif
        }

        func kernelVersion() -> Fact<String> {
            SystemName().map { .known($0.release) } ?? .notAvailable(why: "the kernel does not tell its version (uname)")
        }

        func passcodeIsSet() -> Fact<Bool> {
            var error: NSError?
            if LAContext().canEvaluatePolicy(.deviceOwnerAuthentication, error: &error) { return .known(true) }
            guard let error, error.domain == LAErrorDomain, error.code == LAError.Code.passcodeNotSet.rawValue else {
                return .notAvailable(why: "iOS does not tell whether there is a passcode (LAError \(error?.code ?? 0))")
            }
            return .known(false)
        }

        func isDebugged() -> Fact<Bool> {
            #if canImport(MachO)
                ProcessLook.isTraced()
            #else
                .notAvailable(why: "only Apple's kernels tell whether a process is traced in this way")
            #endif
        }

        func allowsDebugging() -> Fact<Bool> {
            guard !Simulator.isThis else { return .notAvailable(why: "the simulator has no provisioning profile") }
            guard let profile = Bundle.main.url(forResource: "embedded", withExtension: "mobileprovision") else {
                return ProvisioningProfile.allowsDebugging(nil)
            }
            guard let content = try? Data(contentsOf: profile) else {
                return .notAvailable(why: "this app's provisioning profile cannot be read")
            }
            return ProvisioningProfile.allowsDebugging(content)
        }

        func integrity() -> any IntegrityProbe {
            AppleIntegrityProbe()
        }
    }
#endif
