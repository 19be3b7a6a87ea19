#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What a process can see of the file system without opening anything.
enum FileLook {
    /// Whether there is something at `path`; a link that leads nowhere counts.
    static func exists(_ path: String) -> Bool {
        kind(of: path) != nil
    }

    /// Whether `path` is a symbolic link.
    static func isSymbolicLink(_ path: String) -> Bool {
        kind(of: path) == S_IFLNK
    }

    /// Whether a file can be made in the folder `path`; it is removed again.
    static func canWrite(inFolder path: String) -> Bool {
        let file = path + (path.hasSuffix("/") ? "" : "/") + ".\(UInt64.random(in: .min ... .max))"
        let descriptor = open(file, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        unlink(file)
        return true
    }

    private static func kind(of path: String) -> mode_t? {
        var entry = stat()
        return lstat(path, &entry) == 0 ? entry.st_mode & S_IFMT : nil
    }
}
