#if canImport(MachO)
    import Darwin
    import MachO

    /// What Apple's kernel and dynamic linker tell of this process.
    enum ProcessLook {
        /// Whether a debugger is attached (`P_TRACED`).
        static func isTraced() -> Fact<Bool> {
            var query: [Int32] = [CTL_KERN, KERN_PROC, KERN_PROC_PID, getpid()]
            var process = kinfo_proc()
            var size = MemoryLayout<kinfo_proc>.stride
            guard sysctl(&query, UInt32(query.count), &process, &size, nil, 0) == 0 else {
                return .notAvailable(why: "the kernel does not tell whether a debugger is attached (sysctl, errno \(errno))")
            }
            return .known(process.kp_proc.p_flag & P_TRACED != 0)
        }

        /// The system's build (`kern.osversion`).
        static func osBuild() -> Fact<String> {
            var size = 0
            guard sysctlbyname("kern.osversion", nil, &size, nil, 0) == 0, size > 1 else {
                return .notAvailable(why: "the kernel does not tell the build of the system (sysctl, errno \(errno))")
            }
            var text = [UInt8](repeating: 0, count: size)
            guard sysctlbyname("kern.osversion", &text, &size, nil, 0) == 0 else {
                return .notAvailable(why: "the kernel does not tell the build of the system (sysctl, errno \(errno))")
            }
            return .known(String(decoding: text.prefix { $0 != 0 }, as: UTF8.self))
        }

        /// Paths of the libraries in this process.
        static func loadedLibraries() -> [String] {
            (0..<_dyld_image_count()).compactMap { _dyld_get_image_name($0).map { String(cString: $0) } }
        }
    }
#endif
