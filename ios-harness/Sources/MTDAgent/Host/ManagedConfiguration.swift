import Foundation

/// What an organisation tells this app through its MDM (managed app configuration, `com.apple.configuration.managed`).
///
/// | key | type | |
/// |---|---|---|
/// | `mtd_enrolment` | string, or dictionary | the enrolment code: `mtd-enrol:…`, its JSON, or `url`, `spki_pins`, `token`, `tenant` |
/// | `mtd_installed_apps` | data, or string in base64 | the device's response to `InstalledApplicationList` |
/// | `mtd_managed_apps` | data, or string in base64 | the device's response to `ManagedApplicationList` |
/// | `mtd_profiles` | data, or string in base64 | the device's response to `ProfileList` |
/// | `mtd_certificates` | data, or string in base64 | the device's response to `CertificateList` |
public struct ManagedConfiguration: InventorySource {
    private let source: any ManagedConfigurationSource

    /// A configuration that is read anew each time, since the MDM may change it while the app runs.
    public init(from source: any ManagedConfigurationSource) {
        self.source = source
    }

    /// The enrolment code for `DeviceAgent.enroll`. It is a secret until it is used.
    public func enrolmentCode() -> Fact<String> {
        guard let value = source.dictionary()?["mtd_enrolment"] else {
            return .notAvailable(why: "the MDM has set no enrolment code (mtd_enrolment) for this app")
        }
        if let text = value as? String { return .known(text) }
        if let parts = value as? [String: Any], JSONSerialization.isValidJSONObject(parts),
            let json = try? JSONSerialization.data(withJSONObject: parts, options: [.sortedKeys, .withoutEscapingSlashes])
        {
            return .known(String(decoding: json, as: UTF8.self))
        }
        return .notAvailable(why: "mtd_enrolment is neither a text nor a dictionary: correct it in the MDM")
    }

    /// The MDM's responses, as far as they were passed on.
    public func responses() -> Fact<MDMResponses> {
        guard let dictionary = source.dictionary(), let value = dictionary["mtd_installed_apps"] else {
            return .notAvailable(why: "an iOS app cannot list apps, and the MDM has passed on no list (mtd_installed_apps)")
        }
        guard let installed = Self.bytes(value) else {
            return .notAvailable(why: "mtd_installed_apps is neither data nor base64: correct it in the MDM")
        }
        guard let managed = dictionary["mtd_managed_apps"] else { return .known(MDMResponses(installed: installed)) }
        guard let managed = Self.bytes(managed) else {
            return .notAvailable(why: "mtd_managed_apps is neither data nor base64: correct it in the MDM")
        }
        return .known(MDMResponses(installed: installed, managed: managed))
    }

    public func profileList() -> Fact<Data> {
        passedOn("mtd_profiles", what: "profiles")
    }

    public func certificateList() -> Fact<Data> {
        passedOn("mtd_certificates", what: "added certificates")
    }

    private func passedOn(_ key: String, what: String) -> Fact<Data> {
        guard let value = source.dictionary()?[key] else {
            return .notAvailable(why: "iOS tells no app of \(what), and the MDM has passed on no list (\(key))")
        }
        return Self.bytes(value).map(Fact.known) ?? .notAvailable(why: "\(key) is neither data nor base64: correct it in the MDM")
    }

    private static func bytes(_ value: Any) -> Data? {
        value as? Data ?? (value as? String).flatMap { Data(base64Encoded: $0, options: .ignoreUnknownCharacters) }
    }
}

/// Lists as an app's own server passed them on from the MDM; or none, for an organisation without an MDM.
public struct GivenInventory: InventorySource {
    private let given: MDMResponses?
    private let profiles: Data?
    private let certificates: Data?

    /// The MDM's responses; absent where there are none. `profiles` is that to `ProfileList`, `certificates` that to
    /// `CertificateList`.
    public init(_ responses: MDMResponses?, profiles: Data? = nil, certificates: Data? = nil) {
        given = responses
        self.profiles = profiles
        self.certificates = certificates
    }

    public func responses() -> Fact<MDMResponses> {
        given.map(Fact.known) ?? .notAvailable(why: "an iOS app cannot list apps, and no MDM has told of them")
    }

    public func profileList() -> Fact<Data> {
        profiles.map(Fact.known) ?? .notAvailable(why: "iOS tells no app of profiles, and no MDM has told of them")
    }

    public func certificateList() -> Fact<Data> {
        certificates.map(Fact.known) ?? .notAvailable(why: "iOS tells no app of added certificates, and no MDM has told of them")
    }
}
