/// What iOS tells of the device, as it tells it: `IOSDeviceHost` makes facts of it.
///
/// Asked on a thread of the agent, at most once in each scan.
public protocol PostureProbe: Sendable {
    /// The hardware's model (`sysctl hw.machine`): `iPhone16,1`.
    func model() -> Fact<String>
    /// `UIDevice.systemName`: `iOS`, `iPadOS`.
    func osName() -> Fact<String>
    /// `UIDevice.systemVersion`.
    func osVersion() -> Fact<String>
    /// The system's build (`sysctl kern.osversion`): `22B83`.
    func osBuild() -> Fact<String>
    /// `uname`'s release.
    func kernelVersion() -> Fact<String>
    /// Whether the device has a passcode (`LAContext.canEvaluatePolicy(.deviceOwnerAuthentication)`).
    func passcodeIsSet() -> Fact<Bool>
    /// Whether a debugger is attached to this process (`sysctl kern.proc.pid`, `P_TRACED`).
    func isDebugged() -> Fact<Bool>
    /// Whether this app is signed to be debugged (`get-task-allow` in the embedded provisioning profile).
    func allowsDebugging() -> Fact<Bool>
    /// What may betray a jailbreak.
    func integrity() -> any IntegrityProbe
}

/// What a process can see of the system around it. `JailbreakSigns` asks it for what it knows to look for.
public protocol IntegrityProbe: Sendable {
    /// Whether there is something at `path` (a link that leads nowhere counts).
    func exists(_ path: String) -> Bool
    /// Whether `path` is a symbolic link.
    func isSymbolicLink(_ path: String) -> Bool
    /// Whether a file could be made in the folder `path`; it is removed again.
    func canWrite(inFolder path: String) -> Bool
    /// Paths of the libraries in this process (`_dyld_get_image_name`).
    func loadedLibraries() -> [String]
    /// The environment's variables.
    func environment() -> [String: String]
    /// Whether an app opens URLs of `scheme` (`UIApplication.canOpenURL`): only of those that the app's Info.plist lists in
    /// `LSApplicationQueriesSchemes`, and on the main thread.
    func canOpen(scheme: String) -> Fact<Bool>
    /// Whether this is Apple's simulator, where the other signs mean nothing (`TARGET_OS_SIMULATOR`).
    var isSimulator: Bool { get }
}
