import Foundation

/// What the agent asks of the file system for its folder: that nobody else reads it, and that no backup takes it along.
protocol FileGuard {
    /// Makes what is at `item` readable to this app only, and from the first unlock after the device's start on.
    func seal(_ item: URL, isFolder: Bool) throws
    /// Keeps `folder`, and what is in it, out of backups.
    func keepOutOfBackups(_ folder: URL) throws
}

extension FileGuard {
    /// Seals `folder` and everything in it: files of an older version of this library, too. What is made in it later, SQLite's own
    /// files among them, takes after the folder.
    func seal(all folder: URL) throws {
        try seal(folder, isFolder: true)
        try keepOutOfBackups(folder)
        let items = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: [.isDirectoryKey])
        while let item = items?.nextObject() as? URL {
            do {
                try seal(item, isFolder: item.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true)
            } catch where !FileManager.default.fileExists(atPath: item.path) {
                // Gone meanwhile, as SQLite's own files go.
            }
        }
    }
}

/// Apple's Data Protection; elsewhere the permissions of POSIX.
struct PlatformFileGuard: FileGuard {
    func seal(_ item: URL, isFolder: Bool) throws {
        #if os(iOS)
            // Background windows come while the device is locked.
            let attributes: [FileAttributeKey: Any] = [.protectionKey: FileProtectionType.completeUntilFirstUserAuthentication]
        #else
            let attributes: [FileAttributeKey: Any] = [.posixPermissions: isFolder ? 0o700 : 0o600]
        #endif
        try FileManager.default.setAttributes(attributes, ofItemAtPath: item.path)
    }

    /// A backup that is restored to another device would make that one a clone of this one.
    func keepOutOfBackups(_ folder: URL) throws {
        #if canImport(Darwin)
            var folder = folder
            var values = URLResourceValues()
            values.isExcludedFromBackup = true
            try folder.setResourceValues(values)
        #endif
    }
}
