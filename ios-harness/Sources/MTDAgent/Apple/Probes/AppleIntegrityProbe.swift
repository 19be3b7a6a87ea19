import Foundation

/// What this process can see of the system around it.
///
/// `fork`, which only a broken sandbox allows, is not tried: Swift does not offer it, and a process that did fork would be
/// two agents.
struct AppleIntegrityProbe: IntegrityProbe {
    var isSimulator: Bool { Simulator.isThis }

    func exists(_ path: String) -> Bool {
        FileLook.exists(path)
    }

    func isSymbolicLink(_ path: String) -> Bool {
        FileLook.isSymbolicLink(path)
    }

    func canWrite(inFolder path: String) -> Bool {
        FileLook.canWrite(inFolder: path)
    }

    func loadedLibraries() -> [String] {
        #if canImport(MachO)
            ProcessLook.loadedLibraries()
        #else
            []
        #endif
    }

    func environment() -> [String: String] {
        ProcessInfo.processInfo.environment
    }

    func canOpen(scheme: String) -> Fact<Bool> {
        #if canImport(UIKit)
            SchemeLook.canOpen(scheme)
        #else
            .notAvailable(why: "only iOS tells which apps open a kind of link")
        #endif
    }
}
