/// Looks for what betrays a jailbreak, a changed system, and what changes this app from inside.
///
/// A jailbreak that hides well shows none of this, so that no sign is no proof; App Attest is the connector's way to be
/// surer.
enum JailbreakSigns {
    /// Signs of a jailbreak, each in words for a person; empty where none was seen.
    static func jailbreak(with probe: any IntegrityProbe) -> Fact<[String]> {
        onDevice(probe) { files(probe) + apps(probe) }
    }

    /// Signs that the system is not as Apple delivers it.
    static func tampering(with probe: any IntegrityProbe) -> Fact<[String]> {
        onDevice(probe) { movedFolders(probe) + guardedFolders(probe) }
    }

    /// Signs of a hooking framework in this process.
    static func hooking(with probe: any IntegrityProbe) -> Fact<[String]> {
        onDevice(probe) { libraries(probe) + inserted(probe) }
    }

    private static func onDevice(_ probe: any IntegrityProbe, _ look: () -> [String]) -> Fact<[String]> {
        guard EmulatorSigns.look(with: probe).isEmpty else {
            return .notAvailable(why: "the simulator shows the Mac that it runs on, where such signs mean nothing")
        }
        return .known(look())
    }

    private static func files(_ probe: any IntegrityProbe) -> [String] {
        JailbreakCatalogue.paths.filter { probe.exists($0.path) }.map { "\($0.path) exists: \($0.means)" }
    }

    private static func movedFolders(_ probe: any IntegrityProbe) -> [String] {
        JailbreakCatalogue.movedFolders.filter(probe.isSymbolicLink).map { "\($0) is a link: the system was changed" }
    }

    private static func guardedFolders(_ probe: any IntegrityProbe) -> [String] {
        JailbreakCatalogue.guardedFolders.filter(probe.canWrite(inFolder:)).map {
            "\($0) can be written to: apps are not kept apart from the system"
        }
    }

    private static func libraries(_ probe: any IntegrityProbe) -> [String] {
        let loaded = probe.loadedLibraries()
        return JailbreakCatalogue.libraries.compactMap { row in
            loaded.map(fileName).first { $0.lowercased().contains(row.part) }.map { "\($0) is loaded into this app: \(row.means)" }
        }
    }

    /// Xcode inserts libraries too, from folders of its own.
    private static func inserted(_ probe: any IntegrityProbe) -> [String] {
        let paths = (probe.environment()["DYLD_INSERT_LIBRARIES"] ?? "").split(separator: ":").map(String.init)
        let foreign = paths.filter { path in !JailbreakCatalogue.trustedLibraryFolders.contains { path.hasPrefix($0) } }
        return foreign.map { "\(fileName($0)) was inserted into this app when it started (DYLD_INSERT_LIBRARIES)" }
    }

    private static func apps(_ probe: any IntegrityProbe) -> [String] {
        JailbreakCatalogue.schemes.filter { probe.canOpen(scheme: $0.scheme).value == true }.map {
            "an app opens \($0.scheme):// links: \($0.means)"
        }
    }

    private static func fileName(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
