import Foundation

@MainActor
open class UIApplication {
    public class var shared: UIApplication { fatalError() }
    public func canOpenURL(_ url: URL) -> Bool { fatalError() }
    init() {}
}
