import Foundation
import MTDAgent

/// What the story is told with on all platforms: `tests/story` of the repository.
public enum StoryFiles {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("tests/story")

    public static func read(_ name: String) throws -> Data {
        try Data(contentsOf: folder.appendingPathComponent(name))
    }

    /// The responses of an MDM whose list of apps is `name`.
    public static func responses(_ name: String) throws -> MDMResponses {
        MDMResponses(installed: try read(name), managed: try read("managed.plist"))
    }
}
