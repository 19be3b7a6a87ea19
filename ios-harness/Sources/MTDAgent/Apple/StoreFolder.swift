import Foundation

/// Where the agent keeps its database on a device.
public enum StoreFolder {
    /// A folder named `name` in Application Support: made if need be, left out of backups, readable from the first unlock
    /// after the device started, so that background tasks can work.
    public static func make(named name: String = "mtd-agent") throws -> URL {
        let support = try FileManager.default.url(for: .applicationSupportDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
        var folder = support.appendingPathComponent(name, isDirectory: true)
        let protection: [FileAttributeKey: Any] = [.protectionKey: FileProtectionType.completeUntilFirstUserAuthentication]
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: protection)
        // An older folder keeps what it had.
        try FileManager.default.setAttributes(protection, ofItemAtPath: folder.path)
        var values = URLResourceValues()
        values.isExcludedFromBackup = true
        try folder.setResourceValues(values)
        return folder
    }
}
