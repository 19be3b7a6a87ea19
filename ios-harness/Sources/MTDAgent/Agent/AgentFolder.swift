import Foundation
import MTDAgentCore

/// The folder of the agent's database.
enum AgentFolder {
    private static let fileName = "agent.sqlite"

    /// Makes the folder, sees to it that nobody else reads it and no backup takes it along, and gives the database's place in it.
    static func prepare(_ folder: URL, _ files: any FileGuard = PlatformFileGuard()) throws(AgentError) -> URL {
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try files.seal(all: folder)
        } catch {
            // Foundation's own text would name the folder, in which there may be a user's name.
            throw .Store(reason: "the agent's folder could not be made (\((error as NSError).domain) \((error as NSError).code)): give one that the app may write to")
        }
        return folder.appendingPathComponent(fileName)
    }
}
