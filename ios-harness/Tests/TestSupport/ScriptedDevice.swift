import Foundation
import MTDAgent

/// An iPhone as a test wants it: what iOS would tell, set by the test and asked by the real `IOSDeviceHost`.
public final class ScriptedDevice: @unchecked Sendable {
    /// What iOS tells.
    public struct Script: Sendable {
        public var path: Fact<PathDescription> = .known(
            PathDescription(isSatisfied: true, interfaces: [.init(name: "en0", kind: .wifi)], gateways: ["192.168.1.1"], isExpensive: false)
        )
        public var interfaces: Fact<[InterfaceAddress]> = .known([
            .init(interface: "en0", address: "192.168.1.20"), .init(interface: "utun0", address: "fe80::1%utun0"),
        ])
        public var dnsServers: Fact<[String]> = .known(["192.168.1.1"])
        public var proxies: Fact<ProxySettings> = .known(ProxySettings([:]))
        public var wifi: Fact<WifiDescription> = .known(.init(ssid: "home", bssid: "2:0:5e:10:0:1", security: .personal))
        public var model: Fact<String> = .known("iPhone16,1")
        public var osName: Fact<String> = .known("iOS")
        public var osVersion: Fact<String> = .known("18.1")
        public var osBuild: Fact<String> = .known("22B83")
        public var kernelVersion: Fact<String> = .known("24.1.0")
        public var passcodeIsSet: Fact<Bool> = .known(true)
        public var isDebugged: Fact<Bool> = .known(false)
        public var allowsDebugging: Fact<Bool> = .known(false)
        public var apps: Fact<MDMResponses> = .notAvailable(why: "the test has set no apps")
        public var profiles: Fact<Data> = .notAvailable(why: "the test has set no profiles")
        public var certificates: Fact<Data> = .notAvailable(why: "the test has set no certificates")
        public var existing: Set<String> = []
        public var links: Set<String> = []
        public var writable: Set<String> = []
        public var libraries: [String] = ["/usr/lib/libSystem.B.dylib"]
        public var environment: [String: String] = [:]
        public var schemes: Set<String> = []
        public var isSimulator = false
        /// What the verifier says of every chain, now and at another moment.
        public var trust: Fact<TrustOutcome> = .known(.refused(why: "the root is not trusted by this device"))
        public var trustAtAnotherMoment: Fact<TrustOutcome> = .known(.refused(why: "the root is not trusted by this device"))
    }

    private let lock = NSLock()
    private var current = Script()

    public init() {}

    /// What iOS tells from now on.
    public func change(_ change: (inout Script) -> Void) {
        lock.withLock { change(&current) }
    }

    var script: Script { lock.withLock { current } }

    /// The real host, on this device.
    public var host: IOSDeviceHost {
        IOSDeviceHost(inventory: self, network: self, posture: self, trust: self)
    }
}

extension ScriptedDevice: InventorySource {
    public func responses() -> Fact<MDMResponses> { script.apps }
    public func profileList() -> Fact<Data> { script.profiles }
    public func certificateList() -> Fact<Data> { script.certificates }
}

extension ScriptedDevice: NetworkProbe {
    public func path() -> Fact<PathDescription> { script.path }
    public func interfaces() -> Fact<[InterfaceAddress]> { script.interfaces }
    public func dnsServers() -> Fact<[String]> { script.dnsServers }
    public func proxies() -> Fact<ProxySettings> { script.proxies }
    public func wifi() -> Fact<WifiDescription> { script.wifi }
}

extension ScriptedDevice: PostureProbe {
    public func model() -> Fact<String> { script.model }
    public func osName() -> Fact<String> { script.osName }
    public func osVersion() -> Fact<String> { script.osVersion }
    public func osBuild() -> Fact<String> { script.osBuild }
    public func kernelVersion() -> Fact<String> { script.kernelVersion }
    public func passcodeIsSet() -> Fact<Bool> { script.passcodeIsSet }
    public func isDebugged() -> Fact<Bool> { script.isDebugged }
    public func allowsDebugging() -> Fact<Bool> { script.allowsDebugging }
    public func integrity() -> any IntegrityProbe { self }
}

extension ScriptedDevice: IntegrityProbe {
    public func exists(_ path: String) -> Bool { script.existing.contains(path) }
    public func isSymbolicLink(_ path: String) -> Bool { script.links.contains(path) }
    public func canWrite(inFolder path: String) -> Bool { script.writable.contains(path) }
    public func loadedLibraries() -> [String] { script.libraries }
    public func environment() -> [String: String] { script.environment }
    public func canOpen(scheme: String) -> Fact<Bool> { .known(script.schemes.contains(scheme)) }
    public var isSimulator: Bool { script.isSimulator }
}

extension ScriptedDevice: TrustProbe {
    public func evaluate(chain: [Data], host: String, at moment: Date?) -> Fact<TrustOutcome> {
        moment == nil ? script.trust : script.trustAtAnotherMoment
    }
}

extension ScriptedDevice {
    /// The real host, on this device, with apps from elsewhere.
    public func host(inventory: any InventorySource) -> IOSDeviceHost {
        IOSDeviceHost(inventory: inventory, network: self, posture: self, trust: self)
    }
}
