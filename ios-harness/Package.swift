// swift-tools-version:6.0
//
// The agent for iOS. `Generated` holds the compiled core and the sources that UniFFI made from it; on a Mac
// `scripts/make-xcframework.sh` fills it, on Linux, where the tests run, `tests/run ios` does. It is not in the repository.

import PackageDescription

#if os(Linux)
    // The header of the C interface; the library itself is found by `-L`.
    let coreLibrary: Target = .systemLibrary(name: "MTDAgentFFI", path: "Generated/MTDAgentFFI")
    let linkCore: [LinkerSetting] = [.linkedLibrary("mtd_agent")]
    // CryptoKit's part in the tests is played by OpenSSL.
    let softwareKey: [Target] = [
        .target(name: "CSoftwareKey", path: "Tests/CSoftwareKey", linkerSettings: [.linkedLibrary("crypto")])
    ]
#else
    let coreLibrary: Target = .binaryTarget(name: "MTDAgentFFI", path: "Generated/MTDAgentFFI.xcframework")
    let linkCore: [LinkerSetting] = []
    let softwareKey: [Target] = []
#endif

let package = Package(
    name: "MTDAgent",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "MTDAgent", targets: ["MTDAgent"])],
    targets: softwareKey + [
        coreLibrary,
        .target(
            name: "MTDAgentCore",
            dependencies: ["MTDAgentFFI"],
            path: "Generated/MTDAgentCore",
            // UniFFI's sources are written for this mode.
            swiftSettings: [.swiftLanguageMode(.v5)],
            linkerSettings: linkCore
        ),
        .target(name: "CResolver", linkerSettings: [.linkedLibrary("resolv")]),
        .target(
            name: "MTDAgent",
            dependencies: ["MTDAgentCore", "CResolver"],
            // What the App Store asks of a library: docs/ios.md explains each entry.
            resources: [.copy("Resources/PrivacyInfo.xcprivacy")]
        ),
        .target(
            name: "TestSupport",
            dependencies: ["MTDAgent"] + softwareKey.map { .init(stringLiteral: $0.name) },
            path: "Tests/TestSupport"
        ),
        .executableTarget(name: "other-process", dependencies: ["MTDAgent", "TestSupport"], path: "Tests/OtherProcess"),
        .testTarget(name: "MTDAgentTests", dependencies: ["MTDAgent", "TestSupport", "other-process"]),
    ]
)
