import Foundation
import MTDAgentCore

/// The folder of the agent's database.
enum AgentFolder {
    private static let fileName = "agent.sqlite"

    /// Makes the folder, keeps it out of backups, and gives the database's place in it.
    static func prepare(_ folder: URL) throws(AgentError) -> URL {
        var folder = folder
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: attributes)
            #if canImport(Darwin)
                // A backup that is restored to another device would make that one a clone of this one.
                var values = URLResourceValues()
                values.isExcludedFromBackup = true
                try folder.setResourceValues(values)
            #endif
        } catch {
            // Foundation's own text would name the folder, in which there may be a user's name.
            throw .Store(reason: "the agent's folder could not be made (\((error as NSError).domain) \((error as NSError).code)): give one that the app may write to")
        }
        return folder.appendingPathComponent(fileName)
    }

    private static var attributes: [FileAttributeKey: Any] {
        #if os(iOS)
            // Background windows come while the device is locked.
            [.protectionKey: FileProtectionType.completeUntilFirstUserAuthentication]
        #else
            [.posixPermissions: 0o700]
        #endif
    }
}
