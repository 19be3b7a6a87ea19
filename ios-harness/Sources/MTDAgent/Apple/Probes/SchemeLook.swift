#if canImport(UIKit)
    import Foundation
    import UIKit

    /// Whether an app opens links of a scheme (`UIApplication.canOpenURL`).
    enum SchemeLook {
        /// How long the main thread is waited for, in seconds. One that is busy for longer costs this sign, not the scan.
        private static let patience: TimeInterval = 1

        static func canOpen(_ scheme: String) -> Fact<Bool> {
            let listed = Bundle.main.object(forInfoDictionaryKey: "LSApplicationQueriesSchemes") as? [String] ?? []
            guard listed.contains(scheme), let url = URL(string: "\(scheme)://") else {
                return .notAvailable(why: "this app's Info.plist does not list \(scheme) in LSApplicationQueriesSchemes")
            }
            // An app extension has no application object, and asking for it ends the process.
            guard Bundle.main.bundleURL.pathExtension != "appex" else {
                return .notAvailable(why: "an app extension cannot ask which apps open a kind of link")
            }
            let answer = BlockingCall.value(within: patience) { (give: @escaping @Sendable (Bool) -> Void) in
                DispatchQueue.main.async { give(UIApplication.shared.canOpenURL(url)) }
            }
            return answer.map(Fact.known) ?? .notAvailable(why: "the app's main thread was busy")
        }
    }
#endif
