/// What betrays a jailbreak, as data: each row says where to look and what it means when something is there.
///
/// Sources: OWASP MASTG, "Testing Jailbreak Detection" (paths, links, schemes, libraries); the rootless layout below
/// `/var/jb` that jailbreaks use since iOS 15.
enum JailbreakCatalogue {
    /// Something that exists on jailbroken devices only.
    static let paths: [(path: String, means: String)] = [
        ("/var/jb", "the folder of a rootless jailbreak"),
        ("/var/mobile/Library/palera1n", "the jailbreak palera1n"),
        ("/.installed_unc0ver", "the jailbreak unc0ver"),
        ("/.bootstrapped_electra", "the jailbreak Electra"),
        ("/.procursus_strapped", "the system that jailbreaks install"),
        ("/usr/lib/libjailbreak.dylib", "a library of jailbreaks"),
        ("/jb/lzma", "the tools of a jailbreak"),
        ("/Applications/Cydia.app", "the app store Cydia"),
        ("/Applications/Sileo.app", "the app store Sileo"),
        ("/Applications/Zebra.app", "the app store Zebra"),
        ("/Applications/Filza.app", "a file manager for the whole system"),
        ("/var/lib/cydia", "the app store Cydia"),
        ("/etc/apt", "a package manager"),
        ("/var/lib/dpkg/info", "a package manager"),
        ("/Library/MobileSubstrate/MobileSubstrate.dylib", "a framework that changes apps"),
        ("/usr/lib/TweakInject", "a framework that changes apps"),
        ("/usr/lib/libsubstitute.dylib", "a framework that changes apps"),
        ("/usr/lib/libhooker.dylib", "a framework that changes apps"),
        ("/usr/lib/libellekit.dylib", "a framework that changes apps"),
        ("/usr/sbin/frida-server", "a tool that controls other apps"),
        ("/usr/bin/cycript", "a tool that controls other apps"),
        ("/bin/bash", "a command shell"),
        ("/usr/bin/ssh", "a remote shell"),
        ("/usr/sbin/sshd", "a remote shell"),
        ("/usr/libexec/sftp-server", "a remote shell"),
    ]

    /// Folders of the system that are links where a jailbreak has moved them to make room.
    static let movedFolders = ["/Applications", "/Library/Ringtones", "/Library/Wallpaper", "/usr/include", "/usr/libexec", "/usr/share"]

    /// Folders that no app can write to on a device as Apple delivers it.
    static let guardedFolders = ["/", "/private", "/root"]

    /// Parts of the names of libraries that change an app from inside, in lower case.
    static let libraries: [(part: String, means: String)] = [
        ("mobilesubstrate", "a framework that changes apps"),
        ("substrateloader", "a framework that changes apps"),
        ("substitute", "a framework that changes apps"),
        ("tweakinject", "a framework that changes apps"),
        ("libhooker", "a framework that changes apps"),
        ("ellekit", "a framework that changes apps"),
        ("systemhook", "a framework that changes apps"),
        ("frida", "a tool that controls other apps"),
        ("cynject", "a tool that controls other apps"),
        ("libcycript", "a tool that controls other apps"),
        ("sslkillswitch", "a tool that turns off the verification of certificates"),
        ("libshadow", "a tool that hides a jailbreak"),
        ("flyjb", "a tool that hides a jailbreak"),
    ]

    /// URL schemes of apps that come with a jailbreak. An app lists them in its Info.plist.
    static let schemes: [(scheme: String, means: String)] = [
        ("cydia", "the app store Cydia"),
        ("sileo", "the app store Sileo"),
        ("zbra", "the app store Zebra"),
        ("filza", "a file manager for the whole system"),
        ("undecimus", "the jailbreak unc0ver"),
    ]

    /// Where libraries lie that Apple, or Xcode on a developer's device, puts into an app's process.
    static let trustedLibraryFolders = ["/usr/lib/", "/System/", "/Developer/", "/private/preboot/Cryptexes/", "/Applications/Xcode"]
}
