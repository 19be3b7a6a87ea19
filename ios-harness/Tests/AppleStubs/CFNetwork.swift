/// `Unmanaged<CFDictionary>`, which on Linux cannot hold a Swift dictionary.
public struct UnmanagedDictionary {
    public func takeRetainedValue() -> [String: Any] { fatalError() }
}

public func CFNetworkCopySystemProxySettings() -> UnmanagedDictionary? { fatalError() }
