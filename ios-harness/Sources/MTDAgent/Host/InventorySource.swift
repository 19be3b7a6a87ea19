import Foundation

/// Where the list of installed apps comes from, and the lists of profiles and certificates. An iOS app cannot list them: what
/// there is comes from an MDM.
public protocol InventorySource: Sendable {
    /// The MDM's responses, or why there are none.
    func responses() -> Fact<MDMResponses>
    /// The device's response to `ProfileList`, a property list, or why there is none.
    func profileList() -> Fact<Data>
    /// The device's response to `CertificateList`, a property list, or why there is none.
    func certificateList() -> Fact<Data>
}

extension InventorySource {
    public func profileList() -> Fact<Data> {
        .notAvailable(why: "iOS tells no app of profiles, and no MDM has passed on their list (ProfileList)")
    }

    public func certificateList() -> Fact<Data> {
        .notAvailable(why: "iOS tells no app of added certificates, and no MDM has passed on their list (CertificateList)")
    }
}

/// What an MDM told of the apps on this device, as it came from the device: property lists, XML or binary. The agent's
/// core reads them.
public struct MDMResponses: Sendable, Equatable {
    /// The response to `InstalledApplicationList`.
    public var installed: Data
    /// The response to `ManagedApplicationList`, which says which of them the organisation manages.
    public var managed: Data?

    /// The responses as they came.
    public init(installed: Data, managed: Data? = nil) {
        self.installed = installed
        self.managed = managed
    }
}

/// Where an organisation's managed app configuration comes from
/// (`UserDefaults.standard.dictionary(forKey: "com.apple.configuration.managed")`).
public protocol ManagedConfigurationSource: Sendable {
    /// The dictionary as the MDM set it; absent where none is set.
    func dictionary() -> [String: Any]?
}
