/// Apple's simulator, which has no Secure Enclave, no App Attest, no provisioning profile, and the Mac's file system.
enum Simulator {
    /// Whether this process runs in it.
    static var isThis: Bool {
        #if targetEnvironment(simulator)
            true
        #else
            false
        #endif
    }
}
