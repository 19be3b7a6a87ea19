#if canImport(Network) && canImport(CFNetwork) && canImport(LocalAuthentication) && canImport(Security) && canImport(CryptoKit)
    import Foundation

    extension IOSDeviceHost {
        /// The host of this device. `inventory` is where the list of apps comes from: by default the managed app
        /// configuration, through which an MDM can pass on what it knows.
        public convenience init(inventory: any InventorySource = ManagedConfiguration(from: ManagedDefaults())) {
            self.init(
                inventory: inventory,
                network: AppleNetworkProbe(monitor: PathMonitor()),
                posture: ApplePostureProbe(),
                trust: SecTrustProbe()
            )
        }
    }
#endif
