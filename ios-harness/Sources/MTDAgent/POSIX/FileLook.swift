#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What a process can see of the file system without opening anything.
///
/// Without `stat` and its kin: Apple asks for a reason for each, and has none in its list for looking at the system.
enum FileLook {
    /// Whether there is something at `path`; a link that leads nowhere counts.
    static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0 || isSymbolicLink(path)
    }

    /// Whether `path` is a symbolic link.
    static func isSymbolicLink(_ path: String) -> Bool {
        var target: CChar = 0
        return readlink(path, &target, 1) >= 0
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
}
