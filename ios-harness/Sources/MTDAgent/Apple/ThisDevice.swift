#if canImport(Network) && canImport(CFNetwork) && canImport(LocalAuthentication) && canImport(Security) && canImport(CryptoKit)
    import Foundation
    import MTDAgentCore

    extension DeviceAgent {
        /// Opens the agent of this app on this device: its database in Application Support, its keys in the Secure Enclave.
        ///
        /// `inventory` is where the list of apps comes from: by default the managed app configuration, through which an MDM
        /// can pass on what it knows. `unenrolledSettings` and `intelKey` as for `open(in:…)`.
        public static func open(
            inventory: any InventorySource = ManagedConfiguration(from: ManagedDefaults()),
            unenrolledSettings: String? = nil,
            intelKey: String? = nil
        ) async throws(AgentError) -> DeviceAgent {
            let monitor = PathMonitor()
            return try await open(
                in: folder,
                device: IOSDeviceHost(inventory: inventory, monitor: monitor),
                key: SecureEnclaveKey(),
                secrets: KeychainSecretStore(),
                moment: AppleMoment(monitor: monitor),
                unenrolledSettings: unenrolledSettings,
                intelKey: intelKey
            )
        }

        /// Where `open()` keeps the database, with the reports that the system is sending.
        public static var folder: URL {
            let support = FileManager.default.urls(for: .applicationSupportDirectory, in: .userDomainMask).first
            return (support ?? FileManager.default.temporaryDirectory).appendingPathComponent("mtd-agent", isDirectory: true)
        }
    }

    extension IOSDeviceHost {
        /// The host of this device. `inventory` is where the list of apps comes from.
        public convenience init(inventory: any InventorySource) {
            self.init(inventory: inventory, monitor: PathMonitor())
        }

        convenience init(inventory: any InventorySource, monitor: PathMonitor) {
            self.init(
                inventory: inventory, network: AppleNetworkProbe(monitor: monitor), posture: ApplePostureProbe(), trust: SecTrustProbe()
            )
        }
    }

    /// The moment, as iOS tells it.
    struct AppleMoment: MomentProbe {
        let monitor: PathMonitor

        func knownPath() -> PathDescription? { monitor.known }
        func isLowPower() -> Bool { ProcessInfo.processInfo.isLowPowerModeEnabled }
    }

    extension DeviceWatch {
        /// Watches the network from now on, for as long as the returned object is kept.
        public func watchNetwork() -> AnyObject {
            let monitor = PathMonitor()
            monitor.watch { [weak self] before, now in self?.pathChanged(from: before, to: now) }
            return monitor
        }

        /// Has the device checked if iOS was updated since the app ran last. Once, when the watch is made.
        public func lookForSystemUpdate() {
            look(for: SystemUpdate(in: DeviceAgent.folder, build: ApplePostureProbe().osBuild()))
        }
    }
#endif
