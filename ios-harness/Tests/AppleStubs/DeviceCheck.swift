import Foundation

public struct DCError: Error {
    public enum Code: Int, Sendable {
        case unknownSystemFailure = 0
        case featureUnsupported = 1
        case invalidInput = 2
        case invalidKey = 3
        case serverUnavailable = 4
    }
    public var code: Code { fatalError() }
}

public final class DCAppAttestService: Sendable {
    public class var shared: DCAppAttestService { fatalError() }
    public var isSupported: Bool { fatalError() }
    public func generateKey(completionHandler: @escaping @Sendable (String?, (any Error)?) -> Void) {}
    public func attestKey(
        _ keyId: String, clientDataHash: Data, completionHandler: @escaping @Sendable (Data?, (any Error)?) -> Void
    ) {}
}
