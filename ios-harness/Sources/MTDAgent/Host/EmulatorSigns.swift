/// Looks for what betrays a simulator. Apple's tells of itself; others run no app that is signed for devices.
enum EmulatorSigns {
    /// The signs, each in words for a person; empty where none was seen.
    static func look(with probe: any IntegrityProbe) -> [String] {
        let built = probe.isSimulator ? ["this app is built for Apple's simulator"] : []
        let environment = probe.environment()
        let named = variables.filter { environment[$0] != nil }.map { "this is Apple's simulator (\($0) is set)" }
        return built + named
    }

    /// What the simulator sets for every process.
    private static let variables = ["SIMULATOR_UDID", "SIMULATOR_MODEL_IDENTIFIER"]
}
