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

        /// Paths of the libraries in this process.
        static func loadedLibraries() -> [String] {
            (0..<_dyld_image_count()).compactMap { _dyld_get_image_name($0).map { String(cString: $0) } }
        }
    }
#endif
