import Foundation

/// The profile that an app from outside the App Store carries (`embedded.mobileprovision`): a property list inside a CMS
/// signature. Read for what it says of this app, to which the system holds it; not verified here.
enum ProvisioningProfile {
    /// Whether the app is signed to be debugged (entitlement `get-task-allow`). `file` is the profile's content, absent for
    /// an app from the App Store, which is never debuggable.
    static func allowsDebugging(_ file: Data?) -> Fact<Bool> {
        guard let file else { return .known(false) }
        guard let list = propertyList(in: file), let entitlements = list["Entitlements"] as? [String: Any] else {
            return .notAvailable(why: "this app's provisioning profile cannot be read")
        }
        return .known(entitlements["get-task-allow"] as? Bool ?? false)
    }

    private static func propertyList(in file: Data) -> [String: Any]? {
        guard let begin = file.range(of: Data("<?xml".utf8)),
            let end = file.range(of: Data("</plist>".utf8), in: begin.lowerBound..<file.endIndex)
        else { return nil }
        let list = file.subdata(in: begin.lowerBound..<end.upperBound)
        return try? PropertyListSerialization.propertyList(from: list, format: nil) as? [String: Any]
    }
}
