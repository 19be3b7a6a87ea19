#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What the kernel calls itself and the hardware (`uname`).
struct SystemName {
    /// The kernel's release: `23.5.0`.
    let release: String
    /// The hardware: `iPhone16,1` on a device, the Mac's processor in the simulator.
    let machine: String

    /// `nil` where the kernel does not tell.
    init?() {
        var name = utsname()
        guard uname(&name) == 0 else { return nil }
        release = Self.text(name.release)
        machine = Self.text(name.machine)
    }

    /// A C array of characters, which Swift sees as a tuple.
    private static func text<Field>(_ field: Field) -> String {
        withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

/// What Apple calls the system of a model, as `UIDevice.systemName` does, which belongs to the main thread.
enum SystemWords {
    /// `iPadOS` for iPads, else `iOS`.
    static func osName(ofModel model: String) -> String {
        model.hasPrefix("iPad") ? "iPadOS" : "iOS"
    }

    /// `17.5.1`, without a last zero: as `UIDevice.systemVersion`.
    static func osVersion(major: Int, minor: Int, patch: Int) -> String {
        "\(major).\(minor)" + (patch == 0 ? "" : ".\(patch)")
    }
}
