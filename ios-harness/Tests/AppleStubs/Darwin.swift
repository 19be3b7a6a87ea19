@_exported import Glibc

public typealias OSStatus = Int32

public let CTL_KERN: Int32 = 1
public let KERN_PROC: Int32 = 14
public let KERN_PROC_PID: Int32 = 1
public let P_TRACED: Int32 = 0x0000_0800

public struct extern_proc {
    public var p_flag: Int32 = 0
}

public struct kinfo_proc {
    public var kp_proc = extern_proc()
    public init() {}
}

public func sysctl(
    _: UnsafeMutablePointer<Int32>!, _: UInt32, _: UnsafeMutableRawPointer!, _: UnsafeMutablePointer<Int>!,
    _: UnsafeMutableRawPointer!, _: Int
) -> Int32 { fatalError() }

public func sysctlbyname(
    _: UnsafePointer<CChar>!, _: UnsafeMutableRawPointer!, _: UnsafeMutablePointer<Int>!, _: UnsafeMutableRawPointer!, _: Int
) -> Int32 { fatalError() }
