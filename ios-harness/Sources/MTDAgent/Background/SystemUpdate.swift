import Foundation

/// Whether iOS was updated since the last time somebody looked. It tells no app of it; but an update restarts the device, and its
/// build is another.
struct SystemUpdate: Sendable {
    /// Keeps the build that was seen last.
    let file: URL
    /// The build of now.
    let build: Fact<String>

    /// A look in the agent's folder.
    init(in folder: URL, build: Fact<String>) {
        file = folder.appendingPathComponent("system-build")
        self.build = build
    }

    /// The first look of all is none: it only remembers.
    func happened() -> Bool {
        guard let build = build.value else { return false }
        guard let before = try? Data(contentsOf: file) else {
            remember()
            return false
        }
        return before != Data(build.utf8)
    }

    /// The build of now has been dealt with. What cannot be kept is dealt with once more at the next start.
    func remember() {
        guard let build = build.value else { return }
        try? Data(build.utf8).write(to: file, options: .atomic)
    }
}
